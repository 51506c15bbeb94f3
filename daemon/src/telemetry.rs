//! Logs to stderr, and the signals that end the daemon.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::options::LogFormat;

/// Crates that print bodies: they are kept at `info`.
const TALKATIVE: [&str; 3] = ["hyper", "h2", "jsonrpsee"];

/// Starts the log. `RUST_LOG` chooses what is written; crates that print bodies are kept at `info`.
pub(crate) fn init(format: LogFormat) -> anyhow::Result<()> {
    let asked = asked().unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let filter = asked.and(filter_fn(|about| {
        *about.level() <= Level::INFO || !TALKATIVE.iter().any(|name| about.target().starts_with(name))
    }));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .context("the log could not be started")
}

/// Reads what is to be logged; where that is no list of targets and levels, nothing was asked for.
#[expect(clippy::disallowed_methods, reason = "the log starts before anything else is configured")]
fn asked() -> Option<Targets> {
    std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty())?.parse().ok()
}

/// The signals that matter to the daemon, watched from its first moment: one that comes early waits.
#[derive(Debug)]
pub(crate) struct Signals {
    term: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to watch; from then on none of them ends the process by itself.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let term = signal(SignalKind::terminate()).context("SIGTERM could not be waited for")?;
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT could not be waited for")?;
        let hang_up = signal(SignalKind::hangup()).context("SIGHUP could not be waited for")?;
        Ok(Self { term, interrupt, hang_up })
    }

    /// Waits for SIGTERM or SIGINT; SIGHUP has the configuration read again meanwhile.
    pub(crate) async fn end(&mut self, mut reload: impl FnMut()) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(),
            }
        }
    }
}
