//! Agents that ask for more than they were given, at the wrong moment or too often.

use std::io::{Read, Write};
use std::net::Shutdown;

use serde_json::{Value, json};
use vault_testkit::{Answer, Daemon, Home, NONE, connect, parse, wait_for};

/// Adds an agent that may do some things to some names, and gives its token.
pub(crate) fn agent(daemon: &Daemon, name: &str, actions: &[&str], names: &[&str]) -> String {
    let grants = json!([{ "orgId": "*", "names": names, "actions": actions }]);
    let added = daemon.http("POST", "/vault/agents", json!({ "name": name, "grants": grants }));
    assert_eq!(201, added.status, "{}", added.text);
    added.body["token"].as_str().unwrap().to_owned()
}

/// Writes a request of HTTP as an agent.
fn request(token: &str, (verb, target): (&str, &str), body: &Value) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let head = format!(
        "{verb} {target} HTTP/1.1\r\nHost: vault\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
    );
    format!("{head}Content-Length: {length}\r\n\r\n{body}")
}

pub(crate) fn ask(daemon: &Daemon, token: &str, asked: (&str, &str), body: &Value) -> Answer {
    parse(&daemon.unended(request(token, asked, body).as_bytes()))
}

/// Speaks as an agent on a stream, and gives the answers but for the first, however long they take.
fn stream(daemon: &Daemon, token: &str, lines: &str) -> Vec<Value> {
    let auth = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.auth", "params": { "token": token } });
    let mut connection = connect(daemon.socket());
    connection.set_read_timeout(None).unwrap();
    connection.write_all(format!("{auth}\n{lines}\n").as_bytes()).unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    answers.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Resolves `a` as an agent, and does something while only the head of the request has arrived.
fn resolved_amid(daemon: &Daemon, token: &str, act: impl FnOnce()) -> Answer {
    let whole = request(token, ("POST", "/vault/resolve"), &json!({ "names": ["a"] }));
    let (head, body) = whole.split_at(whole.find("\r\n\r\n").unwrap() + 4);
    let mut connection = connect(daemon.socket());
    connection.write_all(head.as_bytes()).unwrap();
    // The daemon has read the head once it has identified another.
    assert_eq!(200, ask(daemon, token, ("GET", "/vault/resolve/a"), &NONE).status);
    act();
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    parse(&answer)
}

#[test]
fn an_agent_that_is_revoked_while_its_request_arrives_gets_nothing() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    let answer = resolved_amid(&daemon, &token, || {
        assert_eq!(200, daemon.http("DELETE", "/vault/agents/bot", NONE).status);
    });
    assert_eq!((401, "unauthorized"), (answer.status, answer.code()), "{}", answer.text);
    let newest = &daemon.audit()[0];
    assert_eq!((json!("agent:bot"), json!("denied")), (newest["actor"].clone(), newest["outcome"].clone()));
}

#[test]
fn rights_that_were_taken_while_a_request_arrives_are_gone() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    assert_eq!(200, resolved_amid(&daemon, &token, || ()).status);
    let answer = resolved_amid(&daemon, &token, || {
        let grants = json!([{ "names": ["b"], "actions": ["decrypt"] }]);
        assert_eq!(200, daemon.http("PUT", "/vault/agents/bot", json!({ "grants": grants })).status);
    });
    assert_eq!(401, answer.status);
}

#[test]
fn a_rekey_while_a_request_arrives_takes_no_rights() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    let answer = resolved_amid(&daemon, &token, || {
        let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": "another key of some length" }));
        assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    });
    assert_eq!(200, answer.status, "{}", answer.text);
    assert_eq!(200, ask(&daemon, &token, ("GET", "/vault/resolve/a"), &NONE).status);
}

#[test]
fn what_an_agent_asked_of_a_locked_vault_is_in_the_log_after_the_unlock() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    assert_eq!(200, daemon.http("POST", "/vault/lock", NONE).status);
    for _ in 0..3 {
        assert_eq!("locked", ask(&daemon, &token, ("GET", "/vault/resolve/a"), &NONE).code());
    }
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    let log = daemon.audit();
    let refused = log.iter().find(|entry| entry["metadata"]["method"] == "token").unwrap();
    assert_eq!(
        (json!("denied"), json!(3)),
        (refused["outcome"].clone(), refused["metadata"]["count"].clone())
    );
}

#[test]
fn a_trigger_that_somebody_planted_brings_no_agent_back() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    daemon.stop();
    for trigger in [
        "back AFTER DELETE ON agent BEGIN INSERT INTO agent VALUES (old.name, old.revision, old.sealed); END",
        "unseen BEFORE INSERT ON audit WHEN new.action = 'decrypt' BEGIN SELECT RAISE(IGNORE); END",
    ] {
        home.database().execute_batch(&format!("CREATE TRIGGER {trigger}")).unwrap();
    }
    let daemon = Daemon::start(&home);
    assert_eq!(200, ask(&daemon, &token, ("GET", "/vault/resolve/a"), &NONE).status);
    assert_eq!((json!("decrypt"), json!("agent:bot")), {
        let newest = &daemon.audit()[0];
        (newest["action"].clone(), newest["actor"].clone())
    });
    assert_eq!(200, daemon.http("DELETE", "/vault/agents/bot", NONE).status);
    assert_eq!(401, ask(&daemon, &token, ("GET", "/vault/resolve/a"), &NONE).status);
    assert_eq!(json!(true), daemon.get("/vault/audit-log/verify")["intact"]);
}

#[test]
fn an_agent_is_revoked_though_the_table_was_touched_meanwhile() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    home.sql("INSERT INTO agent (name, revision, sealed) VALUES ('junk', 1, x'00')");
    let revoked = daemon.http("DELETE", "/vault/agents/bot", NONE);
    assert_eq!(200, revoked.status, "{}", revoked.text);
    assert_eq!(401, ask(&daemon, &token, ("GET", "/vault/resolve/a"), &NONE).status);
}

#[test]
fn what_an_agent_is_refused_again_and_again_does_not_fill_the_log() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let token = agent(&daemon, "bot", &["create"], &["a"]);
    let create = json!({ "jsonrpc": "2.0", "id": 2, "method": "vault.create", "params": { "name": "a", "value": "b" } });
    let before = daemon.audit().len();
    let refused = stream(&daemon, &token, &format!("{create}\n").repeat(200));
    assert!(refused.iter().all(|one| one["error"]["data"]["code"] == "conflict"), "{}", refused[0]);
    let written = daemon.audit().len() - before;
    assert!(written < 150, "{written} of 200 refusals have an entry of their own");
    let long = json!({ "name": "a", "value": "b", "createdBy": "x".repeat(257) });
    let answer = ask(&daemon, &token, ("POST", "/vault/secrets"), &long);
    assert_eq!(400, answer.status);
    assert!(answer.error().contains("createdBy"), "{}", answer.text);
}

#[test]
fn tokens_that_are_guessed_at_do_not_fill_the_log() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let guess = request("amv_guess", ("GET", "/vault/status"), &NONE);
    let mut open: Vec<_> = (0..100).map(|_| connect(daemon.socket())).collect();
    for connection in &mut open {
        connection.write_all(guess.as_bytes()).unwrap();
        connection.shutdown(Shutdown::Write).unwrap();
    }
    let refused = wait_for("a guess that is refused at once", || {
        let mut answer = Vec::new();
        open.pop().unwrap().read_to_end(&mut answer).unwrap();
        Some(parse(&answer).status).filter(|status| *status == 429)
    });
    assert_eq!(429, refused);
    let denied = daemon.audit().iter().filter(|entry| entry["outcome"] == "denied").count();
    assert!(denied < 80, "{denied} of 100 guesses have an entry of their own");
}

#[test]
fn an_answer_has_a_limit() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("large", &"x".repeat(1024 * 1024));
    let token = agent(&daemon, "bot", &["decrypt"], &["large"]);
    let many = |times: usize| json!({ "names": vec!["large"; times] });
    let answer = ask(&daemon, &token, ("POST", "/vault/resolve"), &many(17));
    assert_eq!((413, "too_large"), (answer.status, answer.code()), "{}", answer.text);
    let call =
        |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "vault.resolveMany", "params": many(9) });
    let answers = stream(&daemon, &token, &json!([call(1), call(2)]).to_string()).remove(0);
    for answer in answers.as_array().unwrap() {
        assert_eq!(9, answer["result"]["values"].as_array().unwrap().len(), "a batch is no single answer");
    }
}

#[test]
fn rotate_all_of_an_agent_reads_what_it_may_rotate() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("mine", "value");
    daemon.create("other", "value");
    let token = agent(&daemon, "bot", &["rotate"], &["mine"]);
    let answer = ask(&daemon, &token, ("POST", "/vault/rotate-all"), &json!({}));
    assert_eq!((200, json!(1)), (answer.status, answer.body["rotated"].clone()), "{}", answer.text);
    let none = agent(&daemon, "none", &["read"], &["mine"]);
    assert_eq!(json!(0), ask(&daemon, &none, ("POST", "/vault/rotate-all"), &json!({})).body["rotated"]);
}

#[test]
fn on_a_stream_of_an_agent_each_message_of_a_locked_vault_is_refused_under_its_id() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let token = agent(&daemon, "bot", &["decrypt"], &["a"]);
    let mut connection = connect(daemon.socket());
    let auth = json!({ "jsonrpc": "2.0", "id": 1, "method": "vault.auth", "params": { "token": token } });
    connection.write_all(format!("{auth}\n").as_bytes()).unwrap();
    let mut first = [0; 16];
    connection.read_exact(&mut first).unwrap();
    assert_eq!(200, daemon.http("POST", "/vault/lock", json!({})).status);
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"vault.resolve","params":{"name":"a"}}"#;
    let notification = r#"{"jsonrpc":"2.0","method":"vault.resolve","params":{"name":"a"}}"#;
    let unknown = r#"{"jsonrpc":"2.0","id":8,"method":"vault.none"}"#;
    let lines = format!("{call}\n{notification}\n[{call},{notification},{unknown}]\n{{bad\n");
    connection.write_all(lines.as_bytes()).unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let answers: Vec<Value> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let code = |answer: &Value| (answer["id"].clone(), answer["error"]["code"].clone());
    assert_eq!((json!(7), json!(-32023)), code(&answers[0]));
    assert_eq!(
        [(json!(7), json!(-32023)), (json!(8), json!(-32601))],
        [code(&answers[1][0]), code(&answers[1][1])]
    );
    assert_eq!((NONE, json!(-32700)), code(&answers[2]));
    assert_eq!(3, answers.len());
    let posted = ask(&daemon, &token, ("POST", "/rpc"), &serde_json::from_str(call).unwrap());
    assert_eq!((200, json!(7)), (posted.status, posted.body["id"].clone()), "{}", posted.text);
}

#[test]
fn a_new_token_ends_the_old_one_and_changes_nothing_else() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "value");
    let old = agent(&daemon, "bot", &["read", "decrypt"], &["a"]);
    let before = daemon.get("/vault/agents")["agents"][0].clone();
    let renewed = daemon.http("POST", "/vault/agents/bot/token", NONE);
    assert_eq!(200, renewed.status, "{}", renewed.text);
    let new = renewed.body["token"].as_str().unwrap();
    assert_eq!(401, ask(&daemon, &old, ("GET", "/vault/resolve/a"), &NONE).status);
    assert_eq!("value", ask(&daemon, new, ("GET", "/vault/resolve/a"), &NONE).body["value"]);
    let after = daemon.get("/vault/agents")["agents"][0].clone();
    for kept in ["name", "grants", "match", "expiresAt", "createdAt"] {
        assert_eq!(before[kept], after[kept], "{kept}");
    }
    let granted = daemon.audit().into_iter().find(|entry| entry["action"] == "grant").unwrap();
    assert_eq!(
        (json!("bot"), json!("new")),
        (granted["metadata"]["agent"].clone(), granted["metadata"]["token"].clone())
    );
    assert!(!daemon.audit().iter().any(|entry| entry.to_string().contains(new)));
    assert_eq!(404, daemon.http("POST", "/vault/agents/stranger/token", NONE).status);
    assert_eq!(403, ask(&daemon, new, ("POST", "/vault/agents/bot/token"), &NONE).status);
}
