//! Somebody who guesses at the key.

use serde_json::json;
use vault_testkit::{Daemon, Home, NONE};

fn guess(daemon: &Daemon) -> u16 {
    daemon.http("POST", "/vault/unlock", json!({ "key": "not the key of this vault" })).status
}

/// Founds a vault and starts it without its key.
fn locked() -> (Home, Daemon) {
    let home = Home::new();
    Daemon::start(&home).stop();
    home.remove(".env");
    let daemon = Daemon::start(&home);
    (home, daemon)
}

#[test]
fn guesses_at_a_locked_vault_are_recorded_with_their_count_at_the_next_unlock() {
    let (home, daemon) = locked();
    assert_eq!([403, 403], [guess(&daemon), guess(&daemon)]);
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
    let log = daemon.audit();
    let entry = log.iter().find(|entry| entry["metadata"]["method"] == "vault.unlock").unwrap();
    assert_eq!(
        (json!("denied"), json!("wrong_key"), json!(2)),
        (
            entry["outcome"].clone(),
            entry["metadata"]["lockReason"].clone(),
            entry["metadata"]["count"].clone()
        )
    );
}

#[test]
fn guesses_at_an_open_vault_are_recorded_one_by_one() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    assert_eq!(403, guess(&daemon));
    let entry = &daemon.audit()[0];
    assert_eq!((json!("unlock"), json!("denied")), (entry["action"].clone(), entry["outcome"].clone()));
}

#[test]
fn many_guesses_at_once_are_busy_and_keep_nobody_else_waiting() {
    let (home, daemon) = locked();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..24).map(|_| scope.spawn(|| guess(&daemon))).collect();
        assert_eq!(200, daemon.http("GET", "/healthz", NONE).status);
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [403, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(200, daemon.http("POST", "/vault/unlock", json!({ "key": home.key })).status);
}
