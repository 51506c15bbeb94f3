//! What every command prints with `--json`: as the schema says, and the same from one version to the next.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use vault_testkit::TestEnvironment;

/// What is another each time, or on another machine.
const VARYING: [&str; 29] = [
    "id",
    "entryId",
    "vaultEntryId",
    "createdAt",
    "versionCreatedAt",
    "updatedAt",
    "rotatedAt",
    "madeAt",
    "createdBy",
    "actor",
    "peer",
    "mac",
    "head",
    "token",
    "recoveryKey",
    "newKey",
    "bytes",
    "uptimeSeconds",
    "memory",
    "mode",
    "owner",
    "group",
    "ptraceScope",
    "warnings",
    "findings",
    "enabled",
    "state",
    "url",
    "port",
];

/// A vault on which commands are tried, and what each of them printed.
struct Trial {
    test: TestEnvironment,
    schema: Value,
    printed: BTreeMap<String, String>,
}

impl Trial {
    fn new() -> Self {
        let test = TestEnvironment::empty();
        let schema = test.ctl(&["schema"]).succeeded().json();
        Self { test, schema, printed: BTreeMap::new() }
    }

    /// Runs a command, judges what it prints by the definition under this name, and keeps it.
    #[track_caller]
    fn prints(&mut self, shape: &str, arguments: &[&str]) -> Value {
        self.prints_after(shape, arguments, "")
    }

    /// Does the same with something piped in.
    #[track_caller]
    fn prints_after(&mut self, shape: &str, arguments: &[&str], input: &str) -> Value {
        let run = self.test.ctl_with(&[arguments, &["--json"]].concat(), input);
        let printed: serde_json::Result<Value> = serde_json::from_str(&run.stdout);
        assert!(printed.is_ok(), "{arguments:?}: {run}");
        let printed = printed.unwrap();
        self.keep(shape, arguments, &printed);
        printed
    }

    #[track_caller]
    fn keep(&mut self, shape: &str, arguments: &[&str], printed: &Value) {
        self.judge(shape, printed);
        let mut stable = printed.clone();
        redact(&mut stable);
        let folder = self.test.home().parent().unwrap().display().to_string();
        let text = format!("$ vaultctl {}\n{stable:#}\n", arguments.join(" ")).replace(&folder, "FOLDER");
        let home = format!("{folder}/home");
        let text = text.replace(&home, "HOME").replace("FOLDER/home", "HOME");
        self.printed.entry(shape.to_owned()).or_default().push_str(&text);
    }

    /// Judges JSON by the definition under a name.
    #[track_caller]
    fn judge(&self, shape: &str, printed: &Value) {
        let mut schema = self.schema.clone();
        schema["$ref"] = json!(format!("#/$defs/{shape}"));
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> = validator.iter_errors(printed).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{shape}: {faults:?} in {printed:#}");
    }

    /// Lists the commands that the schema defines.
    fn defined(&self) -> Vec<String> {
        let names = self.schema["$defs"].as_object().unwrap().keys();
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).cloned().collect()
    }
}

/// Puts a key's name in the place of what varies.
fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => {
            for (key, field) in fields {
                let is_program = key == "version" && field.is_string();
                if VARYING.contains(&key.as_str()) || is_program {
                    *field = json!(format!("[{key}]"));
                }
                redact(field);
            }
        }
        _ => {}
    }
}

fn state_of_the_vault(trial: &mut Trial) {
    trial.prints("init", &["init"]);
    trial.test.start();
    trial.prints("status", &["status"]);
    trial.prints("doctor", &["doctor"]);
}

fn secrets(trial: &mut Trial) {
    trial.prints("add", &["add", "single", "--generate", "12"]);
    trial.prints_after("add", &["add", "stripe"], "sk_test_1");
    trial.prints_after("set", &["set", "skill:openai:access_token"], "sk-1");
    trial.prints_after(
        "set",
        &["set", "skill:openai:access_token", "--metadata", r#"{"owner":"ada"}"#],
        "sk-2",
    );
    trial.prints("get", &["get", "openai"]);
    trial.prints("show", &["show", "openai"]);
    trial.prints("list", &["list", "--limit", "1"]);
    trial.prints("history", &["history", "skill:openai:access_token"]);
    trial.prints("rollback", &["rollback", "skill:openai:access_token", "--to", "1"]);
    trial.prints("rotate", &["rotate", "single"]);
    trial.prints("rotate", &["rotate", "--all"]);
    trial.prints("rm", &["rm", "single", "--yes"]);
}

fn platforms(trial: &mut Trial) {
    trial.prints("resolve", &["resolve", "openai", "access_token"]);
    trial.prints("resolve", &["resolve", "stripe"]);
    trial.prints("env", &["env", "openai"]);
    trial.prints("discover", &["discover"]);
    trial.prints("presets", &["presets", "openai"]);
    let all = trial.test.ctl(&["presets", "--json"]).succeeded().json();
    trial.judge("presets", &all);
    trial.prints("integrate", &["integrate", "cursor", "--dry-run"]);
}

fn agents(trial: &mut Trial) {
    trial.prints("agent-add", &["agent", "add", "bot", "--grant", "read,decrypt:skill:openai:*"]);
    trial.prints("agent-list", &["agent", "list"]);
    trial.prints("agent-show", &["agent", "show", "bot"]);
    trial.prints("agent-test", &["agent", "test", "bot", "openai", "--action", "decrypt"]);
    let all = trial.test.ctl(&["agent", "test", "bot", "--json"]).succeeded().json();
    trial.judge("agent-test", &all);
    trial.prints("agent-update", &["agent", "update", "bot", "--add-grant", "read:*"]);
    trial.prints("agent-renew-token", &["agent", "renew-token", "bot"]);
    trial.prints("agent-rm", &["agent", "rm", "bot"]);
}

fn log(trial: &mut Trial) {
    trial.prints("audit", &["audit", "--action", "create", "--limit", "1"]);
    trial.prints("audit-verify", &["audit", "verify"]);
    let export = ["audit", "export", "--action", "create"];
    let lines = trial.test.ctl(&export).succeeded().stdout;
    for line in lines.lines() {
        trial.judge("audit-export", &serde_json::from_str(line).unwrap());
    }
    trial.keep("audit-export", &export, &serde_json::from_str(lines.lines().next().unwrap()).unwrap());
    let line = first_line(trial, &["audit", "--follow", "--json", "--limit", "1"]);
    trial.judge("audit", &line);
}

fn dashboard(trial: &mut Trial) {
    let line = first_line(trial, &["ui", "--no-open", "--json"]);
    trial.keep("ui", &["ui", "--no-open"], &line);
}

/// Runs a command that does not end by itself, and reads its first line.
fn first_line(trial: &Trial, arguments: &[&str]) -> Value {
    let mut child = trial.test.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    serde_json::from_str(&line).unwrap()
}

fn keys(trial: &mut Trial) {
    let key = std::fs::read_to_string(trial.test.path(".env")).unwrap();
    let key = key.trim().strip_prefix("AGENTICMAIL_VAULT_KEY=").unwrap().to_owned();
    trial.prints("lock", &["lock"]);
    trial.prints_after("unlock", &["unlock"], &key);
    trial.prints("recovery", &["recovery"]);
    trial.prints("rekey", &["rekey", "--generate"]);
}

fn transfer(trial: &mut Trial) {
    let file = trial.test.write("settings.env", "PLAIN=a\nGITHUB_TOKEN=ghp_b\n");
    let file = file.to_str().unwrap();
    trial.prints("import", &["import", "dotenv", file, "--dry-run"]);
    trial.prints("import", &["import", "dotenv", file]);
    trial.prints("export", &["export", "--reveal"]);
    let copy = trial.test.path("copy.backup");
    let copy = copy.to_str().unwrap();
    trial.prints("backup", &["backup", copy]);
    trial.prints("backup", &["backup", "--verify", copy]);
    trial.test.stop();
    for name in ["vault.db", "head"] {
        let _ = std::fs::remove_file(trial.test.path(name));
    }
    trial.prints("restore", &["restore", copy]);
    trial.test.sql("UPDATE secret SET metadata = '{\"by\":\"hand\"}' WHERE name = 'PLAIN'");
    trial.test.start();
    trial.prints("doctor", &["doctor", "--accept-loss", "--yes"]);
}

fn search(trial: &mut Trial) {
    trial.prints_after("set", &["set", "lost"], "a-value-that-got-lost");
    let file = trial.test.write("notes", "see a-value-that-got-lost\n");
    trial.prints("scan", &["scan", file.to_str().unwrap()]);
}

fn service(trial: &mut Trial) {
    let program = trial.test.write("vaultd", "#!/bin/sh\n");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap().to_owned();
    let install = ["service", "install", "--manager", "systemd", "--no-start", "--program", &program];
    let planned = trial.test.ctl(&[&install[..], &["--dry-run", "--json"]].concat()).succeeded().json();
    trial.judge("service-install", &planned);
    trial.prints("service-install", &install);
    trial.prints("service-status", &["service", "status", "--manager", "systemd"]);
    trial.prints("service-uninstall", &["service", "uninstall", "--manager", "systemd", "--dry-run"]);
}

/// Errors of every sort go to stderr as JSON.
fn errors(trial: &mut Trial) {
    for arguments in [
        &["get", "nothing"][..],
        &["nonsense"],
        &["set"],
        &["get", "a", "--home", "/nonexistent"],
        &["export"],
        &["agent", "show", "nobody"],
    ] {
        let run = trial.test.ctl(&[arguments, &["--json"]].concat());
        assert_eq!("", run.stdout, "{arguments:?}");
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        assert!(!error["hint"].as_str().unwrap().is_empty(), "{error}");
        trial.keep("error", arguments, &error);
    }
}

#[test]
fn every_command_prints_what_the_schema_says() {
    let mut trial = Trial::new();
    for part in [state_of_the_vault, secrets, platforms, agents, log, dashboard, keys, transfer] {
        part(&mut trial);
    }
    for part in [search, service, errors] {
        part(&mut trial);
    }
    let tried: Vec<_> = trial.printed.keys().cloned().collect();
    assert_eq!(trial.defined(), tried, "every command that the schema defines is tried here");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (shape, text) in &trial.printed {
            insta::assert_snapshot!(format!("json-{shape}"), text);
        }
    });
}

#[test]
fn a_schema_that_is_not_met_is_a_failure() {
    let trial = Trial::new();
    let judged = std::panic::catch_unwind(|| trial.judge("list", &json!({ "secrets": "none" })));
    assert!(judged.is_err());
}
