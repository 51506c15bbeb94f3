//! No file names a folder of the machine that it was written on.

use anyhow::{Result, bail};

use super::sources;

/// The folders below which people and builds keep their own.
const OWN: [&str; 6] = ["home", "root", "Users", "work", "builds", "workspace"];

/// Checks every text file.
pub(super) fn check() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources::texts()? {
        let named = source.text.lines().zip(1..).filter(|(line, _)| names_own_folder(line));
        faults.extend(
            named.map(|(_, number)| format!("{}:{number}: a path of one machine", source.path.display())),
        );
    }
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

/// Tells whether an absolute path into one of those folders stands in a line.
fn names_own_folder(line: &str) -> bool {
    OWN.iter().any(|folder| {
        let path = format!("/{folder}/");
        line.match_indices(&path).any(|(at, _)| line.get(..at).is_some_and(begins_here))
    })
}

/// Tells whether a path would begin after this text, and not go on: `https://host/home/` goes on.
fn begins_here(before: &str) -> bool {
    before.chars().next_back().is_none_or(|last| last.is_whitespace() || "\"'`=(:,<[|".contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_somebodys_folder_is_found() {
        assert!(names_own_folder(&format!("see `/{}/alice/vault`", "home")));
        assert!(names_own_folder(&format!("/{}/main", "work")));
    }

    #[test]
    fn a_path_that_only_goes_through_such_a_name_is_none() {
        assert!(!names_own_folder("https://example.org/home/page, src/home/x.rs, ~/root/a"));
    }
}
