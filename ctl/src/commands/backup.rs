//! `vaultctl backup`

mod copy;

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use vault::api::{BackupMade, Code, Fault, MakeBackup, ReadBackup};
use vault::crypto::sha256_of_file;
use vault::domain::Timestamp;
use vault::files;

pub(super) use self::copy::{Copy, files_of, keys_of};
use super::FOUND_SOMETHING;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::Target;
use crate::show::counted;

/// Writes a consistent copy of the vault into a file, while the daemon runs, or checks one.
///
/// The copy is as sealed as the vault: it opens with the key, or the recovery key, of the day it was made. A MAC over all
/// of it makes every change of it show. It holds every org, the older values, the agents and the log; not the key.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl backup vault-$(date +%F).backup
  vaultctl backup --verify vault-2026-11-23.backup")]
pub(crate) struct BackupArgs {
    /// The file; one that is there is not replaced
    file: PathBuf,
    /// Check the file instead, with the key of the home or one that is asked for
    #[arg(long)]
    verify: bool,
    /// Replace the file, where it is there
    #[arg(long, conflicts_with = "verify")]
    force: bool,
}

/// A backup, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Report<'a> {
    file: &'a Path,
    bytes: u64,
    created_at: Timestamp,
}

/// What a backup that is whole holds, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Verified {
    made_at: Timestamp,
    secrets: u64,
}

/// Makes a backup, or checks one.
pub(super) fn run(args: &BackupArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.verify {
        return verify(args, context);
    }
    let target = Target::find(&args.file, context)?.regular("name another file")?;
    if target.is_there() && !args.force {
        let message = format!("{} is there already", args.file.display());
        return Err(Fault::new(Code::Conflict, message).hint("name another file, or add --force").into());
    }
    let written = context.show.while_waiting("copying the vault", || write(target, args, context));
    let made = written?;
    if context.show.is_json() {
        let report = Report { file: &args.file, bytes: made.bytes, created_at: made.created_at };
        context.show.json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    context.show.done(format_args!("backed up to {} ({} bytes)", args.file.display(), made.bytes))?;
    context.show.note("keep it apart from the key; put it back with: vaultctl restore");
    Ok(ExitCode::SUCCESS)
}

/// Reads the backup part by part into a file, reads that back, and puts it in its place.
fn write(target: Target, args: &BackupArgs, context: &Context) -> Result<BackupMade, Failure> {
    let failed = |error: std::io::Error| Failure::file(&args.file, &error);
    let mut file = target.begin()?;
    let (made, digest) = fill(&mut file, context)?;
    if file.reread().and_then(sha256_of_file).map_err(failed)? != digest {
        return Err(Fault::new(Code::Storage, "the file does not read back as it was written").into());
    }
    let ended = if args.force { file.replace() } else { file.create() };
    ended.map_err(failed)?;
    Ok(made)
}

/// Writes all parts and gives the SHA-256 of them, in hex.
fn fill(file: &mut impl Write, context: &Context) -> Result<(BackupMade, String), Failure> {
    let made = context.call(&MakeBackup {})?;
    let (mut hash, mut next) = (Sha256::new(), Some(0));
    while let Some(offset) = next {
        let part = context.call(&ReadBackup { backup: made.backup.clone(), offset })?;
        let bytes = data_encoding::BASE64
            .decode(part.data.as_bytes())
            .map_err(|_| Fault::new(Code::Internal, "the daemon sent no base64"))?;
        hash.update(&bytes);
        file.write_all(&bytes)?;
        next = part.next;
    }
    Ok((made, data_encoding::HEXLOWER.encode(&hash.finalize())))
}

fn tell(verified: &Verified, context: &Context) -> Result<(), Failure> {
    if context.show.is_json() {
        return context.show.json(verified);
    }
    let Verified { made_at, secrets } = verified;
    context.show.done(format_args!("the backup of {made_at} is whole: {}", counted(*secrets, "secret")))
}

/// Opens a backup in a folder of its own, beside it, and throws that away again.
fn verify(args: &BackupArgs, context: &Context) -> Result<ExitCode, Failure> {
    let file = files::open_regular(&args.file).map_err(|error| Failure::file(&args.file, &error))?;
    let mut beside = args.file.as_os_str().to_owned();
    beside.push(".check");
    let copied = Copy::out_of(&mut BufReader::new(file), &PathBuf::from(beside))
        .and_then(|copy| copy.open(&keys_of(&context.home.join(".env"), context.show)?));
    match copied {
        Ok(copy) => {
            let verified = Verified { made_at: copy.made_at(), secrets: copy.secrets()? };
            tell(&verified, context)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Failure::Fault(fault)) if fault.code == Code::Integrity => {
            context.show.failure(&fault.into());
            Ok(ExitCode::from(FOUND_SOMETHING))
        }
        Err(failure) => Err(failure),
    }
}
