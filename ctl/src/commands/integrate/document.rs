//! A client's configuration, changed in one entry and kept in every other byte.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use toml_edit::{Array, DocumentMut, Item, Table, value};

/// The table of servers in JSON, as Claude Code and Cursor have it.
const JSON_SERVERS: &str = "mcpServers";
/// The table of servers in TOML, as Codex has it.
const TOML_SERVERS: &str = "mcp_servers";

/// Why a configuration was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is not of its form.
    Unreadable,
    /// Our name stands for a server that is not ours.
    Taken,
    /// This program does not know where it is.
    NoProgram,
}

/// How our server is started.
#[derive(Debug)]
pub(super) struct Server {
    /// The program.
    pub(super) command: String,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
}

/// A configuration that was read.
pub(super) enum Document {
    Json(CstRootNode),
    Toml(DocumentMut),
}

impl Document {
    /// Reads JSON, with remarks if there are any; nothing at all is an empty object.
    pub(super) fn json(text: &str) -> Result<Self, Problem> {
        let text = if text.trim().is_empty() { "{}\n" } else { text };
        let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|_| Problem::Unreadable)?;
        root.object_value().ok_or(Problem::Unreadable)?;
        Ok(Self::Json(root))
    }

    /// Reads TOML.
    pub(super) fn toml(text: &str) -> Result<Self, Problem> {
        text.parse().map(Self::Toml).map_err(|_| Problem::Unreadable)
    }

    /// Writes it with our server in it.
    pub(super) fn with(self, name: &str, server: &Server) -> Result<String, Problem> {
        match self {
            Self::Json(root) => {
                let object = root.object_value().ok_or(Problem::Unreadable)?;
                let servers = object.object_value_or_create(JSON_SERVERS).ok_or(Problem::Unreadable)?;
                put_json(&servers, name, server)?;
                Ok(root.to_string())
            }
            Self::Toml(mut document) => {
                let servers = document.entry(TOML_SERVERS).or_insert_with(|| {
                    let mut table = Table::new();
                    table.set_implicit(true);
                    Item::Table(table)
                });
                let servers = servers.as_table_like_mut().ok_or(Problem::Unreadable)?;
                match servers.get(name) {
                    Some(old) if !is_ours(program_in_toml(old)) => return Err(Problem::Taken),
                    Some(old) if is_same_toml(old, server) => return Ok(document.to_string()),
                    _ => {}
                }
                servers.insert(name, Item::Table(toml_of(server)));
                Ok(document.to_string())
            }
        }
    }

    /// Writes it without our server.
    pub(super) fn without(self, name: &str) -> Result<String, Problem> {
        match self {
            Self::Json(root) => {
                let servers = root.object_value().and_then(|object| object.object_value(JSON_SERVERS));
                if let Some(entry) = servers.as_ref().and_then(|servers| servers.get(name)) {
                    if !is_ours(entry.object_value().and_then(|entry| program_in_json(&entry))) {
                        return Err(Problem::Taken);
                    }
                    entry.remove();
                }
                Ok(root.to_string())
            }
            Self::Toml(mut document) => {
                let servers = document.get_mut(TOML_SERVERS).and_then(Item::as_table_like_mut);
                if let Some(servers) = servers {
                    match servers.get(name) {
                        Some(old) if !is_ours(program_in_toml(old)) => return Err(Problem::Taken),
                        _ => servers.remove(name),
                    };
                }
                Ok(document.to_string())
            }
        }
    }
}

/// Tells whether a program is this one, wherever it was installed.
fn is_ours(program: Option<String>) -> bool {
    let name = program.and_then(|program| program.rsplit('/').next().map(str::to_owned));
    name.is_some_and(|name| name == "vaultctl")
}

fn put_json(servers: &CstObject, name: &str, server: &Server) -> Result<(), Problem> {
    let Some(old) = servers.get(name) else {
        servers.append(name, json_of(server));
        return Ok(());
    };
    let entry = old.object_value().ok_or(Problem::Taken)?;
    if !is_ours(program_in_json(&entry)) {
        return Err(Problem::Taken);
    }
    if !is_same_json(&entry, server) {
        old.set_value(json_of(server));
    }
    Ok(())
}

fn json_of(server: &Server) -> CstInputValue {
    let arguments = server.arguments.iter().map(|one| CstInputValue::String(one.clone())).collect();
    CstInputValue::Object(vec![
        ("type".to_owned(), CstInputValue::String("stdio".to_owned())),
        ("command".to_owned(), CstInputValue::String(server.command.clone())),
        ("args".to_owned(), CstInputValue::Array(arguments)),
    ])
}

fn text_in_json(entry: &CstObject, name: &str) -> Option<String> {
    entry.get(name)?.value()?.as_string_lit()?.decoded_value().ok()
}

fn program_in_json(entry: &CstObject) -> Option<String> {
    text_in_json(entry, "command")
}

fn is_same_json(entry: &CstObject, server: &Server) -> bool {
    let arguments = entry.array_value("args").map(|array| array.elements()).unwrap_or_default();
    let arguments = arguments.iter().map(|one| one.as_string_lit()?.decoded_value().ok());
    program_in_json(entry).as_ref() == Some(&server.command)
        && arguments.eq(server.arguments.iter().cloned().map(Some))
}

fn toml_of(server: &Server) -> Table {
    let mut table = Table::new();
    table.insert("command", value(&server.command));
    table.insert("args", value(server.arguments.iter().collect::<Array>()));
    table
}

fn program_in_toml(entry: &Item) -> Option<String> {
    Some(entry.get("command")?.as_str()?.to_owned())
}

fn is_same_toml(entry: &Item, server: &Server) -> bool {
    let arguments = entry.get("args").and_then(Item::as_array).into_iter().flatten();
    program_in_toml(entry).as_ref() == Some(&server.command)
        && arguments.map(toml_edit::Value::as_str).eq(server.arguments.iter().map(|one| Some(one.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { command: "/bin/vaultctl".into(), arguments: vec!["mcp".into()] }
    }

    const JSON: &str = "{\n  // mine\n  \"theme\" : \"dark\",\n  \"mcpServers\": {\n    \"other\": { \"url\": \"x\" }\n  },\n  \"n\": 1.0\n}\n";
    const TOML: &str = "# mine\nmodel  = 'x'\n\n[mcp_servers.other]\nurl = \"x\" # theirs\n";

    #[test]
    fn json_keeps_every_other_byte() {
        let with = Document::json(JSON).unwrap().with("v", &server()).unwrap();
        let entry = "\"other\": { \"url\": \"x\" },\n    \"v\": {\n      \"type\": \"stdio\",\n      \"command\": \"/bin/vaultctl\",\n      \"args\": [\"mcp\"]\n    }";
        assert_eq!(JSON.replace("\"other\": { \"url\": \"x\" }", entry), with);
    }

    #[test]
    fn toml_keeps_every_other_byte() {
        let with = Document::toml(TOML).unwrap().with("v", &server()).unwrap();
        assert_eq!(format!("{TOML}\n[mcp_servers.v]\ncommand = \"/bin/vaultctl\"\nargs = [\"mcp\"]\n"), with);
    }

    #[test]
    fn what_was_put_in_is_taken_out_again() {
        let json = Document::json(JSON).unwrap().with("v", &server()).unwrap();
        assert_eq!(JSON, Document::json(&json).unwrap().without("v").unwrap());
        let toml = Document::toml(TOML).unwrap().with("v", &server()).unwrap();
        assert_eq!(TOML, Document::toml(&toml).unwrap().without("v").unwrap());
    }

    #[test]
    fn putting_it_in_twice_changes_nothing() {
        let json = Document::json(JSON).unwrap().with("v", &server()).unwrap();
        assert_eq!(json, Document::json(&json).unwrap().with("v", &server()).unwrap());
        let toml = Document::toml(TOML).unwrap().with("v", &server()).unwrap();
        assert_eq!(toml, Document::toml(&toml).unwrap().with("v", &server()).unwrap());
    }

    #[test]
    fn a_server_of_another_under_our_name_stays() {
        let json = "{\"mcpServers\": {\"v\": {\"command\": \"other\"}}}";
        assert_eq!(Some(Problem::Taken), Document::json(json).unwrap().with("v", &server()).err());
        assert_eq!(Some(Problem::Taken), Document::json(json).unwrap().without("v").err());
        let toml = "[mcp_servers.v]\ncommand = \"other\"\n";
        assert_eq!(Some(Problem::Taken), Document::toml(toml).unwrap().with("v", &server()).err());
    }

    #[test]
    fn what_is_not_of_its_form_is_refused() {
        assert_eq!(Some(Problem::Unreadable), Document::json("{\"a\":").err());
        assert_eq!(Some(Problem::Unreadable), Document::json("[]").err());
        assert_eq!(Some(Problem::Unreadable), Document::toml("a = ").err());
        assert_eq!(
            Some(Problem::Unreadable),
            Document::json("{\"mcpServers\": 1}").unwrap().with("v", &server()).err()
        );
    }
}
