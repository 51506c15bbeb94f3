//! What a request costs below the faces: judge, act, record and commit, without a socket.
//!
//! On a disk it is the commit that is measured; set `TMPDIR=/dev/shm` to see our own work.

#![allow(clippy::unwrap_used, missing_docs, reason = "what cannot be set up cannot be measured")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use vault::api::{CreateSecret, ListPresets, ListSecrets, Operation, Resolve, UnlockVault};
use vault::clock::{Clock, SystemClock};
use vault::crypto::Iterations;
use vault::domain::{Caller, Peer};
use vault::secret::{Passphrase, SecretValue};
use vault::store::SqliteStore;
use vault::vault::{Founding, Handle, Plan, Posture, Settings, Vault, found};
use vault_platform::PagePolicy;

const KEY: &str = "a phrase of forty bytes for the benchmark";
const NAME: &str = "skill:openai:access_token";

struct Stage {
    runtime: Runtime,
    vault: Vault,
    caller: Caller,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("vault.db")).unwrap();
        let page = PagePolicy { secretmem: false, require_lock: false };
        let iterations = Iterations::new(100_000).unwrap();
        let phrase = Passphrase::new(KEY.as_bytes().to_vec()).unwrap();
        let founding = Founding::WithoutRecovery;
        found(&store, &phrase, Plan { founding, iterations, page, now: SystemClock.now() }).unwrap();
        let posture = Posture { dumpable: true, core_dumps: true, swap: "unknown" };
        let settings = Settings { iterations, page, posture, key_file: None };
        let vault = Vault::new(Arc::new(store), Arc::new(SystemClock), settings);
        let caller = Caller::owner(Peer { uid: 0, gid: 0, pid: None, exe: None });
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let stage = Self { runtime, vault, caller, _folder: folder };
        stage.call(UnlockVault { key: SecretValue::new(KEY.to_owned()).unwrap().into() });
        for number in 0..1000 {
            stage.call(secret(&format!("service-{number}")));
        }
        stage.call(secret(NAME));
        stage
    }

    fn call<O: Handle + Operation>(&self, operation: O) {
        std::hint::black_box(self.runtime.block_on(self.vault.call(&self.caller, operation)).unwrap());
    }
}

fn secret(name: &str) -> CreateSecret {
    CreateSecret {
        org_id: None,
        name: name.to_owned().try_into().unwrap(),
        value: SecretValue::new("0123456789".repeat(6)).unwrap().into(),
        category: None,
        metadata: None,
        expires_at: None,
        created_by: None,
    }
}

fn requests(bench: &mut Criterion) {
    let stage = Stage::new();
    let mut group = bench.benchmark_group("below the faces");
    group.bench_function("resolve", |bencher| {
        bencher.iter(|| stage.call(Resolve { name: NAME.to_owned(), org_id: None }));
    });
    group.bench_function("list of 100", |bencher| {
        bencher.iter(|| stage.call(ListSecrets { limit: Some(100), ..ListSecrets::default() }));
    });
    group.bench_function("presets, which record nothing", |bencher| {
        bencher.iter(|| stage.call(ListPresets {}));
    });
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
