//! Acts whose changes are made in portions, within their transaction.

use super::Desk;
use crate::store::Portion;
use crate::vault::portions::{InPortions, Work};

impl Desk {
    /// Has changes made in portions, within the transaction of this act.
    pub(in crate::vault) fn stage_in_portions(&mut self, work: Box<dyn Work>) {
        self.work = Some(work);
    }

    /// Takes the work that is to be done in portions, with a desk for it.
    pub(in crate::vault) fn take_work(&mut self) -> Option<InPortions> {
        let work = self.work.take()?;
        let desk = Self::new(self.vault.clone(), self.caller.clone(), self.keys.clone());
        Some(InPortions { work, desk })
    }

    /// Takes what was staged and noted.
    pub(in crate::vault) fn take_portion(&mut self) -> Portion {
        let (changes, entries) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.entries));
        Portion { changes, entries, last: false }
    }
}
