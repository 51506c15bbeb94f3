//! Who follows the log hears of every entry, in order, from wherever he left off.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::json;
use vault_testkit::{Daemon, Home, connect};

/// Follows the log from a place on, over a connection of its own.
fn follow(daemon: &Daemon, since: u64) -> BufReader<UnixStream> {
    let mut stream = connect(daemon.socket());
    write!(stream, "GET /vault/events?since={since} HTTP/1.1\r\nHost: v\r\n\r\n").unwrap();
    BufReader::new(stream)
}

/// Reads the places of as many entries.
fn places(follower: &mut BufReader<UnixStream>, count: usize) -> Vec<u64> {
    let lines = follower.by_ref().lines().map(Result::unwrap);
    let lines = lines.inspect(|line| assert_ne!(": ping", line, "no more entries come"));
    let places = lines.filter_map(|line| line.strip_prefix("id: ").map(|place| place.parse().unwrap()));
    places.take(count).collect()
}

#[test]
fn a_follower_who_is_ten_thousand_entries_behind_misses_none() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let names: Vec<_> = (0..100).map(|number| format!("secret {number}")).collect();
    let entries: Vec<_> = names.iter().map(|name| json!({ "name": name, "value": "v" })).collect();
    assert_eq!(200, daemon.http("POST", "/vault/import", json!({ "entries": entries })).status);
    let left_off = daemon.audit()[0]["seq"].as_u64().unwrap();
    for _ in 0..105 {
        assert_eq!(200, daemon.http("POST", "/vault/resolve", json!({ "names": names })).status);
    }
    let mut follower = follow(&daemon, left_off);
    let behind = left_off + 10_500;
    assert_eq!((left_off + 1..=behind).collect::<Vec<_>>(), places(&mut follower, 10_500));
    daemon.resolve("secret 1");
    assert_eq!(vec![behind + 1], places(&mut follower, 1));
}

#[test]
fn a_follower_from_beyond_the_end_hears_of_the_next_entry() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut follower = follow(&daemon, u64::MAX);
    let mut line = String::new();
    follower.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    let end = daemon.audit()[0]["seq"].as_u64().unwrap();
    daemon.create("a", "value");
    assert_eq!(vec![end + 1], places(&mut follower, 1));
}
