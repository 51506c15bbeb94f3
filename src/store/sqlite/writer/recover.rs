//! What follows a commit that failed.

use std::sync::Arc;

use super::{Writer, data_version};
use crate::keyring::Keys;
use crate::store::StoreError;
use crate::store::sqlite::APPLICATION_ID;
use crate::store::sqlite::connect::{Mode, connect};
use crate::store::sqlite::lineage::{self, Frames};

impl Writer {
    /// Leaves nothing of a failed batch behind: rolls back, opens the database again, forgets the state.
    pub(super) fn recover(&mut self, held: Option<Arc<Keys>>) {
        self.fresh.clear();
        self.labels.forget();
        self.batch.end(&self.setup.shared.changes, || ());
        self.state = None;
        self.keys = held;
        let _ = self.setup.connection.execute_batch("ROLLBACK");
        if self.setup.place.check().is_err() {
            return;
        }
        if let Err(error) = self.overwrite() {
            tracing::warn!(%error, "what a failed commit left in the write-ahead log could not be overwritten");
        }
        match connect(&self.setup.path, Mode::Write) {
            Ok(connection) => {
                self.version = data_version(&connection).unwrap_or_default();
                self.setup.connection = connection;
            }
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }

    /// Commits nothing in the place of what a failed commit left in the write-ahead log.
    fn overwrite(&self) -> Result<(), StoreError> {
        let connection = connect(&self.setup.path, Mode::Write)?;
        let transaction = connection.unchecked_transaction()?;
        if Frames::count(&self.setup.observer)?.are_moved() {
            lineage::begin(&transaction)?;
        }
        // Where only its sync failed it stands there whole. An update to the same values would write no page.
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        Ok(transaction.commit()?)
    }
}
