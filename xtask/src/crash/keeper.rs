//! Who does what concerns the whole vault: rotate-all, rekey, backup, lock.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use vault::api::{Code, Fault, LockVault, MakeBackup, ReadBackup, Rekey, RotateAll, UnlockVault};
use vault::client::Client;
use vault::domain::OrgScope;
use vault::keyfile;
use vault::secret::{Revealed, SecretValue};

/// What the keeper knows of the keys.
#[derive(Debug)]
pub(super) struct Keeper {
    /// How many of a hundred operations are rekeys.
    share: u8,
    /// The keys so far, the last acknowledged one last.
    pub(super) keys: Vec<String>,
    /// A key that was asked for and not acknowledged.
    pub(super) pending: Option<String>,
    /// How many rekeys were acknowledged.
    pub(super) rekeys: u64,
}

impl Keeper {
    /// Begins with the key that `init` made.
    pub(super) fn new(share: u8) -> Self {
        Self { share, keys: Vec::new(), pending: None, rekeys: 0 }
    }

    /// Works until the daemon is gone.
    pub(super) fn work(&mut self, socket: &Path, key_file: &Path, random: &mut Rng, ended: &AtomicBool) {
        while !ended.load(Ordering::SeqCst) {
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

    fn rekey(&mut self, client: &mut Client, random: &mut Rng) -> Result<(), Fault> {
        let key: String = std::iter::repeat_with(|| random.alphanumeric()).take(40).collect();
        self.pending = Some(key.clone());
        let answer = client.call(&Rekey { new_key: secret(key.clone())? });
        match answer {
            Ok(_) => {
                self.keys.push(key);
                self.rekeys += 1;
            }
            Err(fault) if fault.code == Code::Unavailable => return Err(fault),
            Err(_) => {}
        }
        self.pending = None;
        Ok(())
    }
}

/// Makes a value of a text.
pub(super) fn secret(text: String) -> Result<Revealed, Fault> {
    Ok(Revealed::new(SecretValue::new(text)?))
}

/// Reads the key that the key file holds.
pub(super) fn key_in(file: &Path) -> Result<Revealed, Fault> {
    let unreadable = |words: String| Fault::new(Code::Internal, words);
    let key = keyfile::read(file).map_err(|error| unreadable(error.to_string()))?;
    let key = key.ok_or_else(|| unreadable("the key file holds no key".to_owned()))?;
    secret(String::from_utf8_lossy(key.expose()).into_owned())
}

fn lock_and_unlock(client: &mut Client, key_file: &Path) -> Result<(), Fault> {
    client.call(&LockVault {})?;
    client.call(&UnlockVault { key: key_in(key_file)? }).map(drop)
}

fn back_up(client: &mut Client) -> Result<(), Fault> {
    let made = client.call(&MakeBackup {})?;
    let mut offset = Some(0);
    while let Some(place) = offset {
        offset = client.call(&ReadBackup { backup: made.backup.clone(), offset: place })?.next;
    }
    Ok(())
}
