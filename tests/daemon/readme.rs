//! The programs in the README do what it says, against a real daemon.

use std::process::{Command, Stdio};

use vault::vault::{Fold, Handle, each};
use vault_testkit::{Daemon, Home};

const README: &str = include_str!("../../README.md");
const VALUE: &str = "sk-made-up-0123456789abcdef";

/// Gives the README's one block of a language.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let blocks: Vec<_> = README.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [block] = blocks[..] else { panic!("the README has {} blocks of {language}", blocks.len()) };
    block
}

/// Runs a program's text against a vault that holds a key of `OpenAI`, and gives what it printed.
fn output_of(interpreter: &str, flag: &str, program: &str) -> String {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("skill:openai:access_token", VALUE);
    let mut command = Command::new(interpreter);
    command.args([flag, program]).env("AGENTICMAIL_VAULT_SOCKET", daemon.socket()).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("{interpreter} cannot be started: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_python_program_of_the_readme_reads_its_key() {
    let expected = format!("the key has {} characters\n", VALUE.len());
    assert_eq!(expected, output_of("python3", "-c", block("python")));
}

#[test(needs(Node))]
fn the_node_program_of_the_readme_reads_its_key() {
    let expected = format!("the key has {} characters\n", VALUE.len());
    assert_eq!(expected, output_of("node", "-e", block("js")));
}

/// Collects the row of each operation, as the README's table has it.
struct Rows(Vec<String>);

impl Fold for Rows {
    fn add<O: Handle>(&mut self) {
        let places: Vec<_> = O::routes().map(|route| format!("`{route}`")).collect();
        let places = places.join(", ");
        self.0.push(format!("| {} | {places} | `{}` |\n", O::SUMMARY, O::METHOD));
    }
}

#[test]
fn the_table_of_the_readme_has_every_operation_in_the_order_of_the_list() {
    let mut rows = Rows(Vec::new());
    each(&mut rows);
    let table = rows.0.concat();
    assert!(README.contains(&table), "the README's table is to be:\n{table}");
}
