//! What is on the disk after a cut: everything that was synced, and of the rest what the cut left.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use vault::files;

use super::cut::{Cut, Data, LENGTH};
use super::tape::{Tape, What, folder_of};

/// The files of a home, by name.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

/// One file while it is put together.
#[derive(Debug, Default)]
struct Sheet {
    /// As many as there ever were; zeros beyond the length.
    bytes: Vec<u8>,
    length: usize,
    /// What stands before this place of the log is on the disk.
    reached: u64,
    /// The first record of this file that no sync holds.
    loose: Option<usize>,
}

/// Puts the files together that are there after a cut.
pub(super) fn develop(tape: &Tape, cut: &Cut) -> Image {
    let mut sheets: Vec<_> = tape.files.iter().map(|most| Sheet::of(*most)).collect();
    let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
    let records = tape.records.get(..cut.end).unwrap_or_default();
    for record in records {
        match &record.what {
            What::Synced { file, reached } => {
                if let Some(sheet) = sheets.get_mut(*file) {
                    sheet.reached = sheet.reached.max(*reached);
                }
            }
            What::FolderSynced { folder, reached } => {
                let known = folders.entry(folder.as_str()).or_default();
                *known = (*known).max(*reached);
            }
            _ => {}
        }
    }
    for (number, record) in records.iter().enumerate() {
        let (What::Written { file, .. } | What::Sized { file, .. }) = record.what else { continue };
        let Some(sheet) = sheets.get_mut(file) else { continue };
        let held = record.at < sheet.reached;
        if !held {
            sheet.loose.get_or_insert(number);
        }
        match &record.what {
            What::Written { place, data, .. } if held => sheet.put(*place, tape.data(data)),
            What::Sized { size, .. } if held => sheet.resize(*size),
            What::Written { place, data, .. } => {
                Loose { cut, file, number, sheet }.put(*place, tape.data(data));
            }
            What::Sized { size, .. } => Loose { cut, file, number, sheet }.resize(*size),
            _ => {}
        }
    }
    let mut image = Image::new();
    for (name, file) in names(tape, cut, &folders) {
        let sheet = sheets.get_mut(file).map(std::mem::take).unwrap_or_default();
        image.insert(name, sheet.finished());
    }
    image
}

/// Gives the names that are there, and the files that they stand for.
fn names(tape: &Tape, cut: &Cut, folders: &BTreeMap<&str, u64>) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let mut first = None;
    for (number, record) in tape.records.iter().enumerate().take(cut.end) {
        let (What::Made { name, .. } | What::Removed { name } | What::Renamed { to: name, .. }) =
            &record.what
        else {
            continue;
        };
        let reached = folders.get(folder_of(name)).copied().unwrap_or_default();
        if record.at >= reached && !cut.name(number, *first.get_or_insert(number)) {
            continue;
        }
        match &record.what {
            What::Made { name, file } => drop(names.insert(name.clone(), *file)),
            What::Removed { name } => drop(names.remove(name)),
            What::Renamed { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            _ => {}
        }
    }
    names
}

impl Sheet {
    fn of(most: usize) -> Self {
        Self { bytes: vec![0; most], ..Self::default() }
    }

    /// Gives the bytes, as many as the length says.
    fn finished(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }

    fn put(&mut self, place: usize, data: &[u8]) {
        self.overwrite(place, data);
        self.length = self.length.max(place + data.len());
    }

    /// Writes bytes and leaves the length as it is.
    fn overwrite(&mut self, place: usize, data: &[u8]) {
        if let Some(to) = self.bytes.get_mut(place..place + data.len()) {
            to.copy_from_slice(data);
        }
    }

    fn resize(&mut self, size: usize) {
        self.bytes.get_mut(size..).unwrap_or_default().fill(0);
        self.length = size;
    }
}

/// A change that no sync holds, on its way to a file.
struct Loose<'a> {
    cut: &'a Cut,
    file: usize,
    number: usize,
    sheet: &'a mut Sheet,
}

impl Loose<'_> {
    /// Tells whether the change reached a sector, or the length.
    fn reaches(&self, sector: usize) -> bool {
        self.number < self.cut.sector(self.file, sector, self.sheet.loose.unwrap_or_default())
    }

    fn sector_bytes(&self) -> usize {
        match self.cut.data {
            Data::Torn(bytes) => bytes,
            Data::Lost | Data::Kept => 4096,
        }
    }

    /// Writes the sectors that the change reached.
    fn put(&mut self, place: usize, data: &[u8]) {
        let (bytes, end) = (self.sector_bytes(), place + data.len());
        let mut at = place;
        while at < end {
            let next = end.min((at / bytes + 1) * bytes);
            if self.reaches(at / bytes) {
                self.sheet.overwrite(at, data.get(at - place..next - place).unwrap_or_default());
            }
            at = next;
        }
        if self.reaches(LENGTH) {
            self.sheet.length = self.sheet.length.max(end);
        }
    }

    /// Shortens or lengthens the file, whole or not at all: no file system tears this apart.
    ///
    /// `SQLite` relies on it. Of a log that was half emptied it would take the older half for one that counts.
    fn resize(&mut self, size: usize) {
        if self.reaches(LENGTH) {
            self.sheet.resize(size);
        }
    }
}

/// Writes an image into a folder.
pub(super) fn lay_out(image: &Image, folder: &Path) -> Result<()> {
    files::make_private_folder(folder)?;
    for (name, bytes) in image {
        let path = folder.join(name);
        files::make_private_folder(&files::parent(&path))?;
        files::create_private(&path)?.write_all(bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tape::MAGIC;
    use super::*;

    fn record(kind: u32, name: &str, data: &[u8], (file, place): (u64, u64)) -> Vec<u8> {
        let lengths = [name.len(), data.len()].map(|length| u32::try_from(length).unwrap());
        let head = [MAGIC, kind, lengths[0], lengths[1]].map(u32::to_ne_bytes).concat();
        [&head, &file.to_ne_bytes()[..], &place.to_ne_bytes(), name.as_bytes(), data].concat()
    }

    /// Makes a file of one sector that is synced under a synced name, and writes two more.
    fn tape() -> Tape {
        let mut log = record(1, "a", b"", (7, 0));
        log.extend(record(2, "", &[1; 512], (7, 0)));
        let reached = log.len() as u64;
        log.extend(record(4, "", b"", (7, reached)));
        log.extend(record(5, "", b"", (0, reached)));
        log.extend(record(2, "", &[2; 1024], (7, 512)));
        log.extend(record(1, "b", b"", (8, 0)));
        Tape::read(log).unwrap()
    }

    #[test]
    fn what_was_synced_is_in_every_image_and_the_rest_sector_by_sector() {
        let (tape, mut random) = (tape(), fastrand::Rng::with_seed(1));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            let cut = Cut::draw(&tape, &mut random);
            let image = develop(&tape, &cut);
            if cut.end < 4 {
                continue;
            }
            assert_eq!([1; 512], image["a"][..512]);
            let rest: Vec<_> = image["a"][512..].chunks(512).map(|sector| sector[0]).collect();
            seen.insert((rest, image.contains_key("b")));
        }
        let torn = [vec![], vec![0, 2], vec![2, 0], vec![2, 2]];
        assert!(torn.iter().all(|rest| seen.contains(&(rest.clone(), false))), "{seen:?}");
        assert!(seen.contains(&(vec![2, 2], true)), "{seen:?}");
    }

    #[test]
    fn a_tape_that_is_played_to_its_end_gives_everything() {
        let image = develop(&tape(), &Cut::none(&tape()));
        assert_eq!((1536, 0), (image["a"].len(), image["b"].len()));
    }
}
