//! A program between a client and the daemon, which looks at each question before it is passed on.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use vault_testkit::TestEnvironment;

/// What becomes of a question.
pub(crate) enum Then {
    PassOn,
    /// It gets no answer for as long as the client waits.
    Keep,
    /// The connection ends.
    Close,
}

/// A socket that passes lines on to the daemon.
pub(crate) struct Between {
    socket: PathBuf,
}

impl Between {
    pub(crate) fn passing(
        test: &TestEnvironment,
        look: impl Fn(&str) -> Then + Clone + Send + 'static,
    ) -> Self {
        let (socket, daemon) = (test.path("between.sock"), test.path("vault.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (daemon, look) = (daemon.clone(), look.clone());
                std::thread::spawn(move || pass_on(client.unwrap(), &daemon, look));
            }
        });
        Self { socket }
    }

    /// Keeps each question that matches, and says when one comes.
    pub(crate) fn keeping(
        test: &TestEnvironment,
        matches: impl Fn(&str) -> bool + Clone + Send + 'static,
    ) -> (Self, Receiver<()>) {
        let (sender, came) = channel();
        let look = move |question: &str| {
            if !matches(question) {
                return Then::PassOn;
            }
            sender.send(()).unwrap();
            Then::Keep
        };
        (Self::passing(test, look), came)
    }

    pub(crate) fn socket(&self) -> &str {
        self.socket.to_str().unwrap()
    }
}

/// Passes questions and answers on, a line each.
fn pass_on(client: UnixStream, daemon: &Path, look: impl Fn(&str) -> Then) {
    let mut lines = BufReader::new(client);
    let mut daemon = BufReader::new(UnixStream::connect(daemon).unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        match look(&line) {
            Then::PassOn => {}
            Then::Keep => return drop(lines.read_to_string(&mut line)),
            Then::Close => return,
        }
        daemon.get_mut().write_all(line.as_bytes()).unwrap();
        line.clear();
        daemon.read_line(&mut line).unwrap();
        lines.get_mut().write_all(line.as_bytes()).unwrap();
        line.clear();
    }
}

/// Starts a command in a folder; what it says is of no interest.
pub(crate) fn started(test: &TestEnvironment, folder: &Path, arguments: &[&str]) -> Child {
    let mut command = test.command(arguments);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}
