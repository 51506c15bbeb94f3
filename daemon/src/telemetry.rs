//! Logs to stderr, and the signals that end the daemon.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::options::LogFormat;

/// Starts the log. `RUST_LOG` chooses what is written; crates that print bodies are kept at `info`.
pub(crate) fn init(format: LogFormat) -> anyhow::Result<()> {
    let mut filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    for noisy in ["hyper=info", "hyper_util=info", "h2=info", "jsonrpsee=info", "jsonrpsee_core=info"] {
        filter = filter.add_directive(noisy.parse()?);
    }
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(colours).try_init()
        }
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error))
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
    pub(crate) async fn end(&mut self, reload: impl Fn()) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(),
            }
        }
    }
}
