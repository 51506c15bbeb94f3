//! `memory.lock = "try"` where no memory can be locked: the vault opens, and says what that means.

use std::path::Path;
use std::process::Command;

use vault_testkit::users::{User, public_folder};
use vault_testkit::{Daemon, Home, NONE};

const KEEPER: User = User { uid: 2001, groups: &[] };
const TRY: &str = "[kdf]\niterations = 100000\n[memory]\nlock = \"try\"\n";

/// Prepares a daemon under a user who may lock so much memory, in KiB.
fn limited(home: &Home, program: &Path, limit: &str) -> Command {
    home.write("vault.toml", TRY);
    KEEPER.owns(home);
    let inner = KEEPER.vaultd(home, program);
    let mut command = home.command_of(Path::new("/bin/sh"));
    command.arg("-c").arg(format!("ulimit -l {limit} && exec \"$@\"")).arg("sh");
    command.arg(inner.get_program()).args(inner.get_args());
    command
}

/// Returns the codes of the warnings, and how the memory of the keys is locked.
fn status(daemon: &Daemon) -> (Vec<String>, String) {
    let status = KEEPER.does(|| daemon.http("GET", "/vault/status", NONE)).body;
    let warnings = status["warnings"].as_array().unwrap().iter();
    let codes = warnings.map(|warning| warning["code"].as_str().unwrap().to_owned()).collect();
    (codes, status["memory"]["locked"].as_str().unwrap().to_owned())
}

#[test(needs(Root))]
fn keys_in_memory_that_could_not_be_locked_are_warned_of_while_the_vault_is_open() {
    let (home, (_public, program)) = (Home::new(), public_folder());
    let daemon = Daemon::start_as(&home, limited(&home, &program, "0"), &home.path("vault.sock"));
    let (codes, locked) = status(&daemon);
    assert!(codes.contains(&"unlocked_memory".to_owned()), "{codes:?}");
    assert_eq!("none", locked);
    let log = home.log();
    assert!(log.contains("WARN") && log.contains("the keys are in memory that is not locked"), "{log}");
    KEEPER.does(|| daemon.http("POST", "/vault/lock", NONE));
    let (codes, _) = status(&daemon);
    assert!(!codes.contains(&"unlocked_memory".to_owned()), "{codes:?}");
}

#[test(needs(Root))]
fn keys_in_memory_that_is_locked_are_not_warned_of() {
    let (home, (_public, program)) = (Home::new(), public_folder());
    let daemon = Daemon::start_as(&home, limited(&home, &program, "1024"), &home.path("vault.sock"));
    let (codes, locked) = status(&daemon);
    assert!(!codes.contains(&"unlocked_memory".to_owned()), "{codes:?}");
    assert_ne!("none", locked);
}
