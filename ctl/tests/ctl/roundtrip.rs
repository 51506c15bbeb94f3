//! Any value, by every way in and every way out: it comes out as it went in, or the way refuses it by name.

use std::cell::Cell;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use vault_testkit::{NONE, Run, TestEnvironment, encoded, wire};

use crate::mcp::Server;
use crate::run::path;

/// How many values are tried; each takes some thirty programs.
const VALUES: u32 = 6;
/// The longest value that is tried, in bytes.
const LONGEST: usize = 64 * 1024;
/// The fewest bytes of a value that is masked.
const SHORTEST: usize = 6;
/// The variable of the ways out that need one, and the name of the secret that they read.
const VARIABLE: &str = "ODD_VALUE";

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

/// Stores the value under a name.
type In = fn(&Room<'_>, &str);

const INS: [(&str, In); 11] = [
    ("set from stdin", |room, name| drop(room.ctl_with(&["set", name, "--exact"], &room.value).succeeded())),
    ("set from a file", |room, name| {
        let file = room.file("value", &room.value);
        room.ctl(&["set", name, "--exact", "--value-file", &file]).succeeded();
    }),
    ("set again", |room, name| {
        room.another(name);
        room.ctl_with(&["set", name, "--exact"], &room.value).succeeded();
    }),
    ("add", |room, name| {
        let file = room.file("value", &room.value);
        room.ctl(&["add", name, "--exact", "--value-file", &file]).succeeded();
    }),
    ("import json", |room, name| {
        let file = room.file("values.json", &json!({ name: room.value }).to_string());
        room.ctl(&["import", "json", &file]).succeeded();
    }),
    ("import dotenv", |room, name| {
        let file = room.file("values.env", &format!("IMPORTED={}\n", in_dotenv(&room.value)));
        room.ctl(&["import", "dotenv", &file, "--only", "*"]).succeeded();
        let stored = room.http("GET", &format!("/vault/resolve/IMPORTED?orgId={}", room.org), &NONE);
        let body = json!({ "orgId": room.org, "name": name, "value": stored["value"] });
        room.http("POST", "/vault/secrets", &body);
        room.http("DELETE", &format!("/vault/secrets?name=IMPORTED&orgId={}", room.org), &NONE);
    }),
    ("HTTP", |room, name| {
        room.http("POST", "/vault/secrets", &json!({ "orgId": room.org, "name": name, "value": room.value }));
    }),
    ("HTTP, an update", |room, name| {
        let id = room.another(name);
        room.http("PUT", &format!("/vault/secrets/{id}"), &json!({ "value": room.value }));
    }),
    ("JSON-RPC", |room, name| {
        room.rpc("vault.create", json!({ "orgId": room.org, "name": name, "value": room.value }));
    }),
    ("rotate", |room, name| {
        room.ctl_with(&["set", name, "--exact"], &room.value).succeeded();
        room.ctl(&["rotate", name]).succeeded();
    }),
    ("rollback", |room, name| {
        room.ctl_with(&["set", name, "--exact"], &room.value).succeeded();
        room.ctl_with(&["set", name], "another").succeeded();
        room.ctl(&["rollback", name, "--to", "1"]).succeeded();
    }),
];

/// Writes a value between double quotes, as a person would.
fn in_dotenv(value: &str) -> String {
    let escaped = value.replace('\\', r"\\").replace('"', "\\\"").replace('\r', r"\r");
    format!("\"{escaped}\"")
}

/// Reads the value of the variable's secret; `Err` if the way says that it cannot.
type Out = fn(&Room<'_>) -> Result<String, Run>;

const OUTS: [(&str, Out); 14] = [
    ("get", |room| Ok(room.ctl(&["get", VARIABLE]).succeeded().stdout)),
    ("resolve", |room| Ok(room.ctl(&["resolve", VARIABLE]).succeeded().stdout)),
    ("HTTP", |room| {
        let found =
            room.http("GET", &format!("/vault/resolve/{VARIABLE}?orgId={}", encoded(&room.org)), &NONE);
        Ok(found["value"].as_str().unwrap().to_owned())
    }),
    ("JSON-RPC", |room| {
        let found = room.rpc("vault.resolve", json!({ "orgId": room.org, "name": VARIABLE }));
        Ok(found["value"].as_str().unwrap().to_owned())
    }),
    ("inject", |room| {
        let template = room.file("template", &format!("<{{{{ vault://{VARIABLE} }}}}>"));
        let filled = room.ctl(&["inject", "-i", &template]).succeeded().stdout;
        Ok(filled.strip_prefix('<').unwrap().strip_suffix('>').unwrap().to_owned())
    }),
    ("run --file", |room| {
        let words = ["run", "--no-mask", "--file", "F=ODD_VALUE", "--", "sh", "-c", "cat \"$F\""];
        taken(room.ctl(&words))
    }),
    ("run --env", |room| {
        let script = ["sh", "-c", "printf %s \"$V\""];
        taken(room.ctl(&[&["run", "--no-mask", "--env", "V=ODD_VALUE", "--"], &script[..]].concat()))
    }),
    ("run --env-file", |room| {
        let file = room.file("refs.env", "V=vault://ODD_VALUE\n");
        let script = ["sh", "-c", "printf %s \"$V\""];
        taken(room.ctl(&[&["run", "--no-mask", "--env-file", &file, "--"], &script[..]].concat()))
    }),
    ("env for a shell", |room| {
        let printed = taken(room.ctl(&["env", VARIABLE]))?;
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().stderr(Stdio::inherit());
        Ok(room.test.run(shell, format!("{printed}printf %s \"${VARIABLE}\"\n")).succeeded().stdout)
    }),
    ("env for a .env file", |room| {
        let printed = taken(room.ctl(&["env", VARIABLE, "--format", "dotenv"]))?;
        Ok(of_dotenv(room, &printed))
    }),
    ("env as JSON", |room| {
        let object = room.ctl(&["env", VARIABLE, "--format", "json"]).succeeded().json();
        Ok(object[VARIABLE].as_str().unwrap().to_owned())
    }),
    ("export as JSON", |room| {
        let exported = room.ctl(&["export", "--reveal"]).succeeded().json();
        let entry = exported["entries"].as_array().unwrap().iter().find(|one| one["name"] == VARIABLE);
        Ok(entry.unwrap()["value"].as_str().unwrap().to_owned())
    }),
    ("export as .env lines", |room| {
        let printed = taken(room.ctl(&["export", "--reveal", "--format", "dotenv"]))?;
        Ok(of_dotenv(room, &printed))
    }),
    ("run_command of MCP", |room| {
        // What it prints is masked, but for its sum.
        let asked = json!({ "command": ["sh", "-c", "printf %s \"$V\" | cksum"], "env": { "V": VARIABLE } });
        let answer = Server::start_as(room.command(&["mcp"])).try_call("run_command", &asked);
        if answer["isError"] == true {
            let words = answer["content"][0]["text"].as_str().unwrap().to_owned();
            return Err(Run { code: Some(2), stdout: String::new(), stderr: words });
        }
        let sum = room.test.run(Command::new("cksum"), &room.value).succeeded().stdout;
        assert_eq!(json!(sum), answer["structuredContent"]["stdout"]);
        Ok(room.value.clone())
    }),
];

/// Takes what a program printed if it succeeded.
fn taken(run: Run) -> Result<String, Run> {
    if run.code == Some(0) { Ok(run.stdout) } else { Err(run) }
}

/// Has a command read the lines of a `.env` file.
fn of_dotenv(room: &Room<'_>, lines: &str) -> String {
    let file = room.file("out.env", lines);
    let script = format!("printf %s \"${VARIABLE}\"");
    room.ctl(&["run", "--no-mask", "--env-file", &file, "--", "sh", "-c", &script]).succeeded().stdout
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

/// Stores a value by every way in, and reads what was stored by every way out.
fn goes_in_and_out(room: &Room<'_>) {
    for (way, store) in INS {
        store(room, VARIABLE);
        let found = room.http("GET", &format!("/vault/resolve/{VARIABLE}?orgId={}", room.org), &NONE);
        assert_eq!(room.value, found["value"].as_str().unwrap(), "by {way}");
        room.http("DELETE", &format!("/vault/secrets?name={VARIABLE}&orgId={}", room.org), &NONE);
    }
    room.http("POST", "/vault/secrets", &json!({ "orgId": room.org, "name": VARIABLE, "value": room.value }));
    let carries_nul =
        ["get", "resolve", "HTTP", "JSON-RPC", "inject", "run --file", "env as JSON", "export as JSON"];
    for (way, read) in OUTS {
        match read(room) {
            Ok(value) => assert_eq!(room.value, value, "by {way}"),
            Err(run) => {
                assert!(!carries_nul.contains(&way), "{way}: {run}");
                let is_dotenv = way.contains(".env ") && !way.starts_with("run");
                // An agent gets nothing that is too short to be masked.
                let is_short = way.ends_with("MCP") && room.value.len() < SHORTEST;
                assert!(is_dotenv || is_short || room.value.contains('\0'), "{way}: {run}");
                let named = run.stderr.contains(VARIABLE) || run.stderr.contains("for V ");
                assert!(run.code != Some(0) && run.stdout.is_empty() && named, "{way}: {run}");
            }
        }
    }
}
