//! A command in our own group, on our own terminal if there is one: keys, job control and stdin are its own.

use std::process::{Child, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use super::ending;
use super::event::Event;
use super::launch::Launch;
use super::outputs::{Outputs, Pumps};
use super::pty::Lines;
use super::signals::{self, Caught, From};
use crate::birth;
use crate::failure::Failure;
use crate::show::Show;
use vault_mask::Needles;

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
        Ok(child) => follow(child, outputs.pump(needles, None, &sender)?, &events),
        Err(error) => Ok(ending::unstarted(&launch.command, &error, show)),
    }
}

/// Hands signals on until the command has ended and its outputs are closed.
fn follow(mut child: Child, mut pumps: Pumps, events: &Receiver<Event>) -> Result<ExitCode, Failure> {
    let mut ended: Option<ExitStatus> = child.try_wait()?;
    loop {
        if let Some(status) = ended.filter(|_| pumps.running == 0) {
            return Ok(ending::of(status));
        }
        match events.recv() {
            Ok(Event::Signal(caught)) if caught.signal == Signal::SIGCHLD => {
                ended = child.try_wait()?;
            }
            // Others still hold the outputs; who wants us to end does not want to wait for them.
            Ok(Event::Signal(caught)) if ended.is_some() && ends(caught.signal) => pumps.finish(),
            // Its number may be another process's by now.
            Ok(Event::Signal(_)) if ended.is_some() => {}
            Ok(Event::Signal(caught)) => hand_on(caught, &child, &pumps),
            Ok(Event::Ended(_)) => pumps.running -= 1,
            Ok(Event::Session(_)) => {}
            Err(_) => ended = Some(child.wait()?),
        }
    }
}

fn ends(signal: Signal) -> bool {
    matches!(signal, Signal::SIGHUP | Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM)
}

/// Hands a signal on to the command, unless the terminal has sent it to the whole group.
fn hand_on(Caught { signal, sender }: Caught, child: &Child, pumps: &Pumps) {
    let Ok(command) = i32::try_from(child.id()).map(Pid::from_raw) else { return };
    let has_it = match sender {
        From::Kernel => true,
        From::Process(pid) => pid == command,
        From::Itself => return,
    };
    let again = signal == Signal::SIGWINCH && !pumps.terminals.is_empty();
    if again {
        // The command may have looked before its pseudo-terminal had the new size.
        pumps.resize();
    }
    if !has_it || again {
        // It may have ended just now.
        let _ = kill(command, signal);
    }
    if signal == Signal::SIGTSTP {
        let _ = raise(Signal::SIGSTOP);
    }
}
