//! Old entries leave the log, and what is left still verifies.

use rusqlite::Connection;
use serde_json::json;
use vault::api::{
    Address, AuditAnswer, AuditLog, CreateSecret, DeleteSecret, GetSecret, Rekey, StatusOf, Verification,
    VerifyAudit,
};
use vault::domain::{SecretRef, Timestamp};
use vault::vault::Handle;
use vault_testkit::Inside;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A vault whose days are counted by hand.
struct Days {
    inside: Inside,
    key: &'static str,
}

impl Days {
    async fn first() -> Self {
        let inside = Inside::new(Timestamp::from_millis(0));
        let days = Self { inside, key: "the first key of these days" };
        days.inside.found(days.key).await;
        days
    }

    /// Ends the vault, changes its database and opens it again.
    async fn again(self, sql: &str) -> Self {
        self.inside.vault.close().await;
        let inside = self.inside.edited(|database| database.execute_batch(sql).unwrap());
        inside.unlock_with(self.key).await.unwrap();
        Self { inside, ..self }
    }

    fn turn_to(&self, day: i64) {
        self.inside.clock.turn_to(Timestamp::from_millis(day * DAY));
    }

    async fn ask<O: Handle>(&self, asked: serde_json::Value) -> O::Answer {
        self.inside.ask::<O>(asked).await.unwrap()
    }

    async fn create(&self, name: &str) -> SecretRef {
        let asked = json!({ "name": name, "value": format!("value of {name}") });
        self.ask::<CreateSecret>(asked).await.entry.id.into()
    }

    async fn verify(&self) -> Verification {
        self.ask::<VerifyAudit>(json!({})).await
    }

    async fn log(&self) -> AuditAnswer {
        self.ask::<AuditLog>(json!({ "limit": 1000 })).await
    }

    async fn warnings(&self) -> Vec<String> {
        let status = self.ask::<StatusOf>(json!({})).await;
        status.warnings.into_iter().map(|warning| warning.message).collect()
    }
}

/// Makes a vault with `old` of day 0 and `young` of day 20, its log trimmed to the last ten days.
async fn trimmed() -> (Days, SecretRef, SecretRef) {
    let days = Days::first().await;
    let old = days.create("old").await;
    days.turn_to(20);
    let young = days.create("young").await;
    days.inside.vault.trim_log(10).await;
    (days, old, young)
}

#[tokio::test]
async fn what_is_left_of_a_trimmed_log_verifies() {
    let (days, ..) = trimmed().await;
    let verified = days.verify().await;
    assert!(verified.intact, "{verified:?}");
    let log = days.log().await;
    assert_eq!((verified.entries, 2), (log.total, log.total));
    let names: Vec<_> = log.entries.iter().filter_map(|entry| entry.entry_name.as_deref()).collect();
    assert_eq!(["young"], names[..]);
}

#[tokio::test]
async fn the_removal_is_recorded() {
    let (days, ..) = trimmed().await;
    let log = serde_json::to_value(&days.log().await.entries[0]).unwrap();
    assert_eq!(("delete", "system"), (log["action"].as_str().unwrap(), log["actor"].as_str().unwrap()));
    assert_eq!(2, log["metadata"]["auditEntriesThrough"]);
}

#[tokio::test]
async fn without_a_limit_and_within_it_nothing_is_removed() {
    let days = Days::first().await;
    days.create("a").await;
    days.turn_to(5);
    let before = days.log().await.total;
    days.inside.vault.trim_log(0).await;
    days.inside.vault.trim_log(10).await;
    assert_eq!(before, days.log().await.total);
}

#[tokio::test]
async fn names_that_no_entry_holds_any_more_leave_the_file() {
    let (days, old, _) = trimmed().await;
    days.inside.call(DeleteSecret { secret: Address::Id { id: old, org_id: None } }).await.unwrap();
    days.turn_to(40);
    days.create("last").await;
    days.inside.vault.trim_log(10).await;
    let database = Connection::open(days.inside.database()).unwrap();
    let labels = "SELECT count(*) FROM label WHERE text = 'old'";
    assert_eq!(0, database.query_row(labels, [], |row| row.get::<_, i64>(0)).unwrap());
}

#[tokio::test]
async fn a_trimmed_log_verifies_after_a_rekey_and_another_trim() {
    let (mut days, old, _) = trimmed().await;
    days.key = "another key of these days";
    days.ask::<Rekey>(json!({ "newKey": days.key })).await;
    assert!(days.verify().await.intact);
    days.turn_to(40);
    days.create("last").await;
    days.inside.vault.trim_log(10).await;
    let days = days.again("").await;
    let verified = days.verify().await;
    assert!(verified.intact, "{verified:?}");
    assert_eq!(Vec::<String>::new(), integrity(&days).await);
    days.inside.call(GetSecret { id: old, version: None }).await.unwrap();
}

async fn integrity(days: &Days) -> Vec<String> {
    let warnings = days.warnings().await;
    warnings.into_iter().filter(|words| words.contains("row") || words.contains("log")).collect()
}

#[tokio::test]
async fn a_secret_that_only_removed_entries_knew_is_missed_by_name_when_it_vanishes() {
    let (days, ..) = trimmed().await;
    let days = days.again("DELETE FROM secret WHERE name = 'old'").await;
    let warnings = integrity(&days).await;
    assert!(warnings.iter().any(|words| words.contains("`old` vanished")), "{warnings:?}");
}

#[tokio::test]
async fn an_edited_or_missing_checkpoint_is_told() {
    let edits = [
        "UPDATE log_checkpoint SET seq = seq + 1",
        "UPDATE log_checkpoint SET head = zeroblob(32)",
        "UPDATE log_checkpoint SET known = '[]'",
        "UPDATE log_checkpoint SET mac = zeroblob(32)",
        "DELETE FROM log_checkpoint",
    ];
    for edit in edits {
        let (days, ..) = trimmed().await;
        let days = days.again(edit).await;
        assert!(!days.verify().await.intact, "{edit}");
    }
}

#[tokio::test]
async fn further_entries_that_are_cut_off_at_the_begin_are_missed() {
    let (days, ..) = trimmed().await;
    let days = days.again("DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)").await;
    assert!(!days.verify().await.intact);
}

#[tokio::test]
async fn a_log_that_does_not_verify_is_not_trimmed() {
    let days = Days::first().await;
    days.create("old").await;
    let days = days.again("UPDATE audit SET outcome = 'denied' WHERE seq = 2").await;
    days.turn_to(20);
    days.create("young").await;
    let before = days.log().await.total;
    days.inside.vault.trim_log(10).await;
    assert_eq!(before, days.log().await.total);
    let warnings = days.warnings().await;
    assert!(warnings.iter().any(|words| words.contains("were not removed")), "{warnings:?}");
}

#[tokio::test]
async fn a_clock_that_was_put_back_removes_nothing_young() {
    let days = Days::first().await;
    days.turn_to(100);
    days.create("first").await;
    days.turn_to(50);
    days.create("second").await;
    days.turn_to(70);
    let before = days.log().await.total;
    days.inside.vault.trim_log(10).await;
    // The unlock of day 0 goes; what came after an entry of day 100 stays, though it says day 50.
    assert_eq!(before, days.log().await.total);
    assert!(days.verify().await.intact);
}
