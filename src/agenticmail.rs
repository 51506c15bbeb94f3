//! `AgenticMail`'s own stored secrets, read for import: its rows, and the payloads in them.
//!
//! A payload is JSON: `{"v":1,"alg":"aes-256-gcm","salt":…,"iv":…,"tag":…,"data":…}` in base64. It is bound to no
//! name, so rows that were swapped before the import open all the same; nothing can tell.

mod database;
mod json;

use data_encoding::BASE64;
use serde::Deserialize;

pub use database::rows_of_database;
pub use json::rows_of_json;

use crate::crypto::{LEGACY_ROUNDS, open_legacy};
use crate::secret::{Passphrase, SecretValue};

/// Says why rows, or one of them, cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// The file is neither a database with the table nor an array of rows.
    #[error("{0}")]
    Unreadable(String),
    /// A payload is not of the one known form.
    #[error("its payload {0}")]
    Malformed(&'static str),
    /// A payload does not authenticate.
    #[error("its payload does not open with this key: it is of another key, or was changed")]
    NotAuthentic,
    /// What was sealed is no value of ours.
    #[error("its value is empty, over 1 MiB, or not UTF-8")]
    NoValue,
}

/// A row of `vault_entries`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyRow {
    /// Its id, where it has one.
    pub id: String,
    /// Its org.
    pub org: Option<String>,
    /// Its name.
    pub name: String,
    /// Its sealed value, as stored.
    pub payload: String,
    /// Its category.
    pub category: Option<String>,
    /// Its metadata as JSON.
    pub metadata: Option<String>,
    /// When it stops being valid.
    pub expires_at: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// Who made it, as was claimed there.
    pub created_by: Option<String>,
}

/// A payload as stored.
#[derive(Deserialize)]
struct Payload {
    v: u32,
    alg: String,
    salt: String,
    iv: String,
    tag: String,
    data: String,
}

/// Opens rows under one key; it remembers which rounds fit last.
#[derive(Debug)]
pub struct Opener {
    key: Passphrase,
    rounds: [u32; 2],
}

impl Opener {
    /// Takes the key that the rows were sealed under, as it stood in the environment.
    pub fn new(key: Passphrase) -> Self {
        Self { key, rounds: LEGACY_ROUNDS }
    }

    /// Opens a row's value.
    ///
    /// # Errors
    /// What is wrong with its payload.
    pub fn open(&mut self, row: &LegacyRow) -> Result<SecretValue, LegacyError> {
        let (salt, iv, tagged) = parts(&row.payload)?;
        for rounds in self.rounds {
            let Ok(opened) = open_legacy(&self.key, rounds, (&salt, &iv), &tagged) else { continue };
            self.prefer(rounds);
            let text = std::str::from_utf8(&opened).map_err(|_| LegacyError::NoValue)?;
            return SecretValue::new(text.to_owned()).map_err(|_| LegacyError::NoValue);
        }
        Err(LegacyError::NotAuthentic)
    }

    fn prefer(&mut self, rounds: u32) {
        if self.rounds.first() != Some(&rounds) {
            self.rounds.reverse();
        }
    }
}

/// The salt, the IV, and the sealed bytes with their tag.
type Parts = ([u8; 16], [u8; 12], Vec<u8>);

fn parts(payload: &str) -> Result<Parts, LegacyError> {
    let payload: Payload = serde_json::from_str(payload)
        .map_err(|_| LegacyError::Malformed("is not JSON with v, alg, salt, iv, tag and data"))?;
    if payload.v != 1 || payload.alg != "aes-256-gcm" {
        return Err(LegacyError::Malformed("is not of version 1, aes-256-gcm"));
    }
    let decoded = |text: &str| {
        let bytes = BASE64.decode(text.as_bytes());
        bytes.map_err(|_| LegacyError::Malformed("has a part that is not base64"))
    };
    let odd = |_| LegacyError::Malformed("has a salt, an IV or a tag of another length");
    let salt = decoded(&payload.salt)?.try_into().map_err(odd)?;
    let iv = decoded(&payload.iv)?.try_into().map_err(odd)?;
    let tag: [u8; 16] = decoded(&payload.tag)?.try_into().map_err(odd)?;
    let mut tagged = decoded(&payload.data)?;
    tagged.extend(tag);
    Ok((salt, iv, tagged))
}

#[cfg(test)]
mod tests;
