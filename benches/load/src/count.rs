//! One part of a request, done again and again under a counter of instructions.

use std::hint::black_box;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use vault::api::{ListSecrets, Resolve};
use vault::audit::{Author, Draft};
use vault::clock::SystemClock;
use vault::crypto::{Fresh, SealContext, open_secret, seal_secret};
use vault::domain::{Action, OrgId, SecretId, SecretName, VaultId};
use vault::keyring::Keyring;
use vault::secret::SecretValue;
use vault::store::{Store, Unit};
use vault_testkit::Inside;

use crate::home::{NAME, open, store};

/// How many secrets the vault has.
const SECRETS: usize = 200;

/// Does one thing again and again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What.
    part: Part,
    /// How often.
    times: u32,
    /// A folder with a vault that was prepared, or that is made now.
    #[arg(long)]
    home: PathBuf,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// Seal a value.
    Seal,
    /// Open a sealed value.
    Open,
    /// Resolve a name, audited.
    Resolve,
    /// List a page of a hundred, audited.
    List,
    /// Append an entry to the log.
    Append,
}

/// Does it, on one thread beside the writer's.
pub(crate) fn run(args: &Args) -> Result<()> {
    match args.part {
        Part::Seal | Part::Open => return sealing(args),
        Part::Resolve | Part::List | Part::Append => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let is_new = !args.home.join("vault.db").exists();
        let inside = open(&args.home).await?;
        if is_new {
            store(&inside, SECRETS).await?;
        }
        for _ in 0..args.times {
            once(args.part, &inside).await?;
        }
        anyhow::Ok(())
    })
}

async fn once(part: Part, inside: &Inside<SystemClock>) -> Result<()> {
    match part {
        Part::Resolve => {
            let name = NAME.to_owned();
            black_box(inside.call(Resolve { name, org_id: None }).await?);
        }
        Part::List => {
            let page = ListSecrets { limit: Some(100), ..ListSecrets::default() };
            black_box(inside.call(page).await?);
        }
        _ => append(inside).await?,
    }
    Ok(())
}

async fn append(inside: &Inside<SystemClock>) -> Result<()> {
    let Keyring::Open(keys) = inside.vault.keyring() else { bail!("the vault is locked") };
    let author = Author::of(&inside.owner, inside.vault.now());
    let entries = vec![Draft::of(Action::Read)];
    let unit = Unit { keys, author, agent: None, guards: Vec::new(), as_of: 0, changes: Vec::new(), entries };
    inside.store.commit(unit).await?.ok().context("the entry was refused")?;
    Ok(())
}

fn sealing(args: &Args) -> Result<()> {
    let (org, name) = (OrgId::default(), SecretName::try_from(NAME.to_owned())?);
    let id = SecretId::from_bytes([7; 16]);
    let context =
        SealContext { vault: VaultId([1; 16]), org: &org, id, name: &name, version: 1, revision: 1 };
    let (key, value) = ([9; 32], SecretValue::new("v".repeat(64))?);
    let sealed = seal_secret(&key, &context, &Fresh::draw()?, &value)?;
    for _ in 0..args.times {
        match args.part {
            Part::Open => drop(black_box(open_secret(&key, &context, black_box(&sealed))?)),
            _ => drop(black_box(seal_secret(&key, &context, &Fresh::draw()?, black_box(&value))?)),
        }
    }
    Ok(())
}
