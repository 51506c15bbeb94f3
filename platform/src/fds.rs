//! Closes descriptors that came along at exec.

use std::io;
use std::os::fd::RawFd;

use nix::libc;

/// Closes every descriptor from 3 on except `keep` (`close_range(2)`; one by one where the kernel has none).
///
/// Only for the start of a process: whatever in it already owns a descriptor not named in `keep` loses it.
///
/// # Errors
/// `/dev/fd` cannot be listed where `close_range(2)` is missing or forbidden.
pub fn close_stray_descriptors(keep: &[RawFd]) -> io::Result<()> {
    let mut ends: Vec<RawFd> = keep.iter().copied().filter(|&fd| fd >= 3).chain([RawFd::MAX]).collect();
    ends.sort_unstable();
    let mut first = 3;
    for end in ends {
        if first < end {
            close_between(first, end)?;
        }
        first = end.saturating_add(1);
    }
    Ok(())
}

/// Closes the descriptors from `first` up to, but without, `end`.
fn close_between(first: RawFd, end: RawFd) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    // SAFETY: the call touches no memory; owners of these descriptors are excluded by the public contract.
    if unsafe { libc::syscall(libc::SYS_close_range, first, end - 1, 0) } == 0 {
        return Ok(());
    }
    close_listed(first, end)
}

fn close_listed(first: RawFd, end: RawFd) -> io::Result<()> {
    let names = std::fs::read_dir("/dev/fd")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let listed: Vec<RawFd> = names.filter_map(|name| name.parse().ok()).collect();
    for fd in listed.into_iter().filter(|fd| (first..end).contains(fd)) {
        // SAFETY: as in `close_between`. It fails for the listing's own descriptor alone, closed by now.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_close_range_the_listed_descriptors_are_closed() {
        let stray = nix::fcntl::fcntl(std::io::stdin(), nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(900)).unwrap();
        let beside = nix::fcntl::fcntl(std::io::stdin(), nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(901)).unwrap();
        close_listed(900, 901).unwrap();
        assert!(std::fs::metadata(format!("/proc/self/fd/{stray}")).is_err());
        assert!(std::fs::symlink_metadata(format!("/proc/self/fd/{beside}")).is_ok());
    }
}
