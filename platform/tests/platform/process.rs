use std::os::unix::fs::PermissionsExt;

use nix::sys::resource::{Resource, getrlimit};
use vault_platform::{deny_dumps, is_dumpable, no_new_privileges, private_umask};

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
