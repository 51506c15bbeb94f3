//! `cargo xtask fuzz`: builds the targets of `fuzz/` for libFuzzer and runs each for a while.
//!
//! Coverage is counted by the compiler's own pass, which stable knows. There is no address sanitizer: outside
//! `platform/` and `SQLite` nothing is unsafe, and every overflow and every index is checked as in tests.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::say;
use crate::workspace::{command, root, status, succeed};

/// How the compiler counts what is covered.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// The longest input.
const LONGEST: &str = "-max_len=4096";
/// How long an input may take, in seconds.
const PATIENCE: &str = "-timeout=20";

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
}

/// Builds and runs; fails where an input ends a target.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let known = known()?;
    let targets = if args.targets.is_empty() { &known } else { &args.targets };
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target `{unknown}`; there are: {}", known.join(", "));
    }
    let program = build()?;
    let mut crashed = Vec::new();
    for target in targets {
        if !survives(&program, target, args)? {
            crashed.push(target.as_str());
        }
    }
    ensure!(crashed.is_empty(), "these crashed: {}; the inputs are in fuzz/target/found", crashed.join(", "));
    Ok(ExitCode::SUCCESS)
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
fn survives(program: &PathBuf, target: &str, args: &Args) -> Result<bool> {
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
    run.arg(corpus).arg(fuzz.join("seeds").join(target)).args(["-ignore_remaining_args=1", target]);
    let ended = status(run.stderr(log))?;
    let words = String::from_utf8_lossy(&std::fs::read(&log_path)?).into_owned();
    if ended.success() {
        let runs = words.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        say::line(format_args!("fuzz: {target}: {} inputs, 0 crashes", runs.unwrap_or("?").trim()));
    } else {
        say::problem(format_args!("fuzz: {target} ended with {ended}; see {}", log_path.display()));
    }
    Ok(ended.success())
}
