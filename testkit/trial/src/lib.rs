//! Tests that say what they need: where that is missing they are skipped by name, and counted.
//!
//! ```text
//! #[macro_use]
//! extern crate vault_trial;                    its `#[test]` takes the place of the usual one in the whole program
//!
//! #[test(needs(Root, Fish))]                   what this test needs of the machine
//! fn a_completion_is_what_fish_shows() { … }
//!
//! fn main() -> std::process::ExitCode {
//!     vault_trial::main()                      `harness = false` in the manifest
//! }
//! ```
//!
//! The usual harness cannot skip: a test that finds its need missing can only return, and counts as passed. This
//! one asks before it runs, and reports what is missing as ignored, which `cargo test` and nextest count as skipped.

mod need;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};

use libtest_mimic::{Arguments, Trial};

#[doc(hidden)]
pub use inventory;
pub use need::{Need, Remedy, memory_cgroups};
pub use vault_trial_macros::test;

/// Set to `1`, it makes a test fail instead of skipping it, if what the test needs could be installed.
pub const REQUIRE_ALL: &str = "VAULT_REQUIRE_ALL";

/// One test, as its attribute notes it.
#[derive(Debug)]
pub struct Test {
    /// Its path, with the name of the program first.
    pub path: &'static str,
    /// What it needs of the machine.
    pub needs: &'static [Need],
    /// The test itself, which fails by a panic.
    pub run: fn(),
}

inventory::collect!(Test);

/// Runs the tests of this program as their arguments say (`--list`, `--exact NAME`, `--ignored` …).
pub fn main() -> ExitCode {
    let all_required = all_are_required();
    let _ = accept_signals();
    let trials = inventory::iter::<Test>.into_iter().map(|test| test.trial(all_required)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Catches the signals that a shell in the background or nohup(1) has ignored: SIGINT and SIGQUIT end this program.
///
/// What is ignored stays so in the programs that tests start, and a shell cannot trap it there; what is caught does not.
fn accept_signals() -> std::io::Result<()> {
    for (signal, code) in [(SIGINT, 130), (SIGQUIT, 131)] {
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::new(AtomicBool::new(true)))?;
    }
    signal_hook::flag::register(SIGHUP, Arc::default()).map(drop)
}

/// Returns whether nothing may be skipped that could be installed.
#[expect(clippy::disallowed_methods, reason = "how strict to be is the environment's to say, as with CI=1")]
pub fn all_are_required() -> bool {
    std::env::var_os(REQUIRE_ALL).is_some_and(|value| value == "1")
}

/// Runs a future to its end on a runtime of its own.
///
/// # Panics
/// If there is no runtime to be had.
#[doc(hidden)]
pub fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    #[expect(clippy::expect_used, reason = "a test without a runtime fails")]
    runtime.expect("a runtime").block_on(future);
}

impl Test {
    /// Returns the name that the usual harness would give it.
    fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }

    fn trial(&self, all_required: bool) -> Trial {
        let lacking: Vec<_> = self.needs.iter().copied().filter(|need| !need.is_met()).collect();
        let (plan, run) = (Plan::of(&lacking, all_required), self.run);
        let trial = Trial::test(self.name(), move || {
            if plan == Plan::Fail {
                let words: Vec<_> = lacking.iter().map(|need| need.lack()).collect();
                return Err(format!("it needs what is missing here: {}", words.join("; ")).into());
            }
            run();
            Ok(())
        });
        trial.with_ignored_flag(plan == Plan::Skip)
    }
}

/// What to do with a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Run,
    Skip,
    Fail,
}

impl Plan {
    /// Decides by what a test needs and is missing.
    fn of(lacking: &[Need], all_required: bool) -> Self {
        if lacking.is_empty() {
            Self::Run
        } else if all_required && lacking.iter().any(|need| need.can_be_installed()) {
            Self::Fail
        } else {
            Self::Skip
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, Plan, Test};

    fn test(needs: &'static [Need]) -> Test {
        Test { path: "program::module::name", needs, run: || {} }
    }

    #[test]
    fn a_test_is_named_as_the_usual_harness_names_it() {
        assert_eq!("module::name", test(&[]).trial(false).name());
    }

    #[test]
    fn a_test_whose_need_is_missing_is_ignored() {
        assert!(test(&[Need::Never]).trial(false).has_ignored_flag());
        assert!(!test(&[]).trial(false).has_ignored_flag());
    }

    #[test]
    fn what_could_be_installed_fails_a_test_if_everything_is_required() {
        assert_eq!(Plan::Skip, Plan::of(&[Need::Fish], false));
        assert_eq!(Plan::Fail, Plan::of(&[Need::Fish], true));
        assert_eq!(Plan::Fail, Plan::of(&[Need::SecretMemory, Need::Root], true));
        assert_eq!(Plan::Run, Plan::of(&[], true));
    }

    #[test]
    fn what_the_kernel_lacks_skips_a_test_even_if_everything_is_required() {
        assert_eq!(Plan::Skip, Plan::of(&[Need::SecretMemory], true));
    }
}
