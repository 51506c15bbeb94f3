//! Filling templates.

use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

use nix::sys::stat::Mode;

use vault_testkit::TestEnvironment;

fn with_secrets() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "one\n\"two\" $x {{ vault://other }}").succeeded();
    test.ctl_with(&["set", "skill:openai:access_token"], "sk-1234").succeeded();
    test
}

#[test]
fn references_are_filled_from_stdin_to_stdout() {
    let template = "a: {{ vault://key }}\nb: {{vault://openai}}\nc: {{ kept }}\n";
    let filled = with_secrets().ctl_with(&["inject"], template).succeeded();
    assert_eq!("a: one\n\"two\" $x {{ vault://other }}\nb: sk-1234\nc: {{ kept }}\n", filled.stdout);
}

#[test]
fn a_file_is_filled_into_a_private_file() {
    let test = with_secrets();
    let (input, output) = (test.write("in.tpl", "key={{ vault://openai }}\n"), test.path("out"));
    let arguments = ["inject", "-i", input.to_str().unwrap(), "-o", output.to_str().unwrap()];
    insta::assert_snapshot!(test.ctl(&arguments), @r"
    filled 1 reference into HOME/out
    [exit 0]
    ");
    assert_eq!("key=sk-1234\n", std::fs::read_to_string(&output).unwrap());
    assert_eq!(0o600, output.metadata().unwrap().permissions().mode() & 0o777);
}

#[test]
fn an_old_file_that_others_may_read_is_replaced_by_a_private_one() {
    let test = with_secrets();
    let output = test.write("out", "old");
    std::fs::set_permissions(&output, std::fs::Permissions::from_mode(0o644)).unwrap();
    test.ctl_with(&["inject", "-o", output.to_str().unwrap()], "{{ vault://openai }}").succeeded();
    assert_eq!("sk-1234", std::fs::read_to_string(&output).unwrap());
    assert_eq!(0o600, output.metadata().unwrap().permissions().mode() & 0o777);
}

#[test]
fn what_is_no_regular_file_is_refused_and_stays() {
    let test = with_secrets();
    let pipe = test.path("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let inject = ["inject", "-o", pipe.to_str().unwrap()];
    insta::assert_snapshot!(test.ctl_with(&inject, "{{ vault://openai }}"), @r"
    vaultctl: HOME/pipe is no regular file
      hint: write to stdout: leave `-o` out
    [exit 2]
    ");
    let export = ["export", "--reveal", "--force", "-o", pipe.to_str().unwrap()];
    insta::assert_snapshot!(test.ctl(&export), @r"
    vaultctl: HOME/pipe is no regular file
      hint: write to stdout: leave --output out
    [exit 2]
    ");
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_process_has_open_is_refused_with_the_way_to_stdout() {
    let test = with_secrets();
    insta::assert_snapshot!(test.ctl_with(&["inject", "-o", "/dev/stdout"], "{{ vault://openai }}"), @r"
    vaultctl: /dev/stdout is what a process has open, not a file's own path
      hint: name the file by its own path; `inject` and `export` write to stdout without `-o`
    [exit 2]
    ");
    for path in ["/dev/fd/1", "/proc/self/fd/1", "/dev/stderr", "//dev/./stdout"] {
        for words in
            [&["inject", "-o", path][..], &["export", "--reveal", "--force", "-o", path], &["backup", path]]
        {
            let run = test.ctl_with(words, "{{ vault://openai }}").ended_with(2);
            assert!(
                run.stdout.is_empty() && run.stderr.contains("what a process has open"),
                "{words:?} {run}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_stdout_is_appended_to_is_not_replaced() {
    let test = with_secrets();
    let log = test.write("log", "before\n");
    let file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    let mut command = test.command(&["inject", "-i", "/dev/null", "-o", "/dev/stdout"]);
    assert_eq!(Some(2), command.stdout(file).status().unwrap().code());
    assert_eq!("before\n", std::fs::read_to_string(&log).unwrap());
}

#[test]
fn a_symbolic_link_stays_and_what_it_names_is_written() {
    let test = with_secrets();
    let (target, link) = (test.write("target", "old"), test.path("link"));
    symlink("target", &link).unwrap();
    test.ctl_with(&["inject", "-o", link.to_str().unwrap()], "{{ vault://openai }}").succeeded();
    assert_eq!("sk-1234", std::fs::read_to_string(&target).unwrap());
    test.ctl(&["export", "--reveal", "--force", "-o", link.to_str().unwrap()]).succeeded();
    assert!(std::fs::read_to_string(&target).unwrap().contains("skill:openai:access_token"));
    assert!(link.is_symlink() && !target.is_symlink());
}

#[test]
fn a_missing_secret_is_named_with_its_line_and_changes_nothing() {
    let test = with_secrets();
    let (input, output) =
        (test.write("in.tpl", "{{ vault://key }}\n\n{{ vault://kye }}"), test.write("out", "old"));
    let arguments = ["inject", "-i", input.to_str().unwrap(), "-o", output.to_str().unwrap()];
    insta::assert_snapshot!(test.ctl(&arguments), @r"
    vaultctl: HOME/in.tpl, line 3: vault://kye: there is no such secret
      hint: the nearest stored names are `key`
    [exit 3]
    ");
    assert_eq!("old", std::fs::read_to_string(&output).unwrap());
}

#[test]
fn a_reference_that_is_not_closed_is_named_by_its_line() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl_with(&["inject"], "a\n{{ vault://key\n}}"), @r"
    vaultctl: stdin, line 2: the reference is not closed
      hint: a reference is {{ vault://NAME }}
    [exit 2]
    ");
}

#[test]
fn a_template_without_references_needs_no_daemon() {
    assert_eq!("plain", TestEnvironment::empty().ctl_with(&["inject"], "plain").succeeded().stdout);
}

#[test]
fn a_template_that_is_not_there_is_named() {
    insta::assert_snapshot!(TestEnvironment::empty().ctl(&["inject", "-i", "nowhere"]), @r"
    vaultctl: nowhere: no such file or directory
      hint: name a template that you may read
    [exit 2]
    ");
}
