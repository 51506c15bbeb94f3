//! The store of pass: a folder of files that gpg opens.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vault::api::{Code, Fault};
use zeroize::Zeroizing;

use super::found::{Candidate, Found};
use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};

/// Reads the store: the first line of a file is its value, what follows it a second secret, `NAME/notes`.
pub(super) fn read(folder: Option<&Path>, context: &Context) -> Result<Found, Failure> {
    let folder = folder.map(Path::to_owned).or_else(env::password_store);
    let folder =
        folder.ok_or_else(|| Failure::usage("there is no home folder", "name the store's folder"))?;
    let mut files = Vec::new();
    walk(&folder, &mut files).map_err(|error| {
        let message = format!("{}: {}", folder.display(), in_words(&error));
        Failure::usage(message, "name the folder that pass keeps its files in")
    })?;
    files.sort();
    let mut found = Found::default();
    let open = || files.iter().map(|file| opened(file)).collect::<Result<Vec<_>, Failure>>();
    let opened = context.show.while_waiting("opening the store with gpg", open)?;
    for (file, opened) in files.iter().zip(opened) {
        let name = file.strip_prefix(&folder).unwrap_or(file).with_extension("").display().to_string();
        match opened {
            Ok(text) => take(&name, &text, &mut found),
            Err(why) => found.bad.push(format!("file (`{name}`): {why}")),
        }
    }
    Ok(found)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !hidden {
            walk(&path, files)?;
        } else if !hidden && path.extension().is_some_and(|kind| kind == "gpg") {
            files.push(path);
        }
    }
    Ok(())
}

fn take(name: &str, text: &str, found: &mut Found) {
    let (value, rest) = text.split_once('\n').unwrap_or((text, ""));
    found.add(Candidate::new("file", name, value.trim_end_matches('\r').to_owned()));
    if !rest.trim().is_empty() {
        found.add(Candidate::new("file", format!("{name}/notes"), rest.trim_end().to_owned()));
    }
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
