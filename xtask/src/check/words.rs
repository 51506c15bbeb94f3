//! Plain words: some are refused in texts and documentation, and the message says what to write instead.
//!
//! Comments that begin with two slashes and names in code are not looked at. `where` is refused in the phrases that begin
//! a condition; in others, whether it names a place cannot be said without reading the sentence.

mod table;
mod text;

use anyhow::{Context, Result};

use super::shrinking::{All, Found, Shrinking};
use super::sources::{self, Source};

/// How many of these words each file still has.
const LIST: Shrinking = Shrinking { file: "xtask/src/check/words.txt" };
/// Where the words are written down to refuse them.
const OWN: [&str; 2] = ["xtask/src/check/words.rs", "xtask/src/check/words"];

/// Checks every file that people read.
pub(super) fn check() -> Result<()> {
    LIST.check(&found()?)
}

/// Lowers the list to what is found.
pub(super) fn lower() -> Result<()> {
    LIST.lower(&found()?)
}

fn found() -> Result<All> {
    let is_own = |source: &Source| OWN.iter().any(|own| source.path.starts_with(own));
    let sources = sources::texts()?.into_iter().filter(|source| !is_own(source));
    let found = |source: Source| {
        let found = found_in(&source).with_context(|| source.path.display().to_string())?;
        Ok((source.path.display().to_string(), found))
    };
    sources.map(found).collect()
}

fn found_in(source: &Source) -> Result<Found> {
    let mut found = Found::default();
    for (begin, text) in text::of(source)? {
        for table::Hit { line, words, instead } in table::hits(&text) {
            let (path, line) = (source.path.display(), begin + line);
            found.add(format!("{path}:{line}: \"{words}\"; write: {instead}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.to_owned() }
    }

    #[test]
    fn the_projects_own_words_are_within_the_list() {
        check().unwrap();
    }

    #[test]
    fn a_refused_word_fails_with_its_line_and_what_to_write_instead() {
        let text = "/// Opens it.\n///\n/// Mends it.\nfn mend() {}\n";
        let found = found_in(&source("src/a.rs", text)).unwrap();
        assert_eq!(["src/a.rs:3: \"mends\"; write: fix"], found.lines[..]);
        assert!(LIST.check(&All::from([("src/a.rs".to_owned(), found)])).is_err());
    }

    #[test]
    fn names_and_comments_that_say_why_are_left_alone() {
        let text = "// Nobody is told.\nfn told(nobody: u8) -> u8 {\n    nobody\n}\n";
        assert_eq!(0, found_in(&source("src/a.rs", text)).unwrap().count);
    }
}
