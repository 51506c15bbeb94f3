//! Where a log begins whose oldest entries were removed.

use serde::{Deserialize, Serialize};

use super::Head;
use crate::crypto::{Bytes32, mac_fits};
use crate::domain::{OrgId, SecretId};
use crate::keyring::Keys;

/// The authenticated end of what was removed from the log: what is left verifies from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last entry that was removed.
    pub head: Head,
    /// The secrets whose last write was among those entries, as JSON.
    pub known: Vec<u8>,
    /// `HMAC-SHA256(state key, "checkpoint" ‖ seq ‖ head ‖ known)`.
    pub mac: Bytes32,
}

/// What a removed entry said of a secret that was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its id.
    pub id: SecretId,
    /// Its last revision.
    pub revision: u64,
    /// Its org.
    pub org: OrgId,
    /// Its name.
    pub name: String,
}

impl Checkpoint {
    /// Seals the end of what is removed.
    pub fn seal(keys: &Keys, head: Head, known: &[Known]) -> Self {
        let known = serde_json::to_vec(known).unwrap_or_default();
        let mac = Self { head, known: known.clone(), mac: [0; 32] }.compute_mac(keys);
        Self { head, known, mac }
    }

    /// Tells whether this vault wrote it.
    pub fn is_authentic(&self, keys: &Keys) -> bool {
        mac_fits(&self.compute_mac(keys), &self.mac)
    }

    /// Gives the same checkpoint under other keys.
    #[must_use]
    pub fn renew(&self, keys: &Keys) -> Self {
        Self { mac: self.compute_mac(keys), ..self.clone() }
    }

    /// Reads the secrets that the removed entries knew.
    pub fn known(&self) -> Vec<Known> {
        serde_json::from_slice(&self.known).unwrap_or_default()
    }

    fn compute_mac(&self, keys: &Keys) -> Bytes32 {
        keys.state_mac(&[b"checkpoint", &self.head.seq.to_be_bytes(), &self.head.mac, &self.known])
    }
}
