//! The facts that a process must match to be an agent.

use std::path::PathBuf;

use clap::Args;
use vault::agents::{Match, Sha256Hex};
use vault::domain::Invalid;

use crate::context::Context;
use crate::failure::Failure;

/// The facts that a process must match.
#[derive(Debug, Args)]
pub(super) struct FactArgs {
    /// Its user, by number
    #[arg(long, value_name = "N")]
    uid: Option<u32>,
    /// Its group, by number
    #[arg(long, value_name = "N")]
    gid: Option<u32>,
    /// Its executable's path: evidence, never proof
    #[arg(long, value_name = "PATH")]
    exe: Option<PathBuf>,
    /// Its executable's SHA-256, 64 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<Sha256Hex>,
}

fn sha256(text: &str) -> Result<Sha256Hex, Invalid> {
    Sha256Hex::try_from(text.to_owned())
}

impl FactArgs {
    /// Tells whether no fact is named.
    pub(super) fn is_empty(&self) -> bool {
        self.uid.is_none() && self.gid.is_none() && self.exe.is_none() && self.sha256.is_none()
    }

    /// Lays the named facts over those that there are.
    pub(super) fn over(&self, before: Match, context: &Context) -> Result<Match, Failure> {
        let exe = self.exe.as_ref().map(|path| real(path, context)).transpose()?;
        Ok(Match {
            uid: self.uid.or(before.uid),
            gid: self.gid.or(before.gid),
            exe: exe.or(before.exe),
            sha256: self.sha256.clone().or(before.sha256),
        })
    }
}

/// Gives the path by which the kernel knows an executable.
fn real(path: &PathBuf, context: &Context) -> Result<String, Failure> {
    let found = std::fs::canonicalize(path).ok();
    if found.is_none() && path.is_absolute() {
        context.show.note(format_args!("note: there is no {} here yet", path.display()));
    }
    let known = found.unwrap_or_else(|| path.clone());
    if !known.is_absolute() {
        return Err(Failure::usage("--exe names no file", "give its whole path, as the kernel reports it"));
    }
    if known != *path {
        let (typed, known) = (path.display(), known.display());
        context.show.note(format_args!("note: {typed} is {known}, which is what the kernel reports"));
    }
    let text = known.into_os_string().into_string();
    text.map_err(|_| Failure::usage("the path of --exe is not UTF-8", "choose another fact"))
}

/// Writes facts for a person.
pub(super) fn written(facts: &Match) -> String {
    let all = [
        facts.uid.map(|uid| format!("uid {uid}")),
        facts.gid.map(|gid| format!("gid {gid}")),
        facts.exe.clone(),
        facts.sha256.clone().map(|hash| format!("sha256 {}", String::from(hash))),
    ];
    let named: Vec<String> = all.into_iter().flatten().collect();
    if named.is_empty() { "-".to_owned() } else { named.join(", ") }
}
