//! References in place of values: `NAME=vault://SECRET`, and a sealed copy of the file as it was.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Map;
use vault::api::{ImportEntry, Imported, Taken};
use vault::domain::{Metadata, SecretName};
use vault::files;
use zeroize::Zeroizing;

use super::dotenv::{SCHEME, parsed};
use super::found::{Found, text_of};
use crate::context::Context;
use crate::dotenv::{Assignment, read as assignments};
use crate::failure::Failure;
use crate::moment::now;
use crate::prompt::checked;
use crate::show::date;

/// Makes the secret that holds the file as it was.
pub(super) fn copy(path: &Path, context: &Context) -> Result<ImportEntry, Failure> {
    let whole = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let name = format!("copy of {}, {}", whole.display(), date(now()));
    let name = SecretName::try_from(name).map_err(|rule| {
        Failure::usage(format!("the copy cannot be named: {}", rule.0), "move the file to a shorter path")
    })?;
    let mut metadata = Map::new();
    metadata.insert("path".to_owned(), whole.display().to_string().into());
    let metadata = Metadata::try_from(metadata).ok();
    let value = checked(text_of(path)?.as_str().to_owned())?;
    Ok(ImportEntry { org_id: context.one_org()?, metadata, ..super::entry(name, value) })
}

/// Rewrites the file, and tells how many values were replaced; those that were left in the vault as they are stay.
///
/// # Errors
/// What could not be written; the secrets are in the vault then, and the file is as it was.
pub(super) fn replace(path: &Path, imported: &Imported, found: &Found) -> Result<usize, Failure> {
    let text = text_of(path)?;
    let stored = |outcome| matches!(outcome, Taken::Created | Taken::Overwritten);
    let names: Vec<&str> =
        imported.entries.iter().filter(|one| stored(one.outcome)).map(|one| one.name.as_str()).collect();
    let stored = found.variables.iter().filter(|(_, name)| names.contains(&name.as_str()));
    let references: BTreeMap<String, String> =
        stored.map(|(variable, name)| (variable.clone(), format!("{SCHEME}{name}"))).collect();
    let (text, replaced) = rewritten(&text, &parsed(path, &text)?, &references);
    let real = std::fs::canonicalize(path).map_err(|error| Failure::file(path, &error))?;
    files::replace_private(&real, text.as_bytes()).map_err(|error| Failure::file(&real, &error))?;
    Ok(replaced)
}

/// Puts references in the place of values; every other line stays as it is.
fn rewritten(
    text: &str,
    all: &[Assignment],
    references: &BTreeMap<String, String>,
) -> (Zeroizing<String>, usize) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let (mut at, mut replaced) = (0, 0);
    while let Some(line) = lines.get(at) {
        let assignment = all.iter().find(|one| one.line == at + 1);
        let reference =
            assignment.and_then(|one| references.get(&one.name).map(|reference| (one, reference)));
        match reference {
            Some((assignment, reference)) if !assignment.value.is_empty() => {
                let before = line.split_once('=').map_or("", |(before, _)| before);
                out.extend([before, "=", reference, "\n"]);
                at += span(lines.get(at..).unwrap_or_default());
                replaced += 1;
            }
            _ => {
                out.push_str(line);
                at += 1;
            }
        }
    }
    (out, replaced)
}

/// Counts the lines of the assignment that begins here: a quoted value may run over several.
fn span(lines: &[&str]) -> usize {
    let whole = |count: &usize| assignments(&lines.get(..*count).unwrap_or_default().concat()).is_ok();
    (1..=lines.len()).find(whole).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_references_and_every_other_line_stays() {
        let text = "# remark\nexport A='x\ny' # z\nB=keep\n\nC = 1\nA=again\n";
        let names = [("A", "a"), ("C", "c")];
        let references = names
            .map(|(variable, name)| (variable.to_owned(), format!("vault://{name}")))
            .into_iter()
            .collect();
        let (text, replaced) = rewritten(text, &assignments(text).unwrap(), &references);
        assert_eq!("# remark\nexport A=vault://a\nB=keep\n\nC =vault://c\nA=vault://a\n", *text);
        assert_eq!(3, replaced);
    }
}
