//! The list of free pages: nothing authenticates it, and what it names is written over by the next commit.
//!
//! A page is overwritten with zeros before it is freed (`PRAGMA secure_delete`), so one on the list that holds anything
//! is not free. The list is at <https://www.sqlite.org/fileformat2.html>, section 1.5.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;

use super::{Mode, connect};
use crate::store::StoreError;

/// The place of the list in the header of the file: the first page that has a part of it, and the number of free pages.
const LIST: u64 = 32;
/// The bytes of a page in which numbers of free pages stand, after the next such page and their count.
const NUMBERS: usize = 8;

/// Returns the connection that was passed, or another one if the file had to be read past it: no other one may be open.
///
/// A list that names a page which is not free is forgotten. Its pages are lost to the file, and nothing in them is.
pub(super) fn check(path: &Path, connection: Connection) -> Result<Connection, StoreError> {
    let free: u32 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    if free == 0 || !moved(&connection)? {
        return Ok(connection);
    }
    let size = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let file = crate::files::open_private(path)?;
    let is_sound = (List { file: &file, size }).is_sound();
    // What it has cached of the header would be written again; and to close the file is to release the locks of the process on it
    // (fcntl(2)), which no connection may hold then.
    drop(connection);
    if !is_sound? {
        file.write_all_at(&[0; 8], LIST)?;
        file.sync_all()?;
        tracing::error!("the database's list of free pages named pages that are not free: it is dropped");
    }
    drop(file);
    connect(path, Mode::Write)
}

/// Moves the write-ahead log into the file, whose pages are then read past the database; `false` if it is in use.
fn moved(connection: &Connection) -> Result<bool, StoreError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// The list of a file with pages of a size.
struct List<'f> {
    file: &'f File,
    size: u32,
}

impl List<'_> {
    /// Returns whether the list names as many pages as the header says, each of them once, and all of them empty.
    fn is_sound(&self) -> io::Result<bool> {
        let pages = self.file.metadata()?.len() / u64::from(self.size);
        let mut header = [0; 8];
        self.file.read_exact_at(&mut header, LIST)?;
        let (mut next, count) = (number(&header, 0), number(&header, 4));
        let mut seen = HashSet::new();
        let mut is_new = |page: u32| (2..=pages).contains(&page.into()) && seen.insert(page);
        let mut named = 0_usize;
        while next != 0 {
            if !is_new(next) {
                return Ok(false);
            }
            let trunk = self.page(next)?;
            let leaves = number(&trunk, 4) as usize;
            let Some(leaves) = leaves.checked_mul(4).and_then(|end| trunk.get(NUMBERS..NUMBERS + end)) else {
                return Ok(false);
            };
            for leaf in leaves.chunks_exact(4).map(|leaf| number(leaf, 0)) {
                if !is_new(leaf) || self.page(leaf)?.iter().any(|byte| *byte != 0) {
                    return Ok(false);
                }
            }
            named += 1 + leaves.len() / 4;
            next = number(&trunk, 0);
        }
        Ok(named == count as usize)
    }

    fn page(&self, number: u32) -> io::Result<Vec<u8>> {
        let mut page = vec![0; self.size as usize];
        self.file.read_exact_at(&mut page, u64::from(number - 1) * u64::from(self.size))?;
        Ok(page)
    }
}

/// Reads four bytes, most significant first; zero if there are fewer.
fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
}
