//! `cargo xtask dotenv`: what five readers of `.env` files make of the texts in `tests/fixtures/dotenv/cases.toml`.
//!
//! The answers go into `readings.json` next to it, and a test compares our own reader with them. The readers are Node's
//! `--env-file`, npm's `dotenv`, python-dotenv, the library of Compose, which needs Go and its module proxy, and dash.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::installed::Packages;
use crate::say;
use crate::tool::GO;
use crate::workspace::{command, root};

/// The folder of the texts and of what was read.
const FIXTURES: &str = "tests/fixtures/dotenv";
/// The programs that read.
const READERS: &str = "xtask/dotenv/readers";
/// Where Go builds: it writes the sums of its modules next to their list.
const GO_BUILD: &str = "target/dotenv-compose";
const PACKAGES: Packages = Packages { folder: "xtask/dotenv", venv: "target/dotenv" };

/// What one reader made of all files.
struct Answer {
    reader: &'static str,
    version: Value,
    files: Value,
}

/// Has all readers read all texts, and writes down what they said.
pub(crate) fn run() -> Result<ExitCode> {
    GO.require()?;
    PACKAGES.install()?;
    let text = std::fs::read_to_string(root().join(FIXTURES).join("cases.toml"))?;
    let all: toml::Table = text.parse().context("cases.toml")?;
    let (cases, written) = (texts_of(&all, "case")?, texts_of(&all, "written")?);
    let folder = tempfile::tempdir()?;
    for (at, (_, text)) in cases.iter().chain(&written).enumerate() {
        write(&folder.path().join(file(at)), text)?;
    }
    let answers: Vec<_> = readers_of(folder.path())?.into_iter().map(answer).collect::<Result<_>>()?;
    let readers: BTreeMap<_, _> = answers.iter().map(|one| (one.reader, &one.version)).collect();
    let said = format!(
        "{{\n  \"readers\": {},\n  \"cases\": {{\n    {}\n  }},\n  \"written\": {{\n    {}\n  }}\n}}\n",
        json!(readers),
        recorded(&cases, 0, &answers),
        recorded(&written, cases.len(), &answers),
    );
    write(&root().join(FIXTURES).join("readings.json"), &said)?;
    let texts = cases.len() + written.len();
    say::headline(format_args!("{texts} texts, as {} readers read them", readers.len()));
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "texts that are published with the project")]
fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// Returns a line for each text, from the number of the first one's file.
fn recorded(texts: &[(String, String)], from: usize, answers: &[Answer]) -> String {
    let of = |at| answers.iter().map(|one| (one.reader, one.files.get(file(at)))).collect::<BTreeMap<_, _>>();
    let line = |name: &str, text: &str, at| {
        format!("{}: {}", json!(name), json!({"text": text, "readings": of(at)}))
    };
    let lines = texts.iter().zip(from..).map(|((name, text), at)| line(name, text, at));
    lines.collect::<Vec<_>>().join(",\n    ")
}

/// Returns the texts of a list by their names; what is written is a value of its own name, before another variable.
fn texts_of(all: &toml::Table, list: &str) -> Result<Vec<(String, String)>> {
    let entries = all.get(list).and_then(toml::Value::as_array).with_context(|| format!("no list {list}"))?;
    let text = |entry: &toml::Value, key| Some(entry.get(key)?.as_str()?.to_owned());
    let one = |entry| match (text(entry, "name"), text(entry, "text")) {
        (None, Some(written)) => Some((written.clone(), format!("A={written}\nB=2\n"))),
        (name, read) => Some((name?, read?)),
    };
    Ok(entries.iter().filter_map(one).collect())
}

fn file(at: usize) -> String {
    format!("{at:03}.env")
}

/// Returns the commands of all readers on a folder.
fn readers_of(folder: &Path) -> Result<[(&'static str, Command); 5]> {
    let script = |program: &OsStr, name: &str| {
        let mut reader = command(program);
        reader.arg(Path::new(READERS).join(name)).arg(folder);
        reader
    };
    let build = root().join(GO_BUILD);
    std::fs::create_dir_all(&build)?;
    for name in ["main.go", "go.mod"] {
        std::fs::copy(root().join(READERS).join("compose").join(name), build.join(name))?;
    }
    let mut compose = command("go");
    // The public database of sums vouches for the versions that go.mod names.
    compose.args(["run", "-mod=mod", "."]).arg(folder).current_dir(build);
    Ok([
        ("node", script("node".as_ref(), "node.mjs")),
        ("npm dotenv", script("node".as_ref(), "npm.mjs")),
        ("python-dotenv", script(PACKAGES.python().as_ref(), "python.py")),
        ("compose", compose),
        ("dash", script(PACKAGES.python().as_ref(), "shell.py")),
    ])
}

fn answer((reader, mut command): (&'static str, Command)) -> Result<Answer> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{reader} ended with {}: {said}", output.status);
    let said: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("{reader} prints no JSON"))?;
    let of = |key| said.get(key).cloned().unwrap_or_default();
    Ok(Answer { reader, version: of("version"), files: of("files") })
}
