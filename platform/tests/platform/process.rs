use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use vault_platform::{
    adopt_orphans, children, deny_dumps, die_with_parent, is_dumpable, no_new_privileges, private_umask,
};

use crate::child;

#[test]
fn a_process_that_denies_dumps_writes_no_core_and_is_not_dumpable() {
    child::alone(|| {
        assert!(is_dumpable());
        deny_dumps().unwrap();
        assert!(!is_dumpable());
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap().0, 0);
    });
}

#[test]
fn a_process_gives_up_new_privileges_for_good() {
    child::alone(|| {
        no_new_privileges().unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(status.contains("NoNewPrivs:\t1"));
    });
}

#[test]
fn a_new_file_under_the_private_umask_is_its_owners_alone() {
    child::alone(|| {
        private_umask();
        let path = std::env::temp_dir().join(format!("vault-platform-umask-{}", std::process::id()));
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_left_its_session_and_lost_its_parent_is_a_child_of_the_one_that_adopts() {
    child::alone(|| {
        adopt_orphans().unwrap();
        let script = "setsid sleep 60 >/dev/null 2>&1 & echo $!";
        let output = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).output().unwrap();
        let orphan: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        assert_eq!(vec![Pid::from_raw(orphan)], children());
        kill(Pid::from_raw(orphan), Signal::SIGKILL).unwrap();
        assert!(matches!(waitpid(None, None), Ok(WaitStatus::Signaled(..))));
        assert!(children().is_empty());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_dies_with_its_parent_is_gone_when_that_was_killed() {
    // The command holds the pipe's other end: it is closed when the command is gone.
    let (mut read, write) = std::io::pipe().unwrap();
    let parent = child::start(|| {
        let mut command = Command::new("sleep");
        command.arg("60").stdout(write.try_clone().unwrap());
        die_with_parent(&mut command);
        let mut command = command.spawn().unwrap();
        kill(Pid::this(), Signal::SIGKILL).unwrap();
        command.wait().unwrap();
    });
    assert_eq!(WaitStatus::Signaled(parent, Signal::SIGKILL, false), child::end_of(parent));
    drop(write);
    assert_eq!(0, read.read(&mut [0]).unwrap());
}
