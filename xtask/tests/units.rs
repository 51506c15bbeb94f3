//! The checks of units, on units that are to fail them.
#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

#[macro_use]
extern crate vault_trial;

use std::path::{Path, PathBuf};

use xtask::outcome::Outcome;
use xtask::units::{Manager, exposure, plists, units, verify};

/// Writes a unit with some lines in its section of the service.
fn unit(place: &Path, lines: &str) -> PathBuf {
    let path = place.join("vaultd.service");
    let text = format!("[Unit]\nDescription=A unit\n[Service]\nExecStart=/bin/true\n{lines}\n");
    vault::files::replace_private(&path, text.as_bytes()).unwrap();
    path
}

#[test(needs(Systemd))]
fn the_projects_own_units_pass() {
    assert!(matches!(units().unwrap(), Outcome::Passed));
}

#[test(needs(Python))]
fn the_projects_own_property_lists_pass() {
    assert!(matches!(plists().unwrap(), Outcome::Passed));
}

#[test(needs(Systemd))]
fn a_key_that_systemd_does_not_know_is_a_fault() {
    let place = tempfile::tempdir().unwrap();
    assert!(verify(Manager::Machine, &[unit(place.path(), "NoNewPrivilege=yes")]).is_err());
    assert!(verify(Manager::Machine, &[unit(place.path(), "NoNewPrivileges=yes")]).is_ok());
}

#[test(needs(Systemd))]
fn a_unit_that_gives_nothing_up_is_exposed_too_much() {
    let place = tempfile::tempdir().unwrap();
    assert!(exposure(&unit(place.path(), "NoNewPrivileges=yes")).is_err());
}

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
