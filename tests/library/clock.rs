//! What a vault does when its clock jumps: by years, to 1970 and before it, through a second that comes twice.

use std::collections::HashSet;

use serde_json::{Value, json};
use vault::api::{
    AddAgent, AuditEntry, AuditLog, Code, CreateSecret, GetSecret, ListVersions, Resolve, RotateSecret,
    StatusOf, TestAgent, UpdateSecret, VerifyAudit,
};
use vault::config::AutoLock;
use vault::domain::{SecretId, Timestamp};
use vault::vault::Handle;
use vault_testkit::Inside;
use vault_testkit::inside::KEY;

const SECOND: i64 = 1000;
const DAY: i64 = 24 * 60 * 60 * SECOND;
const TEN_YEARS: i64 = 3653 * DAY;
/// 2026-01-31T09:00:00Z.
const TODAY: i64 = 1_769_850_000_000;
/// The last second of 2016, which systems without leap seconds went through twice.
const LEAP: i64 = 1_483_228_799_000;

/// Where the clock stands, one after the other.
const JUMPS: [i64; 14] = [
    TODAY,
    TODAY + TEN_YEARS,
    TODAY,
    TODAY - TEN_YEARS,
    LEAP,
    LEAP + 999,
    LEAP,
    LEAP + 999,
    0,
    -1,
    -TEN_YEARS,
    i64::MAX,
    i64::MIN,
    TODAY,
];

/// A vault whose clock is turned by hand.
struct Turned(Inside);

impl Turned {
    async fn today() -> Self {
        let inside = Inside::new(Timestamp::from_millis(TODAY));
        inside.found(KEY).await;
        Self(inside)
    }

    fn turn_to(&self, millis: i64) {
        self.0.clock.turn_to(Timestamp::from_millis(millis));
    }

    /// Ends the vault and opens its file again.
    async fn again(self) -> Self {
        self.0.vault.close().await;
        let inside = self.0.again();
        inside.unlock().await.unwrap();
        Self(inside)
    }

    async fn try_ask<O: Handle>(&self, asked: Value) -> Result<O::Answer, Code> {
        self.0.ask::<O>(asked).await.map_err(|fault| fault.code)
    }

    async fn ask<O: Handle>(&self, asked: Value) -> O::Answer {
        self.try_ask::<O>(asked).await.unwrap()
    }

    async fn create(&self, name: &str) -> SecretId {
        self.ask::<CreateSecret>(json!({ "name": name, "value": format!("value of {name}") })).await.entry.id
    }

    /// Creates, reads, updates and rotates a secret at each of the moments, and gives the ids.
    async fn live_through(&self, moments: &[i64]) -> Vec<SecretId> {
        let mut ids = Vec::new();
        for (at, moment) in moments.iter().enumerate() {
            self.turn_to(*moment);
            let id = self.create(&format!("secret {at}")).await;
            self.ask::<GetSecret>(json!({ "id": id })).await;
            self.ask::<UpdateSecret>(json!({ "id": id, "value": format!("second {at}") })).await;
            self.ask::<RotateSecret>(json!({ "id": id })).await;
            self.ask::<StatusOf>(json!({})).await;
            ids.push(id);
        }
        ids
    }

    async fn log(&self) -> Vec<AuditEntry> {
        self.ask::<AuditLog>(json!({ "after": 0, "limit": 1000 })).await.entries
    }

    async fn assert_intact(&self) {
        let verified = self.ask::<VerifyAudit>(json!({})).await;
        assert!(verified.intact, "{verified:?}");
    }

    /// Tells whether the vault stays open at a moment, where it locks itself after a minute.
    async fn stays_open_at(&self, millis: i64, auto_lock: AutoLock) -> bool {
        self.turn_to(millis);
        self.0.vault.lock_if_idle(auto_lock).await;
        self.0.vault.lock_reason().is_none()
    }
}

#[tokio::test]
async fn the_log_keeps_the_order_of_its_places_and_verifies() {
    let turned = Turned::today().await;
    turned.live_through(&JUMPS).await;
    let log = turned.log().await;
    let places: Vec<_> = log.iter().map(|entry| entry.seq).collect();
    assert_eq!((1..=1 + 4 * JUMPS.len() as u64).collect::<Vec<_>>(), places);
    let moments = log.iter().skip(1).step_by(4).map(|entry| entry.created_at);
    assert_eq!(JUMPS.map(Timestamp::from_millis).to_vec(), moments.collect::<Vec<_>>());
    turned.assert_intact().await;
    turned.again().await.assert_intact().await;
}

#[tokio::test]
async fn every_secret_reads_back_after_the_jumps() {
    let turned = Turned::today().await;
    let ids = turned.live_through(&JUMPS).await;
    let turned = turned.again().await;
    for (at, id) in ids.iter().enumerate() {
        let got = turned.ask::<GetSecret>(json!({ "id": id })).await;
        assert_eq!(format!("second {at}"), got.value.value().expose());
        let versions = turned.ask::<ListVersions>(json!({ "id": id })).await.versions;
        assert_eq!([2, 1], [versions[0].version, versions[1].version]);
    }
}

#[tokio::test]
async fn no_id_is_given_twice_though_the_same_moment_comes_again() {
    let turned = Turned::today().await;
    let mut ids = HashSet::new();
    for round in 0..4 {
        for (at, moment) in [LEAP, 0, -1, i64::MIN, i64::MAX].into_iter().enumerate() {
            turned.turn_to(moment);
            for number in 0..10 {
                assert!(ids.insert(turned.create(&format!("{round} {at} {number}")).await));
            }
        }
    }
    let log = turned.log().await;
    assert_eq!(log.len(), log.iter().map(|entry| entry.id.to_string()).collect::<HashSet<_>>().len());
}

#[tokio::test]
async fn a_secret_expires_by_the_clock_as_it_stands_and_comes_back_with_it() {
    let turned = Turned::today().await;
    let id = turned.create("a").await;
    let end = TODAY + DAY;
    let asked = json!({ "id": id, "expiresAt": Timestamp::from_millis(end) });
    turned.ask::<UpdateSecret>(asked).await;
    for moment in [TODAY, end - 1, end, end + TEN_YEARS, end - 1, -1, i64::MIN, i64::MAX, end, 0, TODAY] {
        turned.turn_to(moment);
        let wanted = if moment < end { Ok(()) } else { Err(Code::NotFound) };
        let by_id = turned.try_ask::<GetSecret>(json!({ "id": id })).await;
        assert_eq!(wanted, by_id.map(drop), "by id at {moment}");
        let by_name = turned.try_ask::<Resolve>(json!({ "name": "a" })).await;
        assert_eq!(wanted, by_name.map(drop), "by name at {moment}");
    }
}

#[tokio::test]
async fn an_agent_expires_by_the_clock_as_it_stands_and_comes_back_with_it() {
    let turned = Turned::today().await;
    let grants = json!([{ "names": ["*"], "actions": ["decrypt"] }]);
    let end = Timestamp::from_millis(TODAY + DAY);
    turned.ask::<AddAgent>(json!({ "name": "bot", "grants": grants, "expiresAt": end })).await;
    for moment in [TODAY, TODAY + TEN_YEARS, TODAY - TEN_YEARS, i64::MAX, 0] {
        turned.turn_to(moment);
        let tested =
            turned.ask::<TestAgent>(json!({ "name": "bot", "action": "decrypt", "secret": "a" })).await;
        assert_eq!(moment < TODAY + DAY, tested.allowed, "at {moment}");
    }
}

const IDLE: AutoLock = AutoLock { idle_seconds: 60, after_seconds: 0 };
const AFTER: AutoLock = AutoLock { idle_seconds: 0, after_seconds: 60 };

#[tokio::test]
async fn a_clock_that_is_turned_back_locks_nothing_early() {
    for back in [TODAY - 1, TODAY - TEN_YEARS, 0, -1, i64::MIN] {
        for auto_lock in [IDLE, AFTER] {
            let turned = Turned::today().await;
            assert!(turned.stays_open_at(back, auto_lock).await, "at {back}");
            let shortly_after = back.saturating_add(SECOND);
            assert!(turned.stays_open_at(shortly_after, auto_lock).await, "at {shortly_after}");
        }
    }
}

#[tokio::test]
async fn after_a_clock_was_turned_back_the_vault_still_locks_itself_in_time() {
    for auto_lock in [IDLE, AFTER] {
        let turned = Turned::today().await;
        let back = TODAY - TEN_YEARS;
        assert!(turned.stays_open_at(back, auto_lock).await);
        assert!(turned.stays_open_at(back + 59 * SECOND, auto_lock).await);
        assert!(!turned.stays_open_at(back + 60 * SECOND, auto_lock).await);
    }
}

#[tokio::test]
async fn a_value_that_is_handed_out_after_a_jump_keeps_the_vault_open_from_then_on() {
    let turned = Turned::today().await;
    let id = turned.create("a").await;
    let back = TODAY - TEN_YEARS;
    turned.turn_to(back + 30 * SECOND);
    turned.ask::<GetSecret>(json!({ "id": id })).await;
    assert!(turned.stays_open_at(back + 89 * SECOND, IDLE).await);
    assert!(!turned.stays_open_at(back + 90 * SECOND, IDLE).await);
}

#[tokio::test]
async fn a_jump_ahead_locks_a_vault_that_locks_itself() {
    for ahead in [TODAY + TEN_YEARS, i64::MAX] {
        for auto_lock in [IDLE, AFTER] {
            assert!(!Turned::today().await.stays_open_at(ahead, auto_lock).await, "at {ahead}");
        }
    }
}

#[tokio::test]
async fn a_log_that_was_trimmed_between_jumps_verifies() {
    let turned = Turned::today().await;
    for (name, day) in [("old", 0), ("young", 20), ("back", 3), ("again", 28)] {
        turned.turn_to(TODAY + day * DAY);
        turned.create(name).await;
    }
    turned.0.vault.trim_log(10).await;
    turned.assert_intact().await;
    let log = turned.log().await;
    let names: Vec<_> = log.iter().filter_map(|entry| entry.entry_name.as_deref()).collect();
    assert_eq!(["young", "back", "again"], names[..]);
    let turned = turned.again().await;
    turned.assert_intact().await;
    turned.turn_to(TODAY - TEN_YEARS);
    let before = turned.log().await.len();
    turned.0.vault.trim_log(10).await;
    assert_eq!(before, turned.log().await.len());
}
