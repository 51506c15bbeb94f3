//! Agents: made, shown, tested, changed and removed.

use vault_testkit::TestEnvironment;

/// The agent's grant in most tests.
const GRANT: &str = "read,decrypt:skill:openai:*";

fn with_an_agent() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], "sk-a").succeeded();
    test.ctl_with(&["set", "skill:github:access_token"], "ghp-b").succeeded();
    test.ctl(&["agent", "add", "bot", "--grant", GRANT]).succeeded();
    test
}

#[test]
fn a_new_agents_token_is_all_that_goes_to_a_pipe() {
    let run = TestEnvironment::served().ctl(&["agent", "add", "bot", "--grant", GRANT]).succeeded();
    let token = run.stdout.trim_end();
    assert!(token.starts_with("amv_") && token.len() == 47, "{run}");
    assert!(!run.stderr.contains(token) && run.stderr.contains("AGENTICMAIL_VAULT_TOKEN"), "{run}");
}

#[test]
fn quiet_says_nothing_but_the_token() {
    let run = TestEnvironment::served().ctl(&["-q", "agent", "add", "bot", "--grant", GRANT]).succeeded();
    assert_eq!("", run.stderr);
}

#[test]
fn json_has_the_agent_and_its_token() {
    let test = TestEnvironment::served();
    let run = test.ctl(&["--json", "agent", "add", "bot", "--grant", "acme/*:db", "--uid", "7"]).succeeded();
    let added = run.json();
    assert!(added["token"].as_str().unwrap().starts_with("amv_"));
    assert_eq!(7, added["agent"]["match"]["uid"]);
    assert_eq!("acme", added["agent"]["grants"][0]["orgId"]);
    assert_eq!("db", added["agent"]["grants"][0]["names"][0]);
    assert_eq!(6, added["agent"]["grants"][0]["actions"].as_array().unwrap().len());
}

#[test]
fn the_commands_org_is_that_of_grants_without_one() {
    let test = TestEnvironment::served();
    test.ctl(&["--org", "acme", "agent", "add", "bot", "--grant", "read:a", "--grant", "*/read:b"])
        .succeeded();
    let run = test.ctl(&["agent", "show", "bot"]).succeeded();
    assert!(run.stdout.contains("acme/read:a\n") && run.stdout.contains("*/read:b\n"), "{run}");
}

#[test]
fn a_grant_that_is_none_is_answered_with_the_form() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["agent", "add", "a", "--grant", "skill:openai:*"]), @"
    vaultctl: --grant <GRANT>: a grant is [ORG/]ACTIONS:NAMES, like read,decrypt:skill:openai:* or acme/read:*; actions are create, encrypt, read, decrypt, rotate, delete, or * for these six; and audit, metrics, as in audit:*
      hint: see: vaultctl agent add --help
    [exit 2]
    ");
}

#[test]
fn a_name_that_is_taken_is_a_conflict() {
    with_an_agent().ctl(&["agent", "add", "bot", "--grant", GRANT]).ended_with(7);
}

#[test]
fn agents_are_listed_with_what_they_may_do() {
    let run = with_an_agent().ctl(&["agent", "list"]).succeeded();
    insta::assert_snapshot!(run, @"
    NAME  GRANTS                       MUST MATCH  EXPIRES
    bot   read,decrypt:skill:openai:*  -           never
    [exit 0]
    ");
}

#[test]
fn a_test_of_a_secret_names_the_deciding_grant() {
    insta::assert_snapshot!(with_an_agent().ctl(&["agent", "test", "bot", "openai"]), @"
    ACTION   MAY  BECAUSE
    create   no   no grant allows it
    encrypt  no   no grant allows it
    read     yes  grant read,decrypt:skill:openai:*
    decrypt  yes  grant read,decrypt:skill:openai:*
    rotate   no   no grant allows it
    delete   no   no grant allows it
    agent bot and skill:openai:access_token of org default:
    [exit 0]
    ");
}

#[test]
fn a_test_without_a_secret_lists_what_the_agent_may_do() {
    insta::assert_snapshot!(with_an_agent().ctl(&["agent", "test", "bot"]), @"
    ORG      SECRET                     MAY           BECAUSE
    default  skill:openai:access_token  read,decrypt  grant read,decrypt:skill:openai:*
    [exit 0]
    ");
}

#[test]
fn a_test_of_one_action_exits_5_where_it_is_not_allowed() {
    let test = with_an_agent();
    test.ctl(&["agent", "test", "bot", "openai", "--action", "decrypt"]).succeeded();
    test.ctl(&["agent", "test", "bot", "github", "--action", "decrypt"]).ended_with(5);
    test.ctl(&["agent", "test", "bot", "not-there-yet", "--action", "create"]).ended_with(5);
}

#[test]
fn an_update_leaves_what_it_does_not_name() {
    let test = with_an_agent();
    test.ctl(&["agent", "update", "bot", "--expires", "2h", "--uid", "5"]).succeeded();
    let run = test.ctl(&["agent", "update", "bot", "--add-grant", "read:*", "--gid", "6"]).succeeded();
    for text in ["uid 5, gid 6", "read,decrypt:skill:openai:*", "read:*"] {
        assert!(run.stdout.contains(text), "{text}\n{run}");
    }
    assert!(!run.stdout.contains("never"), "{run}");
}

#[test]
fn an_update_of_nothing_says_what_there_is_to_change() {
    let run = with_an_agent().ctl(&["agent", "update", "bot"]).ended_with(2);
    assert!(run.stderr.contains("nothing to change"), "{run}");
}

#[test]
fn an_unknown_agent_exits_3_with_the_command_that_lists_them() {
    let test = TestEnvironment::served();
    for arguments in [
        &["agent", "show", "absent"][..],
        &["agent", "rm", "absent"],
        &["agent", "test", "absent"],
        &["agent", "update", "absent", "--expires", "never"],
        &["agent", "renew-token", "absent"],
    ] {
        let run = test.ctl(arguments).ended_with(3);
        assert!(run.stderr.contains("vaultctl agent list"), "{run}");
    }
}

#[test]
fn a_right_to_look_is_for_every_org_and_says_how_much_it_shows() {
    let test = TestEnvironment::served();
    let added = test.ctl(&["agent", "add", "watcher", "--grant", "audit,metrics:*"]).succeeded();
    assert!(added.stderr.contains("watcher: */audit,metrics:*"), "{added}");
    for run in [&added, &test.ctl(&["agent", "test", "watcher"])] {
        assert!(run.stderr.contains("audit shows the whole log: every org"), "{run}");
    }
    let shown = test.ctl(&["agent", "show", "watcher"]).succeeded();
    for text in ["*/audit,metrics:*", "audit shows the whole log: every org", "metrics shows the counters"] {
        assert!(shown.stdout.contains(text), "{text}: {shown}");
    }
}

#[test]
fn a_right_to_look_at_a_part_is_refused_and_says_why() {
    let test = with_an_agent();
    for grant in ["audit:skill:*", "acme/metrics:*", "read,audit:*", "*/audit:a*"] {
        for command in [["agent", "add", "watcher"], ["agent", "update", "bot"]] {
            let run = test.ctl(&[&command[..], &["--grant", grant]].concat()).ended_with(2);
            assert!(run.stderr.contains("show every org"), "{grant}: {run}");
        }
    }
    test.ctl(&["--org", "acme", "agent", "add", "watcher", "--grant", "audit:*"]).ended_with(2);
}

#[test]
fn every_action_on_secrets_is_no_right_to_look() {
    let test = TestEnvironment::served();
    test.ctl(&["agent", "add", "bot", "--grant", "*/*:*"]).succeeded();
    let run = test.ctl(&["agent", "show", "bot", "--json"]).succeeded();
    assert!(!run.stdout.contains("audit") && !run.stdout.contains("metrics"), "{run}");
}
