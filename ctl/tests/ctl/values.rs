//! A value comes out as it went in, whatever way it takes.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vault_testkit::programs::vaultctl;
use vault_testkit::terminal::drive;
use vault_testkit::{Run, TestEnvironment};

const KEYGEN: &str = "ssh-keygen";

fn get(test: &TestEnvironment, name: &str) -> String {
    test.ctl(&["get", name]).succeeded().stdout
}

/// Makes an SSH key in a file, and returns the file's text.
fn ssh_key(test: &TestEnvironment) -> String {
    let file = test.path("id");
    let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f"];
    assert!(Command::new(KEYGEN).args(arguments).arg(&file).status().unwrap().success());
    std::fs::read_to_string(file).unwrap()
}

/// Has a shell of `vaultctl run` work on the file of a value.
fn on_file(test: &TestEnvironment, name: &str, script: &str) -> Run {
    test.ctl(&["run", "--file", &format!("F={name}"), "--", "sh", "-c", script]).succeeded()
}

#[test(needs(SshKeygen))]
fn an_ssh_key_opens_however_it_was_stored_and_is_handed_on() {
    let test = TestEnvironment::served();
    let (key, file) = (ssh_key(&test), test.path("id"));
    let public = std::fs::read_to_string(test.path("id.pub")).unwrap();
    let file = file.to_str().unwrap();
    test.ctl(&["set", "of-file", "--value-file", file]).succeeded();
    test.ctl_with(&["set", "of-stdin"], &key).succeeded();
    test.ctl(&["add", "ssh-test", "--value-file", file]).succeeded();
    for name in ["of-file", "of-stdin", "ssh-test"] {
        assert_eq!(key, get(&test, name), "{name}");
        assert_eq!(public, on_file(&test, name, "ssh-keygen -y -f \"$F\"").stdout, "{name}");
    }
    test.write("template", "{{ vault://of-file }}");
    test.ctl(&[
        "inject",
        "-i",
        test.path("template").to_str().unwrap(),
        "-o",
        test.path("out").to_str().unwrap(),
    ])
    .succeeded();
    assert_eq!(key, std::fs::read_to_string(test.path("out")).unwrap());
}

#[test(needs(Openssl))]
fn a_chain_of_certificates_opens() {
    let test = TestEnvironment::served();
    let make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$1 \
                -keyout $1.key -out $1.crt 2>&1";
    for name in ["leaf", "root"] {
        let mut openssl = Command::new("sh");
        openssl.args(["-c", make, "sh", name]).current_dir(test.home()).stdout(Stdio::null());
        assert!(openssl.status().unwrap().success());
    }
    let read = |name: &str| std::fs::read_to_string(test.path(name)).unwrap();
    let chain = read("leaf.crt") + &read("root.crt") + &read("leaf.key");
    test.ctl_with(&["set", "chain"], &chain).succeeded();
    assert_eq!(chain, get(&test, "chain"));
    let subject =
        on_file(&test, "chain", "openssl x509 -in \"$F\" -noout -subject && openssl pkey -in \"$F\" -noout");
    assert_eq!("subject=CN = leaf", subject.stdout.trim());
}

#[test(needs(Python))]
fn a_service_account_and_a_kubeconfig_come_out_as_they_went_in() {
    let test = TestEnvironment::served();
    let account = "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n\"\n}\n";
    test.ctl_with(&["set", "account"], account).succeeded();
    let script = "python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[\"type\"])' \"$F\"; cmp \"$F\" account.json";
    test.write("account.json", account);
    let script = format!("cd '{}'; {script}", test.home().display());
    assert_eq!("service_account\n", on_file(&test, "account", &script).stdout);
    let config = "apiVersion: v1\r\nclusters:\r\n- name: a\r\n  cluster: {server: https://x}\r\n\r\n";
    test.ctl_with(&["set", "kubeconfig"], config).succeeded();
    assert_eq!(config, get(&test, "kubeconfig"));
}

#[test]
fn a_token_loses_the_line_end_of_echo_and_keeps_it_with_exact() {
    let test = TestEnvironment::served();
    for (given, kept) in
        [("token\n", "token"), ("token\r\n", "token"), ("token", "token"), ("a\n\n", "a\n\n")]
    {
        test.ctl_with(&["set", "a"], given).succeeded();
        assert_eq!(kept, get(&test, "a"), "{given:?}");
        test.ctl_with(&["set", "a", "--exact"], given).succeeded();
        assert_eq!(given, get(&test, "a"), "{given:?}");
    }
    let file = test.write("value", "token\n");
    test.ctl(&["add", "openai", "--exact", "--value-file", file.to_str().unwrap()]).succeeded();
    assert_eq!("token\n", get(&test, "openai"));
}

#[test]
fn a_mark_in_front_is_left_out_with_a_word() {
    let test = TestEnvironment::served();
    let file = test.write("value", "\u{feff}token\n");
    let file = file.to_str().unwrap();
    let run = test.ctl(&["set", "a", "--value-file", file]).succeeded();
    assert!(run.stderr.contains("the byte-order mark at the start of"), "{run}");
    assert_eq!("token", get(&test, "a"));
    let run = test.ctl_with(&["set", "b", "--exact"], "\u{feff}token").succeeded();
    assert!(!run.stderr.contains("mark"), "{run}");
    assert_eq!("\u{feff}token", get(&test, "b"));
}

#[test]
fn utf16_is_named_and_stores_nothing() {
    let test = TestEnvironment::served();
    for bytes in [b"\xff\xfet\0o\0".as_slice(), b"\xfe\xff\0t\0o"] {
        let run = test.ctl_with(&["set", "a"], bytes).ended_with(2);
        assert!(run.stderr.contains("UTF-16") && run.stderr.contains("iconv"), "{run}");
    }
    test.ctl(&["get", "a"]).ended_with(3);
}

#[test]
fn a_mebibyte_of_many_lines_comes_out_as_it_went_in() {
    let test = TestEnvironment::served();
    let lines = "Grüße, \u{1f511}\tline\r\n".repeat(50_000);
    let value = &lines[..lines.floor_char_boundary(1024 * 1024)];
    test.ctl_with(&["set", "long"], value).succeeded();
    assert_eq!(value, get(&test, "long"));
}

/// Answers the prompts of `vaultctl` on a terminal: what stands there, and what is then sent.
#[track_caller]
fn at_prompts(test: &TestEnvironment, arguments: &[&str], answers: &[(&str, &str)]) -> Value {
    let words = [&[vaultctl().to_str().unwrap()], arguments].concat();
    let steps: Vec<_> = answers
        .iter()
        .flat_map(|(expected, sent)| [json!(["expect", expected]), json!(["send", sent])])
        .collect();
    let ended = drive(test, &words, &Value::Array(steps), &[]);
    assert_eq!(true, ended["modes_kept"], "{ended}");
    ended
}

const PEM: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxG7yPq3sVZ\n-----END EC PRIVATE KEY-----\n";

/// What a terminal sends for a paste, if it was asked to mark it, and then Enter.
fn marked(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~\r", text.replace('\n', "\r"))
}

#[test(needs(Python))]
fn a_paste_is_taken_whole() {
    let test = TestEnvironment::served();
    let pasted = marked(PEM);
    let ended = at_prompts(&test, &["set", "a"], &[("\x1b[?2004h", &pasted)]);
    assert_eq!(0, ended["code"], "{ended}");
    assert!(ended["output"].as_str().unwrap().contains("3 lines pasted"), "{ended}");
    assert!(!ended["output"].as_str().unwrap().contains("MHcCAQEE"), "{ended}");
    assert_eq!(PEM, get(&test, "a"));
    at_prompts(&test, &["add", "ssh-test"], &[("\x1b[?2004h", &pasted)]);
    assert_eq!(PEM, get(&test, "ssh-test"));
    at_prompts(&test, &["set", "b"], &[("\x1b[?2004h", &marked("token\n"))]);
    assert_eq!("token", get(&test, "b"));
    let long = "{\"key\": \"äöü\"}\n".repeat(5000);
    at_prompts(&test, &["set", "c"], &[("\x1b[?2004h", &marked(&long))]);
    assert_eq!(long, get(&test, "c"));
}

#[test(needs(Python))]
fn several_lines_without_marks_store_nothing_and_the_hint_works() {
    let test = TestEnvironment::served();
    let key = std::fs::read_to_string(test.path(".env")).unwrap();
    let refused = |arguments: &[&str], hint: &str| {
        let ended = at_prompts(&test, arguments, &[("\x1b[?2004h", PEM)]);
        assert_eq!(2, ended["code"], "{ended}");
        let output = ended["output"].as_str().unwrap();
        assert!(output.contains("more than one line") && output.contains(hint), "{output}");
        assert!(!output.contains("MHcCAQEE"), "{output}");
    };
    refused(&["set", "a"], "nothing was stored: use --value-file FILE, or pipe it in");
    refused(&["set", "skill:x:y"], "nothing was stored: use --value-file FILE, or pipe it in");
    refused(&["add", "openai"], "nothing was stored: use --field KEY=@FILE");
    refused(&["rekey"], "nothing was changed: pipe it in");
    test.ctl(&["lock"]).succeeded();
    refused(&["unlock"], "nothing was changed: pipe it in");
    test.ctl_with(&["unlock"], &key).succeeded();
    for name in ["a", "openai", "skill:x:y"] {
        test.ctl(&["get", name]).ended_with(3);
    }
}

#[test(needs(Python))]
fn a_typed_value_can_be_edited_and_given_up() {
    let test = TestEnvironment::served();
    at_prompts(&test, &["set", "a"], &[("\x1b[?2004h", "wrong\u{15}tokenX\u{7f}\r")]);
    assert_eq!("token", get(&test, "a"));
    let ended = at_prompts(&test, &["set", "b"], &[("\x1b[?2004h", "half\u{3}")]);
    assert_eq!(2, ended["signal"], "{ended}");
    let ended = at_prompts(&test, &["set", "b"], &[("\x1b[?2004h", "\u{4}")]);
    assert_eq!(2, ended["code"], "{ended}");
    test.ctl(&["get", "b"]).ended_with(3);
}

#[test(needs(Python))]
fn a_key_can_be_pasted_to_unlock() {
    let test = TestEnvironment::served();
    test.ctl(&["lock"]).succeeded();
    let key = std::fs::read_to_string(test.path(".env")).unwrap();
    let ended = at_prompts(&test, &["unlock"], &[("\x1b[?2004h", &marked(&key))]);
    assert_eq!(0, ended["code"], "{ended}");
}

#[test]
fn a_byte_order_mark_in_front_of_a_value_is_left_out_of_every_import_with_a_note() {
    for (format, written) in [
        ("dotenv", "A=\"\u{feff}sk-1234\"\n".to_owned()),
        ("dotenv", "A=\u{feff}sk-1234\n".to_owned()),
        ("json", json!({ "A": "\u{feff}sk-1234" }).to_string()),
        ("json", json!([{ "name": "A", "value": "\u{feff}sk-1234" }]).to_string()),
        ("chrome", "name,url,username,password\nA,,,\u{feff}sk-1234\n".to_owned()),
        (
            "1password",
            json!({ "title": "A", "fields": [{ "id": "password", "value": "\u{feff}sk-1234" }] }).to_string(),
        ),
    ] {
        let test = TestEnvironment::served();
        let run = test.ctl_with(&["import", format, "-"], &*written).succeeded();
        assert!(
            run.stderr.contains("the byte-order mark at the start of `A` is left out"),
            "{format}: {run}"
        );
        assert_eq!("sk-1234", get(&test, "A"), "{format}");
    }
}

#[test]
fn what_an_export_wrote_comes_back_with_its_byte_order_mark() {
    let (from, to) = (TestEnvironment::served(), TestEnvironment::served());
    from.ctl_with(&["set", "a", "--exact"], "\u{feff}x\n").succeeded();
    let written = from.ctl(&["export", "--reveal"]).succeeded().stdout;
    to.ctl_with(&["import", "json", "-"], &*written).succeeded();
    assert_eq!("\u{feff}x\n", get(&to, "a"));
}

#[test]
fn a_mebibyte_of_what_json_escapes_comes_in_by_every_way_and_a_byte_more_by_none() {
    const MIB: usize = 1024 * 1024;
    let test = TestEnvironment::served();
    for (number, character) in ["\u{1}", "\"", "\\", "\u{0}"].into_iter().enumerate() {
        let (value, name) = (character.repeat(MIB), |way: &str| format!("{way}-{number}"));
        test.ctl_with(&["set", &name("set"), "--exact"], &*value).succeeded();
        let file = test.write("value", &value);
        let file = ["--exact", "--value-file", file.to_str().unwrap()];
        test.ctl(&[&["set", &name("file")], &file[..]].concat()).succeeded();
        let entries = json!({ name("json"): value }).to_string();
        test.ctl_with(&["import", "json", "-"], &*entries).succeeded();
        for way in ["set", "file", "json"] {
            assert!(get(&test, &name(way)) == value, "{way} {number}");
        }
        let more = character.repeat(MIB + 1);
        let run = test.ctl_with(&["set", "more", "--exact"], &*more).ended_with(2);
        assert!(run.stderr.contains("at most 1 MiB"), "{run}");
        let entries = json!({ "more": more }).to_string();
        let run = test.ctl_with(&["import", "json", "-"], &*entries).ended_with(2);
        assert!(run.stderr.contains("at most 1 MiB"), "{run}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_value_longer_than_a_variable_can_be_is_refused_by_the_name_of_the_variable() {
    let test = TestEnvironment::served();
    let file = test.write("refs.env", "V=vault://long\n");
    let ways = [["--env", "V=long"], ["--env-file", file.to_str().unwrap()]];
    let printed =
        |way: &[&str]| test.ctl(&[&["run"], way, &["--", "sh", "-c", "printf %s \"$V\" | wc -c"]].concat());
    // The 32 pages of a variable have its name, `=` and a zero byte too.
    for (length, fits) in [(128 * 1024 - 3, true), (128 * 1024 - 2, false), (1024 * 1024, false)] {
        test.ctl_with(&["set", "long"], "a".repeat(length)).succeeded();
        for way in ways {
            let run = printed(&way);
            if fits {
                assert_eq!(length.to_string(), run.succeeded().stdout.trim());
            } else {
                let run = run.ended_with(2);
                assert!(
                    run.stderr.contains("the value for V does not fit: it is longer than a variable can be"),
                    "{run}"
                );
                assert!(run.stderr.contains("--file V=NAME"), "{run}");
            }
        }
    }
}
