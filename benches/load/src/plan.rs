//! One run: what is measured, how long, and where the table goes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::load::End;
use crate::rounds::Sample;
use crate::row::{Row, table};
use crate::{growth, memory, page, processes, reference, requests, say};

/// Measures every row and prints the table.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the programs that were built: vaultd, vaultctl and this one.
    #[arg(long)]
    programs: PathBuf,
    /// A folder on the disk that is to be measured.
    #[arg(long)]
    disk: PathBuf,
    /// Where the page goes; without it nothing is written.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Smaller work: the same rows within minutes.
    #[arg(long)]
    quick: bool,
    /// Only these families of rows.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// What the families of rows work with.
#[derive(Debug)]
pub(crate) struct Bench {
    programs: PathBuf,
    disk: PathBuf,
    /// How many rounds are taken.
    pub(crate) rounds: usize,
    /// How long a client asks in each, in milliseconds.
    pub(crate) millis: u64,
    /// How many secrets the greatest vault has.
    pub(crate) many: usize,
    scratch: tempfile::TempDir,
}

/// A folder to measure in, and what it is called.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// The folder.
    pub(crate) folder: PathBuf,
}

/// A client's question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The server's socket.
    pub(crate) socket: &'a Path,
    /// The question, as bytes.
    pub(crate) question: &'a [u8],
    /// How an answer ends.
    pub(crate) end: End,
    /// How many connections ask at once.
    pub(crate) connections: usize,
    /// Where the client may run.
    pub(crate) cores: Cores,
}

/// Where a process may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// On the first core alone, with the server.
    One,
    /// Anywhere.
    All,
}

/// What a family of rows brings home.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// What could not be measured here, and why.
    pub(crate) skipped: Vec<String>,
    /// The curves of growth.
    pub(crate) curves: Vec<growth::Curve>,
}

type Family = (&'static str, fn(&Bench) -> Result<Found>);

const FAMILIES: [Family; 5] = [
    ("requests", requests::measure),
    ("processes", processes::measure),
    ("memory", memory::measure),
    ("growth", growth::measure),
    ("reference", reference::measure),
];

/// Measures, prints the table and writes the page.
pub(crate) fn run(args: &Args) -> Result<()> {
    let bench = Bench::new(args)?;
    let mut all = Found::default();
    for (name, measure) in FAMILIES {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            all.skipped.push(format!("{name}: not asked for"));
            continue;
        }
        match measure(&bench) {
            Ok(found) => all.add(found),
            Err(error) => {
                say::problem(format_args!("{name}: {error:#}"));
                all.skipped.push(format!("{name}: {error:#}"));
            }
        }
    }
    say::line(table(&all.rows));
    all.skipped.iter().for_each(|skipped| say::line(format_args!("skipped: {skipped}")));
    if let Some(path) = &args.page {
        page::write(path, &bench, &all)?;
    }
    Ok(())
}

impl Found {
    fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.skipped.extend(other.skipped);
        self.curves.extend(other.curves);
    }
}

impl Bench {
    fn new(args: &Args) -> Result<Self> {
        std::fs::create_dir_all(&args.disk)?;
        let (rounds, millis, many) = if args.quick { (5, 300, 20_000) } else { (5, 1000, 1_000_000) };
        let (programs, disk) = (args.programs.canonicalize()?, args.disk.canonicalize()?);
        let scratch = tempfile::tempdir()?;
        Ok(Self { programs, disk, rounds, millis, many, scratch })
    }

    /// Lists where requests are measured: on the disk, and in memory, where our own work shows.
    pub(crate) fn places(&self) -> Vec<Place> {
        let memory = Path::new("/dev/shm");
        let disk = Place { name: "disk", folder: self.disk.clone() };
        let memory = memory.is_dir().then(|| Place { name: "/dev/shm", folder: memory.to_owned() });
        std::iter::once(disk).chain(memory).collect()
    }

    /// Gives the disk's place.
    pub(crate) fn on_disk(&self) -> Place {
        Place { name: "disk", folder: self.disk.clone() }
    }

    /// Gives the path of one of the programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Gives a path for something small that is thrown away.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Runs a client process and gives what it saw.
    pub(crate) fn ask(&self, asking: Asking<'_>) -> Result<Sample> {
        let question = self.scratch("question");
        vault::files::replace_private(&question, asking.question)?;
        let mut client = self.client(asking.cores);
        client.arg("load").arg("--socket").arg(asking.socket).arg("--question").arg(&question);
        client.args(["--end", if asking.end == End::Http { "http" } else { "line" }]);
        client.arg(format!("--connections={}", asking.connections)).arg(format!("--millis={}", self.millis));
        sampled(client)
    }

    /// Runs the floor of durability in a place and gives what its callers saw.
    pub(crate) fn commit(&self, place: &Place, mode: &str, callers: usize) -> Result<Sample> {
        let mut client = self.client(if callers == 1 { Cores::One } else { Cores::All });
        client.arg("writer").arg("--folder").arg(&place.folder).args(["--mode", mode]);
        client.arg(format!("--callers={callers}")).arg(format!("--millis={}", self.millis));
        sampled(client)
    }

    /// Prepares this program, on the cores that it may have.
    pub(crate) fn client(&self, cores: Cores) -> Command {
        let own = self.program("vault-bench");
        if cores == Cores::All {
            return Command::new(own);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(own);
        command
    }
}

/// Runs a client and reads its sample.
pub(crate) fn sampled(mut client: Command) -> Result<Sample> {
    let output = client.output().with_context(|| format!("{}", client.get_program().display()))?;
    ensure!(output.status.success(), "a client failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
