//! Children that are none of ours: process 1 of a container is given each process that loses its parent.

/// Reaps children that have ended, up to the command, which is left to who started it.
#[cfg(target_os = "linux")]
pub(super) fn reap_others(command: Option<u32>) {
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};

    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(ended) = waitid(Id::All, look)
        && let Some(child) = ended.pid()
        && ended != WaitStatus::StillAlive
        && command.is_none_or(|command| child.as_raw().cast_unsigned() != command)
    {
        if waitpid(child, Some(WaitPidFlag::WNOHANG)).is_err() {
            return;
        }
    }
}

/// Does nothing: process 1 is the system's own here.
#[cfg(not(target_os = "linux"))]
pub(super) fn reap_others(_command: Option<u32>) {}
