//! Edits of the key file while the daemon reads it: the same key again, or nonsense that is put back.

use std::fs::{FileTimes, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use vault::files;
use vault::keyfile::VARIABLE;

use super::record::Record;

/// The longest pause between two edits, in milliseconds; the daemon reads a file that was left alone for 300.
const PAUSE: u64 = 450;
/// How much later the file's time is with each touch.
const LATER: Duration = Duration::from_secs(1);

/// How often the file was edited.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Edited {
    /// In all.
    pub(super) edits: u64,
    /// With nonsense.
    pub(super) nonsense: u64,
}

/// Who edits the key file.
pub(super) struct Editor {
    file: PathBuf,
    text: Vec<u8>,
}

impl Editor {
    /// Takes the file as it is for what it has to be.
    pub(super) fn of(file: PathBuf) -> Result<Self> {
        let text = std::fs::read(&file)?;
        Ok(Self { file, text })
    }

    /// Edits until it is over, and leaves the file as it was.
    pub(super) fn work(&self, mut random: Rng, record: &Record) -> Result<Edited> {
        let mut edited = Edited::default();
        while !record.is_over() {
            self.is_as_left()?;
            match random.u8(0..10) {
                0 => {
                    self.spoil(&mut random, record)?;
                    edited.nonsense += 1;
                }
                1..=3 => self.rewrite(&self.text)?,
                4..=6 => self.touch()?,
                _ => self.replace()?,
            }
            edited.edits += 1;
            record.wait(Duration::from_millis(random.u64(1..PAUSE)));
        }
        Ok(edited)
    }

    /// Nobody else wrote the file: no key was made.
    fn is_as_left(&self) -> Result<()> {
        let text = std::fs::read(&self.file).context("the key file is gone")?;
        ensure!(text == self.text, "somebody else changed the key file");
        Ok(())
    }

    /// Puts nonsense into the file, or removes it, for a while.
    fn spoil(&self, random: &mut Rng, record: &Record) -> Result<()> {
        match random.u8(0..5) {
            0 => std::fs::remove_file(&self.file)?,
            1 => self.rewrite(b"")?,
            2 => self.rewrite(b"\xff\xfe\x00 no text")?,
            3 => self.rewrite(format!("{VARIABLE}=another key that opens nothing\n").as_bytes())?,
            _ => std::fs::set_permissions(&self.file, Permissions::from_mode(0o644))?,
        }
        let left = read(&self.file)?;
        record.wait(Duration::from_millis(random.u64(1..2 * PAUSE)));
        ensure!(read(&self.file)? == left, "somebody else wrote a key file");
        self.replace()
    }

    /// Writes the file where it lies.
    fn rewrite(&self, text: &[u8]) -> Result<()> {
        Ok(OpenOptions::new().write(true).truncate(true).open(&self.file)?.write_all(text)?)
    }

    fn touch(&self) -> Result<()> {
        let file = OpenOptions::new().write(true).open(&self.file)?;
        let later = file.metadata()?.modified()? + LATER;
        Ok(file.set_times(FileTimes::new().set_modified(later))?)
    }

    /// Puts another file in its place, as editors do.
    fn replace(&self) -> Result<()> {
        Ok(files::replace_private(&self.file, &self.text)?)
    }
}

fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read?)),
    }
}
