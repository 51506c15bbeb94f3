//! New keys in force.

use super::Ledger;
use crate::keyring::Keys;
use crate::store::tables::Tables;
use crate::store::{Rekeying, State, StoreError};

impl<T: Tables> Ledger<T> {
    /// Puts new keys in force: the header around them, and the sum over all rows as they stand now.
    pub(super) fn rekey(&mut self, rekeying: Rekeying, old: &Keys) -> Result<(), StoreError> {
        let Rekeying { keys, created_at, slots, mut audit_keys } = rekeying;
        let sealed = keys.seal_audit_key(self.state.head.seq + 1, &keys.audit_key());
        audit_keys.push(sealed?);
        self.tables.put_header(&keys.header(created_at, slots, audit_keys))?;
        if let Some(start) = self.tables.log_start()?.filter(|start| start.is_authentic(old)) {
            self.tables.put_log_start(&start.renew(&keys))?;
        }
        self.drop_old_agents(&keys)?;
        let (was, rows) = (self.sum(old)?, self.sum(&keys)?);
        let mut next = State { head: self.state.head, agents: self.agents_digest(&keys)?, ..rows };
        if self.state.is_disowned() || (was.sum, was.count) != (self.state.sum, self.state.count) {
            // A new sum would cover up a row that vanished, so what was wrong stays wrong.
            next.disown();
        }
        self.state = next;
        self.keys = Some(keys);
        Ok(())
    }
}
