//! What runs beside the requests, for as long as the daemon does.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use vault::api::Warning;
use vault::vault::Vault;

/// How long is waited before a task that panicked is begun again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Runs a task, and begins it again where it panics: without it the vault would not lock itself, or not open when the
/// key file is mended. `status` warns from then on until the daemon is started anew.
pub(crate) async fn keep_up<F: Future<Output = ()>>(
    vault: Vault,
    (name, pause): (&str, Duration),
    begin: impl Fn() -> F,
) {
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        let words = format!("the daemon's {name} failed and was begun again");
        tracing::error!("{words}");
        let hint = "look into vaultd's log, and restart the daemon when it suits you";
        vault.warn("task", Some(Warning::new("task", words, hint)));
        tokio::time::sleep(pause).await;
    }
}
