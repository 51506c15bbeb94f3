//! A lock and an unlock at once: the owner's word is the last.

use std::task::{Context, Waker};

use vault::api::LockVault;
use vault::audit::Draft;
use vault::domain::{Action, LockReason};
use vault_testkit::Inside;

#[tokio::test]
async fn a_lock_that_comes_while_the_daemon_derives_a_key_is_not_undone_by_it() {
    let inside = Inside::open().await;
    inside.vault.lock(LockReason::Idle, Draft::of(Action::Lock)).await.unwrap();
    let mut unlocking = Box::pin(inside.unlock());
    let begun = unlocking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(begun.is_pending(), "the key is being derived");
    inside.call(LockVault {}).await.unwrap();
    assert_eq!(Some(LockReason::ByRequest), unlocking.await.unwrap_err().lock_reason);
    assert_eq!(Some(LockReason::ByRequest), inside.vault.lock_reason());
    inside.unlock().await.unwrap();
}
