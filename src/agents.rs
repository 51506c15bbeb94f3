//! Agents: named callers with a token, facts they must match, and grants.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto::{Bytes32, CryptoError, random_key, sha256};
use crate::domain::{Action, AgentId, Invalid, OrgScope, Peer, Timestamp};

/// What every token begins with, so that scanners of leaked keys can tell one.
const TOKEN_PREFIX: &str = "amv_";
/// The most grants of an agent, and the most names of a grant.
const MANY: usize = 100;
/// The most bytes that the grants of an agent take as JSON.
const GRANTS_BYTES: usize = 16 * 1024;

/// Facts of the calling process that narrow an agent; what is absent is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The group id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// The executable's path: evidence, never proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// The executable's SHA-256 in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
}

/// A SHA-256 as 64 hexadecimal digits, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-fA-F]{64}$"))]
pub struct Sha256Hex(String);

impl TryFrom<String> for Sha256Hex {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(Invalid("a sha256 is 64 hexadecimal digits"))
    }
}

impl From<Sha256Hex> for String {
    fn from(hex: Sha256Hex) -> Self {
        hex.0
    }
}

/// A pattern of names: `*` stands for any text, everything else for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 256))]
pub struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let plain = (1..=256).contains(&text.len()) && !text.chars().any(char::is_control);
        if plain {
            Ok(Self(text))
        } else {
            Err(Invalid("a pattern of names has 1 to 256 bytes and no control characters"))
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl Pattern {
    /// Tells whether a name fits: the texts between the stars occur in order, the ends where they must.
    pub fn fits(&self, name: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut name) = name.strip_prefix(head) else { return false };
        let (middle, tail) = rest.rsplit_once('*').map_or(("", rest), |(middle, tail)| (middle, tail));
        for part in middle.split('*') {
            let Some(at) = name.find(part) else { return false };
            name = name.get(at + part.len()..).unwrap_or_default();
        }
        name.ends_with(tail)
    }
}

/// What an agent may do: these actions, on these names, in this org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The org, or `*` for all; `default` without it.
    #[serde(default)]
    pub org_id: OrgScope,
    /// Patterns of names.
    pub names: Vec<Pattern>,
    /// Actions: `create`, `encrypt`, `read`, `decrypt`, `rotate`, `delete`; `audit` (the log) and `metrics` only for the
    /// org `*` and the names `*`.
    #[serde(deserialize_with = "granted")]
    pub actions: Vec<Action>,
}

/// What an action that cannot be granted is answered with.
const UNGRANTABLE: Invalid =
    Invalid("actions are create, encrypt, read, decrypt, rotate, delete, audit, metrics");

/// Reads actions, and answers a word that cannot be granted with those that can.
fn granted<'de, D: Deserializer<'de>>(actions: D) -> Result<Vec<Action>, D::Error> {
    let words = Vec::<String>::deserialize(actions)?;
    let action = |word: &String| Action::from_word(word).filter(|action| is_grantable(*action));
    words.iter().map(action).collect::<Option<_>>().ok_or_else(|| D::Error::custom(UNGRANTABLE))
}

/// Returns whether an action can be granted, on secrets or of the whole vault.
pub fn is_grantable(action: Action) -> bool {
    GRANTABLE.contains(&action) || LOOKS.contains(&action)
}

/// What can be granted on secrets. Acts on the whole vault are the owner's.
pub const GRANTABLE: [Action; 6] =
    [Action::Create, Action::Encrypt, Action::Read, Action::Decrypt, Action::Rotate, Action::Delete];

/// What can be granted of the whole vault: looks that show every org, and no value.
pub const LOOKS: [Action; 2] = [Action::Audit, Action::Metrics];

impl Grant {
    /// Tells whether the grant allows an action on a name of an org.
    pub fn allows(&self, action: Action, org: &crate::domain::OrgId, name: &str) -> bool {
        self.actions.contains(&action)
            && self.org_id.covers(org)
            && self.names.iter().any(|names| names.fits(name))
    }

    /// Returns whether the grant allows a look at the whole vault.
    pub fn allows_look(&self, look: Action) -> bool {
        LOOKS.contains(&look) && self.actions.contains(&look)
    }

    fn is_for_everything(&self) -> bool {
        self.org_id == OrgScope::All && self.names.iter().all(|names| names.0 == "*")
    }

    /// Checks a list of grants.
    ///
    /// # Errors
    /// A rule in words.
    pub fn check(grants: &[Self]) -> Result<(), Invalid> {
        let sized =
            |grant: &Self| !grant.names.is_empty() && grant.names.len() <= MANY && !grant.actions.is_empty();
        if grants.is_empty() || grants.len() > MANY || !grants.iter().all(sized) {
            return Err(Invalid(
                "an agent has 1 to 100 grants, each with 1 to 100 names and at least one action",
            ));
        }
        if !grants.iter().flat_map(|grant| &grant.actions).all(|action| is_grantable(*action)) {
            return Err(UNGRANTABLE);
        }
        let looks = |grant: &&Self| LOOKS.iter().any(|look| grant.allows_look(*look));
        if !grants.iter().filter(looks).all(Self::is_for_everything) {
            return Err(Invalid(
                "`audit` and `metrics` show every org, so they can be granted only for the org `*` and the names `*`",
            ));
        }
        if serde_json::to_vec(grants).map_or(usize::MAX, |written| written.len()) > GRANTS_BYTES {
            return Err(Invalid("the grants of an agent take at most 16 KiB as JSON"));
        }
        Ok(())
    }
}

/// An agent as stored; its token is known only by its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub name: AgentId,
    /// Facts it must match.
    pub matches: Match,
    /// When its token stops being valid.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// SHA-256 of its token.
    pub token: Bytes32,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Which write of it this is, from 1.
    pub revision: u64,
}

/// What is known of the process behind a connection.
pub trait Facts: Sync {
    /// The kernel's credentials.
    fn peer(&self) -> &Peer;
    /// Returns the executable's SHA-256 in hex, if it was computed.
    fn exe_sha256(&self) -> Option<&String>;
}

/// Whose executables a daemon sees among the processes that it lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executables {
    /// Those of all of them.
    OfAll,
    /// Those of one user alone: the kernel shows no other's.
    Of(u32),
}

impl Executables {
    /// Refuses facts that no process that is let in could match.
    ///
    /// # Errors
    /// A rule in words.
    pub fn check(self, wanted: &Match) -> Result<(), Invalid> {
        match self {
            Self::Of(user) if wanted.narrows_by_executable() && wanted.uid != Some(user) => Err(Invalid(
                "`exe` and `sha256` never match here: this daemon sees the executables of its own user alone",
            )),
            Self::Of(_) | Self::OfAll => Ok(()),
        }
    }
}

impl Match {
    fn narrows_by_executable(&self) -> bool {
        self.exe.is_some() || self.sha256.is_some()
    }
}

impl Agent {
    /// Tells whether a process matches every fact that is named.
    pub fn matches(&self, facts: &dyn Facts) -> bool {
        let wanted = self.matches.sha256.as_ref();
        self.matches_peer(facts.peer()) && wanted.is_none_or(|hash| facts.exe_sha256() == Some(&hash.0))
    }

    /// Returns whether only the hash of its program decides whether a process matches.
    fn asks_for_program(&self, peer: &Peer) -> bool {
        self.matches.sha256.is_some() && self.matches_peer(peer)
    }

    fn matches_peer(&self, peer: &Peer) -> bool {
        let wanted = &self.matches;
        wanted.uid.is_none_or(|uid| uid == peer.uid)
            && wanted.gid.is_none_or(|gid| gid == peer.gid)
            && wanted.exe.as_ref().is_none_or(|exe| Some(exe) == peer.exe.as_ref())
    }

    /// Tells whether its token, or its place as a matched user, has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Finds the grant that allows a look at the whole vault, by its place in the list.
    pub fn grant_for_look(&self, look: Action) -> Option<usize> {
        self.grants.iter().position(|grant| grant.allows_look(look))
    }

    /// Finds the grant that allows an action on a name, by its place in the list.
    pub fn grant_for(&self, action: Action, org: &crate::domain::OrgId, name: &str) -> Option<usize> {
        self.grants.iter().position(|grant| grant.allows(action, org, name))
    }
}

/// A token: shown once, stored hashed.
pub struct Token(Zeroizing<String>);

impl Token {
    /// Draws a new one of 256 random bits.
    pub fn draw() -> Result<Self, CryptoError> {
        let key = random_key()?;
        let body = Zeroizing::new(BASE64URL_NOPAD.encode(key.expose()));
        Ok(Self(Zeroizing::new(format!("{TOKEN_PREFIX}{}", body.as_str()))))
    }

    /// Takes a token as a caller sent it.
    pub fn from_text(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Shows the token; every use of it can be found by this name.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Computes the SHA-256 that is stored.
    pub fn digest(&self) -> Bytes32 {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// All agents of an open vault, by name.
#[derive(Debug, Clone, Default)]
pub struct Agents(pub BTreeMap<AgentId, Agent>);

impl Agents {
    /// Finds the agent of a token.
    pub fn by_token(&self, token: &Token) -> Option<&Agent> {
        let digest = token.digest();
        self.0.values().find(|agent| agent.token == digest)
    }

    /// Returns whether the hash of a process' program decides which agent it is.
    pub fn ask_for_program(&self, peer: &Peer, token: Option<&Token>) -> bool {
        if !self.0.values().any(|agent| agent.asks_for_program(peer)) {
            return false;
        }
        match token {
            Some(token) => self.by_token(token).is_some_and(|agent| agent.asks_for_program(peer)),
            None => self.0.values().any(|agent| agent.matches.uid.is_some() && agent.asks_for_program(peer)),
        }
    }

    /// Finds the agent whose own user, and whatever else it names, a process matches.
    pub fn by_user(&self, facts: &dyn Facts, now: Timestamp) -> Option<&Agent> {
        self.0
            .values()
            .find(|agent| agent.matches.uid.is_some() && !agent.is_expired(now) && agent.matches(facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        Pattern::try_from(pattern.to_owned()).unwrap().fits(name)
    }

    #[test]
    fn a_pattern_without_a_star_fits_only_itself() {
        assert!(fits("skill:openai:token", "skill:openai:token"));
        assert!(!fits("skill:openai:token", "skill:openai:token2"));
    }

    #[test]
    fn a_star_stands_for_any_text_at_its_place() {
        assert!(fits("skill:openai:*", "skill:openai:access_token"));
        assert!(!fits("skill:openai:*", "skill:openai2:access_token"));
        assert!(fits("*:access_token", "skill:x:access_token"));
        assert!(fits("skill:*:access_*", "skill:x:access_token"));
        assert!(fits("*", ""));
        assert!(fits("a*b*c", "a-b-b-c"));
        assert!(!fits("a*b*c", "a-c-b"));
        assert!(!fits("ab*ba", "aba"));
    }

    #[test]
    fn grants_take_as_much_as_metadata_does() {
        let of_names = |count: usize| {
            let names: Vec<_> = (0..count).map(|number| format!("{number:0>150}")).collect();
            serde_json::from_value(serde_json::json!({ "names": names, "actions": ["read"] })).unwrap()
        };
        assert!(Grant::check(&[of_names(100)]).is_ok());
        let refused = Grant::check(&[of_names(100), of_names(10)]).unwrap_err();
        assert_eq!("the grants of an agent take at most 16 KiB as JSON", refused.0);
        let actions = vec!["read"; 3000];
        let repeated = serde_json::json!({ "names": ["*"], "actions": actions });
        assert!(Grant::check(&[serde_json::from_value(repeated).unwrap()]).is_err());
    }

    #[test]
    fn whole_vault_actions_cannot_be_granted() {
        assert!(serde_json::from_str::<Grant>(r#"{"names":["*"],"actions":["rekey"]}"#).is_err());
        let grant: Grant = serde_json::from_str(r#"{"names":["*"],"actions":["read"]}"#).unwrap();
        assert!(Grant::check(&[Grant { actions: vec![Action::Rekey], ..grant }]).is_err());
    }
}
