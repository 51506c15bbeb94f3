//! Backup: a snapshot of the database with a MAC over it, handed out in parts.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::PoisonError;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::desk::Desk;
use super::handle::{Handle, Place, Records};
use crate::api::{BackupMade, BackupPart, Code, Fault, MakeBackup, PART_BYTES, ReadBackup, Success};
use crate::audit::Draft;
use crate::backup::{HEAD_BYTES, Head, MAC_BYTES};
use crate::crypto::{Bytes32, random};
use crate::domain::Action;

/// A backup that waits to be read. Its file has no name any more, so it goes with the last who holds it.
#[derive(Debug)]
pub(super) struct Pending {
    name: String,
    head: [u8; HEAD_BYTES],
    length: u64,
    database: File,
    mac: Bytes32,
}

impl Pending {
    fn bytes(&self) -> u64 {
        self.length + (HEAD_BYTES + MAC_BYTES) as u64
    }

    /// Reads a part that lies in one of the three: head, database, MAC.
    fn part(&self, offset: u64) -> std::io::Result<Vec<u8>> {
        let head = HEAD_BYTES as u64;
        let slice = |bytes: &[u8], at: u64| {
            bytes.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default().to_vec()
        };
        if offset < head {
            return Ok(slice(&self.head, offset));
        }
        let at = offset - head;
        if at >= self.length {
            return Ok(slice(&self.mac, at - self.length));
        }
        let rest = usize::try_from(self.length - at).unwrap_or(PART_BYTES);
        let mut part = vec![0; rest.min(PART_BYTES)];
        self.database.read_exact_at(&mut part, at)?;
        Ok(part)
    }
}

impl Handle for MakeBackup {
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<BackupMade, Fault> {
        let whole = desk.ask_whole(Action::Backup)?;
        let database = desk.snapshot(whole)?;
        let length = database.metadata().map_err(|error| unreadable(&error))?.len();
        let (keys, made_at) = (desk.keys()?, desk.now());
        let head = Head { vault: keys.vault(), made_at, length };
        let mac = head.mac(keys, &digest_of(&database, length).map_err(|error| unreadable(&error))?);
        let name = HEXLOWER.encode(&random::<16>()?);
        let pending = Pending { name: name.clone(), head: head.to_bytes(), length, database, mac };
        let bytes = pending.bytes();
        desk.note(Draft::of(Action::Backup).with("bytes", bytes));
        *desk.vault().0.backup.lock().unwrap_or_else(PoisonError::into_inner) = Some(pending);
        Ok(BackupMade { success: Success, backup: name, bytes, created_at: made_at })
    }
}

impl Handle for ReadBackup {
    const PLACE: Place = Place::Blocking;
    // The copy was recorded when it was made.
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<BackupPart, Fault> {
        desk.ask_whole(Action::Backup)?;
        let mut held = desk.vault().0.backup.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pending) = held.as_ref().filter(|pending| pending.name == self.backup) else {
            return Err(Fault::new(Code::NotFound, "there is no such backup")
                .hint("make another; each is there until it was read, or the next one is made"));
        };
        if self.offset >= pending.bytes() {
            return Err(Fault::new(Code::InvalidRequest, "field `offset`: beyond the end of the backup"));
        }
        let part = pending.part(self.offset).map_err(|error| unreadable(&error))?;
        let next = Some(self.offset + part.len() as u64).filter(|next| *next < pending.bytes());
        if next.is_none() {
            *held = None;
        }
        Ok(BackupPart { data: BASE64.encode(&part), next })
    }
}

fn digest_of(file: &File, length: u64) -> std::io::Result<Bytes32> {
    let (mut hash, mut at, mut part) = (Sha256::new(), 0, vec![0; PART_BYTES]);
    while at < length {
        let read = file.read_at(&mut part, at)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(part.get(..read).unwrap_or_default());
        at += read as u64;
    }
    Ok(hash.finalize().into())
}

fn unreadable(error: &std::io::Error) -> Fault {
    tracing::error!(%error, "the copy of the database could not be read");
    Fault::new(Code::Storage, "the copy of the database could not be read")
}
