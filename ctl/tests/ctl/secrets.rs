//! Storing, reading, finding and removing.

use serde_json::json;
use vault_testkit::TestEnvironment;

const TOKEN: &str = "skill:openai:access_token";

#[test]
fn what_is_piped_in_comes_out_the_same() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", TOKEN], "sk-Grüße \n\ttwo lines").succeeded();
    assert_eq!("sk-Grüße \n\ttwo lines", test.ctl(&["get", TOKEN]).succeeded().stdout);
}

#[test]
fn a_value_comes_from_a_file() {
    let test = TestEnvironment::served();
    let file = test.write("value", "of a file\n");
    test.ctl(&["set", "a", "--value-file", file.to_str().unwrap()]).succeeded();
    assert_eq!("of a file", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_generated_value_has_the_length_and_is_not_printed() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["set", "a", "--generate", "40"]).succeeded();
    let value = test.ctl(&["get", "a"]).succeeded().stdout;
    assert_eq!(40, value.len());
    assert!(value.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(!run.stdout.contains(&value) && !run.stderr.contains(&value));
}

#[test]
fn a_platform_alone_finds_its_key() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", TOKEN], "sk-1").succeeded();
    assert_eq!("sk-1", test.ctl(&["get", "openai"]).succeeded().stdout);
    let found = test.ctl(&["get", "openai", "--json"]).succeeded().json();
    assert_eq!((TOKEN, "sk-1"), (found["name"].as_str().unwrap(), found["value"].as_str().unwrap()));
}

#[test]
fn an_id_finds_its_secret() {
    let test = TestEnvironment::served();
    let created = test.ctl_with(&["set", "a", "--json"], "by id").succeeded().json();
    let id = created["entry"]["id"].as_str().unwrap();
    assert_eq!("by id", test.ctl(&["get", id]).succeeded().stdout);
    assert_eq!("a", test.ctl(&["show", id, "--json"]).succeeded().json()["name"]);
}

#[test]
fn a_name_that_is_not_there_exits_3_with_a_hint() {
    let run = TestEnvironment::served().ctl(&["get", "nothing"]).ended_with(3);
    insta::assert_snapshot!(run, @"
    vaultctl: there is no such secret
      hint: see what there is with: vaultctl list
    [exit 3]
    ");
}

#[test]
fn show_tells_everything_but_the_value() {
    let test = TestEnvironment::served();
    let arguments = ["set", TOKEN, "--metadata", r#"{"owner":"ada"}"#, "--expires", "2126-01-31"];
    test.ctl_with(&arguments, "sk-hidden").succeeded();
    let run = test.ctl(&["show", TOKEN]).succeeded();
    for part in [TOKEN, "skill_credential", "OPENAI_API_KEY", r#"{"owner":"ada"}"#, "2126-01-31 00:00:00Z"] {
        assert!(run.stdout.contains(part), "{part}: {run}");
    }
    assert!(!run.stdout.contains("sk-hidden"), "{run}");
}

#[test]
fn show_reads_no_value() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    test.ctl(&["show", "a"]).succeeded();
    let log = test.ctl(&["audit", "--action", "decrypt", "--json"]).succeeded().json();
    assert_eq!(0, log["total"]);
}

#[test]
fn a_platform_alone_shows_its_key() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", TOKEN], "x").succeeded();
    assert_eq!(TOKEN, test.ctl(&["show", "openai", "--json"]).succeeded().json()["name"]);
}

#[test]
fn an_expired_secret_is_listed_as_such() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "old", "--expires", "2020-01-01"], "x").succeeded();
    let run = test.ctl(&["list"]).succeeded();
    assert!(run.stdout.contains("2020-01-01 00:00:00Z (expired)"), "{run}");
    let run = test.ctl(&["get", "old"]).ended_with(3);
    assert!(run.stderr.contains("expired"), "{run}");
    let id = test.ctl(&["show", "old", "--json"]).succeeded().json()["id"].as_str().unwrap().to_owned();
    for asked in [id.as_str(), "old"] {
        let run = test.ctl(&["get", asked, "--json"]).ended_with(3);
        let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!("2020-01-01T00:00:00.000Z", error["expiredAt"], "{run}");
    }
}

#[test]
fn lists_can_be_narrowed_and_sorted() {
    let test = TestEnvironment::served();
    for name in [TOKEN, "skill:aws:region", "zebra"] {
        test.ctl_with(&["set", name], "x").succeeded();
    }
    let names = |arguments: &[&str]| {
        let list = test.ctl(&[&["list", "--json"], arguments].concat()).succeeded().json();
        let secrets = list["secrets"].as_array().unwrap().clone();
        secrets.iter().map(|secret| secret["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!("skill:aws:region", names(&["--platform", "aws"]));
    assert_eq!("skill:aws:region", names(&["--category", "cloud_storage"]));
    assert_eq!("zebra", names(&["--search", "ZEB"]));
    assert_eq!("zebra", names(&["--sort", "-name", "--limit", "1"]));
}

#[test]
fn orgs_are_apart() {
    let test = TestEnvironment::served();
    test.ctl_with(&["--org", "one", "set", "a"], "of one").succeeded();
    test.ctl(&["get", "a"]).ended_with(3);
    assert_eq!("of one", test.ctl(&["get", "a", "--org", "one"]).succeeded().stdout);
    let run = test.ctl(&["list", "--all-orgs"]).succeeded();
    assert!(run.stdout.starts_with("ORG  NAME") && run.stdout.contains("one  a"), "{run}");
}

#[test]
fn rm_needs_a_yes_where_nobody_can_be_asked() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    let run = test.ctl(&["rm", "a"]).ended_with(2);
    insta::assert_snapshot!(run, @"
    vaultctl: there is no terminal to ask on
      hint: to do it without being asked, add --yes
    [exit 2]
    ");
    test.ctl(&["rm", "a", "--yes"]).succeeded();
    test.ctl(&["get", "a"]).ended_with(3);
}

#[test]
fn a_list_of_more_than_one_answer_has_room_for_is_whole() {
    let test = TestEnvironment::served();
    let metadata = json!({ "note": "n".repeat(16_000) });
    for begin in (0..1050).step_by(125) {
        let entry = |number| json!({ "name": format!("s-{number:04}"), "value": "v", "metadata": metadata });
        let entries: Vec<_> = (begin..1050.min(begin + 125)).map(entry).collect();
        test.ctl_with(&["import", "json", "-"], json!({ "entries": entries }).to_string()).succeeded();
    }
    let list = test.ctl(&["list", "--json", "--offset", "10", "--limit", "1035"]).succeeded().json();
    let names = list["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap());
    assert_eq!(
        (10..1045).map(|number| format!("s-{number:04}")).collect::<Vec<_>>(),
        names.collect::<Vec<_>>()
    );
    let newest = test.ctl(&["show", "s-1049", "--json"]).succeeded().json();
    let shown = test.ctl(&["show", newest["id"].as_str().unwrap(), "--json"]).succeeded().json();
    assert_eq!(newest, shown);
}
