//! Grants as people type them: `[ORG/]ACTIONS:NAMES`.

use std::str::FromStr;

use vault::agents::{GRANTABLE, Grant, LOOKS, Pattern, is_grantable};
use vault::domain::{Action, Invalid, OrgScope};

use crate::context::Context;

const RULE: Invalid = Invalid(
    "a grant is [ORG/]ACTIONS:NAMES, like read,decrypt:skill:openai:* or acme/read:*; actions are create, encrypt, read, decrypt, rotate, delete, or * for these six; and audit, metrics, as in audit:*",
);

/// A grant as it was typed; without an org of its own it is for the command's, or for every org if it shows all of them.
#[derive(Debug, Clone)]
pub(super) struct GrantText {
    org: Option<OrgScope>,
    actions: Vec<Action>,
    names: Pattern,
}

impl FromStr for GrantText {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (rights, names) = text.split_once(':').ok_or(RULE)?;
        let (org, words) = match rights.rsplit_once('/') {
            Some((org, words)) => (Some(OrgScope::try_from(org.to_owned())?), words),
            None => (None, rights),
        };
        Ok(Self { org, actions: actions(words)?, names: Pattern::try_from(names.to_owned())? })
    }
}

fn actions(words: &str) -> Result<Vec<Action>, Invalid> {
    if words.trim() == "*" {
        return Ok(GRANTABLE.to_vec());
    }
    let mut all = Vec::new();
    for word in words.split(',') {
        let action = Action::from_word(word.trim()).filter(|action| is_grantable(*action)).ok_or(RULE)?;
        if !all.contains(&action) {
            all.push(action);
        }
    }
    Ok(all)
}

/// Settles the org of each grant.
pub(super) fn settled(texts: &[GrantText], context: &Context) -> Vec<Grant> {
    let is_look = |text: &GrantText| text.actions.iter().all(|action| LOOKS.contains(action));
    let usual = |text: &GrantText| if is_look(text) { OrgScope::All } else { OrgScope::default() };
    let grant = |text: &GrantText| Grant {
        org_id: text.org.clone().or_else(|| context.orgs()).unwrap_or_else(|| usual(text)),
        names: vec![text.names.clone()],
        actions: text.actions.clone(),
    };
    texts.iter().map(grant).collect()
}

/// Writes a grant as it is typed, a line for each of its names.
pub(super) fn lines(grant: &Grant) -> Vec<String> {
    let actions: Vec<&str> = grant.actions.iter().map(|action| action.as_str()).collect();
    let actions = if grant.actions == GRANTABLE { "*".to_owned() } else { actions.join(",") };
    let org = if grant.org_id == OrgScope::default() {
        String::new()
    } else {
        format!("{}/", String::from(grant.org_id.clone()))
    };
    grant.names.iter().map(|names| format!("{org}{actions}:{}", String::from(names.clone()))).collect()
}

/// Says of each granted look how much it shows.
pub(super) fn sights(grants: &[Grant]) -> Vec<&'static str> {
    let shown = |look: &Action| match look {
        Action::Audit => "audit shows the whole log: every org, and the name of every secret, but no value",
        _ => "metrics shows the counters of the whole vault, but no name and no value",
    };
    LOOKS.iter().filter(|look| grants.iter().any(|grant| grant.allows_look(**look))).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Grant {
        let typed: GrantText = text.parse().unwrap();
        Grant { org_id: typed.org.unwrap_or_default(), names: vec![typed.names], actions: typed.actions }
    }

    #[test]
    fn a_grant_is_written_as_it_is_typed() {
        for text in [
            "read,decrypt:skill:openai:*",
            "acme/read:*",
            "*/*:db:main/x",
            "a/b/rotate:x, y",
            "*/audit,metrics:*",
        ] {
            assert_eq!(vec![text.to_owned()], lines(&read(text)), "{text}");
        }
    }

    #[test]
    fn what_follows_the_first_colon_is_the_pattern_as_it_is() {
        assert_eq!(vec!["read:a,b:c".to_owned()], lines(&read("read,read:a,b:c")));
    }

    #[test]
    fn what_names_no_action_is_refused() {
        for text in ["", "skill:openai:*", ":x", "read", "read:", "rekey:*", "grant:*", "/read:x"] {
            assert!(text.parse::<GrantText>().is_err(), "{text}");
        }
    }
}
