//! What a vault says after somebody who can write its file, but has no key, has edited it.

mod agents;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, params};
use tempfile::TempDir;
use vault::api::{
    AddAgent, Code, CreateSecret, Fault, GetSecret, ListAgents, ListSecrets, Rekey, StatusOf, Verification,
    VerifyAudit, Warning,
};
use vault::audit::{Author, Draft};
use vault::clock::ManualClock;
use vault::crypto::Iterations;
use vault::domain::{Action, Caller, LockReason, SecretId};
use vault::keyring::Keyring;
use vault::secret::{Passphrase, SecretValue};
use vault::store::{Change, Kept, SqliteStore, Store, Unit};
use vault::vault::{Posture, Settings, SlotSource, Vault};
use vault_platform::PagePolicy;

/// A vault with the secrets `a` and `b`, and its file.
struct Home {
    folder: TempDir,
    store: Arc<SqliteStore>,
    vault: Vault,
    a: SecretId,
}

fn passphrase() -> Passphrase {
    Passphrase::new(b"a key that is long enough".to_vec()).unwrap()
}

fn open(folder: &TempDir) -> (Arc<SqliteStore>, Vault) {
    let store = Arc::new(SqliteStore::open(&folder.path().join("vault.db")).unwrap());
    let settings = Settings {
        iterations: Iterations::new(Iterations::FLOOR).unwrap(),
        page: PagePolicy { secretmem: false, require_lock: false },
        posture: Posture { dumpable: false, core_dumps: false, swap: "none" },
        key_file: None,
    };
    let vault = Vault::new(Arc::clone(&store) as Arc<dyn Store>, Arc::new(ManualClock::default()), settings);
    (store, vault)
}

async fn unlock(vault: &Vault) -> Result<(), Fault> {
    vault.unlock(passphrase(), SlotSource::Elsewhere).await
}

async fn create(vault: &Vault, name: &str) -> SecretId {
    let asked: CreateSecret =
        serde_json::from_value(serde_json::json!({"name": name, "value": "first"})).unwrap();
    vault.call(&Caller::system(), asked).await.unwrap().entry.id
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, vault) = open(&folder);
        vault.found(&passphrase()).unwrap();
        unlock(&vault).await.unwrap();
        let a = create(&vault, "a").await;
        create(&vault, "b").await;
        Self { folder, store, vault, a }
    }

    /// Writes the next revision of `a` with a second value.
    async fn replace_a(&self) {
        let Keyring::Open(keys) = self.vault.keyring() else { panic!("locked") };
        let mut next = self.store.get(self.a).unwrap().unwrap();
        next.row.version += 1;
        next.row.revision += 1;
        let value = SecretValue::new("second".to_owned()).unwrap();
        next.sealed = keys.seal(&next.row.seal_context(keys.vault()), &value).unwrap();
        next.row.digest = next.sealed.digest();
        next.row.mac = next.row.compute_mac(&keys);
        let draft = Draft::of(Action::Encrypt).org(&next.row.org).secret(self.a, "a").with("revision", 2);
        let was = next.row.category;
        let change = Change::Replace { next: Box::new(next), seen: 1, was, kept: Kept::Same };
        let author = Author::of(&Caller::system(), self.vault.now());
        let unit = Unit {
            keys,
            author,
            agent: None,
            guards: Vec::new(),
            as_of: 0,
            changes: vec![change],
            entries: vec![draft],
        };
        self.store.commit(unit).await.unwrap().unwrap();
    }

    /// Closes the vault, runs a function on its file, and opens it again, locked.
    fn tamper(self, edit: impl FnOnce(&Connection)) -> Self {
        let Self { folder, store, vault, a } = self;
        drop((vault, store));
        let connection = Connection::open(folder.path().join("vault.db")).unwrap();
        edit(&connection);
        drop(connection);
        let (store, vault) = open(&folder);
        Self { folder, store, vault, a }
    }

    /// Copies the file as it is now, to take old rows from.
    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy.db");
        let connection = Connection::open(self.folder.path().join("vault.db")).unwrap();
        connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        copy
    }

    async fn warnings(&self) -> Vec<Warning> {
        let status = self.vault.call(&Caller::system(), StatusOf::default()).await.unwrap();
        status.warnings.into_iter().filter(|warning| warning.code == "integrity").collect()
    }

    async fn verify(&self) -> Verification {
        self.vault.call(&Caller::system(), VerifyAudit::default()).await.unwrap()
    }

    async fn get_a(&self) -> Result<(), Code> {
        let got = self.vault.call(&Caller::system(), GetSecret { id: self.a.into(), version: None }).await;
        got.map(drop).map_err(|fault| fault.code)
    }

    async fn rekey(&self) {
        let asked = serde_json::json!({"newKey": "another key that is long enough"});
        let asked: Rekey = serde_json::from_value(asked).unwrap();
        self.vault.call(&Caller::system(), asked).await.unwrap();
    }

    async fn add_agent(&self, name: &str) {
        let grants = serde_json::json!([{"actions": ["decrypt"], "names": ["*"]}]);
        let asked = serde_json::json!({"name": name, "grants": grants});
        let asked: AddAgent = serde_json::from_value(asked).unwrap();
        self.vault.call(&Caller::system(), asked).await.unwrap();
    }

    async fn agents(&self) -> Vec<String> {
        let list = self.vault.call(&Caller::system(), ListAgents::default()).await.unwrap();
        list.agents.into_iter().map(|agent| agent.name.to_string()).collect()
    }

    async fn listed(&self) -> usize {
        self.vault.call(&Caller::system(), ListSecrets::default()).await.unwrap().secrets.len()
    }
}

const ROW: &str = "category, metadata, version, revision, created_by, created_at, updated_at, rotated_at,
                   expires_at, version_at, version_by, versions, digest, mac, sealed";

/// Puts the row of `a` back as it stands in the copy.
fn put_a_back(connection: &Connection, copy: &std::path::Path) {
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
    let home = home.tamper(|_| ());
    unlock(&home.vault).await.unwrap();
    assert_eq!((Vec::new(), Ok(()), 2), (home.warnings().await, home.get_a().await, home.listed().await));
    assert!(home.verify().await.intact);
}

#[tokio::test]
async fn a_row_that_was_put_back_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home.tamper(|connection| put_a_back(connection, &copy));
    unlock(&home.vault).await.unwrap();
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_that_was_put_back_with_the_sum_made_to_fit_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home.tamper(|connection| {
        put_a_back(connection, &copy);
        connection.execute("UPDATE main.state SET sum = (SELECT sum FROM copy.state)", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_and_the_state_that_were_put_back_together_are_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let home = home.tamper(|connection| {
        put_a_back(connection, &copy);
        let state = "UPDATE main.state SET (seq, head, sum, count, mac) =
                     (SELECT seq, head, sum, count, mac FROM copy.state)";
        connection.execute(state, []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
    assert!(!home.verify().await.intact);
}

#[tokio::test]
async fn a_row_that_was_put_back_behind_its_index_is_refused() {
    let home = Home::new().await;
    let copy = home.copy();
    home.replace_a().await;
    let folder = home.folder.path().join("vault.db");
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
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!(1, home.listed().await);
    assert!(!home.warnings().await.is_empty());
}

#[tokio::test]
async fn an_edited_state_is_not_made_whole_by_later_commits() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        connection.execute("UPDATE state SET sum = zeroblob(32)", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    create(&home.vault, "c").await;
    home.vault.lock(LockReason::ByRequest, Draft::of(Action::Lock)).await.unwrap();
    let home = home.tamper(|_| ());
    unlock(&home.vault).await.unwrap();
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("state")));
    assert_eq!(Ok(()), home.get_a().await);
}

#[tokio::test]
async fn a_rekey_does_not_cover_up_a_row_that_vanished() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        connection.execute("DELETE FROM secret WHERE name = 'a'", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    home.rekey().await;
    let home = home.tamper(|_| ());
    unlock(&home.vault).await.unwrap();
    assert_eq!(Err(Code::Integrity), home.get_a().await);
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("`a` vanished")));
}

#[tokio::test]
async fn a_cut_log_is_told_even_where_the_state_was_edited_to_fit() {
    let home = Home::new().await;
    home.replace_a().await;
    let home = home.tamper(|connection| {
        let last: i64 = connection.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).unwrap();
        connection.execute("DELETE FROM audit WHERE seq = ?1", [last]).unwrap();
        let state = "UPDATE state SET seq = ?1, head = (SELECT mac FROM audit WHERE seq = ?1)";
        connection.execute(state, params![last - 1]).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    create(&home.vault, "c").await;
    assert!(!home.warnings().await.is_empty());
    assert!(!home.verify().await.intact);
}

#[tokio::test]
async fn a_cut_log_is_told_at_unlock() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        connection.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("audit log")));
    assert!(!home.verify().await.intact);
    assert_eq!((Ok(()), 2), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn a_row_that_vanished_is_named_and_is_not_the_same_as_none() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        connection.execute("DELETE FROM secret WHERE name = 'a'", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!(Err(Code::Integrity), home.get_a().await);
    assert!(home.warnings().await.iter().any(|warning| warning.message.contains("`a` vanished")));
}

#[tokio::test]
async fn an_edited_column_is_told_and_the_others_stay_readable() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        connection.execute("UPDATE secret SET metadata = '{\"x\":1}' WHERE name = 'a'", []).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!((Err(Code::Integrity), 1), (home.get_a().await, home.listed().await));
}

#[tokio::test]
async fn two_values_that_were_swapped_open_nowhere() {
    let home = Home::new().await;
    let home = home.tamper(|connection| {
        let swap = "CREATE TEMP TABLE was AS SELECT name, sealed FROM secret;
                    UPDATE secret SET sealed = (SELECT sealed FROM was WHERE was.name <> secret.name)";
        connection.execute_batch(swap).unwrap();
    });
    unlock(&home.vault).await.unwrap();
    assert_eq!(Err(Code::Integrity), home.get_a().await);
}
