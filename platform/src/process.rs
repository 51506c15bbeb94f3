//! What a process that holds keys gives up at its start, how a command gets a terminal at its own, and how it is kept from
//! outliving the process that started it.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Pid, getpgrp, tcsetpgrp};

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

/// Returns memory that the allocator holds free to the system (`malloc_trim(3)`); done if it is glibc's.
///
/// It takes about a millisecond for each 10 MiB: call it when much was freed, not for each request.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes a number, and touches only memory that is free.
    let _returned: libc::c_int = unsafe { libc::malloc_trim(0) };
}

/// Starts a command in a process group of its own that has a terminal's keys before the command runs (tcsetpgrp(3)).
///
/// Only the command's own process can be in time for that: its parent learns of it when it already runs. The terminal
/// must be the one that controls this process's session; the command runs without its keys if it is not.
pub fn in_foreground(command: &mut Command, terminal: OwnedFd) {
    command.process_group(0);
    let take = move || {
        // A group in the background is stopped when it takes the terminal, unless it blocks the signal for that.
        let signal = SigSet::from(Signal::SIGTTOU);
        let before = signal.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)?;
        let _ = tcsetpgrp(&terminal, getpgrp());
        Ok(before.thread_set_mask()?)
    };
    // SAFETY: between fork and exec it makes system calls alone: it allocates nothing, and takes no lock.
    unsafe { command.pre_exec(take) };
}

/// Makes this process the parent of each descendant that loses its own (`PR_SET_CHILD_SUBREAPER`, prctl(2)).
///
/// macOS has no equivalent: nothing is done there.
///
/// # Errors
/// What the kernel answers.
pub fn adopt_orphans() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

/// Starts a command that is killed if the thread that starts it ends (`PR_SET_PDEATHSIG`, prctl(2)).
///
/// macOS has no equivalent: nothing is done there.
pub fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        let ask = || Ok(nix::sys::prctl::set_pdeathsig(Some(Signal::SIGKILL))?);
        // SAFETY: between fork and exec it makes one system call: it allocates nothing, and takes no lock.
        unsafe { command.pre_exec(ask) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Has this process go on, if it is stopped, when the thread that started it ends (`PR_SET_PDEATHSIG`, prctl(2)).
///
/// macOS has no equivalent: nothing is done there.
///
/// # Errors
/// What the kernel answers.
pub fn wake_at_parents_end() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGCONT)?;
    Ok(())
}

/// Returns the children of this process, those that it adopted included, as `/proc` has them (`proc_pid_stat(5)`).
///
/// Empty where there is no such `/proc`, as on macOS.
pub fn children() -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|process| process.ok()?.file_name().to_str()?.parse().ok());
    numbers.map(Pid::from_raw).filter(|process| parent_of(*process) == Some(Pid::this())).collect()
}

/// Returns the parent of a process: the second word after its name, which may itself have spaces and parentheses.
fn parent_of(process: Pid) -> Option<Pid> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let after_name = stat.rsplit(|byte| *byte == b')').next()?;
    let parent = str::from_utf8(after_name).ok()?.split_ascii_whitespace().nth(1)?;
    parent.parse().ok().map(Pid::from_raw)
}
