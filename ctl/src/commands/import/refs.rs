//! References in place of values: `NAME=vault://SECRET`, and a sealed copy of the file as it was.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value};
use vault::api::{ExportedSecret, ImportEntry, Imported, ImportedEntry, Taken};
use vault::discovery::Place;
use vault::domain::{Metadata, OrgId, SecretName};
use zeroize::Zeroizing;

use super::found::Found;
use super::shape::Shape;
use super::source::Source;
use crate::context::Context;
use crate::dotenv::{Assignment, read_each};
use crate::failure::Failure;
use crate::moment::now;
use crate::output_file::Target;
use crate::prompt::checked;
use crate::quote::for_own_dotenv;
use crate::references::Reference;
use crate::show::date;

/// How the name of a copy begins.
const COPY_OF: &str = "copy of ";

/// Tells whether a secret is the copy of a file.
pub(in crate::commands) fn is_copy(secret: &ExportedSecret) -> bool {
    let metadata = serde_json::from_str(secret.metadata.as_json()).ok();
    secret.name.as_str().starts_with(COPY_OF)
        && metadata.is_some_and(|metadata: Map<String, Value>| metadata.contains_key("path"))
}

/// Makes the secret that holds the file as it was.
pub(super) fn copy(path: &Path, context: &Context) -> Result<ImportEntry, Failure> {
    // Refused before anything is stored.
    Target::find(path, context)?;
    let whole = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let name = format!("{COPY_OF}{}, {}", whole.display(), date(now()));
    let name = SecretName::try_from(name).map_err(|rule| {
        Failure::usage(format!("the copy cannot be named: {}", rule.0), "move the file to a shorter path")
    })?;
    let mut metadata = Map::new();
    metadata.insert("path".to_owned(), whole.display().to_string().into());
    let metadata = Metadata::try_from(metadata).ok();
    let value = checked(Source::new(path, Shape::Dotenv).whole_text()?.as_str().to_owned())?;
    Ok(ImportEntry { org_id: context.one_org()?, metadata, ..ImportEntry::new(name, value.into()) })
}

/// Rewrites the file, and returns how many values were replaced; those that were left in the vault as they are stay. A
/// variable that is nothing, or a reference, in the end is that everywhere.
///
/// # Errors
/// What could not be written; the secrets are in the vault then, and the file is as it was.
pub(super) fn replace(
    path: &Path,
    imported: &Imported,
    found: &Found,
    context: &Context,
) -> Result<usize, Failure> {
    let text = Source::new(path, Shape::Dotenv).whole_text()?;
    let stored = |outcome| matches!(outcome, Taken::Created | Taken::Overwritten);
    // What is overwritten may be stored under another name of the same place.
    let entries: HashMap<Place, &ImportedEntry> = imported
        .entries
        .iter()
        .filter(|one| stored(one.outcome))
        .map(|one| (Place::of(&one.name), one))
        .collect();
    let stored = found.variables.iter().filter_map(|(variable, name)| {
        let place = Place::of(&SecretName::try_from(name.clone()).ok()?);
        let entry = entries.get(&place)?;
        Some((variable.as_str(), reference(entry.name.as_str(), &entry.org_id)))
    });
    let all = read_each(&text).0;
    let ends = all.iter().filter(|one| found.settled.contains(&one.name)).map(|one| {
        let end = text.get(one.place.clone()).unwrap_or_default();
        (one.name.as_str(), Zeroizing::new(end.to_owned()))
    });
    let references: BTreeMap<_, _> = stored.chain(ends).collect();
    let (text, replaced) = rewritten(&text, &all, &references);
    Target::find(path, context)?.replace(text.as_bytes())?;
    Ok(replaced)
}

/// Writes a reference as a line of the file holds it: with its org unless that is the default, and with quotes if it has what
/// would end it.
fn reference(name: &str, org: &OrgId) -> Zeroizing<String> {
    let org = Some(org).filter(|org| **org != OrgId::default() || Reference::needs_org(name));
    for_own_dotenv(&Reference { org: org.cloned(), name: name.to_owned() }.to_string())
}

/// Puts references in the place of all values of the variables that were stored, replaced ones too; everything else stays
/// as it is.
fn rewritten(
    text: &str,
    all: &[Assignment],
    references: &BTreeMap<&str, Zeroizing<String>>,
) -> (Zeroizing<String>, usize) {
    let mut out = Zeroizing::new(String::with_capacity(2 * text.len()));
    let (mut at, mut replaced) = (0, 0);
    for assignment in all.iter().filter(|one| one.holds_value()) {
        let Some(reference) = references.get(assignment.name.as_str()) else { continue };
        out.extend([text.get(at..assignment.place.start).unwrap_or_default(), reference.as_str()]);
        at = assignment.place.end;
        replaced += 1;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_references_and_everything_else_stays() {
        let text = "# remark\r\nexport A='x\ny' # z\r\nB=keep\n\nC = 1\nBAD LINE\nA=again\nD=\"1\"";
        let names = [("A", "a"), ("C", "c"), ("D", "team #1 \u{e9}'")];
        let references =
            BTreeMap::from(names.map(|(variable, name)| (variable, reference(name, &OrgId::default()))));
        let (text, replaced) = rewritten(text, &read_each(text).0, &references);
        let expected = "# remark\r\nexport A=vault://a # z\r\nB=keep\n\nC = vault://c\nBAD LINE\nA=vault://a\n\
                        D=\"vault://team #1 \u{e9}'\"";
        assert_eq!((expected, 4), (text.as_str(), replaced));
        let last = read_each(&text).0.pop().unwrap();
        assert_eq!("vault://team #1 \u{e9}'", *last.value);
    }

    #[test]
    fn every_value_of_a_variable_that_was_stored_becomes_a_reference() {
        let text = "A=\nA=vault://b\nA=stored\nA=another\n";
        let references = BTreeMap::from([("A", reference("a", &OrgId::default()))]);
        let (text, replaced) = rewritten(text, &read_each(text).0, &references);
        assert_eq!(("A=\nA=vault://b\nA=vault://a\nA=vault://a\n", 2), (text.as_str(), replaced));
    }
}
