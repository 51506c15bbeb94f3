//! All secrets at once, out: whole or in portions, with few of them in memory.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vault_testkit::cgroup::MemoryCgroup;
use vault_testkit::{Daemon, Home, vaultctl, vaultd};

const MIB: usize = 1024 * 1024;

/// Asks for an export.
fn export(daemon: &Daemon, asked: &Value) -> Value {
    let answer = daemon.http("POST", "/vault/export", asked.clone());
    assert_eq!(200, answer.status, "{}", answer.text);
    answer.body
}

/// Asks for all portions of an export, the first question as given; fails if one has an error.
fn portions(daemon: &Daemon, mut asked: Value) -> Vec<Value> {
    let mut portions = Vec::new();
    loop {
        let portion = export(daemon, &asked);
        asked["after"] = portion["next"].clone();
        portions.push(portion);
        if asked["after"].is_null() {
            return portions;
        }
    }
}

/// Lists org and name of the secrets of some answers.
fn names(portions: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = portions.iter().flat_map(|portion| portion["entries"].as_array().unwrap());
    entries.map(|entry| (text(&entry["orgId"]), text(&entry["name"]))).collect()
}

/// Lists what the log has of exports, newest first: the name, else the counts of an answer.
fn recorded(daemon: &Daemon) -> Vec<Value> {
    let exports = daemon.audit().into_iter().filter(|entry| entry["action"] == "export");
    exports
        .map(|entry| {
            if entry["entryName"].is_null() { entry["metadata"].clone() } else { entry["entryName"].clone() }
        })
        .collect()
}

/// Starts a daemon with secrets of these names in two orgs.
fn stocked(names: &[&str]) -> (Home, Daemon) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for org in ["acme", "default"] {
        for name in names {
            daemon.create_with(json!({ "orgId": org, "name": name, "value": format!("{org} {name}") }));
        }
    }
    (home, daemon)
}

/// Writes a value of a mebibyte that no other secret has.
fn large(number: usize) -> String {
    format!("{number:08}").repeat(MIB / 8)
}

#[test]
fn an_export_has_the_values_and_is_written_down_for_each() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "1");
    daemon.create("b", "2");
    let answer = daemon.http("POST", "/vault/export", json!({}));
    let entries = answer.body["entries"].as_array().unwrap();
    assert_eq!(vec!["1", "2"], entries.iter().map(|entry| &entry["value"]).collect::<Vec<_>>());
    assert_eq!(vec![json!({ "exported": 2, "leftOut": 0 }), json!("b"), json!("a")], recorded(&daemon));
}

#[test]
fn an_expired_secret_is_not_exported_but_named() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let old = json!({ "name": "old", "value": "x", "expiresAt": "2020-01-01T00:00:00Z" });
    daemon.http("POST", "/vault/secrets", old);
    let answer = daemon.http("POST", "/vault/export", json!({}));
    assert_eq!(json!([]), answer.body["entries"]);
    assert_eq!(json!("old"), answer.body["leftOut"][0]["name"]);
}

#[test]
fn an_answer_without_limit_is_what_it_always_was() {
    let (_home, daemon) = stocked(&["a"]);
    let secret = json!({
        "orgId": "default", "name": "a", "value": "default a", "category": "custom", "metadata": {}, "expiresAt": null,
    });
    assert_eq!(json!({ "entries": [secret], "leftOut": [] }), export(&daemon, &json!({})));
    let counts = json!({ "exported": 1, "leftOut": 0 });
    assert_eq!(vec![counts, json!("a")], recorded(&daemon));
}

#[test]
fn portions_have_each_secret_once_in_order() {
    let (_home, daemon) = stocked(&["b", "a", "skill:openai:access_token", "ä", "B"]);
    for (org, total) in [("*", 10), ("acme", 5)] {
        let whole = [export(&daemon, &json!({ "orgId": org }))];
        for limit in [1, 3, 5, 100] {
            let portions = portions(&daemon, json!({ "orgId": org, "limit": limit }));
            assert_eq!((names(&whole), total), (names(&portions), names(&portions).len()));
            assert_eq!(total.div_ceil(limit), portions.len(), "{limit} of {total}");
        }
    }
}

#[test]
fn each_portion_is_recorded_before_it_is_given() {
    let (_home, daemon) = stocked(&["a", "b", "c"]);
    export(&daemon, &json!({ "limit": 2 }));
    let first = vec![json!({ "exported": 2, "leftOut": 0, "more": true }), json!("b"), json!("a")];
    assert_eq!(first, recorded(&daemon));
    export(&daemon, &json!({ "limit": 2, "after": { "orgId": "default", "name": "b" } }));
    let rest = vec![json!({ "exported": 1, "leftOut": 0 }), json!("c")];
    assert_eq!([rest, first].concat(), recorded(&daemon));
}

#[test]
fn what_comes_and_goes_between_portions_moves_no_other() {
    let (_home, daemon) = stocked(&["b", "d", "f"]);
    let first = export(&daemon, &json!({ "limit": 2 }));
    assert_eq!(json!({ "orgId": "default", "name": "d" }), first["next"]);
    let same = export(&daemon, &json!({ "limit": 2, "after": first["next"] }));
    assert_eq!(first["state"], same["state"]);
    let id = daemon.get("/vault/secrets?name=d")["secrets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(200, daemon.http("DELETE", &format!("/vault/secrets/{id}"), Value::Null).status);
    daemon.create("a", "before the place");
    daemon.create("e", "after the place");
    let rest = export(&daemon, &json!({ "limit": 2, "after": first["next"] }));
    let named = |name: &str| ("default".to_owned(), name.to_owned());
    assert_eq!(vec![named("e"), named("f")], names(std::slice::from_ref(&rest)));
    assert_ne!(first["state"], rest["state"]);
}

#[test]
fn a_caller_that_knows_no_portions_never_takes_one_for_the_whole() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for number in 0..17 {
        daemon.create(&format!("secret-{number:02}"), &large(number));
    }
    for asked in [json!({}), json!({ "after": { "orgId": "default", "name": "a" } })] {
        let answer = daemon.http("POST", "/vault/export", asked);
        assert_eq!((413, "too_large"), (answer.status, answer.code()));
        assert!(answer.body["hint"].as_str().unwrap().contains("`limit`"), "{}", answer.text);
        assert_eq!(vec![json!({ "code": "too_large" })], recorded(&daemon)[..1]);
    }
    let rest = json!({ "after": { "orgId": "default", "name": "secret-01" } });
    assert_eq!(15, names(&[export(&daemon, &rest)]).len());
    let portions = portions(&daemon, json!({ "limit": 10_000 }));
    let counts: Vec<_> =
        portions.iter().map(|portion| portion["entries"].as_array().unwrap().len()).collect();
    assert_eq!(vec![3, 3, 3, 3, 3, 2], counts);
}

#[test]
fn what_a_value_takes_when_it_is_written_counts() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for number in 0..6 {
        // Each of these bytes is six in JSON: a body has room for less than a third of a mebibyte of them.
        daemon.create(&format!("secret-{number}"), &"\u{1}".repeat(300_000));
    }
    daemon.create("smaller", "value");
    let whole = daemon.http("POST", "/vault/export", json!({}));
    assert_eq!(200, whole.status, "10.8 MB: {}", whole.code());
    for number in 6..10 {
        daemon.create(&format!("secret-{number}"), &"\u{1}".repeat(300_000));
    }
    assert_eq!("too_large", daemon.http("POST", "/vault/export", json!({})).code());
    let portions = portions(&daemon, json!({ "limit": 100 }));
    assert_eq!((5, 11), (portions.len(), names(&portions).len()));
    assert!(portions.iter().all(|portion| portion.to_string().len() <= 4 * MIB));
}

#[test]
fn a_portion_has_one_to_ten_thousand_secrets() {
    let (_home, daemon) = stocked(&["a"]);
    for limit in [json!(0), json!(10_001), json!(-1), json!("2"), json!(1.5)] {
        let answer = daemon.http("POST", "/vault/export", json!({ "limit": limit }));
        assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{limit}");
    }
    assert_eq!(1, names(&[export(&daemon, &json!({ "limit": 10_000 }))]).len());
}

#[test]
fn an_agent_gets_no_portion_whatever_its_grants() {
    let (_home, daemon) = stocked(&["a"]);
    let every = ["create", "encrypt", "read", "decrypt", "rotate", "delete"];
    let agent = json!({ "name": "bot", "grants": [{ "orgId": "*", "names": ["*"], "actions": every }] });
    let token = daemon.http("POST", "/vault/agents", agent).body["token"].clone();
    let call = |method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string() + "\n"
    };
    let after = json!({ "orgId": "default", "name": "A" });
    let lines = call("vault.auth", json!({ "token": token }))
        + &call("vault.export", json!({ "limit": 1, "after": after }));
    let answers = String::from_utf8(daemon.bytes(lines.as_bytes())).unwrap();
    assert!(answers.lines().nth(1).unwrap().contains("\"forbidden\""), "{answers}");
}

#[test]
fn a_secret_whose_row_cannot_be_read_is_named_in_the_first_portion_alone() {
    let (home, daemon) = stocked(&["a", "b", "c"]);
    home.database()
        .execute("UPDATE secret SET category = 'none' WHERE name = 'b' AND org = 'default'", [])
        .unwrap();
    let portions = portions(&daemon, json!({ "limit": 1 }));
    assert_eq!(2, names(&portions).len());
    let left_out: Vec<_> = portions.iter().map(|portion| portion["leftOut"].clone()).collect();
    assert_eq!(
        (json!("b"), json!("integrity")),
        (left_out[0][0]["name"].clone(), left_out[0][0]["code"].clone())
    );
    assert!(left_out[1..].iter().all(|left_out| *left_out == json!([])), "{left_out:?}");
}

#[test]
fn a_secret_that_vanished_is_named_in_an_export() {
    let (home, daemon) = stocked(&["a", "b"]);
    daemon.stop();
    home.database().execute("DELETE FROM secret WHERE name = 'b' AND org = 'default'", []).unwrap();
    let daemon = Daemon::start(&home);
    let answer = export(&daemon, &json!({}));
    assert_eq!(
        (1, json!("b")),
        (names(std::slice::from_ref(&answer)).len(), answer["leftOut"][0]["name"].clone())
    );
}

/// A daemon whose memory is limited, with more secrets than it has memory.
struct Bounded {
    daemon: Daemon,
    home: Home,
    _group: MemoryCgroup,
}

impl Bounded {
    /// Stores a number of mebibytes.
    fn stocked(limit: usize, secrets: usize) -> Self {
        let (home, group) = (Home::new(), MemoryCgroup::new(limit as u64));
        let mut command = home.command_of("/bin/sh".as_ref());
        group.run(&mut command, vaultd());
        command.arg("--home").arg(home.path(""));
        let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
        for number in 0..secrets {
            daemon.create(&format!("secret-{number:03}"), &large(number));
        }
        daemon.create("other", "value");
        Self { daemon, home, _group: group }
    }

    /// Exports with vaultctl into a file, while an owner asks for another secret; returns what was written.
    fn exported(&self) -> String {
        let path = self.home.path("exported");
        let mut command = Command::new(vaultctl());
        command.arg("--home").arg(self.home.path("")).args(["export", "--reveal", "--output"]).arg(&path);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..20 {
            assert_eq!("value", self.daemon.resolve("other").value());
        }
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        std::fs::read_to_string(path).unwrap()
    }
}

#[test(needs(Root, MemoryCgroup))]
fn more_than_the_daemon_has_memory_for_is_exported_whole() {
    let bounded = Bounded::stocked(128 * MIB, 100);
    let written: Value = serde_json::from_str(&bounded.exported()).unwrap();
    let entries = written["entries"].as_array().unwrap();
    assert_eq!(101, entries.len());
    assert!(entries.iter().skip(1).enumerate().all(|(number, entry)| entry["value"] == large(number)));
    assert_eq!(json!([]), written["leftOut"]);
}
