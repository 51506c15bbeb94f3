use std::os::fd::RawFd;

use nix::fcntl::{FcntlArg, fcntl};
use vault_platform::close_stray_descriptors;

use crate::child;

fn duplicate(from: RawFd) -> RawFd {
    fcntl(std::io::stdin(), FcntlArg::F_DUPFD(from)).unwrap()
}

fn is_open(fd: RawFd) -> bool {
    std::fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok()
}

#[test]
fn stray_descriptors_are_closed_and_the_kept_ones_stay() {
    child::alone(|| {
        let [stray, kept, between, also_kept, last] = [30, 40, 50, 60, 70].map(duplicate);
        close_stray_descriptors(&[also_kept, kept, kept]).unwrap();
        assert_eq!([stray, kept, between, also_kept, last].map(is_open), [false, true, false, true, false]);
    });
}

#[test]
fn the_standard_streams_are_never_closed() {
    child::alone(|| {
        let stray = duplicate(3);
        close_stray_descriptors(&[-1, 0, 1]).unwrap();
        assert_eq!([0, 1, 2, stray].map(is_open), [true, true, true, false]);
    });
}
