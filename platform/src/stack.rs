//! Overwrites the stack after a key or a value was used on it.

use std::hint::black_box;

/// Runs `f`, then overwrites `BYTES` of stack below the caller's frame with zeros, also when `f` panics.
///
/// What `f` borrows, captures or returns is the caller's to wipe. What `f` leaves deeper than `BYTES` stays: the
/// caller knows how deep `f` goes, and measures it.
pub fn with_burned_stack<const BYTES: usize, T>(f: impl FnOnce() -> T) -> T {
    let _burn = Burn::<BYTES>;
    in_own_frame(f)
}

/// Overwrites this many bytes when it is dropped.
struct Burn<const BYTES: usize>;

impl<const BYTES: usize> Drop for Burn<BYTES> {
    #[inline(never)]
    fn drop(&mut self) {
        let mut below = [0_u8; BYTES];
        // What a black box may change is written; a constant that it may only read would lie in the program's file.
        black_box(&mut below);
    }
}

// Inlined, the frame of `f` would be the caller's, above the bytes that `Burn` reaches.
#[inline(never)]
fn in_own_frame<T>(f: impl FnOnce() -> T) -> T {
    f()
}
