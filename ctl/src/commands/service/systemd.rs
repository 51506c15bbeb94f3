//! systemd: the units that the project ships, with this machine's paths.

use std::path::{Path, PathBuf};

use vault::api::{Code, Fault};

use super::plan::{Act, Step};
use super::{Service, Whose};
use crate::failure::Failure;

const USER_UNIT: &str = include_str!("../../../../systemd/user/vaultd.service");
const SYSTEM_UNIT: &str = include_str!("../../../../systemd/vaultd.service");
const SYSUSERS: &str = include_str!("../../../../systemd/agenticmail-vault.sysusers");
const TMPFILES: &str = include_str!("../../../../systemd/agenticmail-vault.tmpfiles");
/// The program's place in the units as they are shipped.
const SHIPPED: &str = "ExecStart=/usr/bin/vaultd";

/// Gives the unit, with the daemon's command in it.
pub(super) fn unit(service: Service, words: &[String]) -> String {
    let shipped = if service.whose == Whose::System { SYSTEM_UNIT } else { USER_UNIT };
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    shipped.replacen(SHIPPED, &format!("ExecStart={}", command.join(" ")), 1)
}

/// Gives the files that stand beside the machine's unit.
pub(super) fn beside(service: Service) -> Vec<Act> {
    if service.whose == Whose::User {
        return Vec::new();
    }
    companions()
        .into_iter()
        .zip([SYSUSERS, TMPFILES])
        .map(|(path, text)| Act::Write { path, text: text.to_owned() })
        .collect()
}

/// Names the files that stand beside the machine's unit.
pub(super) fn companions() -> [PathBuf; 2] {
    ["/etc/sysusers.d/agenticmail-vault.conf", "/etc/tmpfiles.d/agenticmail-vault.conf"].map(PathBuf::from)
}

/// Quotes a word of a command as systemd.service(5) reads it.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if escaped.contains([' ', '\t', '"', '\'', '\\', ';', '#']) { format!("\"{escaped}\"") } else { escaped }
}

/// Gives a command of `systemctl` for this service.
pub(super) fn systemctl(service: Service, words: &[&str]) -> Step {
    let user: &[&str] = if service.whose == Whose::User { &["--user"] } else { &[] };
    Step::of(&[&["systemctl"], user, words].concat())
}

/// Gives what makes the machine's user and home, reads the unit, and starts it.
pub(super) fn start(service: Service) -> Vec<Step> {
    let mut steps = Vec::new();
    if service.whose == Whose::System {
        steps.push(Step::of(&["systemd-sysusers"]));
        steps.push(Step::of(&["systemd-tmpfiles", "--create", "agenticmail-vault.conf"]));
    }
    steps.push(systemctl(service, &["daemon-reload"]));
    steps.push(systemctl(service, &["enable", "--now", "vaultd.service"]));
    steps
}

/// Gives what stops the unit and keeps it from starting.
pub(super) fn stop(service: Service) -> Step {
    systemctl(service, &["disable", "--now", "vaultd.service"])
}

/// Makes sure that systemd runs this machine.
pub(super) fn check() -> Result<(), Failure> {
    if Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    let hint = "start the daemon yourself with: vaultd; or write the unit alone with: vaultctl service install --no-start";
    Err(Fault::new(Code::Unavailable, "systemd does not run on this machine").hint(hint).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::service::Manager;

    #[test]
    fn the_shipped_units_name_the_program_once() {
        for unit in [USER_UNIT, SYSTEM_UNIT] {
            assert_eq!(1, unit.matches(SHIPPED).count());
        }
    }

    #[test]
    fn what_systemd_would_expand_is_escaped() {
        let service = Service { manager: Manager::Systemd, whose: Whose::User };
        let words = ["/opt/my vault/100%/vaultd".to_owned(), "--home".to_owned(), "/a$b".to_owned()];
        let unit = unit(service, &words);
        assert!(unit.contains("\nExecStart=\"/opt/my vault/100%%/vaultd\" --home /a$$b\n"), "{unit}");
    }
}
