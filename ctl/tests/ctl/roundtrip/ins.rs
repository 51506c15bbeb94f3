//! Every way by which a program brings a value in. A prompt takes what a keyboard has; `pass` takes a line, and what follows apart.

use serde_json::json;
use vault_testkit::{NONE, encoded};

use super::Room;

/// Stores the value under a name.
type In = fn(&Room<'_>, &str);

pub(super) const INS: [(&str, In); 25] = [
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
    ("add from stdin", |room, name| drop(room.ctl_with(&["add", name, "--exact"], &room.value).succeeded())),
    ("add, a field of a platform", |room, name| {
        let field = format!("access_token=@{}", room.file("value", &room.value));
        room.ctl(&["add", "openai", "--exact", "--field", &field]).succeeded();
        moved(room, "skill:openai:access_token", name);
    }),
    ("import json", |room, name| {
        let file = room.file("values.json", &json!({ name: room.value }).to_string());
        room.ctl(&["import", "json", &file]).succeeded();
    }),
    ("import dotenv", |room, name| {
        let file = room.file("values.env", &format!("IMPORTED={}\n", in_dotenv(&room.value)));
        room.ctl(&["import", "dotenv", &file, "--only", "*"]).succeeded();
        moved(room, "IMPORTED", name);
    }),
    ("import json, a list as export writes it", |room, name| {
        import(room, "json", &json!({ "entries": [{ "name": name, "value": room.value }] }).to_string());
    }),
    ("import bitwarden, JSON", |room, name| {
        let item = json!({ "type": 1, "name": name, "login": { "password": room.value } });
        import(room, "bitwarden", &json!({ "encrypted": false, "items": [item] }).to_string());
    }),
    ("import bitwarden, CSV", |room, name| {
        let heading = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp";
        import(room, "bitwarden", &format!("{heading}\n,,login,{name},,,0,,,{},\n", in_csv(&room.value)));
    }),
    ("import 1password, JSON", |room, name| {
        let field = json!({ "id": "password", "type": "CONCEALED", "value": room.value });
        import(room, "1password", &json!([{ "id": "1", "title": name, "fields": [field] }]).to_string());
    }),
    ("import 1password, CSV", |room, name| {
        let heading = "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes";
        import(room, "1password", &format!("{heading}\n{name},,,{},,,,,\n", in_csv(&room.value)));
    }),
    ("import lastpass", |room, name| {
        let heading = "url,username,password,totp,extra,name,grouping,fav";
        import(room, "lastpass", &format!("{heading}\n,,{},,,{name},,0\n", in_csv(&room.value)));
    }),
    ("import chrome", |room, name| {
        import(room, "chrome", &format!("name,url,username,password\n{name},,,{}\n", in_csv(&room.value)));
    }),
    ("HTTP", |room, name| {
        room.http("POST", "/vault/secrets", &json!({ "orgId": room.org, "name": name, "value": room.value }));
    }),
    ("HTTP, an update", |room, name| {
        let id = room.another(name);
        room.http("PUT", &format!("/vault/secrets/{id}"), &json!({ "value": room.value }));
    }),
    ("HTTP, an update by name", |room, name| {
        room.another(name);
        let target = format!("/vault/secrets?name={name}&orgId={}", room.org);
        room.http("PUT", &target, &json!({ "value": room.value }));
    }),
    ("HTTP, a platform", |room, name| {
        let fields = json!({ "orgId": room.org, "fields": { "access_token": room.value } });
        room.http("POST", "/vault/platforms/openai", &fields);
        moved(room, "skill:openai:access_token", name);
    }),
    ("HTTP, an import", |room, name| {
        let entry = json!({ "orgId": room.org, "name": name, "value": room.value });
        room.http("POST", "/vault/import", &json!({ "entries": [entry] }));
    }),
    ("JSON-RPC", |room, name| {
        room.rpc("vault.create", json!({ "orgId": room.org, "name": name, "value": room.value }));
    }),
    ("JSON-RPC, an update", |room, name| {
        let id = room.another(name);
        room.rpc("vault.update", json!({ "id": id, "value": room.value }));
    }),
    ("JSON-RPC on a stream", |room, name| {
        room.stream("vault.create", json!({ "orgId": room.org, "name": name, "value": room.value }));
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

/// Writes a value as a cell of a CSV.
fn in_csv(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

fn import(room: &Room<'_>, format: &str, text: &str) {
    let file = room.file("source", text);
    room.ctl(&["import", format, &file]).succeeded();
}

/// Stores under a name what came in under another one.
fn moved(room: &Room<'_>, from: &str, to: &str) {
    let stored = room.http("GET", &format!("/vault/resolve/{}?orgId={}", encoded(from), room.org), &NONE);
    let body = json!({ "orgId": room.org, "name": to, "value": stored["value"] });
    room.http("POST", "/vault/secrets", &body);
    room.http("DELETE", &format!("/vault/secrets?name={}&orgId={}", encoded(from), room.org), &NONE);
}
