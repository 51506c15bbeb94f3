//! What a request costs below the faces: judge, act, record and commit, without a socket.
//!
//! On a disk it is the commit that is measured; set `TMPDIR=/dev/shm` to see our own work.

#![allow(clippy::unwrap_used, missing_docs, reason = "what cannot be set up cannot be measured")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use vault::api::{CreateSecret, ListPresets, ListSecrets, Resolve};
use vault::clock::SystemClock;
use vault::secret::SecretValue;
use vault::vault::Handle;
use vault_testkit::Inside;

const KEY: &str = "a phrase of forty bytes for the benchmark";
const NAME: &str = "skill:openai:access_token";

struct Stage {
    runtime: Runtime,
    inside: Inside<SystemClock>,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inside = Inside::at(&folder.path().join("vault.db"), &Arc::new(SystemClock), None).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(inside.found(KEY));
        let stage = Self { runtime, inside, _folder: folder };
        for number in 0..1000 {
            stage.call(secret(&format!("service-{number}")));
        }
        stage.call(secret(NAME));
        stage
    }

    fn call<O: Handle>(&self, operation: O) {
        std::hint::black_box(self.runtime.block_on(self.inside.call(operation)).unwrap());
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
