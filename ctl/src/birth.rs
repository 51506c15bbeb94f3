//! What this process was started with and has tightened for itself; the commands that it starts get it back.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::stat::{Mode, umask};

/// The umask and the limit on core files that this process was started with.
#[derive(Debug, Clone, Copy)]
struct Birth {
    mask: Mode,
    core: Option<(rlim_t, rlim_t)>,
}

static BIRTH: OnceLock<Birth> = OnceLock::new();

/// Notes what there is, before anything is tightened.
pub(crate) fn note() {
    let mask = umask(Mode::S_IRWXG | Mode::S_IRWXO);
    let _ = BIRTH.set(Birth { mask, core: getrlimit(Resource::RLIMIT_CORE).ok() });
}

/// Starts a command as it would have been started without this program.
pub(crate) fn given_back<T>(start: impl FnOnce() -> T) -> T {
    let Some(birth) = BIRTH.get() else { return start() };
    let tightened = umask(birth.mask);
    set_core(birth.core);
    let started = start();
    umask(tightened);
    crate::env::leave_no_core();
    started
}

fn set_core(core: Option<(rlim_t, rlim_t)>) {
    if let Some((soft, hard)) = core {
        // It was allowed before; where it is not any more, the command has no core files either.
        let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
    }
}

/// Returns a path at which this program can be started, though an upgrade has replaced it meanwhile.
pub(crate) fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
