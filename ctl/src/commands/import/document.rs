//! Entries that are one document: a key, a configuration, a script. Its first line alone is of no use.

use serde_json::value::RawValue;

use crate::dotenv;

/// Says what an entry is, in words, where it is one document.
///
/// JSON, TOML and `.env` files are recognised by their parsers, the other kinds by their first line.
pub(super) fn kind(text: &str) -> Option<&'static str> {
    let is_remark = |text: &str| text.starts_with("# ") || text.starts_with("#!");
    Some(match text {
        text if text.lines().any(begins_key) => "it holds a key or certificate",
        text if is_json(text) => "it is JSON",
        text if is_xml(text) => "it is XML",
        text if is_configuration(text) => "it is a configuration",
        text if is_remark(text) => "it begins with a remark",
        text if begins_with_field(text) => "it begins with a field and its value",
        _ => return None,
    })
}

/// Tells whether a line begins a key or certificate, in PEM (RFC 7468) or in the form of RFC 4716 (`---- BEGIN SSH2 …`).
pub(super) fn begins_key(line: &str) -> bool {
    let line = line.trim_start();
    let words = line.trim_start_matches('-');
    line.len() - words.len() >= 3 && words.trim_start().starts_with("BEGIN ")
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok()
}

fn is_xml(text: &str) -> bool {
    let begins = |rest: &str| rest.starts_with(|c: char| c == '?' || c == '!' || c.is_ascii_alphabetic());
    text.trim_start().strip_prefix('<').is_some_and(begins) && text.trim_end().ends_with('>')
}

/// Tells whether a text is TOML, lines of `NAME=value`, or begins a section as INI files do.
fn is_configuration(text: &str) -> bool {
    let mut lines = text.trim_start().lines();
    let is_section = |line: &str| line.starts_with('[') && line.trim_end().ends_with(']');
    let is_ini = lines.next().is_some_and(is_section) && lines.any(|line| line.contains('='));
    is_ini || text.parse::<toml::Table>().is_ok_and(|table| !table.is_empty()) || is_env_file(text)
}

/// Tells whether a text is two lines or more of `NAME=value`, in capitals as such files have them.
fn is_env_file(text: &str) -> bool {
    let Ok(assignments) = dotenv::read(text) else { return false };
    let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    assignments.len() > 1 && assignments.iter().all(|one| one.name.chars().all(is_capital))
}

/// Tells whether the first line is `NAME: value`, or `NAME:` over an indented line, or begins YAML: a password does not.
fn begins_with_field(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if first.trim_end() == "---" || first.starts_with("%YAML") {
        return true;
    }
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    first.split_once(':').is_some_and(|(name, value)| {
        let mut nests = || lines.next().is_some_and(|next| next.starts_with(' ') || next.starts_with("- "));
        is_name(name) && (value.starts_with(' ') || value.trim().is_empty() && nests())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_distinguished_from_a_password_with_remarks_below_it() {
        for document in [
            "-----BEGIN PRIVATE KEY-----\nMC4\n-----END PRIVATE KEY-----\n",
            "Bag Attributes\n    localKeyID: 01\n-----BEGIN CERTIFICATE-----\nMII\n",
            "# of the old server\n  -----BEGIN RSA PRIVATE KEY-----\n  MII\n",
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/5\n",
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
            "apiVersion: v1\nkind: Config\n",
            "services:\n  db:\n    image: x\n",
            "---\na: 1\n",
            "{\"type\": \"service_account\"}\n",
            "<?xml version=\"1.0\"?>\n<settings>\n</settings>\n",
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = x/y+z\n",
            "[Interface]\nPrivateKey=x=\n",
            "token = \"x\"\nhost = \"y\"\n",
            "DB_USER=kim\nDB_PASSWORD=hunter2\n",
            "# created: 2026-01-02\nAGE-SECRET-KEY-1QQ\n",
            "#!/bin/sh\nexport A=1\n",
        ] {
            assert!(kind(document).is_some(), "{document}");
        }
        for entry in [
            "hunter2\n",
            "hunter2\nuser: kim\nurl: https://a.example\n",
            "hunter2\n---\nuser: kim\n",
            "hunter2=\nuser=kim\n",
            "Tr0ub4dor:\nuser: kim\n",
            "a:b c\nuser: kim\n",
            "{hunter2\nuser: kim\n",
            "[hunter2]\nuser: kim\n",
            "<hunter2\nuser: kim\n",
            "#hunter2\nuser: kim\n",
            "--hunter2\nBEGIN of the notes\n",
            "\nuser: kim\n",
        ] {
            assert_eq!(None, kind(entry), "{entry}");
        }
    }
}
