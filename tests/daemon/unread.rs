//! Callers that ask for much and read nothing: what is not written yet is bounded, for each of them and in total.
//!
//! They are other users than the daemon's, which runs with as little memory as its unit allows, so the tests need root.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use vault_testkit::cgroup::MemoryCgroup;
use vault_testkit::memory::status_bytes;
use vault_testkit::users::{User, public_folder};
use vault_testkit::{Daemon, Home, connect, vaultctl, vaultd, wait_for, wire};

const MIB: u64 = 1024 * 1024;
/// `MemoryMax=` of the unit.
const LIMIT: u64 = 512 * MIB;
/// Asks for the longest value.
const RESOLVED: &str = "GET /vault/resolve/long HTTP/1.1\r\nHost: v\r\n\r\n";
/// How long a flood waits for a daemon that takes no more of it.
const PATIENCE: Duration = Duration::from_secs(4);
/// May connect, and has no grant.
const GUEST: User = User { uid: 2003, groups: &[] };
/// The same, or an agent.
const OTHER: User = User { uid: 2004, groups: &[] };

/// A daemon in its cgroup that two other users may ask.
struct Bounded {
    daemon: Daemon,
    folder: TempDir,
    _home: Home,
    group: MemoryCgroup,
}

impl Bounded {
    fn new() -> Self {
        let (home, folder, group) = (Home::new(), public_folder().0, MemoryCgroup::new(LIMIT));
        home.write("vault.toml", "[kdf]\niterations = 100000\n[access]\nusers = [2003, 2004]\n");
        let socket = folder.path().join("vault.sock");
        let mut command = home.command_of("/bin/sh".as_ref());
        group.run(&mut command, vaultd());
        command.arg("--home").arg(home.path("")).arg("--socket").arg(&socket).args(["--socket-mode", "666"]);
        let daemon = Daemon::start_as(&home, command, &socket);
        daemon.create("a", "value");
        Self { daemon, folder, _home: home, group }
    }

    fn memory(&self) -> u64 {
        status_bytes(self.daemon.pid(), "VmRSS")
    }

    /// Connects as a user again and again, sends the same bytes each time, and reads nothing.
    fn flood(&self, user: User, count: usize, bytes: &[u8]) -> Vec<UnixStream> {
        let one = || {
            let mut stream = UnixStream::connect(self.daemon.socket()).unwrap();
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            // The daemon may have closed it already, for another of the same user.
            let _ = stream.write_all(bytes);
            stream
        };
        user.does(|| (0..count).map(|_| one()).collect())
    }

    /// Has an owner ask while a flood stands, ends the flood, and waits until its memory is returned.
    fn withstands(&self, flood: impl FnOnce() -> Vec<UnixStream>) {
        let before = self.memory();
        let standing = flood();
        for _ in 0..20 {
            assert_eq!("value", self.daemon.resolve("a").value());
        }
        assert!(self.group.usage() < LIMIT / 2, "{} MiB", self.group.usage() / MIB);
        drop(standing);
        wait_for("memory that is returned", || (self.memory() < 2 * before).then_some(()));
    }
}

/// Writes a batch of a hundred messages.
fn batch(method: &str, params: &Value) -> String {
    let message = |id| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    json!((0..100).map(message).collect::<Vec<_>>()).to_string()
}

/// Writes the same as a request of HTTP.
fn posted(batch: &str) -> String {
    format!("POST /rpc HTTP/1.1\r\nHost: v\r\nContent-Length: {}\r\n\r\n{batch}", batch.len())
}

#[test(needs(Root, MemoryCgroup))]
fn a_guest_that_reads_nothing_does_not_end_the_daemon() {
    let bounded = Bounded::new();
    let line = batch("vault.presets", &json!({})) + "\n";
    bounded.withstands(|| bounded.flood(GUEST, 512, line.as_bytes()));
}

#[test(needs(Root, MemoryCgroup))]
fn a_guest_that_reads_no_description_does_not_end_the_daemon() {
    let bounded = Bounded::new();
    let line = batch("rpc.discover", &json!({})) + "\n";
    bounded.withstands(|| bounded.flood(GUEST, 512, line.as_bytes()));
}

#[test(needs(Root, MemoryCgroup))]
fn two_guests_that_read_nothing_over_http_do_not_end_the_daemon() {
    let bounded = Bounded::new();
    let request = posted(&batch("vault.presets", &json!({})));
    bounded.withstands(|| {
        let mut standing = bounded.flood(GUEST, 256, request.as_bytes());
        standing.extend(bounded.flood(OTHER, 256, request.as_bytes()));
        standing
    });
}

#[test(needs(Root, MemoryCgroup))]
fn an_agent_that_reads_none_of_its_values_does_not_end_the_daemon() {
    let bounded = Bounded::new();
    bounded.daemon.create("large", &"x".repeat(20_000));
    let grants = json!([{ "names": ["large"], "actions": ["decrypt"] }]);
    let agent = json!({ "name": "bot", "match": { "uid": OTHER.uid }, "grants": grants });
    assert_eq!(201, bounded.daemon.http("POST", "/vault/agents", agent).status);
    let line = batch("vault.resolveMany", &json!({ "names": vec!["large"; 10] })) + "\n";
    bounded.withstands(|| bounded.flood(OTHER, 100, line.as_bytes()));
}

/// Stores a value of the most bytes, each of which JSON writes in six, and lets both other users read it.
fn of_escapes() -> Bounded {
    let bounded = Bounded::new();
    bounded.daemon.create("long", &"\u{1}".repeat(1024 * 1024));
    for (name, user) in [("one", GUEST), ("two", OTHER)] {
        let agent = json!({
            "name": name, "match": { "uid": user.uid }, "grants": [{ "names": ["*"], "actions": ["decrypt"] }]
        });
        assert_eq!(201, bounded.daemon.http("POST", "/vault/agents", agent).status);
    }
    bounded
}

#[test(needs(Root, MemoryCgroup))]
fn two_agents_that_read_none_of_their_longest_values_do_not_end_the_daemon() {
    let bounded = of_escapes();
    let line = batch("vault.resolve", &json!({ "name": "long" })) + "\n";
    bounded.withstands(|| {
        let mut standing = bounded.flood(GUEST, 200, line.as_bytes());
        standing.extend(bounded.flood(OTHER, 200, RESOLVED.as_bytes()));
        standing
    });
}

#[test(needs(Root, MemoryCgroup))]
fn an_owner_that_reads_none_of_the_longest_values_does_not_end_the_daemon() {
    let bounded = of_escapes();
    let line = wire::message("vault.resolve", json!({ "name": "long" })).to_string() + "\n";
    for asked in [&*line, RESOLVED] {
        let connected = || {
            let mut stream = connect(bounded.daemon.socket());
            stream.write_all(asked.as_bytes()).unwrap();
            stream
        };
        let mut standing: Vec<_> = (0..200).map(|_| connected()).collect();
        // Each has the beginning of the value then, or a refusal.
        for stream in &mut standing {
            stream.read_exact(&mut [0]).unwrap();
        }
        let most = status_bytes(bounded.daemon.pid(), "VmHWM");
        assert!(most < LIMIT / 2, "{} MiB", most / MIB);
    }
}

#[test]
fn a_batch_is_done_as_its_answers_are_taken() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("large", &"x".repeat(300_000));
    let decrypted = || daemon.audit().iter().filter(|entry| entry["action"] == "decrypt").count();
    let line = batch("vault.resolve", &json!({ "name": "large" }));
    for bytes in [format!("{line}\n"), posted(&line)] {
        let before = decrypted();
        let mut stream = connect(daemon.socket());
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
        assert!(decrypted() - before < 10, "{} answers were made for a caller that reads none", decrypted());
        stream.shutdown(Shutdown::Write).unwrap();
        let length = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
        assert!(length > 30_000_000, "{length} bytes");
        assert_eq!(100, decrypted() - before);
    }
}

impl Bounded {
    /// Stores a thousand secrets with 16 KB of metadata each, and lets the other user list and decrypt one.
    fn stocked() -> Self {
        let bounded = Self::new();
        let metadata = json!({ "note": "n".repeat(16_000) });
        // Each is compared with all that the platform has, so that fewer at once are answered sooner.
        for portion in 0..50 {
            let name = |n: u32| format!("skill:other:field_{portion}_{n}");
            let entry = |n| json!({ "name": name(n), "value": "v", "metadata": metadata });
            let entries: Vec<_> = (0..20).map(entry).collect();
            let answer = bounded.daemon.http("POST", "/vault/import", json!({ "entries": entries }));
            assert_eq!(200, answer.status, "{}", answer.text);
        }
        let grants = json!([{ "names": ["a"], "actions": ["read", "decrypt", "rotate"] }]);
        let agent = json!({ "name": "bot", "match": { "uid": OTHER.uid }, "grants": grants });
        assert_eq!(201, bounded.daemon.http("POST", "/vault/agents", agent).status);
        bounded
    }

    /// Has an agent with one grant ask a hundred times at once for what is a look at everything.
    fn withstands_looks(&self, target: &str) {
        let length = if target.starts_with("POST") { "Content-Length: 2\r\n\r\n{}" } else { "\r\n" };
        let request = format!("{target} HTTP/1.1\r\nHost: v\r\n{length}");
        self.withstands(|| self.flood(OTHER, 100, request.as_bytes()));
    }
}

#[test(needs(Root, MemoryCgroup))]
fn a_hundred_lists_of_an_agent_read_no_rows_but_its_own() {
    Bounded::stocked().withstands_looks("GET /vault/secrets?orgId=*");
}

#[test(needs(Root, MemoryCgroup))]
fn a_hundred_counts_of_an_agent_read_no_rows_but_its_own() {
    Bounded::stocked().withstands_looks("GET /vault/status?orgId=*");
}

#[test(needs(Root, MemoryCgroup))]
fn a_hundred_looks_of_an_agent_at_the_platforms_read_no_rows_but_its_own() {
    Bounded::stocked().withstands_looks("GET /vault/discover");
}

#[test(needs(Root, MemoryCgroup))]
fn a_hundred_looks_of_an_agent_at_a_platform_of_many_fields_read_no_rows_but_its_own() {
    Bounded::stocked().withstands_looks("GET /vault/discover?platform=other");
}

#[test(needs(Root, MemoryCgroup))]
fn a_hundred_rotations_of_all_that_an_agent_may_rotate_read_no_rows_but_its_own() {
    Bounded::stocked().withstands_looks("POST /vault/rotate-all");
}

#[test(needs(Root, MemoryCgroup))]
fn an_agent_whose_program_has_forty_gigabytes_keeps_no_owner_waiting() {
    let bounded = Bounded::new();
    let program = bounded.folder.path().join("large");
    std::fs::copy(vaultctl(), &program).unwrap();
    std::fs::File::options().write(true).open(&program).unwrap().set_len(40 * 1024 * MIB).unwrap();
    let grants = json!([{ "names": ["a"], "actions": ["decrypt"] }]);
    let matches = json!({ "uid": OTHER.uid, "sha256": "0".repeat(64) });
    let agent = json!({ "name": "bot", "match": matches, "grants": grants });
    assert_eq!(201, bounded.daemon.http("POST", "/vault/agents", agent).status);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "2004", "--regid", "2004", "--clear-groups", "--"]).arg(&program);
    command
        .arg("--socket")
        .arg(bounded.daemon.socket())
        .args(["get", "a"])
        .env("HOME", bounded.folder.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = wait_for("a refusal of a program that is too large", || child.try_wait().unwrap());
    assert!(!status.success());
    assert_eq!("value", bounded.daemon.resolve("a").value());
}
