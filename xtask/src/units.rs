//! The units of systemd and the property lists of launchd, judged by their own tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::outcome::Outcome;
use crate::say;
use crate::tool::{PYTHON, SYSTEMD};
use crate::workspace::{command, root, succeed};

/// The most that the unit of the whole machine may be exposed, as systemd counts: ten times its figure.
const EXPOSURE: &str = "--threshold=10";
/// The program that the units start; a machine that checks them need not have it.
const PROGRAM: &str = "/usr/bin/vaultd";
const READ_PLIST: &str = "import plistlib, sys
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        job = plistlib.load(file)
    program = job['ProgramArguments']
    assert program[0].startswith('/') and all(isinstance(word, str) for word in program), path
    assert isinstance(job['Label'], str) and path.endswith(job['Label'] + '.plist'), path
    assert job['Umask'] == 0o077 and job['HardResourceLimits']['Core'] == 0, path
    assert 'EnvironmentVariables' not in job, path
";

/// Whose manager starts a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// The machine's.
    Machine,
    /// A user's own.
    User,
}

/// Checks the units of systemd.
pub fn units() -> Result<Outcome> {
    if !SYSTEMD.is_here() {
        return Ok(Outcome::Skipped(SYSTEMD.lack()));
    }
    let place = tempfile::tempdir()?;
    verify(Manager::Machine, &copies("systemd", place.path())?)?;
    let user = place.path().join("user");
    std::fs::create_dir(&user)?;
    verify(Manager::User, &copies("systemd/user", &user)?)?;
    exposure(&place.path().join("vaultd.service"))?;
    Ok(Outcome::Passed)
}

/// Checks the property lists of launchd.
pub fn plists() -> Result<Outcome> {
    if !PYTHON.is_here() {
        return Ok(Outcome::Skipped(PYTHON.lack()));
    }
    let lists = files("launchd", &["plist"])?;
    ensure!(!lists.is_empty(), "launchd/ has no property list");
    succeed(command("python3").args(["-c", READ_PLIST]).args(lists))?;
    Ok(Outcome::Passed)
}

/// Lists the files of a folder that end so.
fn files(folder: &str, ends: &[&str]) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(root().join(folder)).with_context(|| folder.to_owned())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| ends.iter().any(|one| end == *one)));
    paths.sort();
    Ok(paths)
}

/// Copies a folder's units with a program that every machine has.
fn copies(folder: &str, place: &Path) -> Result<Vec<PathBuf>> {
    let mut copied = Vec::new();
    for unit in files(folder, &["service", "socket"])? {
        let text = std::fs::read_to_string(&unit)?.replace(PROGRAM, "/bin/true");
        let copy = place.join(unit.file_name().unwrap_or_default());
        vault::files::replace_private(&copy, text.as_bytes())?;
        copied.push(copy);
    }
    ensure!(!copied.is_empty(), "{folder}/ has no unit");
    Ok(copied)
}

/// Makes a command of systemd-analyze that looks at no running manager.
fn analyze(manager: Manager) -> Command {
    let mut analyze = command("systemd-analyze");
    if manager == Manager::User {
        // A user's manager has a folder for what it runs; any will do here.
        analyze.arg("--user").env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    analyze
}

/// Fails on every word that systemd has to say: it succeeds on keys that it does not know.
pub fn verify(manager: Manager, units: &[PathBuf]) -> Result<()> {
    let output = analyze(manager).args(["verify", "--man=no"]).args(units).output()?;
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    if output.status.success() && words.trim().is_empty() { Ok(()) } else { bail!("{}", words.trim()) }
}

/// Fails if a unit of the machine's gives up too little, as `systemd-analyze security` counts.
pub fn exposure(unit: &Path) -> Result<()> {
    let judge = ["security", "--offline=true", "--no-pager", EXPOSURE];
    let output = analyze(Manager::Machine).args(judge).arg(unit).output()?;
    let words = String::from_utf8_lossy(&output.stdout);
    let verdict = words.lines().rfind(|line| line.contains("exposure level")).unwrap_or_default();
    say::line(verdict.trim_start_matches(['→', ' ']));
    ensure!(output.status.success(), "the unit is exposed more than 1.0: {words}");
    Ok(())
}
