//! Platforms: adding their fields together, finding them, printing them.

use vault_testkit::TestEnvironment;

const OPENAI: &str = "sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789";

#[test]
fn a_platform_with_one_required_field_takes_it_from_stdin() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["add", "openai"], OPENAI).succeeded();
    assert_eq!("stored skill:openai:access_token\n[exit 0]", run.to_string());
    assert_eq!(OPENAI, test.ctl(&["get", "openai"]).succeeded().stdout);
}

#[test]
fn a_platform_with_several_fields_takes_them_from_files_and_stdin() {
    let test = TestEnvironment::served();
    let id = test.write("id", "AKIAIOSFODNN7EXAMPLE\n");
    let field = format!("access_key_id=@{}", id.display());
    let arguments = ["add", "aws", "--field", &field, "--field", "secret_access_key=-"];
    test.ctl_with(&arguments, "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00").succeeded();
    assert_eq!("AKIAIOSFODNN7EXAMPLE", test.ctl(&["resolve", "aws", "access_key_id"]).succeeded().stdout);
}

#[test]
fn one_value_for_several_fields_is_answered_with_how_to_give_them() {
    let run = TestEnvironment::served().ctl_with(&["add", "aws"], "x");
    insta::assert_snapshot!(run, @"
    vaultctl: AWS has several fields, and one value was given
      hint: vaultctl add aws --field access_key_id=@FILE --field secret_access_key=@FILE
    [exit 2]
    ");
}

#[test]
fn a_missing_field_stores_none_of_them() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["add", "aws", "--field", "access_key_id=-"], "AKIAIOSFODNN7EXAMPLE");
    insta::assert_snapshot!(run, @"
    vaultctl: `secret_access_key` is missing
      hint: see its fields with: vaultctl presets aws
    [exit 2]
    ");
    assert_eq!(0, test.ctl(&["list", "--json"]).succeeded().json()["total"]);
}

#[test]
fn a_platform_that_is_stored_in_part_is_completed() {
    let test = TestEnvironment::served();
    for (stored, missing) in [
        ("skill:aws:access_key_id", "secret_access_key"),
        ("skill:twilio:account_sid", "access_token"),
        ("skill:twilio:accountSid", "access_token"),
    ] {
        let platform = stored.split(':').nth(1).unwrap();
        test.ctl_with(&["set", "--org", missing, stored], "there before").succeeded();
        let run = test.ctl_with(&["add", "--org", missing, platform], "the rest").succeeded();
        assert_eq!(format!("stored skill:{platform}:{missing}\n"), run.stdout, "{run}");
        assert_eq!("there before", test.ctl(&["get", "--org", missing, stored]).succeeded().stdout);
        test.ctl(&["rm", "--yes", "--org", missing, stored]).succeeded();
        test.ctl(&["rm", "--yes", "--org", missing, &format!("skill:{platform}:{missing}")]).succeeded();
    }
}

#[test]
fn a_field_that_completes_a_platform_replaces_none_that_is_stored() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:aws:access_key_id"], "there before").succeeded();
    let file = test.write("key", "another");
    let again = format!("access_key_id=@{}", file.display());
    let run = test.ctl_with(&["add", "aws", "--field", &again, "--field", "secret_access_key=-"], "rest");
    assert!(run.stderr.contains("skill:aws:access_key_id is stored already"), "{run}");
    test.ctl_with(&["add", "aws", "--field", "secret_access_key=-"], "rest").succeeded();
    let run = test.ctl_with(&["add", "aws"], "more").ended_with(2);
    assert!(run.stderr.contains("several fields"), "{run}");
    assert_eq!("there before", test.ctl(&["get", "skill:aws:access_key_id"]).succeeded().stdout);
}

#[test]
fn a_field_with_a_value_in_the_arguments_is_refused_and_not_repeated() {
    let run =
        TestEnvironment::empty().ctl(&["add", "openai", "--field", "access_token=sk-1234"]).ended_with(2);
    assert!(run.stderr.contains("a value is never an argument"), "{run}");
    assert!(!run.stderr.contains("sk-1234"), "{run}");
}

#[test]
fn a_value_of_an_unusual_form_is_stored_with_a_warning() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["add", "openai"], "nonsense").succeeded();
    assert!(
        run.stderr.contains("warning: what was stored does not look like a usual API Key (sk-...)"),
        "{run}"
    );
    assert!(!run.stderr.contains("nonsense"), "{run}");
    let run = test.ctl_with(&["set", "openai"], "nonsense").succeeded();
    assert!(run.stderr.contains("vaultctl set skill:openai:access_token"), "{run}");
    let run = test.ctl_with(&["set", "skill:stripe:access_token", "--json"], "nonsense").succeeded();
    assert_eq!("unusual_form", run.json()["warnings"][0]["code"]);
}

#[test]
fn add_never_replaces() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "openai"], OPENAI).succeeded();
    test.ctl_with(&["add", "openai"], "another").ended_with(7);
    test.ctl_with(&["add", "plain"], "one").succeeded();
    test.ctl_with(&["add", "plain"], "two").ended_with(7);
    assert_eq!("one", test.ctl(&["get", "plain"]).succeeded().stdout);
}

#[test]
fn an_alias_stores_under_the_presets_own_name() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "telegram-bot"], "x").succeeded();
    test.ctl(&["show", "skill:telegram:access_token"]).succeeded();
}

#[test]
fn a_mistyped_platform_gets_a_note() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["add", "opnai"], "x").succeeded();
    assert!(run.stderr.contains("did you mean openai?"), "{run}");
}

#[test]
fn what_there_is_is_listed_with_its_variables() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "openai"], OPENAI).succeeded();
    test.ctl_with(&["set", "skill:mine:token"], "x").succeeded();
    insta::assert_snapshot!(test.ctl(&["discover"]), @"
    PLATFORM  FIELD         VARIABLE        SECRET
    mine      token         MINE_TOKEN      skill:mine:token
    openai    access_token  OPENAI_API_KEY  skill:openai:access_token
    [exit 0]
    ");
}

#[test]
fn resolving_prints_for_a_shell_and_for_a_dotenv_file() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "skill:mine:token"], "it's $5").succeeded();
    let printed = |format| test.ctl(&["resolve", "mine", "--format", format]).succeeded().stdout;
    assert_eq!("it's $5", printed("raw"));
    assert_eq!("export MINE_TOKEN='it'\\''s $5'\n", printed("env"));
    test.ctl(&["resolve", "mine", "--format", "dotenv"]).ended_with(2);
    assert!(printed("json").contains("\"it's $5\""));
    test.ctl_with(&["set", "skill:mine:token"], "it's 5$").succeeded();
    assert_eq!("MINE_TOKEN=\"it's 5$\"\n", printed("dotenv"));
}

#[test]
fn a_shell_reads_back_what_resolve_printed_for_it() {
    let test = TestEnvironment::served();
    let value = "a'b\"c $HOME `id` \\ \n d";
    test.ctl_with(&["set", "skill:mine:token"], value).succeeded();
    let printed = test.ctl(&["resolve", "mine", "--format", "env"]).succeeded().stdout;
    let script = format!("{printed}printf %s \"$MINE_TOKEN\"");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(value, String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_full_name_is_resolved_in_every_format() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "openai"], OPENAI).succeeded();
    let name = "skill:openai:access_token";
    assert_eq!(OPENAI, test.ctl(&["resolve", name]).succeeded().stdout);
    assert_eq!(OPENAI, test.ctl(&["resolve", name, "--json"]).succeeded().json()["value"]);
    let printed = test.ctl(&["resolve", name, "--format", "env"]).succeeded().stdout;
    assert_eq!(format!("export OPENAI_API_KEY='{OPENAI}'\n"), printed);
}

#[test]
fn a_secret_that_is_no_platforms_has_no_variable_to_be_printed_with() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "two words"], "one").succeeded();
    assert_eq!("one", test.ctl(&["resolve", "two words", "--json"]).succeeded().json()["values"][0]["value"]);
    test.ctl(&["resolve", "two words", "--format", "dotenv"]).ended_with(2);
    insta::assert_snapshot!(test.ctl(&["resolve", "two words", "--format", "env"]), @r"
    vaultctl: `two words` is no platform's, so it has no variable of its own
      hint: print the value alone: vaultctl get 'two words'
    [exit 2]
    ");
}

#[test]
fn what_is_stored_already_is_named_with_the_command_that_replaces_it() {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "openai"], OPENAI).succeeded();
    let run = test.ctl_with(&["add", "openai"], OPENAI).ended_with(7);
    assert!(run.stderr.contains("vaultctl set skill:openai:access_token"), "{run}");
    test.ctl_with(&["add", "two words"], "one").succeeded();
    let run = test.ctl_with(&["add", "two words"], "two").ended_with(7);
    assert!(run.stderr.contains("vaultctl set 'two words'; or choose another name"), "{run}");
}

#[test]
fn a_field_that_the_platform_does_not_have_is_told_before_one_that_is_missing() {
    let test = TestEnvironment::served();
    let run = test.ctl_with(&["add", "slack", "--field", "acess_token=-"], "xoxb-1").ended_with(2);
    assert!(run.stderr.contains("there is a field that is not access_token"), "{run}");
}
