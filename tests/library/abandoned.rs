//! What was committed is finished, though whoever asked for it has hung up by then.

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tempfile::TempDir;
use vault::api::{CreateSecret, GetSecret, LockVault, Rekey};
use vault::clock::SystemClock;
use vault::crypto::Iterations;
use vault::domain::{Caller, Peer, SecretId};
use vault::keyring::Keyring;
use vault::secret::{Passphrase, SecretValue};
use vault::store::SqliteStore;
use vault::vault::{Handle, Posture, Settings, SlotSource, Vault};
use vault_platform::PagePolicy;

const KEY: &str = "a key that has thirty-two bytes!";

fn owner() -> Caller {
    Caller::owner(Peer { uid: 0, gid: 0, pid: None, exe: None })
}

/// Opens a new vault, whose key stands in a key file.
async fn opened(folder: &Path) -> Vault {
    let file = folder.join(".env");
    vault::files::replace_private(&file, format!("AGENTICMAIL_VAULT_KEY={KEY}\n").as_bytes()).unwrap();
    let settings = Settings {
        iterations: Iterations::new(100_000).unwrap(),
        page: PagePolicy { secretmem: false, require_lock: false },
        posture: Posture { dumpable: false, core_dumps: false, swap: "unknown" },
        key_file: Some(file),
    };
    let store = Arc::new(SqliteStore::open(&folder.join("vault.db")).unwrap());
    let vault = Vault::new(store, Arc::new(SystemClock), settings);
    vault.found(&phrase()).unwrap();
    vault.unlock(phrase(), SlotSource::KeyFile).await.unwrap();
    vault
}

fn phrase() -> Passphrase {
    Passphrase::new(KEY.as_bytes().to_vec()).unwrap()
}

async fn stored(vault: &Vault) -> SecretId {
    let value = SecretValue::new("a value".to_owned()).unwrap().into();
    let create = CreateSecret {
        org_id: None,
        name: "a".to_owned().try_into().unwrap(),
        value,
        category: None,
        metadata: None,
        expires_at: None,
        created_by: None,
    };
    vault.call(&owner(), create).await.unwrap().entry.id
}

/// Asks for an operation, and hangs up once something of it is committed; tells whether that was before its answer.
async fn hung_up_on<O: Handle>(vault: &Vault, operation: O) -> bool {
    let (caller, before) = (owner(), vault.audit_len());
    let mut asked = pin!(vault.call(&caller, operation));
    poll_fn(|cx| {
        if vault.audit_len() > before {
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
    let folder = TempDir::with_prefix("vault").unwrap();
    let vault = opened(folder.path()).await;
    while !hung_up_on(&vault, LockVault {}).await {
        vault.unlock(phrase(), SlotSource::KeyFile).await.unwrap();
    }
    until(|| matches!(vault.keyring(), Keyring::Locked(_))).await;
}

#[tokio::test]
async fn a_rekey_reaches_the_key_file_though_its_caller_has_hung_up() {
    let folder = TempDir::with_prefix("vault").unwrap();
    let vault = opened(folder.path()).await;
    let id = stored(&vault).await;
    let new_key = || SecretValue::new("another key of thirty-two bytes!".to_owned()).unwrap().into();
    while !hung_up_on(&vault, Rekey { new_key: new_key() }).await {}
    until(|| std::fs::read_to_string(folder.path().join(".env")).unwrap().contains("another")).await;
    let found = vault.call(&owner(), GetSecret { id: id.into(), version: None }).await.unwrap();
    assert_eq!("a value", found.value.value().expose());
}
