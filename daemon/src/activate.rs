//! The listening socket: passed by a service manager, or bound under a temporary name, given its mode, then renamed
//! into place.

use std::os::fd::RawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::sys::socket::sockopt::AcceptConn;
use nix::sys::socket::{Backlog, getsockopt};
use vault::files;

use crate::home::Home;

/// The longest path of a socket in bytes (`sun_path` of unix(7), less its end).
const PATH_BYTES: usize = 107;

/// How many connections may wait to be accepted: an owner comes behind all that a crowd has put there. Those beyond it
/// wait in `connect(2)`, in turn.
const QUEUE: i32 = 128;

/// A socket that is listened on.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    /// Its file, where this process made it; it goes with the socket.
    _file: Option<File>,
}

/// The file of a socket; it goes when this is dropped, if it is still ours.
#[derive(Debug)]
struct File {
    path: PathBuf,
    inode: u64,
}

impl Socket {
    /// Takes the socket that was passed, or binds the home's.
    pub(crate) fn open(home: &Home, passed: Option<UnixListener>) -> anyhow::Result<Self> {
        match passed {
            Some(listener) => Self::passed(home, listener),
            None => Self::bind(home),
        }
    }

    /// Takes a socket that was passed; who made it also removes it.
    fn passed(home: &Home, listener: UnixListener) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let path = address.as_pathname().context("the socket that was passed has no path")?;
        refuse_wider(path, home).with_context(|| format!("the socket {} was passed", path.display()))?;
        tracing::info!(socket = %path.display(), "the socket was passed by the service manager");
        listener.set_nonblocking(true)?;
        Ok(Self { listener, _file: None })
    }

    /// Binds the home's socket.
    fn bind(home: &Home) -> anyhow::Result<Self> {
        let path = &home.socket;
        let folder = files::parent(path);
        let temporary = folder.join(format!(".s{}", std::process::id()));
        if path.as_os_str().len().max(temporary.as_os_str().len()) > PATH_BYTES {
            bail!(
                "the socket's path has more than {PATH_BYTES} bytes: {}; choose a shorter one with --socket",
                path.display()
            );
        }
        refuse_living(path)?;
        let _ = std::fs::remove_file(&temporary);
        let listener = UnixListener::bind(&temporary)
            .with_context(|| format!("no socket could be made in {}", folder.display()))?;
        let placed = own(&temporary, home).and_then(|()| Ok(std::fs::rename(&temporary, path)?));
        if let Err(error) = placed {
            let _ = std::fs::remove_file(&temporary);
            return Err(error.context(format!("the socket {} could not be set up", path.display())));
        }
        listener.set_nonblocking(true)?;
        let inode = std::fs::symlink_metadata(path)?.ino();
        Ok(Self { listener, _file: Some(File { path: path.clone(), inode }) })
    }

    /// Gives the listener to the runtime.
    pub(crate) fn listener(&self) -> anyhow::Result<tokio::net::UnixListener> {
        // On a socket that is listened on already this sets the length of its queue alone.
        nix::sys::socket::listen(&self.listener, Backlog::new(QUEUE)?)?;
        Ok(tokio::net::UnixListener::from_std(self.listener.try_clone()?)?)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Refuses a path that is no socket, or one that somebody listens on; a stale socket may be replaced.
fn refuse_living(path: &Path) -> anyhow::Result<()> {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !meta.file_type().is_socket() {
        bail!("{} exists and is no socket; it was left alone", path.display());
    }
    match UnixStream::connect(path) {
        Ok(_) => bail!("another process serves {}; stop it first", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            tracing::info!(socket = %path.display(), "a stale socket is replaced");
            Ok(())
        }
        Err(error) => {
            bail!("{} cannot be judged: {error}; remove it by hand if nobody uses it", path.display())
        }
    }
}

/// Gives the socket its group and mode, and refuses a result that is wider than configured.
fn own(path: &Path, home: &Home) -> anyhow::Result<()> {
    if let Some(group) = &home.socket_group {
        std::os::unix::fs::chown(path, None, Some(group_id(group)?))
            .context("the socket's group could not be set")?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(home.socket_mode))?;
    refuse_wider(path, home)
}

/// Refuses a socket that lets in more than is configured.
fn refuse_wider(path: &Path, home: &Home) -> anyhow::Result<()> {
    let mode = std::fs::symlink_metadata(path)?.permissions().mode() & 0o777;
    if mode & !home.socket_mode != 0 {
        bail!("the socket has mode {mode:04o}, wider than {:04o}", home.socket_mode);
    }
    Ok(())
}

fn group_id(group: &str) -> anyhow::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let found = nix::unistd::Group::from_name(group)?;
    Ok(found.with_context(|| format!("there is no group {group}"))?.gid.as_raw())
}

/// The first descriptor that a service manager passes (`SD_LISTEN_FDS_START`).
const FIRST_PASSED: RawFd = 3;

/// Returns the descriptor that a service manager passed, if any, by the protocol of `sd_listen_fds(3)`.
///
/// # Errors
/// Where there are several, or their number cannot be read: none of them is used then, and the daemon does not start.
#[expect(clippy::disallowed_methods, reason = "the service manager speaks through the environment")]
pub(crate) fn passed_descriptor() -> anyhow::Result<Option<RawFd>> {
    let variable = |name: &str| std::env::var(name).ok();
    if variable("LISTEN_PID").is_none_or(|process| process != std::process::id().to_string()) {
        return Ok(None);
    }
    match variable("LISTEN_FDS").as_deref().map(str::parse::<u32>) {
        None | Some(Ok(0)) => Ok(None),
        Some(Ok(1)) => Ok(Some(FIRST_PASSED)),
        Some(Ok(count)) => bail!(
            "{count} sockets were passed; vaultd serves one: leave one ListenStream= in its socket unit"
        ),
        Some(Err(_)) => bail!("LISTEN_FDS is not a number of sockets; unset it, or pass one socket"),
    }
}

/// Takes the one socket that was passed, while the process has one thread: its variables are removed.
pub(crate) fn take_passed(passed: Option<RawFd>) -> anyhow::Result<Option<UnixListener>> {
    if passed.is_none() {
        return Ok(None);
    }
    let taken = listenfd::ListenFd::from_env().take_unix_listener(0);
    let listener = taken.context("what was passed is no Unix stream socket")?;
    let listens = listener.as_ref().map(|listener| getsockopt(listener, AcceptConn)).transpose()?;
    if listens == Some(false) {
        bail!("the socket that was passed does not listen");
    }
    Ok(listener)
}
