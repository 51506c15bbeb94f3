//! Older copies of rows, versions and agents that somebody put back after a change.

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, NONE};

const COPY: &str = "CREATE TABLE old AS SELECT * FROM secret; CREATE TABLE old_version AS SELECT * FROM version;
                    CREATE TABLE old_state AS SELECT * FROM state; CREATE TABLE old_agent AS SELECT * FROM agent;";
const PUT_ROWS_BACK: &str = "DELETE FROM version; DELETE FROM secret; INSERT INTO secret SELECT * FROM old;
                             INSERT INTO version SELECT * FROM old_version;";
const PUT_STATE_BACK: &str = "DELETE FROM state; INSERT INTO state SELECT * FROM old_state;";

/// Makes a vault with the secrets `a` (of two versions) and `b`, and keeps copies of its tables.
fn copied() -> (Home, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("a", "first");
    daemon.create("b", "value of b");
    assert_eq!(200, daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": "second" })).status);
    daemon.stop();
    home.database().execute_batch(COPY).unwrap();
    (home, id)
}

/// Changes the vault through the daemon, then behind its back, and starts it again.
fn changed(home: &Home, verb: &str, target: &str, (body, behind): (Value, &str)) -> Daemon {
    let daemon = Daemon::start(home);
    let answer = daemon.http(verb, target, body);
    assert!(answer.status < 300, "{verb} {target}: {}", answer.text);
    daemon.stop();
    home.database().execute_batch(behind).unwrap();
    Daemon::start(home)
}

fn assert_integrity(answer: &Answer, words: &str) {
    assert_eq!((500, "integrity"), (answer.status, answer.code()), "{}", answer.text);
    assert!(answer.error().contains("`a`") && answer.error().contains(words), "{}", answer.error());
}

/// Asserts that `a` is told as put back, and that `b` is as it was.
fn assert_told(home: &Home, daemon: &Daemon) {
    assert_integrity(&daemon.resolve("a"), "older copy");
    assert_eq!("value of b", daemon.resolve("b").value());
    let warnings = daemon.warnings("integrity");
    assert!(
        warnings.iter().any(|words| words.contains("`a`") && words.contains("older copy")),
        "{warnings:?}"
    );
    assert!(!home.log().contains("panic"), "{}", home.log());
}

#[test]
fn a_row_from_before_an_update_is_told() {
    let (home, id) = copied();
    let target = format!("/vault/secrets/{id}");
    assert_told(&home, &changed(&home, "PUT", &target, (json!({ "value": "third" }), PUT_ROWS_BACK)));
}

#[test]
fn a_row_from_before_a_change_of_metadata_is_told() {
    let (home, id) = copied();
    let target = format!("/vault/secrets/{id}");
    assert_told(&home, &changed(&home, "PUT", &target, (json!({ "metadata": { "k": 1 } }), PUT_ROWS_BACK)));
}

#[test]
fn a_row_from_before_a_rotation_is_told() {
    let (home, id) = copied();
    let target = format!("/vault/secrets/{id}/rotate");
    assert_told(&home, &changed(&home, "POST", &target, (json!({}), PUT_ROWS_BACK)));
}

#[test]
fn a_row_put_back_with_the_state_of_its_time_is_told() {
    let (home, id) = copied();
    let target = format!("/vault/secrets/{id}");
    let behind = format!("{PUT_ROWS_BACK} {PUT_STATE_BACK}");
    assert_told(&home, &changed(&home, "PUT", &target, (json!({ "value": "third" }), &behind)));
}

#[test]
fn the_row_from_before_a_rekey_opens_no_more() {
    let (home, _) = copied();
    let daemon = changed(
        &home,
        "POST",
        "/vault/rekey",
        (json!({ "newKey": "another key of some length" }), PUT_ROWS_BACK),
    );
    for name in ["a", "b"] {
        assert_eq!((500, "integrity"), (daemon.resolve(name).status, daemon.resolve(name).code()));
    }
}

#[test]
fn a_whole_file_from_before_is_told_by_the_head_beside_it() {
    let (home, id) = copied();
    let old = home.read("vault.db");
    let daemon = Daemon::start(&home);
    daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    daemon.stop();
    home.remove("vault.db");
    std::io::Write::write_all(&mut vault::files::create_private(&home.path("vault.db")).unwrap(), &old)
        .unwrap();
    let daemon = Daemon::start(&home);
    let told = daemon.warnings("rolled_back");
    assert!(told.len() == 1 && told[0].contains("older"), "{told:?}");
    assert_eq!(json!(false), daemon.get("/vault/audit-log/verify")["intact"]);
}

#[test]
fn a_whole_file_from_before_is_told_though_the_daemon_ran_locked_meanwhile() {
    let (home, id) = copied();
    let old = home.read("vault.db");
    let daemon = Daemon::start(&home);
    daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    daemon.stop();
    let (head, key_file) = (home.read("head"), home.read(".env"));
    home.remove("vault.db");
    std::io::Write::write_all(&mut vault::files::create_private(&home.path("vault.db")).unwrap(), &old)
        .unwrap();
    home.remove(".env");
    Daemon::start(&home).stop();
    assert_eq!(head, home.read("head"), "a locked daemon knows of no better head");
    home.write(".env", std::str::from_utf8(&key_file).unwrap());
    home.set_mode(".env", 0o600);
    let daemon = Daemon::start(&home);
    assert_eq!(1, daemon.warnings("rolled_back").len());
}

#[test]
fn the_versions_of_a_secret_are_authenticated() {
    for change in [
        "sealed = zeroblob(80)",
        "created_by = 'uid:4'",
        "created_at = created_at + 1",
        "version = 7",
        "revision = 9",
    ] {
        let (home, id) = copied();
        home.sql(&format!("UPDATE version SET {change}"));
        let daemon = Daemon::start(&home);
        let rollback = daemon.http("POST", &format!("/vault/secrets/{id}/rollback"), json!({ "version": 1 }));
        assert_eq!((500, "integrity"), (rollback.status, rollback.code()), "{change}: {}", rollback.text);
        assert_eq!("second", daemon.resolve("a").value(), "{change}");
    }
}

#[test]
fn a_version_that_was_taken_away_is_missed() {
    let (home, id) = copied();
    home.sql("DELETE FROM version");
    let daemon = Daemon::start(&home);
    let rollback = daemon.http("POST", &format!("/vault/secrets/{id}/rollback"), json!({ "version": 1 }));
    assert_eq!((500, "integrity"), (rollback.status, rollback.code()), "{}", rollback.text);
}

#[test]
fn rotate_all_reports_a_hurt_row_by_name_and_rotates_the_others() {
    let (home, _) = copied();
    home.sql("UPDATE secret SET sealed = zeroblob(80) WHERE name = 'a'");
    let daemon = Daemon::start(&home);
    let answer = daemon.http("POST", "/vault/rotate-all", json!({}));
    assert_eq!((200, json!(1)), (answer.status, answer.body["rotated"].clone()), "{}", answer.text);
    let error = &answer.body["errors"][0];
    assert_eq!((json!("a"), json!("integrity")), (error["name"].clone(), error["code"].clone()));
    assert_eq!("value of b", daemon.resolve("b").value());
}

#[test]
fn a_secret_whose_value_is_hurt_can_be_deleted() {
    let (home, id) = copied();
    home.sql("UPDATE secret SET sealed = zeroblob(80) WHERE name = 'a'");
    let daemon = Daemon::start(&home);
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE).status);
    assert_eq!("value of b", daemon.resolve("b").value());
}

/// Makes a vault with an agent `bot`, and gives its token with copies of the tables.
fn with_agent() -> (Home, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let agent = json!({ "name": "bot", "grants": [{ "names": ["*"], "actions": ["read"] }] });
    let token = daemon.http("POST", "/vault/agents", agent).body["token"].as_str().unwrap().to_owned();
    daemon.stop();
    home.database().execute_batch(COPY).unwrap();
    (home, format!("Bearer {token}"))
}

/// Asserts that an agent's token is worth nothing and that a warning says why.
fn assert_out(daemon: &Daemon, token: &str) {
    let answer = daemon.http_with("GET", "/vault/secrets", ("Authorization", token));
    assert_eq!((401, "unauthorized"), (answer.status, answer.code()), "{}", answer.text);
    assert_eq!(1, daemon.warnings("agents").len());
}

#[test]
fn an_agent_that_was_removed_and_put_back_is_not_let_in() {
    let (home, token) = with_agent();
    let behind = "INSERT INTO agent SELECT * FROM old_agent";
    assert_out(&changed(&home, "DELETE", "/vault/agents/bot", (NONE, behind)), &token);
}

#[test]
fn the_wider_rights_of_an_agents_past_are_not_let_in() {
    let (home, token) = with_agent();
    let narrower = json!({ "grants": [{ "names": ["x"], "actions": ["read"] }] });
    let behind = "DELETE FROM agent; INSERT INTO agent SELECT * FROM old_agent";
    assert_out(&changed(&home, "PUT", "/vault/agents/bot", (narrower, behind)), &token);
}

#[test]
fn an_edited_or_renamed_agent_is_not_let_in() {
    for change in ["sealed = zeroblob(80)", "name = 'boss'", "revision = 7"] {
        let (home, token) = with_agent();
        home.sql(&format!("UPDATE agent SET {change}"));
        assert_out(&Daemon::start(&home), &token);
    }
}
