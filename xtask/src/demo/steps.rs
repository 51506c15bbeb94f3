//! The demo's steps, in order; each says what it does and what came of it.

use anyhow::{Context, Result, ensure};
use vault::api::Resolve;
use vault::client::{Client, HttpClient};
use vault::secret::SecretValue;

use super::log;
use super::search::{self, Searched};
use super::stage::{Afterwards, Stage};
use crate::say::{explain, headline, line};
use crate::workspace::build_programs;

/// The name that the preset `openai` gives its key.
const NAME: &str = "skill:openai:access_token";

/// Goes through every step; an error says which step failed.
pub(super) async fn all(afterwards: Afterwards) -> Result<()> {
    build().context("step 1, building, failed")?;
    let mut stage = Stage::new(afterwards).context("step 2, making a home, failed")?;
    make_vault(&stage).await.context("step 2, making a vault, failed")?;
    start(&mut stage).await.context("step 3, starting the daemon, failed")?;
    let value = made_up_value()?;
    store(&stage, &value).await.context("step 4, storing a secret, failed")?;
    resolve(&stage, &value).await.context("step 5, reading the secret, failed")?;
    look_for(&stage, &value).context("step 6, looking for the value on the disk, failed")?;
    log::show(&stage.socket()).context("step 7, checking the audit log, failed")?;
    end(stage).await.context("step 8, ending, failed")
}

/// Makes a value that fits the preset's pattern and opens nothing.
fn made_up_value() -> Result<SecretValue> {
    let random = data_encoding::HEXLOWER.encode(&vault::crypto::random::<20>()?);
    Ok(SecretValue::new(format!("sk-demo-{random}"))?)
}

fn build() -> Result<()> {
    line("1. Build the daemon and the command line");
    explain("cargo build -p vaultd -p vaultctl");
    build_programs()
}

async fn make_vault(stage: &Stage) -> Result<()> {
    headline("2. Make a vault");
    stage.vaultctl(&["init"], None).await?;
    explain(
        "`vaultctl init` made a home that you alone may enter, and in it a key file with a random master key.",
    );
    explain("It also prints a recovery key, once. This is a throw-away vault, so the demo does not show it.");
    explain(format_args!("home: {}", stage.home().display()));
    Ok(())
}

async fn start(stage: &mut Stage) -> Result<()> {
    headline("3. Start the daemon");
    let pid = stage.start_daemon().await?;
    explain(format_args!(
        "`vaultd` (process {pid}) took the key from the key file and derived the master key from it."
    ));
    explain("It listens on one Unix socket, for HTTP and JSON-RPC alike; there is no network port.");
    explain(format_args!("socket: {}", stage.socket().display()));
    Ok(())
}

async fn store(stage: &Stage, value: &SecretValue) -> Result<()> {
    headline("4. Store a secret");
    stage.vaultctl(&["set", NAME], Some(value)).await?;
    explain(
        "`vaultctl set` read a made-up OpenAI key from its standard input: a value is never an argument,",
    );
    explain("where every user of the machine could see it.");
    explain(format_args!(
        "name: {NAME}, as the preset `openai` calls it, so that tools find it by themselves"
    ));
    Ok(())
}

async fn resolve(stage: &Stage, value: &SecretValue) -> Result<()> {
    headline("5. Read it, three ways");
    let asked = Resolve { name: NAME.to_owned(), org_id: None };
    let over_http = HttpClient::new(&stage.socket())?.call(&asked).await.context("HTTP")?;
    ensure!(over_http.value.value().expose() == value.expose(), "HTTP gave another value");
    explain(format_args!("HTTP      GET /vault/resolve/{NAME} gave the value that was stored"));
    let over_stream = Client::connect(&stage.socket())?.call(&asked).context("JSON-RPC")?;
    ensure!(over_stream.value.value().expose() == value.expose(), "JSON-RPC gave another value");
    explain("JSON-RPC  vault.resolve, a line of JSON on the same socket, gave it too");
    let printed = stage.vaultctl(&["get", "openai"], None).await?;
    ensure!(printed == value.expose().as_bytes(), "`vaultctl get openai` printed another value");
    explain(
        "vaultctl  `vaultctl get openai` found it by its platform alone, and printed it and nothing else",
    );
    Ok(())
}

/// Shows that the value is in no file, and that the search finds what is there.
fn look_for(stage: &Stage, value: &SecretValue) -> Result<()> {
    headline("6. Look for it on the disk");
    explain(format_args!("Every file of the home is searched for the value: {}.", search::FORMS));
    explain(
        "The secret's name is searched for too. Names are not encrypted, so this shows that the search works.",
    );
    let searched = search::folder(stage.home(), [value.expose(), NAME])?;
    for Searched { name, bytes, found: [value, known] } in &searched {
        explain(format_args!(
            "{name:<14} {bytes:>9} bytes   value: {:<10} name: {}",
            verdict(value.as_deref()),
            verdict(known.as_deref())
        ));
    }
    let leaks: Vec<_> = searched.iter().filter(|file| file.found[0].is_some()).collect();
    ensure!(searched.iter().any(|file| file.found[1].is_some()), "the search does not even find the name");
    ensure!(leaks.is_empty(), "the value is in a file");
    Ok(())
}

fn verdict(found: Option<&str>) -> String {
    found.map_or_else(|| "not found".to_owned(), |form| format!("found ({form})"))
}

async fn end(mut stage: Stage) -> Result<()> {
    headline("8. End");
    if stage.afterwards() == Afterwards::Remove {
        stage.stop_daemon().await?;
        explain("The daemon was asked to end, wiped its keys and ended; its home is removed.");
        explain("To keep one and try it yourself: cargo xtask demo --keep");
        return Ok(());
    }
    let programs = stage.programs().to_owned();
    let (home, pid) = stage.leave()?;
    let (home, programs) = (home.display(), programs.display());
    explain(format_args!(
        "The daemon still runs. home: {home}  socket: {home}/vault.sock  log: {home}/vaultd.log"
    ));
    explain(format_args!("try:    {programs}/vaultctl --home {home} list"));
    explain(format_args!("stop:   kill {pid}"));
    explain(format_args!("remove: rm -r {home}"));
    Ok(())
}
