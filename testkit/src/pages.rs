//! Pages of a database that are edited behind `SQLite`'s back, as a failing disk or another program would.
//!
//! The format is that of <https://www.sqlite.org/fileformat.html>, sections 1.3 and 1.6.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// The bytes of a page.
const PAGE: usize = 4096;
/// The bytes before the cell pointers of a leaf.
const HEAD: usize = 8;

/// The first page of the list of free pages.
#[derive(Debug)]
pub struct FreeList {
    database: PathBuf,
    number: u32,
}

impl FreeList {
    /// Finds the page; no daemon may run on the database, and a page has to be free.
    pub fn of(database: &Path) -> Self {
        let header = read(database, 32);
        assert_ne!(0, header, "no page is free");
        Self { database: database.to_owned(), number: header }
    }

    /// Returns how many other free pages the page names.
    pub fn names(&self) -> u32 {
        read(&self.database, self.place(4))
    }

    /// Replaces how many other pages the page names.
    pub fn set_names(&self, names: u32) {
        write(&self.database, self.place(4), names);
    }

    /// Puts a page in the place of one that the page names.
    pub fn set_name(&self, place: u32, page: u32) {
        write(&self.database, self.place(8 + 4 * u64::from(place)), page);
    }

    fn place(&self, byte: u64) -> u64 {
        u64::from(self.number - 1) * PAGE as u64 + byte
    }
}

fn read(database: &Path, at: u64) -> u32 {
    let mut bytes = [0; 4];
    std::fs::File::open(database).unwrap().read_exact_at(&mut bytes, at).unwrap();
    u32::from_be_bytes(bytes)
}

fn write(database: &Path, at: u64, number: u32) {
    let file = std::fs::OpenOptions::new().write(true).open(database).unwrap();
    file.write_all_at(&number.to_be_bytes(), at).unwrap();
}

/// The one page of a table or an index that is small.
#[derive(Debug)]
pub struct Leaf {
    database: PathBuf,
    at: usize,
    bytes: Vec<u8>,
}

impl Leaf {
    /// Reads the page of a table or an index by its name; no daemon may run on the database.
    pub fn of(database: &Path, name: &str) -> Self {
        let leaf = Self::at(database, Self::root(database, name));
        assert!([0x0a, 0x0d].contains(&leaf.bytes[0]), "{name} has more than one page");
        leaf
    }

    /// Reads the first page of a table that has many.
    pub fn first_of(database: &Path, name: &str) -> Self {
        let mut page = Self::at(database, Self::root(database, name));
        while page.bytes[0] == 0x05 {
            let cell = usize::from(u16::from_be_bytes([page.bytes[12], page.bytes[13]]));
            let child = u32::from_be_bytes(*page.bytes[cell..].first_chunk().unwrap());
            page = Self::at(database, child);
        }
        page
    }

    fn root(database: &Path, name: &str) -> u32 {
        let connection = Connection::open(database).unwrap();
        // What is edited is the file alone, so nothing may be left in its write-ahead log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        connection.query_row(sql, [name], |row| row.get(0)).unwrap()
    }

    fn at(database: &Path, number: u32) -> Self {
        let at = (usize::try_from(number).unwrap() - 1) * PAGE;
        let bytes = std::fs::read(database).unwrap()[at..at + PAGE].to_vec();
        Self { database: database.to_owned(), at, bytes }
    }

    /// Returns its number.
    pub fn number(&self) -> u32 {
        u32::try_from(self.at / PAGE + 1).unwrap()
    }

    /// Makes it a page of no type.
    pub fn spoil(mut self) {
        self.bytes[0] = 0;
        self.write();
    }

    /// Says that there is free space among the cells, at a byte that is no such place.
    pub fn misplace_free_space(self) {
        self.place_free_space(1);
    }

    /// Says at which byte the free space among the cells begins.
    pub fn place_free_space(mut self, at: u16) {
        self.bytes[1..3].copy_from_slice(&at.to_be_bytes());
        self.write();
    }

    /// Says that more bytes between the cells are lost than there are.
    pub fn miscount_fragments(mut self) {
        self.bytes[7] ^= 0x80;
        self.write();
    }

    /// Says that the cells begin at another byte than they do.
    pub fn misplace_cells(mut self) {
        self.bytes[5] ^= 0x01;
        self.write();
    }

    /// Counts the cells.
    pub fn cells(&self) -> usize {
        usize::from(u16::from_be_bytes([self.bytes[3], self.bytes[4]]))
    }

    /// Returns the number of the cell that holds a text.
    pub fn cell_with(&self, text: &str) -> usize {
        // Cells are stored from the end of the page towards its start, and the one that holds the text ends first behind it.
        let place = self.bytes.windows(text.len()).position(|bytes| bytes == text.as_bytes()).unwrap();
        let before = (0..self.cells()).filter(|cell| self.pointer(*cell) <= place);
        before.max_by_key(|cell| self.pointer(*cell)).unwrap()
    }

    /// Exchanges the pointers to two cells.
    pub fn swap(mut self, one: usize, other: usize) {
        let (one, other) = (HEAD + 2 * one, HEAD + 2 * other);
        self.bytes.swap(one, other);
        self.bytes.swap(one + 1, other + 1);
        self.write();
    }

    /// Replaces the first place of a text by another one of its length.
    pub fn replace(mut self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        let place = self.bytes.windows(from.len()).position(|bytes| bytes == from.as_bytes()).unwrap();
        self.bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        self.write();
    }

    /// Changes the first column of a cell by one bit.
    pub fn edit(mut self, cell: usize) {
        let cell = self.pointer(cell);
        let head = usize::from(self.bytes[cell + 1]);
        match usize::from(self.bytes[cell + 2]) {
            // The types of 0 and 1, which need no bytes.
            8 | 9 => self.bytes[cell + 2] ^= 1,
            kind @ 1..=4 => self.bytes[cell + head + kind] ^= 2,
            kind => self.bytes[cell + head + (kind - 12) / 2] ^= 2,
        }
        self.write();
    }

    /// Takes the last cell away.
    pub fn drop_last(mut self) {
        let left = u16::try_from(self.cells() - 1).unwrap();
        self.bytes[3..5].copy_from_slice(&left.to_be_bytes());
        self.write();
    }

    fn pointer(&self, cell: usize) -> usize {
        let at = HEAD + 2 * cell;
        usize::from(u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]]))
    }

    fn write(self) {
        let file = std::fs::OpenOptions::new().write(true).open(&self.database).unwrap();
        file.write_all_at(&self.bytes, self.at as u64).unwrap();
    }
}
