//! The home: its paths, its privacy, and the lock that keeps a second daemon out.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::fcntl::{Flock, FlockArg};
use vault::api::Files;
use vault::config::Usable;
use vault::files;
use vault::ground::{self, Stands};
use vault::vault::LOCK_MARK;

use crate::keys::KeySources;
use crate::options::Options;

/// A home that this process holds.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) config: PathBuf,
    pub(crate) head: PathBuf,
    pub(crate) lock_mark: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) socket_mode: u32,
    pub(crate) socket_group: Option<String>,
    config_is_named: bool,
    _locks: Vec<Flock<File>>,
}

impl Home {
    /// Makes or checks the folder and takes its lock.
    pub(crate) fn open(options: &Options) -> anyhow::Result<Self> {
        let folder = match &options.home {
            Some(folder) => folder.clone(),
            None => usual_home()?,
        };
        files::make_private_folder(&folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
        let folder = std::fs::canonicalize(&folder)?;
        if let Some(why) = files::why_not_private(&folder, 0o700)? {
            bail!("the home is not private: {why}");
        }
        let under = |named: &Option<PathBuf>, name: &str| named.clone().unwrap_or_else(|| folder.join(name));
        let database = under(&options.database, "vault.db");
        let socket = under(&options.socket, "vault.sock");
        let (key_file, config) = (under(&options.env_file, ".env"), under(&options.config, "vault.toml"));
        let own = nix::unistd::geteuid().as_raw();
        ground::check(&socket, Stands::Apart, own)?;
        for file in [&database, &key_file] {
            ground::check(file, Stands::AmongOurs, own)?;
        }
        // Another home may name this database, and this one another's: each has a lock of its own.
        let mut beside = database.clone().into_os_string();
        beside.push(".lock");
        let locks = vec![lock(&folder.join("vault.lock"))?, lock(Path::new(&beside))?];
        let head = folder.join("head");
        for file in [&key_file, &config, &head] {
            if let Err(error) = files::remove_leftovers(file) {
                tracing::warn!(%error, file = %file.display(), "what was left beside it could not be removed");
            }
        }
        if options.socket_group.is_some() && is_closed_to_groups(&socket) {
            tracing::warn!(socket = %socket.display(), "{UNREACHED}");
        }
        let usual_mode = if options.socket_group.is_some() { 0o660 } else { 0o600 };
        Ok(Self {
            key_file,
            database,
            config,
            head,
            lock_mark: folder.join(LOCK_MARK),
            folder,
            socket,
            socket_mode: options.socket_mode.unwrap_or(usual_mode),
            socket_group: options.socket_group.clone(),
            config_is_named: options.config.is_some(),
            _locks: locks,
        })
    }

    /// Reads the configuration; `None` if there is no file, which is an error for one that was named.
    pub(crate) fn config(&self) -> anyhow::Result<Option<Usable>> {
        let read = Usable::read(&self.config, nix::unistd::geteuid().as_raw());
        let read = read.with_context(|| format!("{} cannot be used", self.config.display()))?;
        if read.is_none() && self.config_is_named {
            bail!("there is no configuration {}", self.config.display());
        }
        Ok(read)
    }

    /// Returns where its files are.
    pub(crate) fn files(&self) -> Files {
        let shown = |path: &Path| PathBuf::from(path.to_string_lossy().into_owned());
        let absolute = |path: &Path| shown(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        Files {
            home: shown(&self.folder),
            database: absolute(&self.database),
            key_file: absolute(&self.key_file),
            config: absolute(&self.config),
        }
    }

    /// Lists where a key may come from, first to last.
    pub(crate) fn key_sources(&self, environment: Option<vault::secret::Passphrase>) -> KeySources {
        KeySources::new(environment, self.key_file.clone())
    }
}

/// What is said where a group was named that gets nothing from it.
const UNREACHED: &str =
    "the socket's group cannot enter its folder; name a socket in another one with --socket";

fn is_closed_to_groups(socket: &Path) -> bool {
    std::fs::metadata(files::parent(socket)).is_ok_and(|meta| meta.mode() & 0o011 == 0)
}

fn usual_home() -> anyhow::Result<PathBuf> {
    let home = std::env::home_dir().context("the user has no home folder; name one with --home")?;
    Ok(home.join(".agenticmail"))
}

fn lock(path: &Path) -> anyhow::Result<Flock<File>> {
    let file =
        files::open_private(path).with_context(|| format!("{} could not be opened", path.display()))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(held) => Ok(held),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
            bail!("another vaultd serves this home: {} is locked; stop it first", path.display())
        }
        Err((_, errno)) => bail!("{} could not be locked: {errno}", path.display()),
    }
}
