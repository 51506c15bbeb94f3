//! Agents: list, add, change, remove, test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route, Success};
use crate::agents::{Agent, Grant, Match};
use crate::domain::{Action, AgentId, OrgId, SecretName, Timestamp};
use crate::secret::Revealed;

/// An agent as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentEntry {
    /// Its name.
    pub name: AgentId,
    /// Facts it must match.
    #[serde(rename = "match")]
    pub matches: Match,
    /// When its token stops being valid.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// The actor who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Present and true if no process that the daemon lets in now could match its facts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_matches: bool,
}

impl From<&Agent> for AgentEntry {
    fn from(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            matches: agent.matches.clone(),
            expires_at: agent.expires_at,
            grants: agent.grants.clone(),
            created_by: agent.created_by.clone(),
            created_at: agent.created_at,
            updated_at: agent.updated_at,
            never_matches: false,
        }
    }
}

/// Lists the agents.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAgents {}

/// The agents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgentList {
    /// In order of name.
    pub agents: Vec<AgentEntry>,
}

impl Operation for ListAgents {
    type Answer = AgentList;
    const METHOD: &'static str = "vault.listAgents";
    const ROUTE: Route = Route::get("/vault/agents");
    const SUMMARY: &'static str = "Lists the agents.";
}

/// Makes an agent and its token.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddAgent {
    /// Its name.
    pub name: AgentId,
    /// Facts it must match.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<Match>,
    /// When its token stops being valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub grants: Vec<Grant>,
}

/// An agent and its new token.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AgentAdded {
    /// Always `true`.
    pub success: Success,
    /// The agent.
    pub agent: AgentEntry,
    /// Its token, shown this once.
    pub token: Revealed,
}

impl Operation for AddAgent {
    type Answer = AgentAdded;
    const METHOD: &'static str = "vault.addAgent";
    const ROUTE: Route = Route::make("/vault/agents");
    const SUMMARY: &'static str = "Makes an agent and its token.";
}

/// Changes an agent; what is not named stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateAgent {
    /// Its name.
    pub name: AgentId,
    /// Facts it must match.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<Match>,
    /// When its token stops being valid; null removes it.
    #[serde(default, deserialize_with = "super::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Option<Timestamp>>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
}

/// The answer to a changed agent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgentChanged {
    /// Always `true`.
    pub success: Success,
    /// The agent.
    pub agent: AgentEntry,
}

impl Operation for UpdateAgent {
    type Answer = AgentChanged;
    const METHOD: &'static str = "vault.updateAgent";
    const ROUTE: Route = Route::put("/vault/agents/{name}");
    const SUMMARY: &'static str = "Changes an agent; what is not named stays.";
}

/// Gives an agent a new token; its old one is worth nothing from then on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewToken {
    /// Its name.
    pub name: AgentId,
}

impl Operation for RenewToken {
    type Answer = AgentAdded;
    const METHOD: &'static str = "vault.renewToken";
    const ROUTE: Route = Route::post("/vault/agents/{name}/token");
    const SUMMARY: &'static str = "Gives an agent a new token; its old one is worth nothing from then on.";
}

/// Removes an agent; its token is worth nothing from then on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAgent {
    /// Its name.
    pub name: AgentId,
}

impl Operation for DeleteAgent {
    type Answer = super::Done;
    const METHOD: &'static str = "vault.deleteAgent";
    const ROUTE: Route = Route::delete("/vault/agents/{name}");
    const SUMMARY: &'static str = "Removes an agent; its token is worth nothing from then on.";
}

/// Says what an agent could do, and which grant decides.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestAgent {
    /// Its name.
    pub name: AgentId,
    /// What it would do.
    pub action: Action,
    /// To which secret, by stored name.
    pub secret: SecretName,
    /// In which org; `default` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
}

/// What an agent could do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgentTested {
    /// Whether it may.
    pub allowed: bool,
    /// The rule that decides, in words.
    pub rule: String,
    /// The place of the deciding grant, from 0.
    pub grant: Option<usize>,
}

impl Operation for TestAgent {
    type Answer = AgentTested;
    const METHOD: &'static str = "vault.testAgent";
    const ROUTE: Route = Route::post("/vault/agents/{name}/test");
    const SUMMARY: &'static str = "Says what an agent could do, and which grant decides.";
}
