//! Looks at the whole vault that HTTP alone serves, each in a form of its own: judged as every operation is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Route};

/// Follows the audit log: the daemon sends each entry as a server-sent event.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowLog {
    /// Begin after the entry of this sequence number; without it, with the next one that is committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// Where a follower begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct FollowedFrom {
    /// The sequence number of the last entry that is left out.
    pub seq: u64,
}

impl Operation for FollowLog {
    type Answer = FollowedFrom;
    const METHOD: &'static str = "vault.events";
    const ROUTE: Route = Route::get("/vault/events");
    const SUMMARY: &'static str = "Sends each audit entry as it is committed, as server-sent events.";
}

/// Reads the daemon's counters: the daemon writes them as Prometheus' text, or as `OpenMetrics` for those who ask for it.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMetrics {}

/// What the vault adds to the daemon's counters.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Gauges {
    /// Whether the vault is locked.
    pub locked: bool,
    /// How many entries the log has.
    pub entries: u64,
}

impl Operation for ReadMetrics {
    type Answer = Gauges;
    const METHOD: &'static str = "vault.metrics";
    const ROUTE: Route = Route::get("/metrics");
    const SUMMARY: &'static str = "Counts and times of requests, in Prometheus' text form.";
}
