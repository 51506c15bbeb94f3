//! `docs/dependencies.md` names each direct dependency with its version, and no other.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::workspace::root;

const PAGE: &str = "docs/dependencies.md";

/// Compares the page with the workspace's manifest.
pub(super) fn check() -> Result<()> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).context("Cargo.toml")?;
    let page = std::fs::read_to_string(root().join(PAGE)).context(PAGE)?;
    let faults = compare(&required(&manifest)?, &explained(&page));
    if faults.is_empty() { Ok(()) } else { bail!(faults.join("\n")) }
}

/// Lists what the manifest requires from outside, with the version.
fn required(manifest: &str) -> Result<BTreeMap<String, String>> {
    let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let all = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let all = all.and_then(toml::Value::as_table).context("Cargo.toml has no [workspace.dependencies]")?;
    let version =
        |one: &toml::Value| one.as_str().or_else(|| one.get("version")?.as_str()).map(str::to_owned);
    let outside = all.iter().filter_map(|(name, one)| Some((name.clone(), version(one)?)));
    Ok(outside.collect())
}

/// Lists the rows of the page's tables that begin with a crate's name and a version.
fn explained(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let rows =
        rows.filter_map(|(name, rest)| Some((name.to_owned(), rest.split_once('|')?.0.trim().to_owned())));
    rows.collect()
}

fn compare(required: &BTreeMap<String, String>, explained: &BTreeMap<String, String>) -> Vec<String> {
    let lacking = required.iter().filter(|(name, version)| explained.get(*name) != Some(version));
    let lacking =
        lacking.map(|(name, version)| format!("{PAGE}: no row begins with | `{name}` | {version} |"));
    let stale = explained.keys().filter(|name| !required.contains_key(*name));
    lacking.chain(stale.map(|name| format!("{PAGE}: `{name}` is no dependency any more"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "[workspace.dependencies]\nown = { path = \"x\" }\na = \"1\"\nb = { version = \"0.2\" }\n";

    fn faults(page: &str) -> Vec<String> {
        compare(&required(MANIFEST).unwrap(), &explained(page))
    }

    #[test]
    fn a_page_that_names_each_dependency_passes() {
        assert!(faults("| `a` | 1 | why |\n| `b` | 0.2 | why |\n").is_empty());
    }

    #[test]
    fn a_dependency_without_a_row_or_of_another_version_is_named() {
        let faults = faults("| `b` | 0.1 | why |\n");
        assert!(faults[0].contains("`a` | 1") && faults[1].contains("`b` | 0.2"), "{faults:?}");
    }

    #[test]
    fn a_row_of_what_is_no_dependency_any_more_is_named() {
        let faults = faults("| `a` | 1 | why |\n| `b` | 0.2 | why |\n| `c` | 3 | why |\n");
        assert_eq!(["docs/dependencies.md: `c` is no dependency any more"], faults[..]);
    }
}
