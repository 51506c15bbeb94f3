use std::hint::black_box;
use std::os::unix::fs::FileExt;

use vault_platform::with_burned_stack;

const MARK: [u8; 16] = [0xC3; 16];
const BURN: usize = 32 * 1024;

/// Leaves a mark of 4 KiB in its own frame, as a cipher leaves its key schedule.
#[inline(never)]
fn leave_a_mark() -> usize {
    let mut scratch = [0_u8; 4096];
    black_box(&mut scratch).fill(MARK[0]);
    black_box(&scratch).len()
}

/// Looks for the mark in the 32 KiB below the caller's frame, through the kernel: the stack is not disturbed.
#[inline(never)]
fn mark_is_left_below(memory: &std::fs::File, below: &mut [u8]) -> bool {
    let here = 0_u8;
    let top = (&raw const here).addr();
    let bottom = (top - below.len()) as u64;
    memory.read_exact_at(below, bottom).unwrap();
    below.windows(MARK.len()).any(|window| window == MARK)
}

fn looked_for_after(act: fn() -> usize) -> bool {
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut below = vec![0; BURN];
    black_box(act());
    mark_is_left_below(&memory, &mut below)
}

#[test(needs(NoSanitizer))]
fn an_unburned_stack_keeps_what_was_on_it() {
    assert!(looked_for_after(leave_a_mark));
}

#[test(needs(NoSanitizer))]
fn a_burned_stack_keeps_nothing() {
    assert!(!looked_for_after(|| with_burned_stack::<BURN, _>(leave_a_mark)));
}

#[test(needs(NoSanitizer))]
fn a_burn_that_is_too_shallow_keeps_what_lies_deeper() {
    assert!(looked_for_after(|| with_burned_stack::<1024, _>(leave_a_mark)));
}

#[test(needs(NoSanitizer))]
fn a_panic_burns_the_stack_as_well() {
    fn panics() -> usize {
        let caught = std::panic::catch_unwind(|| {
            with_burned_stack::<BURN, _>(|| {
                leave_a_mark();
                std::panic::resume_unwind(Box::new(()));
            });
        });
        usize::from(caught.is_err())
    }
    assert!(!looked_for_after(panics));
}

#[test]
fn the_answer_of_a_burned_computation_comes_back() {
    assert_eq!(with_burned_stack::<BURN, _>(|| vec![1, 2, 3]), [1, 2, 3]);
}
