//! The daemon's command: where the program is, and which vault it serves.

use std::path::{Path, PathBuf};

use vault::api::{Code, Fault};

use super::{Service, Whose};
use crate::context::Context;
use crate::env;
use crate::failure::Failure;

/// Gives the words of the daemon's command; the machine's service has its own home and socket.
pub(super) fn words(
    named: Option<&Path>,
    service: Service,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let program = program(named)?;
    let mut words = vec![text(&program)?];
    if service.whose == Whose::System {
        return reachable(&program).map(|()| words);
    }
    if env::default_home().as_ref() != Some(&context.home) {
        words.extend(["--home".to_owned(), text(&context.home)?]);
    }
    if let Some(socket) = context.named_socket() {
        words.extend(["--socket".to_owned(), text(socket)?]);
    }
    Ok(words)
}

/// Finds vaultd: the one that is named, the one beside this program, the first of the PATH.
fn program(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        let found = named.is_file().then(|| named.to_owned());
        return found.ok_or_else(|| missing(&format!("{} is no program", named.display())));
    }
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("vaultd"));
    let on_path = env::search_path().into_iter().map(|folder| folder.join("vaultd"));
    let mut all = beside.into_iter().chain(on_path);
    all.find(|path| path.is_file())
        .ok_or_else(|| missing("vaultd is neither beside vaultctl nor in a folder of PATH"))
}

/// Refuses a program in a user's folder, which the machine's service may not enter.
fn reachable(program: &Path) -> Result<(), Failure> {
    if !["/home", "/root", "/Users"].iter().any(|folder| program.starts_with(folder)) {
        return Ok(());
    }
    let message = format!("the machine's service may not enter the folder of {}", program.display());
    let hint = format!(
        "copy it with: sudo install -m 755 {} /usr/local/bin/vaultd; then add --program /usr/local/bin/vaultd",
        program.display()
    );
    Err(Failure::usage(message, hint))
}

fn missing(message: &str) -> Failure {
    Fault::new(Code::NotFound, message).hint("name it with: --program /path/to/vaultd").into()
}

/// Gives a path whole and as text, since a unit is text and has no current folder.
fn text(path: &Path) -> Result<String, Failure> {
    let whole = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let text = whole.into_os_string().into_string().ok().filter(|text| !text.contains(['\n', '\r']));
    text.ok_or_else(|| {
        Failure::usage("a path for the service is not UTF-8 on one line", "choose another path")
    })
}
