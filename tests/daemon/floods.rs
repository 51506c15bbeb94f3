//! Callers who take more than their share: while they stand at the door, an honest one is answered, and memory keeps
//! its bound.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use vault_testkit::memory::status_bytes;
use vault_testkit::{Daemon, Home, parse, vaultd, wait_for};

/// After how long the daemon lets the first silent connection go.
const SILENT: Duration = Duration::from_secs(5);
/// What the daemon may take of memory under any flood; `systemd/vaultd.service` allows it twice as much.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Makes room for thousands of connections in this process.
fn make_room() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

/// Callers that take more than their share.
struct Flood<'a> {
    socket: &'a Path,
    count: usize,
    /// What each of them sends.
    bytes: &'a [u8],
}

impl Flood<'_> {
    /// Connects and sends the same bytes many times over, and keeps every connection.
    fn stand(&self) -> Vec<UnixStream> {
        let connected = (0..self.count).map(|_| {
            let mut stream = UnixStream::connect(self.socket).unwrap();
            stream.set_write_timeout(Some(SILENT)).unwrap();
            // The daemon may have closed it already to let another one in.
            let _ = stream.write_all(self.bytes);
            stream
        });
        connected.collect()
    }

    /// Stands until each honest request was answered before the time of any of these callers could have run out; returns the last
    /// of them.
    fn withstood(&self) -> Vec<UnixStream> {
        let mut last = Vec::new();
        for request in honest_requests() {
            last = wait_for("an answer while the flood stands", || {
                let began = Instant::now();
                let standing = self.stand();
                assert_eq!(200, honest(self.socket, &request));
                (began.elapsed() < SILENT).then_some(standing)
            });
        }
        last
    }
}

/// Makes a request as an honest caller does, and returns the status of its answer.
fn honest(socket: &Path, request: &str) -> u16 {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    parse(&answer).status
}

/// What an honest caller asks for: with no body, with a small one and with a large one.
fn honest_requests() -> [String; 3] {
    let head = "Host: v\r\nConnection: close\r\n";
    let body = json!({ "names": ["a"], "platform": null, "orgId": "default" }).to_string();
    let with_body = |spaces: usize| {
        let length = body.len() + spaces;
        let spaces = " ".repeat(spaces);
        format!("POST /vault/resolve HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}{spaces}")
    };
    [format!("GET /vault/resolve/a HTTP/1.1\r\n{head}\r\n"), with_body(5), with_body(600_000)]
}

fn assert_honest_callers_are_answered(daemon: &Daemon) {
    for request in honest_requests() {
        assert_eq!(200, honest(daemon.socket(), &request), "{} bytes", request.len());
    }
}

fn descriptors(daemon: &Daemon) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count()
}

/// Floods a daemon, sees that it serves and keeps its bound, ends the flood and sees that everything is given back.
fn withstands(daemon: &Daemon, count: usize, bytes: &[u8]) {
    make_room();
    daemon.create("a", "v");
    let before = descriptors(daemon);
    let standing = Flood { socket: daemon.socket(), count, bytes }.withstood();
    let memory = status_bytes(daemon.pid(), "VmRSS");
    assert!(memory < MEMORY, "{memory} bytes");
    drop(standing);
    // One more or less is the log's or the watcher's.
    wait_for("the end of all descriptors", || (descriptors(daemon) <= before + 2).then_some(()));
    assert_honest_callers_are_answered(daemon);
}

/// Starts a daemon that may open so many files.
fn with_descriptors(home: &Home, limit: u32) -> Daemon {
    let mut command = home.command_of(Path::new("/bin/sh"));
    command.arg("-c").arg(format!("ulimit -n {limit} && exec \"$@\"")).arg("sh");
    command.arg(vaultd()).arg("--home").arg(home.path(""));
    Daemon::start_as(home, command, &home.path("vault.sock"))
}

#[test(needs(ManyFiles))]
fn two_thousand_idle_connections_keep_nobody_waiting() {
    let home = Home::new();
    withstands(&Daemon::start(&home), 2000, b"");
}

#[test(needs(ManyFiles))]
fn a_thousand_half_sent_heads_keep_nobody_waiting() {
    let home = Home::new();
    withstands(&Daemon::start(&home), 1000, b"GET /vault/resolve/a HTTP/1.1\r\nHost: v\r\nX-Long: ");
}

#[test(needs(ManyFiles))]
fn a_thousand_half_sent_messages_keep_nobody_waiting() {
    let home = Home::new();
    withstands(&Daemon::start(&home), 1000, b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.list\"");
}

#[test(needs(ManyFiles))]
fn six_hundred_slow_bodies_keep_nobody_waiting() {
    let home = Home::new();
    let begun = b"POST /vault/resolve HTTP/1.1\r\nHost: v\r\nContent-Length: 2000000\r\n\r\n{\"names\":[";
    withstands(&Daemon::start(&home), 600, begun);
}

#[test(needs(ManyFiles))]
fn six_hundred_slow_bodies_of_no_announced_length_keep_nobody_waiting() {
    let home = Home::new();
    let begun =
        b"POST /vault/resolve HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"names\"";
    withstands(&Daemon::start(&home), 600, begun);
}

#[test(needs(ManyFiles))]
fn six_hundred_large_messages_without_an_end_keep_nobody_waiting() {
    let home = Home::new();
    let begun = format!("{{\"jsonrpc\":\"{}", "2".repeat(100_000));
    withstands(&Daemon::start(&home), 600, begun.as_bytes());
}

#[test(needs(ManyFiles))]
fn six_hundred_large_bodies_without_an_end_keep_nobody_waiting() {
    let home = Home::new();
    let head = "POST /vault/resolve HTTP/1.1\r\nHost: v\r\nContent-Length: 2000000\r\n\r\n";
    withstands(&Daemon::start(&home), 600, format!("{head}{}", " ".repeat(100_000)).as_bytes());
}

#[test]
fn twenty_long_requests_of_escapes_without_an_end_keep_nobody_waiting() {
    let escapes = "\\u0061".repeat(400_000);
    let head = "POST /vault/secrets HTTP/1.1\r\nHost: v\r\nContent-Length: 7000000\r\n\r\n{\"name\":\"";
    for begun in [format!("{head}{escapes}"), format!("{{\"jsonrpc\":\"{escapes}")] {
        let home = Home::new();
        let daemon = Daemon::start(&home);
        daemon.create("a", "v");
        let flood = Flood { socket: daemon.socket(), count: 1, bytes: begun.as_bytes() };
        let standing: Vec<_> = std::thread::scope(|scope| {
            let all = [(); 20].map(|()| scope.spawn(|| flood.stand()));
            all.into_iter().flat_map(|one| one.join().unwrap()).collect()
        });
        assert_honest_callers_are_answered(&daemon);
        let memory = status_bytes(daemon.pid(), "VmHWM");
        assert!(memory < MEMORY, "{memory} bytes");
        drop(standing);
        assert_honest_callers_are_answered(&daemon);
    }
}

#[test(needs(ManyFiles))]
fn a_usual_limit_of_descriptors_is_enough_for_two_thousand_connections() {
    let home = Home::new();
    withstands(&with_descriptors(&home, 1024), 2000, b"");
}

#[test(needs(ManyFiles))]
fn a_daemon_with_few_descriptors_serves_through_a_flood_and_recovers() {
    let home = Home::new();
    withstands(&with_descriptors(&home, 64), 300, b"");
}

#[test(needs(ManyFiles))]
fn a_second_flood_takes_no_more_memory_than_the_first() {
    make_room();
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    let mut memory = Vec::new();
    for _ in 0..4 {
        let bytes = b"POST /rpc HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n";
        drop(Flood { socket: daemon.socket(), count: 600, bytes }.withstood());
        memory.push(status_bytes(daemon.pid(), "VmRSS"));
    }
    assert!(memory[3] < memory[0] + 16 * 1024 * 1024, "{memory:?}");
}

#[test]
fn callers_that_guess_tokens_keep_nobody_waiting() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for guesser in 0..8 {
            let (daemon, enough) = (&daemon, &enough);
            scope.spawn(move || {
                for guess in (0..).take_while(|_| !enough.load(Ordering::Relaxed)) {
                    let bearer = format!("Bearer amv_{guesser}_{guess}");
                    let answer = daemon.http_with("GET", "/vault/secrets", ("Authorization", &bearer));
                    assert!(matches!(answer.status, 401 | 429), "{}", answer.text);
                }
            });
        }
        for _ in 0..10 {
            assert_honest_callers_are_answered(&daemon);
        }
        enough.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_message_that_drips_in_has_its_ten_seconds_in_all() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let _ = stream.write_all(b"{");
    wait_for("the end of a connection that is never done", || {
        stream.write_all(b" ").err().filter(|error| error.kind() != ErrorKind::WouldBlock)
    });
}
