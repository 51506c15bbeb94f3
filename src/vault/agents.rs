//! Agents: who a caller is, and their list, making, change and end.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Vault;
use super::desk::Desk;
use super::handle::{After, Handle, Length, Records};
use crate::agents::{Agent, Agents, Facts, Grant, Match, Token};
use crate::api::{
    AddAgent, AgentAdded, AgentChanged, AgentEntry, AgentList, AgentTested, Code, DeleteAgent, Done, Fault,
    ListAgents, RenewToken, Success, TestAgent, UpdateAgent, Warning,
};
use crate::audit::Draft;
use crate::crypto::Bytes32;
use crate::domain::{Action, AgentId, Caller, Outcome, Peer, Role};
use crate::keyring::{Keyring, Keys};
use crate::policy::{Request, Rule, Verdict, judge};
use crate::secret::{Revealed, SecretValue};
use crate::store::{AgentRow, Change, StoreError};

/// What is counted as refused where a token came while nobody could judge it, before the method was looked at.
const TOKEN: &str = "token";

/// Whether the door knows a user as one who may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The daemon's own user, or one that the configuration names.
    Owner,
    /// Admitted, but nothing more.
    Guest,
}

impl Vault {
    /// Returns whether [`Vault::identify`] needs the hash of a process' program.
    pub fn asks_for_program(&self, peer: &Peer, standing: Standing, token: Option<&Token>) -> bool {
        (token.is_some() || standing == Standing::Guest) && self.agents().ask_for_program(peer, token)
    }

    /// Decides who is calling: the agent of a token, else an owner, else the agent of the user, else nobody.
    ///
    /// # Errors
    /// `unauthorized` for a token that is not valid, whoever sends it; `locked` where tokens cannot be judged.
    pub fn identify(
        &self,
        facts: &dyn Facts,
        standing: Standing,
        token: Option<&Token>,
    ) -> Result<Caller, Fault> {
        let peer = facts.peer().clone();
        if let Some(token) = token {
            if let Keyring::Locked(reason) = self.keyring() {
                self.count_refusal(&Caller::nobody(peer), TOKEN, reason);
                return Err(self.locked(reason));
            }
            let agents = self.agents();
            let valid = |agent: &&Agent| !agent.is_expired(self.now()) && agent.matches(facts);
            let agent = agents.by_token(token).filter(valid);
            return agent.map(|agent| Caller::agent(agent.clone(), peer)).ok_or_else(bad_token);
        }
        if standing == Standing::Owner {
            return Ok(Caller::owner(peer));
        }
        let agents = self.agents();
        let matched = agents.by_user(facts, self.now()).cloned();
        Ok(matched.map_or_else(|| Caller::nobody(peer.clone()), |agent| Caller::agent(agent, peer.clone())))
    }

    /// Tells whether an agent is not let in any more as it was when it was identified: it was changed or removed since,
    /// or has expired.
    pub(super) fn is_outdated(&self, caller: &Caller) -> bool {
        let Role::Agent(agent) = &caller.role else { return false };
        agent.is_expired(self.now()) || self.agents().0.get(&agent.name).is_none_or(|now| *now != **agent)
    }

    /// Records a token that was not valid.
    pub async fn record_bad_token(&self, facts: &dyn Facts) {
        let caller = Caller::nobody(facts.peer().clone());
        let mut draft = Draft::of(Action::Read).with("code", Code::Unauthorized.as_str());
        draft.outcome = Outcome::Denied;
        self.record(&caller, draft).await;
    }

    pub(super) fn agents(&self) -> Arc<Agents> {
        Arc::clone(&self.0.agents.borrow())
    }

    /// Reads all agents into memory; where their table was changed from outside, none of them is let in.
    pub(super) fn load_agents(&self, keys: &Keys) -> Result<(), StoreError> {
        let (mut rows, mut state) = (self.0.store.agents()?, self.0.store.state()?);
        if !AgentRow::are_those_of(&rows, &state, keys) {
            // They may have changed between the two.
            (rows, state) = (self.0.store.agents()?, self.0.store.state()?);
        }
        let intact = state.is_authentic(keys) && AgentRow::are_those_of(&rows, &state, keys);
        let opened: Option<Vec<Agent>> = rows.iter().map(|row| row.open(keys).ok()).collect();
        let agents = opened.filter(|_| intact);
        self.warn("agents", agents.is_none().then(damaged));
        let agents = agents.unwrap_or_default().into_iter().map(|agent| (agent.name.clone(), agent));
        self.0.agents.send_replace(Arc::new(Agents(agents.collect())));
        Ok(())
    }

    /// Lets no agent in, since the state that says which there are is not the last one.
    pub(super) fn refuse_agents(&self) -> Result<(), StoreError> {
        self.warn("agents", (!self.0.store.agents()?.is_empty()).then(damaged));
        self.forget_agents();
        Ok(())
    }

    /// Names the agents that were granted something and not removed since, by the log, and those of the table.
    fn known_agents(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut known = BTreeSet::new();
        self.0.store.walk_audit(0..=u64::MAX, &mut |entry| {
            if entry.outcome != Outcome::Ok || !matches!(entry.action, Action::Grant | Action::Revoke) {
                return;
            }
            let metadata: serde_json::Value = serde_json::from_str(entry.metadata).unwrap_or_default();
            let Some(name) = metadata.get("agent").and_then(serde_json::Value::as_str) else { return };
            if entry.action == Action::Grant {
                known.insert(name.to_owned());
            } else {
                known.remove(name);
            }
        })?;
        // A table that cannot be read names no one.
        known.extend(self.0.store.agents().unwrap_or_default().into_iter().map(|row| row.name));
        Ok(known)
    }

    /// Names the agents of the table, if it is the one that the vault wrote last.
    fn sound_agents(&self, keys: &Keys) -> Result<BTreeSet<String>, StoreError> {
        let (rows, state) = (self.0.store.agents()?, self.0.store.state()?);
        let are_sound = state.is_authentic(keys) && AgentRow::are_those_of(&rows, &state, keys);
        Ok(rows.into_iter().filter(|_| are_sound).map(|row| row.name).collect())
    }

    /// Reads the agents again after they changed.
    pub(super) fn read_agents_again(&self) {
        if let Keyring::Open(keys) = self.keyring()
            && let Err(error) = self.load_agents(&keys)
        {
            tracing::error!(%error, "the agents could not be read again");
        }
    }

    /// Warns of agents whose facts no process could match any more, as after a change of who is let in.
    pub(super) fn unmatched_agents(&self) -> Option<Warning> {
        let (agents, executables) = (self.agents(), self.settings().executables);
        let unmatched = agents.0.values().filter(|agent| executables.check(&agent.matches).is_err());
        let names: Vec<_> = unmatched.map(|agent| agent.name.as_str()).collect();
        (!names.is_empty()).then(|| {
            let message = format!(
                "no process can match `exe` or `sha256` of these agents, since this daemon sees the executables of its own user alone: {}",
                names.join(", ")
            );
            let hint = "drop the facts with: vaultctl agent update NAME --any-process, or name vaultd's user with --uid";
            Warning::new("agent_facts", message, hint)
        })
    }

    pub(super) fn forget_agents(&self) {
        self.0.agents.send_replace(Arc::default());
    }
}

fn damaged() -> Warning {
    Warning::new(
        "agents",
        "the stored agents were edited, removed or rolled back: none of them is let in",
        "put a backup of the database back, or add them again: vaultctl agent add",
    )
}

fn bad_token() -> Fault {
    Fault::new(Code::Unauthorized, "the token is not valid")
}

/// Draws a token: its digest, which is stored, and the token itself, which is shown once.
fn draw_token() -> Result<(Bytes32, Revealed), Fault> {
    let token = Token::draw()?;
    Ok((token.digest(), SecretValue::new(token.expose().to_owned())?.into()))
}

fn no_agent() -> Fault {
    Fault::new(Code::NotFound, "there is no such agent").hint("see the agents with: vaultctl agent list")
}

impl Desk {
    /// Asks for an act on an agent, and names it in the entry.
    fn ask_agent(&mut self, action: Action, name: &AgentId) -> Result<(), Fault> {
        self.ask_whole(action)?;
        self.about(Draft::of(action).with("agent", name.as_str()));
        Ok(())
    }

    /// Refuses facts that could never match: such an agent would be locked out without a word.
    fn check_facts(&self, wanted: Option<&Match>) -> Result<(), Fault> {
        let executables = self.vault().settings().executables;
        wanted.map_or(Ok(()), |wanted| executables.check(wanted)).map_err(|rule| {
            Fault::from(rule).hint("leave `exe` and `sha256` out, or name the daemon's own user as `uid`")
        })
    }

    /// Returns an agent as its owner sees it.
    fn entry_of(&self, agent: &Agent) -> AgentEntry {
        let never_matches = self.vault().settings().executables.check(&agent.matches).is_err();
        AgentEntry { never_matches, ..agent.into() }
    }

    /// Finds an agent.
    fn agent(&self, name: &AgentId) -> Result<Agent, Fault> {
        self.vault().agents().0.get(name).cloned().ok_or_else(no_agent)
    }

    /// Names the agents that there should be, as the log and their table have them.
    pub(super) fn known_agents(&self) -> Result<BTreeSet<String>, Fault> {
        self.vault().known_agents().map_err(Fault::from)
    }

    /// Notes which of some agents are gone once a loss is accepted, and returns their names.
    ///
    /// What is left are those of the table, if it is the one that the vault wrote last.
    pub(super) fn give_up_agents(&mut self, mut known: BTreeSet<String>) -> Result<Vec<String>, Fault> {
        let left = self.vault().sound_agents(self.keys()?)?;
        known.retain(|name| !left.contains(name));
        for name in &known {
            self.note(Draft::of(Action::Revoke).with("agent", name.as_str()).with("acceptedLoss", true));
        }
        Ok(known.into_iter().collect())
    }

    /// Stages an agent's row and notes the entry.
    fn put_agent(&mut self, agent: &Agent, seen: Option<u64>) -> Result<(), Fault> {
        let row = AgentRow::seal(self.keys()?, agent)?;
        let grants = serde_json::to_value(&agent.grants).unwrap_or_default();
        self.note(Draft::of(Action::Grant).with("agent", agent.name.as_str()).with("grants", grants));
        self.stage(Change::PutAgent { row: Box::new(row), seen });
        self.then(After::Agents);
        Ok(())
    }
}

impl Handle for ListAgents {
    const ANSWER: Length = Length::Long;
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<AgentList, Fault> {
        desk.ask_whole(Action::Grant)?;
        let agents = desk.vault().agents();
        Ok(AgentList { agents: agents.0.values().map(|agent| desk.entry_of(agent)).collect() })
    }
}

impl Handle for AddAgent {
    fn act(&self, desk: &mut Desk) -> Result<AgentAdded, Fault> {
        desk.ask_agent(Action::Grant, &self.name)?;
        Grant::check(&self.grants)?;
        desk.check_facts(self.matches.as_ref())?;
        if desk.agent(&self.name).is_ok() {
            return Err(Fault::new(Code::Conflict, "there is an agent of this name")
                .hint("remove it first, or choose another name"));
        }
        let (token, shown) = draw_token()?;
        let (now, created_by) = (desk.now(), desk.caller().actor().to_string());
        let agent = Agent {
            name: self.name.clone(),
            matches: self.matches.clone().unwrap_or_default(),
            expires_at: self.expires_at,
            grants: self.grants.clone(),
            token,
            created_by,
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        desk.put_agent(&agent, None)?;
        Ok(AgentAdded { success: Success, agent: (&agent).into(), token: shown })
    }
}

impl Handle for RenewToken {
    fn act(&self, desk: &mut Desk) -> Result<AgentAdded, Fault> {
        desk.ask_agent(Action::Grant, &self.name)?;
        let before = desk.agent(&self.name)?;
        let (seen, (token, shown)) = (before.revision, draw_token()?);
        let agent = Agent { token, revision: seen + 1, updated_at: desk.now(), ..before };
        desk.put_agent(&agent, Some(seen))?;
        desk.detail("token", "new");
        Ok(AgentAdded { success: Success, agent: desk.entry_of(&agent), token: shown })
    }
}

impl Handle for UpdateAgent {
    fn act(&self, desk: &mut Desk) -> Result<AgentChanged, Fault> {
        desk.ask_agent(Action::Grant, &self.name)?;
        Grant::check(self.grants.as_deref().unwrap_or_default())
            .or_else(|rule| if self.grants.is_none() { Ok(()) } else { Err(rule) })?;
        desk.check_facts(self.matches.as_ref())?;
        let mut agent = desk.agent(&self.name)?;
        let seen = agent.revision;
        agent.revision += 1;
        agent.updated_at = desk.now();
        agent.matches = self.matches.clone().unwrap_or(agent.matches);
        agent.expires_at = self.expires_at.unwrap_or(agent.expires_at);
        agent.grants = self.grants.clone().unwrap_or(agent.grants);
        desk.put_agent(&agent, Some(seen))?;
        Ok(AgentChanged { success: Success, agent: desk.entry_of(&agent) })
    }
}

impl Handle for DeleteAgent {
    fn act(&self, desk: &mut Desk) -> Result<Done, Fault> {
        desk.ask_agent(Action::Revoke, &self.name)?;
        desk.agent(&self.name)?;
        desk.note(Draft::of(Action::Revoke).with("agent", self.name.as_str()));
        desk.stage(Change::DropAgent(self.name.clone()));
        desk.then(After::Agents);
        Ok(Done { success: Success })
    }
}

impl Handle for TestAgent {
    const RECORDS: Records = Records::Nothing;

    fn act(&self, desk: &mut Desk) -> Result<AgentTested, Fault> {
        desk.ask_whole(Action::Grant)?;
        let agent = desk.agent(&self.name)?;
        let expired = agent.is_expired(desk.now());
        let peer = Peer { uid: 0, gid: 0, pid: None, exe: None };
        let org = self.org_id.clone().unwrap_or_default();
        let request = Request { action: self.action, org: Some(&org), name: Some(self.secret.as_str()) };
        let caller = Caller::agent(agent, peer);
        let denied = |rule: String| AgentTested { allowed: false, rule, grant: None };
        if expired {
            return Ok(denied("its token has expired".to_owned()));
        }
        let Verdict::Allowed(Rule::Grant(place)) = judge(&caller, &request) else {
            return Ok(denied("no grant allows it".to_owned()));
        };
        let is_new = self.action == Action::Create;
        let behind = if is_new { desk.first_behind(&caller, &org, &self.secret)? } else { None };
        Ok(match behind {
            Some(behind) => denied(format!("it would go before {behind}, which it may not replace")),
            None => {
                AgentTested { allowed: true, rule: format!("grant {place} allows it"), grant: Some(place) }
            }
        })
    }
}
