//! Who concerns the whole vault: locks, rotations of all, backups, SIGHUPs; and who follows its log.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use fastrand::Rng;
use nix::sys::signal::Signal;
use vault::api::{LockVault, RotateAll, StatusOf, UnlockVault};
use vault::client::Client;
use vault::domain::OrgScope;

use super::record::Record;
use crate::world::keeper::{back_up, secret};
use crate::world::oracle::words;
use crate::world::server::Server;

/// The pause between two of the keeper's acts.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a lock has to hold while the key file changes under it: about five edits, each looked at after 300 ms.
const HOLDS: Duration = Duration::from_secs(1);
/// How long the follower waits for the next line before it looks whether it is over.
const LOOK: Duration = Duration::from_millis(100);

/// How often the keeper did what.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Kept {
    pub(super) locks: u64,
    /// How many of the locks had to hold while the key file changed.
    pub(super) held: u64,
    pub(super) hang_ups: u64,
    pub(super) backups: u64,
    pub(super) rotations: u64,
}

/// Keeps until it is over.
pub(super) fn keep(server: &Server, key: &str, mut random: Rng, record: &Record) -> Result<Kept> {
    let mut kept = Kept::default();
    let mut client = Client::connect(&server.socket()).map_err(words)?;
    while !record.is_over() {
        match random.u8(0..40) {
            0 => {
                back_up(&mut client).map_err(words)?;
                kept.backups += 1;
            }
            1..=3 => {
                client.call(&LockVault {}).map_err(words)?;
                kept.locks += 1;
                if random.bool() {
                    record.wait(HOLDS);
                    let status = client.call(&StatusOf::default()).map_err(words)?;
                    ensure!(status.locked, "the key file opened what an owner locked");
                    kept.held += 1;
                }
                let key = secret(key.to_owned()).map_err(words)?;
                client.call(&UnlockVault { key }).map_err(words)?;
            }
            4..=11 => {
                server.signal(Signal::SIGHUP)?;
                kept.hang_ups += 1;
            }
            12..=19 => {
                client.call(&RotateAll { org_id: Some(OrgScope::All) }).map_err(words)?;
                kept.rotations += 1;
            }
            _ => {}
        }
        record.wait(PAUSE);
    }
    Ok(kept)
}

/// Follows the log from a place on until it is over; gives how many entries came, one after the other.
pub(super) fn follow(socket: &Path, from: u64, record: &Record) -> Result<u64> {
    let mut last = from;
    while !record.is_over() {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(LOOK))?;
        write!(stream, "GET /vault/events?since={last} HTTP/1.1\r\nHost: v\r\n\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while read_line(&mut reader, &mut line, record)? {
            if let Some(place) = place_in(&line) {
                ensure!(place == last + 1, "after entry {last} the log's followers hear of {place}");
                last = place;
            }
            // A locked vault shows nothing of its log.
            if line.starts_with(b"HTTP/1.1 ") && !line.starts_with(b"HTTP/1.1 200 ") {
                record.wait(LOOK);
                break;
            }
            line.clear();
        }
    }
    ensure!(last > from, "nothing was heard of the log");
    Ok(last - from)
}

/// Reads a line; `false` where the stream or the phase has ended.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, record: &Record) -> Result<bool> {
    while !record.is_over() {
        match reader.read_until(b'\n', line) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => bail!("the log could not be followed: {error}"),
        }
    }
    Ok(false)
}

fn place_in(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line.strip_prefix(b"id: ")?).ok()?.trim().parse().ok()
}
