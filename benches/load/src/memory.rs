//! Memory and the programs' size.

use anyhow::Result;
use vault::client::Client;

use crate::home::{Server, connect, create};
use crate::load::End;
use crate::plan::{Asking, Bench, Cores, Found};
use crate::row::{Budget, Row, number};

const MIB: f64 = 1024.0 * 1024.0;

/// Measures memory at rest, memory at work, and the programs.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    let vaultd = Server::vaultd(bench, &bench.on_disk(), 100)?;
    let mut rows = vec![
        limit("vaultd at rest, resident", vaultd.resident()?, 8.0),
        limit("vaultd, the program", size(bench, "vaultd")?, 6.0),
        limit("vaultctl, the program", size(bench, "vaultctl")?, 5.0),
    ];
    let mut client: Client = connect(&vaultd)?;
    client.call(&create("large", &"v".repeat(1024 * 1024))?)?;
    let question = crate::requests::get("/vault/resolve/large");
    bench.ask(Asking {
        socket: &vaultd.socket,
        question: &question,
        end: End::Http,
        connections: 64,
        cores: Cores::All,
    })?;
    rows.push(limit("vaultd after 64 connections read 1 MiB each, resident", vaultd.resident()?, 256.0));
    Ok(Found { rows, ..Found::default() })
}

fn size(bench: &Bench, program: &str) -> Result<f64> {
    let bytes = std::fs::metadata(bench.program(program))?.len();
    Ok(f64::from(u32::try_from(bytes)?))
}

/// Compares bytes with a limit in MiB.
fn limit(work: &str, bytes: f64, most: f64) -> Row {
    let figure = format!("{} MiB", number(bytes / MIB));
    let floor = format!("{} MiB", number(most));
    Row { work: work.to_owned(), figure, floor, ratio: bytes / MIB / most, budget: Budget::AtMost(1.0) }
}
