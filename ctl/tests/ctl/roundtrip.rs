//! Any value, by every way in and every way out: it comes out as it went in, or the way refuses it by name.

mod ins;
mod outs;

use std::cell::Cell;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use vault_testkit::{NONE, Run, TestEnvironment, wire};

use crate::run::path;
use ins::INS;
use outs::OUTS;

/// How many values are tried; each takes some seventy programs.
const VALUES: u32 = 6;
/// The longest value that is tried, in bytes.
const LONGEST: usize = 64 * 1024;
/// The longest value that can be stored, in bytes.
const MIB: usize = 1024 * 1024;
/// What a variable of a program has no room for, with its name, in bytes.
const TOO_LONG: usize = 128 * 1024;
/// The fewest bytes of a value that is masked.
const SHORTEST: usize = 6;
/// The variable of the ways out that need one, and the name of the secret that they read.
const VARIABLE: &str = "ODD_VALUE";

/// The name of a platform's secret that goes into the same variable.
const OF_PLATFORM: &str = "skill:odd:value";

/// A vault with an org of its own for one value.
struct Room<'t> {
    test: &'t TestEnvironment,
    org: String,
    value: String,
}

impl Room<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.test.command(&[&["--org", &self.org], words].concat());
        command.env("PATH", path());
        command
    }

    fn ctl(&self, words: &[&str]) -> Run {
        self.ctl_with(words, "")
    }

    fn ctl_with(&self, words: &[&str], input: &str) -> Run {
        self.test.run(self.command(words), input)
    }

    /// Writes a file, and returns its path.
    fn file(&self, name: &str, text: &str) -> String {
        self.test.write(name, text).to_str().unwrap().to_owned()
    }

    fn http(&self, verb: &str, target: &str, body: &Value) -> Value {
        let answer = wire::http(&self.test.path("vault.sock"), verb, target, body);
        assert!((200..300).contains(&answer.status), "{verb} {target}: {}", answer.status);
        answer.body
    }

    /// Asks on the stream.
    fn stream(&self, method: &str, params: Value) -> Value {
        let line = format!("{}\n", wire::message(method, params));
        let answer: Value =
            serde_json::from_slice(&wire::exchange(&self.test.path("vault.sock"), line.as_bytes())).unwrap();
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = self.http("POST", "/rpc", &wire::message(method, params));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Stores another value, and returns the secret's id.
    fn another(&self, name: &str) -> String {
        let body = json!({ "orgId": self.org, "name": name, "value": "another" });
        self.http("POST", "/vault/secrets", &body)["entry"]["id"].as_str().unwrap().to_owned()
    }
}

/// Values of any characters: ordinary ones, those that mean something to shells and files, and long ones.
fn values() -> impl Strategy<Value = String> {
    let signs = "['\"`$\\\\#=\\n\\r\\t \\u{0}\\u{1b}\\u{feff}\\u{2028}\\u{85}{}a-f\\u{e9}\\u{1f511}]{1,60}";
    let long = ("[\\PC\\n\\r'\"\\\\]{1,40}", 1..=LONGEST).prop_map(|(text, length)| {
        let text = text.repeat(length / text.len() + 1);
        text[..text.floor_char_boundary(length).max(text.ceil_char_boundary(1))].to_owned()
    });
    // A mark in front is no part of a value for most ways in.
    let any = prop_oneof![any::<String>(), signs, long];
    any.prop_map(|text| text.trim_start_matches('\u{feff}').to_owned())
        .prop_filter("a value has a byte", |text| !text.is_empty())
}

#[test]
fn any_value_comes_out_by_every_way_as_it_went_in_by_any_or_is_refused_by_name() {
    let test = TestEnvironment::served();
    let cases = Cell::new(0);
    let config =
        Config { cases: VALUES, max_shrink_iters: 16, failure_persistence: None, ..Config::default() };
    let ended = TestRunner::new(config).run(&values(), |value| {
        cases.set(cases.get() + 1);
        goes_in_and_out(&Room { test: &test, org: format!("org-{}", cases.get()), value });
        Ok(())
    });
    ended.unwrap();
}

#[test]
fn what_no_variable_holds_is_refused_by_name_and_comes_out_by_the_other_ways() {
    let test = TestEnvironment::served();
    for (number, value) in ["a\0b", "\0", "it's \"$5\"\r\n", "a\u{feff}"].into_iter().enumerate() {
        let room = Room { test: &test, org: format!("org-{number}"), value: value.to_owned() };
        goes_in_and_out(&room);
    }
}

#[test]
fn a_mebibyte_of_what_is_escaped_comes_out_by_every_way_as_it_went_in_by_any() {
    let test = TestEnvironment::served();
    let value = "\u{1}\"\\\n".repeat(MIB / 4);
    goes_in_and_out(&Room { test: &test, org: "org".to_owned(), value });
}

/// Stores a value by every way in, and reads what was stored by every way out.
fn goes_in_and_out(room: &Room<'_>) {
    for (way, store) in INS {
        store(room, VARIABLE);
        let found = room.http("GET", &format!("/vault/resolve/{VARIABLE}?orgId={}", room.org), &NONE);
        assert!(room.value == found["value"].as_str().unwrap(), "by {way}");
        room.http("DELETE", &format!("/vault/secrets?name={VARIABLE}&orgId={}", room.org), &NONE);
    }
    room.http("POST", "/vault/secrets", &json!({ "orgId": room.org, "name": VARIABLE, "value": room.value }));
    let needs_variable = ["run --env", "run --skill", "env for", ".env lines", "MCP"];
    for (way, read) in OUTS {
        match read(room) {
            Ok(value) => assert!(room.value == value, "by {way}"),
            Err(run) => {
                assert!(needs_variable.iter().any(|variable| way.contains(variable)), "{way}: {run}");
                let is_dotenv = way.contains(".env ") && !way.starts_with("run");
                // An agent gets nothing that is too short to be masked.
                let is_short = way.ends_with("MCP") && room.value.len() < SHORTEST;
                let is_long = room.value.len() >= TOO_LONG && way != "env for a shell";
                assert!(is_dotenv || is_short || is_long || room.value.contains('\0'), "{way}: {run}");
                let named = [VARIABLE, OF_PLATFORM, "for V "].iter().any(|name| run.stderr.contains(name));
                assert!(run.code != Some(0) && run.stdout.is_empty() && named, "{way}: {run}");
            }
        }
    }
}
