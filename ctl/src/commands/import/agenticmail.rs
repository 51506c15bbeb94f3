//! `AgenticMail`'s rows, opened with its key.

use std::path::Path;

use vault::agenticmail::{LegacyError, LegacyRow, Opener, rows_of_database, rows_of_json};
use vault::api::{Code, Fault};
use vault::domain::Category;
use vault::keyfile;
use vault::secret::{Passphrase, SecretValue};

use super::found::{Candidate, Found, bytes_of, moment, named};
use crate::context::Context;
use crate::failure::Failure;

/// What every `SQLite` file begins with.
const DATABASE: &[u8] = b"SQLite format 3\0";

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
        let name = row.name.clone();
        match candidate(&origin, row, value) {
            Ok(candidate) => found.add(candidate),
            Err(why) => found.bad.push(format!("{origin} (`{name}`): {why}")),
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
    let bytes = bytes_of(path)?;
    let rows = if bytes.starts_with(DATABASE) { rows_of_database(path) } else { rows_of_json(&bytes) };
    rows.map_err(|error| {
        let hint = "it takes AgenticMail's SQLite file, or a JSON array of rows of vault_entries";
        Failure::usage(format!("{}: {error}", named(path)), hint)
    })
}

fn key(env_file: Option<&Path>, context: &Context) -> Result<Passphrase, Failure> {
    let path = env_file.map_or_else(|| context.home.join(".env"), Path::to_owned);
    keyfile::read(&path)?.ok_or_else(|| {
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

fn candidate(
    origin: &str,
    row: LegacyRow,
    opened: Result<SecretValue, LegacyError>,
) -> Result<Candidate, String> {
    let value = opened.map_err(|error| error.to_string())?;
    let mut candidate = Candidate::new(origin, row.name, value.expose().to_owned());
    candidate.org = row.org;
    // A category that is none of ours is chosen anew from the name.
    candidate.category = row.category.as_deref().and_then(Category::from_id);
    if let Some(metadata) = row.metadata {
        candidate.metadata =
            serde_json::from_str(&metadata).map_err(|_| "its metadata is no JSON object".to_owned())?;
    }
    if let Some(text) = row.expires_at {
        candidate.expires_at = Some(moment(&text).ok_or("its expires_at is no time")?);
    }
    Ok(candidate)
}
