//! The socket, and the daemon behind it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vault::api::{Code, Fault, Status, StatusOf, Warning};

use super::Paths;
use super::files::{is_held, locked};
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
    /// Tells whether nobody is there.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Silent)
    }
}

/// Asks the daemon how it is.
pub(super) fn ask(context: &Context) -> Daemon {
    context.call(&StatusOf::default()).map_or(Daemon::Silent, |status| Daemon::Answers(Box::new(status)))
}

/// Says why nobody answers.
pub(super) fn silence(paths: &Paths, context: &Context) -> Warning {
    let socket = context.socket();
    if socket.as_os_str().len() > SOCKET_PATH_BYTES {
        let message = format!(
            "the socket's path has {} bytes; at most {SOCKET_PATH_BYTES} work",
            socket.as_os_str().len()
        );
        return Warning::new(
            "socket_path_too_long",
            message,
            "name a shorter one with --socket, here and for vaultd",
        );
    }
    if let Err(Failure::Fault(Fault { code: Code::Forbidden, message, hint, .. })) =
        context.call(&StatusOf::default())
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

/// Looks at what the daemon says of itself.
pub(super) fn findings(status: &Status, context: &Context) -> Vec<Warning> {
    let mut found: Vec<_> = status.lock_reason.map(locked).into_iter().collect();
    let own = env!("CARGO_PKG_VERSION");
    if status.version != own {
        let message = format!("vaultd is of version {}, vaultctl of {own}", status.version);
        found.push(Warning::new("versions", message, "install both of one version, and start vaultd again"));
    }
    found.extend(open_socket(&context.socket()));
    found.extend(status.warnings.iter().cloned());
    found
}

fn open_socket(path: &Path) -> Option<Warning> {
    let mode = std::fs::symlink_metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o007 != 0).then(|| {
        let message = format!("every user may connect to {} (mode {mode:04o})", path.display());
        Warning::new(
            "socket_unsafe",
            message,
            "start vaultd without --socket-mode, or with --socket-mode 0660",
        )
    })
}
