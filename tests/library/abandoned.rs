//! What was committed is finished, though whoever asked for it has hung up by then.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use vault::api::{CreateSecret, GetSecret, LockVault, Rekey};
use vault::clock::SystemClock;
use vault::keyring::Keyring;
use vault::secret::SecretValue;
use vault::vault::Handle;
use vault_testkit::Inside;
use vault_testkit::inside::{KEY, folder};

/// Opens a new vault, whose key stands in a key file.
async fn opened(folder: &TempDir) -> (Inside<SystemClock>, PathBuf) {
    let file = folder.path().join(".env");
    vault::keyfile::write(&file, KEY).unwrap();
    let database = folder.path().join("vault.db");
    let inside = Inside::at(&database, &Arc::new(SystemClock), Some(file.clone())).unwrap();
    inside.found(KEY).await;
    (inside, file)
}

/// Asks for an operation, and hangs up once something of it is committed; tells whether that was before its answer.
async fn hung_up_on<O: Handle>(inside: &Inside<SystemClock>, operation: O) -> bool {
    let before = inside.vault.audit_len();
    let mut asked = pin!(inside.call(operation));
    poll_fn(|cx| {
        if inside.vault.audit_len() > before {
            return Poll::Ready(true);
        }
        cx.waker().wake_by_ref();
        asked.as_mut().poll(cx).map(|_| false)
    })
    .await
}

/// Waits until something holds; whoever would have done it is gone, so it may take a while.
async fn until(holds: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap();
}

#[tokio::test]
async fn a_lock_wipes_the_keys_though_its_caller_has_hung_up() {
    let folder = folder();
    let (inside, _) = opened(&folder).await;
    while !hung_up_on(&inside, LockVault {}).await {
        inside.unlock().await.unwrap();
    }
    until(|| matches!(inside.vault.keyring(), Keyring::Locked(_))).await;
}

#[tokio::test]
async fn a_rekey_reaches_the_key_file_though_its_caller_has_hung_up() {
    let folder = folder();
    let (inside, file) = opened(&folder).await;
    let created = inside.ask::<CreateSecret>(json!({ "name": "a", "value": "a value" })).await;
    let id = created.unwrap().entry.id;
    let new_key = || SecretValue::new("another key of thirty-two bytes!".to_owned()).unwrap().into();
    while !hung_up_on(&inside, Rekey { new_key: new_key() }).await {}
    until(|| std::fs::read_to_string(&file).unwrap().contains("another")).await;
    let found = inside.call(GetSecret { id: id.into(), version: None }).await.unwrap();
    assert_eq!("a value", found.value.value().expose());
}
