//! A command on a terminal of its own: a pseudo-terminal between it and ours, which passes keys one way and masked
//! output the other, and a session on it that stops and goes on as a shell's job does.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;
use rustix::termios::isatty;

use super::ending;
use super::event::{Ending, Event};
use super::launch::Launch;
use super::outer::{Keys, Outer};
use super::outputs::{Outputs, Pumps};
use super::pty::{self, Lines};
use super::reap::reap_others;
use super::session::{Ground, Order, Report, Session, Target};
use super::signals::{self, Caught, From};
use crate::failure::Failure;
use crate::show::Show;
use vault_mask::Needles;

/// A command that runs on a pseudo-terminal.
struct Job {
    outer: Outer,
    keys: Arc<Keys>,
    session: Session,
    pumps: Pumps,
    /// Where the command is when we are in the foreground: it asks for the keys itself where stdin is none.
    ground: Ground,
    /// Whether it has had the keys, and with them a say about its terminal's modes.
    had_keys: bool,
}

/// How the command ended.
enum Ended {
    Code(i32),
    Signal(i32),
    Unstarted(i32),
}

/// Starts the command in a session of its own, and gives its exit code when it has ended.
pub(super) fn run(
    mut launch: Launch,
    needles: &Arc<Needles>,
    mut outer: Outer,
    show: Show,
) -> Result<ExitCode, Failure> {
    let (sender, events) = channel();
    signals::watch(sender.clone())?;
    let has_keys = isatty(rustix::stdio::stdin()) && outer.is_foreground();
    let (ground, lines) =
        if has_keys { (Ground::Fore, Lines::EndedHere) } else { (Ground::Back, Lines::EndedThere) };
    let outputs = Outputs::replaced(lines)?;
    if ground == Ground::Fore {
        // Before the command runs: what is typed at its first words would be echoed here, and obeyed here, otherwise.
        outer.make_raw();
    }
    let session = Session::start(&mut launch, &outputs, ground, &sender)?;
    let keys = Arc::new(Keys::closed());
    let pumps = outputs.pump(needles, Some(&keys), &sender)?;
    let mut job = Job { outer, keys, session, pumps, ground, had_keys: ground == Ground::Fore };
    job.listen()?;
    let ended = job.follow(&events);
    job.outer.restore();
    Ok(match ended {
        Ended::Code(number) => ending::code(number),
        Ended::Signal(number) => ending::by_signal(number),
        Ended::Unstarted(errno) => {
            ending::unstarted(&launch.command, &std::io::Error::from_raw_os_error(errno), show)
        }
    })
}

impl Job {
    /// Begins to hand keys on, whenever they are for the command.
    fn listen(&self) -> Result<(), Failure> {
        let Some((pty, _)) = self.pumps.terminals.first() else { return Ok(()) };
        let (pty, tty, keys) = (pty.try_clone()?, self.outer.tty().try_clone()?, Arc::clone(&self.keys));
        std::thread::spawn(move || keys.relay(&tty, &pty));
        Ok(())
    }

    /// Follows the command until it has ended and its output is written.
    fn follow(&mut self, events: &Receiver<Event>) -> Ended {
        let mut ended = None;
        loop {
            match events.recv() {
                Ok(Event::Signal(caught)) => self.hand_on(caught),
                // Earlier they would go to the leader of its session, and an interrupting one would end that.
                Ok(Event::Session(Report::Running(Ground::Fore))) => self.keys.open(),
                Ok(Event::Session(Report::Running(Ground::Back))) => {}
                Ok(Event::Session(Report::Stopped(signal))) => self.stopped(signal),
                Ok(Event::Session(report)) => {
                    ended = ended.or(Some(end(report)));
                    self.pumps.finish();
                }
                Ok(Event::Ended(ending)) => {
                    self.pumps.running -= 1;
                    if ending == Ending::Unread {
                        self.session
                            .order(&Order::Signal { number: Signal::SIGHUP as i32, target: Target::Group });
                    }
                }
                Err(_) => return Ended::Signal(Signal::SIGKILL as i32),
            }
            if self.pumps.running == 0 && ended.is_some() {
                return ended.unwrap_or(Ended::Code(1));
            }
        }
    }

    fn hand_on(&mut self, Caught { signal, sender }: Caught) {
        match signal {
            // Who leads the session tells of the command, not its own end.
            Signal::SIGCHLD => reap_others(None),
            Signal::SIGWINCH => self.pumps.resize(),
            Signal::SIGCONT => self.go_on(),
            _ if sender == From::Itself => {}
            _ => {
                let target = match sender {
                    From::Process(pid) => Target::Command { sender: pid.as_raw() },
                    From::Kernel | From::Itself => Target::Group,
                };
                self.session.order(&Order::Signal { number: signal as i32, target });
            }
        }
    }

    /// Stops with the command, or gives it the keys where it stopped for want of them.
    fn stopped(&mut self, number: i32) {
        let signal = Signal::try_from(number).unwrap_or(Signal::SIGSTOP);
        if matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU) && self.outer.is_foreground() {
            self.ground = Ground::Fore;
            return self.go_on();
        }
        self.keys.close();
        self.outer.restore();
        if signal == Signal::SIGTSTP {
            // Who is in our group would have been stopped by the key as well.
            let _ = kill(Pid::from_raw(0), signal);
        }
        let _ = raise(Signal::SIGSTOP);
    }

    /// Goes on, on the ground that the shell has put us on.
    fn go_on(&mut self) {
        let ground = if self.outer.is_foreground() { self.ground } else { Ground::Back };
        self.pumps.resize();
        if ground == Ground::Fore {
            self.take_keys();
        }
        self.session.order(&Order::GoOn { ground });
    }

    /// Has keys go to the command, as it wants them.
    fn take_keys(&mut self) {
        if !self.had_keys {
            // In the background the modes were those that a shell reads its own keys with.
            let modes = self.outer.look_again();
            if let Some((pty, _)) = self.pumps.terminals.first() {
                pty::set_modes(pty, modes);
            }
            self.had_keys = true;
        }
        self.outer.make_raw();
    }
}

fn end(report: Report) -> Ended {
    match report {
        Report::Exited(number) => Ended::Code(number),
        Report::Killed(number) => Ended::Signal(number),
        Report::Unstarted(errno) => Ended::Unstarted(errno),
        Report::Running(_) | Report::Stopped(_) | Report::Gone => Ended::Signal(Signal::SIGKILL as i32),
    }
}
