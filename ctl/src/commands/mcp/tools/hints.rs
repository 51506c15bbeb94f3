//! What an agent can do about a refusal: call another tool, or ask its user. It has no terminal and no key.

use vault::api::{Code, Fault};

use crate::failure::Failure;

/// Says why a call was refused, and what to do about it.
pub(super) fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Fault(fault) => match hint(fault) {
            "" => fault.message.clone(),
            hint => format!("{}\nhint: {hint}", fault.message),
        },
        Failure::Closed => "the connection to the daemon is closed".to_owned(),
    }
}

/// Returns the fault's own hint unless it is for a person at a terminal.
fn hint(fault: &Fault) -> &str {
    let is_for_a_person = ["vaultctl", "vaultd", " --"].iter().any(|word| fault.hint.contains(word));
    match fault.code {
        Code::NotFound if fault.hint == fault.code.hint() => {
            "list_secrets and discover_secrets show what there is; request_secret returns the command that your user runs to \
             add a secret"
        }
        Code::Locked => "ask your user to unlock the vault, then call again",
        Code::Unavailable => "ask your user to start the vault's daemon, then call again",
        Code::Forbidden | Code::Unauthorized => "ask your user for a grant, or for a token that is valid",
        Code::Integrity | Code::Storage | Code::Internal => "ask your user to look after the vault",
        _ if is_for_a_person => "ask your user, who can do this at a terminal",
        _ => &fault.hint,
    }
}

#[cfg(test)]
mod tests {
    use vault::domain::LockReason;

    use super::*;

    #[test]
    fn no_hint_names_what_an_agent_cannot_run() {
        let locked = [LockReason::NoKey, LockReason::WrongKey, LockReason::ByRequest, LockReason::Damaged];
        let of_codes = Code::ALL.map(|code| Fault::new(code, "it is so"));
        let all = of_codes.into_iter().chain(locked.map(Fault::locked)).chain([Fault::not_found()]);
        let other = Fault::new(Code::InvalidRequest, "no").hint("use: run --file VARIABLE=NAME");
        for fault in all.chain([other]) {
            let words = in_words(&fault.into());
            let hint = words.split_once("\nhint: ").unwrap().1;
            assert!(
                !["vaultctl", "vaultd", "--", "key file"].iter().any(|word| hint.contains(word)),
                "{words}"
            );
        }
    }

    #[test]
    fn what_is_missing_leads_to_the_tools_and_what_was_meant_stays() {
        let words = in_words(&Fault::not_found().into());
        assert!(words.contains("list_secrets") && words.contains("request_secret"), "{words}");
        let words = in_words(&Fault::not_found().hint("did you mean a or b?").into());
        assert_eq!("there is no such secret\nhint: did you mean a or b?", words);
    }
}
