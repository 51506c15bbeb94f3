//! The beginning of a transaction, by which the write-ahead log is locked against others.

use super::{Setup, Writer};
use crate::store::StoreError;
use crate::store::sqlite::lineage::{self, Frames};

impl Writer {
    /// Locks the write-ahead log; where the transaction may begin it again, the log gets a name.
    pub(super) fn lock_log(&self) -> Result<(), StoreError> {
        let Setup { connection, observer, place, .. } = &self.setup;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        // From here on no one else writes to the log or begins it again.
        let frames = Frames::count(observer)?;
        place.check_log(frames.bytes())?;
        if frames.are_moved() { Ok(lineage::begin(connection)?) } else { Ok(()) }
    }
}
