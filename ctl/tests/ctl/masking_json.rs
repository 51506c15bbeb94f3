//! Secrets that are JSON documents: what programs print of them alone.

use vault_testkit::{Run, TestEnvironment};

use crate::run::path;

/// A service account's key as Google writes it, of no project.
const ACCOUNT: &str = r#"{
  "type": "service_account",
  "project_id": "acme",
  "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKjMzEfYyjiWA4R4ypbHqGC0H0+tG3hFQ/8p7bZkq1P\n-----END PRIVATE KEY-----\n",
  "token_uri": "https://oauth2.googleapis.com/token",
  "nested": {"Password": "hunter2+x", "more": ["tok-\u00e9-0123456789"]},
  "text": "{\"api_token\":\"within/it\"}"
}"#;
const MASK: &str = "[vault:account]";

/// Runs a script of Python in which `d` is the document in `$D`.
fn python(script: &str) -> Run {
    let home = TestEnvironment::served();
    home.ctl_with(&["set", "account", "--exact"], ACCOUNT).succeeded();
    let script = format!("import json, os, sys\nd = json.loads(os.environ['D'])\n{script}");
    let mut command = home.command(&["run", "--env", "D=account", "--", "python3", "-c", &script]);
    command.env("PATH", path());
    home.run(command, "").succeeded()
}

#[test(needs(Python))]
fn the_private_key_of_a_service_account_is_masked_alone() {
    for script in [
        "sys.stdout.write(d['private_key'])",
        "sys.stdout.write(json.dumps(d['private_key'])[1:-1])",
        "sys.stdout.write(repr(d['private_key'])[1:-1])",
        "sys.stdout.write(json.dumps(json.dumps(d['private_key']))[3:-3])",
    ] {
        // The end of its last line stays, however it is escaped.
        assert_eq!(MASK, python(script).stdout.trim_end_matches(['\\', 'n', '\n']), "{script}");
    }
    let lines = python("for line in d['private_key'].splitlines(): print('>', line)").stdout;
    assert_eq!(2, lines.matches(&format!("> {MASK}\n")).count(), "{lines}");
}

#[test(needs(Python))]
fn a_short_member_is_masked_if_its_name_says_that_it_is_secret() {
    assert_eq!(format!("{MASK}\n"), python("print(d['nested']['Password'])").stdout);
}

#[test(needs(Python))]
fn members_in_lists_and_in_documents_within_are_masked() {
    assert_eq!(format!("{MASK}\n"), python("print(json.dumps(d['nested']['more'][0])[1:-1])").stdout);
    assert_eq!(format!("{MASK}\n"), python("print(json.loads(d['text'])['api_token'])").stdout);
}

#[test(needs(Python))]
fn what_is_short_or_a_plain_address_is_left_as_it_is() {
    let shown = "service_account acme https://oauth2.googleapis.com/token\n";
    assert_eq!(shown, python("print(d['type'], d['project_id'], d['token_uri'])").stdout);
}
