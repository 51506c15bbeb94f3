//! What a vault says after somebody who can write its file, but has no key, has edited it.

mod agents;
mod doubled;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use serde_json::json;
use vault::api::{
    AddAgent, Code, CreateSecret, GetSecret, ListAgents, ListSecrets, Rekey, StatusOf, Verification,
    VerifyAudit, Warning,
};
use vault::audit::{Author, Draft};
use vault::domain::{Action, LockReason, SecretId};
use vault::keyring::Keyring;
use vault::secret::SecretValue;
use vault::store::{Change, Kept, Store, Unit};
use vault_testkit::Inside;

/// A vault with the secrets `a` and `b`, and its file.
struct Home {
    inside: Inside,
    a: SecretId,
}

async fn create(inside: &Inside, name: &str) -> SecretId {
    inside.ask::<CreateSecret>(json!({ "name": name, "value": "first" })).await.unwrap().entry.id
}

impl Home {
    async fn new() -> Self {
        let inside = Inside::open().await;
        let a = create(&inside, "a").await;
        create(&inside, "b").await;
        Self { inside, a }
    }

    /// Writes the next revision of `a` with a second value.
    async fn replace_a(&self) {
        let Keyring::Open(keys) = self.inside.vault.keyring() else { panic!("locked") };
        let mut next = self.inside.store.get(self.a).unwrap().unwrap();
        next.row.version += 1;
        next.row.revision += 1;
        let value = SecretValue::new("second".to_owned()).unwrap();
        next.sealed = keys.seal(&next.row.seal_context(keys.vault()), &value).unwrap();
        next.row.digest = next.sealed.digest();
        next.row.mac = next.row.compute_mac(&keys);
        let draft = Draft::of(Action::Encrypt).org(&next.row.org).secret(self.a, "a").with("revision", 2);
        let was = next.row.category;
        let change = Change::Replace { next: Box::new(next), seen: 1, was, kept: Kept::Same };
        let author = Author::of(&self.inside.owner, self.inside.vault.now());
        let unit = Unit {
            keys,
            author,
            agent: None,
            guards: Vec::new(),
            as_of: 0,
            changes: vec![change],
            entries: vec![draft],
        };
        self.inside.store.commit(unit).await.unwrap().unwrap();
    }

    /// Drops the vault, edits its file, and opens it again.
    async fn tamper(self, edit: impl FnOnce(&Connection)) -> Self {
        let inside = self.inside.edited(edit);
        inside.unlock().await.unwrap();
        Self { inside, ..self }
    }

    /// Copies the file as it is now, to take old rows from.
    fn copy(&self) -> PathBuf {
        let copy = self.inside.folder().join("copy.db");
        let connection = Connection::open(self.inside.database()).unwrap();
        connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        copy
    }

    async fn warnings(&self) -> Vec<Warning> {
        let status = self.inside.call(StatusOf::default()).await.unwrap();
        status.warnings.into_iter().filter(|warning| warning.code == "integrity").collect()
    }

    async fn verify(&self) -> Verification {
        self.inside.call(VerifyAudit::default()).await.unwrap()
    }

    async fn get_a(&self) -> Result<(), Code> {
        let got = self.inside.call(GetSecret { id: self.a.into(), version: None }).await;
        got.map(drop).map_err(|fault| fault.code)
    }

    async fn rekey(&self) {
        let asked = json!({ "newKey": "another key that is long enough" });
        self.inside.ask::<Rekey>(asked).await.unwrap();
    }

    async fn add_agent(&self, name: &str) {
        let grants = json!([{ "actions": ["decrypt"], "names": ["*"] }]);
        self.inside.ask::<AddAgent>(json!({ "name": name, "grants": grants })).await.unwrap();
    }

    async fn agents(&self) -> Vec<String> {
        let list = self.inside.call(ListAgents::default()).await.unwrap();
        list.agents.into_iter().map(|agent| agent.name.to_string()).collect()
    }

    async fn listed(&self) -> usize {
        self.inside.call(ListSecrets::default()).await.unwrap().secrets.len()
    }
}

const ROW: &str = "category, metadata, version, revision, created_by, created_at, updated_at, rotated_at,
                   expires_at, version_at, version_by, versions, digest, mac, sealed";

/// Puts the row of `a` back as it stands in the copy.
fn put_a_back(connection: &Connection, copy: &Path) {
    connection.execute("ATTACH ?1 AS copy", [copy.to_str().unwrap()]).unwrap();
    let sql = format!(
        "UPDATE main.secret SET ({ROW}) = (SELECT {ROW} FROM copy.secret WHERE name = 'a') WHERE name = 'a'"
    );
    assert_eq!(1, connection.execute(&sql, []).unwrap());
}

#[tokio::test]
async fn an_untouched_vault_warns_of_nothing_and_verifies() {
    let home = Home::new().await;
    home.replace_a().await;
    let home = home.tamper(|_| ()).await;
    assert_eq!((Vec::new(), Ok(()), 2), (home.warnings().await, home.get_a().await, home.listed().await));
    assert!(home.verify().await.intact);
}

#[tokio::test]
async fn a_row_that_was_put_back_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home.tamper(|connection| put_a_back(connection, &copy)).await;
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_that_was_put_back_with_the_sum_made_to_fit_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home
        .tamper(|connection| {
            put_a_back(connection, &copy);
            connection.execute("UPDATE main.state SET sum = (SELECT sum FROM copy.state)", []).unwrap();
        })
        .await;
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_and_the_state_that_were_put_back_together_are_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home
        .tamper(|connection| {
            put_a_back(connection, &copy);
            let state = "UPDATE main.state SET (seq, head, sum, count, mac) =
                     (SELECT seq, head, sum, count, mac FROM copy.state)";
            connection.execute(state, []).unwrap();
        })
        .await;
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
    assert!(!home.verify().await.intact);
}

#[tokio::test]
async fn a_row_that_was_put_back_behind_its_index_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let folder = home.inside.database().to_owned();
    let home = home.tamper(|connection| {
        // Hides the index while the table is written, as an edit of the table's pages alone would.
        let hide = "PRAGMA writable_schema = ON; CREATE TABLE hidden AS SELECT * FROM sqlite_schema
                    WHERE name = 'secret_state'; DELETE FROM sqlite_schema WHERE name = 'secret_state';";
        connection.execute_batch(hide).unwrap();
        let blind = Connection::open(&folder).unwrap();
        put_a_back(&blind, &copy);
        drop(blind);
        let show =
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM hidden; DROP TABLE hidden;";
        connection.execute_batch(show).unwrap();
    }).await;
    assert_eq!(1, home.listed().await);
    assert!(!home.warnings().await.is_empty());
}

#[tokio::test]
async fn an_edited_state_is_not_made_whole_by_later_commits() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            connection.execute("UPDATE state SET sum = zeroblob(32)", []).unwrap();
        })
        .await;
    create(&home.inside, "c").await;
    home.inside.vault.lock(LockReason::ByRequest, Draft::of(Action::Lock)).await.unwrap();
    let home = home.tamper(|_| ()).await;
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("state")));
    assert_eq!(Ok(()), home.get_a().await);
}

#[tokio::test]
async fn a_rekey_does_not_cover_up_a_row_that_vanished() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            connection.execute("DELETE FROM secret WHERE name = 'a'", []).unwrap();
        })
        .await;
    home.rekey().await;
    let home = home.tamper(|_| ()).await;
    assert_eq!(Err(Code::Integrity), home.get_a().await);
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("`a` vanished")));
}

#[tokio::test]
async fn a_cut_log_is_told_even_where_the_state_was_edited_to_fit() {
    let home = Home::new().await;
    home.replace_a().await;
    let home = home
        .tamper(|connection| {
            let last: i64 = connection.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).unwrap();
            connection.execute("DELETE FROM audit WHERE seq = ?1", [last]).unwrap();
            let state = "UPDATE state SET seq = ?1, head = (SELECT mac FROM audit WHERE seq = ?1)";
            connection.execute(state, params![last - 1]).unwrap();
        })
        .await;
    create(&home.inside, "c").await;
    assert!(!home.warnings().await.is_empty());
    assert!(!home.verify().await.intact);
}

#[tokio::test]
async fn a_cut_log_is_told_at_unlock() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            connection.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", []).unwrap();
        })
        .await;
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("audit log")));
    assert!(!home.verify().await.intact);
    assert_eq!((Ok(()), 2), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_that_vanished_is_named_and_is_not_the_same_as_none() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            connection.execute("DELETE FROM secret WHERE name = 'a'", []).unwrap();
        })
        .await;
    assert_eq!(Err(Code::Integrity), home.get_a().await);
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("`a` vanished")));
}

#[tokio::test]
async fn an_edited_column_is_told_and_the_others_stay_readable() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            connection.execute("UPDATE secret SET metadata = '{\"x\":1}' WHERE name = 'a'", []).unwrap();
        })
        .await;
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn two_values_that_were_swapped_open_nowhere() {
    let home = Home::new().await;
    let home = home
        .tamper(|connection| {
            let swap = "CREATE TEMP TABLE was AS SELECT name, sealed FROM secret;
                    UPDATE secret SET sealed = (SELECT sealed FROM was WHERE was.name <> secret.name)";
            connection.execute_batch(swap).unwrap();
        })
        .await;
    assert_eq!(Err(Code::Integrity), home.get_a().await);
}
