//! A command in our own group, on our own terminal if there is one: keys, job control and stdin are its own.

use std::process::{Child, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use super::ending;
use super::event::Event;
use super::launch::Launch;
use super::outputs::{Outputs, Pumps};
use super::pty::Lines;
use super::reap::reap_others;
use super::signals::{self, Caught, From};
use super::witness::Witness;
use crate::birth;
use crate::failure::Failure;
use crate::show::Show;
use vault_mask::Needles;

/// How long a command runs before it gets a witness: most that are run for their output alone are over by then.
const MOMENT: Duration = Duration::from_millis(20);

/// Starts the command, pumps its outputs, and gives its exit code when it and they have ended.
pub(super) fn run(launch: &Launch, needles: &Arc<Needles>, show: Show) -> Result<ExitCode, Failure> {
    let (sender, events) = channel();
    signals::watch(sender.clone())?;
    let mut outputs =
        if needles.is_empty() { Outputs::default() } else { Outputs::replaced(Lines::EndedThere)? };
    let mut command = launch.prepared();
    if let Some(stdout) = outputs.stdout.take() {
        command.stdout(stdout);
    }
    if let Some(stderr) = outputs.stderr.take() {
        command.stderr(stderr);
    }
    let started = birth::given_back(|| command.spawn());
    // Our copies of the command's ends would keep its outputs open.
    drop(command);
    match started {
        Ok(child) => {
            let pumps = outputs.pump(needles, None, &sender)?;
            Job { child, pumps, ended: None, witness: None }.follow(&events)
        }
        Err(error) => Ok(ending::unstarted(&launch.command, &error, show)),
    }
}

/// A command that runs.
struct Job {
    child: Child,
    pumps: Pumps,
    /// How it ended.
    ended: Option<ExitStatus>,
    /// Who knows whether it got a signal too; missing for what is over at once.
    witness: Option<Witness>,
}

impl Job {
    /// Hands signals on until the command has ended and its outputs are closed.
    fn follow(mut self, events: &Receiver<Event>) -> Result<ExitCode, Failure> {
        self.look()?;
        loop {
            if let Some(status) = self.ended.filter(|_| self.pumps.running == 0) {
                return Ok(ending::of(status));
            }
            match self.next(events) {
                Ok(Event::Signal(caught)) if caught.signal == Signal::SIGCHLD => self.look()?,
                // Others still hold the outputs; who wants us to end does not want to wait for them.
                Ok(Event::Signal(caught)) if self.ended.is_some() && ends(caught.signal) => {
                    self.pumps.finish();
                }
                // Its number may be another process's by now.
                Ok(Event::Signal(_)) if self.ended.is_some() => {}
                Ok(Event::Signal(caught)) => self.hand_on(caught),
                Ok(Event::Ended(_)) => self.pumps.running -= 1,
                Ok(Event::Session(_)) => {}
                Err(_) => self.ended = Some(self.child.wait()?),
            }
        }
    }

    /// Looks whether the command has ended, and reaps what was left to this process.
    fn look(&mut self) -> Result<(), Failure> {
        if self.ended.is_none() {
            reap_others(Some(self.child.id()));
            self.ended = self.child.try_wait()?;
        }
        if self.ended.is_some() {
            reap_others(None);
        }
        Ok(())
    }

    /// Waits for what happens next, with a witness once the command has run for a moment.
    fn next(&mut self, events: &Receiver<Event>) -> Result<Event, RecvError> {
        if self.witness.is_none() {
            match events.recv_timeout(MOMENT) {
                Err(RecvTimeoutError::Timeout) => self.witness = Some(Witness::start()),
                Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
                Ok(event) => return Ok(event),
            }
        }
        events.recv()
    }

    /// Hands a signal on to the command, unless it was sent to the whole group.
    fn hand_on(&mut self, caught: Caught) {
        let Caught { signal, sender } = caught;
        let Ok(command) = i32::try_from(self.child.id()).map(Pid::from_raw) else { return };
        let has_it = match sender {
            From::Kernel => true,
            From::Process(pid) => {
                pid == command || self.witness.as_mut().is_some_and(|witness| witness.has(caught))
            }
            From::Itself => return,
        };
        let again = signal == Signal::SIGWINCH && !self.pumps.terminals.is_empty();
        if again {
            // The command may have looked before its pseudo-terminal had the new size.
            self.pumps.resize();
        }
        if !has_it || again {
            // It may have ended just now.
            let _ = kill(command, signal);
        }
        if signal == Signal::SIGTSTP {
            let _ = raise(Signal::SIGSTOP);
        }
    }
}

fn ends(signal: Signal) -> bool {
    matches!(signal, Signal::SIGHUP | Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM)
}
