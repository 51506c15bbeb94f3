//! What another user of the machine gets, even where the files would let him in: nothing.
//!
//! The tests change this process's user for a moment, so they take turns.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::{Daemon, Home, connect, runs_as_root, wait_for};
use nix::unistd::{Uid, seteuid};
use tempfile::TempDir;

const STRANGER: u32 = 65534;

static TURN: Mutex<()> = Mutex::new(());

/// Does something as another user.
fn as_stranger<T>(act: impl FnOnce() -> T) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    seteuid(Uid::from_raw(STRANGER)).unwrap();
    let done = act();
    seteuid(Uid::from_raw(0)).unwrap();
    done
}

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

#[test]
fn a_stranger_is_dropped_before_a_byte_is_read() {
    if !runs_as_root() {
        return;
    }
    let (home, _public, daemon) = open_to_all();
    let mut silent = as_stranger(|| connect(daemon.socket()));
    let start = Instant::now();
    assert!(drained(&mut silent).is_empty());
    // One who may call is given five seconds for his first byte.
    assert!(start.elapsed() < Duration::from_secs(4));
    wait_for("the log's word", || home.log().contains("a stranger was dropped").then_some(()));
}

#[test]
fn a_stranger_gets_no_answer_through_either_protocol() {
    if !runs_as_root() {
        return;
    }
    let (_home, _public, daemon) = open_to_all();
    daemon.create("a", "v");
    for request in [
        "GET /vault/secrets HTTP/1.1\r\nHost: vault\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: vault\r\n\r\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.status\"}\n",
    ] {
        let mut stream = as_stranger(|| connect(daemon.socket()));
        let _ = stream.write_all(request.as_bytes());
        assert!(drained(&mut stream).is_empty(), "{request}");
    }
}

#[test]
fn a_stranger_leaves_nothing_in_the_log() {
    if !runs_as_root() {
        return;
    }
    let (_home, _public, daemon) = open_to_all();
    let before = daemon.audit().len();
    drop(as_stranger(|| connect(daemon.socket())));
    assert_eq!(before, daemon.audit().len());
}

#[test]
fn a_stranger_cannot_even_reach_the_usual_socket() {
    if !runs_as_root() {
        return;
    }
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let error = as_stranger(|| UnixStream::connect(daemon.socket())).unwrap_err();
    assert_eq!(ErrorKind::PermissionDenied, error.kind());
}
