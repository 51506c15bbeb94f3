//! Who is at the other end of a Unix socket, by the kernel's word alone.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

#[cfg_attr(target_os = "linux", path = "peer/linux.rs")]
#[cfg_attr(target_os = "macos", path = "peer/macos.rs")]
mod system;

/// The process that connected a Unix socket, held so that another with its number is never taken for it.
#[derive(Debug)]
pub struct PeerProcess {
    uid: u32,
    gid: u32,
    pid: Option<i32>,
    groups: Vec<u32>,
    pidfd: Option<OwnedFd>,
    /// The start time, in the unit of [`system::started`], of a process without a `pidfd`.
    start: Option<u64>,
}

impl PeerProcess {
    /// Asks the kernel who connected `socket`; the ids are those of that moment (`SO_PEERCRED`, unix(7)).
    ///
    /// The process is held by `SO_PEERPIDFD` (Linux 6.5), else by its start time.
    ///
    /// # Errors
    /// What the kernel answers, as when no process is at the other end; Linux 6.5 to 6.15 also fail when
    /// it has ended and been reaped.
    pub fn of(socket: BorrowedFd<'_>) -> std::io::Result<Self> {
        let (uid, gid, pid) = system::credentials(socket)?;
        let pid = (pid > 0).then_some(pid);
        let pidfd = system::pidfd(socket)?;
        let start = pid.filter(|_| pidfd.is_none()).and_then(system::started);
        Ok(Self { uid, gid, pid, groups: system::groups(socket), pidfd, start })
    }

    /// Gives the effective user id.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Gives the effective group id.
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// Gives the process id; `None` when the peer lives in a pid namespace that is not visible from here.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Gives the supplementary groups (`SO_PEERGROUPS`); none where the system does not tell.
    pub fn groups(&self) -> Vec<u32> {
        self.groups.clone()
    }

    /// Gives the path of the program that the process runs now: evidence of who it is, never proof.
    ///
    /// `None` when it has ended, or belongs to another uid and may not be looked at.
    pub fn exe(&self) -> Option<std::path::PathBuf> {
        let link = system::exe_link(self.pid?)?;
        let path = if cfg!(target_os = "linux") { std::fs::read_link(link).ok()? } else { link };
        self.is_certainly_alive().then_some(path)
    }

    /// Opens the program that the process runs now, for hashing; on Linux the file itself, even if replaced.
    ///
    /// `None` as for [`PeerProcess::exe`].
    pub fn open_exe(&self) -> Option<std::fs::File> {
        let program = std::fs::File::open(system::exe_link(self.pid?)?).ok()?;
        self.is_certainly_alive().then_some(program)
    }

    /// Says whether the process is known to have ended, whoever else still holds its end of the socket.
    pub fn has_exited(&self) -> bool {
        (self.pidfd.is_some() || self.start.is_some()) && !self.is_certainly_alive()
    }

    /// Lends the descriptor that turns readable when the process ends (`pidfd_open(2)`), where there is one.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    // Asked after a look at /proc/PID: alive now means that the number was its own at the look.
    fn is_certainly_alive(&self) -> bool {
        match self.pidfd() {
            Some(pidfd) => poll(&mut [PollFd::new(pidfd, PollFlags::POLLIN)], PollTimeout::ZERO) == Ok(0),
            None => self.start.is_some() && self.pid.and_then(system::started) == self.start,
        }
    }
}

/// Gives the effective uid at the other end of `socket`, for clients that check who serves them.
///
/// A Linux socket that is of another kind, or not connected, has `u32::MAX`, which is no user.
///
/// # Errors
/// What the kernel answers, as when `socket` is no socket.
pub fn peer_uid(socket: BorrowedFd<'_>) -> std::io::Result<u32> {
    Ok(system::credentials(socket)?.0)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a failing helper fails its test")]
mod tests {
    use super::*;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    use nix::unistd::Pid;
    use std::process::{Child, Command, Stdio};

    fn started_program() -> (Child, PeerProcess) {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let start = system::started(pid);
        (child, PeerProcess { uid: 0, gid: 0, pid: Some(pid), groups: Vec::new(), pidfd: None, start })
    }

    #[test]
    fn without_a_pidfd_a_running_peer_is_known_by_its_start() {
        let (mut child, peer) = started_program();
        assert!(!peer.has_exited());
        assert!(peer.exe().is_some() && peer.open_exe().is_some());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn without_a_pidfd_a_peer_that_ended_has_exited_even_before_it_is_reaped() {
        let (mut child, peer) = started_program();
        child.kill().unwrap();
        let pid = Pid::from_raw(peer.pid.unwrap());
        waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
        assert!(peer.has_exited());
        child.wait().unwrap();
        assert!(peer.has_exited());
        assert_eq!(peer.exe(), None);
    }

    #[test]
    fn a_process_that_took_over_the_number_is_not_the_peer() {
        let (mut child, mut peer) = started_program();
        peer.start = Some(1);
        assert!(peer.has_exited());
        assert_eq!(peer.exe(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_peer_of_unknown_start_shows_no_program_and_is_not_called_dead() {
        let (mut child, mut peer) = started_program();
        peer.start = None;
        assert!(!peer.has_exited());
        assert_eq!(peer.exe(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
