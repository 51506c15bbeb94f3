//! A command with all that it starts, which ends with it, and with the server.
//!
//! What a command starts can leave its group and its session; only its parent can still end it then. So a process of this
//! program, the reaper, starts the command and adopts each descendant that loses its parent (`PR_SET_CHILD_SUBREAPER`). When
//! the command has ended, when the server asks for it, or when the server is gone, however it ended, the reaper ends
//! what is left. It gets the values through a socket, whose end tells it that the server is gone. What a reaper leaves that
//! the command has killed, the server adopts and ends.

mod reaper;
mod reapers;

use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::commands::run::{Assigned, Launch};
use crate::{birth, wire};
use reapers::Reaper;

pub(crate) use reaper::{is_reaper, reap};
pub(super) use reapers::adopt;

/// What the reaper calls itself.
const NAME: &str = "vaultctl-reaper";

/// What the reaper is to start.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    variables: Vec<Assigned>,
}

/// What became of the command, once nothing of it is left.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Report {
    /// It could not be started; the system's number for why.
    Unstarted(i32),
    /// It ended with a code.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
}

/// A command that runs, and all that it started.
#[derive(Debug)]
pub(super) struct Tree {
    socket: UnixStream,
    reaper: Reaper,
}

impl Tree {
    /// Starts the reaper, and through it the command.
    fn start(launch: &mut Launch, folder: Option<&Path>, ends: [BorrowedFd<'_>; 3]) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut reaper = Command::new(birth::own_program()?);
        reaper.arg0(NAME).args(&launch.command);
        launch.surround(&mut reaper);
        reaper.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(folder) = folder {
            reaper.current_dir(folder);
        }
        let tree = Self { socket, reaper: Reaper::start(&mut reaper)? };
        wire::send(&tree.socket, ends)?;
        wire::tell(&tree.socket, &Order { variables: std::mem::take(&mut launch.variables) })?;
        Ok(tree)
    }

    /// Waits until nothing of it is left, and ends it at the deadline; returns whether that was reached, too.
    ///
    /// # Errors
    /// What the system answers.
    pub(super) fn wait(self, deadline: Instant) -> io::Result<(Report, bool)> {
        let timed_out = !is_told(&self.socket, deadline)?;
        if timed_out {
            self.line()?.end();
        }
        let report = wire::next(&mut BufReader::new(&self.socket));
        self.reaper.wait()?;
        let report = report.unwrap_or_else(|| {
            // The reaper itself was killed, and the command with it.
            reapers::end_orphans();
            Report::Killed(nix::libc::SIGKILL)
        });
        Ok((report, timed_out))
    }

    /// What ends it from elsewhere.
    fn line(&self) -> io::Result<Line> {
        Ok(Line { socket: self.socket.try_clone()?, reaper: self.reaper.pid() })
    }
}

/// Waits for the reaper's report or its end; returns whether there is one by the deadline.
fn is_told(socket: &UnixStream, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now())).ok();
        match poll(&mut [PollFd::new(socket, PollFlags::IN)], left.as_ref()) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

/// What is held of a reaper to have it end everything.
#[derive(Debug)]
struct Line {
    socket: UnixStream,
    reaper: Pid,
}

impl Line {
    fn end(&self) {
        // It may have ended just now.
        let _ = self.socket.shutdown(Shutdown::Write);
        reapers::wake(self.reaper);
    }
}

/// Ends a command, or keeps it from starting.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Before,
    Runs(Line),
    Over,
}

impl Stop {
    /// Ends it, with all that it started.
    pub(super) fn now(&self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Runs(line) = &*stage {
            line.end();
        }
        *stage = Stage::Over;
    }

    /// Starts it with its stdin, stdout and stderr, unless it was stopped before.
    ///
    /// # Errors
    /// What the system answers.
    pub(super) fn start(
        &self,
        launch: &mut Launch,
        folder: Option<&Path>,
        ends: [BorrowedFd<'_>; 3],
    ) -> io::Result<Option<Tree>> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*stage, Stage::Over) {
            return Ok(None);
        }
        let tree = Tree::start(launch, folder, ends)?;
        *stage = Stage::Runs(tree.line()?);
        Ok(Some(tree))
    }
}
