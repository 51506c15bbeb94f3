//! Agents as the store keeps them: sealed whole, all of them authenticated together.

use crate::agents::Agent;
use crate::crypto::{Bytes32, Canon, CryptoError, mac_fits, sha256};
use crate::keyring::Keys;
use crate::store::State;

/// An agent's row.
#[derive(Debug, Clone)]
pub struct AgentRow {
    /// Its name.
    pub name: String,
    /// Which write of it this is, from 1.
    pub revision: u64,
    /// The agent as JSON, sealed.
    pub sealed: Vec<u8>,
}

impl AgentRow {
    /// Seals an agent.
    pub fn seal(keys: &Keys, agent: &Agent) -> Result<Self, CryptoError> {
        let plain = serde_json::to_vec(agent).map_err(|_| CryptoError::Malformed)?;
        let sealed = keys.seal_agent(agent.name.as_str(), agent.revision, &plain)?;
        Ok(Self { name: agent.name.to_string(), revision: agent.revision, sealed })
    }

    /// Opens an agent.
    pub fn open(&self, keys: &Keys) -> Result<Agent, CryptoError> {
        let plain = keys.open_agent(&self.name, self.revision, &self.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| CryptoError::Malformed)
    }

    /// Computes the MAC over all agents: `HMAC(state key, "agents" ‖ name ‖ revision ‖ SHA-256(sealed) ‖ …)`.
    pub fn digest_of(keys: &Keys, rows: &[Self]) -> Bytes32 {
        let mut canon = Canon::new().number(rows.len() as u64);
        for row in rows {
            canon = canon.part(row.name.as_bytes()).number(row.revision).fixed(&sha256(&row.sealed));
        }
        keys.state_mac(&[b"agents", canon.bytes()])
    }

    /// Tells whether rows are all the agents that a state vouches for.
    pub fn are_those_of(rows: &[Self], state: &State, keys: &Keys) -> bool {
        let never_any = rows.is_empty() && state.agents == [0; 32];
        never_any || mac_fits(&Self::digest_of(keys, rows), &state.agents)
    }
}
