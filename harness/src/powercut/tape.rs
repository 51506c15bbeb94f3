//! The shim's log as it is read back: what was done to the files of a home, and what clients knew in between.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use anyhow::{Context, Result};

/// What each record begins with.
pub(super) const MAGIC: u32 = 0x3147_4f4c;
/// The kind of a record that a client wrote.
pub(super) const EVENT: u32 = 100;
/// The bytes of a record before its name and data.
const HEAD: usize = 32;

/// A log, read back.
#[derive(Debug)]
pub(super) struct Tape {
    bytes: Vec<u8>,
    pub(super) records: Vec<Record>,
    /// The files that there ever were, by the most bytes that each had.
    pub(super) files: Vec<usize>,
}

/// One thing that was done.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it stands in the log; a sync names such places.
    pub(super) at: u64,
    pub(super) what: What,
}

/// What was done. Files are numbered, since names change hands.
#[derive(Debug)]
pub(super) enum What {
    Made {
        name: String,
        file: usize,
    },
    Written {
        file: usize,
        place: usize,
        data: Range<usize>,
    },
    Sized {
        file: usize,
        size: usize,
    },
    /// What stands before this place of the log is surely on the disk.
    Synced {
        file: usize,
        reached: u64,
    },
    FolderSynced {
        folder: String,
        reached: u64,
    },
    Removed {
        name: String,
    },
    Renamed {
        from: String,
        to: String,
        file: usize,
    },
    /// A client had this to say.
    Event(usize),
}

/// A record as it stands in the log.
struct Raw {
    kind: u32,
    file: u64,
    place: u64,
    name: Range<usize>,
    data: Range<usize>,
}

/// What is known of names and numbers while a log is read.
#[derive(Default)]
struct Reader {
    /// The file that has an inode now.
    inodes: HashMap<u64, usize>,
    names: BTreeMap<String, usize>,
    files: Vec<usize>,
}

impl Tape {
    /// Reads a log.
    ///
    /// # Errors
    /// Where it names a file that was never made.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self> {
        let mut reader = Reader::default();
        let mut records = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let raw = Raw::read(&bytes, at).with_context(|| format!("the log is cut at {at}"))?;
            let next = raw.data.end;
            let what = reader.understand(raw, &bytes).with_context(|| format!("in the log at {at}"))?;
            records.push(Record { at: at as u64, what });
            at = next;
        }
        Ok(Self { bytes, records, files: reader.files })
    }

    /// Gives what was written.
    pub(super) fn data(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

/// Gives the folder that a name is in; that of the home itself is empty.
pub(super) fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Raw {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let head = bytes.get(at..at + HEAD)?;
        let small = |place: usize| Some(u32::from_ne_bytes(*head.get(place..)?.first_chunk()?));
        let large = |place: usize| Some(u64::from_ne_bytes(*head.get(place..)?.first_chunk()?));
        if small(0)? != MAGIC {
            return None;
        }
        let name = at + HEAD..at + HEAD + usize::try_from(small(8)?).ok()?;
        let data = name.end..name.end + usize::try_from(small(12)?).ok()?;
        bytes.get(data.clone())?;
        Some(Self { kind: small(4)?, file: large(16)?, place: large(24)?, name, data })
    }
}

impl Reader {
    fn understand(&mut self, raw: Raw, bytes: &[u8]) -> Result<What> {
        let text = |range: &Range<usize>| {
            String::from_utf8_lossy(bytes.get(range.clone()).unwrap_or_default()).into_owned()
        };
        let name = text(&raw.name);
        let place = usize::try_from(raw.place)?;
        Ok(match raw.kind {
            1 => self.make(name, raw.file),
            2 => What::Written { file: self.file(raw.file, place + raw.data.len())?, place, data: raw.data },
            3 => What::Sized { file: self.file(raw.file, place)?, size: place },
            4 => What::Synced { file: self.file(raw.file, 0)?, reached: raw.place },
            5 => What::FolderSynced { folder: name, reached: raw.place },
            6 => {
                self.names.remove(&name);
                What::Removed { name }
            }
            7 => {
                let file = self.names.remove(&name).with_context(|| format!("`{name}` was never made"))?;
                let to = text(&raw.data);
                self.names.insert(to.clone(), file);
                What::Renamed { from: name, to, file }
            }
            EVENT => What::Event(usize::try_from(raw.file)?),
            kind => anyhow::bail!("no record is of kind {kind}"),
        })
    }

    fn make(&mut self, name: String, inode: u64) -> What {
        let file = self.files.len();
        self.files.push(0);
        self.inodes.insert(inode, file);
        self.names.insert(name.clone(), file);
        What::Made { name, file }
    }

    /// Gives the file that has an inode now, and has at least so many bytes.
    fn file(&mut self, inode: u64, bytes: usize) -> Result<usize> {
        let file = *self.inodes.get(&inode).context("a file is changed that was never made")?;
        if let Some(most) = self.files.get_mut(file) {
            *most = bytes.max(*most);
        }
        Ok(file)
    }
}
