//! Exports of other programs, recognised by their shape; and what of an export is not taken, said by name.

use serde_json::{Value, json};

use vault_testkit::{Run, TestEnvironment};

fn import(test: &TestEnvironment, format: &str, export: &str, options: &[&str]) -> Run {
    let file = test.write("export", export);
    test.ctl(&[&["import", format, file.to_str().unwrap()], options].concat())
}

fn value(test: &TestEnvironment, name: &str) -> String {
    test.ctl(&["get", name]).succeeded().stdout
}

/// Refuses an export, and returns what it says.
fn refused(test: &TestEnvironment, format: &str, export: &str) -> String {
    let run = import(test, format, export, &[]).ended_with(2);
    assert_eq!(json!([]), test.ctl(&["list", "--json"]).succeeded().json()["secrets"], "{run}");
    assert!(!run.stderr.contains("pw-1"), "{run}");
    run.stderr
}

const LASTPASS: &str = "url,username,password,totp,extra,name,grouping,fav\nhttps://a.example,kim,pw-123456,,note,Site A,Work,0\n";
const CHROME: &str = "name,url,username,password,note\nSite A,https://a.example,kim,pw-1,\n";
const BITWARDEN: &str =
    "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n";

#[test]
fn a_csv_of_another_program_is_named_with_the_columns_that_lack_and_that_are_there() {
    let test = TestEnvironment::served();
    for (format, export, words) in [
        ("bitwarden", LASTPASS, &["of LastPass", "`login_password`", "`grouping`", "import lastpass"][..]),
        ("bitwarden", CHROME, &["of Chrome", "`login_password`", "`note`", "import chrome"]),
        ("1password", LASTPASS, &["of LastPass", "`title`", "`extra`"]),
        ("1password", CHROME, &["of Chrome", "`title`", "`url`"]),
        ("lastpass", CHROME, &["of Chrome", "`extra`, `grouping`"]),
        (
            "chrome",
            "Title,Url,Username,Password,OTPAuth\na,,,pw-1,\n",
            &["of 1Password", "`name`", "import 1password"],
        ),
        (
            "chrome",
            "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\"\n\"a\",\"k\",\"pw-1\",,\n",
            &["of Firefox"],
        ),
        (
            "bitwarden",
            "site,user,pass,colour\na,k,pw-1,red\n",
            &["not an export of Bitwarden", "`site`", "1 more"],
        ),
    ] {
        let said = refused(&test, format, export);
        for word in words {
            assert!(said.contains(word), "{format} {word}: {said}");
        }
    }
}

#[test]
fn a_csv_that_is_none_or_lacks_its_heading_is_refused_and_not_repeated() {
    let test = TestEnvironment::served();
    for (export, words) in [
        (BITWARDEN.replace(',', ";").as_str(), "separated by ';'"),
        (BITWARDEN.replace(',', "\t").as_str(), "separated by '\\t'"),
        ("", "it is empty"),
        ("https://a.example,kim,pw-1,,x\n", "names no column"),
        (
            &format!("{BITWARDEN},,login,a,,,0,,,pw-1,,more\n"),
            "line 2: the heading has 11 cells, and the row 12",
        ),
        ("name,name,login_password\na,b,pw-1\n", "the same name"),
    ] {
        let said = refused(&test, "bitwarden", export);
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn lastpass_and_chrome_come_in_by_their_titles() {
    let test = TestEnvironment::served();
    import(&test, "lastpass", LASTPASS, &[]).succeeded();
    assert_eq!(("pw-123456", "note"), (&*value(&test, "Site A"), &*value(&test, "Site A/notes")));
    assert_eq!("kim", test.ctl(&["show", "Site A", "--json"]).succeeded().json()["metadata"]["username"]);
    let csv = "name,url,username,password,note\n,https://b.example/,kim,pw-2,\n";
    import(&test, "chrome", csv, &[]).succeeded();
    assert_eq!("pw-2", value(&test, "https://b.example/"));
}

#[test]
fn a_column_that_is_not_known_is_named_and_skip_bad_takes_the_rest() {
    let test = TestEnvironment::served();
    let csv = "name,url,username,password,note,pin\nA,,,pw-1,,1234\nB,,,pw-2,,\n";
    let said = refused(&test, "chrome", csv);
    assert!(said.contains("item 1 (`A`): the column `pin`") && !said.contains("1234"), "{said}");
    let run = import(&test, "chrome", csv, &["--skip-bad"]).ended_with(2);
    assert!(run.stderr.contains("left out: item 1 (`A`): the column `pin`"), "{run}");
    assert_eq!(("pw-1", "pw-2"), (&*value(&test, "A"), &*value(&test, "B")));
}

#[test]
fn a_field_of_several_lines_in_bitwardens_csv_comes_in_whole() {
    let test = TestEnvironment::served();
    let csv = format!("{BITWARDEN},,login,A,,\"key: first\nsecond\npin: 1\",0,,,pw,\n");
    import(&test, "bitwarden", &csv, &[]).succeeded();
    assert_eq!(("first\nsecond", "1"), (&*value(&test, "A/key"), &*value(&test, "A/pin")));
}

#[test]
fn json_of_another_program_is_named() {
    let test = TestEnvironment::served();
    let bitwarden = json!({ "encrypted": false, "folders": [], "items": [] });
    let listed = json!([{ "id": "a", "title": "A", "vault": { "id": "v" }, "category": "LOGIN" }]);
    let exported = json!({ "accounts": [] });
    for (format, export, words) in [
        ("1password", &bitwarden, "is an export of Bitwarden"),
        ("1password", &listed, "`op item list`"),
        ("1password", &json!({ "a": "pw-1" }), "not an export of 1Password"),
        ("bitwarden", &listed, "is an export of 1Password"),
        ("bitwarden", &exported, "is an export of 1Password"),
        ("bitwarden", &json!({ "logins": [] }), "no list `items`"),
        ("bitwarden", &json!([1]), "no list `items`"),
    ] {
        let said = refused(&test, format, &export.to_string());
        assert!(said.contains(words), "{format} {words}: {said}");
    }
}

#[test]
fn what_bitwardens_json_has_besides_is_named() {
    let test = TestEnvironment::served();
    let items = json!([
        { "type": 1, "name": "A", "folderId": "f", "favorite": true,
          "login": { "password": "pw-1", "fido2Credentials": [{ "keyValue": "pw-11" }], "uris": [{ "uri": "https://x" }, { "uri": "https://y" }] },
          "passwordHistory": [{ "password": "pw-10" }],
          "fields": [{ "name": "api key", "value": "shown", "type": 0 }, { "name": "agreed", "value": "true", "type": 2 },
                     { "name": "link", "value": null, "type": 3 }, { "name": "no", "value": "false", "type": 2 }] },
        { "type": 4, "name": "B", "identity": { "ssn": "pw-12" } },
        { "type": 3, "name": "C", "card": { "number": "4111", "brand": "Visa", "code": "" } },
        { "type": 5, "name": "D", "sshKey": { "privateKey": "key", "publicKey": "ssh-ed25519", "keyFingerprint": "SHA256:x" } },
    ]);
    let export = json!({ "encrypted": false, "items": items }).to_string();
    let said = refused(&test, "bitwarden", &export);
    for words in [
        "item 1 (`A`): the field `agreed`, `passwordHistory`, the login's `fido2Credentials`",
        "item 2 (`B`): `identity`",
        "item 3 (`C`): the card's `brand`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("(`D`)"), "{said}");
    import(&test, "bitwarden", &export, &["--skip-bad"]).ended_with(2);
    for (name, expected) in [("A", "pw-1"), ("A/api key", "shown"), ("C", "4111"), ("D", "key")] {
        assert_eq!(expected, value(&test, name));
    }
    let shown = test.ctl(&["show", "A", "--json"]).succeeded().json();
    assert_eq!(json!(["https://x", "https://y"]), shown["metadata"]["urls"]);
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

/// Writes an export.data with one item.
fn exported(details: &Value) -> String {
    let item = json!({ "uuid": "u", "state": "active", "overview": { "title": "Deploy key", "tags": ["a"] }, "details": details });
    json!({ "accounts": [{ "vaults": [{ "items": [item] }] }] }).to_string()
}

#[test]
fn the_private_key_of_an_ssh_item_is_its_value() {
    let key = json!({ "sshKey": { "privateKey": KEY, "metadata": { "keyType": { "t": "ed25519" } } } });
    let section =
        json!([{ "title": "", "fields": [{ "title": "private key", "id": "private_key", "value": key }] }]);
    let op = json!({ "title": "Deploy key", "category": "SSH_KEY", "fields": [
        { "id": "public_key", "type": "STRING", "label": "public key", "value": "ssh-ed25519 A" },
        { "id": "fingerprint", "type": "STRING", "label": "fingerprint", "value": "SHA256:x" },
        { "id": "private_key", "type": "SSHKEY", "label": "private key", "value": KEY },
        { "id": "key_type", "type": "STRING", "label": "key type", "value": "ed25519" },
    ] });
    for export in [
        exported(&json!({ "loginFields": [], "sections": section })),
        op.to_string(),
        json!([op]).to_string(),
    ] {
        let test = TestEnvironment::served();
        import(&test, "1password", &export, &[]).succeeded();
        assert_eq!(KEY, value(&test, "Deploy key"));
    }
}

#[test]
fn what_1passwords_exports_have_besides_is_named() {
    let test = TestEnvironment::served();
    let fields = json!([
        { "title": "host", "value": { "string": "db.example" } },
        { "title": "empty", "value": { "string": "" } },
        { "title": "number", "value": { "creditCardNumber": "4111" } },
        { "title": "odd key", "value": { "sshKey": { "form": "pw-13" } } },
    ]);
    let details = json!({
        "loginFields": [{ "name": "remember", "fieldType": "C", "value": "pw-14" }, { "name": "pin", "fieldType": "P", "value": "99" }],
        "sections": [{ "fields": fields }], "passwordHistory": [{ "value": "pw-10" }], "documentAttributes": { "fileName": "a" },
    });
    let export = exported(&details);
    let said = refused(&test, "1password", &export);
    for words in ["`remember`", "`host`", "`odd key`", "`passwordHistory`", "`documentAttributes`"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("`empty`") && !said.contains("`number`"), "{said}");
    import(&test, "1password", &export, &["--skip-bad"]).ended_with(2);
    assert_eq!(("99", "4111"), (&*value(&test, "Deploy key"), &*value(&test, "Deploy key/number")));
    let op = json!({ "title": "API", "files": [{ "id": "f" }], "fields": [
        { "id": "credential", "type": "CONCEALED", "label": "credential", "value": "k" },
        { "id": "hostname", "type": "STRING", "label": "hostname", "value": "x" },
        { "id": "password", "purpose": "PASSWORD", "label": "password", "password_details": { "history": ["pw-10"] } },
    ] });
    let run = import(&test, "1password", &op.to_string(), &[]).ended_with(2);
    for words in ["`files`", "`hostname`", "earlier passwords"] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
}

#[test]
fn folders_come_along_and_what_is_in_the_trash_is_named() {
    let test = TestEnvironment::served();
    let export = json!({
        "encrypted": false,
        "folders": [{ "id": "f", "name": "Work/Web" }],
        "collections": [{ "id": "c", "name": "Team" }],
        "items": [
            { "name": "A", "folderId": "f", "collectionIds": ["c"], "login": { "password": "pw-1" } },
            { "name": "B", "folderId": null, "deletedDate": "2026-01-02T03:04:05Z", "login": { "password": "pw-1" } },
            { "name": "C", "folderId": "unknown", "login": { "password": "pw-2" } },
        ],
    });
    let said = refused(&test, "bitwarden", &export.to_string());
    assert!(said.contains("item 2 (`B`): it is in the trash"), "{said}");
    let run = import(&test, "bitwarden", &export.to_string(), &["--skip-bad"]).ended_with(2);
    assert!(!run.stderr.contains("nothing secret"), "{run}");
    let folder =
        |name: &str| test.ctl(&["show", name, "--json"]).succeeded().json()["metadata"]["folder"].clone();
    assert_eq!((json!("Work/Web, Team"), json!(null)), (folder("A"), folder("C")));
    test.ctl(&["get", "B"]).ended_with(3);
    import(&test, "lastpass", &LASTPASS.replace("Site A", "D"), &[]).succeeded();
    import(&test, "bitwarden", &format!("{BITWARDEN}Home,,login,E,,,0,,,pw-1,\n"), &[]).succeeded();
    assert_eq!((json!("Work"), json!("Home")), (folder("D"), folder("E")));
}

#[test]
fn a_row_of_another_length_is_named_by_its_line_and_keeps_the_rest_out() {
    let test = TestEnvironment::served();
    let csv = "name,url,username,password,note\n\"A\n(old)\",,,pw-1,\nB,pw-1\nC,,,pw-2,\n";
    let said = refused(&test, "chrome", csv);
    assert!(
        said.contains("line 4: the heading has 5 cells, and the row 2") && !said.contains("nothing secret"),
        "{said}"
    );
    let run = import(&test, "chrome", csv, &["--skip-bad", "--dry-run"]).ended_with(2);
    assert!(run.stderr.contains("left out: line 4"), "{run}");
    import(&test, "chrome", csv, &["--skip-bad"]).ended_with(2);
    assert_eq!("pw-2", value(&test, "C"));
}
