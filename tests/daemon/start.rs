//! Where the key comes from, and what a vault does without one or with the wrong one.

use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NO_ID, NONE, random_text, refusal, wait_for};

const VARIABLE: &str = "AGENTICMAIL_VAULT_KEY";

/// Gives why the vault is locked; the empty text where it is open.
fn lock_reason(daemon: &Daemon) -> String {
    let status = daemon.get("/vault/status");
    assert_eq!(status["locked"], json!(!status["lockReason"].is_null()));
    status["lockReason"].as_str().unwrap_or_default().to_owned()
}

/// Makes a home whose vault holds one secret, and stops its daemon.
fn founded() -> (Home, String) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let id = daemon.create("a", "the value");
    daemon.stop();
    (home, id)
}

fn with_variable(home: &Home, key: &str) -> Daemon {
    let mut command = home.command();
    command.env(VARIABLE, key);
    Daemon::start_as(home, command, &home.path("vault.sock"))
}

fn with_credential(home: &Home, credential: &str) -> std::process::Command {
    home.write("agenticmail-vault-key", credential);
    let mut command = home.command();
    command.env("CREDENTIALS_DIRECTORY", home.path(""));
    command
}

fn slots(home: &Home) -> i64 {
    home.database().query_row("SELECT count(*) FROM slot", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_key_and_an_empty_home_make_a_vault() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let status = daemon.get("/vault/status");
    assert_eq!((json!(true), json!(false)), (status["configured"].clone(), status["locked"].clone()));
    assert_eq!(
        (json!("AES-256-GCM"), json!(100_000)),
        (status["algorithm"].clone(), status["kdf"]["iterations"].clone())
    );
    assert_eq!(1, daemon.warnings("no_recovery").len());
}

#[test]
fn a_vault_opens_again_with_its_key() {
    let (home, id) = founded();
    assert_eq!("the value", Daemon::start(&home).secret(&id).value());
}

#[test]
fn without_a_key_the_vault_serves_its_status_and_its_health_alone() {
    let (home, _) = founded();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    assert_eq!("no_key", lock_reason(&daemon));
    assert_eq!(json!({ "status": "ok", "locked": true }), daemon.get("/healthz"));
    assert_eq!(json!(1), daemon.get("/vault/status")["totalEntries"]);
}

#[test]
fn everything_else_of_a_locked_vault_says_locked_and_why() {
    let (home, id) = founded();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    let id = format!("/vault/secrets/{id}");
    for (verb, target, body) in [
        ("GET", "/vault/secrets", NONE),
        ("POST", "/vault/secrets", json!({ "name": "b", "value": "v" })),
        ("GET", &id, NONE),
        ("DELETE", &id, NONE),
        ("GET", "/vault/resolve/a", NONE),
        ("GET", "/vault/audit-log", NONE),
        ("GET", "/vault/audit-log/verify", NONE),
    ] {
        let answer = daemon.http(verb, target, body);
        assert_eq!((503, "locked"), (answer.status, answer.code()), "{verb} {target}");
        assert_eq!(json!("no_key"), answer.body["lockReason"], "{verb} {target}");
        assert!(answer.body["hint"].as_str().unwrap().contains(VARIABLE), "{}", answer.text);
    }
}

#[test]
fn a_locked_vault_says_so_through_json_rpc_too() {
    let (home, _) = founded();
    home.remove(".env");
    let error = Daemon::start(&home).stream("vault.get", json!({ "id": NO_ID }))["error"].clone();
    assert_eq!(
        (json!(-32023), json!("no_key")),
        (error["code"].clone(), error["data"]["lockReason"].clone())
    );
}

#[test]
fn no_key_is_ever_generated() {
    let home = Home::new();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    assert_eq!(
        ("no_key", json!(false)),
        (lock_reason(&daemon).as_str(), daemon.get("/vault/status")["configured"].clone())
    );
    let hint = daemon.http("POST", "/vault/unlock", json!({ "key": "any" })).body["hint"].clone();
    assert!(hint.as_str().unwrap().contains("vaultctl init"), "{hint}");
    daemon.stop();
    assert!(!home.path(".env").exists());
    assert_eq!(0, slots(&home));
    assert!(!home.log().contains("ERROR"), "{}", home.log());
}

#[test]
fn an_empty_or_commented_key_is_no_key() {
    let home = Home::new();
    for text in
        ["AGENTICMAIL_VAULT_KEY=\n", "AGENTICMAIL_VAULT_KEY=\"\"\n", "# AGENTICMAIL_VAULT_KEY=abc\n", ""]
    {
        home.write(".env", text);
        assert_eq!("no_key", lock_reason(&Daemon::start(&home)), "{text:?}");
    }
}

#[test]
fn a_wrong_key_locks_and_changes_nothing() {
    let (home, id) = founded();
    let before = home.read("vault.db");
    home.set_key(&random_text());
    let daemon = Daemon::start(&home);
    assert_eq!("wrong_key", lock_reason(&daemon));
    assert_eq!(503, daemon.http("POST", "/vault/secrets", json!({ "name": "b", "value": "v" })).status);
    daemon.stop();
    assert!(before == home.read("vault.db"));
    home.set_key(&home.key);
    assert_eq!("the value", Daemon::start(&home).secret(&id).value());
}

#[test]
fn the_words_of_a_wrong_key_say_what_to_do() {
    let (home, id) = founded();
    home.set_key(&random_text());
    let answer = Daemon::start(&home).secret(&id);
    assert!(answer.error().contains("does not fit this vault"), "{}", answer.text);
    assert!(answer.body["hint"].as_str().unwrap().contains(".env"), "{}", answer.text);
}

#[test]
fn a_key_that_goes_before_the_key_file_and_does_not_fit_is_named() {
    let (home, _) = founded();
    let hint = |daemon: &Daemon| daemon.get("/vault/status")["lockHint"].as_str().unwrap().to_owned();
    let daemon = with_variable(&home, &random_text());
    assert!(hint(&daemon).contains("goes before the key file"), "{}", hint(&daemon));
    assert_eq!(hint(&daemon), daemon.resolve("a").body["hint"]);
    assert!(home.log().contains("goes before the key file"), "{}", home.log());
    home.ctl(&["unlock", "--key-file"], "").succeeded();
    assert_eq!("", lock_reason(&daemon));
    daemon.stop();
    let daemon = Daemon::start_as(&home, with_credential(&home, "another"), &home.path("vault.sock"));
    assert!(hint(&daemon).contains("or a credential"), "{}", hint(&daemon));
    // From here on the key file counts.
    home.set_key(&random_text());
    wait_for("the key file is tried", || hint(&daemon).contains("put back the .env file").then_some(()));
}

#[test]
fn without_a_vault_the_hint_is_to_make_one() {
    let home = Home::without_key();
    let daemon = Daemon::start(&home);
    for (verb, path) in [("GET", "/vault/secrets"), ("GET", "/vault/discover"), ("POST", "/vault/rotate-all")]
    {
        let answer = daemon.http(verb, path, NONE);
        assert_eq!((503, "locked"), (answer.status, answer.code()), "{path}");
        assert!(answer.body["hint"].as_str().unwrap().contains("vaultctl init"), "{}", answer.text);
    }
    let refused = daemon.rpc("vault.list", json!({}));
    assert!(refused["error"]["data"]["hint"].as_str().unwrap().contains("vaultctl init"), "{refused}");
    assert!(home.log().contains("make one with: vaultctl init"), "{}", home.log());
}

#[test]
fn a_key_file_that_others_may_read_or_write_is_refused_with_its_mend() {
    let (home, _) = founded();
    for mode in [0o644, 0o640, 0o620, 0o602] {
        home.set_mode(".env", mode);
        assert_eq!("key_file_unsafe", lock_reason(&Daemon::start(&home)), "{mode:o}");
    }
    assert!(home.log().contains("chmod 600"));
}

#[test]
fn an_unsafe_key_file_makes_no_vault() {
    let home = Home::new();
    home.set_mode(".env", 0o644);
    Daemon::start(&home).stop();
    assert_eq!(0, slots(&home));
    assert_eq!(1, home.log().matches("is not private and was not used").count(), "{}", home.log());
}

#[test]
fn the_variable_wins_over_the_key_file() {
    let home = Home::new();
    let key = random_text();
    with_variable(&home, &key).stop();
    assert_eq!("wrong_key", lock_reason(&Daemon::start(&home)));
    home.set_key(&key);
    assert_eq!("", lock_reason(&Daemon::start(&home)));
}

#[test]
fn the_variable_is_taken_as_it_is() {
    let home = Home::new();
    with_variable(&home, " 'a key with space' ").stop();
    home.set_key(" 'a key with space' ");
    assert_eq!("wrong_key", lock_reason(&Daemon::start(&home)));
    assert_eq!("", lock_reason(&with_variable(&home, " 'a key with space' ")));
}

#[test]
fn a_credential_wins_over_the_variable_and_loses_one_newline() {
    let home = Home::new();
    let key = random_text();
    let mut command = with_credential(&home, &format!("{key}\n"));
    command.env(VARIABLE, random_text());
    Daemon::start_as(&home, command, &home.path("vault.sock")).stop();
    home.set_key(&key);
    assert_eq!("", lock_reason(&Daemon::start(&home)));
}

#[test]
fn a_missing_credential_falls_back_to_the_variable() {
    let home = Home::new();
    let key = random_text();
    let mut command = home.command();
    command.env("CREDENTIALS_DIRECTORY", home.path("")).env(VARIABLE, &key);
    Daemon::start_as(&home, command, &home.path("vault.sock")).stop();
    home.set_key(&key);
    assert_eq!("", lock_reason(&Daemon::start(&home)));
}

#[test]
fn a_weak_key_warns() {
    let home = Home::new();
    home.set_key("password");
    assert_eq!(1, Daemon::start(&home).warnings("weak_key").len());
}

#[test]
fn a_strong_key_does_not_warn() {
    let home = Home::new();
    assert_eq!(0, Daemon::start(&home).warnings("weak_key").len());
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let (home, _) = founded();
    home.database().pragma_update(None, "user_version", 99).unwrap();
    let before = home.read("vault.db");
    let (code, said) = refusal(home.command());
    assert_eq!(1, code);
    assert!(said.contains("schema 99"), "{said}");
    assert!(before == home.read("vault.db"));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let home = Home::new();
    home.write("vault.db", &"this is no database. ".repeat(500));
    let before = home.read("vault.db");
    let (code, said) = refusal(home.command());
    assert_eq!(1, code, "{said}");
    assert!(said.contains("vault.db"), "{said}");
    assert!(before == home.read("vault.db"));
}

#[test]
fn a_configuration_with_a_mistake_is_refused_with_its_line() {
    let home = Home::new();
    for (text, words) in [
        ("[kdf]\niterations = 99999\n", "100000"),
        ("[kdf]\niterations = 10000001\n", "10000000"),
        ("[kdf]\nrounds = 100000\n", "line 2"),
        ("[memory\n", "line 1"),
    ] {
        home.write("vault.toml", text);
        let (code, said) = refusal(home.command());
        assert_eq!(1, code);
        assert!(said.contains("vault.toml") && said.contains(words), "{text}: {said}");
    }
}

#[test]
fn a_named_configuration_that_is_missing_is_refused() {
    let home = Home::new();
    let mut command = home.command();
    command.arg("--config").arg(home.path("other.toml"));
    let (code, said) = refusal(command);
    assert!(code == 1 && said.contains("other.toml"), "{said}");
}

#[test]
fn keys_and_keyless_starts_are_recorded_as_what_they_are() {
    let (home, _) = founded();
    let log = Daemon::start(&home).audit();
    let unlock = log.iter().find(|entry| entry["action"] == "unlock").unwrap();
    assert_eq!(
        (json!("system"), Value::Null, json!("key file")),
        (unlock["actor"].clone(), unlock["peer"].clone(), unlock["metadata"]["source"].clone())
    );
}

#[test]
fn what_a_killed_process_left_beside_the_key_file_is_removed() {
    let (home, _) = founded();
    let kept = format!("..env.{}", std::process::id());
    let names = ["..env.2147483647", ".head.2147483647", &kept, "..env.backup"];
    for name in names {
        home.write(name, "AGENTICMAIL_VAULT_KEY=an old key\n");
    }
    let _daemon = Daemon::start(&home);
    assert_eq!([false, false, true, true], names.map(|name| home.path(name).exists()));
}
