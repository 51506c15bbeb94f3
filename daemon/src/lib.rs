//! `vaultd`: serves a vault over one Unix socket.
//!
//! ```text
//! gate (who is calling) → first byte → http | rpc (bytes to an operation) → vault → answer
//! ```
//!
//! [`run`] is the program; everything it needs from the outside it is given. Nothing in here knows SQL or a key.

mod activate;
mod body;
mod gate;
pub mod harden;
mod home;
mod http;
mod keys;
pub mod options;
mod router;
mod rpc;
mod stream;
mod telemetry;

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::watch;
use vault::clock::SystemClock;
use vault::config::Config;
use vault::keyring::Keyring;
use vault::store::SqliteStore;
use vault::vault::{Settings, Vault};

pub use harden::Hardened;
pub use options::Options;

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// Says in words what kept it from starting.
pub fn start(options: &Options, hardened: Hardened) -> anyhow::Result<()> {
    telemetry::init(options.log_format)?;
    let home = home::Home::open(options)?;
    let config = home.config()?;
    let store = SqliteStore::open(&home.database)
        .with_context(|| format!("the database {} could not be opened", home.database.display()))?;
    let settings =
        Settings { iterations: config.iterations()?, page: config.page_policy(), posture: harden::posture() };
    let vault = Vault::new(Arc::new(store), Arc::new(SystemClock), settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(serve(&home, &config, vault, hardened));
    // Threads that still wait for clients must not hold the process up.
    runtime.shutdown_background();
    ended
}

async fn serve(home: &home::Home, _config: &Config, vault: Vault, hardened: Hardened) -> anyhow::Result<()> {
    let mut ending = telemetry::Ending::watch()?;
    keys::open_at_start(&vault, &mut home.key_sources(hardened.key)).await?;
    let socket = activate::Socket::bind(home)?;
    let (stop, stopping) = watch::channel(false);
    let app = Arc::new(router::App::new(vault.clone()));
    tracing::info!(socket = %home.socket.display(), locked = matches!(vault.keyring(), Keyring::Locked(_)), "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let gate = gate::Gate::new(socket.listener()?, stopping);
    let serving = tokio::spawn(gate.serve(app));
    ending.come().await;
    tracing::info!("ending: what is in flight is finished first");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = stop.send(true);
    let _ = serving.await;
    vault.close().await;
    drop(socket);
    Ok(())
}
