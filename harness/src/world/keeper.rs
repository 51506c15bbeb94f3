//! Who does what concerns the whole vault: rotate-all, rekey, backup, lock.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use vault::api::{Code, Fault, LockVault, MakeBackup, ReadBackup, Rekey, RotateAll, UnlockVault};
use vault::client::Client;
use vault::domain::OrgScope;
use vault::keyfile;
use vault::secret::{Revealed, SecretValue};

use super::oracle::Answers;
use super::witness::{Event, KeyStep, Witness};

/// What the keeper knows of the keys.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// How many of a hundred operations are rekeys.
    pub(crate) share: u8,
    /// The keys so far, the last acknowledged one last.
    pub(crate) keys: Vec<String>,
    /// A key that was asked for and not acknowledged.
    pub(crate) pending: Option<String>,
    /// How many rekeys were acknowledged.
    pub(crate) rekeys: u64,
    /// How many were under way when the daemon ended.
    pub(crate) under_way: u64,
    /// How many of these were done.
    pub(crate) happened: u64,
    witness: Option<Arc<dyn Witness>>,
}

impl Keeper {
    /// Begins with the key that `init` made.
    pub(crate) fn new(share: u8) -> Self {
        Self { share, keys: Vec::new(), pending: None, rekeys: 0, under_way: 0, happened: 0, witness: None }
    }

    /// Has somebody hear of each step from now on.
    pub(crate) fn watched_by(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witness = Some(witness);
        self
    }

    /// Takes a step of the key.
    pub(crate) fn take(&mut self, step: KeyStep) {
        if let Some(witness) = &self.witness {
            witness.hear(Event::Key(step.clone()));
        }
        match step {
            KeyStep::Asked(key) => self.pending = Some(key),
            KeyStep::Refused => self.pending = None,
            KeyStep::Acknowledged => {
                self.keys.extend(self.pending.take());
                self.rekeys += 1;
            }
            KeyStep::Found(key) => {
                if let Some(asked) = self.pending.take() {
                    self.under_way += 1;
                    self.happened += u64::from(asked == key);
                }
                if self.keys.last() != Some(&key) {
                    self.keys.push(key);
                }
            }
        }
    }

    /// Works until the daemon is gone.
    pub(crate) fn work(&mut self, socket: &Path, key_file: &Path, random: &mut Rng, ended: &AtomicBool) {
        // Whether a rekey without an answer was done, nobody knows: the next one waits for the oracle.
        while !ended.load(Ordering::SeqCst) && self.pending.is_none() {
            let Ok(mut client) = Client::connect(socket) else { continue };
            loop {
                let done = self.once(&mut client, key_file, random);
                if done.is_err_and(|fault| fault.code == Code::Unavailable) {
                    break;
                }
            }
        }
    }

    fn once(&mut self, client: &mut Client, key_file: &Path, random: &mut Rng) -> Result<(), Fault> {
        let drawn = random.u8(0..100);
        if drawn < self.share {
            return self.rekey(client, random);
        }
        match drawn % 16 {
            0 => lock_and_unlock(client, key_file),
            1..=3 => back_up(client),
            _ => client.call(&RotateAll { org_id: Some(OrgScope::All) }).map(drop),
        }
    }

    /// Asks for a new key.
    pub(crate) fn rekey(&mut self, client: &mut Client, random: &mut Rng) -> Result<(), Fault> {
        let key: String = std::iter::repeat_with(|| random.alphanumeric()).take(40).collect();
        self.take(KeyStep::Asked(key.clone()));
        match client.call(&Rekey { new_key: secret(key)? }) {
            Ok(_) => self.take(KeyStep::Acknowledged),
            Err(fault) if fault.code == Code::Unavailable => return Err(fault),
            Err(_) => self.take(KeyStep::Refused),
        }
        Ok(())
    }
}

/// Makes a value of a text.
pub(crate) fn secret(text: String) -> Result<Revealed, Fault> {
    Ok(Revealed::new(SecretValue::new(text)?))
}

/// Reads the key that the key file holds.
pub(crate) fn key_in(file: &Path) -> Result<Revealed, Fault> {
    let unreadable = |words: String| Fault::new(Code::Internal, words);
    let key = keyfile::read(file).map_err(|error| unreadable(error.to_string()))?;
    let key = key.ok_or_else(|| unreadable("the key file holds no key".to_owned()))?;
    secret(String::from_utf8_lossy(key.into_last().expose()).into_owned())
}

fn lock_and_unlock(client: &mut Client, key_file: &Path) -> Result<(), Fault> {
    client.call(&LockVault {})?;
    client.call(&UnlockVault { key: key_in(key_file)? }).map(drop)
}

/// Makes a backup and reads it.
pub(crate) fn back_up(client: &mut impl Answers) -> Result<(), Fault> {
    let made = client.answer(MakeBackup {})?;
    let mut offset = Some(0);
    while let Some(place) = offset {
        offset = client.answer(ReadBackup { backup: made.backup.clone(), offset: place })?.next;
    }
    Ok(())
}
