//! A program that was started with the values of its platform, and what there is to see of it.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;
use vault_testkit::search::Needle;
use vault_testkit::{Home, vaultctl};

use super::PACKAGES;
use super::case::{Case, Value};
use super::recorder::Recorder;

/// How long a program may take to find its values.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long to leave the processor to others between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How much of what a program said of its failure is shown.
const LAST_WORDS: usize = 600;

/// A running program; dropping it ends it, and all that it started.
pub(super) struct Started {
    child: Child,
    recorder: Recorder,
    /// Its home, which has no settings of anybody.
    folder: TempDir,
}

impl Started {
    /// Starts a program by `vaultctl run --skill` in an empty environment, less one variable if that is asked for.
    pub(super) fn new(case: &Case, home: &Home, without: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let recorder = Recorder::start()?;
        let settings = folder.path().join("settings.env");
        vault::files::replace_private(&settings, settings_of(&recorder).as_bytes())?;
        let mut run = Command::new(vaultctl());
        run.env_clear().env("PATH", path()).env("HOME", folder.path()).current_dir(folder.path());
        run.arg("--home").arg(home.path("")).args([
            "run",
            "--clean-env",
            "--no-mask",
            "--skill",
            &case.platform,
        ]);
        run.arg("--env-file").arg(&settings).args(["--", "env"]);
        run.args(without.iter().flat_map(|variable| ["-u", variable])).args(interpreter(&case.path));
        run.arg(&case.path).arg(recorder.url());
        // A group of its own can be ended as one.
        run.process_group(0).stdin(Stdio::null());
        run.stdout(file(&folder.path().join("stdout"))?).stderr(file(&folder.path().join("stderr"))?);
        let child = run.spawn().context("vaultctl cannot be started")?;
        Ok(Self { child, recorder, folder })
    }

    /// Waits until it has found all of its values, or has ended.
    ///
    /// # Errors
    /// If it ends, or takes too long, without having found one.
    pub(super) fn until_found(mut self, case: &Case) -> Result<()> {
        let began = Instant::now();
        loop {
            let ended = self.child.try_wait()?.is_some() || began.elapsed() > PATIENCE;
            let missing = self.missing(case)?;
            if missing.is_empty() {
                return Ok(());
            }
            if ended {
                let fields: Vec<_> = missing.iter().map(|value| value.field.as_str()).collect();
                bail!("{} does not find {}: {}", case.name, fields.join(", "), self.last_words());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Lists the values that are neither in the first request nor in what it printed.
    fn missing<'c>(&self, case: &'c Case) -> Result<Vec<&'c Value>> {
        let printed = std::fs::read(self.folder.path().join("stdout"))?;
        let seen = |value: &Value| {
            let needle = Needle::new(&value.random);
            [&printed, self.recorder.first()].iter().any(|bytes| needle.found_in(bytes).is_some())
        };
        Ok(case.values.iter().filter(|value| !seen(value)).collect())
    }

    /// Returns the end of what it wrote to stderr.
    fn last_words(&self) -> String {
        let words = std::fs::read(self.folder.path().join("stderr")).unwrap_or_default();
        let from = words.len().saturating_sub(LAST_WORDS);
        String::from_utf8_lossy(words.get(from..).unwrap_or_default()).trim().to_owned()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// Writes the settings of every program: no request goes elsewhere, and none reports its use.
fn settings_of(recorder: &Recorder) -> String {
    let url = recorder.url();
    let proxies =
        ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| format!("{name}={url}\n"));
    format!("{}NO_PROXY=127.0.0.1\nno_proxy=127.0.0.1\nDO_NOT_TRACK=1\n", proxies.concat())
}

/// Returns what runs a file; Python's own folder of the file is no place to import from.
fn interpreter(path: &Path) -> Vec<PathBuf> {
    if path.extension().is_some_and(|extension| extension == "py") {
        vec![PACKAGES.python(), "-I".into()]
    } else {
        vec!["node".into()]
    }
}

fn file(path: &Path) -> Result<std::fs::File> {
    Ok(OpenOptions::new().create_new(true).append(true).open(path)?)
}

#[expect(clippy::disallowed_methods, reason = "where node is, which the programs need")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
