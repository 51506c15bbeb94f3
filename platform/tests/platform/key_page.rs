use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::WaitStatus;
use vault_platform::{Backing, KeyPage, PageError, PagePolicy};

use crate::child;

const LOCKED: PagePolicy = PagePolicy { secretmem: false, require_lock: true };
const EITHER: [PagePolicy; 2] = [PagePolicy { secretmem: true, require_lock: true }, LOCKED];

/// Reads one field of the mapping that `address` lies in from `/proc/self/smaps`.
fn smaps_field(address: *const u8, field: &str) -> String {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in smaps.lines() {
        let (first, rest) = line.split_once(' ').unwrap();
        if let Some((start, end)) = first.split_once('-') {
            let bound = |hex| usize::from_str_radix(hex, 16).unwrap();
            inside = (bound(start)..bound(end)).contains(&address.addr());
        } else if inside && first == field {
            return rest.trim().to_owned();
        }
    }
    panic!("no {field} at {address:p}");
}

/// Lowers the limit, and gives up the capability that overrides it.
fn forbid_locking() {
    setrlimit(Resource::RLIMIT_MEMLOCK, 0, 0).unwrap();
    if nix::unistd::geteuid().is_root() {
        nix::unistd::setresuid(65534.into(), 65534.into(), 65534.into()).unwrap();
    }
}

fn dies_of_sigsegv(access: impl FnOnce()) -> bool {
    let child = child::start(|| {
        // SAFETY: the default action runs no handler.
        unsafe { signal(Signal::SIGSEGV, SigHandler::SigDfl) }.unwrap();
        access();
    });
    matches!(child::end_of(child), WaitStatus::Signaled(_, Signal::SIGSEGV, _))
}

#[test]
fn a_page_is_mapped_empty_and_keeps_what_is_written() {
    for policy in EITHER {
        let mut page = KeyPage::new(policy).unwrap();
        assert!(page.bytes().iter().all(|&byte| byte == 0));
        page.bytes_mut().fill(0xA5);
        assert!(page.bytes().iter().all(|&byte| byte == 0xA5));
        assert_eq!(page.len() % 4096, 0);
    }
}

#[test]
#[cfg_attr(address_sanitizer, ignore = "AddressSanitizer makes mlock(2) do nothing and succeed")]
fn a_locked_page_is_locked_to_the_kernel_too() {
    let mut page = KeyPage::new(LOCKED).unwrap();
    page.bytes_mut().fill(1);
    assert_eq!(page.backing(), Backing::Mlock);
    assert_eq!(page.locked_bytes(), page.len());
    assert_eq!(smaps_field(page.bytes().as_ptr(), "Locked:"), format!("{} kB", page.len() / 1024));
}

#[test]
fn a_secret_page_is_counted_as_locked() {
    let page = KeyPage::new(PagePolicy::default()).unwrap();
    if page.backing() == Backing::Secretmem {
        assert_eq!(page.locked_bytes(), page.len());
        let flags = smaps_field(page.bytes().as_ptr(), "VmFlags:");
        assert!(flags.split(' ').any(|flag| flag == "lo"), "{flags}");
    }
}

#[test]
fn not_even_the_process_itself_reads_a_secret_page_through_proc() {
    use std::os::unix::fs::FileExt;
    let mut page = KeyPage::new(PagePolicy::default()).unwrap();
    page.bytes_mut().fill(0xA5);
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let read = memory.read_at(&mut [0; 16], page.bytes().as_ptr().addr() as u64);
    assert_eq!(read.is_err(), page.backing() == Backing::Secretmem);
}

#[test]
fn a_page_is_left_out_of_core_dumps() {
    for policy in EITHER {
        let page = KeyPage::new(policy).unwrap();
        let flags = smaps_field(page.bytes().as_ptr(), "VmFlags:");
        assert!(flags.split(' ').any(|flag| flag == "dd"), "{flags}");
    }
}

#[test]
fn a_forked_child_sees_a_locked_page_as_zeros() {
    let mut page = KeyPage::new(LOCKED).unwrap();
    page.bytes_mut().fill(0xA5);
    child::alone(|| assert!(page.bytes().iter().all(|&byte| byte == 0)));
    assert!(page.bytes().iter().all(|&byte| byte == 0xA5));
}

#[test]
fn a_forked_child_has_no_secret_page() {
    let page = KeyPage::new(PagePolicy::default()).unwrap();
    if page.backing() == Backing::Secretmem {
        assert!(dies_of_sigsegv(|| _ = std::hint::black_box(page.bytes()[0])));
    }
}

#[test]
fn an_access_on_either_side_of_the_page_ends_the_process() {
    for policy in EITHER {
        let page = KeyPage::new(policy).unwrap();
        let start = page.bytes().as_ptr();
        for outside in [start.wrapping_sub(1), start.wrapping_add(page.len())] {
            // SAFETY: not sound, and that is the test: the child is to die here.
            assert!(dies_of_sigsegv(|| _ = unsafe { outside.read_volatile() }));
        }
    }
}

#[test]
fn a_dropped_page_is_no_longer_mapped() {
    for policy in EITHER {
        assert!(dies_of_sigsegv(|| {
            let page = KeyPage::new(policy).unwrap();
            let start = page.bytes().as_ptr();
            drop(page);
            // SAFETY: not sound, and that is the test: the child is to die here.
            unsafe { start.read_volatile() };
        }));
    }
}

#[test]
#[cfg_attr(address_sanitizer, ignore = "AddressSanitizer makes mlock(2) do nothing and succeed")]
fn a_page_that_cannot_be_locked_is_refused_with_the_way_to_mend_it() {
    child::alone(|| {
        forbid_locking();
        let refused = KeyPage::new(PagePolicy::default()).unwrap_err();
        assert!(matches!(refused, PageError::NotLockable { limit: 0, .. }));
        let text = refused.to_string();
        for hint in ["RLIMIT_MEMLOCK", "`LimitMEMLOCK=`", "`memory.lock = \"try\"`"] {
            assert!(text.contains(hint), "{text}");
        }
    });
}

#[test]
#[cfg_attr(address_sanitizer, ignore = "AddressSanitizer makes mlock(2) do nothing and succeed")]
fn a_page_that_cannot_be_locked_is_unlocked_where_the_policy_allows_it() {
    child::alone(|| {
        forbid_locking();
        let mut page = KeyPage::new(PagePolicy { require_lock: false, ..PagePolicy::default() }).unwrap();
        page.bytes_mut().fill(1);
        assert_eq!((page.backing(), page.locked_bytes()), (Backing::Unlocked, 0));
        let flags = smaps_field(page.bytes().as_ptr(), "VmFlags:");
        assert!(flags.split(' ').any(|flag| flag == "dd"), "{flags}");
    });
}

#[test]
fn a_page_prints_its_backing_and_nothing_else() {
    let mut page = KeyPage::new(LOCKED).unwrap();
    page.bytes_mut().fill(b'k');
    assert_eq!(format!("{page:?}"), "KeyPage { backing: Mlock, .. }");
}

#[test]
fn each_backing_has_the_name_that_status_shows() {
    let names = [Backing::Secretmem, Backing::Mlock, Backing::Unlocked].map(Backing::as_str);
    assert_eq!(names, ["secretmem", "mlock", "none"]);
}
