//! The promises of `docs/threat-model.md` and `SECURITY.md`: each test that they name is there.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::root;

const PAGES: [&str; 2] = ["docs/threat-model.md", "SECURITY.md"];

/// Looks every named test and file up.
pub(super) fn check() -> Result<()> {
    let mut faults = Vec::new();
    for page in PAGES {
        let named = named_on(page)?;
        ensure!(!named.is_empty(), "{page} names no test");
        let broken = named.into_iter().filter(|name| !is_there(root(), name));
        faults.extend(broken.map(|name| format!("{page}: there is no test `{name}`")));
    }
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

/// Returns every test that a page names, as `folder/file::name`.
pub(crate) fn tests() -> Result<BTreeSet<String>> {
    let named = PAGES.iter().map(|page| named_on(page)).collect::<Result<Vec<_>>>()?;
    Ok(named.concat().into_iter().filter(|name| name.contains("::")).collect())
}

fn named_on(page: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    Ok(named(&text).into_iter().map(str::to_owned).collect())
}

/// Lists what stands between backticks and is a test, as `folder/file::name`, or a file or folder of tests.
fn named(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_test = |word: &&str| {
        let path = word.split_once("::").map_or(*word, |(path, _)| path);
        path.contains('/') && (word.contains("::") || path.contains("tests/")) && !path.contains(' ')
    };
    quoted.filter(is_test).collect()
}

fn is_there(root: &Path, name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return root.join(name).exists() };
    let source = std::fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
    let declared = format!("fn {function}(");
    let mut lines = source.lines().map(str::trim_start).peekable();
    while let Some(line) = lines.next() {
        let marked =
            line == "#[test]" || line.starts_with("#[test(needs(") || line.starts_with("#[tokio::test");
        if marked && lines.peek().is_some_and(|next| next.trim_start_matches("async ").starts_with(&declared))
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_own_promises_name_tests_that_are_there() {
        check().unwrap();
    }

    #[test]
    fn tests_and_files_of_tests_are_found_among_other_words() {
        let text = "run `vaultd --home /x` and see `tests/a::b`, `tests/c.rs`, `chmod 600` and `docs/d.md`";
        assert_eq!(vec!["tests/a::b", "tests/c.rs"], named(text));
    }

    #[test]
    fn a_test_is_there_where_a_file_marks_it_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = "#[test]\nfn one() {}\n    #[tokio::test]\n    async fn two() {}\nfn three() {}\n\
                    #[test(needs(Root))]\nfn four() {}\n";
        vault::files::replace_private(&folder.path().join("a.rs"), text.as_bytes()).unwrap();
        let there = |name: &str| is_there(folder.path(), name);
        assert!(there("a::one") && there("a::two") && there("a::four") && there("a.rs"));
        assert!(!there("a::three") && !there("a::on") && !there("b::one") && !there("b.rs"));
    }
}
