//! Agents in the ledger: all of them are authenticated together, so that none is put there or put back from outside.

use super::{Ledger, Stop};
use crate::crypto::Bytes32;
use crate::domain::AgentId;
use crate::keyring::Keys;
use crate::store::tables::Tables;
use crate::store::{AgentRow, Refusal, StoreError};

impl<T: Tables> Ledger<T> {
    /// Refuses where the acting agent is not as it was judged: changed, or gone.
    pub(super) fn check_agent(&self, agent: Option<&(AgentId, u64)>) -> Result<(), Stop> {
        let Some((name, seen)) = agent else { return Ok(()) };
        match self.tables.agent_revision(name.as_str())? {
            Some(revision) if revision == *seen => Ok(()),
            _ => Err(Stop::Refused(Refusal::Revoked)),
        }
    }

    /// Writes an agent: a new one, or the next revision of the one that was seen.
    pub(super) fn put_agent(&mut self, row: &AgentRow, seen: Option<u64>, keys: &Keys) -> Result<(), Stop> {
        self.drop_unknown_agents(keys)?;
        if self.tables.agent_revision(&row.name)? != seen {
            return Err(Stop::Refused(if seen.is_none() { Refusal::NameTaken } else { Refusal::Stale }));
        }
        self.tables.put_agent(row)?;
        self.state.agents = self.agents_digest(keys)?;
        Ok(())
    }

    /// Removes an agent. It may have gone with all others just now: what was asked for holds.
    pub(super) fn drop_agent(&mut self, name: &AgentId, keys: &Keys) -> Result<(), Stop> {
        self.drop_unknown_agents(keys)?;
        self.tables.drop_agent(name.as_str())?;
        self.state.agents = self.agents_digest(keys)?;
        Ok(())
    }

    /// Removes all agents where they were changed from outside: a new MAC over all of them would let those in that were put
    /// there, or put back.
    pub(super) fn drop_unknown_agents(&mut self, keys: &Keys) -> Result<(), StoreError> {
        if AgentRow::are_those_of(&self.tables.agents_of_table()?, &self.state, keys) {
            return Ok(());
        }
        tracing::warn!("the stored agents were changed from outside; all of them are dropped");
        self.tables.drop_agents()
    }

    /// Removes the agents that are not sealed under new keys, which none that is let in is.
    pub(super) fn drop_old_agents(&mut self, new: &Keys) -> Result<(), StoreError> {
        let rows = self.tables.agents()?;
        let mut old = rows.iter().filter(|row| row.open(new).is_err());
        old.try_for_each(|row| self.tables.drop_agent_row(row))
    }

    /// Computes the MAC over all agents as they stand now.
    pub(super) fn agents_digest(&self, keys: &Keys) -> Result<Bytes32, StoreError> {
        Ok(AgentRow::digest_of(keys, &self.tables.agents()?))
    }
}
