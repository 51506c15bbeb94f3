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

/// The signals that end the daemon, watched from its first moment: one that comes early waits.
#[derive(Debug)]
pub(crate) struct Ending {
    term: Signal,
    interrupt: Signal,
}

impl Ending {
    /// Begins to watch; from then on neither signal ends the process by itself.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let term = signal(SignalKind::terminate()).context("SIGTERM could not be waited for")?;
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT could not be waited for")?;
        Ok(Self { term, interrupt })
    }

    /// Waits for either.
    pub(crate) async fn come(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
