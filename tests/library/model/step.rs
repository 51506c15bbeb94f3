//! What is done to a vault, one step at a time, and how steps are drawn.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use vault::api::{
    AddAgent, CreateSecret, DeleteAgent, DeleteSecret, GetSecret, ListAgents, ListSecrets, ListVersions,
    LockVault, Operation, Rekey, Resolve, Rollback, RotateAll, RotateSecret, UpdateSecret,
};

/// The orgs; the first is the one that is meant where none is named.
pub(crate) const ORGS: [&str; 2] = ["default", "team"];
/// The names that secrets are stored under, in each org.
pub(crate) const NAMES: [&str; 6] = [
    "plain",
    "skill:openai:access_token",
    "skill:openai:api_key",
    "skill:openai",
    "skill:telegram:access_token",
    "große Datei",
];
/// What is asked for, and which of the names answer to it, best first.
pub(crate) const ASKED: [(&str, &[usize]); 12] = [
    ("plain", &[0]),
    ("skill:openai:access_token", &[1, 2]),
    ("openai", &[1, 2, 3]),
    ("skill:openai:api_key", &[2, 1]),
    ("skill:openai", &[3, 1, 2]),
    ("skill:openai:apiKey", &[2, 1]),
    ("skill:telegram:access_token", &[4]),
    ("telegram", &[4]),
    ("telegram-bot", &[4]),
    ("skill:telegram-bot:accessToken", &[4]),
    ("große Datei", &[5]),
    ("nothing", &[]),
];
/// The names of agents.
pub(crate) const AGENTS: [&str; 3] = ["bot", "other", "third"];

/// Where a secret may stand: the places of its org and of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) org: usize,
    pub(crate) name: usize,
}

/// How long a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Short,
    /// So long that its row is read anew each time.
    Long,
}

/// Whether a change names the revision that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    Right,
    Wrong,
}

/// One org, or all of them.
pub(crate) type Scope = Option<usize>;

/// One step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create(Spot, Size),
    Get(Spot),
    Older(Spot, u64),
    /// In an org, by what is asked for.
    Resolve(usize, usize),
    /// So many times, each with a value of its own.
    Update(Spot, u64, Size),
    /// Changes the metadata alone.
    Note(Spot),
    Guarded(Spot, Guess),
    Rotate(Spot),
    RotateAll(Scope),
    Delete(Spot),
    Versions(Spot),
    Rollback(Spot, u64),
    /// So many at most, after leaving out so many.
    List(Scope, usize, usize),
    AddAgent(usize),
    DropAgent(usize),
    Agents,
    Lock,
    Unlock,
    WrongKey,
    Rekey,
    /// Ends the vault well and opens its file again.
    Restart,
    /// Copies the files while the vault runs and opens the copy.
    Crash,
}

impl Step {
    /// Gives the operation that a locked vault refuses; nothing for what it does all the same.
    pub(crate) fn refusable(&self) -> Option<&'static str> {
        Some(match self {
            Self::Create(..) => CreateSecret::METHOD,
            Self::Get(_) | Self::Older(..) => GetSecret::METHOD,
            Self::Resolve(..) => Resolve::METHOD,
            Self::Update(..) | Self::Note(_) | Self::Guarded(..) => UpdateSecret::METHOD,
            Self::Rotate(_) => RotateSecret::METHOD,
            Self::RotateAll(_) => RotateAll::METHOD,
            Self::Delete(_) => DeleteSecret::METHOD,
            Self::Versions(_) => ListVersions::METHOD,
            Self::Rollback(..) => Rollback::METHOD,
            Self::List(..) => ListSecrets::METHOD,
            Self::AddAgent(_) => AddAgent::METHOD,
            Self::DropAgent(_) => DeleteAgent::METHOD,
            Self::Agents => ListAgents::METHOD,
            Self::Lock => LockVault::METHOD,
            Self::Rekey => Rekey::METHOD,
            Self::Unlock | Self::WrongKey | Self::Restart | Self::Crash => return None,
        })
    }

    /// Counts the requests that it is made of.
    pub(crate) fn requests(&self) -> u64 {
        if let Self::Update(_, times, _) = self { *times } else { 1 }
    }
}

/// Draws a step for a vault that is open.
pub(crate) fn while_open() -> BoxedStrategy<Step> {
    let scope = || prop::option::of(0..ORGS.len());
    prop_oneof![
        96 => (spot(), size()).prop_map(|(spot, size)| Step::Create(spot, size)),
        112 => reading(),
        64 => (spot(), times(), size()).prop_map(|(spot, times, size)| Step::Update(spot, times, size)),
        24 => spot().prop_map(Step::Note),
        24 => (spot(), guess()).prop_map(|(spot, guess)| Step::Guarded(spot, guess)),
        24 => spot().prop_map(Step::Rotate),
        12 => scope().prop_map(Step::RotateAll),
        32 => spot().prop_map(Step::Delete),
        24 => (spot(), version()).prop_map(|(spot, version)| Step::Rollback(spot, version)),
        24 => (scope(), 0..8usize, 0..4usize).prop_map(|(scope, most, after)| Step::List(scope, most, after)),
        32 => agents(),
        10 => Just(Step::Lock),
        4 => Just(Step::Unlock),
        4 => Just(Step::WrongKey),
        1 => Just(Step::Rekey),
        28 => prop_oneof![Just(Step::Restart), Just(Step::Crash)],
    ]
    .boxed()
}

/// Draws a step for a vault that is locked.
pub(crate) fn while_locked() -> BoxedStrategy<Step> {
    let opening = prop_oneof![6 => Just(Step::Unlock), 1 => Just(Step::Restart), 1 => Just(Step::Crash)];
    prop_oneof![1 => opening, 1 => while_open()].boxed()
}

fn reading() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => spot().prop_map(Step::Get),
        6 => (0..ORGS.len(), 0..ASKED.len()).prop_map(|(org, asked)| Step::Resolve(org, asked)),
        2 => (spot(), version()).prop_map(|(spot, version)| Step::Older(spot, version)),
        1 => spot().prop_map(Step::Versions),
    ]
}

fn agents() -> impl Strategy<Value = Step> {
    let name = || 0..AGENTS.len();
    prop_oneof![2 => name().prop_map(Step::AddAgent), 1 => name().prop_map(Step::DropAgent), 1 => Just(Step::Agents)]
}

/// Draws a spot; a few of them far more often, so that what was written is read and written again.
fn spot() -> impl Strategy<Value = Spot> {
    let name = prop_oneof![4 => Just(1), 2 => Just(2), 3 => 0..NAMES.len()];
    let org = prop_oneof![3 => Just(0), 1 => 0..ORGS.len()];
    (org, name).prop_map(|(org, name)| Spot { org, name })
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![9 => Just(Size::Short), 1 => Just(Size::Long)]
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![Just(Guess::Right), Just(Guess::Wrong)]
}

/// Draws how often something is done: once, or so often that the oldest version goes.
fn times() -> impl Strategy<Value = u64> {
    prop_oneof![8 => Just(1_u64), 1 => 8..13_u64]
}

fn version() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1..4_u64, 1 => 1..14_u64]
}
