//! A daemon under a user of its own, and one of its owners who is another user.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use tempfile::TempDir;
use vault_testkit::users::{User, public_folder};
use vault_testkit::{Daemon, Home, Run};

/// The user that the daemon runs as.
const KEEPER: User = User { uid: 2001, groups: &[] };
/// Neither the daemon's user nor an owner.
const STRANGER: User = User { uid: 2004, groups: &[] };
const CONFIGURATION: &str = "[kdf]\niterations = 100000\n[access]\nowners = [\"root\"]\n";

/// The daemon with its home, and the home of the owner: root.
struct Shared {
    home: Home,
    owner: Home,
    place: TempDir,
    _programs: TempDir,
    _daemon: Daemon,
}

impl Shared {
    /// Starts a daemon at a socket below `/run`, where an owner trusts it, and locks its vault.
    fn locked() -> Self {
        let (home, owner, (programs, vaultd)) = (Home::new(), Home::new(), public_folder());
        home.write("vault.toml", CONFIGURATION);
        let place = TempDir::with_prefix_in("vault", "/run").unwrap();
        std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
        chown(place.path(), Some(KEEPER.uid), Some(KEEPER.uid)).unwrap();
        let socket = place.path().join("vault.sock");
        let mut command = KEEPER.vaultd(&home, &vaultd);
        command.arg("--socket").arg(&socket).args(["--socket-mode", "666"]);
        KEEPER.owns(&home);
        let daemon = Daemon::start_as(&home, command, &socket);
        let shared = Self { home, owner, place, _programs: programs, _daemon: daemon };
        shared.ctl(&["lock"]).succeeded();
        shared
    }

    /// Runs `vaultctl` as the owner.
    fn ctl(&self, arguments: &[&str]) -> Run {
        let socket = self.place.path().join("vault.sock").display().to_string();
        self.owner.ctl(&[&["--socket", &socket], arguments].concat(), "")
    }

    /// Makes a key file with the vault's key that belongs to a user.
    fn key_file_of(&self, user: User) -> PathBuf {
        let path = self.home.folder().join(format!("key-{}", user.uid));
        std::fs::copy(self.home.path(".env"), &path).unwrap();
        chown(&path, Some(user.uid), Some(user.uid)).unwrap();
        path
    }
}

#[test(needs(Root))]
fn an_owner_unlocks_with_the_daemons_key_file_and_not_with_one_of_its_own_home() {
    let shared = Shared::locked();
    assert!(shared.owner.path(".env").exists());
    shared.ctl(&["unlock", "--key-file"]).succeeded();
    shared.ctl(&["list"]).succeeded();
}

#[test(needs(Root))]
fn an_owner_without_a_key_file_unlocks_with_the_daemons() {
    let shared = Shared::locked();
    shared.owner.remove(".env");
    shared.ctl(&["unlock", "--key-file"]).succeeded();
}

#[test(needs(Root))]
fn a_key_file_that_is_named_may_be_the_daemons_users() {
    let shared = Shared::locked();
    let path = shared.key_file_of(KEEPER).display().to_string();
    shared.ctl(&["unlock", "--key-file", &path]).succeeded();
}

#[test(needs(Root))]
fn a_key_file_of_a_third_user_is_refused() {
    let shared = Shared::locked();
    let path = shared.key_file_of(STRANGER).display().to_string();
    let run = shared.ctl(&["unlock", "--key-file", &path]).ended_with(2);
    assert!(run.stderr.contains("belongs to uid 2004"), "{run}");
    shared.ctl(&["list"]).ended_with(4);
}
