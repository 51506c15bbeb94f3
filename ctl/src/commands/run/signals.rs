//! Signals as events, each with its sender, so that what a terminal sends to all is not handed on twice.

use std::sync::mpsc::Sender;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;

use super::event::Event;
use crate::failure::Failure;

/// The signals that are handed on to the command, or that tell of it.
pub(super) const WATCHED: [Signal; 11] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGTSTP,
    Signal::SIGCONT,
    Signal::SIGWINCH,
    Signal::SIGCHLD,
];

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caught {
    /// Which.
    pub(super) signal: Signal,
    /// From where.
    pub(super) sender: From,
}

/// Where a signal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The terminal, or another part of the kernel: the whole group has it.
    Kernel,
    /// Another process; 0 stands for one outside of this namespace of processes.
    Process(Pid),
    /// This process, which stops its group with itself.
    Itself,
}

/// Makes events of signals from here on. Those that are ignored stay so, as `nohup` wants it.
///
/// # Errors
/// What the system answers.
pub(super) fn watch(events: Sender<Event>) -> Result<(), Failure> {
    let mut signals = SignalsInfo::<WithOrigin>::new(heeded(WATCHED.map(|signal| signal as i32)))?;
    std::thread::spawn(move || {
        for origin in &mut signals {
            let Some(caught) = caught(origin.signal, sender(&origin)) else { continue };
            if events.send(Event::Signal(caught)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Returns the number of the process that sent a signal; nothing for the kernel.
pub(super) fn sender(origin: &Origin) -> Option<i32> {
    // Elsewhere than on Linux the kernel is process 0.
    origin.process.as_ref().map(|process| process.pid).filter(|pid| *pid > 0 || cfg!(target_os = "linux"))
}

/// Names a signal and its sender by their numbers.
pub(super) fn caught(signal: i32, sender: Option<i32>) -> Option<Caught> {
    let sender = match sender.map(Pid::from_raw) {
        None => From::Kernel,
        Some(pid) if pid == Pid::this() => From::Itself,
        Some(pid) => From::Process(pid),
    };
    Some(Caught { signal: Signal::try_from(signal).ok()?, sender })
}

/// Leaves out the signals that this process was started to ignore.
pub(in super::super) fn heeded<const N: usize>(signals: [i32; N]) -> impl Iterator<Item = i32> {
    let ignored = ignored();
    signals.into_iter().filter(move |number| ignored >> (number - 1) & 1 == 0)
}

/// Gives the set of signals that this process was started to ignore; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}
