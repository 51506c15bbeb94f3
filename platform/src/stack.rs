//! Overwrites the stack after a key was used on it.

use std::hint::black_box;

/// Enough for whole operations: several times what they use.
const DEEP: usize = 32 * 1024;
/// Enough for one use of a cipher, which takes 2 KiB: what is written here leaves the processor's nearest cache, and
/// that costs every reading more than the cipher does.
const SHALLOW: usize = 12 * 1024;

/// Runs `f`, then overwrites the 32 KiB of stack below the caller's frame with zeros, also when `f` panics.
///
/// What `f` borrows, captures or returns is the caller's to wipe.
pub fn with_burned_stack<T>(f: impl FnOnce() -> T) -> T {
    let _burn = Burn::<DEEP>;
    in_own_frame(f)
}

/// Does what [`with_burned_stack`] does to 12 KiB: for sealing or opening one value.
pub fn with_burned_frames<T>(f: impl FnOnce() -> T) -> T {
    let _burn = Burn::<SHALLOW>;
    in_own_frame(f)
}

/// Overwrites so many bytes when it is dropped.
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
