//! What the process is given from outside: its environment and its limits, read here and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use vault::domain::OrgId;
use vault::secret::Passphrase;

use crate::failure::Failure;

/// Gives the home that `AGENTICMAIL_HOME` names, else `~/.agenticmail`.
pub(crate) fn home() -> Option<PathBuf> {
    variable("AGENTICMAIL_HOME").map(PathBuf::from).or_else(default_home)
}

/// Gives `~/.agenticmail`.
pub(crate) fn default_home() -> Option<PathBuf> {
    user_folder().map(|home| home.join(".agenticmail"))
}

/// Gives the user's folder for programs' configuration: `XDG_CONFIG_HOME`, else `~/.config`.
pub(crate) fn config_folder() -> Option<PathBuf> {
    let named = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| user_folder().map(|home| home.join(".config")))
}

/// Gives the user's own folder.
pub(crate) fn user_folder() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// Gives the folder that `CODEX_HOME` names, where Codex keeps its configuration.
pub(crate) fn codex_folder() -> Option<PathBuf> {
    variable("CODEX_HOME").map(PathBuf::from)
}

/// Gives the file or folder that a variable moves a program's own place to.
pub(crate) fn moved_to(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Gives the folder in which pass keeps its files: `PASSWORD_STORE_DIR`, else `~/.password-store`.
pub(crate) fn password_store() -> Option<PathBuf> {
    let named = variable("PASSWORD_STORE_DIR").map(PathBuf::from);
    named.or_else(|| user_folder().map(|home| home.join(".password-store")))
}

/// Gives the folders in which programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

/// Gives the socket that `AGENTICMAIL_VAULT_SOCKET` names.
pub(crate) fn socket() -> Option<PathBuf> {
    variable("AGENTICMAIL_VAULT_SOCKET").map(PathBuf::from)
}

/// The variable that holds an agent's token.
pub(crate) const TOKEN: &str = "AGENTICMAIL_VAULT_TOKEN";

/// Gives what `AGENTICMAIL_VAULT_TOKEN` holds, the empty text too.
///
/// # Errors
/// `invalid_request` where it is not UTF-8.
pub(crate) fn token() -> Result<Option<String>, Failure> {
    let not_text = |_| Failure::usage(format!("{TOKEN} is not UTF-8"), format!("mend it, or unset {TOKEN}"));
    set(TOKEN).map(OsString::into_string).transpose().map_err(not_text)
}

/// The variable that names the org.
const ORG: &str = "AGENTICMAIL_VAULT_ORG";

/// Returns the org that `AGENTICMAIL_VAULT_ORG` names.
///
/// # Errors
/// `invalid_request` if it is set and names no org: one that got lost would lead to another project's secrets.
pub(crate) fn org() -> Result<Option<OrgId>, Failure> {
    let Some(text) = set(ORG) else { return Ok(None) };
    let org = text.into_string().ok().and_then(|text| OrgId::try_from(text).ok());
    org.map(Some).ok_or_else(|| {
        Failure::usage(format!("{ORG} is set and names no org"), format!("set it to one org, or unset {ORG}"))
    })
}

/// Tells whether `NO_COLOR` asks for none, or the terminal cannot show any.
pub(crate) fn is_colourless() -> bool {
    variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb")
}

/// Gives the key of the environment, which a daemon started from here would take before the key file.
pub(crate) fn key() -> Option<Passphrase> {
    Passphrase::new(variable(vault::keyfile::VARIABLE)?.into_encoded_bytes()).ok()
}

/// The vault's own variables, which no command that is started from here gets.
pub(crate) const PRIVATE: [&str; 2] = [vault::keyfile::VARIABLE, TOKEN];

/// The variables without which programs do not work or do not speak the user's language.
const BASICS: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];

/// Gives the variables without which programs do not work, those of the language (`LC_*`) among them.
pub(crate) fn basics() -> impl Iterator<Item = (OsString, OsString)> {
    let is_basic =
        |name: &OsString| name.to_str().is_some_and(|name| BASICS.contains(&name) || name.starts_with("LC_"));
    std::env::vars_os().filter(move |(name, _)| is_basic(name))
}

/// Gives the folder that `XDG_RUNTIME_DIR` names: the user's own, gone when the session ends.
pub(crate) fn runtime_folder() -> Option<PathBuf> {
    variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Gives the folder for what is gone in a moment: the user's own of this session, else that of all.
pub(crate) fn passing_folder() -> PathBuf {
    runtime_folder().filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir)
}

/// Tells whether a window could be opened here.
pub(crate) fn has_display() -> bool {
    cfg!(target_os = "macos") || variable("DISPLAY").is_some() || variable("WAYLAND_DISPLAY").is_some()
}

/// Keeps values out of core files; the limit can still be raised by whoever is started from here.
pub(crate) fn leave_no_core() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_CORE) {
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, hard);
    }
}

/// Gives a variable that is set; an empty one counts as absent.
fn variable(name: &str) -> Option<OsString> {
    set(name).filter(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
