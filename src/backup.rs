//! Backups: one file that holds a copy of the database, as sealed as the original, and a MAC over all of it.
//!
//! ```text
//! "AMVBACK1" ‖ vault id 16 ‖ i64(when) ‖ u64(length) ‖ database ‖ HMAC-SHA256(backup key, head 40 ‖ SHA-256(database))
//! backup key = HKDF-SHA256(VK, info = "vault/backup/v1")
//! ```
//!
//! A backup opens with the keys of the day it was made, and with no later one.

use std::io::{self, Read, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::audit::{Author, Draft};
use crate::crypto::{Bytes32, mac_fits};
use crate::domain::{Action, Caller, Timestamp, VaultId};
use crate::keyring::Keys;
use crate::store::{Change, Refusal, Store, Unit};

/// The first bytes of a backup; the last of them is the version of the form.
pub const MAGIC: &[u8; 8] = b"AMVBACK1";
/// The bytes before the database.
pub const HEAD_BYTES: usize = 40;
/// The bytes after the database.
pub const MAC_BYTES: usize = 32;

/// Says what is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It does not begin as one.
    #[error("this is no backup of a vault")]
    Foreign,
    /// It is shorter or longer than it says.
    #[error("the backup is not whole: bytes are missing, or there are too many")]
    Length,
    /// Its MAC does not fit.
    #[error("the backup was changed or damaged")]
    Damaged,
    /// It could not be read, or what is in it not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The head of a backup: which vault, when, and how long the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The vault.
    pub vault: VaultId,
    /// When it was made.
    pub made_at: Timestamp,
    /// The bytes of the database.
    pub length: u64,
}

impl Head {
    /// Gives the bytes that a backup begins with.
    pub fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        let parts: [&[u8]; 4] =
            [MAGIC, &self.vault.0, &self.made_at.as_millis().to_be_bytes(), &self.length.to_be_bytes()];
        for (place, byte) in bytes.iter_mut().zip(parts.concat()) {
            *place = byte;
        }
        bytes
    }

    /// Reads the bytes that a backup begins with.
    ///
    /// # Errors
    /// [`BackupError::Foreign`] where it does not begin as one.
    pub fn read(from: &mut impl Read) -> Result<Self, BackupError> {
        let mut bytes = [0; HEAD_BYTES];
        from.read_exact(&mut bytes).map_err(|_| BackupError::Foreign)?;
        let foreign = || BackupError::Foreign;
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or_else(foreign)?;
        let (vault, rest) = rest.split_first_chunk::<16>().ok_or_else(foreign)?;
        let (made_at, rest) = rest.split_first_chunk::<8>().ok_or_else(foreign)?;
        let length = rest.first_chunk::<8>().ok_or_else(foreign)?;
        if magic != MAGIC {
            return Err(BackupError::Foreign);
        }
        Ok(Self {
            vault: VaultId(*vault),
            made_at: Timestamp::from_millis(i64::from_be_bytes(*made_at)),
            length: u64::from_be_bytes(*length),
        })
    }

    /// Computes the MAC that ends a backup.
    pub fn mac(self, keys: &Keys, database: &Bytes32) -> Bytes32 {
        keys.backup_mac(&[&self.to_bytes(), database])
    }
}

/// What a backup holds beside its database, which was copied out of it.
#[derive(Debug)]
pub struct Unpacked {
    /// Its head.
    pub head: Head,
    digest: Bytes32,
    mac: Bytes32,
}

impl Unpacked {
    /// Copies the database out of a backup; it is not to be trusted before [`Unpacked::check`].
    ///
    /// # Errors
    /// [`BackupError`] where it does not begin as one, or is not as long as it says.
    pub fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<Self, BackupError> {
        let head = Head::read(from)?;
        let mut hashed = Hashed { to, hash: Sha256::new() };
        let copied = io::copy(&mut from.take(head.length), &mut hashed)?;
        let digest = hashed.hash.finalize().into();
        let mut mac = [0; MAC_BYTES];
        if copied != head.length || from.read_exact(&mut mac).is_err() || from.read(&mut [0])? != 0 {
            return Err(BackupError::Length);
        }
        Ok(Self { head, digest, mac })
    }

    /// Makes sure that every byte is as the vault wrote it.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] where one is not, or the keys are those of another vault.
    pub fn check(&self, keys: &Keys) -> Result<(), BackupError> {
        let fits = keys.vault() == self.head.vault && mac_fits(&self.head.mac(keys, &self.digest), &self.mac);
        if fits { Ok(()) } else { Err(BackupError::Damaged) }
    }
}

/// Writes into the log of a copy that it was put back.
///
/// # Errors
/// What the store refused.
pub fn record_restored(
    store: &dyn Store,
    keys: &Arc<Keys>,
    made_at: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    let entry = Draft::of(Action::Backup).with("restored", true).with("madeAt", made_at.to_string());
    let unit = Unit {
        keys: Arc::clone(keys),
        author: Author::of(&Caller::system(), now),
        agent: None,
        guards: Vec::new(),
        as_of: 0,
        changes: vec![Change::Adopt(Arc::clone(keys))],
        entries: vec![entry],
    };
    let ended = |_| Refusal::Closed;
    store.commit(unit).blocking_recv().map_err(ended)?.map(drop)
}

/// Hashes what goes through it.
struct Hashed<'w, W> {
    to: &'w mut W,
    hash: Sha256,
}

impl<W: Write> Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_as_it_was_written() {
        let head = Head { vault: VaultId([7; 16]), made_at: Timestamp::from_millis(-5), length: u64::MAX };
        assert_eq!(head, Head::read(&mut head.to_bytes().as_slice()).unwrap());
    }

    #[test]
    fn what_does_not_begin_as_a_backup_is_none() {
        for bytes in
            [&b""[..], b"AMVBACK1", &[0; 100], b"AMVBACK2 and so on, for more than forty bytes of it"]
        {
            assert!(matches!(Head::read(&mut &*bytes), Err(BackupError::Foreign)));
        }
    }

    #[test]
    fn a_backup_of_another_length_than_it_says_is_refused() {
        let head = Head { vault: VaultId([7; 16]), made_at: Timestamp::default(), length: 10 };
        for length in [0, 9, 10, 41, 43] {
            let bytes = [head.to_bytes().as_slice(), &vec![0; length]].concat();
            let copied = Unpacked::copy(&mut bytes.as_slice(), &mut io::sink());
            assert!(matches!(copied, Err(BackupError::Length)), "{length}");
        }
    }
}
