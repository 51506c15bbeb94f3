//! The MCP server as an agent's program meets it: lines of JSON-RPC on its stdin and stdout.

mod answers;
mod arguments;
mod ending;
mod progress;
mod versions;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::run::{path, with_key};
use vault_testkit::TestEnvironment;

const MASK: &str = "[vault:key]";

/// A server that was greeted.
pub(crate) struct Server {
    child: Child,
    /// Closed when it is taken.
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    next: u64,
    /// What judges the answers of each tool, as the tool describes them.
    judges: BTreeMap<String, Validator>,
}

impl Server {
    pub(crate) fn start(test: &TestEnvironment) -> Self {
        Self::start_with(test, &["mcp"])
    }

    fn start_with(test: &TestEnvironment, arguments: &[&str]) -> Self {
        let mut command = test.command(arguments);
        command.env("PATH", path());
        Self::start_as(command)
    }

    /// Starts it by a prepared command.
    pub(crate) fn start_as(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines = BufReader::new(stdout).lines();
        let mut server = Self { child, stdin: Some(stdin), lines, next: 1, judges: BTreeMap::new() };
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        assert_eq!("agenticmail-vault", server.ask("initialize", &hello)["serverInfo"]["name"]);
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        for tool in server.ask("tools/list", &json!({}))["tools"].as_array().unwrap() {
            let judge = jsonschema::validator_for(&tool["outputSchema"]);
            server.judges.extend(judge.ok().map(|judge| (tool["name"].as_str().unwrap().to_owned(), judge)));
        }
        server
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Asks for something and leaves the answer for later.
    fn begin(&mut self, method: &str, params: &Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Reads the next answer.
    fn answer(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.begin(method, params);
        let answer = self.answer();
        assert_eq!(json!(id), answer["id"], "{answer}");
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool, and returns its result, which may be an error.
    #[track_caller]
    pub(crate) fn try_call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// Calls a tool that does what is asked, and answers as it says that it does.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.try_call(tool, arguments);
        assert_ne!(json!(true), result["isError"], "{result}");
        self.judges[tool]
            .validate(&result["structuredContent"])
            .unwrap_or_else(|error| panic!("{error}: {result}"));
        assert_eq!(result["structuredContent"].to_string(), result["content"][0]["text"].as_str().unwrap());
        result["structuredContent"].clone()
    }

    /// Calls a tool that refuses, and gives its words.
    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        assert_eq!(json!(true), result["isError"], "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_tools_are_listed_with_their_schemas() {
    let test = TestEnvironment::empty();
    let tools = Server::start(&test).ask("tools/list", &json!({}))["tools"].clone();
    let tools = tools.as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(
        ["list_secrets", "discover_secrets", "describe_secret", "request_secret", "run_command"],
        *names
    );
    assert!(tools.iter().all(|tool| tool["inputSchema"]["type"] == "object"), "{tools:?}");
}

#[test]
fn secrets_are_listed_discovered_and_described_without_a_value() {
    let test = with_key();
    test.ctl_with(&["set", "skill:openai:access_token"], "sk-1234567890").succeeded();
    let mut server = Server::start(&test);
    let listed = server.call("list_secrets", &json!({}));
    let found = server.call("discover_secrets", &json!({"platform": "openai"}));
    let described = server.call("describe_secret", &json!({"name": "openai"}));
    assert_eq!(json!(2), listed["total"]);
    assert_eq!(json!("OPENAI_API_KEY"), found["platforms"][0]["fields"][0]["env"]);
    assert_eq!(json!("skill:openai:access_token"), described["name"]);
    for answer in [listed, found, described] {
        assert!(!answer.to_string().contains("sk-"), "{answer}");
    }
}

#[test]
fn a_command_gets_secrets_and_its_output_is_masked() {
    let test = with_key();
    let script = "echo ${#SECRET} $SECRET; echo $SECRET >&2; cat; exit 3";
    let asked = json!({"command": ["sh", "-c", script], "env": {"SECRET": "key"}, "stdin": "given"});
    let ran = Server::start(&test).call("run_command", &asked);
    assert_eq!(json!(format!("48 {MASK}\ngiven")), ran["stdout"]);
    assert_eq!(json!(format!("{MASK}\n")), ran["stderr"]);
    assert_eq!((&json!(3), &json!(false)), (&ran["exitCode"], &ran["timedOut"]));
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_what_it_started() {
    let test = with_key();
    let asked = json!({"command": ["sh", "-c", "echo on; sleep 60 & sleep 60"], "timeoutSeconds": 1});
    let ran = Server::start(&test).call("run_command", &asked);
    assert_eq!(
        (&json!("on\n"), &json!(true), &json!(15)),
        (&ran["stdout"], &ran["timedOut"], &ran["signal"])
    );
}

#[test]
fn long_output_is_cut_in_its_middle() {
    let test = with_key();
    let mut server = Server::start(&test);
    for (asked, least, most) in [
        (json!({"command": ["seq", "200000"]}), 32_768, 32_900),
        (json!({"command": ["seq", "200000"], "maxOutputBytes": 262_144}), 262_144, 262_300),
        (json!({"command": ["seq", "200000"], "maxOutputBytes": "100"}), 100, 200),
        (json!({"command": ["sh", "-c", "seq 200000; seq 200000 >&2"]}), 16_384, 16_500),
    ] {
        let ran = server.call("run_command", &asked);
        let stdout = ran["stdout"].as_str().unwrap();
        assert!(stdout.starts_with("1\n2\n") && stdout.ends_with("\n200000\n"), "{}", stdout.len());
        assert!(stdout.contains(" bytes left out; maxOutputBytes "), "{stdout}");
        assert!((least..most).contains(&stdout.len()), "{}", stdout.len());
        assert_eq!(json!(true), ran["cut"]);
    }
    let words = server.refused("run_command", &json!({"command": ["true"], "maxOutputBytes": 262_145}));
    assert!(words.starts_with("`maxOutputBytes` is to be an integer from 1 to 262144; "), "{words}");
}

#[test]
fn a_value_that_could_not_be_masked_is_not_used() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "pin"], "1234").succeeded();
    let asked = json!({"command": ["sh", "-c", "echo $PIN"], "env": {"PIN": "pin"}});
    let words = Server::start(&test).refused("run_command", &asked);
    assert!(words.contains("too short to be masked") && !words.contains("1234"), "{words}");
}

#[test]
fn a_missing_secret_is_refused_in_words() {
    let asked = json!({"command": ["true"], "env": {"A": "nowhere"}});
    let words = Server::start(&with_key()).refused("run_command", &asked);
    assert!(words.starts_with("there is no secret `nowhere`\nhint: "), "{words}");
}

#[test]
fn a_platform_passes_what_its_preset_names_and_a_warning_names_the_rest() {
    let test = TestEnvironment::served();
    for (name, value) in [
        ("skill:twilio:account_sid", "AC0123456789"),
        ("skill:twilio:access_token", "1234"),
        ("skill:twilio:base_url", "https://evil.example"),
        ("skill:github:access_token", "ghp_0123456789"),
    ] {
        test.ctl_with(&["set", name], value).succeeded();
    }
    let script =
        "echo ${#TWILIO_ACCOUNT_SID} ${#TWILIO_AUTH_TOKEN} ${#TWILIO_BASE_URL} ${#GITHUB_TOKEN} ${#GH_TOKEN}";
    let asked = json!({"command": ["sh", "-c", script], "skills": ["twilio", "github"]});
    let ran = Server::start(&test).call("run_command", &asked);
    assert_eq!(json!("12 0 0 14 14\n"), ran["stdout"]);
    let warning = ran["warning"].as_str().unwrap();
    assert!(
        warning.contains("skill:twilio:access_token") && warning.contains("skill:twilio:base_url"),
        "{warning}"
    );
}

#[test]
fn asking_for_a_secret_gives_a_command_and_changes_nothing() {
    let test = TestEnvironment::served();
    let mut server = Server::start(&test);
    let asked = server.call("request_secret", &json!({"name": "stripe", "reason": "to list charges"}));
    assert_eq!(json!("vaultctl add stripe"), asked["command"]);
    let asked = server.call("request_secret", &json!({"name": "skill:stripe:webhook_secret"}));
    assert_eq!(json!("vaultctl set skill:stripe:webhook_secret"), asked["command"]);
    assert_eq!(json!(0), server.call("list_secrets", &json!({}))["total"]);
}

#[test]
fn a_name_that_a_shell_would_obey_is_not_written_into_a_command() {
    let words =
        Server::start(&TestEnvironment::empty()).refused("request_secret", &json!({"name": "a; rm -rf ~"}));
    assert!(words.contains("a shell takes for something else") && !words.contains("rm -rf"), "{words}");
}

#[test]
fn arguments_of_another_form_are_refused_and_not_repeated() {
    let words =
        Server::start(&TestEnvironment::empty()).refused("describe_secret", &json!({"value": "sk-1234"}));
    assert!(!words.contains("sk-1234"), "{words}");
}

#[test]
fn the_server_ends_with_its_stdin() {
    let test = TestEnvironment::empty();
    let mut command = test.command(&["mcp"]);
    let output = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(Some(2), output.status.code(), "{}", String::from_utf8_lossy(&output.stderr));
}
