//! Counts and times, in Prometheus' text form or as `OpenMetrics`; no names of secrets, no callers.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use vault::api::Gauges;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    reason: &'static str,
}

/// How the counters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Prometheus' text, version 0.0.4.
    Text,
    /// `OpenMetrics`, version 1.0.0.
    OpenMetrics,
}

/// The daemon's counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    refusals: Family<Refusal, Counter>,
    seconds: Histogram,
    entries: Gauge<i64, AtomicI64>,
    locked: Gauge<i64, AtomicI64>,
    connections: Gauge<i64, AtomicI64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("agenticmail_vault");
        let requests = Family::default();
        let refusals = Family::default();
        // From 50 µs to 1.6 s.
        let seconds = Histogram::new(exponential_buckets(0.000_05, 2.0, 16));
        let (entries, locked, connections) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("requests", "Requests by operation and outcome", requests.clone());
        registry.register("refusals", "Requests that were refused, by reason", refusals.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from request to answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("audit_entries", "Entries of the audit log", entries.clone());
        registry.register("locked", "1 while the vault is locked", locked.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        Self { registry, requests, refusals, seconds, entries, locked, connections }
    }

    /// Counts a request that reached an operation.
    pub(crate) fn request(&self, method: &'static str, code: Option<&'static str>, took: Duration) {
        self.requests.get_or_create(&Request { method, code: code.unwrap_or("ok") }).inc();
        self.seconds.observe(took.as_secs_f64());
        if let Some(reason) = code {
            self.refused(reason);
        }
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&Refusal { reason }).inc();
    }

    /// Counts a connection for as long as the guard lives.
    pub(crate) fn connection(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Writes everything.
    pub(crate) fn text(&self, gauges: Gauges, form: Form) -> String {
        self.locked.set(gauges.locked.into());
        self.entries.set(i64::try_from(gauges.entries).unwrap_or(i64::MAX));
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry);
        match form {
            Form::OpenMetrics => text,
            Form::Text => as_text(&text),
        }
    }
}

/// Writes what is `OpenMetrics` as text 0.0.4: there a counter's family is named as its samples are, units stand in names
/// alone, and nothing marks the end.
fn as_text(open: &str) -> String {
    let kinds = open.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let counters: Vec<_> = kinds.filter_map(|kind| kind.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "EOF" | "UNIT", ..] => continue,
            ["#", word, family, rest] if counters.contains(family) => {
                text.extend(["# ", word, " ", family, "_total ", rest]);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected(Gauge<i64, AtomicI64>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
