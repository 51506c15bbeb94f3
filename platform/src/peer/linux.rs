//! What Linux tells of a peer: unix(7), proc(5).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::sys::socket::{getsockopt, sockopt};

pub(super) fn credentials(socket: BorrowedFd<'_>) -> nix::Result<(u32, u32, i32)> {
    let peer = getsockopt(&socket, sockopt::PeerCredentials)?;
    Ok((peer.uid(), peer.gid(), peer.pid()))
}

/// Gives a descriptor of the process; `None` from a kernel before 6.5.
pub(super) fn pidfd(socket: BorrowedFd<'_>) -> nix::Result<Option<OwnedFd>> {
    match getsockopt(&socket, sockopt::PeerPidfd) {
        Err(nix::Error::ENOPROTOOPT) => Ok(None),
        answer => answer.map(Some),
    }
}

pub(super) fn groups(socket: BorrowedFd<'_>) -> Vec<u32> {
    let ask = |into: &mut [u32]| {
        let mut bytes = libc::socklen_t::try_from(size_of_val(into)).unwrap_or(0);
        let (fd, to) = (socket.as_raw_fd(), into.as_mut_ptr().cast());
        // SAFETY: the kernel writes at most `bytes` bytes into `into`, which has that many.
        let answer =
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERGROUPS, to, &raw mut bytes) };
        (answer == 0, bytes as usize / size_of::<u32>())
    };
    // Asked with no room, the kernel says how much it takes.
    let mut groups = vec![0; ask(&mut []).1];
    if ask(&mut groups).0 { groups } else { Vec::new() }
}

/// Gives when a process started, in clock ticks since boot (proc(5), `stat`, field 22); `None` once it ended.
pub(super) fn started(pid: i32) -> Option<u64> {
    let line = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name, which may hold spaces and brackets.
    let name_end = line.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(line.get(name_end + 1..)?).ok()?.split_ascii_whitespace();
    let (state, start) = (fields.next()?, fields.nth(18)?);
    if matches!(state, "Z" | "X") { None } else { start.parse().ok() }
}

#[allow(clippy::unnecessary_wraps, reason = "macOS has to ask for it")]
pub(super) fn exe_link(pid: i32) -> Option<std::path::PathBuf> {
    Some(format!("/proc/{pid}/exe").into())
}
