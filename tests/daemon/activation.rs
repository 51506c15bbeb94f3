//! A socket that a service manager made and passed, by the protocol of `sd_listen_fds(3)`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use vault_testkit::{Daemon, Home, NONE, refusal, vaultd};

/// Stands for the service manager: makes a socket at a path, with a mode, and becomes the daemon with it as descriptor 3.
const MANAGER: &str = "
import os, socket, sys
kind, path, mode = sys.argv[1], sys.argv[2], int(sys.argv[3], 8)
made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == 'datagram' else socket.SOCK_STREAM)
made.bind(path)
os.chmod(path, mode)
if kind == 'listening': made.listen(16)
os.dup2(made.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS=os.environ.get('COUNT', '1'), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[4], sys.argv[4:])
";

/// Prepares a daemon that is passed a socket of a kind and a mode.
fn passed(home: &Home, kind: &str, mode: &str) -> (Command, PathBuf) {
    let socket = home.path("passed.sock");
    let mut command = home.command_of(Path::new("/usr/bin/env"));
    command.args(["python3", "-c", MANAGER, kind]).arg(&socket).arg(mode).arg(vaultd());
    command.arg("--home").arg(home.path("")).env("PATH", env!("PATH"));
    (command, socket)
}

#[test]
fn a_passed_socket_is_served_and_no_other_is_made() {
    let home = Home::new();
    let (command, socket) = passed(&home, "listening", "0600");
    let daemon = Daemon::start_as(&home, command, &socket);
    daemon.create("a", "the value");
    assert_eq!("the value", daemon.resolve("a").value());
    assert!(!home.path("vault.sock").exists());
}

#[test]
fn a_passed_socket_is_left_to_who_made_it() {
    let home = Home::new();
    let (command, socket) = passed(&home, "listening", "0600");
    let daemon = Daemon::start_as(&home, command, &socket);
    assert_eq!(200, daemon.http("GET", "/healthz", NONE).status);
    daemon.stop();
    assert!(socket.exists());
}

#[test]
fn a_passed_socket_that_is_wider_than_configured_is_refused() {
    let home = Home::new();
    let (command, socket) = passed(&home, "listening", "0666");
    let (code, words) = refusal(command);
    assert_eq!(1, code, "{words}");
    assert!(words.contains("mode 0666, wider than 0600"), "{words}");
    assert_eq!(0o666, socket.metadata().unwrap().permissions().mode() & 0o777);
}

#[test]
fn what_is_no_listening_stream_socket_is_refused() {
    for (kind, words) in [("datagram", "no Unix stream socket"), ("silent", "does not listen")] {
        let home = Home::new();
        let (code, said) = refusal(passed(&home, kind, "0600").0);
        assert!(code == 1 && said.contains(words), "{kind}: {code} {said}");
    }
}

#[test]
fn more_than_one_socket_is_refused() {
    // The second is a number that a list of all of them would not fit into memory for.
    for count in ["2", "4294967295"] {
        let home = Home::new();
        let (mut command, _) = passed(&home, "listening", "0600");
        command.env("COUNT", count);
        let (code, words) = refusal(command);
        let expected = format!("{count} sockets were passed; vaultd serves one");
        assert!(code == 1 && words.contains(&expected), "{code} {words}");
        assert!(!home.path("vault.sock").exists());
    }
}

#[test]
fn a_number_of_sockets_that_is_none_is_refused() {
    for count in ["-1", "one", ""] {
        let home = Home::new();
        let (mut command, _) = passed(&home, "listening", "0600");
        command.env("COUNT", count);
        let (code, words) = refusal(command);
        assert!(code == 1 && words.contains("LISTEN_FDS is not a number"), "{count}: {code} {words}");
    }
}
