//! Clients of the socket, generic over the operations.
//!
//! [`Client`] makes one request after another over the JSON-RPC stream and needs no runtime: a command's way.
//! [`HttpClient`] speaks HTTP and serves many requests at once: a long-lived program's way. [`exchange`] hands one
//! request on, and streams its answer.

mod exchange;
mod http;
mod stream;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

pub use exchange::exchange;
pub use http::HttpClient;
pub use stream::Client;

use crate::api::{Code, Fault};

/// Where a client looks for the socket, first to last.
#[derive(Debug, Clone, Default)]
pub struct SocketSearch {
    /// `--socket`.
    pub flag: Option<PathBuf>,
    /// `AGENTICMAIL_VAULT_SOCKET`.
    pub variable: Option<PathBuf>,
    /// The home, whose `vault.sock` is tried.
    pub home: Option<PathBuf>,
}

/// The socket of a daemon that runs for the whole machine.
const SHARED_SOCKET: &str = "/run/agenticmail-vault/vault.sock";

impl SocketSearch {
    /// Gives the first that is named, else the first that exists, else the home's.
    pub fn path(&self) -> PathBuf {
        if let Some(named) = self.flag.as_ref().or(self.variable.as_ref()) {
            return named.clone();
        }
        let shared = PathBuf::from(SHARED_SOCKET);
        let Some(home) = &self.home else { return shared };
        let own = home.join("vault.sock");
        if !own.exists() && shared.exists() { shared } else { own }
    }
}

/// Connects, and checks that the process at the other end runs as us, as root, or as the socket folder's owner.
///
/// # Errors
/// `unavailable` if no process listens there, `forbidden` if a stranger's does.
pub fn connect(path: &Path) -> Result<UnixStream, Fault> {
    let stream = UnixStream::connect(path).map_err(|error| unavailable(path, &error))?;
    check_server(&stream, path)?;
    Ok(stream)
}

fn check_server(stream: &UnixStream, path: &Path) -> Result<(), Fault> {
    let uid = vault_platform::peer_uid(stream.as_fd()).map_err(|error| unavailable(path, &error))?;
    let own = nix::unistd::geteuid().as_raw();
    if uid == own || uid == 0 || owns_folder(uid, path) {
        return Ok(());
    }
    let message = format!("the process behind {} runs as uid {uid}, which is not trusted", path.display());
    Err(Fault::new(Code::Forbidden, message)
        .hint("check which program listens there before you send it anything"))
}

/// Returns whether a uid owns the socket's folder below `/run`, and no other may write there: a shared daemon's own folder.
fn owns_folder(uid: u32, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // Where it really is: past `..` and links.
    let Ok(folder) = crate::files::parent(path).canonicalize() else { return false };
    let is_own = |meta: std::fs::Metadata| meta.uid() == uid && meta.mode() & 0o022 == 0;
    folder.starts_with("/run") && folder.metadata().is_ok_and(is_own)
}

fn unavailable(path: &Path, error: &std::io::Error) -> Fault {
    let message = format!("no daemon answers at {}: {}", path.display(), error.kind());
    Fault::new(Code::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_only_its_path_puts_below_run_is_not_trusted() {
        let own = nix::unistd::geteuid().as_raw();
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().display();
        for path in [format!("/run/..{outside}/vault.sock"), format!("/run/./..{outside}/vault.sock")] {
            assert!(std::fs::metadata(crate::files::parent(Path::new(&path))).is_ok(), "{path}");
            assert!(!owns_folder(own, Path::new(&path)), "{path}");
        }
        assert!(!owns_folder(own, &folder.path().join("vault.sock")));
        assert!(!owns_folder(own, Path::new("/run/nowhere/vault.sock")));
    }
}
