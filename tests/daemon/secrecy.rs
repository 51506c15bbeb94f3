//! A value, a token and a key are nowhere in clear: in no file, no log line, no error, no audit entry.
//!
//! Each test sends random texts through one kind of door and then searches whatever is left behind.

use serde_json::{Value, json};
use vault_testkit::search::Needle;
use vault_testkit::{Answer, Daemon, Home, NONE, encoded, random_text};

/// Texts that were sent, and everything that came back where none of them may be.
struct Watch {
    texts: Vec<String>,
    answers: Vec<String>,
}

impl Watch {
    fn new() -> Self {
        Self { texts: Vec::new(), answers: Vec::new() }
    }

    /// Draws a text that is watched from then on.
    fn text(&mut self) -> String {
        let text = random_text();
        self.texts.push(text.clone());
        text
    }

    /// Keeps an answer, which is searched with the rest; it must be a refusal.
    fn refused(&mut self, answer: &Answer) {
        assert!(answer.status >= 400, "{}", answer.text);
        self.answers.push(answer.text.clone());
    }

    /// Keeps an answer to a request with a text in a field that is ignored.
    fn ignored(&mut self, answer: &Answer) {
        assert_eq!(200, answer.status, "{}", answer.text);
        self.answers.push(answer.text.clone());
    }

    /// Searches every answer that was kept, every file of the home but the key file, and the log that callers may read.
    fn assert_nowhere(&self, home: &Home, log: &[Value]) {
        let mut places: Vec<(String, Vec<u8>)> = home.files();
        places.retain(|(name, _)| name != ".env");
        places.extend(self.answers.iter().map(|text| ("an answer".to_owned(), text.clone().into_bytes())));
        places.push(("the audit log".to_owned(), Value::from(log.to_vec()).to_string().into_bytes()));
        for needle in self.texts.iter().map(|text| Needle::new(text)) {
            for (place, bytes) in &places {
                assert_eq!(None, needle.found_in(bytes), "in {place}");
            }
        }
    }
}

/// Starts a daemon that logs all that it can.
fn talkative(home: &Home) -> Daemon {
    let mut command = home.command();
    command.env("RUST_LOG", "trace");
    Daemon::start_as(home, command, &home.path("vault.sock"))
}

/// Ends a daemon, starts it again and gives the audit log; every file is closed by then.
fn restarted(home: &Home, daemon: Daemon) -> Vec<Value> {
    daemon.stop();
    let daemon = talkative(home);
    let log = daemon.audit();
    daemon.stop();
    log
}

#[test]
fn the_search_finds_what_was_planted_in_every_form() {
    let text = random_text();
    let needle = Needle::new(&text);
    for (name, form) in needle.forms() {
        let planted = [b"before ".as_slice(), form, b" after"].concat();
        assert!(needle.found_in(&planted).is_some(), "{name}");
    }
    assert_eq!(None, needle.found_in(random_text().as_bytes()));
}

#[test]
fn the_search_finds_base64_of_a_text_with_whatever_stands_around_it() {
    let text = random_text();
    for before in 0..9 {
        let around = [&b"{\"value\":"[..before], text.as_bytes(), b"\"}"].concat();
        for encoding in [&data_encoding::BASE64, &data_encoding::BASE64URL_NOPAD, &data_encoding::HEXUPPER] {
            let planted = encoding.encode(&around).into_bytes();
            assert!(Needle::new(&text).found_in(&planted).is_some(), "{before}");
        }
    }
}

#[test]
fn the_search_reads_every_file_of_the_home() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("named", "v");
    let names: Vec<_> = home.files().into_iter().map(|(name, _)| name).collect();
    for name in [".env", "vault.toml", "vault.db", "vault.db-wal", "vault.db-shm", "vault.lock", "stderr.log"]
    {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
    }
    let name = Needle::new("named");
    assert!(home.files().iter().any(|(_, bytes)| name.found_in(bytes).is_some()));
}

#[test]
fn a_value_is_nowhere_while_the_daemon_runs_nor_after_its_end() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    let (http, rpc, stream) = (watch.text(), watch.text(), watch.text());
    daemon.create("http", &http);
    assert_eq!(Value::Null, daemon.rpc("vault.create", json!({ "name": "rpc", "value": rpc }))["error"]);
    assert_eq!(
        Value::Null,
        daemon.stream("vault.create", json!({ "name": "stream", "value": stream }))["error"]
    );
    assert_eq!(rpc, daemon.resolve("rpc").value());
    assert_eq!(json!(http), daemon.stream("vault.resolve", json!({ "name": "http" }))["result"]["value"]);
    watch.assert_nowhere(&home, &daemon.audit());
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn a_value_is_nowhere_after_every_change_that_can_be_made_to_it() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    let id = daemon.create("a", &watch.text());
    let secret = format!("/vault/secrets/{id}");
    let field = watch.text();
    for (verb, path, body) in [
        ("PUT", secret.clone(), json!({ "value": watch.text() })),
        ("PUT", secret.clone(), json!({ "metadata": { "team": "x" } })),
        ("POST", format!("{secret}/rollback"), json!({ "version": 1 })),
        ("POST", format!("{secret}/rotate"), json!({})),
        ("POST", "/vault/platforms/openai".to_owned(), json!({ "fields": { "access_token": field } })),
        ("POST", "/vault/rotate-all".to_owned(), json!({ "orgId": "*" })),
        ("POST", "/vault/resolve".to_owned(), json!({ "names": ["a"], "platform": "openai" })),
        ("GET", "/vault/discover".to_owned(), NONE),
        ("GET", format!("{secret}/versions"), NONE),
        ("DELETE", secret, NONE),
    ] {
        let answer = daemon.http(verb, &path, body);
        assert!(answer.status < 300, "{verb} {path}: {}", answer.text);
    }
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn a_value_in_the_wrong_place_of_a_request_is_nowhere() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    for (verb, target, body) in wrong_places(&mut watch) {
        let answer = daemon.http(verb, &target, body);
        watch.refused(&answer);
    }
    for unread in [format!("value={}", watch.text()), format!("{}=1", watch.text())] {
        let answer = daemon.http("GET", &format!("/vault/secrets?{unread}"), NONE);
        watch.ignored(&answer);
    }
    for header in ["X-Vault-Value", "Authorization", "Cookie", "X-Request-Id"] {
        let value = format!("Bearer {}", watch.text());
        let answer = daemon.http_with("GET", "/vault/secrets/none", (header, &value));
        watch.refused(&answer);
    }
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

/// Lists requests that are refused, each with a text of its own where a value may have slipped in.
fn wrong_places(watch: &mut Watch) -> Vec<(&'static str, String, Value)> {
    let mut text = || watch.text();
    let secrets = || "/vault/secrets".to_owned();
    let mut unknown = json!({ "name": "a", "value": "v" });
    unknown[text()] = json!("v");
    vec![
        ("POST", secrets(), unknown),
        ("POST", secrets(), json!({ "name": "a", "value": [text()] })),
        ("POST", secrets(), json!({ "name": "a", "value": { text(): text() } })),
        ("POST", secrets(), json!({ "name": "a", "value": text(), "extra": text() })),
        ("POST", secrets(), json!({ "name": format!(" {}", text()), "value": text() })),
        ("POST", secrets(), json!({ "name": "a", "value": "v", "category": text() })),
        ("POST", secrets(), json!({ "name": "a", "value": "v", "expiresAt": text() })),
        ("POST", secrets(), json!({ "name": "a", "value": "v", "orgId": format!("{}\n", text()) })),
        ("POST", secrets(), json!({ "name": "a", "value": "v", "metadata": text() })),
        ("POST", secrets(), json!({ "name": "a", "value": "v", "createdBy": [text()] })),
        ("POST", secrets(), json!(text())),
        ("POST", secrets(), json!([text()])),
        ("POST", "/rpc".to_owned() + "/" + &text(), json!({})),
        ("PUT", format!("/vault/secrets/{}", text()), json!({ "value": text() })),
        ("POST", format!("/vault/secrets/{}/rotate", text()), json!({})),
        ("POST", "/vault/unlock".to_owned(), json!({ "newKey": text() })),
        ("POST", "/vault/rekey".to_owned(), json!({ "key": text() })),
        ("POST", format!("/vault/platforms/{}", text()), json!({ "fields": { "access_token": text() } })),
        ("POST", "/vault/platforms/openai".to_owned(), json!({ "fields": { text(): text() } })),
        ("POST", "/vault/resolve".to_owned(), json!({ "names": { text(): 1 } })),
        ("POST", "/vault/agents".to_owned(), json!({ "name": format!("{}!", text()), "grants": [] })),
        ("GET", format!("/vault/secrets/{}", text()), NONE),
        ("GET", format!("/vault/secrets?sort={}", text()), NONE),
        ("GET", format!("/vault/secrets?limit={}", text()), NONE),
        ("GET", format!("/vault/secrets?category={}", text()), NONE),
        ("GET", format!("/vault/audit-log?since={}", text()), NONE),
        ("GET", format!("/vault/events?since={}", text()), NONE),
        ("GET", format!("/{}", text()), NONE),
        ("GET", format!("/vault/resolve/{}", encoded(&format!("{}\n", "x")) + "?value=" + &text()), NONE),
        ("BREW", format!("/vault/status?{}", text()), NONE),
    ]
}

#[test]
fn a_value_in_broken_bytes_is_nowhere() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    for (before, after) in [
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.create\",\"params\":{\"value\":\"", "\n"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"", "\"}\n"),
        ("{\"jsonrpc\":\"", "\",\"id\":1,\"method\":\"vault.status\"}\n"),
        ("{\"jsonrpc\":\"2.0\",\"method\":\"vault.get\",\"params\":[\"", "\"]}\n"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.get\",\"params\":\"", "\"}\n"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.auth\",\"params\":{\"token\":\"", "\"}}\n"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.auth\",\"params\":{\"", "\":1}}\n"),
        ("[\"", "\"]\n"),
        ("{", "}\n"),
        ("{\u{0}", "\n"),
        ("", " / HTTP/1.1\r\n\r\n"),
        ("GET /healthz HTTP/1.1\r\n", "\r\n\r\n"),
        ("GET /healthz HTTP/1.1\r\nContent-Length: ", "\r\n\r\n"),
        ("POST /vault/secrets HTTP/1.1\r\nContent-Length: 900\r\n\r\n{\"name\":\"a\",\"value\":\"", "\"}"),
        ("POST /vault/secrets HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n"),
        ("\u{16}\u{3}\u{1}", "\r\n\r\n"),
    ] {
        let answer = daemon.bytes(format!("{before}{}{after}", watch.text()).as_bytes());
        watch.answers.push(String::from_utf8(answer).unwrap());
    }
    assert!(home.log().contains("DEBUG"), "the log says all that it can");
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn a_refused_value_is_nowhere() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    daemon.create("taken", "v");
    let answer = daemon.http("POST", "/vault/secrets", json!({ "name": "taken", "value": watch.text() }));
    watch.refused(&answer);
    let large = watch.text().repeat(30_000);
    let answer = daemon.http("POST", "/vault/secrets", json!({ "name": "large", "value": large }));
    watch.refused(&answer);
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn a_value_sent_to_a_locked_vault_is_nowhere() {
    let home = Home::new();
    let mut watch = Watch::new();
    talkative(&home).stop();
    home.remove(".env");
    let daemon = talkative(&home);
    let body = json!({ "name": "a", "value": watch.text() });
    let answer = daemon.http("POST", "/vault/secrets", body);
    watch.refused(&answer);
    daemon.stop();
    home.set_key(&home.key);
    let daemon = talkative(&home);
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn the_key_and_a_wrong_key_are_nowhere_but_in_the_key_file() {
    let home = Home::new();
    let mut watch = Watch::new();
    watch.texts.push(home.key.clone());
    talkative(&home).stop();
    home.set_key(&watch.text());
    let daemon = talkative(&home);
    let answer = daemon.http("POST", "/vault/unlock", json!({ "key": watch.text() }));
    watch.refused(&answer);
    daemon.stop();
    home.set_key(&home.key);
    let daemon = talkative(&home);
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn old_and_new_keys_are_nowhere_after_a_rekey() {
    let home = Home::new();
    let mut watch = Watch::new();
    watch.texts.push(home.key.clone());
    let daemon = talkative(&home);
    daemon.create("a", &watch.text());
    let made = daemon.http("POST", "/vault/recovery", json!({}));
    watch.texts.push(made.body["recoveryKey"].as_str().unwrap().to_owned());
    let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": watch.text() }));
    assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    watch.texts.push(rekeyed.body["recoveryKey"].as_str().unwrap().to_owned());
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}

#[test]
fn a_token_is_nowhere_once_it_was_shown() {
    let home = Home::new();
    let mut watch = Watch::new();
    let daemon = talkative(&home);
    let agent = json!({ "name": "bot", "grants": [{ "names": ["*"], "actions": ["read"] }] });
    let token = daemon.http("POST", "/vault/agents", agent).body["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    assert_eq!(200, daemon.http_with("GET", "/vault/secrets", ("Authorization", &bearer)).status);
    let answer = daemon.http_with("POST", "/vault/lock", ("Authorization", &bearer));
    watch.refused(&answer);
    watch.texts.push(token);
    let log = restarted(&home, daemon);
    watch.assert_nowhere(&home, &log);
}
