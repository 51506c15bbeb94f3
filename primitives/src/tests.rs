//! How deep each use of a key goes below its caller's frame, on this processor and in this build.
//!
//! The stack is painted first; after a use the kernel is asked how far the paint is gone. Reading through the
//! kernel disturbs nothing of it.

use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::FileExt;

use super::*;

/// How much of the stack is looked at: several times what any use may take.
const REACH: usize = 128 * 1024;
/// How much is painted: more, since the frames that paint and look are not of one size.
const PAINTED: usize = REACH + 4096;
const PAINT: u8 = 0xA5;
/// A text as long as several blocks of the widest cipher, so that every path through it is taken.
const TEXT: [u8; 5000] = [7; 5000];

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what is painted")]
fn paint() {
    let mut below = [PAINT; PAINTED];
    black_box(&mut below);
}

/// Reads what is below the caller's frame.
#[inline(never)]
fn read_below(memory: &std::fs::File, below: &mut [u8]) {
    let here = 0_u8;
    let bottom = (&raw const here).addr() - below.len();
    memory.read_exact_at(below, bottom as u64).unwrap();
}

/// Returns how many bytes below the caller's frame a use writes to.
#[inline(never)]
fn depth<T>(mut act: impl FnMut() -> T) -> usize {
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut below = vec![0; REACH];
    // Once before, since the first use of a lazy symbol or a probe of the processor's features may go deeper.
    black_box(act());
    paint();
    black_box(act());
    read_below(&memory, &mut below);
    let untouched = below.iter().take_while(|byte| **byte == PAINT).count();
    assert!(untouched > 0, "the use went deeper than {REACH} bytes");
    REACH - untouched
}

/// Each use without its burn, and how many bytes its burn overwrites.
fn uses() -> Vec<(&'static str, usize, usize)> {
    let (key, iv) = ([1; 32], [2; IV_BYTES]);
    let mut out = [0; 32];
    let mut text = TEXT;
    let tag = bare::aes_256_gcm_encrypt(&key, &iv, b"aad", &mut text).unwrap();
    let sealed = [text.as_slice(), &tag].concat();
    let opens = |sealed: &[u8]| bare::aes_256_gcm_decrypt(&key, &iv, b"aad", &mut sealed.to_vec()).is_ok();
    assert!(opens(&sealed) && !opens(&[0; 32]) && !opens(&[0; 3]));
    let expanded = MacKey::new(&key);
    vec![
        ("PBKDF2", DEEP_BURN, depth(|| bare::pbkdf2_hmac_sha512(&key, &key, 3, &mut out))),
        ("HKDF", HASH_BURN, depth(|| bare::hkdf_sha256(&key, None, "info", &mut out))),
        ("HKDF with a salt", HASH_BURN, depth(|| bare::hkdf_sha256(&key, Some(&key), "info", &mut out))),
        ("HMAC", HASH_BURN, depth(|| bare::hmac_sha256(&key, &[&TEXT]))),
        ("expanding a MAC key", HASH_BURN, depth(|| Box::new(bare::keyed(&key)))),
        ("HMAC of an expanded key", HASH_BURN, depth(|| bare::finished((*expanded.0).clone(), &[&TEXT]))),
        ("encrypting", DEEP_BURN, depth(|| bare::aes_256_gcm_encrypt(&key, &iv, b"aad", &mut text))),
        ("decrypting", DEEP_BURN, depth(|| opens(&sealed))),
        ("refusing a wrong tag", DEEP_BURN, depth(|| opens(&[0; 32]))),
    ]
}

#[test]
fn every_use_of_a_key_keeps_within_three_quarters_of_what_is_overwritten_after_it() {
    let measured = uses();
    let row = |(name, burn, depth): &(&str, usize, usize)| format!("{name}: {depth} of {burn} bytes\n");
    let table = measured.iter().map(row).collect::<Vec<_>>().concat();
    let _ = std::io::stderr().write_all(table.as_bytes());
    assert!(measured.iter().all(|(_, burn, depth)| depth <= &(burn / 4 * 3)), "\n{table}");
}

#[test]
fn a_burn_that_is_too_shallow_is_noticed() {
    let (key, iv) = ([1; 32], [2; IV_BYTES]);
    let mut text = TEXT;
    let bare = depth(|| bare::aes_256_gcm_encrypt(&key, &iv, b"", &mut text));
    let burned =
        depth(|| with_burned_stack::<512, _>(|| bare::aes_256_gcm_encrypt(&key, &iv, b"", &mut text)));
    let nothing = depth(|| with_burned_stack::<512, _>(|| ()));
    assert!(
        bare > nothing && burned >= bare,
        "{bare} without a burn, {burned} with one, {nothing} of its own"
    );
}

#[test]
fn nothing_is_left_below_what_is_overwritten() {
    let (key, iv) = ([1; 32], [2; IV_BYTES]);
    let mut text = TEXT;
    let bare = depth(|| bare::aes_256_gcm_encrypt(&key, &iv, b"", &mut text));
    let burned = depth(|| aes_256_gcm_encrypt(&key, &iv, b"", &mut text));
    assert!(bare < burned && burned.abs_diff(DEEP_BURN) < 512, "{bare} without its burn, {burned} with it");
}
