//! A repository, read by git itself: every object of its history, reachable or not, or what the next commit adds.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::feed::Feed;
use super::finding::{Finding, Origin};
use crate::failure::Failure;
use crate::show::plain;

/// A repository, and what of it is looked at.
#[derive(Debug)]
pub(super) struct Repository {
    folder: PathBuf,
    part: Part,
}

/// What of a repository is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The text of every file, commit and tag that it has.
    History,
    /// What the next commit adds.
    Staged,
}

impl Repository {
    /// Finds the repository that a path is in.
    ///
    /// # Errors
    /// `invalid_request` where it is in none, or there is no git.
    pub(super) fn of(path: &Path, part: Part) -> Result<Self, Failure> {
        let folder = if path.is_dir() { path.to_owned() } else { vault::files::parent(path) };
        let answer = git(&folder, ["rev-parse", "--absolute-git-dir"]).env("LC_ALL", "C").output();
        let answer = answer.map_err(|error| no_git(&error))?;
        if !answer.status.success() {
            return Err(unread(path, &String::from_utf8_lossy(&answer.stderr)));
        }
        Ok(Self { folder, part })
    }

    /// Looks at its part.
    ///
    /// # Errors
    /// What the daemon answered, or that git failed.
    pub(super) fn look(&self, feed: &mut Feed<'_>) -> Result<(), Failure> {
        match self.part {
            Part::History => self.look_at_history(feed),
            Part::Staged => self.look_at_staged(feed),
        }
    }

    fn look_at_staged(&self, feed: &mut Feed<'_>) -> Result<(), Failure> {
        let arguments =
            ["diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--text"];
        let (mut child, out) =
            self.spawn(&[&arguments[..], &["--src-prefix=a/", "--dst-prefix=b/", "--unified=0"]].concat())?;
        feed.look_at_diff(out)?;
        ended(&mut child)
    }

    fn look_at_history(&self, feed: &mut Feed<'_>) -> Result<(), Failure> {
        let paths = self.paths()?;
        let arguments = ["cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch"];
        let (mut child, mut out) = self.spawn(&arguments)?;
        while let Some(object) = Object::read(&mut out)? {
            let origin = Origin::Object {
                repository: self.folder.clone(),
                path: paths.get(&object.name).cloned(),
                object: object.name,
            };
            let mut content = (&mut out).take(object.bytes);
            if object.kind != "tree" {
                feed.look(&origin, &mut content)??;
            }
            // The rest of it, and the line's end that git puts after each.
            let rest = content.limit() + 1;
            io::copy(&mut (&mut out).take(rest), &mut io::sink())?;
        }
        ended(&mut child)
    }

    /// Says which commit brought each object that something was found in.
    pub(super) fn name_commits(&self, findings: &mut [Finding]) {
        let own = self.folder.to_string_lossy();
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        for finding in findings.iter_mut().filter(|one| one.repository.as_deref() == Some(&*own)) {
            if let Some(object) = &finding.object {
                finding.commit =
                    known.entry(object.clone()).or_insert_with(|| self.commit_of(object)).clone();
            }
        }
    }

    /// Finds the oldest commit with an object; a commit is its own.
    fn commit_of(&self, object: &str) -> Option<String> {
        let kind = git(&self.folder, ["cat-file", "-t", object]).output().ok()?;
        if kind.stdout == b"commit\n" {
            return Some(object.to_owned());
        }
        let find = format!("--find-object={object}");
        let arguments = ["log", "--all", "--reflog", "-m", "--format=%H", "--reverse", &find];
        let log = git(&self.folder, arguments).output().ok()?;
        String::from_utf8_lossy(&log.stdout).lines().next().map(str::to_owned)
    }

    /// Lists the path at which each reachable object was first seen.
    fn paths(&self) -> Result<HashMap<String, String>, Failure> {
        let (mut child, out) = self.spawn(&["rev-list", "--all", "--reflog", "--objects"])?;
        let mut paths = HashMap::new();
        for line in out.split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            if let Some((object, path)) = line.split_once(' ').filter(|(_, path)| !path.is_empty()) {
                paths.insert(object.to_owned(), path.to_owned());
            }
        }
        ended(&mut child)?;
        Ok(paths)
    }

    fn spawn(&self, arguments: &[&str]) -> Result<(Child, BufReader<ChildStdout>), Failure> {
        let mut command = git(&self.folder, arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| no_git(&error))?;
        let out = child.stdout.take().ok_or_else(|| io::Error::other("git has no output"))?;
        Ok((child, BufReader::with_capacity(256 * 1024, out)))
    }
}

/// An object's first line, before its content.
struct Object {
    name: String,
    kind: String,
    bytes: u64,
}

impl Object {
    fn read(out: &mut impl BufRead) -> Result<Option<Self>, Failure> {
        let mut line = String::new();
        if out.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_ascii_whitespace();
        let (name, kind, bytes) =
            (words.next(), words.next(), words.next().and_then(|word| word.parse().ok()));
        match (name, kind, bytes) {
            (Some(name), Some(kind), Some(bytes)) => {
                Ok(Some(Self { name: name.to_owned(), kind: kind.to_owned(), bytes }))
            }
            _ => Err(io::Error::other("git answered what is no object").into()),
        }
    }
}

/// Prepares git to read, and nothing else: it fetches nothing, asks nothing and runs nothing that a repository names.
fn git<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("git");
    command.args(["--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", "-C"]).arg(folder);
    command.args(arguments).stdin(Stdio::null());
    for variable in crate::env::PRIVATE {
        command.env_remove(variable);
    }
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// Says why git reads no repository at a path, in its own words unless they say that no repository is there.
fn unread(path: &Path, said: &str) -> Failure {
    let path = path.display();
    let first = said.lines().next().unwrap_or_default();
    let why = first.strip_prefix("fatal: ").unwrap_or(first);
    if why.is_empty() || why.starts_with("not a git repository") {
        let message = format!("{path} is in no git repository");
        return Failure::usage(message, "name a path in one, or leave --git and --staged out");
    }
    let hint = if why.contains("dubious ownership") {
        "it belongs to another user; if you trust it: git config --global --add safe.directory FOLDER"
    } else {
        "see what git says there: git status"
    };
    Failure::usage(format!("git does not read the repository of {path}: {}", plain(why)), hint)
}

fn no_git(error: &io::Error) -> Failure {
    let message = format!("git cannot be started: {}", crate::failure::in_words(error));
    Failure::usage(message, "install git, or leave --git and --staged out")
}

fn ended(child: &mut Child) -> Result<(), Failure> {
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::usage("git could not read the whole history", "see what is wrong with: git fsck"))
}
