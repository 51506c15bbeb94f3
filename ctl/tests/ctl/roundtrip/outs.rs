//! Every way by which a program gets a value.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vault_testkit::{NONE, Run, encoded};

use super::{OF_PLATFORM, Room, VARIABLE};
use crate::mcp::Server;

/// Reads the value of the variable's secret; `Err` if the way says that it cannot.
type Out = fn(&Room<'_>) -> Result<String, Run>;

pub(super) const OUTS: [(&str, Out); 22] = [
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
    ("HTTP, by its id", |room| {
        let list = room.http("GET", &format!("/vault/secrets?name={VARIABLE}&orgId={}", room.org), &NONE);
        let id = list["secrets"][0]["id"].as_str().unwrap();
        Ok(room.http("GET", &format!("/vault/secrets/{id}"), &NONE)["value"].as_str().unwrap().to_owned())
    }),
    ("HTTP, one of many", |room| {
        let found = room.http("POST", "/vault/resolve", &json!({ "orgId": room.org, "names": [VARIABLE] }));
        Ok(found["values"][0]["value"].as_str().unwrap().to_owned())
    }),
    ("HTTP, an export", |room| {
        let found = room.http("POST", "/vault/export", &json!({ "orgId": room.org }));
        Ok(found["entries"][0]["value"].as_str().unwrap().to_owned())
    }),
    ("JSON-RPC on a stream", |room| {
        let found = room.stream("vault.resolve", json!({ "orgId": room.org, "name": VARIABLE }));
        Ok(found["value"].as_str().unwrap().to_owned())
    }),
    ("get for programs", |room| {
        let found = room.ctl(&["get", VARIABLE, "--json"]).succeeded().json();
        Ok(found["value"].as_str().unwrap().to_owned())
    }),
    ("inject into a file", |room| {
        let template = room.file("template", &format!("{{{{ vault://{VARIABLE} }}}}"));
        let output = room.file("filled", "");
        room.ctl(&["inject", "-i", &template, "-o", &output]).succeeded();
        Ok(std::fs::read_to_string(output).unwrap())
    }),
    ("export into a file", |room| {
        let output = room.file("exported", "");
        room.ctl(&["export", "--reveal", "--force", "-o", &output]).succeeded();
        let exported: Value = serde_json::from_str(&std::fs::read_to_string(output).unwrap()).unwrap();
        Ok(exported["entries"][0]["value"].as_str().unwrap().to_owned())
    }),
    ("run --skill", |room| {
        let body = json!({ "orgId": room.org, "name": OF_PLATFORM, "value": room.value });
        room.http("POST", "/vault/secrets", &body);
        let script = format!("printf %s \"${VARIABLE}\"");
        let run = room.ctl(&["run", "--no-mask", "--skill", "odd", "--", "sh", "-c", &script]);
        room.http("DELETE", &format!("/vault/secrets?name={OF_PLATFORM}&orgId={}", room.org), &NONE);
        taken(run)
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
        of_dotenv(room, &printed)
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
        of_dotenv(room, &printed)
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
fn of_dotenv(room: &Room<'_>, lines: &str) -> Result<String, Run> {
    let file = room.file("out.env", lines);
    let script = format!("printf %s \"${VARIABLE}\"");
    taken(room.ctl(&["run", "--no-mask", "--env-file", &file, "--", "sh", "-c", &script]))
}
