//! Secrets from files: `.env` and JSON; the plan, conflicts, references, and the way out again.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use vault_testkit::{Run, TestEnvironment};

const DOTENV: &str = "# keys\nexport OPENAI_API_KEY=\"sk-a\"\nMY_OWN=b\nEMPTY=\n";

/// Writes a file and imports it.
fn import(test: &TestEnvironment, format: &str, written: &str, options: &[&str]) -> Run {
    let file = test.write("source", written);
    test.ctl(&[&["import", format, file.to_str().unwrap()], options].concat())
}

fn names(test: &TestEnvironment) -> Vec<String> {
    let list = test.ctl(&["list", "--all-orgs", "--json"]).succeeded().json();
    let all = list["secrets"].as_array().unwrap().iter();
    all.map(|secret| secret["name"].as_str().unwrap().to_owned()).collect()
}

fn value(test: &TestEnvironment, name: &str) -> String {
    test.ctl(&["get", name]).succeeded().stdout
}

#[test]
fn for_programs_an_import_of_nothing_is_an_answer_too() {
    let test = TestEnvironment::served();
    let file = test.write("settings.env", "PORT=8080\n");
    let run = test.ctl(&["import", "dotenv", file.to_str().unwrap(), "--json"]).succeeded();
    assert_eq!((json!(0), json!([])), (run.json()["created"].clone(), run.json()["entries"].clone()));
    assert_eq!(1, run.json()["notes"].as_array().unwrap().len());
}

#[test]
fn variables_of_platforms_get_their_names_and_others_keep_their_own() {
    let test = TestEnvironment::served();
    insta::assert_snapshot!(import(&test, "dotenv", DOTENV, &[]), @"
    WHAT  ORG      NAME                       FROM
    new   default  skill:openai:access_token  line 2
    new   default  MY_OWN                     line 3
    imported: 2 new, 0 overwritten, 0 left
    note: EMPTY is empty, and is left where it is
    [exit 0]
    ");
    assert_eq!(("sk-a", "b"), (&*value(&test, "openai"), &*value(&test, "MY_OWN")));
}

#[test]
fn a_dry_run_prints_the_plan_and_stores_nothing() {
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", DOTENV, &["--dry-run"]).succeeded();
    assert!(run.stdout.contains("new   default  MY_OWN"), "{run}");
    assert!(!run.stdout.contains("sk-a") && names(&test).is_empty(), "{run}");
}

#[test]
fn a_name_that_is_there_keeps_everything_out_unless_told_otherwise() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "MY_OWN"], "old").succeeded();
    let run = import(&test, "dotenv", DOTENV, &[]).ended_with(7);
    assert!(run.stderr.contains("`MY_OWN`") && run.stderr.contains("--on-conflict skip"), "{run}");
    assert_eq!(["MY_OWN"], names(&test)[..]);
    import(&test, "dotenv", DOTENV, &["--dry-run"]).ended_with(7);
    import(&test, "dotenv", DOTENV, &["--on-conflict", "skip"]).succeeded();
    assert_eq!("old", value(&test, "MY_OWN"));
    import(&test, "dotenv", DOTENV, &["--on-conflict", "overwrite"]).succeeded();
    assert_eq!("b", value(&test, "MY_OWN"));
}

#[test]
fn each_secret_is_recorded_as_migrated() {
    let test = TestEnvironment::served();
    import(&test, "dotenv", DOTENV, &[]).succeeded();
    let log = test.ctl(&["audit", "--action", "migrate", "--json"]).succeeded().json();
    assert_eq!(3, log["total"]);
}

#[test]
fn a_prefix_stands_before_every_name() {
    let test = TestEnvironment::served();
    import(&test, "dotenv", DOTENV, &["--prefix", "app/"]).succeeded();
    assert_eq!(["app/MY_OWN", "app/OPENAI_API_KEY"], names(&test)[..]);
}

#[test]
fn a_line_that_is_none_is_named_and_not_repeated() {
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", "A=1\nsk-1234\n", &[]).ended_with(2);
    assert!(run.stderr.contains("line 2") && !run.stderr.contains("sk-1234"), "{run}");
    assert!(names(&test).is_empty());
}

#[test]
fn the_vaults_own_key_is_never_imported() {
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", "AGENTICMAIL_VAULT_KEY=k\nA=1\n", &[]).succeeded();
    assert!(run.stderr.contains("the vault's own"), "{run}");
    assert_eq!(["A"], names(&test)[..]);
}

const PROJECT: &str = "NODE_ENV=development\nPORT=3000\nAWS_REGION=eu-central-1\nVITE_TITLE=Shop\nCACHE=true\n\
    REDIS_URL=redis://localhost:6379\nDB_PASSWORD=hunter2-hunter2\nPIN=4711\n";

#[test]
fn empty_variables_stay_in_the_file_and_the_plan_names_them() {
    let test = TestEnvironment::served();
    let lines = "A=\nB=\"\"\nC=''  # none\nexport D=\nNODE_ENV=\nF=x\nF=\nE=x\n";
    let run = import(&test, "dotenv", lines, &["--dry-run"]).succeeded();
    for name in ["A", "B", "C", "D", "NODE_ENV", "F"] {
        assert!(run.stderr.contains(&format!("{name} is empty, and is left where it is")), "{run}");
    }
    assert!(!run.stderr.contains("E is empty"), "{run}");
    let run = import(&test, "dotenv", "A=\n", &[]).succeeded();
    assert!(run.stderr.contains("A is empty") && run.stderr.contains("nothing to import"), "{run}");
}

#[test]
fn settings_stay_in_the_file_and_the_plan_says_why() {
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", PROJECT, &["--replace-with-refs"]).succeeded();
    assert_eq!(2, names(&test).iter().filter(|name| !name.starts_with("copy of ")).count(), "{run}");
    for (variable, why) in [
        ("NODE_ENV", "by its name"),
        ("PORT", "by its name"),
        ("AWS_REGION", "its preset"),
        ("VITE_TITLE", "bundlers"),
        ("CACHE", "on or off"),
        ("REDIS_URL", "on this machine"),
    ] {
        let note = run.stderr.lines().find(|line| line.contains(variable)).unwrap_or_default();
        assert!(note.contains("left where it is") && note.contains(why), "{variable}: {run}");
    }
    let written = std::fs::read_to_string(test.path("source")).unwrap();
    assert!(written.starts_with("NODE_ENV=development\nPORT=3000\nAWS_REGION=eu-central-1\n"), "{written}");
    assert!(!written.contains("hunter2") && !written.contains("4711"), "{written}");
}

#[test]
fn patterns_choose_what_is_taken_of_a_file() {
    let test = TestEnvironment::served();
    import(&test, "dotenv", PROJECT, &["--only", "DB_*", "--only", "NODE_ENV"]).succeeded();
    assert_eq!(["DB_PASSWORD", "NODE_ENV"], names(&test)[..]);
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", PROJECT, &["--skip", "P*", "--skip", "*_PASSWORD"]).succeeded();
    assert!(names(&test).is_empty() && run.stderr.contains("there is nothing to import"), "{run}");
    import(&test, "json", r#"{"a": "1"}"#, &["--only", "a"]).ended_with(2);
}

#[test]
fn references_replace_values_and_a_sealed_copy_is_kept() {
    let test = TestEnvironment::served();
    import(&test, "dotenv", DOTENV, &["--replace-with-refs"]).succeeded();
    let written = std::fs::read_to_string(test.path("source")).unwrap();
    let expected =
        "# keys\nexport OPENAI_API_KEY=vault://skill:openai:access_token\nMY_OWN=vault://MY_OWN\nEMPTY=\n";
    assert_eq!(expected, written);
    let copy = names(&test).into_iter().find(|name| name.starts_with("copy of ")).unwrap();
    let copy = copy.replace("HOME", test.home().to_str().unwrap());
    assert_eq!(DOTENV, value(&test, &copy));
}

#[test]
fn the_last_of_several_values_counts_and_none_of_them_stays_in_the_file() {
    let test = TestEnvironment::served();
    let run = import(&test, "dotenv", "MY=one\n# rotated\nMY=two\n", &["--replace-with-refs"]).succeeded();
    assert!(run.to_string().contains("replaced 2 values in the file"), "{run}");
    assert!(run.stderr.contains("line 1: MY is set again; the last value counts"), "{run}");
    let written = std::fs::read_to_string(test.path("source")).unwrap();
    assert_eq!("MY=vault://MY\n# rotated\nMY=vault://MY\n", written);
    assert_eq!("two", value(&test, "MY"));
    let file = test.path("source");
    let mut command = test.command(&["run", "--no-mask", "--env-file", file.to_str().unwrap(), "--"]);
    command.args(["/bin/sh", "-c", "echo $MY"]);
    assert_eq!("two\n", test.run(command, "").succeeded().stdout);
}

#[test]
fn what_is_left_in_the_vault_is_left_in_the_file_too() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "MY_OWN"], "another").succeeded();
    import(&test, "dotenv", DOTENV, &["--replace-with-refs", "--on-conflict", "skip"]).succeeded();
    let written = std::fs::read_to_string(test.path("source")).unwrap();
    assert!(written.contains("\nMY_OWN=b\n") && !written.contains("sk-a"), "{written}");
}

#[test]
fn json_is_an_object_of_values_or_a_list_of_entries() {
    let test = TestEnvironment::served();
    import(&test, "json", r#"{"a": "1", "b": 2}"#, &[]).succeeded();
    let entries = r#"[{"name": "c", "value": "3", "orgId": "acme", "category": "deploy", "metadata": {"m": 1}, "expiresAt": "2099-01-01T00:00:00Z"}]"#;
    import(&test, "json", entries, &[]).succeeded();
    assert_eq!("2", value(&test, "b"));
    let shown = test.ctl(&["--org", "acme", "show", "c", "--json"]).succeeded().json();
    assert_eq!(
        ("deploy", 1),
        (shown["category"].as_str().unwrap(), shown["metadata"]["m"].as_i64().unwrap())
    );
}

#[test]
fn bad_entries_are_all_named_and_keep_the_rest_out_unless_they_are_skipped() {
    let test = TestEnvironment::served();
    let written = r#"{"good": "1", "nested": {"x": "sk-1234"}, "skill:Bad": "2", "empty": ""}"#;
    let run = import(&test, "json", written, &[]).ended_with(2);
    for bad in ["`nested`", "`skill:Bad`", "`empty`"] {
        assert!(run.stderr.contains(bad), "{bad} {run}");
    }
    assert!(!run.stderr.contains("sk-1234") && names(&test).is_empty(), "{run}");
    import(&test, "json", written, &["--skip-bad"]).ended_with(2);
    assert_eq!(["good"], names(&test)[..]);
}

#[test]
fn json_that_is_none_is_told_by_its_place_and_not_repeated() {
    let test = TestEnvironment::served();
    let run = import(&test, "json", "{\"a\": sk-1234}", &[]).ended_with(2);
    assert!(run.stderr.contains("line 1, column 7") && !run.stderr.contains("1234"), "{run}");
}

#[test]
fn json_that_names_a_secret_twice_is_refused_and_nothing_is_stored() {
    let test = TestEnvironment::served();
    for twice in [
        r#"{"a": "first-value", "b": "x", "a": "second-value"}"#,
        r#"[{"name": "a", "value": "first-value", "value": "second-value"}]"#,
        r#"{"entries": [{"name": "a", "value": "x", "metadata": {"k": "first-value", "\u006b": "second-value"}}]}"#,
    ] {
        let run = import(&test, "json", twice, &["--skip-bad"]).ended_with(2);
        assert!(run.stderr.contains("has a name twice in one object: line 1"), "{run}");
        assert!(!run.stderr.contains("-value"), "{run}");
    }
    assert_eq!(Vec::<String>::new(), names(&test));
}

#[test]
fn json_answers_with_what_became_of_each() {
    let test = TestEnvironment::served();
    let answer = import(&test, "dotenv", DOTENV, &["--json"]).succeeded().json();
    assert_eq!(
        (2, "created"),
        (answer["created"].as_i64().unwrap(), answer["entries"][0]["outcome"].as_str().unwrap())
    );
}

#[test]
fn stdin_is_read_where_a_dash_is_named() {
    let test = TestEnvironment::served();
    test.ctl_with(&["import", "dotenv", "-"], "A=1\n").succeeded();
    assert_eq!("1", value(&test, "A"));
}

#[test]
fn options_that_do_not_fit_the_format_are_refused() {
    let test = TestEnvironment::served();
    test.ctl(&["import", "dotenv"]).ended_with(2);
    import(&test, "json", "{}", &["--replace-with-refs"]).ended_with(2);
    import(&test, "json", "{}", &["--env-file", "x"]).ended_with(2);
    test.ctl_with(&["import", "dotenv", "-", "--replace-with-refs"], "A=1\n").ended_with(2);
}

#[test]
fn an_export_needs_a_word_and_makes_a_private_file() {
    let test = TestEnvironment::served();
    import(&test, "dotenv", DOTENV, &[]).succeeded();
    test.ctl(&["export"]).ended_with(2);
    let file = test.path("out.json");
    let export = ["export", "--reveal", "--output", file.to_str().unwrap()];
    test.ctl(&export).succeeded();
    assert_eq!(0o600, std::fs::metadata(&file).unwrap().permissions().mode() & 0o777);
    test.ctl(&export).ended_with(7);
    test.ctl(&[&export[..], &["--force"]].concat()).succeeded();
}

#[test]
fn what_was_exported_can_be_imported() {
    let (from, to) = (TestEnvironment::served(), TestEnvironment::served());
    from.ctl_with(&["set", "a", "--category", "deploy", "--metadata", "{\"m\":1}"], "x\ny").succeeded();
    let written = from.ctl(&["export", "--reveal"]).succeeded().stdout;
    import(&to, "json", &written, &[]).succeeded();
    assert_eq!("x\ny", value(&to, "a"));
    let shown = to.ctl(&["show", "a", "--json"]).succeeded().json();
    assert_eq!("deploy", shown["category"]);
}

#[test]
fn a_dotenv_export_is_read_back_alike() {
    let (from, to) = (TestEnvironment::served(), TestEnvironment::served());
    from.ctl_with(&["set", "skill:openai:access_token"], "sk $a \"c\"\n\\n #").succeeded();
    let written = from.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded().stdout;
    assert!(written.starts_with("OPENAI_API_KEY="), "{written}");
    import(&to, "dotenv", &written, &[]).succeeded();
    assert_eq!("sk $a \"c\"\n\\n #", value(&to, "openai"));
}

#[test]
fn a_value_that_no_dotenv_file_holds_is_named_and_nothing_is_written() {
    let test = TestEnvironment::served();
    let output = test.path("out.env");
    for value in ["it's \"$5\"", "a\r\nb", "\\\\server", "a\0b"] {
        test.ctl_with(&["set", "app-key", "--exact"], value).succeeded();
        let file = output.to_str().unwrap();
        let run = test.ctl(&["export", "--reveal", "--format", "dotenv", "--output", file]).ended_with(2);
        assert!(run.stderr.contains("app-key") && run.stderr.contains("--format json"), "{run}");
        assert!(!output.exists() && !run.stderr.contains(value), "{run}");
        let run = test.ctl(&["env", "app-key", "--format", "dotenv"]).ended_with(2);
        assert!(run.stderr.contains("app-key") && run.stdout.is_empty(), "{run}");
    }
}

#[test]
fn two_names_of_one_variable_are_told_apart_from_a_lost_value() {
    let test = TestEnvironment::served();
    import(&test, "json", r#"{"A": "1", "a b": "2", "A_B": "3"}"#, &[]).succeeded();
    let run = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    assert!(run.stderr.contains("a b (A_B would be A_B too)") && run.stdout == "A=1\n", "{run}");
}

#[test]
fn a_line_that_is_no_assignment_is_left_out_where_that_is_asked_for() {
    let test = TestEnvironment::served();
    let written = "A=first\nBAD sk-1234\nB=second\n";
    let run = import(&test, "dotenv", written, &[]).ended_with(2);
    assert!(run.stderr.contains("line 2: it is no NAME=value") && !run.stderr.contains("sk-1234"), "{run}");
    assert!(names(&test).is_empty());
    import(&test, "dotenv", written, &["--skip-bad"]).ended_with(2);
    assert_eq!(("first", "second"), (&*value(&test, "A"), &*value(&test, "B")));
}

#[test]
fn a_reference_that_is_put_into_the_file_is_read_again_whatever_its_name() {
    let test = TestEnvironment::served();
    let options = ["--prefix", "team #1 ", "--replace-with-refs"];
    import(&test, "dotenv", "PA=valueone # mine\r\n", &options).succeeded();
    assert_eq!("PA='vault://team #1 PA' # mine\r\n", std::fs::read_to_string(test.path("source")).unwrap());
    let file = test.path("source");
    let mut command = test.command(&["run", "--no-mask", "--env-file", file.to_str().unwrap(), "--"]);
    command.args(["/bin/sh", "-c", "echo $PA"]);
    assert_eq!("valueone\n", test.run(command, "").succeeded().stdout);
}
