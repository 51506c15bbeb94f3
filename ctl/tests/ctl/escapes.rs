//! Values that a terminal would obey.

use serde_json::json;

use vault_testkit::{TestEnvironment, terminal, vaultctl};

/// Sets the clipboard of the terminal (OSC 52), moves by a C1 control, and turns the reading direction.
const VALUE: &str = "first\tline\nopen\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\u{202e}end";

fn with_value() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "evil"], VALUE).succeeded();
    test
}

/// Runs `vaultctl` on a terminal; returns what it printed.
fn on_terminal(test: &TestEnvironment, arguments: &[&str]) -> String {
    let words = [&[vaultctl().to_str().unwrap()], arguments].concat();
    terminal::drive(test, &words, &json!([]), &[])["output"].as_str().unwrap().to_owned()
}

#[test]
fn a_terminal_is_shown_the_control_characters_of_a_value_and_does_not_get_them() {
    let test = with_value();
    for arguments in [
        &["get", "evil"][..],
        &["resolve", "evil"],
        &["env", "--reveal", "X=evil"],
        &["export", "--reveal", "--format", "dotenv"],
    ] {
        let printed = on_terminal(&test, arguments);
        assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{arguments:?}: {printed:?}");
        assert!(printed.contains("\\u{1b}]52;c;ZXZpbA=="), "{arguments:?}: {printed:?}");
    }
}

#[test]
fn a_terminal_gets_lines_and_tabs_as_they_are_and_is_told_of_the_rest() {
    let printed = on_terminal(&with_value(), &["get", "evil"]);
    assert!(printed.contains("first\tline\r\nopen\\u{1b}"), "{printed:?}");
    assert!(printed.contains("control characters are shown as \\u{…}"), "{printed:?}");
}

#[test]
fn a_filled_template_on_a_terminal_shows_them_too() {
    let test = with_value();
    test.write("template", "{{ vault://evil }}");
    let template = test.path("template");
    let printed = on_terminal(&test, &["inject", "--reveal", "-i", template.to_str().unwrap()]);
    assert!(printed.contains("\\u{1b}]52") && !printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
fn a_pipe_gets_every_byte() {
    let test = with_value();
    assert_eq!(VALUE, test.ctl(&["get", "evil"]).succeeded().stdout);
    assert_eq!("", test.ctl(&["get", "evil"]).stderr);
}

#[test]
fn a_value_without_any_is_printed_on_a_terminal_as_it_is() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "plain"], "grüße, 世界").succeeded();
    assert_eq!("grüße, 世界\r\n", on_terminal(&test, &["get", "plain"]));
}

#[test]
fn json_on_a_terminal_has_none_either_and_says_the_same() {
    let test = with_value();
    let printed = on_terminal(&test, &["get", "evil", "--json"]);
    assert!(!printed.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{printed:?}");
    assert!(printed.contains("\\u009b2J\\u202e"), "{printed:?}");
    assert!(test.ctl(&["get", "evil", "--json"]).succeeded().stdout.contains('\u{9b}'));
}
