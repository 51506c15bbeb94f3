//! Rows that somebody changed behind the vault's back: found, named, told apart, and nothing else is hurt.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, NONE};

/// Makes a vault with the secrets `a`, `b` and `c`, each its name's value, and stops its daemon.
fn three() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for name in ["a", "b", "c"] {
        daemon.create(name, &format!("value of {name}"));
    }
    daemon.stop();
    home
}

/// Asserts that a secret is refused as hurt and by name, and that the others are still handed out.
fn assert_hurt(daemon: &Daemon, hurt: &str) {
    for name in ["a", "b", "c"] {
        let answer = daemon.resolve(name);
        if name == hurt {
            assert_integrity(&answer, name);
        } else {
            assert_eq!(format!("value of {name}"), answer.value(), "{}", answer.text);
        }
    }
}

fn assert_integrity(answer: &Answer, name: &str) {
    assert_eq!((500, "integrity"), (answer.status, answer.code()), "{}", answer.text);
    assert!(answer.error().contains(&format!("`{name}`")), "{}", answer.error());
}

/// Starts the vault and asserts that one warning names the secret with these words.
fn assert_warned(home: &Home, name: &str, words: &str) -> Daemon {
    let daemon = Daemon::start(home);
    let warnings = daemon.warnings("integrity");
    assert!(
        warnings.len() == 1 && warnings[0].contains(&format!("`{name}`")) && warnings[0].contains(words),
        "{warnings:?}"
    );
    assert!(!home.log().contains("panic"), "{}", home.log());
    daemon
}

/// Changes the last byte of a blob of `a`.
fn flip(home: &Home, column: &str) {
    let database = home.database();
    let read = format!("SELECT {column} FROM secret WHERE name = 'a'");
    let mut blob: Vec<u8> = database.query_row(&read, [], |row| row.get(0)).unwrap();
    *blob.last_mut().unwrap() ^= 1;
    database.execute(&format!("UPDATE secret SET {column} = ?1 WHERE name = 'a'"), [blob]).unwrap();
}

#[test]
fn a_byte_of_the_sealed_value_is_missed_by_nobody() {
    let home = three();
    flip(&home, "sealed");
    assert_hurt(&Daemon::start(&home), "a");
}

#[test]
fn a_byte_of_the_rows_mac_or_digest_is_missed_by_nobody() {
    for column in ["mac", "digest", "versions"] {
        let home = three();
        flip(&home, column);
        assert_hurt(&Daemon::start(&home), "a");
    }
}

#[test]
fn every_clear_column_is_authenticated() {
    for change in [
        "metadata = '{\"team\":\"other\"}'",
        "category = 'deploy'",
        "org = 'default', created_by = 'uid:4'",
        "expires_at = 4102444800000",
        "created_at = created_at + 1",
        "updated_at = updated_at + 1",
        "rotated_at = 5",
        "version_at = version_at + 1",
        "version_by = 'agent:x'",
        "version = 2",
        "revision = 2",
    ] {
        let home = three();
        home.sql(&format!("UPDATE secret SET {change} WHERE name = 'a'"));
        assert_hurt(&Daemon::start(&home), "a");
    }
}

#[test]
fn an_expiry_taken_away_does_not_bring_a_secret_back() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create_with(json!({ "name": "a", "value": "old", "expiresAt": "2020-01-01T00:00:00Z" }));
    daemon.stop();
    home.sql("UPDATE secret SET expires_at = NULL");
    assert_integrity(&Daemon::start(&home).resolve("a"), "a");
}

#[test]
fn a_renamed_row_is_refused_under_its_new_name_and_the_old_one_is_missed() {
    let home = three();
    home.sql("UPDATE secret SET name = 'z' WHERE name = 'a'");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.resolve("z"), "z");
    assert_eq!("value of b", daemon.resolve("b").value());
}

#[test]
fn a_row_moved_to_another_org_is_refused_there() {
    let home = three();
    home.sql("UPDATE secret SET org = 'other' WHERE name = 'a'");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.http("GET", "/vault/resolve/a?orgId=other", NONE), "a");
}

#[test]
fn swapped_sealed_values_open_under_neither_name() {
    let home = three();
    swap(&home, "sealed");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.resolve("a"), "a");
    assert_integrity(&daemon.resolve("b"), "b");
    assert_eq!("value of c", daemon.resolve("c").value());
}

#[test]
fn swapped_values_with_their_digests_and_macs_open_under_neither_name() {
    let home = three();
    swap(&home, "sealed, digest, mac");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.resolve("a"), "a");
    assert_integrity(&daemon.resolve("b"), "b");
}

#[test]
fn swapped_names_lead_to_neither_value() {
    let home = three();
    home.sql("UPDATE secret SET name = 'tmp' WHERE name = 'a'");
    home.sql("UPDATE secret SET name = 'a' WHERE name = 'b'");
    home.sql("UPDATE secret SET name = 'b' WHERE name = 'tmp'");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.resolve("a"), "a");
    assert_integrity(&daemon.resolve("b"), "b");
}

#[test]
fn rows_may_lie_in_any_order() {
    let home = three();
    home.sql("UPDATE secret SET key = -key");
    let daemon = Daemon::start(&home);
    assert_eq!("value of a", daemon.resolve("a").value());
    assert!(daemon.warnings("integrity").is_empty());
}

/// Exchanges columns of `a` and `b`.
fn swap(home: &Home, columns: &str) {
    let swap = format!(
        "CREATE TEMP TABLE other AS SELECT * FROM secret;
         UPDATE secret SET ({columns}) =
             (SELECT {columns} FROM other WHERE other.name <> secret.name AND other.name IN ('a', 'b'))
         WHERE name IN ('a', 'b')"
    );
    home.database().execute_batch(&swap).unwrap();
}

#[test]
fn an_edited_row_is_told_as_edited() {
    let home = three();
    flip(&home, "mac");
    assert_warned(&home, "a", "edited");
}

#[test]
fn a_row_that_was_taken_away_is_told_as_vanished() {
    let home = three();
    home.sql("DELETE FROM secret WHERE name = 'a'");
    let daemon = assert_warned(&home, "a", "vanished");
    assert_integrity(&daemon.resolve("a"), "a");
    assert_hurt(&daemon, "a");
}

#[test]
fn a_deleted_row_that_was_put_back_is_told_as_an_older_copy() {
    let home = three();
    let copies = home.database();
    copies.execute("CREATE TABLE copy AS SELECT * FROM secret WHERE name = 'a'", []).unwrap();
    drop(copies);
    let daemon = Daemon::start(&home);
    let id = daemon.resolve("a").body["entry"]["id"].as_str().unwrap().to_owned();
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE).status);
    daemon.stop();
    home.sql("INSERT INTO secret SELECT * FROM copy");
    let daemon = assert_warned(&home, "a", "older copy");
    assert_integrity(&daemon.secret(&id), "a");
    assert_integrity(&daemon.resolve("a"), "a");
}

#[test]
fn a_row_of_another_vault_is_told_as_unknown_to_the_log() {
    let (home, other) = (three(), Home::new());
    let daemon = Daemon::start(&other);
    daemon.create("planted", "theirs");
    daemon.stop();
    let database = home.database();
    let attach = format!("ATTACH '{}' AS other", other.path("vault.db").display());
    database.execute_batch(&attach).unwrap();
    database
        .execute_batch(
            "CREATE TEMP TABLE row AS SELECT * FROM other.secret; UPDATE row SET key = 99;
             INSERT INTO main.secret SELECT * FROM row;",
        )
        .unwrap();
    drop(database);
    let daemon = assert_warned(&home, "planted", "not one that the audit log knows of");
    assert_integrity(&daemon.resolve("planted"), "planted");
    assert_hurt(&daemon, "");
}

#[test]
fn a_row_that_no_reader_understands_hurts_no_other() {
    for change in [
        "category = 'nonsense'",
        "category = x'00ff'",
        "metadata = x'ff'",
        "metadata = '{'",
        "id = x'00'",
        "version = 'many'",
        "created_at = 9223372036854775807",
        "sealed = x''",
        "sealed = 'text'",
        "sealed = x'02'",
        "mac = x'00'",
        "digest = 'text'",
        "created_by = x'c3'",
    ] {
        let home = three();
        home.sql(&format!("UPDATE secret SET {change} WHERE name = 'a'"));
        let daemon = Daemon::start(&home);
        assert_eq!("value of b", daemon.resolve("b").value(), "{change}");
        let hurt = daemon.resolve("a");
        assert_eq!((500, "integrity"), (hurt.status, hurt.code()), "{change}: {}", hurt.text);
        let listed = daemon.http("GET", "/vault/secrets", NONE);
        assert_eq!(200, listed.status, "{change}: {}", listed.text);
        assert!(!home.log().contains("panic"), "{change}: {}", home.log());
    }
}

#[test]
fn a_kept_version_that_no_reader_understands_names_its_secret() {
    let home = three();
    let daemon = Daemon::start(&home);
    let id = daemon.resolve("a").body["entry"]["id"].as_str().unwrap().to_owned();
    let secret = format!("/vault/secrets/{id}");
    assert_eq!(200, daemon.http("PUT", &secret, json!({ "value": "value of a" })).status);
    daemon.stop();
    home.sql("UPDATE version SET created_by = CAST(x'ff' AS TEXT)");
    let daemon = Daemon::start(&home);
    assert_integrity(&daemon.http("GET", &format!("{secret}/versions"), NONE), "a");
    assert_eq!("value of a", daemon.resolve("a").value());
}

#[test]
fn a_list_names_what_is_hurt_apart_from_what_is_sound() {
    let home = three();
    flip(&home, "mac");
    let list = Daemon::start(&home).get("/vault/secrets");
    let names: Vec<_> =
        list["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].clone()).collect();
    assert_eq!((vec![json!("b"), json!("c")], json!("a")), (names, list["damaged"][0]["name"].clone()));
}

#[test]
fn a_list_names_what_cannot_be_read_as_the_log_knew_it() {
    for change in ["name = CAST(x'ff' AS TEXT)", "name = ' '", "category = 'nonsense'", "org = ''"] {
        let home = three();
        home.sql(&format!("UPDATE secret SET {change} WHERE name = 'a'"));
        let listed = Daemon::start(&home).get("/vault/secrets?orgId=*");
        assert_eq!(json!("a"), listed["damaged"][0]["name"], "{change}: {listed}");
        assert_eq!(2, listed["secrets"].as_array().unwrap().len(), "{change}");
    }
}

#[test]
fn a_refusal_of_a_hurt_secret_is_recorded_as_failed() {
    let home = three();
    flip(&home, "sealed");
    let daemon = Daemon::start(&home);
    daemon.resolve("a");
    let entry = &daemon.audit()[0];
    assert_eq!(
        (json!("decrypt"), json!("failed"), json!("a"), json!("integrity")),
        (
            entry["action"].clone(),
            entry["outcome"].clone(),
            entry["entryName"].clone(),
            entry["metadata"]["code"].clone()
        )
    );
}

#[test]
fn an_agent_that_no_reader_understands_keeps_agents_out_and_the_vault_open() {
    let agent = |name: &str| json!({ "name": name, "grants": [{ "names": ["*"], "actions": ["read"] }] });
    for change in ["name = CAST(x'ff' AS TEXT)", "revision = 'one'", "sealed = 'text'"] {
        let home = three();
        let daemon = Daemon::start(&home);
        assert_eq!(201, daemon.http("POST", "/vault/agents", agent("bot")).status);
        daemon.stop();
        home.sql(&format!("UPDATE agent SET {change}"));
        let daemon = Daemon::start(&home);
        assert_eq!("value of a", daemon.resolve("a").value(), "{change}");
        assert_eq!(1, daemon.warnings("agents").len(), "{change}");
        assert_eq!(json!([]), daemon.get("/vault/agents")["agents"], "{change}");
        assert_eq!(201, daemon.http("POST", "/vault/agents", agent("new")).status, "{change}");
        assert_eq!(json!("new"), daemon.get("/vault/agents")["agents"][0]["name"], "{change}");
    }
}

#[test]
fn counts_that_were_edited_keep_no_status_from_being_told() {
    for change in
        ["category = CAST(x'ff' AS TEXT)", "count = 'many'", "count = -1", "count = 9223372036854775807"]
    {
        let home = three();
        home.sql(&format!("UPDATE tally SET {change}"));
        home.database()
            .execute("INSERT INTO tally VALUES ('other', 'deploy', 9223372036854775807)", [])
            .unwrap();
        home.database()
            .execute("INSERT INTO tally VALUES ('third', 'deploy', 9223372036854775807)", [])
            .unwrap();
        let daemon = Daemon::start(&home);
        assert_eq!(json!(false), daemon.get("/vault/status")["locked"], "{change}");
        assert!(!home.log().contains("panic"), "{}", home.log());
    }
}

#[test]
fn an_edited_state_is_told() {
    for change in ["count = count + 1", "mac = zeroblob(32)", "sum = zeroblob(32)"] {
        let home = three();
        home.sql(&format!("UPDATE state SET {change}"));
        let daemon = Daemon::start(&home);
        let warnings = daemon.warnings("integrity");
        assert!(warnings.iter().any(|words| words.contains("state")), "{change}: {warnings:?}");
        assert_hurt(&daemon, "");
    }
}

#[test]
fn a_sound_vault_has_no_warning_of_damage() {
    let home = three();
    let daemon = Daemon::start(&home);
    assert_eq!(Vec::<String>::new(), daemon.warnings("integrity"));
    assert_eq!(Value::Null, daemon.get("/vault/secrets")["damaged"]);
}
