//! Commands that are killed while they write a file with values: nothing of it is left.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};

use vault_testkit::TestEnvironment;

/// Stands between a client and the daemon, and does not pass on what asks for one method.
struct Held {
    socket: PathBuf,
    came: Receiver<()>,
}

impl Held {
    fn at(test: &TestEnvironment, method: &str) -> Self {
        let (socket, (sender, came)) = (test.path("held.sock"), channel());
        let listener = UnixListener::bind(&socket).unwrap();
        let (daemon, question) = (test.path("vault.sock"), format!(r#""method":"{method}""#));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (daemon, question, sender) = (daemon.clone(), question.clone(), sender.clone());
                std::thread::spawn(move || pass_on(client.unwrap(), &daemon, &question, &sender));
            }
        });
        Self { socket, came }
    }
}

/// Passes questions and answers on, a line each, up to the question that is held.
fn pass_on(client: UnixStream, daemon: &Path, question: &str, came: &Sender<()>) {
    let mut lines = BufReader::new(client);
    let mut daemon = BufReader::new(UnixStream::connect(daemon).unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        if line.contains(question) {
            came.send(()).unwrap();
            let _ = lines.read_to_string(&mut line);
            return;
        }
        daemon.get_mut().write_all(line.as_bytes()).unwrap();
        line.clear();
        daemon.read_line(&mut line).unwrap();
        lines.get_mut().write_all(line.as_bytes()).unwrap();
        line.clear();
    }
}

/// Lists a folder, with what each file holds.
fn held_in(folder: &Path) -> Vec<(String, String)> {
    let held = |file: std::fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(file.path()).unwrap())
    };
    folder.read_dir().unwrap().map(|file| held(file.unwrap())).collect()
}

/// Kills a command when it asks for a method, and returns the folder that it wrote to.
fn killed_at(method: &str, arguments: &[&str], old: Option<&str>) -> (TestEnvironment, PathBuf) {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    let folder = test.path("out");
    std::fs::create_dir(&folder).unwrap();
    if let Some(old) = old {
        test.write("out/file", old);
    }
    let held = Held::at(&test, method);
    let socket = held.socket.to_str().unwrap();
    let mut command = test.command(&[&["--socket", socket], arguments].concat());
    command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    held.came.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    (test, folder)
}

#[test]
fn a_killed_export_leaves_nothing() {
    let (_test, folder) = killed_at("vault.export", &["export", "--reveal", "-o", "file"], None);
    assert_eq!(Vec::<(String, String)>::new(), held_in(&folder));
}

#[test]
fn a_killed_backup_leaves_nothing() {
    let (_test, folder) = killed_at("vault.backupPart", &["backup", "file"], None);
    assert_eq!(Vec::<(String, String)>::new(), held_in(&folder));
}

#[test]
fn a_killed_command_leaves_the_file_that_it_was_to_replace() {
    for (method, arguments) in [
        ("vault.export", ["export", "--reveal", "--force", "-o", "file"].as_slice()),
        ("vault.backupPart", &["backup", "--force", "file"]),
    ] {
        let (test, folder) = killed_at(method, arguments, Some("old"));
        assert_eq!(vec![("file".to_owned(), "old".to_owned())], held_in(&folder));
        let mut again = test.command(arguments);
        again.current_dir(&folder);
        test.run(again, "").succeeded();
        assert_eq!(1, folder.read_dir().unwrap().count());
        assert_ne!(b"old".to_vec(), std::fs::read(folder.join("file")).unwrap());
    }
}

#[test]
fn what_another_version_left_when_it_was_killed_goes_at_the_next_run() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    // No process has the highest number.
    let left = test.write(".file.2147483647", "a value");
    let output = test.path("file").display().to_string();
    test.ctl_with(&["inject", "-o", &output], "{{ vault://a }}").succeeded();
    assert!(!left.exists());
}
