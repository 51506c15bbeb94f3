//! `cargo xtask guard`: how many instructions the parts of a request take, beside committed figures.
//!
//! Instructions repeat where times do not. A part is done a few times and many times under callgrind, and the difference
//! is what it takes, without its setting. The development build is counted, which is there anyway.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::say;
use crate::tool::VALGRIND;
use crate::workspace::{build, command, root, succeed};

/// Where the figures are kept.
const KEPT: &str = "benches/guard.toml";
const PARTS: [&str; 5] = ["seal", "open", "resolve", "list", "append"];
/// How often a part is done.
const TIMES: u64 = 100;
/// What a part may take more than it did, in percent.
const MARGIN: u64 = 10;

/// What to do with the figures.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the figures as they are now.
    #[arg(long)]
    update: bool,
}

type Figures = BTreeMap<String, u64>;

/// Counts, and compares with the committed figures or writes them.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    VALGRIND.require()?;
    succeed(build(&["vault-bench"]).arg("--quiet"))?;
    let counted = counted()?;
    let path = root().join(KEPT);
    if args.update {
        vault::files::replace_private(&path, written(&counted).as_bytes())?;
        say::line(format_args!("wrote {KEPT}"));
        return Ok(ExitCode::SUCCESS);
    }
    let kept: Figures = toml::from_str(&std::fs::read_to_string(&path).context(KEPT)?)?;
    for (part, now) in &counted {
        say::line(format_args!(
            "{part:8} {now:>10} instructions, committed {}",
            kept.get(part).copied().unwrap_or(0)
        ));
    }
    let grown = grown(&kept, &counted);
    ensure!(grown.is_empty(), "{}; fix it, or accept it with: cargo xtask guard --update", grown.join("; "));
    Ok(ExitCode::SUCCESS)
}

/// Counts each part, less what its setting takes.
fn counted() -> Result<Figures> {
    let home = tempfile::tempdir()?;
    // The vault is made without a counter: deriving its key takes a billion instructions.
    succeed(&mut program(command("target/debug/vault-bench"), "append", (0, home.path())))?;
    let (sealing, vault) = (count("seal", (0, home.path()))?, count("resolve", (0, home.path()))?);
    let figure = |part: &&str| {
        let setting = if matches!(*part, "seal" | "open") { sealing } else { vault };
        let all = count(part, (TIMES, home.path()))?;
        Ok(((*part).to_owned(), all.saturating_sub(setting) / TIMES))
    };
    PARTS.iter().map(figure).collect()
}

fn program(mut counter: Command, part: &str, (times, home): (u64, &Path)) -> Command {
    counter.args(["count", part]).arg(times.to_string()).arg("--home").arg(home);
    counter
}

fn count(part: &str, place: (u64, &Path)) -> Result<u64> {
    let mut valgrind = command("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "target/debug/vault-bench"]);
    let output = program(valgrind, part, place).output().context("valgrind cannot be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{part} failed under valgrind: {said}");
    collected(&said).with_context(|| format!("valgrind counted nothing: {said}"))
}

/// Finds the count in what callgrind says.
fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// Names the parts that take more than they did, by more than the margin, and those without a figure or without a count.
fn grown(kept: &Figures, counted: &Figures) -> Vec<String> {
    let mut grown = Vec::new();
    for (part, now) in counted {
        match kept.get(part) {
            None => grown.push(format!("{part} has no committed figure")),
            Some(was) if *now * 100 > *was * (100 + MARGIN) => {
                grown.push(format!("{part} takes {now} instructions, {was} were committed"));
            }
            Some(_) => {}
        }
    }
    let stale = kept.keys().filter(|part| !counted.contains_key(*part));
    grown.extend(stale.map(|part| format!("{part} has a committed figure and is not counted")));
    grown
}

fn written(figures: &Figures) -> String {
    let mut text = "# Instructions of one time each, as `cargo xtask guard` counts them; more than a tenth above fails.\n".to_owned();
    for (part, count) in figures {
        text.push_str(&[part, " = ", &count.to_string(), "\n"].concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(count: u64) -> Figures {
        Figures::from([("open".to_owned(), count)])
    }

    #[test]
    fn a_tenth_more_passes_and_one_instruction_beyond_fails() {
        assert!(grown(&figures(1000), &figures(1100)).is_empty());
        assert_eq!(
            ["open takes 1101 instructions, 1000 were committed"],
            grown(&figures(1000), &figures(1101))[..]
        );
        assert!(grown(&figures(1000), &figures(10)).is_empty());
    }

    #[test]
    fn a_part_without_a_figure_and_a_figure_without_a_part_fail() {
        assert_eq!(["open has no committed figure"], grown(&Figures::new(), &figures(1))[..]);
        assert_eq!(
            ["open has a committed figure and is not counted"],
            grown(&figures(1), &Figures::new())[..]
        );
    }

    #[test]
    fn the_count_is_found_and_written_figures_are_read_again() {
        assert_eq!(Some(4711), collected("==1== Events    : Ir\n==1== Collected : 4711\n"));
        assert_eq!(None, collected("==1== nothing\n"));
        assert_eq!(figures(5), toml::from_str::<Figures>(&written(&figures(5))).unwrap());
    }

    #[test]
    fn every_part_has_a_committed_figure_and_no_other_has_one() {
        let kept: Figures = toml::from_str(&std::fs::read_to_string(root().join(KEPT)).unwrap()).unwrap();
        let kept: Vec<_> = kept.keys().map(String::as_str).collect();
        let mut parts = PARTS;
        parts.sort_unstable();
        assert_eq!(parts, kept[..]);
    }
}
