//! Two rows with one name, which an index lets in that hides the first: neither is given until one of them goes.

use rusqlite::Connection;
use serde_json::json;
use vault::api::{AcceptLoss, Code, CreateSecret, DeleteSecret, LossAccepted, Resolve};
use vault::audit::{Author, Draft};
use vault::domain::{Action, SecretId};
use vault::keyring::Keyring;
use vault::secret::SecretValue;
use vault::store::{Change, Store, Unit};
use vault_testkit::Leaf;

use super::{Home, create};

const BY_NAME: &str = "sqlite_autoindex_secret_1";

impl Home {
    /// Makes a vault with the secrets `a`, `b` and `c`.
    async fn of_three() -> Self {
        let home = Self::new().await;
        create(&home.inside, "c").await;
        home
    }

    /// Has the index of names hide the first and the last of three secrets, and then edits the database.
    async fn hide(self, edit: impl FnOnce(&Connection)) -> Self {
        let database = self.inside.database().to_owned();
        let home = self.tamper(|_| Leaf::of(&database, BY_NAME).swap(0, 2)).await;
        home.tamper(edit).await
    }

    /// Stores another secret with the name `a`, as a vault that believes its index does.
    async fn store_another_a(&self) -> SecretId {
        let Keyring::Open(keys) = self.inside.vault.keyring() else { panic!("locked") };
        let mut stored = self.inside.store.get(self.a).unwrap().unwrap();
        let row = &mut stored.row;
        row.created_at = self.inside.vault.now();
        row.id = SecretId::at(row.created_at, &[0xff; 10]);
        stored.sealed = keys
            .seal(&row.seal_context(keys.vault()), &SecretValue::new("planted".to_owned()).unwrap())
            .unwrap();
        row.digest = stored.sealed.digest();
        row.mac = row.compute_mac(&keys);
        let (id, org) = (row.id, row.org.clone());
        let entry = Draft::of(Action::Create).org(&org).secret(id, "a").with("revision", 1);
        let author = Author::of(&self.inside.owner, self.inside.vault.now());
        let changes = vec![Change::Insert(Box::new(stored))];
        let unit =
            Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes, entries: vec![entry] };
        self.inside.store.commit(unit).await.unwrap().unwrap();
        id
    }

    async fn resolve_a(&self) -> Result<String, Code> {
        let found = self.inside.ask::<Resolve>(json!({ "name": "a" })).await;
        found.map(|found| found.value.value().expose().to_owned()).map_err(|fault| fault.code)
    }

    /// Asserts that `a` is refused and named as doubled, and accepts the loss.
    async fn accept(&self) -> LossAccepted {
        assert_eq!(Err(Code::Integrity), self.resolve_a().await);
        let warnings = self.warnings().await;
        assert!(warnings.iter().any(|one| one.message.contains("`a` is one of several")), "{warnings:?}");
        self.inside.ask::<AcceptLoss>(json!({})).await.unwrap()
    }
}

#[tokio::test]
async fn of_two_secrets_with_one_name_the_first_keeps_it() {
    let home = Home::of_three().await.hide(|_| ()).await;
    let planted = home.store_another_a().await;
    let home = home.tamper(|_| ()).await;
    let accepted = home.accept().await;
    assert_eq!(vec![planted], accepted.lost.iter().map(|lost| lost.id).collect::<Vec<_>>());
    assert_eq!(Ok("first".to_owned()), home.resolve_a().await);
    let home = home.tamper(|_| ()).await;
    assert_eq!((Ok("first".to_owned()), 0), (home.resolve_a().await, home.warnings().await.len()));
}

#[tokio::test]
async fn of_a_row_and_its_copy_one_is_left() {
    let home = Home::of_three().await;
    let copy = "INSERT INTO secret SELECT 9, id, org, name, category, metadata, version, revision, created_by,
                created_at, updated_at, rotated_at, expires_at, version_at, version_by, versions, digest, mac, sealed
                FROM secret NOT INDEXED WHERE name = 'a'";
    let home = home.hide(|connection| assert_eq!(1, connection.execute(copy, []).unwrap())).await;
    let accepted = home.accept().await;
    assert!(accepted.lost.is_empty(), "{accepted:?}");
    assert_eq!(Ok("first".to_owned()), home.resolve_a().await);
    let home = home.tamper(|_| ()).await;
    assert_eq!((Ok("first".to_owned()), 0), (home.resolve_a().await, home.warnings().await.len()));
}

#[tokio::test]
async fn a_deleted_secret_that_was_put_beside_its_successor_goes() {
    let home = Home::of_three().await;
    let (old, copy) = (home.a, home.copy());
    home.inside.ask::<DeleteSecret>(json!({ "id": old })).await.unwrap();
    home.inside.ask::<CreateSecret>(json!({ "name": "a", "value": "the successor's" })).await.unwrap();
    let home = home
        .hide(|connection| {
            connection.execute("ATTACH ?1 AS copy", [copy.to_str().unwrap()]).unwrap();
            connection.execute_batch(
                "CREATE TEMP TABLE old AS SELECT * FROM copy.secret WHERE name = 'a'; UPDATE old SET key = 9;
                 INSERT INTO main.secret SELECT * FROM old;",
            )
            .unwrap();
        })
        .await;
    let accepted = home.accept().await;
    assert_eq!(vec![old], accepted.lost.iter().map(|lost| lost.id).collect::<Vec<_>>());
    assert_eq!(Ok("the successor's".to_owned()), home.resolve_a().await);
    let home = home.tamper(|_| ()).await;
    assert_eq!((Ok("the successor's".to_owned()), 0), (home.resolve_a().await, home.warnings().await.len()));
}
