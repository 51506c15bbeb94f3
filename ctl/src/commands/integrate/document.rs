//! A client's configuration, changed in one entry and kept in every other byte.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::lines::Change;

/// The table of servers in JSON, as Claude Code and Cursor have it.
const JSON_SERVERS: &str = "mcpServers";
/// The table of servers in TOML, as Codex has it.
const TOML_SERVERS: &str = "mcp_servers";
/// How long a call of a tool may take, in seconds, as Codex has it.
const TOML_TIMEOUT: &str = "tool_timeout_sec";

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
    /// How long a call may take, in seconds; the client's own limit without it. TOML alone has it.
    pub(super) timeout: Option<u32>,
}

/// A configuration that was read.
pub(super) enum Document<'t> {
    Json(CstRootNode),
    /// With its text, since what writes it knows one line end only.
    Toml(&'t str, Box<DocumentMut>),
}

impl<'t> Document<'t> {
    /// Reads JSON, with remarks if there are any; nothing at all is an empty object.
    pub(super) fn json(text: &str) -> Result<Self, Problem> {
        let text = if text.trim().is_empty() { "{}\n" } else { text };
        let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|_| Problem::Unreadable)?;
        root.object_value().ok_or(Problem::Unreadable)?;
        Ok(Self::Json(root))
    }

    /// Reads TOML.
    pub(super) fn toml(text: &'t str) -> Result<Self, Problem> {
        text.parse().map(|document| Self::Toml(text, Box::new(document))).map_err(|_| Problem::Unreadable)
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
            Self::Toml(text, mut document) => {
                let servers = document.entry(TOML_SERVERS).or_insert_with(|| {
                    let mut table = Table::new();
                    table.set_implicit(true);
                    Item::Table(table)
                });
                put_toml(servers.as_table_like_mut().ok_or(Problem::Unreadable)?, name, server)?;
                Ok(Change::between(text, &document.to_string()).with_line_ends())
            }
        }
    }

    /// Returns how our server is started, if it is there.
    pub(super) fn server(&self, name: &str) -> Option<Server> {
        match self {
            Self::Json(root) => {
                let entry = root.object_value()?.object_value(JSON_SERVERS)?.object_value(name)?;
                let arguments = arguments_in_json(&entry)?;
                Some(Server { command: program_in_json(&entry)?, arguments, timeout: None })
            }
            Self::Toml(_, document) => {
                let entry = document.get(TOML_SERVERS)?.get(name)?;
                let timeout = entry.get(TOML_TIMEOUT).and_then(Item::as_integer);
                let arguments = arguments_in_toml(entry)?;
                let timeout = timeout.and_then(|seconds| seconds.try_into().ok());
                Some(Server { command: program_in_toml(entry)?, arguments, timeout })
            }
        }
    }

    /// Writes it without its table of servers; `None` if its form makes none by itself.
    pub(super) fn without_servers(self) -> Option<String> {
        let Self::Json(root) = self else { return None };
        root.object_value()?.get(JSON_SERVERS)?.remove();
        Some(root.to_string())
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
            Self::Toml(text, mut document) => {
                let servers = document.get_mut(TOML_SERVERS).and_then(Item::as_table_like_mut);
                if let Some(servers) = servers {
                    match servers.get(name) {
                        Some(old) if !is_ours(program_in_toml(old)) => return Err(Problem::Taken),
                        _ => servers.remove(name),
                    };
                }
                Ok(Change::between(text, &document.to_string()).with_line_ends())
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
        let fields = json_of(server).map(|(name, value)| (name.to_owned(), value));
        servers.append(name, CstInputValue::Object(fields.into()));
        return Ok(());
    };
    let entry = old.object_value().ok_or(Problem::Taken)?;
    if !is_ours(program_in_json(&entry)) {
        return Err(Problem::Taken);
    }
    if !is_same_json(&entry, server) {
        for (name, value) in json_of(server) {
            match entry.get(name) {
                Some(field) => field.set_value(value),
                None => drop(entry.append(name, value)),
            }
        }
    }
    Ok(())
}

fn json_of(server: &Server) -> [(&'static str, CstInputValue); 3] {
    let arguments = server.arguments.iter().map(|one| CstInputValue::String(one.clone())).collect();
    [
        ("type", CstInputValue::String("stdio".to_owned())),
        ("command", CstInputValue::String(server.command.clone())),
        ("args", CstInputValue::Array(arguments)),
    ]
}

fn text_in_json(entry: &CstObject, name: &str) -> Option<String> {
    entry.get(name)?.value()?.as_string_lit()?.decoded_value().ok()
}

fn program_in_json(entry: &CstObject) -> Option<String> {
    text_in_json(entry, "command")
}

fn arguments_in_json(entry: &CstObject) -> Option<Vec<String>> {
    let elements = entry.array_value("args")?.elements();
    elements.iter().map(|one| one.as_string_lit()?.decoded_value().ok()).collect()
}

fn is_same_json(entry: &CstObject, server: &Server) -> bool {
    program_in_json(entry).as_ref() == Some(&server.command)
        && arguments_in_json(entry).as_ref() == Some(&server.arguments)
}

/// Puts our server into a table of servers, and keeps what else was set for it.
fn put_toml(servers: &mut dyn TableLike, name: &str, server: &Server) -> Result<(), Problem> {
    let Some(old) = servers.get_mut(name) else {
        let mut table = Table::new();
        write_toml(&mut table, server);
        servers.insert(name, Item::Table(table));
        return Ok(());
    };
    if !is_ours(program_in_toml(old)) {
        return Err(Problem::Taken);
    }
    if !is_same_toml(old, server) {
        write_toml(old.as_table_like_mut().ok_or(Problem::Taken)?, server);
    }
    Ok(())
}

fn write_toml(table: &mut dyn TableLike, server: &Server) {
    table.insert("command", value(&server.command));
    table.insert("args", value(server.arguments.iter().collect::<Array>()));
    if let Some(seconds) = server.timeout.filter(|_| !table.contains_key(TOML_TIMEOUT)) {
        table.insert(TOML_TIMEOUT, value(i64::from(seconds)));
    }
}

fn program_in_toml(entry: &Item) -> Option<String> {
    Some(entry.get("command")?.as_str()?.to_owned())
}

fn arguments_in_toml(entry: &Item) -> Option<Vec<String>> {
    entry.get("args")?.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

fn is_same_toml(entry: &Item, server: &Server) -> bool {
    program_in_toml(entry).as_ref() == Some(&server.command)
        && arguments_in_toml(entry).as_ref() == Some(&server.arguments)
        && (server.timeout.is_none() || entry.get(TOML_TIMEOUT).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { command: "/bin/vaultctl".into(), arguments: vec!["mcp".into()], timeout: None }
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
    fn toml_keeps_its_line_ends_and_what_comes_in_ends_as_the_line_before() {
        let entry = ["", "[mcp_servers.v]", "command = \"/bin/vaultctl\"", "args = [\"mcp\"]"];
        for (old, end) in [
            ("# a\r\n[b]\r\nc = 1 # d\r\n", "\r\n"),
            ("a = 1\r\nb = 2\n", "\n"),
            ("a = 1\nb = \"\"\"\n1\r\n2\"\"\"\r\n", "\r\n"),
            ("a = 1", "\n"),
            ("a = 1\r\nb = 2", "\r\n"),
        ] {
            let (gap, last) = if old.ends_with('\n') { ("", end) } else { (end, "") };
            let with = Document::toml(old).unwrap().with("v", &server()).unwrap();
            assert_eq!(format!("{old}{gap}{}{last}", entry.join(end)), with);
            assert_eq!(old, Document::toml(&with).unwrap().without("v").unwrap());
        }
    }

    #[test]
    fn json_keeps_its_line_ends() {
        let old = JSON.replace('\n', "\r\n");
        let with = Document::json(&old).unwrap().with("v", &server()).unwrap();
        assert_eq!(with.matches('\n').count(), with.matches("\r\n").count());
        assert_eq!(old, Document::json(&with).unwrap().without("v").unwrap());
        let mixed = JSON.replacen('\n', "\r\n", 2);
        let with = Document::json(&mixed).unwrap().with("v", &server()).unwrap();
        assert_eq!(mixed, Document::json(&with).unwrap().without("v").unwrap());
    }

    #[test]
    fn what_else_is_set_for_our_server_stays() {
        let moved = Server { command: "/opt/vaultctl".into(), arguments: vec![], timeout: Some(5) };
        let old = "[mcp_servers.v]\ncommand = \"/bin/vaultctl\"\nargs = [\"mcp\"]\nstartup_timeout_sec = 3 # slow\ntool_timeout_sec = 9\n";
        let new = old.replace("/bin", "/opt").replace("[\"mcp\"]", "[]");
        assert_eq!(new, Document::toml(old).unwrap().with("v", &moved).unwrap());
        let old = "{\"mcpServers\": {\"v\": {\"command\": \"/bin/vaultctl\", \"args\": [\"mcp\"], \"env\": {}, \"type\": \"stdio\"}}}";
        let new = old.replace("/bin", "/opt").replace("[\"mcp\"]", "[]");
        assert_eq!(new, Document::json(old).unwrap().with("v", &moved).unwrap());
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
