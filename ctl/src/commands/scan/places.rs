//! Where shells and programs of AI agents keep what was typed and said: data, in `places.toml`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::env;
use crate::failure::Failure;

/// The places, as the file has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Places {
    histories: Vec<Place>,
    agents: Vec<Place>,
}

/// Where one program keeps it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// For who reads the file.
    #[serde(rename = "program")]
    _program: String,
    paths: Vec<PathBuf>,
    variable: Option<String>,
}

impl Places {
    /// Reads the places.
    ///
    /// # Errors
    /// `internal` where the built-in file is not as it should be, which a test rules out.
    pub(super) fn builtin() -> Result<Self, Failure> {
        let wrong = |_| Failure::from(std::io::Error::other("the list of places cannot be read"));
        toml::from_str(include_str!("places.toml")).map_err(wrong)
    }

    /// Lists the histories of shells that are there.
    pub(super) fn histories(&self) -> Vec<PathBuf> {
        present(&self.histories)
    }

    /// Lists the folders and files of agents' programs that are there.
    pub(super) fn agents(&self) -> Vec<PathBuf> {
        present(&self.agents)
    }
}

fn present(places: &[Place]) -> Vec<PathBuf> {
    let home = env::user_folder().unwrap_or_default();
    let usual = places.iter().flat_map(|place| &place.paths).map(|path| home.join(path));
    let moved = places.iter().filter_map(|place| env::moved_to(place.variable.as_deref()?));
    let mut all: Vec<_> = usual.chain(moved).filter(|path| path.exists()).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_read_and_stand_under_the_users_folder() {
        let places = Places::builtin().unwrap();
        let mut all = places.histories.iter().chain(&places.agents).flat_map(|place| &place.paths);
        assert!(places.histories.len() > 3 && places.agents.len() > 10);
        assert!(all.all(|path| path.is_relative()));
    }
}
