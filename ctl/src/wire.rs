//! What this program says to its own helper processes over a socket: a command's stdin, stdout and stderr (`SCM_RIGHTS`,
//! unix(7)), then lines of JSON, which may hold values and are wiped.

use std::io::{self, BufRead, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Sends a message as a line.
///
/// # Errors
/// What the system answers; the other process has ended, as a rule.
pub(crate) fn tell(mut socket: &UnixStream, message: &impl Serialize) -> io::Result<()> {
    let mut line = Zeroizing::new(serde_json::to_vec(message)?);
    line.push(b'\n');
    socket.write_all(&line)
}

/// Reads the next message; `None` if the other process has ended, or says something else.
pub(crate) fn next<T: DeserializeOwned>(messages: &mut impl BufRead) -> Option<T> {
    let mut line = Zeroizing::new(Vec::new());
    let read = messages.read_until(b'\n', &mut line).ok()?;
    if read == 0 { None } else { serde_json::from_slice(&line).ok() }
}

/// Sends three descriptors, with one byte that carries them.
pub(crate) fn send(socket: impl AsFd, theirs: [BorrowedFd<'_>; 3]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&theirs));
    sendmsg(socket, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Receives three descriptors; `None` if something else came.
pub(crate) fn receive(socket: impl AsFd) -> io::Result<Option<[OwnedFd; 3]>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut [0])], &mut control, flags())?;
    let received = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(rights) => Some(rights.collect::<Vec<_>>()),
        _ => None,
    });
    Ok(received.and_then(|rights| rights.try_into().ok()))
}

#[cfg(target_os = "linux")]
fn flags() -> RecvFlags {
    RecvFlags::CMSG_CLOEXEC
}

#[cfg(not(target_os = "linux"))]
fn flags() -> RecvFlags {
    RecvFlags::empty()
}
