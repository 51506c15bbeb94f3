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
    // Several times what the ciphers and hashes of this workspace use. What is shown to a black box is written.
    black_box(&[0_u8; 32 * 1024]);
}
