//! The file that is brought in.

use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::Value;
use vault::domain::strict_json;
use zeroize::Zeroizing;

use super::shape::Shape;
use crate::failure::{Failure, in_words};
use crate::utf8;

/// The largest file that is read, in bytes.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A file, or stdin for `-`, that is to be of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'p> {
    path: &'p Path,
    shape: Shape,
}

impl<'p> Source<'p> {
    /// Names a file, and what it is to be.
    pub(super) fn new(path: &'p Path, shape: Shape) -> Self {
        Self { path, shape }
    }

    /// Names the file for a message.
    pub(super) fn name(self) -> String {
        if self.is_stdin() { "stdin".to_owned() } else { self.path.display().to_string() }
    }

    fn is_stdin(self) -> bool {
        self.path.as_os_str() == "-"
    }

    /// Reads the file whole.
    ///
    /// # Errors
    /// `invalid_request` for what cannot be read or has more than 64 MiB.
    pub(super) fn bytes(self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut bytes = Zeroizing::new(Vec::new());
        if self.is_stdin() {
            std::io::stdin().lock().take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
        } else {
            let file = std::fs::File::open(self.path);
            let read = file.and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
            read.map_err(|error| self.unreadable(&error))?;
        }
        if bytes.len() as u64 > FILE_BYTES {
            let message = format!("{} has more than 64 MiB", self.name());
            return Err(Failure::usage(message, "bring it in by parts"));
        }
        Ok(bytes)
    }

    fn unreadable(self, error: &std::io::Error) -> Failure {
        let folder = (error.kind() == ErrorKind::IsADirectory).then(|| Shape::of_folder(self.path)).flatten();
        let other = || {
            Failure::usage(format!("{}: {}", self.name(), in_words(error)), "name a file that you may read")
        };
        folder.map_or_else(other, |shape| self.refusal(shape))
    }

    /// Reads the file as text, as it is.
    ///
    /// # Errors
    /// Those of [`Self::bytes`]; `invalid_request` for what is no text, by the name of what it is, if that is known.
    pub(super) fn whole_text(self) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.bytes()?;
        self.refuse_other(Shape::of_bytes(&bytes))?;
        Ok(Zeroizing::new(utf8::text(&bytes, &self.name(), "convert it first")?.to_owned()))
    }

    /// Reads the file as text, without the mark that some editors put before it.
    ///
    /// # Errors
    /// Those of [`Self::whole_text`].
    pub(super) fn text(self) -> Result<Zeroizing<String>, Failure> {
        let mut text = self.whole_text()?;
        utf8::drop_mark(&mut text);
        Ok(text)
    }

    /// Reads the file's text as JSON.
    ///
    /// # Errors
    /// `invalid_request` for JSON of another program, by its name, and for what is no JSON, by its place alone.
    pub(super) fn json(self, text: &str) -> Result<Value, Failure> {
        let read = strict_json(text);
        let error = match read {
            Ok(document) => return self.refuse_other(Shape::of_json(&document)).map(|()| document),
            Err(error) => error,
        };
        let (line, column) = (error.line(), error.column());
        if error.is_data() {
            let message =
                format!("{} has a name twice in one object: line {line}, column {column}", self.name());
            return Err(Failure::usage(message, "programs differ in which of the two counts; remove one"));
        }
        self.refuse_other(Shape::of_text(text))?;
        let message = format!("{} is no JSON: line {line}, column {column}", self.name());
        Err(Failure::usage(message, "check that it is the format that you named"))
    }

    /// Refuses what was recognised as another shape than that which the file is to be of.
    ///
    /// # Errors
    /// `invalid_request`, with the shape's name and the way to bring it in.
    pub(super) fn refuse_other(self, recognised: Option<Shape>) -> Result<(), Failure> {
        recognised.filter(|other| *other != self.shape).map_or(Ok(()), |other| Err(self.refusal(other)))
    }

    /// Refuses the file by the name of what it is, if it is known.
    ///
    /// # Errors
    /// Those of [`Self::bytes`] and [`Self::refuse_other`].
    pub(super) fn refuse_known(self) -> Result<(), Failure> {
        let bytes = self.bytes()?;
        let text = || std::str::from_utf8(&bytes).ok().and_then(Shape::of_text);
        self.refuse_other(Shape::of_bytes(&bytes).or_else(text))
    }

    fn refusal(self, other: Shape) -> Failure {
        let message = format!("{} is {}, and not {}", self.name(), other.words(), self.shape.words());
        Failure::usage(message, other.way())
    }
}
