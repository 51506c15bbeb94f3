//! What a process that holds keys gives up at its start.

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};

/// Forbids core dumps and reads by other processes of the same uid.
///
/// Sets `RLIMIT_CORE` to 0 (setrlimit(2)) and clears `PR_SET_DUMPABLE` (prctl(2)); macOS has
/// `PT_DENY_ATTACH` (ptrace(2)) for the latter. Afterwards `/proc/self/environ` opens for root alone.
///
/// # Errors
/// What the kernel answers; a caller that holds keys must not go on.
pub fn deny_dumps() -> std::io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    #[cfg(target_os = "macos")]
    // SAFETY: this request takes no address and touches no memory.
    nix::errno::Errno::result(unsafe { libc::ptrace(libc::PT_DENY_ATTACH, 0, std::ptr::null_mut(), 0) })?;
    Ok(())
}

/// Keeps this process and its children from gaining rights by exec (`PR_SET_NO_NEW_PRIVS`, prctl(2)).
///
/// macOS has no equivalent: nothing is done there.
///
/// # Errors
/// What the kernel answers.
pub fn no_new_privileges() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_no_new_privs()?;
    Ok(())
}

/// Makes files and sockets from here on private to their owner: umask(2) 077.
pub fn private_umask() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Says whether this process may be dumped or traced by its own uid (`PR_GET_DUMPABLE`, prctl(2)).
///
/// True where the kernel does not tell, as on macOS.
pub fn is_dumpable() -> bool {
    #[cfg(target_os = "linux")]
    return nix::sys::prctl::get_dumpable().unwrap_or(true);
    #[cfg(not(target_os = "linux"))]
    true
}

/// Has all threads but the first share one arena of the allocator (`M_ARENA_MAX`, mallopt(3)); done where it is glibc's.
///
/// Otherwise each of up to eight arenas a processor keeps as much as its threads ever held at once.
pub fn share_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two numbers and touches no memory of ours.
    let _set: libc::c_int = unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}
