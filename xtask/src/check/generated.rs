//! Files that are generated and committed: none is missing, and none is left over.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use vault::vault::{Fold, Handle, each};

use crate::workspace::root;

const README: &str = "README.md";
const SNAPSHOTS: &str = "ctl/tests/ctl/snapshots";
const SCHEMA: &str = "docs/json-output.schema.json";
const PAGE: &str = "docs/performance.md";
const PLOTS: &str = "docs/plots";

type Names = BTreeSet<String>;

/// Compares the table of operations, the snapshots of JSON output and the plots with what they are made from.
pub(super) fn check() -> Result<()> {
    let mut faults = compare("the table of README.md", &operations(), &rows(&text(README)?));
    faults.extend(compare(SNAPSHOTS, &shapes(&text(SCHEMA)?)?, &files(SNAPSHOTS)?));
    faults.extend(compare(PLOTS, &plots(&text(PAGE)?), &files(PLOTS)?));
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

/// Lists the names that are missing at a place, and those that are stale there.
pub(crate) fn compare(place: &str, expected: &Names, kept: &Names) -> Vec<String> {
    let missing = expected.difference(kept).map(|name| format!("{place}: {name} is missing"));
    let stale = kept.difference(expected).map(|name| format!("{place}: {name} is stale; remove it"));
    missing.chain(stale).collect()
}

fn text(file: &str) -> Result<String> {
    std::fs::read_to_string(root().join(file)).with_context(|| file.to_owned())
}

fn files(folder: &str) -> Result<Names> {
    names(&root().join(folder)).with_context(|| folder.to_owned())
}

/// Lists the files of a folder.
pub(crate) fn names(folder: &Path) -> Result<Names> {
    let files = std::fs::read_dir(folder)?;
    files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned())).collect()
}

/// Collects the row of each operation.
struct Rows(Names);

impl Fold for Rows {
    fn add<O: Handle>(&mut self) {
        let places: Vec<_> = O::routes().map(|route| format!("`{route}`")).collect();
        let places = places.join(", ");
        self.0.insert(format!("| {} | {places} | `{}` |", O::SUMMARY, O::METHOD));
    }
}

fn operations() -> Names {
    let mut rows = Rows(Names::new());
    each(&mut rows);
    rows.0
}

/// Finds the rows of operations in the README: those that end with a method.
fn rows(readme: &str) -> Names {
    let is_row = |line: &&str| line.starts_with("| ") && line.ends_with("` |") && line.contains(" | `vault.");
    readme.lines().filter(is_row).map(str::to_owned).collect()
}

/// Returns the snapshot of each command in the schema; types begin with a capital letter.
fn shapes(schema: &str) -> Result<Names> {
    let schema: serde_json::Value = serde_json::from_str(schema).context(SCHEMA)?;
    let defined =
        schema.get("$defs").and_then(serde_json::Value::as_object).context("the schema defines nothing")?;
    let commands = defined.keys().filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    Ok(commands.map(|name| format!("json-{name}.snap")).collect())
}

/// Lists the plots that the page of measurements shows.
fn plots(page: &str) -> Names {
    let after = page.split("](plots/").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> Names {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_projects_own_generated_files_are_complete_and_not_stale() {
        check().unwrap();
    }

    #[test]
    fn what_is_missing_and_what_is_stale_both_fail() {
        assert!(compare("docs", &set(&["a"]), &set(&["a"])).is_empty());
        assert_eq!(["docs: a is missing"], compare("docs", &set(&["a"]), &set(&[]))[..]);
        assert_eq!(["docs: b is stale; remove it"], compare("docs", &set(&["a"]), &set(&["a", "b"]))[..]);
    }

    #[test]
    fn a_row_of_an_operation_that_does_not_exist_is_found() {
        let stale = "| Sings. | `POST /vault/sing` | `vault.sing` |";
        let readme =
            format!("| Operation | HTTP | RPC |\n| --- | --- | --- |\n{stale}\n| `vault.x` | is not one |\n");
        assert_eq!(set(&[stale]), rows(&readme));
        assert!(!operations().contains(stale));
    }

    #[test]
    fn snapshots_are_of_commands_and_plots_are_what_the_page_shows() {
        let schema = r#"{ "$defs": { "Value": {}, "list": {}, "agent-rm": {} } }"#;
        assert_eq!(set(&["json-agent-rm.snap", "json-list.snap"]), shapes(schema).unwrap());
        assert_eq!(set(&["a.svg", "b.svg"]), plots("![a](plots/a.svg)\n![b](plots/b.svg)\n[c](c.svg)"));
    }
}
