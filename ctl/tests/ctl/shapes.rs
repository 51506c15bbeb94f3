//! Every kind of file, given to every format: the wrong one is refused by the name of what it is, and nothing is stored.

use std::path::PathBuf;

use serde_json::json;
use vault_testkit::{Run, TestEnvironment};

/// The formats, each with what its files are called in a refusal.
const FORMATS: [(&str, &str); 8] = [
    ("dotenv", "a .env file"),
    ("json", "JSON of secrets by name"),
    ("agenticmail", "an export of AgenticMail"),
    ("pass", "a store of pass"),
    ("1password", "an export of 1Password"),
    ("bitwarden", "an export of Bitwarden"),
    ("lastpass", "an export of LastPass"),
    ("chrome", "an export of Chrome"),
];

/// Writes a file of every kind, and returns the format that reads it, or what it is.
fn files(test: &TestEnvironment) -> Vec<(&'static str, PathBuf)> {
    let op = json!({ "id": "i", "title": "A", "version": 1, "vault": { "id": "v" }, "category": "LOGIN",
        "fields": [{ "id": "password", "purpose": "PASSWORD", "value": "pw-1" }] });
    let exported = json!({ "accounts": [{ "vaults": [{ "items": [{ "overview": { "title": "A" }, "details": { "password": "pw-1" } }] }] }] });
    let bitwarden = json!({ "encrypted": false, "folders": [], "items": [{ "name": "A", "login": { "password": "pw-1" } }] });
    let sealed = json!({ "encrypted": true, "passwordProtected": true, "data": "2.pw-1" });
    let rows = json!([{ "id": "a", "org_id": "default", "name": "A", "encrypted_value": "{\"v\":1}" }]);
    let texts = [
        ("dotenv", "A=pw-1\nexport B='pw-1, pw-1'\n".to_owned()),
        ("json", json!({ "entries": [{ "name": "A", "value": "pw-1" }], "leftOut": [] }).to_string()),
        ("json", json!([{ "name": "A", "value": "pw-1" }]).to_string()),
        ("agenticmail", rows.to_string()),
        ("1password", op.to_string()),
        ("1password", json!([op]).to_string()),
        ("1password", exported.to_string()),
        ("1password", "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nA,,,pw-1,,,,,\n".to_owned()),
        ("bitwarden", bitwarden.to_string()),
        ("bitwarden", sealed.to_string()),
        (
            "bitwarden",
            "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n,,login,A,,,0,,,pw-1,\n"
                .to_owned(),
        ),
        ("lastpass", "url,username,password,totp,extra,name,grouping,fav\n,,pw-1,,pw-1,A,,0\n".to_owned()),
        ("chrome", "name,url,username,password,note\nA,,,pw-1,\n".to_owned()),
        ("an export of Firefox", "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\"\n\"a\",\"k\",\"pw-1\",,\n".to_owned()),
        ("an export of KeePassXC", "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n\"R\",\"A\",\"\",\"pw-1\",,,,,,\n".to_owned()),
        ("an export of Dashlane", "username,username2,username3,title,password,note,url,category,otpSecret\nk,,,A,pw-1,,,,\n".to_owned()),
        ("an export of Proton Pass", "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault\nlogin,A,,,,pw-1,,,1,1,P\n".to_owned()),
        ("a key or certificate", "-----BEGIN PRIVATE KEY-----\npw-1\n-----END PRIVATE KEY-----\n".to_owned()),
        ("a database of SQLite", "SQLite format 3\0\u{10}".to_owned()),
    ];
    let mut files: Vec<_> =
        (0..).zip(texts).map(|(n, (kind, text))| (kind, test.write(&format!("file-{n}"), &text))).collect();
    for (kind, name, bytes) in [
        ("packed", "a.1pux", &b"PK\x03\x04\xff"[..]),
        ("a database of KeePass", "a.kdbx", b"\x03\xd9\xa2\x9apw"),
    ] {
        vault::files::replace_private(&test.path(name), bytes).unwrap();
        files.push((kind, test.path(name)));
    }
    vault::files::make_private_folder(&test.path("store")).unwrap();
    test.write("store/.gpg-id", "me");
    test.write("store/A.gpg", "pw-1");
    files.push(("pass", test.path("store")));
    files
}

fn assert_refused(run: &Run, is: &str, own: &str) {
    let named = format!("{is}, and not {own}");
    assert!(run.stderr.contains(&named) && !run.stderr.contains("pw-1"), "{named}: {run}");
}

#[test]
fn a_file_of_one_format_is_refused_by_every_other_by_its_name_even_where_the_bad_may_be_skipped() {
    let test = TestEnvironment::served();
    for (kind, file) in files(&test) {
        let format = FORMATS.iter().find(|(format, _)| *format == kind);
        let is = format.map_or(kind, |(_, is)| is);
        for (other, own) in FORMATS.iter().filter(|(other, _)| *other != kind) {
            if (kind, *other) == ("a database of SQLite", "agenticmail") {
                continue;
            }
            let run = test.ctl(&["import", other, file.to_str().unwrap(), "--skip-bad"]).ended_with(2);
            assert_refused(&run, is, own);
            let way = format.map(|(format, _)| format!("import {format}"));
            assert!(way.is_none_or(|way| run.stderr.contains(&way)), "{run}");
        }
    }
    assert_eq!(json!([]), test.ctl(&["list", "--json"]).succeeded().json()["secrets"]);
}
