//! Commands as processes: `vaultctl` beside `true`, `curl` and other keepers of secrets.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::home::{NAME, Server, connect};
use crate::plan::{Bench, Found};
use crate::rounds::{Sample, Series, Subject, alternate};
use crate::row::{Budget, Row};

/// How often a process is started in one sample.
const STARTS: u32 = 20;
/// How much is piped through `run`, in MiB; a tenth with `--quick`.
const PIPED: usize = 1024;

/// Measures commands.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    let vaultd = Server::vaultd(bench, &bench.on_disk(), 100)?;
    let mut found = Found::default();
    commands(bench, &vaultd, &mut found)?;
    peers(bench, &vaultd, &mut found)?;
    masking(bench, &vaultd, &mut found)?;
    Ok(found)
}

/// Tells whether a program is on this machine.
pub(crate) fn is_here(program: &str) -> bool {
    Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok()
}

fn commands(bench: &Bench, vaultd: &Server, found: &mut Found) -> Result<()> {
    let question = ["curl", "-s", "-o", "/dev/null", "--unix-socket"];
    let url = format!("http://v/vault/resolve/{NAME}");
    let [get, run, nothing, resolve, curl] = alternate(
        bench.rounds,
        [
            Subject::new("vaultctl get", || started(&mut vaultctl(bench, vaultd, &["get", NAME]))),
            Subject::new("vaultctl run -- true", || {
                let env = format!("KEY={NAME}");
                started(&mut vaultctl(bench, vaultd, &["run", "--env", &env, "--", "true"]))
            }),
            Subject::new("true", || started(&mut Command::new("true"))),
            Subject::new("one resolve", || resolved(vaultd)),
            Subject::new("curl", || {
                started(Command::new("curl").args(&question[1..]).arg(&vaultd.socket).arg(&url))
            }),
        ],
    )?;
    let floor = nothing.p50().value + resolve.p50().value;
    let words = format!("true {} + one resolve {}", millis(&nothing), millis(&resolve));
    found.rows.push(row("vaultctl get", &get, (words, get.p50().value / floor), Budget::AtMost(2.5)));
    found.rows.push(beside("vaultctl get", (&get, "curl --unix-socket", &curl), Budget::AtMost(0.3)));
    found.rows.push(beside("vaultctl run -- true", (&run, "vaultctl get", &get), Budget::AtMost(1.5)));
    Ok(())
}

/// A neighbour: what it is called, how many times faster a reading has to be, and how it is prepared.
type Neighbour = (&'static str, f64, fn() -> Result<Peer>);

const PEERS: [Neighbour; 3] = [("pass", 10.0, pass), ("secret-tool", 6.0, secret_tool), ("age", 1.0, age)];

/// Another keeper of secrets with one secret in it; its folder goes with it.
struct Peer {
    script: String,
    _folder: tempfile::TempDir,
}

fn peers(bench: &Bench, vaultd: &Server, found: &mut Found) -> Result<()> {
    for (name, faster, prepare) in PEERS {
        let peer = if is_here(name) { prepare() } else { Err(anyhow::anyhow!("it is not installed")) };
        let peer = match peer {
            Ok(peer) => peer,
            Err(error) => {
                found.skipped.push(format!("{name}: {error:#}"));
                continue;
            }
        };
        let [get, other] = alternate(
            bench.rounds,
            [
                Subject::new("vaultctl get", || started(&mut vaultctl(bench, vaultd, &["get", NAME]))),
                Subject::new(name, || timed(&peer)),
            ],
        )?;
        let ratio = other.p50().value / get.p50().value;
        let words = format!("{name}: {}", millis(&other));
        found.rows.push(row(
            &format!("times faster than {name}"),
            &get,
            (words, ratio),
            Budget::AtLeast(faster),
        ));
    }
    for missing in ["fnox", "rvault"] {
        if !is_here(missing) {
            found.skipped.push(format!("{missing} is not installed"));
        }
    }
    Ok(())
}

/// Prepares a store of `pass` with a key without a passphrase.
fn pass() -> Result<Peer> {
    let folder = tempfile::tempdir()?;
    let setup = "gpg --batch --quiet --passphrase '' --quick-gen-key bench default default never && \
                 pass init bench >/dev/null && echo sk-0123456789 | pass insert -e openai >/dev/null";
    prepared(folder, "export GNUPGHOME=$HOME/.gnupg; mkdir -p -m 700 $GNUPGHOME;", setup, "pass show openai")
}

/// Prepares a key and a file of `age`.
fn age() -> Result<Peer> {
    let folder = tempfile::tempdir()?;
    let setup = "age-keygen -o $HOME/key 2>/dev/null && echo sk-0123456789 | age -r $(age-keygen -y $HOME/key) > $HOME/secret";
    prepared(folder, "", setup, "age -d -i $HOME/key $HOME/secret")
}

/// Prepares a keyring that is open, on a bus of its own.
fn secret_tool() -> Result<Peer> {
    let folder = tempfile::tempdir()?;
    let bus = "export XDG_RUNTIME_DIR=$HOME DBUS_SESSION_BUS_ADDRESS=unix:path=$HOME/bus;";
    let setup = "dbus-daemon --session --fork --address=unix:path=$HOME/bus && \
                 printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && \
                 printf sk-0123456789 | secret-tool store --label=openai service openai";
    prepared(folder, bus, setup, "secret-tool lookup service openai")
}

/// Runs a peer's preparation in a home of its own, and keeps the script that reads the secret once.
fn prepared(folder: tempfile::TempDir, environment: &str, setup: &str, read: &str) -> Result<Peer> {
    let home = format!("export HOME={}; {environment}", folder.path().display());
    let mut shell = Command::new("timeout");
    let done =
        shell.args(["60", "sh", "-c", &format!("{home} {setup} && {read}")]).stdin(Stdio::null()).output()?;
    ensure!(done.status.success(), "it could not be prepared: {}", String::from_utf8_lossy(&done.stderr));
    // The shell measures nothing: it times what it starts, and prints the nanoseconds.
    let script = format!(
        "{home} b=$(date +%s%N); i=0; while [ $i -lt {STARTS} ]; do {read} >/dev/null; i=$((i+1)); done; e=$(date +%s%N); echo $((e-b))"
    );
    Ok(Peer { script, _folder: folder })
}

/// Gives what one reading by a peer takes.
fn timed(peer: &Peer) -> Result<Sample> {
    let output = Command::new("sh").args(["-c", &peer.script]).stdin(Stdio::null()).output()?;
    let nanos: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().context("a peer's time")?;
    Ok(Sample::of_micros(nanos / 1e3 / f64::from(STARTS)))
}

/// Measures what passes through `run`, with values to look for.
fn masking(bench: &Bench, vaultd: &Server, found: &mut Found) -> Result<()> {
    let file = bench.scratch("piped");
    let mebibytes = if bench.millis < 1000 { PIPED / 8 } else { PIPED };
    let lines =
        "2026-11-23T10:00:00Z INFO worker: request 4711 took 12 ms, status 200, user ada\n".repeat(13_108);
    let text = lines.get(..1024 * 1024).unwrap_or(&lines);
    let mut whole = Vec::with_capacity(text.len() * mebibytes);
    (0..mebibytes).for_each(|_| whole.extend_from_slice(text.as_bytes()));
    vault::files::replace_private(&file, &whole)?;
    drop(whole);
    for (values, length) in [(0, 0), (1, 40), (50, 6), (50, 20), (50, 40), (50, 100)] {
        let mut client = connect(vaultd)?;
        let names: Vec<_> = (0..values).map(|number| format!("masked-{values}-{length}-{number}")).collect();
        for name in &names {
            client.call(&crate::home::create(name, &random(length)?)?)?;
        }
        let options: Vec<_> =
            names.iter().zip(0..).map(|(name, number)| format!("--env V{number}={name}")).collect();
        let words = format!(
            "{} --home {} run {} --",
            bench.program("vaultctl").display(),
            vaultd.folder().display(),
            options.join(" ")
        );
        let [masked, plain] = alternate(
            bench.rounds.min(5),
            [
                Subject::new("run -- cat | cat", || piped(&words, &file)),
                Subject::new("cat | cat", || piped("", &file)),
            ],
        )?;
        let work = format!("{mebibytes} MiB through run, {values} values of {length} bytes");
        let ratio = plain.p50().value / masked.p50().value;
        found.rows.push(row(
            &work,
            &masked,
            (format!("cat: {}", millis(&plain)), ratio),
            Budget::AtLeast(0.5),
        ));
    }
    Ok(())
}

fn random(length: usize) -> Result<String> {
    let bytes = vault::crypto::random::<100>()?;
    let letter = |byte: &u8| char::from(b'a' + byte % 26);
    Ok(bytes.iter().take(length).map(letter).collect())
}

fn piped(before: &str, file: &Path) -> Result<Sample> {
    let script = format!("{before} cat {} | cat >/dev/null", file.display());
    started_once(Command::new("sh").args(["-c", &script]), 1)
}

fn vaultctl(bench: &Bench, vaultd: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(bench.program("vaultctl"));
    command.arg("--home").arg(vaultd.folder()).args(arguments);
    command
}

/// Starts a program some times, and gives what one start takes to its end.
fn started(command: &mut Command) -> Result<Sample> {
    started_once(command, STARTS)
}

fn started_once(command: &mut Command, times: u32) -> Result<Sample> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    for _ in 0..times {
        let status = command.status().with_context(|| command.get_program().display().to_string())?;
        ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    }
    Ok(Sample::of_micros(start.elapsed().as_secs_f64() * 1e6 / f64::from(times)))
}

/// Resolves over a connection of its own, as a process does.
fn resolved(vaultd: &Server) -> Result<Sample> {
    let start = Instant::now();
    for _ in 0..STARTS {
        connect(vaultd)?.call(&vault::api::Resolve { name: NAME.to_owned(), org_id: None })?;
    }
    Ok(Sample::of_micros(start.elapsed().as_secs_f64() * 1e6 / f64::from(STARTS)))
}

fn millis(series: &Series) -> String {
    let middle = series.p50();
    crate::rounds::Middle { value: middle.value / 1e3, ..middle }.written("ms")
}

fn row(work: &str, ours: &Series, (floor, ratio): (String, f64), budget: Budget) -> Row {
    Row { work: work.to_owned(), figure: millis(ours), floor, ratio, budget }
}

fn beside(work: &str, (ours, name, other): (&Series, &str, &Series), budget: Budget) -> Row {
    let ratio = ours.p50().value / other.p50().value;
    row(work, ours, (format!("{name}: {}", millis(other)), ratio), budget)
}
