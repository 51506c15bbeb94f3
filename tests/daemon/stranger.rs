//! What another user of the machine gets, even where the files would let him in: nothing.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use tempfile::TempDir;
use vault_testkit::users::User;
use vault_testkit::{Daemon, Home, connect, wait_for};

const STRANGER: User = User { uid: 65534, groups: &[] };

/// Starts a daemon whose socket everybody may open.
fn open_to_all() -> (Home, TempDir, Daemon) {
    let home = Home::new();
    let public = TempDir::with_prefix("public").unwrap();
    std::fs::set_permissions(public.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = public.path().join("vault.sock");
    let mut command = home.command();
    command.arg("--socket-mode").arg("0666").arg("--socket").arg(&socket);
    let daemon = Daemon::start_as(&home, command, &socket);
    (home, public, daemon)
}

/// Reads until the end; a reset is one too.
fn drained(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => bytes,
        Err(error) => panic!("{error}"),
    }
}

#[test(needs(Root))]
fn a_stranger_is_dropped_before_a_byte_is_read() {
    let (home, _public, daemon) = open_to_all();
    let mut silent = STRANGER.does(|| connect(daemon.socket()));
    assert!(drained(&mut silent).is_empty());
    // A silent caller who may call is let go after five seconds, without this word.
    wait_for("the log's word", || home.log().contains("a stranger was dropped").then_some(()));
}

#[test(needs(Root))]
fn a_stranger_gets_no_answer_through_either_protocol() {
    let (_home, _public, daemon) = open_to_all();
    daemon.create("a", "v");
    for request in [
        "GET /vault/secrets HTTP/1.1\r\nHost: vault\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: vault\r\n\r\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.status\"}\n",
    ] {
        let mut stream = STRANGER.does(|| connect(daemon.socket()));
        let _ = stream.write_all(request.as_bytes());
        assert!(drained(&mut stream).is_empty(), "{request}");
    }
}

#[test(needs(Root))]
fn a_stranger_leaves_nothing_in_the_log() {
    let (_home, _public, daemon) = open_to_all();
    let before = daemon.audit().len();
    drop(STRANGER.does(|| connect(daemon.socket())));
    assert_eq!(before, daemon.audit().len());
}

#[test(needs(Root))]
fn a_stranger_cannot_even_reach_the_usual_socket() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let error = STRANGER.does(|| UnixStream::connect(daemon.socket())).unwrap_err();
    assert_eq!(ErrorKind::PermissionDenied, error.kind());
}
