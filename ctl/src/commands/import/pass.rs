//! The store of pass: a folder of files that gpg opens.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vault::api::{Code, Fault};
use walkdir::{DirEntry, WalkDir};
use zeroize::Zeroizing;

use super::document;
use super::found::{Candidate, Found};
use super::shape::Shape;
use super::source::Source;
use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};
use crate::prompt::drop_only_line_end;
use crate::utf8;

/// The first line of what gopass 1.10 and 1.11 wrote.
const GOPASS: &str = "GOPASS-SECRET-1.0\n";

/// Reads the store: the first line of a file is its value, what follows it a second secret, `NAME/notes`; a file that is a
/// document is one value as a whole.
pub(super) fn read(folder: Option<&Path>, context: &Context) -> Result<Found, Failure> {
    let folder = folder.map(Path::to_owned).or_else(env::password_store);
    let folder =
        folder.ok_or_else(|| Failure::usage("there is no home folder", "name the store's folder"))?;
    let mut found = Found::default();
    let files = files_in(&folder, &mut found)?;
    if files.is_empty() && found.bad.is_empty() {
        if folder.is_file() {
            Source::new(&folder, Shape::Pass).refuse_known()?;
        }
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

/// Lists the files of the store, those in linked folders too; what only age opens, and what cannot be read, is named as bad.
fn files_in(folder: &Path, found: &mut Found) -> Result<Vec<PathBuf>, Failure> {
    let is_hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let shown = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for entry in shown.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() > 0 => {
                found.bad.extend(unreadable(&error, folder));
                continue;
            }
            Err(error) => {
                let message = format!("{}: {}", folder.display(), why(&error));
                return Err(Failure::usage(message, "name the folder that pass keeps its files in"));
            }
        };
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

/// Names what of a store cannot be read, unless it is hidden.
fn unreadable(error: &walkdir::Error, folder: &Path) -> Option<String> {
    let path = error.path().unwrap_or(folder);
    let path = path.strip_prefix(folder).unwrap_or(path);
    let is_hidden = path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    (!is_hidden).then(|| format!("`{}`: {}", path.display(), why(error)))
}

fn why(error: &walkdir::Error) -> String {
    match error.io_error() {
        Some(_) if error.path().is_some_and(Path::is_symlink) => {
            "it is a link to what cannot be read".to_owned()
        }
        Some(error) => in_words(error),
        None => "it is a link to a folder that holds it".to_owned(),
    }
}

fn name_of(file: &Path, folder: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).with_extension("").display().to_string()
}

/// Takes an entry: whole if it is a document, else its value and what stands below that.
fn take(name: &str, text: &str, found: &mut Found) {
    let unmarked = text.trim_start_matches(utf8::MARK);
    if let Some(fields) = unmarked.strip_prefix(GOPASS) {
        let (value, rest) = of_gopass(fields);
        return add(name, value.to_owned(), &rest, found);
    }
    if let Some(kind) = document::kind(unmarked) {
        if text.lines().nth(1).is_some() {
            found.notes.push(format!("file (`{name}`) is taken whole: {kind}"));
        }
        return add(name, value_of(text), "", found);
    }
    let (value, rest) = text.split_once('\n').unwrap_or((text, ""));
    add(name, value.trim_end_matches('\r').to_owned(), rest, found);
}

fn add(name: &str, value: String, rest: &str, found: &mut Found) {
    found.add(Candidate::new("file", name, value));
    if !rest.trim().is_empty() {
        found.add(Candidate::new("file", format!("{name}/notes"), value_of(rest)));
    }
}

/// Takes apart the fields, and the text below them, that gopass wrote: the value is the field `Password`, or all without it.
fn of_gopass(text: &str) -> (&str, String) {
    let (fields, below) = text.split_once("\n\n").unwrap_or((text, ""));
    let Some(value) = fields.lines().find_map(password_in) else { return (text, String::new()) };
    let others = fields.lines().filter(|line| password_in(line).is_none()).chain(below.lines());
    (value, others.flat_map(|line| [line, "\n"]).collect())
}

fn password_in(field: &str) -> Option<&str> {
    let (name, value) = field.split_once(':')?;
    Some(value.trim()).filter(|value| name.eq_ignore_ascii_case("password") && !value.is_empty())
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
