//! Overwrites the stack after a key was used on it.

use std::hint::black_box;

/// Runs `f`, then overwrites the 32 KiB of stack below the caller's frame with zeros, also when `f` panics.
///
/// What `f` borrows, captures or returns is the caller's to wipe.
pub fn with_burned_stack<T>(f: impl FnOnce() -> T) -> T {
    struct Burn;
    impl Drop for Burn {
        fn drop(&mut self) {
            burn();
        }
    }
    let _burn = Burn;
    in_own_frame(f)
}

// Inlined, the frame of `f` would be the caller's, above the bytes that `burn` reaches.
#[inline(never)]
fn in_own_frame<T>(f: impl FnOnce() -> T) -> T {
    f()
}

#[inline(never)]
fn burn() {
    // Several times what the ciphers and hashes of this workspace use.
    let mut below = [0_u8; 32 * 1024];
    // What a black box may change is written; a constant that it may only read would lie in the program's file.
    black_box(&mut below);
}
