//! Homes that released versions left behind, kept in `tests/fixtures/home-VERSION`, each opened by the programs of today.

mod kept;

#[cfg(target_os = "linux")]
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
#[cfg(target_os = "linux")]
use vault_testkit::users::User;
use vault_testkit::{Daemon, Home, encoded};

use kept::{Kept, ask_as, differences, id_of, is_expired, missing_in};

/// Asserts that the secrets are as they are known.
#[track_caller]
fn assert_same(daemon: &Daemon, secrets: &[Value], kept: &Kept) {
    assert_eq!(Vec::<String>::new(), differences(daemon, secrets), "{}", kept.name);
}

/// Asserts that the log verifies, begins where it was trimmed and has the known entries up to a place, and that nothing
/// is warned of.
#[track_caller]
fn assert_sound(daemon: &Daemon, kept: &Kept, last: &Value) {
    let first = kept.log()["first"].as_u64().unwrap();
    let page = daemon.get("/vault/audit-log?after=0&limit=1000");
    let entries = page["entries"].as_array().unwrap();
    for (entry, known) in entries.iter().zip(kept.entries_to(last)) {
        assert_eq!(Vec::<String>::new(), missing_in(entry, known), "{}: entry {}", kept.name, known["seq"]);
    }
    assert!(entries.len() >= kept.entries_to(last).len(), "{}", kept.name);
    let end = entries.last().unwrap()["seq"].as_u64().unwrap();
    let verified = daemon.get("/vault/audit-log/verify");
    let count = json!(end - first + 1);
    assert_eq!((json!(true), count), (verified["intact"].clone(), verified["entries"].clone()), "{verified}");
    assert_eq!(json!([]), daemon.get("/vault/status")["warnings"], "{}", kept.name);
}

/// Unlocks with the recovery key.
#[track_caller]
fn recover(daemon: &Daemon, kept: &Kept) {
    assert_eq!(json!("no_key"), daemon.get("/vault/status")["lockReason"]);
    let unlocked = daemon.http("POST", "/vault/unlock", json!({ "key": kept.text("recoveryKey") }));
    assert_eq!(200, unlocked.status, "{}: {}", kept.name, unlocked.text);
}

#[test]
fn every_released_version_has_its_home() {
    let changes = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/CHANGELOG.md")).unwrap();
    let headings = changes.lines().filter_map(|line| line.strip_prefix("## [")?.split_once(']'));
    let kept: Vec<_> = Kept::all().into_iter().map(|kept| kept.name).collect();
    for (version, _) in headings.filter(|(version, _)| *version != "Unreleased") {
        assert!(kept.contains(&format!("home-{version}")), "make the home of {version}: CONTRIBUTING.md");
    }
}

#[test]
fn every_version_of_every_secret_comes_out_as_it_was_stored() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        assert_same(&daemon, kept.list("secrets"), &kept);
    }
}

#[test]
fn every_value_is_found_by_its_name_too() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        for secret in kept.list("secrets").iter().filter(|secret| !is_expired(secret)) {
            let entry = &secret["entry"];
            let [name, org] = ["name", "orgId"].map(|field| encoded(entry[field].as_str().unwrap()));
            let found = daemon.get(&format!("/vault/resolve/{name}?orgId={org}"));
            assert_eq!(secret["values"][entry["version"].to_string()], found["value"], "{entry}");
        }
    }
}

#[test]
fn a_secret_that_had_expired_is_listed_and_not_handed_out() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        let expired: Vec<_> = kept.list("secrets").iter().filter(|secret| is_expired(secret)).collect();
        assert!(!expired.is_empty(), "{}", kept.name);
        for secret in expired {
            let answer = daemon.secret(id_of(secret));
            assert_eq!((404, "not_found"), (answer.status, answer.code()));
            assert!(answer.error().contains("expired at"), "{}", answer.text);
        }
    }
}

#[test]
fn a_secret_that_was_deleted_stays_deleted() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        for gone in kept.list("gone") {
            let answer = daemon.secret(gone["id"].as_str().unwrap());
            assert_eq!((404, "not_found"), (answer.status, answer.code()), "{}: {gone}", kept.name);
        }
    }
}

#[test]
fn agents_are_listed_as_they_were_made() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        let listed = daemon.get("/vault/agents")["agents"].as_array().unwrap().clone();
        assert_eq!(kept.list("agents").len(), listed.len(), "{}", kept.name);
        for (agent, known) in listed.iter().zip(kept.list("agents")) {
            assert_eq!(Vec::<String>::new(), missing_in(agent, &known["entry"]), "{}", kept.name);
        }
    }
}

/// Lists the secrets on which an agent may act, in the order in which they are known.
fn allowed(daemon: &Daemon, agent: &Value, secrets: &[Value]) -> [Vec<String>; 3] {
    let ask = |verb: &str, target: &str| ask_as(daemon, &agent["token"], (verb, target));
    let listed = ask("GET", "/vault/secrets?orgId=*").body["secrets"].as_array().unwrap().clone();
    let ids = |allows: &dyn Fn(&str) -> bool| {
        let all = secrets.iter().map(id_of).filter(|id| allows(id));
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    [
        ids(&|id| listed.iter().any(|entry| entry["id"] == id)),
        ids(&|id| ask("GET", &format!("/vault/secrets/{id}")).status == 200),
        ids(&|id| ask("POST", &format!("/vault/secrets/{id}/rotate")).status == 200),
    ]
}

#[test]
fn a_token_lets_its_agent_do_exactly_what_was_granted() {
    for kept in Kept::all() {
        let (_home, daemon) = kept.served();
        let secrets = kept.list("secrets");
        let expired: Vec<_> = secrets.iter().filter(|secret| is_expired(secret)).map(id_of).collect();
        for agent in kept.list("agents").iter().filter(|agent| agent["admitted"] == true) {
            let may = |action: &str| {
                let ids = agent["may"][action].as_array().unwrap().iter();
                ids.map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
            };
            let mut decrypted = may("decrypt");
            decrypted.retain(|id| !expired.contains(&id.as_str()));
            let known = [may("read"), decrypted, may("rotate")];
            assert_eq!(known, allowed(&daemon, agent, secrets), "{}", agent["entry"]["name"]);
        }
    }
}

#[test]
fn a_token_that_expired_was_revoked_or_is_for_another_process_lets_no_caller_in() {
    for kept in Kept::all() {
        let strangers = kept.list("agents").iter().filter(|agent| agent["admitted"] == false);
        let tokens: Vec<_> = strangers.map(|agent| &agent["token"]).chain(kept.list("revoked")).collect();
        assert!(tokens.len() > kept.list("revoked").len());
        for token in tokens {
            // Each on a daemon of its own: one that refuses tokens takes its time for the next.
            let (_home, daemon) = kept.served();
            assert_eq!(401, ask_as(&daemon, token, ("GET", "/vault/status")).status, "{}", kept.name);
        }
    }
}

#[cfg(target_os = "linux")]
#[test(needs(Root))]
fn an_agent_that_is_a_user_needs_no_token() {
    for kept in Kept::all() {
        let (home, folder) = (kept.stopped(), tempfile::TempDir::with_prefix("public").unwrap());
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let by_user = |agent: &&Value| agent["entry"]["match"]["uid"].is_u64();
        let agent = kept.list("agents").iter().find(by_user).unwrap();
        let uid = u32::try_from(agent["entry"]["match"]["uid"].as_u64().unwrap()).unwrap();
        let socket = folder.path().join("vault.sock");
        let mut command = home.command();
        command.arg("--socket").arg(&socket).arg("--socket-group").arg(uid.to_string());
        let daemon = Daemon::start_as(&home, command, &socket);
        let list = || daemon.get("/vault/secrets?orgId=*")["secrets"].as_array().unwrap().clone();
        let seen = User { uid, groups: &[] }.does(list);
        let seen: Vec<_> = seen.iter().map(|entry| entry["id"].clone()).collect();
        assert_eq!(agent["may"]["read"], json!(seen), "{}", kept.name);
    }
}

#[test]
fn the_log_has_every_entry_since_it_was_trimmed_and_its_head_fits() {
    for kept in Kept::all() {
        let (home, daemon) = kept.served();
        assert!(kept.log()["first"].as_u64().unwrap() > 1, "{}", kept.name);
        assert_sound(&daemon, &kept, &kept.log()["stopped"]);
        assert!(!home.read("head").is_empty());
    }
}

#[test]
fn it_opens_with_the_recovery_key_alone() {
    for kept in Kept::all() {
        let home = kept.stopped();
        home.remove(".env");
        let daemon = Daemon::start(&home);
        recover(&daemon, &kept);
        assert_same(&daemon, kept.list("secrets"), &kept);
        assert_sound(&daemon, &kept, &kept.log()["stopped"]);
    }
}

#[test]
fn a_second_start_finds_the_same() {
    for kept in Kept::all() {
        let (home, daemon) = kept.served();
        daemon.stop();
        let daemon = Daemon::start(&home);
        assert_same(&daemon, kept.list("secrets"), &kept);
        assert_sound(&daemon, &kept, &kept.log()["stopped"]);
    }
}

#[test]
fn it_goes_on_with_new_secrets_and_another_key() {
    for kept in Kept::all() {
        let (home, daemon) = kept.served();
        let new = daemon.create_with(json!({ "orgId": "new", "name": "new", "value": "a new value" }));
        let mut secrets = kept.list("secrets").to_vec();
        secrets.push(json!({ "entry": new, "values": { "1": "a new value" } }));
        assert_same(&daemon, &secrets, &kept);
        let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": "yet another made-up key" }));
        assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
        daemon.stop();
        let daemon = Daemon::start(&home);
        assert_sound(&daemon, &kept, &kept.log()["stopped"]);
        // A rekey writes every row again.
        for secret in &mut secrets {
            let entry = secret["entry"].as_object_mut().unwrap();
            entry.retain(|field, _| field != "revision" && field != "updatedAt");
        }
        assert_same(&daemon, &secrets, &kept);
    }
}

#[test]
fn what_a_killed_daemon_left_in_the_write_ahead_log_is_recovered() {
    for kept in Kept::all() {
        let home = kept.killed();
        let daemon = Daemon::start(&home);
        assert_same(&daemon, &kept.secrets_at_the_kill(), &kept);
        assert_sound(&daemon, &kept, &kept.log()["entries"].as_array().unwrap().last().unwrap()["seq"]);
    }
}

#[test]
fn without_its_write_ahead_log_the_head_of_a_killed_daemon_does_not_fit() {
    for kept in Kept::all() {
        let home = kept.killed();
        home.remove("vault.db-wal");
        let daemon = Daemon::start(&home);
        assert_eq!(1, daemon.warnings("rolled_back").len(), "{}", kept.name);
    }
}

#[test]
fn its_backup_is_whole() {
    for kept in Kept::all() {
        for key in ["key", "recoveryKey"] {
            let (home, backup) = kept.backup();
            let run = home.ctl(&["backup", "--verify", &backup], kept.text(key)).succeeded();
            let count = format!("{} secrets", kept.list("secrets").len());
            assert!(run.stdout.contains(&count), "{}: {run}", kept.name);
        }
    }
}

#[test]
fn its_backup_brings_everything_back_with_the_key() {
    for kept in Kept::all() {
        let (home, backup) = kept.backup();
        home.ctl(&["restore", &backup], kept.text("key")).succeeded();
        let daemon = Daemon::start(&home);
        assert_same(&daemon, kept.list("secrets"), &kept);
        assert_sound(&daemon, &kept, &kept.log()["backup"]);
    }
}

#[test]
fn its_backup_brings_everything_back_with_the_recovery_key() {
    for kept in Kept::all() {
        let (home, backup) = kept.backup();
        home.ctl(&["restore", &backup], kept.text("recoveryKey")).succeeded();
        let daemon = Daemon::start(&home);
        recover(&daemon, &kept);
        assert_same(&daemon, kept.list("secrets"), &kept);
        assert_sound(&daemon, &kept, &kept.log()["backup"]);
    }
}

/// Flips a bit of a file of a home, at a place that is in a part of it.
fn flip(home: &Home, file: &str, part: &[u8]) {
    let mut bytes = home.read(file);
    let at = bytes.windows(part.len()).position(|window| window == part).unwrap() + part.len() / 2;
    bytes[at] ^= 1;
    vault::files::replace_private(&home.path(file), &bytes).unwrap();
}

#[test]
fn a_bit_that_changed_in_a_kept_value_is_a_difference_of_that_value_alone() {
    for kept in Kept::all() {
        let home = kept.stopped();
        let secret = kept.list("secrets").iter().find(|secret| !is_expired(secret)).unwrap();
        let name = secret["entry"]["name"].as_str().unwrap();
        let sql = "SELECT sealed FROM secret WHERE name = ?";
        let sealed: Vec<u8> = home.database().query_row(sql, [name], |row| row.get(0)).unwrap();
        flip(&home, "vault.db", &sealed);
        let found = differences(&Daemon::start(&home), kept.list("secrets"));
        assert!(!found.is_empty() && found.iter().all(|one| one.contains(name)), "{}: {found:?}", kept.name);
    }
}

#[test]
fn a_kept_home_stays_locked_if_a_bit_of_its_key_changed() {
    for kept in Kept::all() {
        let home = kept.stopped();
        flip(&home, ".env", kept.text("key").as_bytes());
        let daemon = Daemon::start(&home);
        assert_eq!(json!("wrong_key"), daemon.get("/vault/status")["lockReason"], "{}", kept.name);
    }
}

#[test]
fn a_kept_backup_is_refused_if_a_bit_of_it_changed() {
    for kept in Kept::all() {
        let (home, backup) = kept.backup();
        flip(&home, "copy.backup", &home.read("copy.backup"));
        home.ctl(&["backup", "--verify", &backup], kept.text("key")).ended_with(9);
    }
}
