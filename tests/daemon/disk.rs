//! A disk that fills up or turns read-only: every answer is honest, and service comes back with the room.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};
use vault_testkit::{Daemon, Home, NONE, vaultd};

/// Mounts a small disk, starts the daemon on it, and carries out orders from outside beside it.
const SCRIPT: &str = r#"
eval "cd '$1'; $3" || exit 1
( cd "$1"; while read -r order; do eval "$order" 2>/dev/null; echo "$?" > done; done <> orders ) &
exec "$2" --home "$1" --database "$1/disk/vault.db"
"#;

/// A disk that can be filled.
const SMALL: &str = "mount -t tmpfs -o size=16m,mode=700 tmpfs disk";
/// A disk that turns read-only at an error, as disks do.
const FRAIL: &str = "truncate -s 16m image && mkfs.ext4 -q image && mount -o loop,errors=remount-ro image disk \
                     && chmod 700 disk";
/// Makes such an error.
const FAIL: &str = "echo 1 > /sys/fs/ext4/$(basename $(findmnt -no SOURCE --target disk))/trigger_fs_error";

/// A daemon whose database is on a disk of 16 MiB.
struct OnDisk {
    home: Home,
    daemon: Daemon,
}

impl OnDisk {
    /// Starts one.
    fn start(mount: &str) -> Self {
        let home = Home::new();
        vault::files::make_private_folder(&home.path("disk")).unwrap();
        for pipe in ["orders", "done"] {
            mkfifo(&home.path(pipe), Mode::S_IRWXU).unwrap();
        }
        let mut command = home.command_of(Path::new("unshare"));
        command.args(["--mount", "sh", "-c", SCRIPT, "sh"]).arg(home.path("")).arg(vaultd()).arg(mount);
        let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
        Self { home, daemon }
    }

    /// Has something done on the disk, and gives its exit code.
    fn order(&self, order: &str) -> i32 {
        let open = |name: &str| std::fs::OpenOptions::new().read(true).write(true).open(self.home.path(name));
        let mut done = BufReader::new(open("done").unwrap());
        open("orders").unwrap().write_all(format!("{order}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        done.read_line(&mut answer).unwrap();
        answer.trim().parse().unwrap()
    }

    fn fill(&self) {
        assert_ne!(0, self.order("head -c 64m /dev/zero > disk/filling"), "it has an end");
    }

    fn create(&self, name: &str) -> u16 {
        let answer = self.daemon.http("POST", "/vault/secrets", json!({ "name": name, "value": "a value" }));
        if answer.status != 201 {
            assert_eq!((507, "storage"), (answer.status, answer.code()), "{}", answer.text);
        }
        answer.status
    }

    fn assert_intact(&self) {
        let verified = self.daemon.http("GET", "/vault/audit-log/verify", NONE);
        assert_eq!(json!(true), verified.body["intact"], "{}", verified.text);
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        // The shell that carries out orders has no other end.
        let orders = std::fs::OpenOptions::new().read(true).write(true).open(self.home.path("orders"));
        orders.unwrap().write_all(b"exit\n").unwrap();
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["secrets"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap()).collect()
}

#[test(needs(Mounts))]
fn on_a_full_disk_nothing_new_is_stored_and_an_owner_reads_deletes_and_locks() {
    let disk = OnDisk::start(SMALL);
    let ids: Vec<_> = ["a", "b"].iter().map(|name| disk.daemon.create(name, "a value")).collect();
    disk.fill();
    let refused = (0..200).find(|number| disk.create(&format!("new {number}")) == 507).unwrap();
    assert_eq!(507, disk.create("another"), "nothing new goes into the reserve");
    for _ in 0..5 {
        assert_eq!("a value", disk.daemon.resolve("a").value());
    }
    let deleted = disk.daemon.http("DELETE", &format!("/vault/secrets/{}", ids[1]), NONE);
    assert_eq!(200, deleted.status, "{}", deleted.text);
    let listed = disk.daemon.get("/vault/secrets");
    assert_eq!(1 + refused, names(&listed).len(), "{listed}");
    assert_eq!(200, disk.daemon.http("POST", "/vault/lock", NONE).status);
}

#[test(needs(Mounts))]
fn what_a_full_disk_cannot_record_is_not_handed_out() {
    let disk = OnDisk::start(SMALL);
    disk.daemon.create("a", "hunter2-hunter2");
    disk.fill();
    let mut refusals = 0;
    for _ in 0..2000 {
        let answer = disk.daemon.resolve("a");
        if answer.status != 200 {
            assert_eq!((507, "storage"), (answer.status, answer.code()), "{}", answer.text);
            assert!(!answer.text.contains("hunter2"));
            refusals += 1;
            if refusals > 5 {
                break;
            }
        }
    }
    assert!(refusals > 0, "the reserve has an end");
}

#[test(needs(Mounts))]
fn service_comes_back_by_itself_when_there_is_room_again() {
    let disk = OnDisk::start(SMALL);
    disk.fill();
    while disk.create("filler") == 201 {
        disk.daemon.http("POST", "/vault/rotate-all", json!({}));
        let id = disk.daemon.get("/vault/secrets")["secrets"][0]["id"].as_str().unwrap().to_owned();
        disk.daemon.http("DELETE", &format!("/vault/secrets/{id}"), NONE);
    }
    assert_eq!(0, disk.order("rm disk/filling"));
    assert_eq!(201, disk.create("after"), "the next request is served");
    assert_eq!("a value", disk.daemon.resolve("after").value());
    disk.assert_intact();
}

#[test(needs(Mounts))]
fn on_a_disk_that_turned_read_only_nothing_is_stored_or_handed_out() {
    let disk = OnDisk::start(FRAIL);
    disk.daemon.create("a", "hunter2-hunter2");
    assert_eq!(0, disk.order(FAIL));
    assert_eq!(507, disk.create("b"));
    for _ in 0..3 {
        let answer = disk.daemon.resolve("a");
        assert_eq!((507, "storage"), (answer.status, answer.code()), "{}", answer.text);
        assert!(!answer.text.contains("hunter2"));
    }
    assert_eq!(200, disk.daemon.http("GET", "/healthz", NONE).status);
}
