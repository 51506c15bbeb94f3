//! One name, one secret: what `get` finds for a word is what every other command acts on, and says so.

use vault_testkit::{Run, TestEnvironment};

pub(crate) const OLD: &str = "sk-old-0123456789";
pub(crate) const NEW: &str = "sk-new-9876543210";

/// Words, and the stored name that each finds.
const FOUND: [(&str, &str); 7] = [
    ("openai", "skill:openai:access_token"),
    ("gemini", "skill:google:access_token"),
    ("skill:openai:token", "skill:openai:api_key"),
    ("skill:mine", "skill:mine:apiKey"),
    ("mine", "skill:mine:webhook_secret"),
    ("database", "skill:database:connection_string"),
    ("skill:twilio-sms:authToken", "skill:twilio:access_token"),
];

/// Starts a vault in which a name is stored with its old value.
pub(crate) fn with(name: &str) -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", name], OLD).succeeded();
    test
}

pub(crate) fn value(test: &TestEnvironment, word: &str) -> String {
    test.ctl(&["get", word]).succeeded().stdout
}

pub(crate) fn total(test: &TestEnvironment) -> u64 {
    test.ctl(&["list", "--json"]).succeeded().json()["total"].as_u64().unwrap()
}

/// Asserts that a command said which secret it acted on.
#[track_caller]
pub(crate) fn assert_said(run: &Run, word: &str, name: &str) {
    assert!(run.stderr.contains(&format!("note: {word} means {name}\n")), "{run}");
}

#[test]
fn a_new_value_for_a_platform_reaches_every_way_to_it() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "openai"], OLD).succeeded();
    let run = test.ctl_with(&["set", "openai"], NEW).succeeded();
    assert_eq!("stored skill:openai:access_token, version 2\n", run.stdout);
    assert_said(&run, "openai", "skill:openai:access_token");
    assert_eq!(NEW, value(&test, "openai"));
    let printed = |arguments: &[&str]| {
        test.ctl(&[&["run", "--no-mask"], arguments, &["--", "printenv", "K"]].concat()).succeeded().stdout
    };
    assert_eq!(format!("{NEW}\n"), printed(&["--env", "K=openai"]));
    let passed = ["run", "--no-mask", "--skill", "openai", "--", "printenv", "OPENAI_API_KEY"];
    assert_eq!(format!("{NEW}\n"), test.ctl(&passed).succeeded().stdout);
    assert_eq!(format!("export OPENAI_API_KEY='{NEW}'\n"), test.ctl(&["env", "openai"]).succeeded().stdout);
    assert_eq!(1, total(&test));
}

#[test]
fn set_replaces_what_get_finds() {
    for (word, name) in FOUND {
        let test = with(name);
        assert_eq!(OLD, value(&test, word));
        let run = test.ctl_with(&["set", word], NEW).succeeded();
        assert_said(&run, word, name);
        assert_eq!((NEW.to_owned(), 1), (value(&test, name), total(&test)), "{word}");
        let kept =
            test.ctl(&["set", word, "--keep-value", "--category", "deploy", "--json"]).succeeded().json();
        assert_eq!(
            (name, "deploy"),
            (kept["entry"]["name"].as_str().unwrap(), kept["entry"]["category"].as_str().unwrap())
        );
    }
}

#[test]
fn history_rollback_rotate_and_rm_act_on_what_get_finds() {
    for (word, name) in FOUND {
        let test = with(name);
        test.ctl_with(&["set", name], NEW).succeeded();
        let history = test.ctl(&["history", word]).succeeded();
        assert_said(&history, word, name);
        assert_eq!(3, history.stdout.lines().count(), "{history}");
        assert_said(&test.ctl(&["rollback", word, "--to", "1"]).succeeded(), word, name);
        assert_eq!(OLD, value(&test, name));
        let rotated = test.ctl(&["rotate", word]).succeeded();
        assert_said(&rotated, word, name);
        assert_eq!(format!("rotated {name}\n"), rotated.stdout);
        let removed = test.ctl(&["rm", word, "--yes"]).succeeded();
        assert_said(&removed, word, name);
        assert_eq!((format!("deleted {name}\n"), 0), (removed.stdout, total(&test)));
    }
}

#[test]
fn json_says_the_full_name() {
    let test = with("skill:openai:access_token");
    let name = |arguments: &[&str], place: &str| {
        let answer = test.ctl_with(&[arguments, &["--json"]].concat(), NEW).succeeded().json();
        answer.pointer(place).unwrap_or_else(|| panic!("{answer}")).as_str().unwrap().to_owned()
    };
    for (arguments, place) in [
        (&["set", "openai"][..], "/entry/name"),
        (&["rollback", "openai", "--to", "1"], "/entry/name"),
        (&["rotate", "openai"], "/entry/name"),
        (&["history", "openai"], "/name"),
        (&["rm", "openai", "--yes"], "/name"),
    ] {
        assert_eq!("skill:openai:access_token", name(arguments, place), "{arguments:?}");
    }
}

#[test]
fn a_bare_platform_is_stored_with_a_flag_alone() {
    for word in ["openai", "gemini", "aws", "skill:openai"] {
        let test = TestEnvironment::served();
        let refused = test.ctl_with(&["set", word], NEW).ended_with(2);
        assert!(refused.stderr.contains(&format!("vaultctl set {word} --exact-name")), "{refused}");
        assert_eq!(0, total(&test));
        let run = test.ctl_with(&["set", word, "--exact-name"], NEW).succeeded();
        assert!(run.stderr.contains("agents look for skill:"), "{run}");
        assert_eq!((NEW.to_owned(), 1), (value(&test, word), total(&test)));
        assert_eq!(
            format!("stored {word}, version 2\n"),
            test.ctl_with(&["set", word], OLD).succeeded().stdout
        );
    }
}

#[test]
fn an_exact_name_goes_before_what_else_answers_to_it() {
    let test = with("skill:openai:access_token");
    test.ctl_with(&["set", "openai", "--exact-name"], NEW).succeeded();
    assert_eq!((NEW.to_owned(), 2), (value(&test, "openai"), total(&test)));
    let removed = test.ctl(&["rm", "openai", "--yes"]).succeeded();
    assert_eq!(("deleted openai\n", ""), (&*removed.stdout, &*removed.stderr));
    assert_eq!(OLD, value(&test, "openai"));
}

#[test]
fn a_platform_of_several_fields_is_changed_by_none_of_the_commands() {
    let test = TestEnvironment::served();
    for name in ["skill:aws:access_key_id", "skill:aws:secret_access_key"] {
        test.ctl_with(&["set", name], OLD).succeeded();
    }
    test.ctl_with(&["set", "aws"], NEW).ended_with(2);
    for arguments in [
        &["rm", "aws", "--yes"][..],
        &["rotate", "aws"],
        &["rollback", "aws", "--to", "1"],
        &["history", "aws"],
    ] {
        let run = test.ctl(arguments).ended_with(3);
        assert!(run.stderr.contains("name one of them: skill:aws:access_key_id"), "{run}");
    }
    assert_eq!(
        [OLD, OLD],
        ["skill:aws:access_key_id", "skill:aws:secret_access_key"].map(|name| value(&test, name))
    );
}

#[test]
fn add_stores_nothing_that_another_command_would_find_instead() {
    let test = with("skill:openai:api_key");
    for word in ["skill:openai:access_token", "skill:openai:token", "skill:openai"] {
        let refused = test.ctl_with(&["add", word], NEW).ended_with(7);
        assert!(refused.stderr.contains("vaultctl set skill:openai:api_key"), "{refused}");
    }
    assert_eq!(1, total(&test));
}

/// Makes an agent, and returns its token's file.
pub(crate) fn agent(test: &TestEnvironment, grant: &str) -> String {
    let token = test.ctl(&["agent", "add", "bot", "--grant", grant]).succeeded().stdout;
    test.write("token", &token).to_str().unwrap().to_owned()
}

#[test]
fn an_agent_that_stores_and_replaces_and_reads_nothing_sets_a_secret_twice() {
    for name in ["inbox-1", "inbox-skill", "inbox-a:b"] {
        let test = TestEnvironment::served();
        let token = agent(&test, "create,encrypt:inbox-*");
        for (number, value) in [OLD, NEW].iter().enumerate() {
            let run = test.ctl_with(&["--token-file", &token, "set", name], value).succeeded();
            assert_eq!(format!("stored {name}, version {}\n", number + 1), run.stdout);
        }
        assert_eq!(NEW, value(&test, name));
        test.ctl(&["--token-file", &token, "get", name]).ended_with(3);
        test.ctl(&["--token-file", &token, "history", name]).ended_with(3);
    }
}

#[test]
fn an_agent_with_one_right_uses_that_by_name_and_no_other() {
    let commands = [
        ("encrypt", &["set", "a"][..]),
        ("encrypt", &["set", "a", "--keep-value", "--expires", "never"]),
        ("encrypt", &["rollback", "a", "--to", "1"]),
        ("rotate", &["rotate", "a"]),
        ("delete", &["rm", "a", "--yes"]),
    ];
    for (right, arguments) in commands {
        let test = with("a");
        test.ctl_with(&["set", "a"], NEW).succeeded();
        let token = agent(&test, &format!("{right}:a"));
        let speaking = [&["--token-file", &token], arguments].concat();
        test.ctl_with(&speaking, OLD).succeeded();
        let other = if right == "rotate" { "delete:a" } else { "rotate:a" };
        test.ctl(&["agent", "update", "bot", "--grant", other]).succeeded();
        test.ctl_with(&speaking, OLD).ended_with(if arguments == ["set", "a"] { 5 } else { 3 });
    }
}

#[test]
fn an_agent_that_may_create_replaces_nothing_and_hears_what_it_heard() {
    let test = with("a");
    let token = agent(&test, "create:*");
    let run = test.ctl_with(&["--token-file", &token, "set", "a"], NEW).ended_with(7);
    assert!(run.stderr.contains("the name is taken in this org"), "{run}");
    assert_eq!(OLD, value(&test, "a"));
}

#[test]
fn another_name_of_a_secret_gives_an_agent_nothing_to_replace() {
    for (stored, word) in [
        ("skill:openai:access_token", "openai"),
        ("skill:openai:access_token", "skill:openai:api_key"),
        ("skill:google:access_token", "skill:gemini:api_key"),
        ("skill:mine:webhook_secret", "mine"),
    ] {
        let test = with(stored);
        let token = agent(&test, &format!("create,encrypt:{word}"));
        test.ctl_with(&["--token-file", &token, "set", word, "--exact-name"], NEW).ended_with(5);
        assert_eq!((OLD.to_owned(), 1), (value(&test, word), total(&test)), "{word}");
    }
}

#[test(needs(Bash))]
fn a_shell_completes_platforms_for_commands_that_take_them() {
    let test = with("skill:openai:access_token");
    for command in ["set", "rm", "rotate", "rollback", "history"] {
        let offered = crate::completion::in_bash(&test, &format!("vaultctl {command} open"));
        assert_eq!(["openai"], offered[..], "{command}");
    }
}
