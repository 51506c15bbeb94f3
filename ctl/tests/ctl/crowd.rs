//! Many of them at once.

use std::process::{Child, Stdio};

use vault_testkit::{Run, TestEnvironment};

/// How many processes run at the same time.
const CROWD: usize = 200;
/// How many secrets they ask for.
const SECRETS: usize = 8;

fn get(test: &TestEnvironment, number: usize) -> Child {
    let mut command = test.command(&["get", &format!("secret {}", number % SECRETS)]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn two_hundred_that_read_at_once_all_print_the_right_value() {
    let test = TestEnvironment::served();
    for number in 0..SECRETS {
        test.ctl_with(&["set", &format!("secret {number}")], format!("value {number}")).succeeded();
    }
    let crowd: Vec<Child> = (0..CROWD).map(|number| get(&test, number)).collect();
    for (number, child) in crowd.into_iter().enumerate() {
        let run = Run::of(&child.wait_with_output().unwrap(), &test.home()).succeeded();
        assert_eq!((format!("value {}", number % SECRETS).as_str(), ""), (&*run.stdout, &*run.stderr));
    }
    let log = test.ctl(&["audit", "--action", "decrypt", "--json"]).succeeded().json();
    assert_eq!(CROWD, log["total"]);
}
