//! Signs of life of a call that takes long.

use serde_json::{Value, json};

use super::Server;
use crate::run::with_key;
use vault_testkit::TestEnvironment;

/// A command that waits until something is written into its pipe.
const WAITS: [&str; 3] = ["sh", "-c", "cat pipe"];

/// Begins a call of a command that waits.
fn begun(test: &TestEnvironment, server: &mut Server, about: &Value) -> u64 {
    let pipe = test.home().parent().unwrap().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let asked = json!({"name": "run_command", "arguments": {"command": WAITS}, "_meta": about});
    server.begin("tools/call", &asked)
}

/// Lets the command end.
fn end(test: &TestEnvironment) {
    let pipe = test.home().parent().unwrap().join("pipe");
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().write(true).open(pipe).unwrap(), b"on\n")
        .unwrap();
}

#[test]
fn a_call_that_goes_on_says_so_under_its_token_and_not_after_its_answer() {
    for token in [json!("t"), json!(7)] {
        let test = with_key();
        let mut server = Server::start(&test);
        let id = begun(&test, &mut server, &json!({"progressToken": token}));
        let signs = [server.answer(), server.answer()];
        for sign in &signs {
            assert_eq!(
                (&json!("notifications/progress"), &token),
                (&sign["method"], &sign["params"]["progressToken"])
            );
        }
        let progress = signs.each_ref().map(|sign| sign["params"]["progress"].as_u64().unwrap());
        assert!(0 < progress[0] && progress[0] < progress[1], "{progress:?}");
        end(&test);
        let mut answer = server.answer();
        // One that was on its way when the command ended comes before the answer.
        while answer["method"] == "notifications/progress" {
            answer = server.answer();
        }
        assert_eq!(
            (&json!(id), &json!("on\n")),
            (&answer["id"], &answer["result"]["structuredContent"]["stdout"])
        );
        assert_eq!(json!({}), server.ask("ping", &json!({})));
    }
}

#[test]
fn a_call_without_a_token_or_with_none_that_is_one_says_nothing() {
    for about in [json!({}), json!({"progressToken": null}), json!({"progressToken": {}})] {
        let test = with_key();
        let mut server = Server::start(&test);
        let id = begun(&test, &mut server, &about);
        // Another call, which has one, has said twice that it goes on: the first would have, too.
        let other = json!({"name": "run_command", "arguments": {"command": ["sleep", "600"]}, "_meta": {"progressToken": "o"}});
        let other = server.begin("tools/call", &other);
        for sign in [server.answer(), server.answer()] {
            assert_eq!(json!("o"), sign["params"]["progressToken"]);
        }
        server.send(
            &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": other}}),
        );
        end(&test);
        let mut answer = server.answer();
        while answer["params"]["progressToken"] == "o" {
            answer = server.answer();
        }
        assert_eq!(json!(id), answer["id"]);
    }
}
