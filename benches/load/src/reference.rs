//! The algorithm that this vault replaces: PBKDF2 anew for each reading, as Node runs it.

use std::process::Command;

use anyhow::{Context, Result};

use crate::home::{NAME, Server};
use crate::load::End;
use crate::plan::{Asking, Bench, Cores, Found};
use crate::processes::is_here;
use crate::rounds::{Sample, Subject, alternate};
use crate::row::{Budget, Row};

/// Opens payloads for a while, as many at once as there are threads, and prints how many a second.
const PROGRAM: &str = r"
const c = require('crypto'), { promisify } = require('util');
const derive = promisify(c.pbkdf2), salt = c.randomBytes(16), iv = c.randomBytes(12);
const seal = (key) => { const s = c.createCipheriv('aes-256-gcm', key, iv); return [Buffer.concat([s.update('sk-0123456789'), s.final()]), s.getAuthTag()]; };
const open = async (data, tag) => {
  const key = await derive('phrase', salt, 600000, 32, 'sha512');
  const o = c.createDecipheriv('aes-256-gcm', key, iv); o.setAuthTag(tag);
  return Buffer.concat([o.update(data), o.final()]);
};
(async () => {
  const [data, tag] = seal(await derive('phrase', salt, 600000, 32, 'sha512'));
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: 8 }, () => open(data, tag)));
  console.log(8e9 / Number(process.hrtime.bigint() - start));
})();
";

/// Measures readings beside the reference's.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    if !is_here("node") {
        return Ok(Found { skipped: vec!["node is not installed".to_owned()], ..Found::default() });
    }
    let place = bench.on_disk();
    let vaultd = Server::vaultd(bench, &place, 100)?;
    let question = crate::requests::resolve();
    let [ours, reference] = alternate(
        bench.rounds.min(5),
        [
            Subject::new("resolve, 64", || {
                let (socket, question) = (&vaultd.socket, &question[..]);
                bench.ask(Asking { socket, question, end: End::Http, connections: 64, cores: Cores::All })
            }),
            Subject::new("node", node),
        ],
    )?;
    let row = Row {
        work: format!("readings at 64 callers ({NAME})"),
        figure: ours.rate().written("per s"),
        floor: format!("PBKDF2 and AES-GCM by node: {}", reference.rate().written("per s")),
        ratio: ours.rate().value / reference.rate().value,
        budget: Budget::AtLeast(10_000.0),
    };
    Ok(Found { rows: vec![row], ..Found::default() })
}

fn node() -> Result<Sample> {
    let output = Command::new("node").args(["-e", PROGRAM]).output().context("node")?;
    let rate: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().context("node printed no rate")?;
    Ok(Sample::of_micros(1e6 / rate))
}
