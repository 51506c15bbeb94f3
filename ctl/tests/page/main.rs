//! The dashboard's page, in a real browser, before a real daemon.
//!
//! Each test starts a daemon and hands a scenario to Node, which starts `vaultctl ui` and drives Chromium. What a
//! scenario needs and does not find, it names, with the way to get it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing helper fails its test"
)]

#[macro_use]
extern crate vault_trial;

use std::path::Path;
use std::process::{Command, Stdio};

use vault::agents::GRANTABLE;
use vault::domain::{Action, Outcome};
use vault_testkit::{TestEnvironment, vaultctl, vaultd};

/// Where the scenarios are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page");
/// Where the pictures of the views go.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/page-screenshots");
const WORDS: &str = include_str!("../../src/commands/ui/page/words.js");

/// Plays a scenario on a vault of its own.
#[track_caller]
fn plays(scenario: &[&str]) {
    let test = TestEnvironment::served();
    let key = std::fs::read_to_string(test.path(".env")).unwrap();
    let key = key.lines().find_map(|line| line.strip_prefix("AGENTICMAIL_VAULT_KEY=")).unwrap();
    let mut node = Command::new("node");
    node.args(scenario).current_dir(FOLDER).stdin(Stdio::null());
    node.env("VAULTCTL", vaultctl()).env("PAGE_KEY", key).env("PAGE_PICTURES", PICTURES);
    node.env("PAGE_DAEMON", test.pid().to_string()).env("PAGE_VAULTD", vaultd());
    node.env("HOME", test.home().parent().unwrap()).env("AGENTICMAIL_HOME", test.home());
    for name in
        ["AGENTICMAIL_VAULT_KEY", "AGENTICMAIL_VAULT_TOKEN", "AGENTICMAIL_VAULT_SOCKET", "NODE_OPTIONS"]
    {
        node.env_remove(name);
    }
    let output = node.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}\n{said}", scenario[0], output.status);
}

#[test(needs(Browser))]
fn a_link_opens_one_tab_of_one_browser_and_leaves_no_trace() {
    plays(&["session.mjs"]);
}

#[test(needs(Browser))]
fn a_tab_that_is_open_asks_nothing_of_the_one_that_takes_the_port_after_an_interrupt() {
    plays(&["end.mjs", "interrupted"]);
}

#[test(needs(Browser))]
fn a_tab_that_is_open_asks_nothing_of_the_one_that_takes_the_port_after_the_idle_time() {
    plays(&["end.mjs", "idle"]);
}

#[test(needs(Browser))]
fn a_tab_that_did_not_notice_the_end_sends_no_key_to_the_one_that_takes_the_port() {
    plays(&["end.mjs", "unnoticed"]);
}

#[test(needs(Browser))]
fn the_page_shows_what_becomes_of_the_vault_elsewhere() {
    plays(&["follow.mjs"]);
}

#[test(needs(Browser))]
fn a_link_opens_the_tab_that_it_is_pasted_into_and_leaves_its_address() {
    plays(&["relink.mjs"]);
}

#[test(needs(Browser))]
fn typing_is_use_and_the_end_is_announced() {
    plays(&["stay.mjs"]);
}

#[test(needs(Browser))]
fn nothing_typed_and_no_token_is_lost_without_a_question() {
    plays(&["draft.mjs"]);
}

#[test(needs(Browser))]
fn the_clipboard_is_emptied_and_only_of_what_was_copied_here() {
    plays(&["clipboard.mjs"]);
}

#[test(needs(Browser))]
fn the_focus_goes_somewhere_after_each_act() {
    plays(&["focus.mjs"]);
}

#[test(needs(Browser))]
fn waiting_has_an_end() {
    plays(&["slow.mjs"]);
}

#[test(needs(Browser))]
fn a_page_of_another_origin_gets_nothing() {
    plays(&["foreign.mjs"]);
}

#[test(needs(Browser))]
fn secrets_are_added_from_a_preset_by_name_and_from_env_lines() {
    plays(&["add.mjs"]);
}

#[test(needs(Browser))]
fn a_key_goes_to_the_platform_that_the_box_names_or_nowhere() {
    plays(&["choice.mjs"]);
}

#[test(needs(Browser))]
fn a_value_is_on_the_page_only_while_somebody_looks_at_it() {
    plays(&["reveal.mjs"]);
}

#[test(needs(Browser))]
fn a_secret_is_changed_rotated_restored_and_deleted() {
    plays(&["secret.mjs"]);
}

#[test(needs(Browser))]
fn a_long_list_is_narrowed_sorted_paged_and_changed_at_once() {
    plays(&["list.mjs"]);
}

#[test(needs(Browser))]
fn a_list_goes_to_no_page_past_its_end_and_shows_what_expires_first() {
    plays(&["order.mjs"]);
}

#[test(needs(Browser))]
fn the_log_is_walked_from_end_to_end_and_what_the_page_looked_at_is_left_out() {
    plays(&["log.mjs"]);
}

#[test(needs(Browser))]
fn a_log_of_110_000_entries_is_walked_from_either_end() {
    plays(&["far.mjs"]);
}

#[test(needs(Browser))]
fn a_list_is_gone_along_by_keys_and_what_is_open_has_an_address() {
    plays(&["keys.mjs"]);
}

#[test(needs(Browser))]
fn a_platform_is_chosen_from_those_in_sight_and_completed_where_a_field_is_stored() {
    plays(&["half.mjs"]);
}

#[test(needs(Browser))]
fn a_name_with_characters_that_are_not_seen_shows_them() {
    plays(&["names.mjs"]);
}

#[test(needs(Browser))]
fn nothing_is_out_of_line_or_in_front_of_what_is_to_be_read() {
    plays(&["neat.mjs"]);
}

#[test(needs(Browser))]
fn the_audit_log_is_narrowed_followed_and_exported() {
    plays(&["audit.mjs"]);
}

#[test(needs(Browser))]
fn the_vault_is_locked_unlocked_and_rotated() {
    plays(&["status.mjs"]);
}

#[test(needs(Browser))]
fn an_agent_is_added_with_a_token_that_is_shown_once() {
    plays(&["agents.mjs"]);
}

#[test(needs(Browser))]
fn everything_is_done_by_keys_alone() {
    plays(&["keyboard.mjs"]);
}

#[test(needs(Browser))]
fn what_looks_like_markup_is_text() {
    plays(&["hostile.mjs"]);
}

#[test(needs(Browser))]
fn every_view_and_dialog_is_accessible_in_the_light_theme_at_320_and_768_pixels() {
    plays(&["looks.mjs", "light", "320,768"]);
}

#[test(needs(Browser))]
fn every_view_and_dialog_is_accessible_in_the_light_theme_at_1440_and_2560_pixels() {
    plays(&["looks.mjs", "light", "1440,2560"]);
}

#[test(needs(Browser))]
fn every_view_and_dialog_is_accessible_in_the_dark_theme_at_320_and_768_pixels() {
    plays(&["looks.mjs", "dark", "320,768"]);
}

#[test(needs(Browser))]
fn every_view_and_dialog_is_accessible_in_the_dark_theme_at_1440_and_2560_pixels() {
    plays(&["looks.mjs", "dark", "1440,2560"]);
}

#[test(needs(Browser))]
fn the_page_follows_the_rules_of_the_program() {
    plays(&["rules.mjs"]);
}

/// Gives the keys of an object that `words.js` exports, in their order.
fn keys_of(name: &str) -> Vec<&str> {
    let (_, rest) = WORDS.split_once(&format!("export const {name} = {{")).unwrap();
    let (body, _) = rest.split_once("};").unwrap();
    let word = |key: &'static str| key.rsplit([' ', '\n', ',', '{']).next().unwrap();
    body.match_indices(':').map(|(at, _)| word(&body[..at])).collect()
}

#[test]
fn the_page_names_every_action_and_outcome_of_the_vault() {
    assert_eq!(Action::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(), keys_of("ACTIONS"));
    assert_eq!(Outcome::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(), keys_of("OUTCOMES"));
    assert_eq!(GRANTABLE.iter().map(|one| one.as_str()).collect::<Vec<_>>(), keys_of("GRANTABLE"));
}

#[test]
fn every_file_of_the_page_is_served_and_short() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands/ui/page"));
    let list = include_str!("../../src/commands/ui/page.rs");
    for file in folder.read_dir().unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(list.contains(&format!("\"{name}\"")), "{name} is not in the table of page.rs");
        assert!(std::fs::read_to_string(&path).unwrap().lines().count() <= 350, "{name} is too long");
    }
}

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
