//! What macOS tells of a peer: getpeereid(3), `LOCAL_PEERPID`, libproc.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::libc;
use nix::sys::socket::{getsockopt, sockopt};

pub(super) fn credentials(socket: BorrowedFd<'_>) -> nix::Result<(u32, u32, i32)> {
    let (uid, gid) = nix::unistd::getpeereid(socket)?;
    Ok((uid.as_raw(), gid.as_raw(), getsockopt(&socket, sockopt::LocalPeerPid)?))
}

pub(super) fn pidfd(_socket: BorrowedFd<'_>) -> nix::Result<Option<OwnedFd>> {
    Ok(None)
}

pub(super) fn groups(_socket: BorrowedFd<'_>) -> Vec<u32> {
    Vec::new()
}

/// Gives when a process started, in microseconds since 1970; `None` once it ended.
pub(super) fn started(pid: i32) -> Option<u64> {
    // SAFETY: all-zero bytes are a valid `proc_bsdinfo`, a struct of integers.
    let mut process: libc::proc_bsdinfo = unsafe { std::mem::zeroed() };
    let size = i32::try_from(size_of_val(&process)).ok()?;
    // SAFETY: the kernel writes at most `size` bytes into `process`.
    let read = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, (&raw mut process).cast(), size) };
    (read == size).then_some(process.pbi_start_tvsec * 1_000_000 + process.pbi_start_tvusec)
}

pub(super) fn exe_link(pid: i32) -> Option<PathBuf> {
    let mut path = vec![0_u8; 4096];
    // SAFETY: the kernel writes at most 4096 bytes into `path`, which has as many.
    let length = unsafe { libc::proc_pidpath(pid, path.as_mut_ptr().cast(), 4096) };
    path.truncate(usize::try_from(length).ok().filter(|&length| length > 0)?);
    String::from_utf8(path).ok().map(PathBuf::from)
}
