//! What `AddressSanitizer` has to notice: `cargo xtask sanitize --sabotage` runs it, and fails if it passes.

// Ignored, unless it is asked for by name.
#[test(needs(Never))]
fn a_write_past_a_buffer_is_made() {
    let mut buffer = std::hint::black_box(vec![0_u8; 16]);
    // SAFETY: not sound, and that is the test: AddressSanitizer is to end the process here.
    unsafe { buffer.as_mut_ptr().add(buffer.len()).write_volatile(1) };
}
