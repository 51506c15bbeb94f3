//! What the process gives up before it does anything else, while it has one thread.

use std::os::unix::net::UnixListener;

use anyhow::Context as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use vault::keyfile::VARIABLE;
use vault::secret::Passphrase;
use vault::vault::Posture;

/// The most descriptors that are asked for: enough for the largest number of connections.
const MOST_DESCRIPTORS: u64 = 1 << 18;

/// Proof that the process is hardened, with what was taken from its environment on the way.
#[derive(Debug)]
pub struct Hardened {
    /// The key that stood in the environment.
    pub key: Option<Passphrase>,
    /// The socket that a service manager passed.
    pub listener: Option<UnixListener>,
}

/// Takes the process's ways to leak away, in this order: umask, core files, other processes' view of its
/// memory, the key in the environment block, new privileges, stray descriptors.
///
/// # Errors
/// Where one of them cannot be had; the daemon does not start then.
pub fn harden() -> anyhow::Result<Hardened> {
    vault_platform::private_umask();
    vault_platform::share_arenas();
    vault_platform::deny_dumps().context("core dumps could not be turned off")?;
    let taken = vault_platform::take_env(VARIABLE).context("the environment could not be wiped")?;
    let key = taken.and_then(|bytes| Passphrase::new(bytes.to_vec()).ok());
    vault_platform::no_new_privileges().context("new privileges could not be given up")?;
    let passed = crate::activate::passed_descriptor()?;
    vault_platform::close_stray_descriptors(passed.as_slice())
        .context("inherited descriptors could not be closed")?;
    let listener = crate::activate::take_passed(passed)?;
    raise_descriptors();
    std::panic::set_hook(Box::new(|panic| {
        // The payload may hold what a request held; the place does not.
        tracing::error!(at = %panic.location().map(ToString::to_string).unwrap_or_default(), "panic");
    }));
    Ok(Hardened { key, listener })
}

/// Takes as many descriptors as this process is allowed; shells and service managers start it with few.
fn raise_descriptors() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(MOST_DESCRIPTORS).max(soft), hard)
    });
    // The gate makes do with what there is.
    let _ = raised;
}

/// Measures what the process gives away.
pub fn posture() -> Posture {
    Posture {
        dumpable: vault_platform::is_dumpable(),
        core_dumps: getrlimit(Resource::RLIMIT_CORE).map_or(true, |(soft, _)| soft > 0),
        swap: match std::fs::read_to_string("/proc/swaps") {
            Ok(text) if text.lines().count() > 1 => "active",
            Ok(_) => "none",
            Err(_) => "unknown",
        },
    }
}
