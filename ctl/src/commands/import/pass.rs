//! The store of pass: a folder of files that gpg opens.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::de::IgnoredAny;
use vault::api::{Code, Fault};
use walkdir::{DirEntry, WalkDir};
use zeroize::Zeroizing;

use super::found::{Candidate, Found};
use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};
use crate::prompt::drop_only_line_end;

/// Reads the store: the first line of a file is its value, what follows it a second secret, `NAME/notes`; a file that is a
/// key or a JSON document is one value as a whole.
pub(super) fn read(folder: Option<&Path>, context: &Context) -> Result<Found, Failure> {
    let folder = folder.map(Path::to_owned).or_else(env::password_store);
    let folder =
        folder.ok_or_else(|| Failure::usage("there is no home folder", "name the store's folder"))?;
    let mut found = Found::default();
    let files = files_in(&folder, &mut found)?;
    if files.is_empty() && found.bad.is_empty() {
        let message = format!("{} holds no file that ends in .gpg", folder.display());
        return Err(Failure::usage(message, "name the folder that pass keeps its files in"));
    }
    let open = || files.iter().map(|file| opened(file)).collect::<Result<Vec<_>, Failure>>();
    let opened = context.show.while_waiting("opening the store with gpg", open)?;
    for (file, opened) in files.iter().zip(opened) {
        let name = name_of(file, &folder);
        match opened {
            Ok(text) => take(&name, &text, &mut found),
            Err(why) => found.bad.push(format!("file (`{name}`): {why}")),
        }
    }
    Ok(found)
}

/// Lists the files of the store, those in linked folders too; what only age opens is named as bad.
fn files_in(folder: &Path, found: &mut Found) -> Result<Vec<PathBuf>, Failure> {
    let is_hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let shown = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for entry in shown.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        let entry = entry.map_err(|error| {
            let message = format!("{}: {error}", folder.display());
            Failure::usage(message, "name the folder that pass keeps its files in")
        })?;
        match entry.path().extension().and_then(OsStr::to_str) {
            Some("gpg") if entry.file_type().is_file() => files.push(entry.into_path()),
            Some("age") if entry.file_type().is_file() => {
                let name = name_of(entry.path(), folder);
                found.bad.push(format!("file (`{name}`): it is encrypted with age, which gpg does not open"));
            }
            _ => {}
        }
    }
    Ok(files)
}

fn name_of(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).with_extension("").display().to_string()
}

fn take(name: &str, text: &str, found: &mut Found) {
    if is_document(text) {
        found.add(Candidate::new("file", name, value_of(text)));
        return;
    }
    let (value, rest) = text.split_once('\n').unwrap_or((text, ""));
    found.add(Candidate::new("file", name, value.trim_end_matches('\r').to_owned()));
    if !rest.trim().is_empty() {
        found.add(Candidate::new("file", format!("{name}/notes"), value_of(rest)));
    }
}

/// Returns whether an entry is one value of several lines: a key or certificate in PEM (RFC 7468), or a JSON object or array.
fn is_document(text: &str) -> bool {
    let is_json =
        || text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    text.starts_with("-----BEGIN ") || is_json()
}

fn value_of(text: &str) -> String {
    let mut value = text.to_owned();
    drop_only_line_end(&mut value);
    value
}

/// Opens a file; an inner error is that file's alone.
fn opened(file: &Path) -> Result<Result<Zeroizing<String>, String>, Failure> {
    let mut gpg = Command::new("gpg");
    gpg.args(["--quiet", "--decrypt", "--"]).arg(file).stdin(Stdio::null());
    for secret in env::PRIVATE {
        gpg.env_remove(secret);
    }
    let output = gpg.output().map_err(|error| {
        let message = format!("gpg cannot be started: {}", in_words(&error));
        Fault::new(Code::Unavailable, message)
            .hint("install it: apt-get install gnupg, or brew install gnupg")
    })?;
    let said = Zeroizing::new(output.stdout);
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        return Ok(Err(format!("gpg does not open it: {}", last.trim())));
    }
    let text = std::str::from_utf8(&said).map(|text| Zeroizing::new(text.to_owned()));
    Ok(text.map_err(|_| "it is not UTF-8".to_owned()))
}
