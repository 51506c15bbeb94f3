//! Files of `NAME=value` as the field writes them: what `run` passes on, what `import` stores, and what stays in the file.

use std::collections::BTreeMap;

use vault::files::replace_private;
use vault_testkit::{Run, TestEnvironment};

/// Runs a command with a file's variables.
fn with_file(test: &TestEnvironment, content: &[u8], command: &[&str]) -> Run {
    let file = test.path("app.env");
    replace_private(&file, content).unwrap();
    test.ctl(&[&["run", "--no-mask", "--env-file", file.to_str().unwrap(), "--"], command].concat())
}

/// Returns what a command gets of a file's variables.
fn passed(test: &TestEnvironment, content: &str) -> BTreeMap<String, String> {
    let printed = with_file(test, content.as_bytes(), &["env", "-0"]).succeeded().stdout;
    let pairs = printed.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asserts that `run` and `import` take the same from a file, and that it then holds none of it.
#[track_caller]
fn assert_taken(content: &str, expected: &[(&str, &str)]) {
    let test = TestEnvironment::served();
    let got = passed(&test, content);
    for (name, value) in expected {
        assert_eq!(Some(*value), got.get(*name).map(String::as_str), "{name} of {content:?}: {got:?}");
    }
    let file = test.path("app.env");
    let import = ["import", "dotenv", file.to_str().unwrap(), "--only", "*", "--replace-with-refs"];
    test.ctl(&import).succeeded();
    let left = std::fs::read_to_string(&file).unwrap();
    for (name, value) in expected {
        assert_eq!(*value, test.ctl(&["get", name]).succeeded().stdout, "{name} of {content:?}");
        assert!(!left.contains(value), "{name}: {left:?}");
    }
    assert_eq!(got, passed(&test, &left), "{left:?}");
}

#[test]
fn a_backslash_in_double_quotes_stays_unless_it_escapes_something() {
    let windows = [("BACKUP_DIR", r"C:\Users\kim\v2"), ("DB_PASSWORD", r"t0p\secret")];
    assert_taken(
        "BACKUP_DIR=\"C:\\Users\\kim\\v2\"\nDB_PASSWORD=\"t0p\\secret\"\nMIXED=\"a\\\"b\\\\c\\nd\\pe\"\n",
        &[windows[0], windows[1], ("MIXED", "a\"b\\c\nd\\pe")],
    );
    assert_taken("REGEX=\"^\\d+\\.\\w$\"\n", &[("REGEX", r"^\d+\.\w$")]);
    assert_taken("POINT=\"\\u00e9\\x41\"\n", &[("POINT", r"\u00e9\x41")]);
    assert_taken("MONEY=\"\\$5 \\`x\\`\"\n", &[("MONEY", "$5 `x`")]);
}

#[test]
fn the_last_of_several_values_of_a_variable_counts() {
    assert_taken(
        "API_TOKEN=old-value-111\n# rotated\nAPI_TOKEN=new-value-222\n",
        &[("API_TOKEN", "new-value-222")],
    );
    assert_taken("AB=first\nCD=second\nexport AB='third one'\n", &[("AB", "third one"), ("CD", "second")]);
    assert_taken("AB=\"first\nline\"\r\nAB=last-value\r\n", &[("AB", "last-value")]);
    assert_taken("AB=\nAB=value-1\nAB=value-2\nAB=value-3", &[("AB", "value-3")]);
}

#[test]
fn lines_may_end_as_on_windows_and_values_have_none_of_it() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----";
    let text = format!("SSH_KEY=\"{key}\"\nNEXT=okay\n").replace('\n', "\r\n");
    assert_taken(&text, &[("SSH_KEY", key), ("NEXT", "okay")]);
    assert_taken("AB='one\r\ntwo'\r\nNEXT=okay # remark\r\n", &[("AB", "one\ntwo"), ("NEXT", "okay")]);
    assert_taken("AB=value-1\rNEXT=okay\r", &[("AB", "value-1"), ("NEXT", "okay")]);
    assert_taken("AB=`one\rtwo`\rNEXT=okay", &[("AB", "one\ntwo"), ("NEXT", "okay")]);
}

#[test]
fn backticks_are_quotes_too() {
    assert_taken(
        "GREETING=`it's \"quoted\" twice`\nLINES=`one\ntwo`\nAFTER=okay\n",
        &[("GREETING", "it's \"quoted\" twice"), ("LINES", "one\ntwo"), ("AFTER", "okay")],
    );
    assert_taken("AB=`a\\nb` # remark\n", &[("AB", "a\\nb")]);
    assert_taken("AB = `#1`\n", &[("AB", "#1")]);
    assert_taken("AB='`quoted`'\n", &[("AB", "`quoted`")]);
    let test = TestEnvironment::served();
    let run = with_file(&test, b"AB=`one\nCD=2\n", &["true"]).ended_with(2);
    assert!(run.stderr.contains("app.env, line 1: a quote is not closed"), "{run}");
}

#[test]
fn names_that_no_shell_takes_are_passed_on() {
    assert_taken(
        "spring.datasource.password=abc123\nservice-name=api-1\nOK=okay\n",
        &[("spring.datasource.password", "abc123"), ("service-name", "api-1"), ("OK", "okay")],
    );
    assert_taken("1st=value-1\n", &[("1st", "value-1")]);
    assert_taken("LIST[0]=value-1\nLIST[1]=value-2\n", &[("LIST[0]", "value-1"), ("LIST[1]", "value-2")]);
    assert_taken("Schl\u{fc}ssel=value-1\n", &[("Schl\u{fc}ssel", "value-1")]);
    let test = TestEnvironment::served();
    for text in ["A/B=secret-1\n", "A B=secret-1\n", "\"A\"=secret-1\n", "=secret-1\n"] {
        let run = with_file(&test, text.as_bytes(), &["true"]).ended_with(2);
        assert!(run.stderr.contains("line 1: before the `=` stands no name"), "{run}");
        assert!(!run.stderr.contains("secret-1"), "{run}");
    }
}

#[test]
fn export_may_stand_before_a_name_with_any_white_space() {
    for text in ["export\tTABBED=value-1\n", "export   TABBED=value-1\n", "\texport \t TABBED = value-1\n"] {
        assert_taken(text, &[("TABBED", "value-1")]);
    }
    assert_taken(
        "export=value-1\nexport OTHER\nexported=value-2\n",
        &[("export", "value-1"), ("exported", "value-2")],
    );
}

#[test]
fn a_mark_in_front_is_no_part_of_a_name_and_stays_in_the_file() {
    let test = TestEnvironment::served();
    let content = "\u{feff}AB=value-1\r\nNODE_ENV=x\r\n";
    assert_eq!("value-1", passed(&test, content)["AB"]);
    let file = test.path("app.env");
    test.ctl(&["import", "dotenv", file.to_str().unwrap(), "--replace-with-refs"]).succeeded();
    let left = std::fs::read_to_string(&file).unwrap();
    assert_eq!("\u{feff}AB=vault://AB\r\nNODE_ENV=x\r\n", left);
}

#[test]
fn utf16_is_named_with_what_converts_it() {
    let test = TestEnvironment::served();
    let little: Vec<u8> = "\u{feff}TOKEN=23hg\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "\u{feff}TOKEN=23hg\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for text in [&little, &big] {
        let run = with_file(&test, text, &["true"]).ended_with(2);
        assert!(run.stderr.contains("is UTF-16") && run.stderr.contains("iconv"), "{run}");
        let file = test.path("app.env");
        let run = test.ctl(&["import", "dotenv", file.to_str().unwrap()]).ended_with(2);
        assert!(run.stderr.contains("is UTF-16") && run.stderr.contains("iconv"), "{run}");
        let run = test.ctl(&["inject", "-i", file.to_str().unwrap()]).ended_with(2);
        assert!(run.stderr.contains("is UTF-16"), "{run}");
    }
    let run = with_file(&test, b"TOKEN=\xe9\n", &["true"]).ended_with(2);
    assert!(run.stderr.contains("is not UTF-8"), "{run}");
}

#[test]
fn what_some_readers_take_otherwise_is_taken_as_it_is_with_a_note() {
    let test = TestEnvironment::served();
    let content = "URL=https://${DB_HOST}/v1\nHASH=ab#cd\nTICK=`pass word`\nPLAIN='$X'\n";
    let file = test.write("app.env", content);
    let run = test.ctl(&["import", "dotenv", file.to_str().unwrap()]).succeeded();
    for (line, variable) in [(1, "URL"), (2, "HASH"), (3, "TICK")] {
        assert!(
            run.stderr.contains(&format!("line {line}: {variable} is taken as it is written; ")),
            "{run}"
        );
    }
    assert!(!run.stderr.contains("PLAIN"), "{run}");
    assert_eq!("https://${DB_HOST}/v1", test.ctl(&["get", "URL"]).succeeded().stdout);
}

#[test]
fn a_replaced_reference_to_nothing_keeps_no_command_from_starting() {
    let test = TestEnvironment::served();
    assert_eq!("okay", passed(&test, "AB=vault://gone\nAB=okay\n")["AB"]);
}

#[test]
fn everything_behind_a_quote_that_is_not_closed_is_said_to_be_left_out() {
    let test = TestEnvironment::served();
    let file = test.write("app.env", "AB=value-1\nCD='open\nEF=value-2\n");
    let run = test.ctl(&["import", "dotenv", file.to_str().unwrap(), "--skip-bad"]).ended_with(2);
    assert!(run.stderr.contains("line 2: a quote is not closed, so nothing is read from here on"), "{run}");
    test.ctl(&["get", "EF"]).ended_with(3);
}

/// Writes a file, imports it, and returns what was said and what the file is then.
fn imported(test: &TestEnvironment, content: &str, options: &[&str]) -> (Run, String) {
    let file = test.write("app.env", content);
    let run = test.ctl(&[&["import", "dotenv", file.to_str().unwrap()], options].concat()).succeeded();
    (run, std::fs::read_to_string(file).unwrap())
}

fn names(test: &TestEnvironment) -> Vec<String> {
    let list = test.ctl(&["list", "--json"]).succeeded().json();
    let all = list["secrets"].as_array().unwrap().iter();
    all.map(|secret| secret["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_variable_that_is_set_to_nothing_or_a_reference_in_the_end_is_that_everywhere() {
    for (written, expected) in [
        ("MY=one\nMY=\n", "MY=\nMY=\n"),
        ("MY='one' # old\nMY=two\nexport MY=''\n", "MY='' # old\nMY=''\nexport MY=''\n"),
        ("MY=one\nMY=vault://b\n", "MY=vault://b\nMY=vault://b\n"),
        ("MY=one\nPORT=1\nPORT=\nMY=\n", "MY=\nPORT=1\nPORT=\nMY=\n"),
    ] {
        let test = TestEnvironment::served();
        let (run, left) = imported(&test, written, &["--replace-with-refs"]);
        assert!(run.stderr.contains("line 1: MY is set again"), "{run}");
        assert_eq!(expected, left, "{run}");
        let [copy] = &names(&test)[..] else { panic!("{run}") };
        let copy = copy.replace("HOME", test.home().to_str().unwrap());
        assert_eq!(written, test.ctl(&["get", &copy]).succeeded().stdout);
        assert_eq!(written, imported(&test, written, &[]).1);
    }
}

#[test]
fn a_variable_that_is_to_be_left_is_left_though_it_is_nothing_in_the_end() {
    let test = TestEnvironment::served();
    let written = "MY=one\nMY=\n";
    assert_eq!(written, imported(&test, written, &["--replace-with-refs", "--skip", "MY"]).1);
    assert!(names(&test).is_empty());
}

#[test]
fn several_variables_behind_one_export_are_refused_with_their_line() {
    let test = TestEnvironment::served();
    for (content, line) in [
        ("export A=sk-1234 B=2\n", 1),
        ("C=3\nexport\tA=sk-1234 B='two words'\n", 2),
        ("export A=sk-1234\tB=\n", 1),
    ] {
        let run = with_file(&test, content.as_bytes(), &["true"]).ended_with(2);
        let said = format!("line {line}: it exports several variables");
        assert!(run.stderr.contains(&said) && !run.stderr.contains("1234"), "{run}");
        let run = test.ctl(&["import", "dotenv", test.path("app.env").to_str().unwrap()]).ended_with(2);
        assert!(run.stderr.contains(&said), "{run}");
    }
    assert_taken("DSN=host=db port=5432\n", &[("DSN", "host=db port=5432")]);
}
