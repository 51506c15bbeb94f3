//! Counts and times, in Prometheus' text form; no names of secrets, no callers.

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
        let mut registry = Registry::with_prefix("vault");
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

    /// Writes everything as text.
    pub(crate) fn text(&self, gauges: Gauges) -> String {
        self.locked.set(gauges.locked.into());
        self.entries.set(i64::try_from(gauges.entries).unwrap_or(i64::MAX));
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected(Gauge<i64, AtomicI64>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
