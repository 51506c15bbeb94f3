//! Every parser of what comes from outside, as targets of libFuzzer; `cargo xtask fuzz` builds and runs them.
//!
//! One program holds all of them, so that it is linked once: the last argument names the target, behind
//! `-ignore_remaining_args=1`.
#![no_main]

mod context;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/dotenv.rs"]
mod dotenv;
mod env;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/failure.rs"]
mod failure;
mod import;
mod log;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/quote.rs"]
mod quote;
mod sealed;
mod text;
#[allow(dead_code, reason = "the command line uses more of it")]
#[path = "../../ctl/src/utf8.rs"]
mod utf8;
mod wire;

use std::sync::OnceLock;

/// A target, and what runs it.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 14] = [
    ("fields", wire::fields),
    ("rpc", wire::rpc),
    ("names", text::names),
    ("dotenv", text::dotenv),
    ("config", text::config),
    ("keyfile", text::keyfile),
    ("import-json", import::json),
    ("import-csv", import::csv),
    ("agenticmail", import::agenticmail),
    ("sealed", sealed::sealed),
    ("slot", sealed::slot),
    ("backup", sealed::backup),
    ("audit", log::audit),
    // None of ours: it shows that a crash would be noticed.
    ("breaks", |data| assert!(data.len() < 4, "an input of some bytes")),
];

static CHOSEN: OnceLock<fn(&[u8])> = OnceLock::new();

fn chosen() -> fn(&[u8]) {
    let name = std::env::args().next_back().unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let Some((_, run)) = found else { panic!("there is no target `{name}`") };
    *run
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| CHOSEN.get_or_init(chosen)(data));
