//! Printing assignments, read back by those that they are for.

use std::process::Command;

use crate::run::path;
use vault_testkit::TestEnvironment;

const NASTY: &str = "a'b\"c $HOME `id` \\ \\n !x %s #y\n\ttwo  lines; é 😀 *~&|<>()\\";

fn with_nasty() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "nasty"], NASTY).succeeded();
    test
}

/// Feeds what is printed in a format to a program, which prints the variable.
fn read_back(test: &TestEnvironment, format: &str, (program, words): (&str, &[&str])) -> String {
    let printed = test.ctl(&["env", "nasty", "--format", format]).succeeded().stdout;
    let file = test.write("assignments", &printed);
    let output = Command::new(program).args(words).arg(&file).env("PATH", path()).output().unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").env("PATH", path()).output().is_ok()
}

#[test]
fn posix_shells_read_every_value_as_it_is() {
    let test = with_nasty();
    for shell in ["sh", "bash", "dash", "zsh"].into_iter().filter(|shell| *shell == "sh" || is_there(shell)) {
        let script = r#". "$0"; printf %s "$NASTY""#;
        assert_eq!(NASTY, read_back(&test, "sh", (shell, &["-c", script])), "{shell}");
    }
}

#[test]
fn fish_reads_every_value_as_it_is_where_it_is_installed() {
    if is_there("fish") {
        let words = ["-N", "-c", "source $argv[1]; printf %s $NASTY", "--"];
        assert_eq!(NASTY, read_back(&with_nasty(), "fish", ("fish", &words)));
    }
}

#[test]
fn fish_gets_its_own_quotes() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "it's"], r"a'b\c").succeeded();
    assert_eq!(
        "set -gx IT_S 'a\\'b\\\\c'\n",
        test.ctl(&["env", "it's", "--format", "fish"]).succeeded().stdout
    );
}

#[test]
fn run_reads_back_what_was_printed_for_a_dotenv_file() {
    let test = TestEnvironment::served();
    for value in ["it's\n'two' lines # $ \u{e9}", " $HOME `x` \"y\"\n\\n ", "plain"] {
        test.ctl_with(&["set", "odd", "--exact"], value).succeeded();
        let printed = test.ctl(&["env", "odd", "--format", "dotenv"]).succeeded().stdout;
        let file = test.write("app.env", &printed);
        let mut command = test.command(&["run", "--no-mask", "--env-file", file.to_str().unwrap(), "--"]);
        command.args(["sh", "-c", r#"printf %s "$ODD""#]).env("PATH", path());
        assert_eq!(value, String::from_utf8(command.output().unwrap().stdout).unwrap());
    }
}

#[test]
fn what_no_dotenv_file_holds_for_all_readers_is_named_and_nothing_is_printed() {
    let test = with_nasty();
    let run = test.ctl(&["env", "nasty", "--format", "dotenv"]).ended_with(2);
    assert!(run.stderr.contains("nasty: there is no way to write it") && run.stdout.is_empty(), "{run}");
}

#[test]
fn json_is_an_object_of_variables() {
    let test = with_nasty();
    assert_eq!(NASTY, test.ctl(&["env", "nasty", "--format", "json"]).succeeded().json()["NASTY"]);
    assert_eq!(NASTY, test.ctl(&["env", "X=nasty", "--json"]).succeeded().json()["X"]);
}

#[test]
fn platforms_and_names_are_printed_under_their_variables() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:openai:access_token"], "sk-1").succeeded();
    test.ctl_with(&["set", "skill:stripe:access_token"], "sk-2").succeeded();
    test.ctl_with(&["set", "db-url"], "sk-3").succeeded();
    let printed =
        test.ctl(&["env", "--skill", "openai", "stripe", "db-url", "URL=db-url"]).succeeded().stdout;
    let expected = "export OPENAI_API_KEY='sk-1'\nexport STRIPE_SECRET_KEY='sk-2'\nexport DB_URL='sk-3'\nexport URL='sk-3'\n";
    assert_eq!(expected, printed);
}

#[test]
fn nothing_asked_for_is_answered_with_what_is_missing() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["env"]), @r"
    vaultctl: missing: <NAME>...
      hint: see: vaultctl env --help
    [exit 2]
    ");
}

#[test]
fn a_secret_that_is_not_there_prints_nothing() {
    let run = with_nasty().ctl(&["env", "nasty", "nowhere"]).ended_with(3);
    assert_eq!("", run.stdout);
}

#[test]
fn the_copy_of_a_file_is_no_variable_of_a_dotenv_export() {
    let test = TestEnvironment::served();
    let file = test.write("app.env", "OPENAI_API_KEY=sk-proj-0123456789abcdefghij\nMY_OWN=a-value-of-mine\n");
    test.ctl(&["import", "dotenv", file.to_str().unwrap(), "--replace-with-refs"]).succeeded();
    test.ctl_with(&["set", "copy of mine"], "a value").succeeded();
    let run = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    let mut variables: Vec<_> = run.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    variables.sort_unstable();
    assert_eq!(vec!["COPY_OF_MINE", "MY_OWN", "OPENAI_API_KEY"], variables, "{run}");
    assert!(run.stderr.contains("left out: copy of "), "{run}");
    let run = test.ctl(&["export", "--reveal"]).succeeded();
    assert_eq!(4, run.json()["entries"].as_array().unwrap().len(), "{run}");
}

#[test]
fn two_names_of_one_variable_are_refused_with_both() {
    let test = TestEnvironment::served();
    for name in ["db-url", "db.url", "DB_URL"] {
        test.ctl_with(&["set", name], name).succeeded();
    }
    for names in [["db-url", "db.url"], ["db.url", "DB_URL"], ["X=db-url", "X=db.url"]] {
        let run = test.ctl(&["env", names[0], names[1]]).ended_with(7);
        assert!(run.stderr.contains("would both be") && run.stdout.is_empty(), "{run}");
    }
    test.ctl(&["env", "db-url", "OTHER=db.url"]).succeeded();
}

#[test]
fn a_name_that_makes_no_variable_of_its_own_or_one_that_programs_obey_is_refused() {
    let test = TestEnvironment::served();
    let odd = ["\u{65e5}\u{672c}", "schl\u{fc}ssel", "Gr\u{fc}\u{df}e 1"]
        .map(|name| (name, "letters that no variable has"));
    let obeyed = ["PATH", "ld-preload", "node options"].map(|name| (name, "programs obey"));
    for (name, why) in odd.into_iter().chain(obeyed) {
        test.ctl_with(&["set", name], "value").succeeded();
        for format in ["sh", "dotenv", "json"] {
            let run = test.ctl(&["env", name, "--format", format]).ended_with(2);
            assert!(run.stderr.contains(why) && run.stdout.is_empty(), "{run}");
        }
        assert!(test.ctl(&["env", &format!("MINE={name}")]).succeeded().stdout.contains("MINE="));
        let run = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
        assert!(run.stderr.contains(why) && run.stdout.is_empty(), "{run}");
        test.ctl(&["rm", name, "--yes"]).succeeded();
    }
}
