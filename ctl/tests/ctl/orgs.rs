//! Organisations travel: in a reference, in a variable, and out of a second project's `.env`.

use vault_testkit::{Run, TestEnvironment};

const FIRST: &str = "postgres://app:first-0123@db.example.com/app";
const SECOND: &str = "postgres://other:second-4567@db2.example.com/app2";

/// Stores the two projects' values under one name, the second's in an org of its own.
fn two_projects(name: &str, org: &str) -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", name], FIRST).succeeded();
    test.ctl_with(&["--org", org, "set", name], SECOND).succeeded();
    test
}

/// Runs a command with the variable of the org.
fn in_org(test: &TestEnvironment, org: &str, arguments: &[&str]) -> Run {
    let mut command = test.command(arguments);
    command.env("AGENTICMAIL_VAULT_ORG", org);
    test.run(command, "")
}

fn printed(test: &TestEnvironment, arguments: &[&str]) -> String {
    let words = [&["run", "--no-mask"], arguments, &["--", "printenv", "DATABASE_URL"]].concat();
    test.ctl(&words).succeeded().stdout.trim_end().to_owned()
}

#[test]
fn a_second_projects_file_keeps_its_org() {
    for org in ["app2", "team a", "a/b:c"] {
        let test = TestEnvironment::served();
        let first = test.write("first.env", &format!("DATABASE_URL={FIRST}\n"));
        let second = test.write("second.env", &format!("DATABASE_URL={SECOND}\n"));
        let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
        test.ctl(&["import", "dotenv", first, "--replace-with-refs"]).succeeded();
        test.ctl(&["--org", org, "import", "dotenv", second, "--replace-with-refs"]).succeeded();
        assert_eq!(
            "DATABASE_URL=vault://skill:database:connection_string\n",
            std::fs::read_to_string(first).unwrap()
        );
        let rewritten = std::fs::read_to_string(second).unwrap();
        assert!(
            rewritten.contains(&format!("vault://skill:database:connection_string?org={org}")),
            "{rewritten}"
        );
        assert_eq!(FIRST, printed(&test, &["--env-file", first]));
        assert_eq!(SECOND, printed(&test, &["--env-file", second]));
        assert_eq!(SECOND, printed(&test, &["--env-file", first, "--env-file", second]));
    }
}

#[test]
fn a_reference_with_an_org_is_read_wherever_references_are() {
    for name in ["skill:database:connection_string", "db-url", "a?org=b"] {
        let test = two_projects(name, "app2");
        let reference = format!("vault://{name}?org=app2");
        assert_eq!(SECOND, printed(&test, &["--env", &format!("DATABASE_URL={reference}")]));
        let template =
            test.write("t", &format!("{{{{ {reference} }}}} {{{{ vault://{name}?org=default }}}}"));
        let filled = test.ctl(&["inject", "-i", template.to_str().unwrap()]).succeeded().stdout;
        assert_eq!(format!("{SECOND} {FIRST}"), filled);
        let assigned = test.ctl(&["env", &format!("DATABASE_URL={reference}")]).succeeded().stdout;
        assert_eq!(format!("export DATABASE_URL='{SECOND}'\n"), assigned);
    }
}

#[test]
fn a_reference_is_taken_by_every_command_that_takes_a_name() {
    let test = two_projects("DB", "acme");
    let reference = "vault://DB?org=acme";
    assert_eq!(SECOND, test.ctl(&["get", reference]).succeeded().stdout);
    assert_eq!(FIRST, test.ctl(&["get", "vault://DB"]).succeeded().stdout);
    assert_eq!(SECOND, test.ctl(&["--org", "acme", "get", "vault://DB"]).succeeded().stdout);
    assert_eq!(SECOND, test.ctl(&["resolve", reference]).succeeded().stdout);
    let shown = test.ctl(&["show", reference, "--json"]).succeeded().json();
    assert_eq!("acme", shown["orgId"].as_str().unwrap());
    test.ctl_with(&["--org", "acme", "set", "DB"], "newer-value-0123").succeeded();
    assert_eq!(SECOND, test.ctl(&["get", reference, "--version", "1"]).succeeded().stdout);
    for arguments in [
        &["history", reference][..],
        &["rotate", reference],
        &["rollback", reference, "--to", "1"],
        &["rm", reference, "--yes"],
    ] {
        test.ctl(arguments).succeeded();
    }
    test.ctl(&["--org", "acme", "get", "DB"]).ended_with(3);
    assert_eq!(FIRST, test.ctl(&["get", "DB"]).succeeded().stdout);
}

#[test]
fn what_a_reference_says_next_to_its_org_is_named_everywhere() {
    let test = two_projects("DB", "acme");
    for (reference, named) in [
        ("vault://DB?organ=acme", "`?organ=`"),
        ("vault://DB?ORG=acme", "`?ORG=`"),
        ("vault://DB?org=", "`?org=`"),
        ("vault://DB?version=1", "`?version=`"),
    ] {
        let file = test.write("env", &format!("DATABASE_URL={reference}\n"));
        let template = test.write("t", &format!("{{{{ {reference} }}}}"));
        for arguments in [
            &["get", reference][..],
            &["show", reference],
            &["rm", reference, "--yes"],
            &["rotate", reference],
            &["env", reference],
            &["run", "--env", &format!("A={reference}"), "--", "true"],
            &["run", "--env-file", file.to_str().unwrap(), "--", "true"],
            &["inject", "-i", template.to_str().unwrap()],
        ] {
            let refused = test.ctl(arguments).ended_with(2);
            assert!(refused.stderr.contains(named), "{arguments:?} {refused}");
        }
    }
}

#[test]
fn nothing_is_stored_under_a_reference() {
    let test = TestEnvironment::served();
    for (reference, name) in [
        ("vault://DB?org=acme", "give the name DB and --org acme"),
        ("vault://openai", "give the name openai"),
        ("vault://a b", "give the name a b"),
    ] {
        for command in ["set", "add"] {
            let refused = test.ctl_with(&[command, reference], SECOND).ended_with(2);
            assert!(refused.stderr.contains(name), "{refused}");
        }
    }
    assert_eq!(0, test.ctl(&["list", "--json"]).succeeded().json()["total"]);
}

#[test]
fn a_reference_without_an_org_is_of_the_commands_org() {
    let test = two_projects("db-url", "app2");
    let file = test.write("env", "DATABASE_URL=vault://db-url\n");
    let file = file.to_str().unwrap();
    assert_eq!(FIRST, printed(&test, &["--env-file", file]));
    let run = ["run", "--no-mask", "--env-file", file, "--", "printenv", "DATABASE_URL"];
    assert_eq!(format!("{SECOND}\n"), test.ctl(&[&["--org", "app2"][..], &run].concat()).succeeded().stdout);
    assert_eq!(format!("{SECOND}\n"), in_org(&test, "app2", &run).succeeded().stdout);
}

#[test]
fn the_variable_names_the_org_and_the_flag_goes_before_it() {
    let test = two_projects("db-url", "app2");
    assert_eq!(SECOND, in_org(&test, "app2", &["get", "db-url"]).succeeded().stdout);
    assert_eq!(FIRST, in_org(&test, "app2", &["--org", "default", "get", "db-url"]).succeeded().stdout);
    in_org(&test, "app2", &["set", "only", "--generate", "20"]).succeeded();
    test.ctl(&["get", "only"]).ended_with(3);
    in_org(&test, "app3", &["get", "db-url"]).ended_with(3);
}

#[test]
fn a_variable_that_names_no_org_is_an_error() {
    let test = two_projects("db-url", "app2");
    for org in ["", " ", "*", " app2"] {
        let run = in_org(&test, org, &["get", "db-url"]).ended_with(2);
        assert!(run.stderr.contains("AGENTICMAIL_VAULT_ORG"), "{run}");
        in_org(&test, org, &["--org", "app2", "get", "db-url"]).succeeded();
    }
}

#[test]
fn a_wrong_org_is_named_with_its_line_and_variable() {
    let test = two_projects("db-url", "app2");
    for (reference, code, said) in [
        ("vault://db-url?org=app3", 3, "line 2, DATABASE_URL: in the org app3: there is no such secret"),
        ("vault://db-url?org=", 2, "line 2, DATABASE_URL: the reference names no org after `?org=`"),
        ("vault://db-url?org=*", 2, "line 2, DATABASE_URL: the reference names no org after `?org=`"),
        ("vault://?org=app2", 2, "line 2, DATABASE_URL: the reference names no secret"),
    ] {
        let file = test.write("env", &format!("A=b\nDATABASE_URL={reference}\n"));
        let run = test.ctl(&["run", "--env-file", file.to_str().unwrap(), "--", "true"]).ended_with(code);
        assert!(run.stderr.contains(said), "{run}");
        let template = test.write("t", &format!("a\n{{{{ {reference} }}}}"));
        let run = test.ctl(&["inject", "-i", template.to_str().unwrap()]).ended_with(code);
        assert!(run.stderr.contains("line 2: "), "{run}");
    }
}

#[test]
fn a_second_project_is_offered_an_org_and_a_prefix_by_commands_that_work() {
    let test = TestEnvironment::served();
    std::fs::create_dir(test.path("app2")).unwrap();
    let (first, second) = (
        test.write("env", &format!("DATABASE_URL={FIRST}\n")),
        test.write("app2/.env", &format!("DATABASE_URL={SECOND}\n")),
    );
    test.ctl(&["import", "dotenv", first.to_str().unwrap()]).succeeded();
    let second = second.to_str().unwrap();
    let refused = test.ctl(&["import", "dotenv", second]).ended_with(7);
    let foreseen = test.ctl(&["import", "dotenv", second, "--dry-run"]).ended_with(7);
    for run in [&refused, &foreseen] {
        for part in
            ["--org app2 import dotenv ", "--prefix app2-", "--on-conflict skip", "--on-conflict overwrite"]
        {
            assert!(run.stderr.contains(part), "{part}: {run}");
        }
    }
    test.ctl(&["--org", "app2", "import", "dotenv", second]).succeeded();
    test.ctl(&["import", "dotenv", second, "--prefix", "app2-"]).succeeded();
    assert_eq!(SECOND, test.ctl(&["get", "app2-DATABASE_URL"]).succeeded().stdout);
}
