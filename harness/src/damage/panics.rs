//! Panics of any thread, counted: each one is a failure of the vault, wherever it is caught.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts from now on; each is still printed.
pub(super) fn count() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
}

/// Fails where there was one.
pub(super) fn none() -> Result<()> {
    let panics = PANICS.load(Ordering::SeqCst);
    ensure!(panics == 0, "{panics} panics");
    Ok(())
}
