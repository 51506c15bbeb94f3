//! `AgenticMail`'s rows, opened with its key.

use std::path::Path;

use serde_json::Map;
use vault::agenticmail::{LegacyError, LegacyRow, Opener, rows_of_database, rows_of_json};
use vault::api::{Code, Fault};
use vault::domain::{Category, Claim, snake_case};
use vault::keyfile::{self, FileKeys};
use vault::secret::{Passphrase, SecretValue};

use super::found::{Candidate, Found, moment};
use super::shape::Shape;
use super::source::Source;
use crate::context::Context;
use crate::failure::Failure;

/// Reads the rows and opens each; about half a second a row.
pub(super) fn read(path: &Path, env_file: Option<&Path>, context: &Context) -> Result<Found, Failure> {
    let rows = rows(path)?;
    let mut opener = Opener::new(key(env_file, context)?);
    let mut found = Found::default();
    let open = || rows.iter().map(|row| opener.open(row)).collect::<Vec<_>>();
    let values = context.show.while_waiting("opening AgenticMail's rows", open);
    refuse_key(&values)?;
    for ((number, row), value) in (1..).zip(rows).zip(values) {
        let origin = if row.id.is_empty() { format!("row {number}") } else { format!("row {}", row.id) };
        let place = format!("{origin} (`{}`)", row.name);
        match candidate(&origin, &row, value) {
            Ok((candidate, said)) => {
                found.notes.extend(said.into_iter().map(|what| format!("{place}: {what}")));
                found.add_exact(candidate);
            }
            Err(why) => found.bad.push(format!("{place}: {why}")),
        }
    }
    if found.len() > 0 {
        found
            .notes
            .push("rows were bound to no name there; a swap made before this cannot be seen".to_owned());
    }
    Ok(found)
}

fn rows(path: &Path) -> Result<Vec<LegacyRow>, Failure> {
    let source = Source::new(path, Shape::AgenticMail);
    let bytes = source.bytes()?;
    let rows = match Shape::of_bytes(&bytes) {
        Some(Shape::Sqlite) => rows_of_database(path),
        other => {
            source.refuse_other(other.or_else(|| Shape::of_text(std::str::from_utf8(&bytes).ok()?)))?;
            rows_of_json(&bytes)
        }
    };
    rows.map_err(|error| {
        let hint = "it takes AgenticMail's SQLite file, or a JSON array of rows of vault_entries";
        Failure::usage(format!("{}: {error}", source.name()), hint)
    })
}

fn key(env_file: Option<&Path>, context: &Context) -> Result<Passphrase, Failure> {
    let path = env_file.map_or_else(|| context.home.join(".env"), Path::to_owned);
    keyfile::read(&path)?.map(FileKeys::into_last).ok_or_else(|| {
        let message = format!("{} has no line AGENTICMAIL_VAULT_KEY=…", path.display());
        Failure::usage(message, "name the file that has AgenticMail's key with --env-file")
    })
}

/// Tells a wrong key, under which no row opens, from rows that were changed.
fn refuse_key(opened: &[Result<SecretValue, LegacyError>]) -> Result<(), Failure> {
    let wrong = |one: &Result<_, LegacyError>| matches!(one, Err(LegacyError::NotAuthentic));
    let any_opens = opened.iter().any(Result::is_ok);
    if any_opens || !opened.iter().any(wrong) {
        return Ok(());
    }
    let hint = "name the .env file that AgenticMail ran with: --env-file FILE";
    Err(Fault::new(Code::Forbidden, "the key opens none of the rows").hint(hint).into())
}

/// Makes a secret of a row, and says what of it comes in otherwise or not at all.
fn candidate(
    origin: &str,
    row: &LegacyRow,
    opened: Result<SecretValue, LegacyError>,
) -> Result<(Candidate, Vec<String>), String> {
    let value = opened.map_err(|error| error.to_string())?;
    let mut candidate = Candidate::new(origin, row.name.clone(), value.expose().to_owned());
    candidate.org.clone_from(&row.org);
    if let Some(metadata) = &row.metadata {
        candidate.metadata =
            serde_json::from_str(metadata).map_err(|_| "its metadata is no JSON object".to_owned())?;
    }
    if let Some(text) = &row.expires_at {
        candidate.expires_at = Some(moment(text).ok_or("its expires_at is no time")?);
    }
    let said = [describe(row, &mut candidate), recall(row, &mut candidate)].concat();
    Ok((candidate, said))
}

/// Gives a secret the name and the category that a row has here; those that it had there are kept in its metadata.
fn describe(row: &LegacyRow, candidate: &mut Candidate) -> Vec<String> {
    let (mut said, mut before) = (Vec::new(), Map::new());
    if let Some(name) = in_snake_case(&row.name) {
        said.push(format!("comes in as `{name}`, which answers to both names"));
        before.insert("name".to_owned(), row.name.clone().into());
        candidate.name = name;
    }
    candidate.category = row.category.as_deref().and_then(Category::from_id);
    if let Some(category) = row.category.as_ref().filter(|_| candidate.category.is_none()) {
        said.push(format!(
            "its category `{category}` is not one of the vault's, and is kept in the metadata"
        ));
        before.insert("category".to_owned(), category.clone().into());
    }
    if !before.is_empty() {
        candidate.metadata.entry("agenticmail").or_insert(before.into());
    }
    said
}

/// Gives a secret what a row says of its past.
fn recall(row: &LegacyRow, candidate: &mut Candidate) -> Vec<String> {
    let mut said = Vec::new();
    candidate.created_at = row.created_at.as_deref().and_then(moment);
    if candidate.created_at.is_none() && row.created_at.is_some() {
        said.push("its created_at is no time, and is left out".to_owned());
    }
    candidate.created_by = row.created_by.clone().and_then(|claim| Claim::try_from(claim).ok());
    if candidate.created_by.is_none() && row.created_by.is_some() {
        said.push("its created_by is not 1 to 256 bytes of text, and is left out".to_owned());
    }
    said
}

/// Returns the `snake_case` twin of a field's name that has capitals.
fn in_snake_case(name: &str) -> Option<String> {
    let (platform, field) = name.strip_prefix("skill:")?.split_once(':')?;
    let has_capitals = field.contains(|c: char| c.is_ascii_uppercase());
    has_capitals.then(|| format!("skill:{platform}:{}", snake_case(field)))
}
