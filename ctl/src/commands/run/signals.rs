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
const WATCHED: [Signal; 11] = [
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
    /// Another process.
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
            let Some(caught) = caught(&origin) else { continue };
            if events.send(Event::Signal(caught)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

fn caught(origin: &Origin) -> Option<Caught> {
    let signal = Signal::try_from(origin.signal).ok()?;
    let sender = match origin.process.as_ref().map(|process| Pid::from_raw(process.pid)) {
        Some(pid) if pid == Pid::this() => From::Itself,
        Some(pid) if pid.as_raw() > 0 => From::Process(pid),
        _ => From::Kernel,
    };
    Some(Caught { signal, sender })
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
