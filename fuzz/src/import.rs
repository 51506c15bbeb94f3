//! Exports of other programs.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::failure::Failure;

#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/bitwarden.rs"]
mod bitwarden;
#[path = "../../ctl/src/commands/import/csv.rs"]
#[allow(clippy::module_inception, reason = "it is called so where it comes from")]
mod csv;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/document.rs"]
mod document;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/dotenv.rs"]
mod dotenv;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/found.rs"]
mod found;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/items.rs"]
mod items;
#[path = "../../ctl/src/commands/import/json.rs"]
mod json;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/layout.rs"]
mod layout;
#[path = "../../ctl/src/commands/import/onepassword.rs"]
mod onepassword;
#[path = "../../ctl/src/commands/import/settings.rs"]
mod settings;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/shape.rs"]
mod shape;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/commands/import/source.rs"]
mod source;

/// Writes data to a file that ends so, in memory where there is a place for that.
fn file(data: &[u8], end: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = FOLDER.get_or_init(|| tempfile::tempdir_in(place).expect("a folder"));
    let path = folder.path().join(format!("export.{end}"));
    std::fs::write(&path, data).expect("a file");
    path
}

fn taken(read: Result<found::Found, Failure>) {
    match read {
        Ok(mut found) => drop(found.entries(None, &crate::context::Context)),
        Err(Failure::Fault(fault)) => assert!(!fault.message.contains("MARKMARK"), "{}", fault.message),
        Err(Failure::Closed) => {}
    }
}

/// Reads exports that are JSON: our own form, Bitwarden's, 1Password's.
pub(crate) fn json(data: &[u8]) {
    let path = file(data, "json");
    taken(json::read(&path));
    taken(bitwarden::read(&path));
    taken(onepassword::read(&path));
}

/// Reads exports that are CSV, and `.env` files.
pub(crate) fn csv(data: &[u8]) {
    let path = file(data, "csv");
    taken(bitwarden::read(&path));
    taken(onepassword::read(&path));
    taken(dotenv::read(&path, None, settings::Choice { only: &[], skip: &[] }));
}

/// Reads AgenticMail's rows as JSON, and takes their payloads apart.
pub(crate) fn agenticmail(data: &[u8]) {
    let _ = vault::agenticmail::rows_of_json(data);
}
