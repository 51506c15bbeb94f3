//! `cargo xtask fuzz`: builds the targets of `fuzz/` for libFuzzer and runs each for a while.
//!
//! Coverage is counted by the compiler's own pass, which stable knows. There is no address sanitizer: outside
//! `platform/` and `SQLite` nothing is unsafe, and every overflow and every index is checked as in tests.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::sabotage::noticed;
use crate::say;
use crate::turns;
use crate::workspace::{command, root, status, succeed};

/// How the compiler counts what is covered.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// The longest input.
const LONGEST: &str = "-max_len=4096";
/// How long an input may take, in seconds.
const PATIENCE: &str = "-timeout=20";
/// A target without seeds that breaks at every input of some bytes.
const BREAKS: &str = "breaks";
/// On how many inputs it is run, which is more than enough.
const BREAKS_WITHIN: u64 = 10_000;

/// What is run, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The targets; all of them without any: the folders of fuzz/seeds.
    targets: Vec<String>,
    /// How many seconds each is run.
    #[arg(long, default_value_t = 15, conflicts_with = "runs")]
    seconds: u32,
    /// How many inputs each is run on.
    #[arg(long)]
    runs: Option<u64>,
    /// What the inputs are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// How many targets are run at once.
    #[arg(long, default_value_t = 2)]
    at_once: usize,
    /// Run a target that breaks: succeeds where that is noticed, and shows that it would be.
    #[arg(long, conflicts_with = "targets")]
    sabotage: bool,
}

/// Builds and runs; fails where an input ends a target.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let known = known()?;
    let targets = if args.targets.is_empty() { &known } else { &args.targets };
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target `{unknown}`; there are: {}", known.join(", "));
    }
    let program = build()?;
    if args.sabotage {
        noticed("fuzz: a target that breaks", broken(&program, args))?;
        return Ok(ExitCode::SUCCESS);
    }
    let crashed = crashed(&program, targets, args)?;
    ensure!(crashed.is_empty(), "these crashed: {}; the inputs are in fuzz/target/found", crashed.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// Runs the targets, some at once, and names those that an input ended.
fn crashed(program: &Path, targets: &[String], args: &Args) -> Result<Vec<String>> {
    let crashed = Mutex::new(Vec::new());
    turns::take(args.at_once, targets, |target| {
        if !survives(program, target, args)? {
            crashed.lock().map_err(|_| anyhow!("a run ended by a panic"))?.push(target.clone());
        }
        Ok(())
    })?;
    Ok(crashed.into_inner().unwrap_or_default())
}

/// Runs the target that breaks; fails where its input was kept, as that of a crash is.
fn broken(program: &Path, args: &Args) -> Result<()> {
    let args = Args { runs: Some(BREAKS_WITHIN), ..args.clone() };
    let survived = survives(program, BREAKS, &args)?;
    let mut kept = 0;
    for found in std::fs::read_dir(root().join("fuzz/target/found"))? {
        let found = found?;
        if found.file_name().to_string_lossy().starts_with("breaks-crash-") {
            std::fs::remove_file(found.path())?;
            kept += 1;
        }
    }
    ensure!(survived || kept == 0, "it ended, and the input was kept");
    Ok(())
}

/// Lists the targets: each has a folder of seeds.
fn known() -> Result<Vec<String>> {
    let folders = std::fs::read_dir(root().join("fuzz/seeds")).context("fuzz/seeds")?;
    let names = folders.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<_> = names.collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Builds the one program that holds all targets.
fn build() -> Result<PathBuf> {
    let about = command("rustc").arg("-vV").output().context("rustc cannot be started")?;
    let about = String::from_utf8_lossy(&about.stdout).into_owned();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    // With a target named, build scripts and macros are built without the flags.
    let mut cargo = command("cargo");
    cargo.current_dir(root().join("fuzz")).args(["build", "--locked", "--target", host]);
    succeed(cargo.env("RUSTFLAGS", FLAGS).env_remove("CARGO_TARGET_DIR"))?;
    Ok(root().join("fuzz/target").join(host).join("debug/vault-fuzz"))
}

/// Runs a target; tells whether no input ended it.
fn survives(program: &Path, target: &str, args: &Args) -> Result<bool> {
    let fuzz = root().join("fuzz");
    let (corpus, found) = (fuzz.join("target/corpus").join(target), fuzz.join("target/found"));
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&found)?;
    let log_path = fuzz.join("target").join(format!("{target}.log"));
    vault::files::replace_private(&log_path, b"")?;
    let log = vault::files::open_private(&log_path)?;
    let mut run = command(program);
    match args.runs {
        Some(runs) => run.arg(format!("-runs={runs}")),
        None => run.arg(format!("-max_total_time={}", args.seconds)),
    };
    let dictionary = fuzz.join("dictionaries").join(format!("{target}.dict"));
    if dictionary.exists() {
        run.arg(format!("-dict={}", dictionary.display()));
    }
    run.args([LONGEST, PATIENCE, "-print_final_stats=1"]).arg(format!("-seed={}", args.seed));
    run.arg(format!("-artifact_prefix={}/{target}-", found.display()));
    run.arg(corpus).args([fuzz.join("seeds").join(target)].iter().filter(|seeds| seeds.exists()));
    run.args(["-ignore_remaining_args=1", target]);
    let ended = status(run.stderr(log))?;
    let words = String::from_utf8_lossy(&std::fs::read(&log_path)?).into_owned();
    if ended.success() {
        let runs = words.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        say::line(format_args!("fuzz: {target}: {} inputs, 0 crashes", runs.unwrap_or("?").trim()));
    } else {
        for line in why(&words) {
            say::problem(format_args!("{line}"));
        }
        say::problem(format_args!("fuzz: {target} ended with {ended}; see {}", log_path.display()));
    }
    Ok(ended.success())
}

/// Gives the lines of a log that say why a target ended: its panic, and the input that did it.
fn why(log: &str) -> impl Iterator<Item = &str> {
    let panic = log.lines().skip_while(|line| !line.contains(" panicked at ")).take(2);
    panic.chain(log.lines().filter(|line| line.starts_with("Base64: ") || line.starts_with("SUMMARY: ")))
}
