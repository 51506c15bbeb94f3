//! Values as programs print them: line by line, quoted, escaped, coloured, one over another.

use crate::run::{path, run, with_key};
use vault_testkit::{Run, TestEnvironment};

const MASK: &str = "[vault:pem]";

/// A key of no provider, in the usual form.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n\
    VJTUt9Us8cKjMzEfYyjiWA4R4ypbHqGC0H0+tG3hFQ/8p7bZkq1P\n\
    k7p4Q9lQ\n\
    -----END PRIVATE KEY-----\n";

/// Runs a script of a shell with a key of several lines in `$K`.
fn shell(script: &str) -> Run {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    let mut command = test.command(&["run", "--env", "K=pem", "--", "sh", "-c", script]);
    command.env("PATH", path());
    test.run(command, "").succeeded()
}

#[test]
fn the_lines_of_a_key_are_masked_behind_the_prefixes_of_a_log() {
    let ended = shell("echo \"$K\" | sed 's/^/log: /'");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(format!("log: {MASK}"), lines[1]);
    assert_eq!(format!("log: {MASK}"), lines[2]);
    assert!(!ended.stdout.contains("MIIEvQ") && !ended.stdout.contains("VJTUt9"), "{ended}");
}

#[test]
fn a_line_of_a_key_is_masked_in_json_and_in_the_middle_of_text() {
    let ended = shell("echo \"$K\" | sed -n '2s/.*/{\"log\":\"&\\\\n\"}/p; 3s/.*/at <&>, end/p'");
    assert_eq!(format!("{{\"log\":\"{MASK}\\n\"}}\nat <{MASK}>, end\n"), ended.stdout);
}

#[test]
fn a_key_that_is_printed_whole_is_masked_as_one() {
    // Its last line keeps its end, and echo adds one more.
    assert_eq!(format!("{MASK}\n\n"), shell("echo \"$K\"").stdout);
}

#[test]
fn a_line_that_every_key_has_is_left_as_it_is() {
    let ended = shell("printf -- '-----BEGIN PRIVATE KEY-----\\nanother\\n'");
    assert_eq!("-----BEGIN PRIVATE KEY-----\nanother\n", ended.stdout);
}

#[test]
fn a_key_is_masked_indented_and_with_its_lines_joined() {
    for script in [
        "echo \"$K\" | sed 's/^/    /'",
        "echo $K",
        "echo \"$K\" | tr '\\n' '\\t'",
        "echo \"$K\" | paste -sd' '",
    ] {
        let ended = shell(script);
        assert_eq!(MASK, ended.stdout.trim(), "{script}: {ended}");
    }
}

/// Values with what encoders write otherwise.
const VALUES: [&str; 4] = [
    "it's a \"w/\u{e9}&<b> p@ss=1+2%3$x`y\\z",
    "postgres://app:pw@db/x?sslmode=require&pool=5",
    "it's-a-long-password",
    PEM,
];

/// Runs a program with each of the values in `$K`; every line that it prints must show a value's name and no part of it.
fn prints_no_value(command: &[&str]) {
    let test = TestEnvironment::served();
    for (number, value) in VALUES.iter().enumerate() {
        test.ctl_with(&["set", &format!("v{number}")], value).succeeded();
        let ended = run(&test, &[&["--env", &format!("K=v{number}"), "--"], command].concat());
        for line in format!("{}{}", ended.stdout, ended.stderr).lines().filter(|line| line.len() > 12) {
            assert!(line.contains(&format!("[vault:v{number}]")), "{line}\n{ended}");
        }
        for part in ["p@ss", "postgres", "sslmode", "long", "MIIEvQ", "VJTUt9"] {
            assert!(!ended.stdout.contains(part) && !ended.stderr.contains(part), "{part}\n{ended}");
        }
    }
}

#[test(needs(Bash))]
fn a_value_is_masked_as_bash_quotes_it() {
    prints_no_value(&[
        "bash",
        "-c",
        "printf '%q\\n' \"$K\"; declare -p K; echo \"${K@Q}\"; set -x; true \"$K\"",
    ]);
}

#[test(needs(Zsh))]
fn a_value_is_masked_as_zsh_quotes_it() {
    prints_no_value(&[
        "zsh",
        "-fc",
        "typeset -p K; print -r -- ${(q)K}; print -r -- ${(qq)K} ${(qqqq)K}; set -x; true \"$K\"",
    ]);
}

#[test]
fn a_value_is_masked_as_a_posix_shell_quotes_it() {
    prints_no_value(&["sh", "-xc", "true \"$K\""]);
}

#[test(needs(Python))]
fn a_value_is_masked_as_python_writes_it() {
    let script = "\
import html, json, os, shlex, urllib.parse, xml.sax.saxutils as xml
k = os.environ['K']
dumps, quote = json.dumps, urllib.parse.quote
for written in (repr(k), ascii(k), repr(k.encode()), html.escape(k), xml.escape(k), xml.quoteattr(k), quote(k),
        quote(k, ''), urllib.parse.quote_plus(k), quote(quote(k)), quote(dumps(k)), dumps(dumps(k)),
        dumps(dumps({'a': dumps(k)})), dumps(k, ensure_ascii=False), html.escape(dumps(k))):
    print(written)
print(shlex.quote(k).replace('\\n', ' '), k.encode().hex(' ')[:0])
";
    prints_no_value(&["python3", "-c", script]);
}

#[test(needs(Node))]
fn a_value_is_masked_as_javascript_writes_it() {
    let script = "\
const k = process.env.K;
for (const written of [encodeURI(k), encodeURIComponent(k), new URLSearchParams({k}).toString(), JSON.stringify({k}),
    JSON.stringify(JSON.stringify({k})), new URL('http://h/?' + encodeURI(k)).href]) console.log(written);
console.log('%o', k);
";
    prints_no_value(&["node", "-e", script]);
}

#[test]
fn a_value_is_masked_with_colours_within_it() {
    for pattern in ["proj", "sk-p", "[a-z]", "9a"] {
        let script = format!("echo \"K=$SECRET\" | grep --color=always '{pattern}'");
        let ended = run(&with_key(), &["--env", "SECRET=key", "--", "sh", "-c", &script]).succeeded();
        let (first, coloured) = ended.stdout.split_once("\u{1b}[").unwrap();
        let texts = coloured.split("\u{1b}[").filter_map(|part| part.split_once(['m', 'K']));
        let shown = texts.fold(first.to_owned(), |shown, (_, text)| shown + text);
        assert_eq!("K=[vault:key]", shown.trim(), "{ended}");
    }
}

#[test]
fn values_that_overlap_are_masked_together() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "abcdeX").succeeded();
    test.ctl_with(&["set", "b"], "Xvery-sensitive-value-77").succeeded();
    let options = ["--env", "A=a", "--env", "B=b", "--", "printf", "<abcdeXvery-sensitive-value-77>\n"];
    assert_eq!("<[vault:a][vault:b]>\n", run(&test, &options).succeeded().stdout);
}

#[test]
fn what_a_preset_calls_no_secret_stays_as_it_is() {
    let test = TestEnvironment::served();
    for (name, value) in
        [("region", "eu-central-1"), ("secret_access_key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEYS")]
    {
        test.ctl_with(&["set", &format!("skill:aws:{name}")], value).succeeded();
    }
    let script = "echo $AWS_REGION $AWS_SECRET_ACCESS_KEY";
    let ended = run(&test, &["--skill", "aws", "--", "sh", "-c", script]).succeeded();
    assert_eq!("eu-central-1 [vault:skill:aws:secret_access_key]\n", ended.stdout);
}

#[test]
fn one_warning_names_all_that_is_too_short() {
    let test = TestEnvironment::served();
    for name in ["a", "b", "c"] {
        test.ctl_with(&["set", name], "1234").succeeded();
    }
    let ended = run(&test, &["--env", "A=a", "--env", "B=b", "--env", "C=c", "--env", "D=a", "--", "true"])
        .succeeded();
    assert_eq!(1, ended.stderr.matches("warning:").count(), "{ended}");
    assert!(ended.stderr.contains("a, b, c are too short to be masked"), "{ended}");
}

#[test]
fn an_agent_does_not_see_the_lines_of_a_key_either() {
    let test = with_key();
    test.ctl_with(&["set", "pem"], PEM).succeeded();
    let script = "echo \"$K\" | sed 's/^/  | /'";
    let asked = serde_json::json!({"command": ["sh", "-c", script], "env": {"K": "pem"}});
    let ran = crate::mcp::Server::start(&test).call("run_command", &asked);
    let stdout = ran["stdout"].as_str().unwrap();
    assert!(stdout.contains(&format!("\n  | {MASK}\n")) && !stdout.contains("MIIEvQ"), "{stdout}");
}
