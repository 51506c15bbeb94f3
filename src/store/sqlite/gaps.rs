//! The free space on the page of the state: nothing authenticates it, and every commit may write there.
//!
//! Were it left as it is, no commit would go through, the one that opens the vault among them, though every row is there.

use std::path::Path;

use rusqlite::Connection;

use super::flaws::flaws;
use super::mend::compact;
use crate::store::{Flawed, StoreError};

/// Writes the file again if free space is misplaced on the page of the state, and nothing else is in the file.
///
/// What else is wrong is left as it is, for those who look for it.
pub(super) fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    if is_sound(connection) || flaws(connection)?.iter().any(|flaw| flaw.place != Flawed::Space) {
        return Ok(());
    }
    match compact(path) {
        Ok(()) => tracing::error!(
            "free space was misplaced on the page that every commit writes: the database is written again"
        ),
        Err(error) => tracing::error!(%error, "free space is misplaced on the page that every commit writes"),
    }
    Ok(())
}

/// Returns whether nothing is found to be wrong with the state alone; a file without a state has none that is unsound.
fn is_sound(connection: &Connection) -> bool {
    let found = connection.query_row("PRAGMA integrity_check(state)", [], |row| row.get::<_, String>(0));
    !found.is_ok_and(|found| found != "ok")
}
