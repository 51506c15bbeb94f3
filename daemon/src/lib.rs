//! `vaultd`: serves a vault over one Unix socket.
//!
//! ```text
//! gate (who is calling) → first byte → http | rpc (bytes to an operation) → vault → answer
//! ```
//!
//! [`start`] is the program; everything it needs from the outside it is given. Nothing in here knows SQL or a key.

mod access;
mod activate;
mod attempts;
mod auth;
mod body;
mod events;
mod gate;
pub mod harden;
mod home;
mod http;
mod keys;
mod metrics;
pub mod options;
mod own;
mod patient;
mod programs;
mod reload;
mod resident;
mod router;
mod rpc;
mod seats;
mod sent;
mod stream;
mod task;
mod telemetry;
#[cfg(test)]
mod tests;
mod tick;
mod unsent;
mod watch;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::watch as signal;
use vault::clock::SystemClock;
use vault::config::Limits;
use vault::domain::Caller;
use vault::keyring::Keyring;
use vault::store::{SqliteStore, StoreError};
use vault::vault::{Settings, Vault};

pub use harden::Hardened;
pub use options::Options;
pub use tick::read_head;

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// Says in words what kept it from starting.
pub fn start(options: &Options, hardened: Hardened) -> anyhow::Result<()> {
    telemetry::init(options.log_format)?;
    let home = home::Home::open(options)?;
    let configuration = reload::Configuration::read(&home)?;
    let store = open_store(&home.database)?;
    let (now, sources) = (configuration.now(), home.key_sources(hardened.key));
    let settings = Settings {
        iterations: now.config.iterations()?,
        page: now.config.page_policy(),
        posture: harden::posture(),
        key_file: sources.replaceable(),
        watched_key_file: Some(home.key_file.clone()),
        lock_mark: Some(home.lock_mark.clone()),
        files: Some(home.files()),
        executables: access::executables(&now.admitted),
    };
    let vault = Vault::new(Arc::new(store), Arc::new(SystemClock), settings);
    vault.limit_growth(now.config.limits.agent_entries_per_minute);
    let runtime = runtime(&now.config.limits)?;
    let found = Found { home, configuration, sources, passed: hardened.listener };
    let ended = runtime.block_on(serve(found, vault));
    // Threads that still wait for clients must not hold the process up.
    runtime.shutdown_background();
    ended
}

/// Opens the database, or stands in for it if the write-ahead log next to it is another database's.
fn open_store(database: &Path) -> anyhow::Result<SqliteStore> {
    match SqliteStore::open(database) {
        Err(StoreError::Displaced(what)) => {
            tracing::error!(file = %database.display(), hint = what.hint(), "{what}");
            Ok(SqliteStore::unopened(database, what))
        }
        opened => opened.with_context(|| format!("the database {} could not be opened", database.display())),
    }
}

/// The face of JSON-RPC without a socket, for those who try messages on it by the million.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "the table of methods shows nothing")]
pub struct Messages(router::App);

impl Messages {
    /// Puts the face before a vault.
    pub fn new(vault: Vault) -> Self {
        Self(router::App::new(vault, &Limits::default()))
    }

    /// Answers a message or a batch; nothing where all of it are notifications.
    pub async fn answer(&self, caller: &Caller, text: &[u8]) -> Option<String> {
        let holder = seats::Holder::user(0, vault::vault::Standing::Owner);
        let busy = seats::Seats::new(&Limits::default()).take(holder).busy();
        let (asker, mut whole) = (Ok(self.0.client(caller.clone())), None);
        let mut answers = rpc::Answers::of(&self.0, text);
        while let Some(piece) = answers.next(&self.0, &asker, &busy).await {
            whole.get_or_insert_with(String::new).push_str(&piece.text);
        }
        whole
    }
}

/// What the daemon found at its start.
struct Found {
    home: home::Home,
    configuration: reload::Configuration,
    sources: keys::KeySources,
    passed: Option<UnixListener>,
}

/// Makes the runtime: one thread unless configured otherwise.
fn runtime(limits: &Limits) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match limits.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(usize::try_from(threads).unwrap_or(1));
            builder
        }
    };
    builder.enable_all().build()
}

async fn serve(found: Found, vault: Vault) -> anyhow::Result<()> {
    let Found { home, mut configuration, sources, passed } = found;
    let mut signals = telemetry::Signals::watch()?;
    vault.set_outside_head(tick::read_head(&home.head));
    let before = watch::print(&home.key_file);
    keys::open_at_start(&vault, sources, &home.head).await?;
    let socket = activate::Socket::open(&home, passed)?;
    let (stop, stopping) = signal::channel(false);
    let app = Arc::new(router::App::new(vault.clone(), &configuration.now().config.limits));
    tracing::info!(socket = %home.socket.display(), locked = matches!(vault.keyring(), Keyring::Locked(_)), "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let gate = gate::Gate::new(socket.listener()?, stopping, configuration.in_force());
    let serving = tokio::spawn(gate.serve(app));
    let handing_out = vault.clone();
    tokio::spawn(async move { handing_out.hand_out_answers().await });
    let (of_ticks, head, in_force) = (vault.clone(), home.head.clone(), configuration.in_force());
    let tick = move || tick::tick(of_ticks.clone(), head.clone(), in_force.clone());
    let ticking = tokio::spawn(task::keep_up(vault.clone(), ("clock", task::PAUSE), tick));
    let (of_watch, key_file) = (vault.clone(), home.key_file.clone());
    let watch = move || watch::watch(of_watch.clone(), key_file.clone(), before);
    let keep_watching = task::keep_up(vault.clone(), ("watch over the key file", task::PAUSE), watch);
    let watching = tokio::spawn(keep_watching);
    signals.end(|| configuration.reload(&home, &vault)).await;
    watching.abort();
    ticking.abort();
    tracing::info!("ending: what is in flight is finished first");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = stop.send(true);
    let _ = serving.await;
    vault.close().await;
    tick::write_head(&vault, &home.head);
    drop(socket);
    Ok(())
}
