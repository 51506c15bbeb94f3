//! The agent that a command speaks as: its token, from `--token-file` or `AGENTICMAIL_VAULT_TOKEN`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use vault::agents::Token;
use vault::api::{Code, Fault};
use vault::files;
use zeroize::Zeroizing;

use crate::env;
use crate::failure::{Failure, in_words};

/// The most that is read of a token's file, in bytes.
const FILE_BYTES: u64 = 4096;

/// An agent's token, and where it was found.
#[derive(Debug)]
pub(crate) struct Credential {
    /// The token.
    pub(crate) token: Token,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Variable,
    File(PathBuf),
}

impl Credential {
    /// Takes the token of the file that is named, else of the environment; none where neither has one.
    ///
    /// # Errors
    /// `invalid_request` for a file that cannot be read or that others may read, and if what was named holds no token: a
    /// blank variable is a token that got lost, and no wish to speak as the user.
    pub(crate) fn find(file: Option<&Path>) -> Result<Option<Self>, Failure> {
        if let Some(path) = file {
            return from_file(path).map(Some);
        }
        let Some(text) = env::token()?.map(Zeroizing::new) else { return Ok(None) };
        let token = token_in(&text).ok_or_else(|| {
            let message = format!("{} is set and holds no token", env::TOKEN);
            Failure::usage(
                message,
                format!("set it to one line, or unset {} to speak as your user", env::TOKEN),
            )
        })?;
        Ok(Some(Self { token, source: Source::Variable }))
    }

    /// Gives the file that it was read from.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::Variable => None,
            Source::File(path) => Some(path),
        }
    }

    /// Says in a refusal that this token was judged, and what else there is to do.
    pub(crate) fn advised(&self, fault: Fault) -> Fault {
        let (name, without) = match &self.source {
            Source::Variable => (env::TOKEN.to_owned(), format!("unset {}", env::TOKEN)),
            Source::File(path) => (path.display().to_string(), "leave out --token-file".to_owned()),
        };
        match fault.code {
            Code::Unauthorized => fault.hint(format!(
                "it comes from {name}, and has expired, was removed, or belongs to another program; ask the owner for a new one, or {without} to speak as your user"
            )),
            Code::Forbidden => fault.hint(format!(
                "this was asked as the agent whose token is in {name}; ask the owner for a grant, or {without} to speak as your user"
            )),
            Code::Locked => {
                let hint = format!("{}; a token opens nothing: {without} for that", fault.hint);
                fault.hint(hint)
            }
            _ => fault,
        }
    }
}

fn from_file(path: &Path) -> Result<Credential, Failure> {
    let bytes = private_bytes(path)?;
    let token = token_in(std::str::from_utf8(&bytes).unwrap_or_default()).ok_or_else(|| {
        let message = format!("{} holds no token", path.display());
        Failure::usage(message, "the file is one line, as `vaultctl agent add` prints it")
    })?;
    Ok(Credential { token, source: Source::File(path.to_owned()) })
}

/// Takes the token out of a text of one line.
fn token_in(text: &str) -> Option<Token> {
    let text = text.trim();
    (!text.is_empty() && !text.contains(['\r', '\n'])).then(|| Token::from_text(text))
}

/// Reads a file that nobody else may read; a pipe is taken as it is.
fn private_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let unreadable = |error: io::Error| {
        let message = format!("{}: {}", path.display(), in_words(&error));
        Failure::usage(message, "name a file that you may read")
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_file() {
        let real = std::fs::canonicalize(path).map_err(unreadable)?;
        if let Some(why) = files::why_not_private(&real, 0o600).map_err(unreadable)? {
            let (message, hint) = why.split_once("; ").unwrap_or((&why, "make it yours alone"));
            return Err(Failure::usage(format!("others may use this token: {message}"), hint));
        }
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
