//! Where a new vault goes: its folder, private and locked, and the paths in it.

use std::fs::{DirBuilder, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use vault::api::{Code, Fault};
use vault::files;
use vault::own::Own;

use crate::context::Context;
use crate::env;
use crate::failure::Failure;
use crate::output_file;

/// A home that this process holds, with the paths of what goes there.
#[derive(Debug)]
pub(in crate::commands) struct Place {
    pub(in crate::commands) home: PathBuf,
    pub(in crate::commands) key_file: PathBuf,
    pub(in crate::commands) database: PathBuf,
    pub(in crate::commands) config: PathBuf,
    named: Vec<(&'static str, PathBuf)>,
    _locks: Vec<Flock<File>>,
}

impl Place {
    /// Makes the home where it is missing, makes sure that it is private, and takes its lock.
    ///
    /// # Errors
    /// `conflict` where a daemon holds it, or where making it private is not for this program to do.
    pub(in crate::commands) fn prepare(
        home: &Path,
        env_file: Option<&PathBuf>,
        database: Option<&PathBuf>,
    ) -> Result<Self, Failure> {
        make_private(home)?;
        let home = std::fs::canonicalize(home).map_err(|error| Failure::file(home, &error))?;
        let absolute =
            |path: &PathBuf| std::path::absolute(path).map_err(|error| Failure::file(path, &error));
        let (env_file, named_database) =
            (env_file.map(absolute).transpose()?, database.map(absolute).transpose()?);
        refuse_taken(env_file.as_deref(), &home, Own::KeyFile)?;
        refuse_taken(named_database.as_deref(), &home, Own::Database)?;
        let mut locks = vec![lock(&home.join("vault.lock"))?];
        if let Some(database) = &named_database {
            let mut beside = database.clone().into_os_string();
            beside.push(".lock");
            locks.push(lock(Path::new(&beside))?);
        }
        let named = [("--env-file", env_file.clone()), ("--database", named_database.clone())];
        Ok(Self {
            key_file: env_file.unwrap_or_else(|| home.join(".env")),
            database: named_database.unwrap_or_else(|| home.join("vault.db")),
            config: home.join("vault.toml"),
            named: named.into_iter().filter_map(|(flag, path)| Some((flag, path?))).collect(),
            home,
            _locks: locks,
        })
    }

    /// Says that there is a vault already, and what to do then.
    pub(in crate::commands) fn exists(&self, then: &str) -> Failure {
        let message = format!("there is a vault already: {}", self.database.display());
        Fault::new(Code::Conflict, message).hint(format!("nothing was changed; {then}")).into()
    }

    /// Writes the command that starts the daemon on this vault.
    pub(in crate::commands) fn daemon_command(&self, context: &Context) -> String {
        let options = self.named.iter().map(|(flag, path)| format!(" {flag} {}", path.display()));
        context.daemon_command() + &options.collect::<String>()
    }
}

/// Refuses a path that names another file of a vault than it is to be.
fn refuse_taken(path: Option<&Path>, home: &Path, to_be: Own) -> Result<(), Failure> {
    match path.filter(|path| Own::find(path, home).is_some_and(|own| own != to_be)) {
        Some(path) => Err(output_file::own(path)),
        None => Ok(()),
    }
}

/// Makes a folder 0700, with those above it as they usually are.
fn make_private(home: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file(home, &error);
    std::fs::create_dir_all(files::parent(home)).map_err(failed)?;
    match DirBuilder::new().mode(0o700).create(home) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => return other.map_err(failed),
    }
    let folder = std::fs::canonicalize(home).map_err(failed)?;
    let Some(why) = files::why_not_private(&folder, 0o700).map_err(failed)? else { return Ok(()) };
    if is_ours_to_close(home, &folder).map_err(failed)? {
        return std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(failed);
    }
    let hint = "the vault's folder must be its user's alone; fix it, or name another with --home";
    Err(Fault::new(Code::Conflict, why).hint(hint).into())
}

/// Tells whether a folder may be made private unasked: the usual home, or an empty folder, of this user.
fn is_ours_to_close(home: &Path, folder: &Path) -> std::io::Result<bool> {
    let own = std::fs::metadata(folder)?.uid() == nix::unistd::geteuid().as_raw();
    let usual = env::default_home().as_deref() == Some(home);
    Ok(own && (usual || std::fs::read_dir(folder)?.next().is_none()))
}

fn lock(path: &Path) -> Result<Flock<File>, Failure> {
    let file = files::open_private(path).map_err(|error| Failure::file(path, &error))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => {
            let message = format!("a vaultd runs on this vault: {} is locked", path.display());
            Fault::new(Code::Conflict, message)
                .hint("see how it is with: vaultctl status; or stop it first")
                .into()
        }
        errno => Failure::file(path, &errno.into()),
    })
}
