//! SIGHUP: the configuration is read again, and what it takes away is gone at once.

use std::sync::Arc;

use anyhow::bail;
use tokio::sync::watch;
use vault::api::Warning;
use vault::config::{Limits, Usable};
use vault::vault::Vault;

use crate::access::{self, InForce};
use crate::home::Home;

/// What `status` says under this code: a file that was refused, or what waits for a restart.
const CODE: &str = "configuration";

/// The configuration in force, and where those who go by it hear of the next one.
pub(crate) struct Configuration {
    in_force: watch::Sender<Arc<Usable>>,
    /// What the runtime and the room for answers were made with.
    at_start: Limits,
    is_there: bool,
}

impl Configuration {
    /// Reads the configuration at the start; without a file everything has its default.
    ///
    /// # Errors
    /// Says in words what is wrong with the file.
    pub(crate) fn read(home: &Home) -> anyhow::Result<Self> {
        let read = home.config()?;
        let is_there = read.is_some();
        let usable = read.unwrap_or_default();
        let at_start = usable.config.limits.clone();
        Ok(Self { in_force: watch::Sender::new(Arc::new(usable)), at_start, is_there })
    }

    /// Returns the configuration in force.
    pub(crate) fn now(&self) -> Arc<Usable> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Returns what goes by the configuration in force.
    pub(crate) fn in_force(&self) -> InForce {
        self.in_force.subscribe()
    }

    /// Reads the file again; one that no daemon would start with, or that is gone, leaves in force what was.
    pub(crate) fn reload(&mut self, home: &Home, vault: &Vault) {
        match self.try_again(home, vault) {
            Ok(()) => {
                let waits = self.waiting();
                tracing::info!(waits_for_restart = waits, "the configuration was read again");
                vault.warn(CODE, waits.map(of_what_waits));
            }
            Err(error) => {
                let words = format!("the configuration stays as it was: {error:#}");
                tracing::error!("{words}");
                vault.warn(CODE, Some(Warning::new(CODE, words, "fix the file, then send vaultd a SIGHUP")));
            }
        }
    }

    fn try_again(&mut self, home: &Home, vault: &Vault) -> anyhow::Result<()> {
        let read = home.config()?;
        if read.is_none() && self.is_there {
            bail!("{} is gone; to have every default, empty it", home.config.display());
        }
        self.is_there = read.is_some();
        let usable = read.unwrap_or_default();
        let iterations = usable.config.iterations()?;
        vault.reconfigure(iterations, usable.config.page_policy(), access::executables(&usable.admitted));
        vault.limit_growth(usable.config.limits.agent_entries_per_minute);
        self.in_force.send_replace(Arc::new(usable));
        Ok(())
    }

    /// Names what is in the file and not in force.
    fn waiting(&self) -> Option<&'static str> {
        let limits = &self.in_force.borrow().config.limits;
        match (limits.threads != self.at_start.threads, limits.unsent_mib != self.at_start.unsent_mib) {
            (true, true) => Some("[limits] threads and unsent_mib"),
            (true, false) => Some("[limits] threads"),
            (false, true) => Some("[limits] unsent_mib"),
            (false, false) => None,
        }
    }
}

fn of_what_waits(what: &str) -> Warning {
    Warning::new(CODE, format!("{what} of the configuration waits for a restart"), "restart vaultd")
}
