//! What was found, and where: never what stands there.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use vault::api::ScanMatch;

use crate::show::plain;

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// An object in the history of a repository.
    Object {
        /// The repository's folder.
        repository: PathBuf,
        /// The object's name.
        object: String,
        /// Its path, where it has one.
        path: Option<String>,
    },
}

/// A place in a text: line and column from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(super) struct Position {
    /// The line.
    pub(super) line: u64,
    /// The byte of the line.
    pub(super) column: u64,
}

impl Position {
    /// The first place.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// Gives the place after some bytes.
    pub(super) fn after(self, bytes: &[u8]) -> Self {
        bytes.split(|byte| *byte == b'\n').enumerate().fold(self, |place, (number, line)| {
            let (line_number, begins) =
                if number == 0 { (place.line, place.column) } else { (place.line + 1, 1) };
            Self { line: line_number, column: begins + line.len() as u64 }
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum What {
    /// A value that the vault keeps.
    StoredValue {
        /// The org of the secret.
        org_id: String,
        /// The name of the secret.
        name: String,
        /// Which of its values.
        version: u64,
        /// Whether that is the present one.
        current: bool,
    },
    /// What has the form of a platform's keys.
    KeyPattern {
        /// The platforms whose keys have it.
        platforms: Vec<String>,
        /// The text that tells them: how they begin, or what stands within.
        begins: String,
    },
}

impl What {
    /// Takes what the daemon found.
    pub(super) fn stored(found: &ScanMatch) -> Self {
        Self::StoredValue {
            org_id: found.org_id.to_string(),
            name: found.name.to_string(),
            version: found.version,
            current: found.current,
        }
    }

    /// Says what it is, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::StoredValue { org_id, name, version, current } => {
                let org = if org_id == "default" { String::new() } else { format!(" ({})", plain(org_id)) };
                let which = if *current { String::new() } else { format!(", its older version {version}") };
                format!("the value of {}{org}{which}", plain(name))
            }
            Self::KeyPattern { platforms, .. } => match &platforms[..] {
                [thing] if thing.starts_with("a ") => format!("looks like {thing}"),
                _ => format!("looks like a key of {}", platforms.join(" or ")),
            },
        }
    }
}

/// One place where something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The file, or the path in the repository; null for standard input and for objects without a path.
    pub(super) path: Option<String>,
    /// The place in it.
    #[serde(flatten)]
    pub(super) position: Position,
    /// The repository, for what is in a history.
    pub(super) repository: Option<String>,
    /// The object in the history.
    pub(super) object: Option<String>,
    /// The commit that brought it, where one did.
    pub(super) commit: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub(super) what: What,
}

impl Finding {
    /// Takes a place in a text.
    pub(super) fn new(origin: &Origin, position: Position, what: What) -> Self {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let (path, repository, object) = match origin {
            Origin::Stdin => (None, None, None),
            Origin::File(path) => (Some(shown(path)), None, None),
            Origin::Object { repository, object, path } => {
                (path.clone(), Some(shown(repository)), Some(object.clone()))
            }
        };
        Self { path, position, repository, object, commit: None, what }
    }

    /// Writes the place as compilers do.
    pub(super) fn place(&self) -> String {
        let path = plain(self.path.as_deref().unwrap_or("-"));
        let Position { line, column } = self.position;
        let Some(object) = &self.object else { return format!("{path}:{line}:{column}") };
        let repository = plain(self.repository.as_deref().unwrap_or_default());
        let short = |name: &str| name.get(..12).unwrap_or(name).to_owned();
        match &self.commit {
            Some(commit) => format!("{repository}: commit {}, {path}:{line}:{column}", short(commit)),
            None => format!("{repository}: object {}, {path}:{line}:{column}", short(object)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_from_where_a_piece_began() {
        let start = Position { line: 3, column: 5 };
        assert_eq!(start, start.after(b""));
        assert_eq!(Position { line: 3, column: 7 }, start.after(b"ab"));
        assert_eq!(Position { line: 4, column: 1 }, start.after(b"ab\n"));
        assert_eq!(Position { line: 5, column: 3 }, start.after(b"ab\n\ncd"));
    }
}
