//! What the world of the tests promises, where no test of the vault would notice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

#[macro_use]
extern crate vault_trial;

use std::path::Path;

use rustix::process::geteuid;
use vault_testkit::cgroup::MemoryCgroup;
use vault_testkit::users::User;

const SOMEONE: User = User { uid: 2004, groups: &[] };

#[test(needs(MemoryCgroup))]
fn a_process_over_the_limit_of_its_cgroup_is_ended_and_counted() {
    let kept = |bytes: u64| {
        let group = MemoryCgroup::new(64 * 1024 * 1024);
        let mut command = group.command(Path::new("sh"));
        // `tail` keeps all of it in memory until the end.
        command.args(["-c", &format!("head -c {bytes} /dev/zero | tail -c {bytes} | wc -c")]);
        let output = command.output().unwrap();
        let counted = String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap();
        (counted, group.kills())
    };
    assert_eq!((1_000_000, 0), kept(1_000_000));
    assert_eq!((0, 1), kept(400_000_000));
}

#[test(needs(Root))]
fn only_the_thread_that_acts_as_another_user_is_that_user() {
    std::thread::scope(|scope| {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let other = scope.spawn(move || {
            asked.recv().unwrap();
            geteuid()
        });
        SOMEONE.does(|| {
            assert_eq!(SOMEONE.uid, geteuid().as_raw());
            ask.send(()).unwrap();
            assert!(other.join().unwrap().is_root());
        });
    });
    assert!(geteuid().is_root());
}

#[test(needs(Root))]
fn a_panic_as_another_user_makes_the_thread_root_again() {
    let panicked = std::panic::catch_unwind(|| SOMEONE.does(|| std::panic::resume_unwind(Box::new(()))));
    assert!(panicked.is_err());
    assert!(geteuid().is_root());
}

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
