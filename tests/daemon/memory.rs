//! What root finds in the memory of a running `vaultd`: the keys in their page alone, and nothing once they are wiped.
//!
//! Each search also looks for something that has to be there, so that finding nothing means something.

use std::io::{BufRead, BufReader, Read, Write};

use nix::sys::signal::Signal;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use vault::crypto::{AuditKeySeal, Slot, derive};
use vault::domain::VaultId;
use vault::secret::{KeyBytes, Passphrase};
use vault_testkit::memory::{Find, Wanted, status_bytes};
use vault_testkit::traced::Traced;
use vault_testkit::{Daemon, Home, NONE, connect, random_text, wait_for};

const MLOCK: &str = "[kdf]\niterations = 100000\n[memory]\nkeys = \"mlock\"\n";

/// A home whose daemon keeps its keys in memory that root can read.
fn readable_keys() -> Home {
    let home = Home::new();
    home.write("vault.toml", MLOCK);
    home
}

/// Reads the header of a vault that is being served, and derives what its daemon holds.
fn with_keys(wanted: Wanted, home: &Home, key: &str) -> Wanted {
    let database =
        Connection::open_with_flags(home.path("vault.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let ask = |sql| database.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let vault = VaultId(ask("SELECT vault_id FROM vault").try_into().unwrap());
    let slot = Slot::from_stored(&ask("SELECT bytes FROM slot ORDER BY ordinal LIMIT 1")).unwrap();
    let master = slot.derive(&Passphrase::new(key.as_bytes().to_vec()).unwrap());
    let vault_key = slot.open(vault, &master).unwrap().unwrap();
    let last = "FROM audit_key ORDER BY from_seq DESC LIMIT 1";
    let seal = AuditKeySeal {
        from_seq: database
            .query_row(&format!("SELECT from_seq {last}"), [], |row| row.get::<_, i64>(0))
            .unwrap()
            .cast_unsigned(),
        iv: ask(&format!("SELECT iv {last}")).try_into().unwrap(),
        sealed: ask(&format!("SELECT sealed {last}")).try_into().unwrap(),
    };
    let audit = seal.open(vault_key.expose(), vault).unwrap();
    let of = |info| derive(vault_key.expose(), None, info);
    let wanted = wanted.key("master key", master.expose()).key("vault key", vault_key.expose());
    let wanted = wanted.key("audit key", audit.expose());
    let wanted = wanted.key("row key", of("vault/row/v1").expose());
    let wanted = wanted.key("state key", of("vault/state/v1").expose());
    let wanted = wanted.key("header key", of("vault/header/v1").expose());
    let wanted = wanted.key("key of the audit key", of("vault/audit-key/v1").expose());
    with_secret_keys(wanted, &database, &vault_key)
}

/// Adds the key of every sealed value.
fn with_secret_keys(mut wanted: Wanted, database: &Connection, vault_key: &KeyBytes) -> Wanted {
    let mut rows = database.prepare("SELECT sealed FROM secret UNION SELECT sealed FROM version").unwrap();
    let sealed = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    for sealed in sealed.map(Result::unwrap) {
        let salt = sealed[1..33].try_into().unwrap();
        wanted = wanted
            .key("key of a secret", derive(vault_key.expose(), Some(&salt), "vault/secret/v1").expose());
    }
    wanted
}

/// Adds what stands in the memory of every `vaultd`: its own argument.
fn with_control(wanted: Wanted, home: &Home) -> Wanted {
    wanted.key("control", home.path("").to_str().unwrap().as_bytes())
}

/// Searches, checks that the control was found, and gives everything else.
fn search(wanted: &Wanted, daemon: &Daemon) -> Vec<Find> {
    let (control, rest): (Vec<_>, _) =
        wanted.in_process(daemon.pid()).into_iter().partition(|find| find.what.starts_with("control"));
    assert!(!control.is_empty(), "the search finds what is there");
    rest
}

fn assert_nothing(finds: &[Find]) {
    assert!(finds.is_empty(), "{finds:#?}");
}

/// Sends values in and out through every face, and gives them.
fn use_values(daemon: &Daemon) -> Vec<String> {
    let values: Vec<_> = (0..8).map(|_| random_text()).collect();
    let id = daemon.create("http", &values[0]);
    daemon.rpc("vault.create", json!({ "name": "rpc", "value": values[1] }));
    daemon.stream("vault.create", json!({ "name": "stream", "value": values[2] }));
    daemon.create("large", &values[3].repeat(1500));
    daemon.http("PUT", &format!("/vault/secrets/{id}"), json!({ "value": values[4] }));
    daemon.http("POST", "/vault/platforms/openai", json!({ "fields": { "access_token": values[5] } }));
    daemon.http("POST", "/vault/secrets", json!({ "name": "http", "value": values[6] }));
    daemon.bytes(
        format!("POST /vault/secrets HTTP/1.1\r\nHost: v\r\nContent-Length: 99\r\n\r\n{}", values[7])
            .as_bytes(),
    );
    assert_eq!(values[4], daemon.secret(&id).value());
    assert_eq!(json!(values[1]), daemon.stream("vault.resolve", json!({ "name": "rpc" }))["result"]["value"]);
    assert_eq!(json!(values[2]), daemon.rpc("vault.resolve", json!({ "name": "stream" }))["result"]["value"]);
    assert_eq!(200, daemon.resolve("large").status);
    let many = daemon.http("POST", "/vault/resolve", json!({ "names": ["rpc"], "platform": "openai" }));
    assert_eq!(200, many.status);
    assert_eq!(200, daemon.http("POST", "/vault/rotate-all", json!({ "orgId": "*" })).status);
    assert_eq!(
        200,
        daemon.http("POST", &format!("/vault/secrets/{id}/rollback"), json!({ "version": 1 })).status
    );
    assert_eq!(201, daemon.http("POST", "/vault/recovery", json!({})).status);
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
    values
}

fn with_values(wanted: Wanted, values: &[String]) -> Wanted {
    let numbered = values.iter().enumerate();
    numbered.fold(wanted, |wanted, (number, value)| wanted.text(&format!("value {number}"), value))
}

fn lock(daemon: &Daemon) {
    assert_eq!(200, daemon.http("POST", "/vault/lock", json!({})).status);
}

#[test(needs(Root))]
fn the_keys_of_an_open_vault_are_in_the_locked_page_alone() {
    let home = readable_keys();
    let daemon = Daemon::start(&home);
    use_values(&daemon);
    let finds = search(&with_keys(with_control(Wanted::new(), &home), &home, &home.key), &daemon);
    for key in ["master key", "vault key", "audit key", "row key", "state key"] {
        let plain = format!("{key} (plain)");
        assert_eq!(1, finds.iter().filter(|find| find.what == plain).count(), "{finds:#?}");
    }
    let elsewhere: Vec<_> = finds.into_iter().filter(|find| !find.locked).collect();
    assert_nothing(&elsewhere);
}

#[test(needs(Root, SecretMemory))]
fn the_keys_of_an_open_vault_in_secret_memory_are_shown_to_nobody() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    use_values(&daemon);
    assert_eq!("secretmem", daemon.get("/vault/status")["memory"]["locked"]);
    assert_nothing(&search(&with_keys(with_control(Wanted::new(), &home), &home, &home.key), &daemon));
}

#[test(needs(Root))]
fn the_passphrase_is_nowhere_while_the_vault_is_open() {
    let home = Home::new();
    let from_file = Daemon::start(&home);
    let wanted = with_control(Wanted::new(), &home);
    let wanted = wanted.text("passphrase", &home.key).key("passphrase", home.key.as_bytes());
    assert_nothing(&search(&wanted, &from_file));
    from_file.stop();
    let mut command = home.command();
    command.env("AGENTICMAIL_VAULT_KEY", &home.key);
    let from_variable = Daemon::start_as(&home, command, &home.path("vault.sock"));
    assert_nothing(&search(&wanted, &from_variable));
    lock(&from_variable);
    let unlocked = from_variable.http("POST", "/vault/unlock", json!({ "key": home.key }));
    assert_eq!(200, unlocked.status);
    assert_nothing(&search(&wanted, &from_variable));
}

#[test(needs(Root))]
fn a_wrong_key_and_a_token_are_nowhere_once_they_were_judged() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let wrong = random_text();
    assert_eq!(403, daemon.http("POST", "/vault/unlock", json!({ "key": wrong })).status);
    let grants = json!([{ "names": ["*"], "actions": ["read"] }]);
    let made = daemon.http("POST", "/vault/agents", json!({ "name": "bot", "grants": grants }));
    let token = made.body["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    assert_eq!(200, daemon.http_with("GET", "/vault/secrets", ("Authorization", &bearer)).status);
    let wanted = with_control(Wanted::new(), &home).text("wrong key", &wrong).text("token", token);
    assert_nothing(&search(&wanted, &daemon));
}

#[test(needs(Root))]
fn a_value_is_nowhere_once_it_was_answered() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let values = use_values(&daemon);
    let wanted = with_values(with_control(Wanted::new(), &home), &values).text("control", "stream");
    assert_nothing(&search(&wanted, &daemon));
}

#[test(needs(Root))]
fn a_stream_that_stays_open_keeps_no_value() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let value = random_text();
    let mut stream = BufReader::new(connect(daemon.socket()));
    for (method, params) in
        [("vault.create", json!({ "name": "a", "value": value })), ("vault.resolve", json!({ "name": "a" }))]
    {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        stream.get_mut().write_all(format!("{message}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(Value::Null, answer["error"]);
    }
    let wanted = with_control(Wanted::new(), &home).text("value", &value);
    assert_nothing(&search(&wanted, &daemon));
}

#[test(needs(Root))]
fn an_http_connection_that_stays_open_keeps_no_value_past_its_five_seconds() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let value = random_text();
    let body = json!({ "name": "a", "value": value }).to_string();
    let mut stream = connect(daemon.socket());
    let length = body.len();
    let create = format!("POST /vault/secrets HTTP/1.1\r\nHost: v\r\nContent-Length: {length}\r\n\r\n{body}");
    let read = "GET /vault/resolve/a HTTP/1.1\r\nHost: v\r\n\r\n";
    stream.write_all(format!("{create}{read}").as_bytes()).unwrap();
    let mut answers = String::new();
    // The daemon ends it: nobody has asked for that.
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.contains(&value));
    let wanted = with_control(Wanted::new(), &home).text("value", &value);
    assert_nothing(&search(&wanted, &daemon));
}

#[test(needs(Root))]
fn a_locked_vault_holds_no_key_no_passphrase_and_no_value() {
    for home in [Home::new(), readable_keys()] {
        let daemon = Daemon::start(&home);
        let values = use_values(&daemon);
        let wanted = with_keys(with_control(Wanted::new(), &home), &home, &home.key);
        let wanted = with_values(wanted, &values).text("passphrase", &home.key);
        lock(&daemon);
        assert_nothing(&search(&wanted, &daemon));
    }
}

#[test(needs(Root))]
fn after_a_rekey_no_older_key_is_left_and_the_new_ones_are_in_their_page() {
    let home = readable_keys();
    let daemon = Daemon::start(&home);
    let values = use_values(&daemon);
    let recovery = daemon.http("POST", "/vault/recovery", json!({})).body["recoveryKey"].clone();
    let new_key = random_text();
    let old = with_keys(with_control(Wanted::new(), &home), &home, &home.key);
    let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": new_key }));
    assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    let old = with_values(old, &values).text("old passphrase", &home.key);
    let old = old.text("old recovery key", recovery.as_str().unwrap());
    let old = old.text("new recovery key", rekeyed.body["recoveryKey"].as_str().unwrap());
    assert_nothing(&search(&old, &daemon));
    // The key file changed, and the daemon may just be trying what it holds.
    let new = with_control(Wanted::new(), &home).text("new passphrase", &new_key);
    wait_for("a memory without the new passphrase", || {
        let finds = search(&new, &daemon);
        finds.iter().all(|find| !find.what.starts_with("new passphrase")).then_some(())
    });
    let finds = search(&with_keys(with_control(Wanted::new(), &home), &home, &new_key), &daemon);
    assert!(finds.iter().any(|find| find.what == "vault key (plain)"));
    assert!(finds.iter().all(|find| find.locked), "{finds:#?}");
}

#[test(needs(Root))]
fn at_its_very_end_the_process_holds_no_key_no_passphrase_and_no_value() {
    let home = readable_keys();
    let mut daemon = Daemon::start(&home);
    let values = use_values(&daemon);
    let wanted = with_keys(with_control(Wanted::new(), &home), &home, &home.key);
    let wanted = with_values(wanted, &values).text("passphrase", &home.key);
    let traced = Traced::seize(daemon.pid());
    daemon.signal(Signal::SIGTERM);
    traced.until_its_end();
    assert_nothing(&search(&wanted, &daemon));
    drop(traced);
    assert!(daemon.wait().success());
}

#[test(needs(Root))]
fn a_test_that_fails_while_a_process_is_traced_ends_at_once() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let pid = daemon.pid();
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let daemon = daemon;
        let traced = Traced::seize(daemon.pid());
        daemon.signal(Signal::SIGTERM);
        traced.until_its_end();
        panic!("as a search that finds something does");
    }));
    assert!(failed.is_err());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn the_locked_memory_that_status_shows_is_the_kernels_word() {
    let locked_pages = |home: &Home| {
        let daemon = Daemon::start(home);
        let memory = daemon.get("/vault/status")["memory"].clone();
        assert_eq!(memory["bytes"].as_u64().unwrap(), status_bytes(daemon.pid(), "VmLck"), "{memory}");
        assert_eq!(0, status_bytes(daemon.pid(), "VmSwap"));
        lock(&daemon);
        assert_eq!(0, status_bytes(daemon.pid(), "VmLck"));
        memory["locked"].as_str().unwrap().to_owned()
    };
    assert_eq!("mlock", locked_pages(&readable_keys()));
    assert!(["secretmem", "mlock"].contains(&locked_pages(&Home::new()).as_str()));
}

#[test(needs(Root))]
fn a_search_that_looks_for_a_name_finds_it() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let (name, never) = (random_text(), random_text());
    daemon.create(&name, "v");
    daemon.http("GET", "/vault/secrets", NONE);
    let wanted = Wanted::new().text("name", &name).text("never sent", &never);
    let finds = wanted.in_process(daemon.pid());
    assert!(finds.iter().any(|find| find.what == "name (plain)"));
    assert!(finds.iter().all(|find| find.what.starts_with("name")), "{finds:#?}");
}
