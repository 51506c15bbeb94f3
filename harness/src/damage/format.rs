//! The pages of an `SQLite` file: the type of each, the table or index that it belongs to, and what lies where on it.
//!
//! The format is that of <https://www.sqlite.org/fileformat2.html>, sections 1.3 to 1.6.

use std::fmt;
use std::ops::Range;

use anyhow::{Result, ensure};
use rusqlite::Connection;

/// The bytes of a page.
pub(super) const PAGE: usize = 4096;
/// The bytes of the file's own header, at the start of the first page.
const FILE_HEADER: usize = 100;
/// The deepest tree that `SQLite` reads.
const DEPTH: usize = 20;

/// The type of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Rows of a table.
    TableLeaf,
    /// Where rows of a table are.
    TableInterior,
    /// Entries of an index.
    IndexLeaf,
    /// Entries of an index, and where the others are.
    IndexInterior,
    /// The rest of a row that does not fit on a leaf.
    Overflow,
    /// A list of free pages.
    FreelistTrunk,
    /// A free page.
    FreelistLeaf,
    /// The schema, whatever the type of the page is.
    Schema,
}

/// All types.
pub(super) const KINDS: [Kind; 8] = [
    Kind::TableLeaf,
    Kind::TableInterior,
    Kind::IndexLeaf,
    Kind::IndexInterior,
    Kind::FreelistTrunk,
    Kind::FreelistLeaf,
    Kind::Schema,
    Kind::Overflow,
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TableLeaf => "table leaf",
            Self::TableInterior => "table interior",
            Self::IndexLeaf => "index leaf",
            Self::IndexInterior => "index interior",
            Self::Overflow => "overflow",
            Self::FreelistTrunk => "freelist trunk",
            Self::FreelistLeaf => "freelist leaf",
            Self::Schema => "schema",
        })
    }
}

/// A part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What stands at its start: its type, how many cells it has; the number of the next page.
    Header,
    /// Where its cells are; the numbers of free pages.
    Pointers,
    /// Its cells, or the bytes of a row.
    Cells,
    /// What nothing uses.
    Free,
}

/// All parts.
pub(super) const PARTS: [Part; 4] = [Part::Header, Part::Pointers, Part::Cells, Part::Free];

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its type.
    pub(super) kind: Kind,
    /// The table or index that it belongs to; empty for the freelist.
    pub(super) owner: String,
}

impl Page {
    /// Returns where the page is in the file.
    pub(super) fn place(&self) -> Range<usize> {
        place(self.number)
    }

    /// Returns where a part is on the page, whose bytes these are; empty if it has no such part.
    pub(super) fn part(&self, page: &[u8], part: Part) -> Range<usize> {
        let (header, pointers, cells) = match self.kind {
            Kind::Overflow => (4, 4, 4),
            Kind::FreelistTrunk => (8, 8 + 4 * number(page, 4..8), PAGE),
            Kind::FreelistLeaf => (0, 0, PAGE),
            _ => self.tree_parts(page),
        };
        match part {
            Part::Header => 0..header,
            Part::Pointers => header..pointers,
            Part::Free => pointers..cells,
            Part::Cells => cells..PAGE,
        }
    }

    /// Returns where the header and the cell pointers end, and the cells begin.
    fn tree_parts(&self, page: &[u8]) -> (usize, usize, usize) {
        let tree = Tree::of(self.number, page);
        (tree.header(), tree.header() + 2 * tree.cells(), number(page, tree.at(5..7)))
    }

    /// Returns where the pointers to cells are on the page, whose bytes these are.
    pub(super) fn cell_pointers(&self, page: &[u8]) -> Vec<Range<usize>> {
        match self.kind {
            Kind::Overflow | Kind::FreelistTrunk | Kind::FreelistLeaf => Vec::new(),
            _ => Tree::of(self.number, page).pointers().collect(),
        }
    }

    /// Returns where the places in the table are to which the entries on a leaf of an index lead, if each takes a byte.
    pub(super) fn places(&self, page: &[u8]) -> Vec<Range<usize>> {
        let end = |pointer| {
            let (size, payload) = varint(page, number(page, pointer));
            payload + size
        };
        self.cell_pointers(page).into_iter().map(end).map(|end| end - 1..end).collect()
    }

    /// Returns where the numbers of child pages are on the page, whose bytes these are.
    pub(super) fn child_pointers(&self, page: &[u8]) -> Vec<Range<usize>> {
        match self.kind {
            Kind::Overflow | Kind::FreelistTrunk | Kind::FreelistLeaf => Vec::new(),
            _ => Tree::of(self.number, page).children(),
        }
    }
}

fn place(number: usize) -> Range<usize> {
    let begin = number.saturating_sub(1) * PAGE;
    begin..begin + PAGE
}

/// Reads a number, most significant byte first.
fn number(bytes: &[u8], place: Range<usize>) -> usize {
    let bytes = bytes.get(place).unwrap_or_default();
    bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
}

/// Reads a number of seven bits a byte, and returns it with the place behind it.
fn varint(bytes: &[u8], at: usize) -> (usize, usize) {
    let mut sum = 0;
    for (length, byte) in bytes.iter().skip(at).take(9).enumerate() {
        sum = (sum << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return (sum, at + length + 1);
        }
    }
    (sum, at + 9)
}

/// A page of a tree.
struct Tree<'p> {
    page: &'p [u8],
    begin: usize,
}

impl<'p> Tree<'p> {
    fn of(number: usize, page: &'p [u8]) -> Self {
        Self { page, begin: if number == 1 { FILE_HEADER } else { 0 } }
    }

    fn at(&self, place: Range<usize>) -> Range<usize> {
        self.begin + place.start..self.begin + place.end
    }

    fn kind(&self) -> Option<Kind> {
        match number(self.page, self.at(0..1)) {
            0x02 => Some(Kind::IndexInterior),
            0x05 => Some(Kind::TableInterior),
            0x0a => Some(Kind::IndexLeaf),
            0x0d => Some(Kind::TableLeaf),
            _ => None,
        }
    }

    fn is_interior(&self) -> bool {
        matches!(self.kind(), Some(Kind::IndexInterior | Kind::TableInterior))
    }

    /// Returns where the header ends.
    fn header(&self) -> usize {
        self.begin + if self.is_interior() { 12 } else { 8 }
    }

    fn cells(&self) -> usize {
        number(self.page, self.at(3..5))
    }

    fn pointers(&self) -> impl Iterator<Item = Range<usize>> {
        let first = self.header();
        (0..self.cells()).map(move |cell| first + 2 * cell..first + 2 * cell + 2)
    }

    /// Returns where the numbers of child pages are, the rightmost one's in the header.
    fn children(&self) -> Vec<Range<usize>> {
        if !self.is_interior() {
            return Vec::new();
        }
        let cells = self.pointers().map(|pointer| number(self.page, pointer));
        cells.map(|cell| cell..cell + 4).chain([self.at(8..12)]).collect()
    }

    /// Returns the first overflow page of each cell that has one.
    fn overflows(&self) -> Vec<usize> {
        let cells = self.pointers().map(|pointer| number(self.page, pointer));
        cells.filter_map(|cell| self.overflow(cell)).collect()
    }

    fn overflow(&self, cell: usize) -> Option<usize> {
        let (size, payload) = match self.kind()? {
            Kind::TableLeaf => {
                let (size, key) = varint(self.page, cell);
                (size, varint(self.page, key).1)
            }
            Kind::IndexInterior => varint(self.page, cell + 4),
            Kind::IndexLeaf => varint(self.page, cell),
            _ => return None,
        };
        let most = if self.kind() == Some(Kind::TableLeaf) { PAGE - 35 } else { (PAGE - 12) * 64 / 255 - 23 };
        let least = (PAGE - 12) * 32 / 255 - 23;
        let end = least + size.checked_sub(least)? % (PAGE - 4);
        let local = if end <= most { end } else { least };
        (size > most).then(|| number(self.page, payload + local..payload + local + 4))
    }
}

/// Sorts the pages of the schema, of the freelist and of some tables with their indexes by type.
///
/// # Errors
/// Fails for a file that is damaged.
pub(super) fn pages(database: &Connection, file: &[u8], tables: &[&str]) -> Result<Vec<Page>> {
    let size: u32 = database.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    ensure!(size as usize == PAGE, "a page has {size} bytes");
    let mut found: Vec<Page> = Vec::new();
    walk(file, (1, "sqlite_schema"), &mut found)?;
    for page in &mut found {
        page.kind = Kind::Schema;
    }
    let mut roots =
        database.prepare("SELECT rootpage, name, tbl_name FROM sqlite_schema WHERE rootpage > 0")?;
    let mut roots = roots.query([])?;
    while let Some(root) = roots.next()? {
        let (number, name, table): (u32, String, String) = (root.get(0)?, root.get(1)?, root.get(2)?);
        if tables.contains(&table.as_str()) {
            walk(file, (number as usize, &name), &mut found)?;
        }
    }
    found.extend(freelist(file));
    Ok(found)
}

/// Finds the pages of a tree, from its root on.
fn walk(file: &[u8], (root, owner): (usize, &str), found: &mut Vec<Page>) -> Result<()> {
    let mut next = vec![(root, 0)];
    while let Some((number, depth)) = next.pop() {
        let bytes = file.get(place(number)).unwrap_or_default();
        let tree = Tree::of(number, bytes);
        let Some(kind) = tree.kind().filter(|_| depth < DEPTH) else {
            anyhow::bail!("page {number} of {owner} is not a page of a tree");
        };
        found.push(Page { number, kind, owner: owner.to_owned() });
        next.extend(tree.children().into_iter().map(|child| (self::number(bytes, child), depth + 1)));
        for first in tree.overflows() {
            found.extend(chain(file, first).map(|number| Page {
                number,
                kind: Kind::Overflow,
                owner: owner.to_owned(),
            }));
        }
    }
    Ok(())
}

/// Follows pages, each of which begins with the number of the next one.
fn chain(file: &[u8], first: usize) -> impl Iterator<Item = usize> {
    let next = |number: &usize| Some(self::number(file.get(place(*number))?, 0..4));
    std::iter::successors(Some(first), next).take_while(|number| *number > 0)
}

fn freelist(file: &[u8]) -> Vec<Page> {
    let page = |number, kind| Page { number, kind, owner: String::new() };
    let mut found = Vec::new();
    for trunk in chain(file, number(file, 32..36)) {
        let bytes = file.get(place(trunk)).unwrap_or_default();
        found.push(page(trunk, Kind::FreelistTrunk));
        let leaves = (0..number(bytes, 4..8)).map(|leaf| number(bytes, 8 + 4 * leaf..12 + 4 * leaf));
        found.extend(leaves.map(|leaf| page(leaf, Kind::FreelistLeaf)));
    }
    found
}
