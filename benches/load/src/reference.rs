//! The algorithm that this vault replaces: PBKDF2 anew for each reading, as Node runs it.

use std::process::Command;

use anyhow::{Context, Result};
use vault::api::RotateAll;
use vault::domain::OrgScope;

use crate::home::{NAME, Server};
use crate::load::End;
use crate::plan::{Asking, Bench, Cores, Found, Place};
use crate::processes::is_here;
use crate::rounds::{Sample, Series, Subject, alternate};
use crate::row::{Budget, Row, number};

/// How many secrets each round of the reference's rotation has; it takes a second for each.
const ROTATED: u32 = 3;

/// Opens payloads, then opens and seals some again, each under a key that is stretched for it alone, and prints the
/// seconds of one reading and of one rotation. As there, deriving holds up the one thread that there is.
const PROGRAM: &str = r"
const c = require('crypto'), salt = c.randomBytes(16);
const derive = () => c.pbkdf2Sync('phrase', salt, 600000, 32, 'sha512');
const seal = (text) => {
  const iv = c.randomBytes(12), s = c.createCipheriv('aes-256-gcm', derive(), iv);
  return { iv, data: Buffer.concat([s.update(text), s.final()]), tag: s.getAuthTag() };
};
const open = ({ iv, data, tag }) => {
  const o = c.createDecipheriv('aes-256-gcm', derive(), iv); o.setAuthTag(tag);
  return Buffer.concat([o.update(data), o.final()]).toString();
};
const seconds = (times, f) => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) f();
  return Number(process.hrtime.bigint() - start) / 1e9 / times;
};
const sealed = seal('sk-0123456789');
console.log(seconds(4, () => open(sealed)), seconds(Number(process.argv[1]), () => seal(open(sealed))));
";

/// Measures readings and rotations beside the reference's.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    if !is_here("node") {
        return Ok(Found { skipped: vec!["node is not installed".to_owned()], ..Found::default() });
    }
    let mut found = Found::default();
    for place in bench.places() {
        found.rows.extend(beside(bench, &place)?);
    }
    Ok(found)
}

fn beside(bench: &Bench, place: &Place) -> Result<[Row; 2]> {
    let vaultd = Server::vaultd(bench, place, 100)?;
    let question = crate::requests::resolve();
    let rotations = std::cell::RefCell::new(Vec::new());
    let [ours, rotated, reference] = alternate(
        bench.rounds.min(5),
        [
            Subject::new("resolve, 64", || {
                let (socket, question) = (&vaultd.socket, &question[..]);
                bench.ask(Asking { socket, question, end: End::Http, connections: 64, cores: Cores::All })
            }),
            Subject::new("rotate-all of 100", || {
                crate::growth::called(&vaultd, &RotateAll { org_id: Some(OrgScope::All) })
            }),
            Subject::new("node", || {
                let [reading, rotation] = node()?;
                rotations.borrow_mut().push(rotation);
                Ok(reading)
            }),
        ],
    )?;
    let theirs = Series::of(rotations.into_inner());
    let of_hundred = theirs.p50().value * 100.0;
    Ok([
        Row {
            work: format!("readings at 64 callers ({NAME}, {})", place.name),
            figure: ours.rate().written("per s"),
            floor: format!("PBKDF2 and AES-GCM by node: {}", reference.rate().written("per s")),
            ratio: ours.rate().value / reference.rate().value,
            budget: Budget::AtLeast(10_000.0),
        },
        Row {
            work: format!("rotate-all of 100 ({})", place.name),
            figure: rotated.p50().written("µs"),
            floor: format!("the same by node: {} µs, from {ROTATED} of them", number(of_hundred)),
            ratio: of_hundred / rotated.p50().value,
            budget: Budget::AtLeast(10_000.0),
        },
    ])
}

/// Gives what one reading and one rotation take by the reference's algorithm.
fn node() -> Result<[Sample; 2]> {
    let output = Command::new("node").args(["-e", PROGRAM, &ROTATED.to_string()]).output().context("node")?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let (reading, rotation) = printed.trim().split_once(' ').context("node printed no two figures")?;
    Ok([Sample::of_micros(reading.parse::<f64>()? * 1e6), Sample::of_micros(rotation.parse::<f64>()? * 1e6)])
}
