//! Secrets from `AgenticMail`, 1Password and Bitwarden.

use std::path::Path;

use serde_json::{Value, json};

use vault_testkit::{Run, TestEnvironment};

/// Rows that Python sealed as `AgenticMail` does.
const GOLDEN: &str = include_str!("../../../tests/vectors/agenticmail.json");

fn golden() -> Value {
    serde_json::from_str(GOLDEN).unwrap()
}

fn value(test: &TestEnvironment, org: &str, name: &str) -> String {
    test.ctl(&["--org", org, "get", name]).succeeded().stdout
}

/// Writes the key that `AgenticMail` ran with.
fn key_file(test: &TestEnvironment, key: &str) -> String {
    let file = test.write("legacy.env", &format!("AGENTICMAIL_VAULT_KEY={key}\n"));
    file.to_str().unwrap().to_owned()
}

fn from_agenticmail(test: &TestEnvironment, file: &Path, options: &[&str]) -> Run {
    let keys = key_file(test, golden()["key"].as_str().unwrap());
    let arguments = ["import", "agenticmail", file.to_str().unwrap(), "--env-file", &keys];
    test.ctl(&[&arguments[..], options].concat())
}

fn check_golden(test: &TestEnvironment) {
    assert_eq!("sk-of-600000-rounds", value(test, "default", "openai"));
    assert_eq!("xoxb-of-100000-rounds", value(test, "acme", "slack"));
    assert_eq!("wört 🔑\nzwei Zeilen", value(test, "default", "zwei Wörter"));
    let shown = test.ctl(&["show", "db", "--json"]).succeeded().json();
    assert_eq!("2099-01-02T03:04:05.000Z", shown["expiresAt"]);
}

#[test]
fn agenticmails_rows_come_in_as_json() {
    let test = TestEnvironment::served();
    let file = test.write("rows.json", &golden()["rows"].to_string());
    from_agenticmail(&test, &file, &[]).succeeded();
    check_golden(&test);
}

#[test]
fn agenticmails_rows_come_in_from_its_database() {
    let test = TestEnvironment::served();
    let path = test.path("agenticmail.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE vault_entries (id TEXT PRIMARY KEY, org_id TEXT NOT NULL, name TEXT NOT NULL,
             encrypted_value TEXT NOT NULL, category TEXT, metadata TEXT, created_by TEXT, created_at TEXT, expires_at TEXT)",
        )
        .unwrap();
    for row in golden()["rows"].as_array().unwrap() {
        let column = |key: &str| row[key].as_str().map(str::to_owned);
        let columns = [
            "id",
            "org_id",
            "name",
            "encrypted_value",
            "category",
            "metadata",
            "created_by",
            "created_at",
            "expires_at",
        ]
        .map(column);
        database.execute("INSERT INTO vault_entries VALUES (?,?,?,?,?,?,?,?,?)", columns).unwrap();
    }
    drop(database);
    from_agenticmail(&test, &path, &[]).succeeded();
    check_golden(&test);
}

#[test]
fn two_hundred_rows_of_either_number_of_rounds_come_in_as_they_were() {
    let test = TestEnvironment::served();
    // A row of 600,000 rounds takes half a second, so that there are ten of them.
    let golden = golden();
    let sealed = |number: usize| &golden["rows"][usize::from(!number.is_multiple_of(20))];
    let row = |number: usize| {
        json!({
            "id": format!("row-{number}"), "org_id": "default", "name": format!("of row {number}"),
            "encrypted_value": sealed(number)["encrypted_value"], "category": "custom",
        })
    };
    let rows: Vec<_> = (0..200).map(row).collect();
    from_agenticmail(&test, &test.write("rows.json", &json!(rows).to_string()), &[]).succeeded();
    for number in 0..200_usize {
        let known = if number.is_multiple_of(20) { "sk-of-600000-rounds" } else { "xoxb-of-100000-rounds" };
        assert_eq!(known, value(&test, "default", &format!("of row {number}")));
    }
}

#[test]
fn a_row_that_does_not_open_is_named_and_keeps_the_rest_out() {
    let test = TestEnvironment::served();
    let mut rows = golden()["rows"].clone();
    let payload = rows[1]["encrypted_value"].as_str().unwrap().replace("\"v\": 1", "\"v\": 2");
    rows[1]["encrypted_value"] = json!(payload);
    rows[2]["encrypted_value"] =
        rows[2]["encrypted_value"].as_str().unwrap().replace("\"data\": \"", "\"data\": \"AAAA").into();
    let file = test.write("rows.json", &rows.to_string());
    let run = from_agenticmail(&test, &file, &[]).ended_with(2);
    assert!(
        run.stderr.contains("row row-2 (`skill:slack:access_token`)") && run.stderr.contains("row row-3"),
        "{run}"
    );
    let run = from_agenticmail(&test, &file, &["--skip-bad", "--json"]).ended_with(2).json();
    assert_eq!((2, 2), (run["created"].as_i64().unwrap(), run["bad"].as_array().unwrap().len()));
}

#[test]
fn a_key_that_opens_no_row_exits_5() {
    let test = TestEnvironment::served();
    let file = test.write("rows.json", &json!([golden()["rows"][1]]).to_string());
    let keys = key_file(&test, "another");
    let run = test.ctl(&["import", "agenticmail", file.to_str().unwrap(), "--env-file", &keys]).ended_with(5);
    assert!(run.stderr.contains("opens none of the rows"), "{run}");
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let test = TestEnvironment::served();
    let file = test.write("rows.json", "sk-1234");
    let run = from_agenticmail(&test, &file, &[]).ended_with(2);
    assert!(!run.stderr.contains("1234"), "{run}");
}

/// Makes a row of a known value, `sk-test-ünïcode-123`, with more of its columns.
fn row(name: &str, more: &Value) -> Value {
    let sealed = r#"{"v":1,"alg":"aes-256-gcm","salt":"AAECAwQFBgcICQoLDA0ODw==","iv":"EBESExQVFhcYGRob","tag":"TrUzwFgSeAvjgPcHHVg55w==","data":"wrO2ObqqN+CXa8ZWuTiMdd/jSKpZ"}"#;
    let mut row = json!({ "id": name, "org_id": "default", "name": name, "encrypted_value": sealed });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn from_rows(test: &TestEnvironment, rows: &[Value], options: &[&str]) -> Run {
    let file = test.write("rows.json", &json!(rows).to_string());
    let keys = key_file(test, "legacy-key-1");
    test.ctl(&[&["import", "agenticmail", file.to_str().unwrap(), "--env-file", &keys], options].concat())
}

#[test]
fn fields_in_camel_case_come_in_under_their_twins_and_answer_to_both_names() {
    let test = TestEnvironment::served();
    let names = [
        ("skill:aws:accessKeyId", "skill:aws:access_key_id"),
        ("skill:mailchimp:apiKey", "skill:mailchimp:api_key"),
        ("skill:twilio-sms:authToken", "skill:twilio-sms:auth_token"),
        ("skill:okta:APIToken", "skill:okta:api_token"),
        ("skill:slack:token", "skill:slack:token"),
    ];
    let rows = names.map(|(name, _)| row(name, &json!({})));
    let planned = from_rows(&test, &rows, &["--dry-run"]).succeeded();
    assert!(
        planned.stderr.contains("`skill:aws:accessKeyId`): comes in as `skill:aws:access_key_id`"),
        "{planned}"
    );
    from_rows(&test, &rows, &[]).succeeded();
    for (name, twin) in names {
        assert_eq!("sk-test-ünïcode-123", value(&test, "default", name));
        let shown = test.ctl(&["show", twin, "--json"]).succeeded().json();
        let before = &shown["metadata"]["agenticmail"]["name"];
        assert_eq!(if name == twin { Value::Null } else { json!(name) }, *before, "{twin}");
    }
    let twice = [row("skill:x:apiKey", &json!({})), row("skill:x:api_key", &json!({}))];
    let run = from_rows(&test, &twice, &[]).ended_with(2);
    assert!(run.stderr.contains("`skill:x:api_key`"), "{run}");
}

#[test]
fn a_rows_category_and_past_come_along_and_what_is_none_of_ours_is_named() {
    let test = TestEnvironment::served();
    let past = json!({ "created_at": "2024-05-06 07:08:09", "created_by": "alice", "category": "oauth_app" });
    let odd = json!({ "createdAt": "yesterday", "createdBy": "a\nb", "category": "payments" });
    let run = from_rows(&test, &[row("a", &past), row("b", &odd), row("c", &json!({}))], &[]).succeeded();
    for said in ["row b (`b`): its category `payments`", "its created_at is no time", "its created_by is not"]
    {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    assert!(!run.stderr.contains("row a (") && !run.stderr.contains("row c ("), "{run}");
    let show = |name: &str| test.ctl(&["show", name, "--json"]).succeeded().json();
    let (a, b) = (show("a"), show("b"));
    assert_eq!(
        ("oauth_app", "2024-05-06T07:08:09.000Z", "claimed:alice"),
        (a["category"].as_str().unwrap(), a["createdAt"].as_str().unwrap(), a["createdBy"].as_str().unwrap())
    );
    assert_eq!(
        ("custom", "payments"),
        (b["category"].as_str().unwrap(), b["metadata"]["agenticmail"]["category"].as_str().unwrap())
    );
}

fn import(test: &TestEnvironment, format: &str, export: &str) -> Run {
    let file = test.write("export", export);
    test.ctl(&["import", format, file.to_str().unwrap()])
}

#[test]
fn bitwardens_json_comes_in_by_titles() {
    let test = TestEnvironment::served();
    let export = json!({ "encrypted": false, "items": [
        { "type": 1, "name": "GitHub", "login": { "username": "me", "password": "pw", "totp": "otp", "uris": [{ "uri": "https://x" }] },
          "fields": [{ "name": "pat", "value": "ghp", "type": 1 }, { "name": "open", "value": "o", "type": 0 }] },
        { "type": 1, "name": "GitHub", "login": { "password": "pw2" } },
        { "type": 2, "name": "Note", "notes": "a note" },
        { "type": 1, "name": "Nothing", "login": {} },
    ] });
    let run = import(&test, "bitwarden", &export.to_string()).succeeded();
    assert!(run.stderr.contains("nothing secret: `Nothing`"), "{run}");
    for (name, expected) in [
        ("GitHub", "pw"),
        ("GitHub/totp", "otp"),
        ("GitHub/pat", "ghp"),
        ("GitHub (2)", "pw2"),
        ("Note", "a note"),
    ] {
        assert_eq!(expected, value(&test, "default", name));
    }
    let shown = test.ctl(&["show", "GitHub", "--json"]).succeeded().json();
    assert_eq!("me", shown["metadata"]["username"]);
}

#[test]
fn bitwardens_csv_comes_in_and_its_encrypted_json_does_not() {
    let test = TestEnvironment::served();
    let csv = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
               ,,login,Mail,,,0,https://x,me,\"p,w\",\n";
    import(&test, "bitwarden", csv).succeeded();
    assert_eq!("p,w", value(&test, "default", "Mail"));
    let run = import(&test, "bitwarden", r#"{"encrypted": true, "items": []}"#).ended_with(2);
    assert!(run.stderr.contains("is encrypted"), "{run}");
}

#[test]
fn onepasswords_csv_and_items_come_in() {
    let test = TestEnvironment::served();
    let csv = "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nMail,https://x,me,pw,otpauth://t,false,false,,n\n";
    import(&test, "1password", csv).succeeded();
    assert_eq!(
        ("pw", "otpauth://t"),
        (&*value(&test, "default", "Mail"), &*value(&test, "default", "Mail/totp"))
    );
    let item = json!({ "title": "API", "category": "API_CREDENTIAL", "fields": [
        { "id": "username", "type": "STRING", "label": "username", "value": "me" },
        { "id": "other", "type": "CONCEALED", "label": "other", "value": "o" },
        { "id": "credential", "type": "CONCEALED", "label": "credential", "value": "key" },
    ] });
    import(&test, "1password", &item.to_string()).succeeded();
    assert_eq!(("key", "o"), (&*value(&test, "default", "API"), &*value(&test, "default", "API/other")));
}

#[test]
fn onepasswords_unpacked_export_comes_in() {
    let test = TestEnvironment::served();
    let item = json!({ "overview": { "title": "Login", "url": "https://x" }, "details": {
        "loginFields": [{ "designation": "username", "value": "me" }, { "designation": "password", "value": "pw" }],
        "sections": [{ "fields": [{ "title": "pin", "value": { "concealed": "1234" } }] }] } });
    let export = json!({ "accounts": [{ "vaults": [{ "items": [item] }] }] });
    import(&test, "1password", &export.to_string()).succeeded();
    assert_eq!(("pw", "1234"), (&*value(&test, "default", "Login"), &*value(&test, "default", "Login/pin")));
}
