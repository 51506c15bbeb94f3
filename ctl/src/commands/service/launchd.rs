//! launchd: the property lists that the project ships, with this machine's paths.

use std::path::Path;

use vault::api::{Code, Fault};

use super::plan::Step;
use super::{Service, Whose};
use crate::failure::Failure;

const AGENT: &str = include_str!("../../../../launchd/com.agenticmail.vaultd.plist");
const DAEMON: &str = include_str!("../../../../launchd/com.agenticmail.vaultd.daemon.plist");
/// The program's place in the lists as they are shipped.
const SHIPPED: &str = "        <string>/usr/local/bin/vaultd</string>\n";

/// Gives the property list, with the daemon's command in it.
pub(super) fn list(service: Service, words: &[String]) -> String {
    let shipped = if service.whose == Whose::System { DAEMON } else { AGENT };
    let words: Vec<String> =
        words.iter().map(|word| format!("        <string>{}</string>\n", escaped(word))).collect();
    shipped.replacen(SHIPPED, &words.concat(), 1)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Names the domain that the service belongs to.
fn domain(service: Service) -> String {
    match service.whose {
        Whose::System => "system".to_owned(),
        Whose::User => format!("gui/{}", nix::unistd::getuid()),
    }
}

fn target(service: Service) -> String {
    let label = match service.whose {
        Whose::System => "com.agenticmail.vaultd.daemon",
        Whose::User => "com.agenticmail.vaultd",
    };
    format!("{}/{label}", domain(service))
}

/// Gives what loads and starts it.
pub(super) fn start(service: Service) -> Result<Vec<Step>, Failure> {
    let file = service.file()?.display().to_string();
    Ok(vec![Step::of(&["launchctl", "bootstrap", &domain(service), &file])])
}

/// Gives what stops and unloads it.
pub(super) fn stop(service: Service) -> Step {
    Step::of(&["launchctl", "bootout", &target(service)])
}

/// Gives what asks for its state.
pub(super) fn ask(service: Service) -> Step {
    Step::of(&["launchctl", "print", &target(service)])
}

/// Makes sure that launchd runs this machine.
pub(super) fn check() -> Result<(), Failure> {
    if Path::new("/bin/launchctl").exists() {
        return Ok(());
    }
    let hint = "start the daemon yourself with: vaultd; or write the file alone with: vaultctl service install --manager launchd --no-start";
    Err(Fault::new(Code::Unavailable, "launchd does not run on this machine").hint(hint).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::service::Manager;

    #[test]
    fn the_command_stands_in_the_list_as_xml() {
        let service = Service { manager: Manager::Launchd, whose: Whose::User };
        let list = list(service, &["/a&b/vaultd".to_owned(), "--home".to_owned(), "/h".to_owned()]);
        assert!(
            list.contains("<string>/a&amp;b/vaultd</string>\n        <string>--home</string>\n"),
            "{list}"
        );
        assert!(!list.contains("/usr/local/bin"), "{list}");
    }

    #[test]
    fn the_shipped_lists_name_the_program_once() {
        for list in [AGENT, DAEMON] {
            assert_eq!(1, list.matches(SHIPPED).count());
        }
    }
}
