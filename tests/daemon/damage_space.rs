//! What holds nothing is damaged behind the daemon's back: the list of free pages, the gaps on pages.

use serde_json::{Value, json};
use vault_testkit::{Daemon, FreeList, Home, Leaf, NONE};

/// Makes a vault with a secret and free pages, and stops its daemon.
fn stopped() -> Home {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("kept", "the value of kept");
    let long = "a value that takes pages ".repeat(2000);
    let deleted = daemon.create("deleted", &long);
    let secret = format!("/vault/secrets/{deleted}");
    assert_eq!(200, daemon.http("DELETE", &secret, NONE).status);
    daemon.stop();
    home
}

fn free_list(home: &Home) -> FreeList {
    FreeList::of(&home.path("vault.db"))
}

fn page(home: &Home, name: &str) -> u32 {
    Leaf::of(&home.path("vault.db"), name).number()
}

/// Stores enough to take every free page.
fn take_pages(daemon: &Daemon) {
    for number in 0..4 {
        daemon.create(&format!("new-{number}"), &"another value that takes pages ".repeat(1000));
    }
}

fn flaws(daemon: &Daemon) -> Vec<Value> {
    let verified = daemon.get("/vault/audit-log/verify?pages=true");
    verified["flaws"].as_array().cloned().unwrap_or_default()
}

/// Asserts that the secret is there, also after much was stored, another start, and what accepting a loss takes.
fn assert_kept(home: &Home) {
    let daemon = Daemon::start(home);
    assert_eq!("the value of kept", daemon.resolve("kept").value());
    take_pages(&daemon);
    daemon.stop();
    let daemon = Daemon::start(home);
    assert_eq!("the value of kept", daemon.resolve("kept").value());
    assert_eq!(Vec::<String>::new(), daemon.warnings("integrity"));
    let accepted = daemon.http("POST", "/vault/accept-loss", NONE);
    assert_eq!((200, &json!([])), (accepted.status, &accepted.body["lost"]), "{}", accepted.text);
    assert_eq!(Vec::<Value>::new(), flaws(&daemon));
    assert_eq!("the value of kept", daemon.resolve("kept").value());
}

#[test]
fn a_page_of_slots_that_is_listed_as_free_is_not_written_over() {
    let home = stopped();
    free_list(&home).set_name(0, page(&home, "slot"));
    assert_kept(&home);
}

#[test]
fn a_page_of_secrets_that_is_listed_as_free_is_not_written_over() {
    let home = stopped();
    let list = free_list(&home);
    list.set_name(list.names() - 1, page(&home, "secret"));
    assert_kept(&home);
}

#[test]
fn a_free_page_that_is_listed_twice_is_not_given_out_twice() {
    let home = stopped();
    let list = free_list(&home);
    let secret = page(&home, "secret");
    assert!(list.names() > 2);
    list.set_name(0, secret + 1);
    list.set_name(1, secret + 1);
    assert_kept(&home);
}

#[test]
fn a_list_of_free_pages_that_is_longer_than_its_page_keeps_no_value_back() {
    let home = stopped();
    free_list(&home).set_names(5000);
    assert_kept(&home);
}

#[test]
fn a_sound_list_of_free_pages_is_used() {
    let home = stopped();
    let before = std::fs::metadata(home.path("vault.db")).unwrap().len();
    let daemon = Daemon::start(&home);
    daemon.create("new", &"a value that takes pages ".repeat(1000));
    daemon.stop();
    assert_eq!(before, std::fs::metadata(home.path("vault.db")).unwrap().len());
    assert_kept(&home);
}

#[test]
fn gaps_of_a_page_that_are_not_where_it_says_are_reported_and_written_again() {
    for name in ["sqlite_autoindex_secret_1", "secret_state", "agent", "secret"] {
        let home = stopped();
        Leaf::of(&home.path("vault.db"), name).misplace_free_space();
        let daemon = Daemon::start(&home);
        assert!(!flaws(&daemon).is_empty(), "{name}");
        assert_eq!("the value of kept", daemon.resolve("kept").value());
        assert_eq!(200, daemon.http("POST", "/vault/accept-loss", NONE).status, "{name}");
        assert_eq!(Vec::<Value>::new(), flaws(&daemon), "{name}");
        assert_eq!("the value of kept", daemon.resolve("kept").value());
    }
}

/// Asserts that a daemon works with a vault as if nothing had been wrong with its free space, and after its next start too.
fn assert_works(home: &Home) {
    for round in 0..2 {
        let daemon = Daemon::start(home);
        assert_eq!("the value of kept", daemon.resolve("kept").value());
        // Each number of the state takes more bytes then.
        for number in 0..130 {
            daemon.create(&format!("new-{round}-{number}"), "another value");
        }
        assert_eq!(Vec::<Value>::new(), flaws(&daemon));
        daemon.stop();
    }
}

#[test]
fn a_gap_that_is_not_where_the_page_of_the_state_says_keeps_no_commit_back() {
    // In the header, before the cells, in what the last cell ends with.
    for at in [1, 16, 4092] {
        let home = stopped();
        Leaf::of(&home.path("vault.db"), "state").place_free_space(at);
        assert_works(&home);
        assert_eq!(1, home.log().matches("written again").count(), "{}", home.log());
    }
}

#[test]
fn fragments_that_are_not_on_the_page_of_the_state_keep_no_commit_back() {
    let home = stopped();
    Leaf::of(&home.path("vault.db"), "state").miscount_fragments();
    assert_works(&home);
}

#[test]
fn cells_that_do_not_begin_where_the_page_of_the_state_says_keep_no_commit_back() {
    let home = stopped();
    Leaf::of(&home.path("vault.db"), "state").misplace_cells();
    assert_works(&home);
}

#[test]
fn the_file_is_not_written_again_where_more_than_free_space_is_damaged() {
    let home = stopped();
    let database = home.path("vault.db");
    Leaf::of(&database, "state").misplace_free_space();
    Leaf::of(&database, "secret").drop_last();
    drop(Daemon::start(&home));
    assert!(!home.log().contains("written again"), "{}", home.log());
}

#[test]
fn a_vault_whose_opening_cannot_be_recorded_is_locked_as_damaged() {
    let home = stopped();
    Leaf::of(&home.path("vault.db"), "audit").misplace_free_space();
    let daemon = Daemon::start(&home);
    let status = daemon.get("/vault/status");
    assert_eq!((json!(true), json!("damaged")), (status["locked"].clone(), status["lockReason"].clone()));
    let refused = daemon.resolve("kept");
    assert_eq!((503, "locked"), (refused.status, refused.code()));
    assert!(refused.text.contains("vaultctl restore"), "{}", refused.text);
}
