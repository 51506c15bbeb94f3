//! The socket, and the daemon behind it.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use vault::api::{Code, Fault, Status, StatusOf, Warning};

use super::Paths;
use super::files::{is_held, refused};
use crate::context::{Context, SOCKET_PATH_BYTES};
use crate::failure::Failure;

/// What the socket answered.
pub(super) enum Daemon {
    /// Nobody is there, or nobody that may be trusted.
    Silent,
    /// The daemon says how it is.
    Answers(Box<Status>),
}

impl Daemon {
    /// Gives what the daemon says, where one answers.
    pub(super) fn status(&self) -> Option<&Status> {
        match self {
            Self::Silent => None,
            Self::Answers(status) => Some(status),
        }
    }
}

/// Asks the daemon how it is, as the user and not as an agent.
pub(super) fn ask(context: &Context) -> Daemon {
    let answer = context.call_plainly(&StatusOf::default());
    answer.map_or(Daemon::Silent, |status| Daemon::Answers(Box::new(status)))
}

/// Says why nobody answers.
pub(super) fn silence(paths: &Paths, context: &Context) -> Warning {
    let socket = context.socket();
    if socket.as_os_str().len() > SOCKET_PATH_BYTES {
        return too_long(&socket);
    }
    if let Some(barred) = barred(&socket) {
        return barred;
    }
    if let Err(Failure::Fault(Fault { code: Code::Forbidden, message, hint, .. })) =
        context.call_plainly(&StatusOf::default())
    {
        return Warning::new("stranger", message, hint);
    }
    if is_held(&paths.home) {
        let message = format!("a vaultd runs on this vault and does not answer at {}", socket.display());
        return Warning::new("other_socket", message, "name its socket with --socket, or start it again");
    }
    let start = format!("start it with: {}", context.daemon_command());
    if socket.exists() {
        let message = format!("a vaultd has ended and left {} behind", socket.display());
        return Warning::new("stale_socket", message, start);
    }
    Warning::new("no_daemon", "no vaultd runs", start)
}

fn too_long(socket: &Path) -> Warning {
    let bytes = socket.as_os_str().len();
    let message = format!("the socket's path has {bytes} bytes; at most {SOCKET_PATH_BYTES} work");
    let hint = "choose a shorter one, here and for vaultd, with: export AGENTICMAIL_VAULT_SOCKET=/tmp/vault-$(id -u)/vault.sock";
    Warning::new("socket_path_too_long", message, hint)
}

/// Tells a sandbox, which lets nobody connect, from a socket that is not for this user.
fn barred(socket: &Path) -> Option<Warning> {
    let error = UnixStream::connect(socket).err()?;
    let known = error.raw_os_error().map(Errno::from_raw);
    let refused = matches!(known, Some(Errno::EACCES | Errno::EPERM));
    if known == Some(Errno::EAFNOSUPPORT) || (refused && is_ours(socket)) {
        let message = format!("a sandbox keeps this program from {}: {}", socket.display(), in_words(&error));
        let hint = "allow Unix sockets and this path where the sandbox is set up (in a unit: RestrictAddressFamilies=AF_UNIX; in a container: mount the folder), or leave it";
        return Some(Warning::new("sandbox", message, hint));
    }
    refused.then(|| {
        let message = format!("your user may not connect to {}", socket.display());
        let hint = "ask the vault's owner to add you to [access] users in vault.toml, or to the socket's group: usermod -aG GROUP USER";
        Warning::new("socket_forbidden", message, hint)
    })
}

fn in_words(error: &io::Error) -> String {
    crate::failure::in_words(error)
}

/// Tells whether the file's own mode would let this user connect.
fn is_ours(socket: &Path) -> bool {
    let own = nix::unistd::geteuid();
    std::fs::symlink_metadata(socket)
        .is_ok_and(|meta| own.is_root() || (meta.uid() == own.as_raw() && meta.mode() & 0o200 != 0))
}

/// Looks at what the daemon says of itself.
pub(super) fn findings(status: &Status, context: &Context) -> Vec<Warning> {
    let mut found: Vec<_> = status.refusal().map(refused).into_iter().collect();
    let own = env!("CARGO_PKG_VERSION");
    if status.version != own {
        let message = format!("vaultd is of version {}, vaultctl of {own}", status.version);
        let hint =
            format!("install both of one version, and start it again with: {}", context.daemon_command());
        found.push(Warning::new("versions", message, hint));
    }
    found.extend(open_socket(&context.socket()));
    found.extend(open_memory(status));
    found.extend(bad_token(context));
    found.extend(status.warnings.iter().cloned());
    found
}

fn open_socket(path: &Path) -> Option<Warning> {
    let mode = std::fs::symlink_metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o007 != 0).then(|| {
        let message = format!("every user may connect to {} (mode {mode:04o})", path.display());
        let hint = format!(
            "close it with: chmod o= {}, and start vaultd without a wider --socket-mode",
            path.display()
        );
        Warning::new("socket_unsafe", message, hint)
    })
}

/// Finds what the daemon itself could not close off at its start.
fn open_memory(status: &Status) -> impl Iterator<Item = Warning> {
    let memory = &status.memory;
    let dumpable = memory.dumpable.then(|| {
        let hint = "start it by itself and not under a debugger: vaultctl service install";
        Warning::new("dumpable", "other processes of the same user can read vaultd's memory", hint)
    });
    let core = memory.core_dumps.then(|| {
        let hint = "start it with: ulimit -c 0; vaultd, or LimitCORE=0 in the service";
        Warning::new("core_dumps", "a crash of vaultd would write its memory to the disk", hint)
    });
    dumpable.into_iter().chain(core)
}

/// Finds a token that the daemon does not take, which every command would use.
fn bad_token(context: &Context) -> Option<Warning> {
    match context.connect() {
        Err(Failure::Fault(Fault { code: Code::Unauthorized, message, hint, .. })) => {
            Some(Warning::new("token", message, hint))
        }
        _ => None,
    }
}
