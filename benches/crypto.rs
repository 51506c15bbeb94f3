//! What sealing costs: the parts of a request that are ours, beside the floor of bare AES-256-GCM.

#![allow(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use std::hint::black_box;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vault::crypto::{Fresh, SealContext, mac, open_secret, seal_secret};
use vault::domain::{OrgId, SecretId, SecretName, VaultId};
use vault::secret::SecretValue;

fn sealing(bench: &mut Criterion) {
    let (org, name) =
        (OrgId::default(), SecretName::try_from("skill:openai:access_token".to_owned()).unwrap());
    let id = SecretId::from_bytes([7; 16]);
    let context =
        SealContext { vault: VaultId([1; 16]), org: &org, id, name: &name, version: 1, revision: 1 };
    let key = [9; 32];
    let mut group = bench.benchmark_group("sealing");
    for size in [64, 1024, 16 * 1024] {
        group.throughput(Throughput::Bytes(size as u64));
        let value = SecretValue::new("v".repeat(size)).unwrap();
        let sealed = seal_secret(&key, &context, &Fresh::draw().unwrap(), &value).unwrap();
        group.bench_function(BenchmarkId::new("seal", size), |bencher| {
            bencher.iter(|| seal_secret(&key, &context, &Fresh::draw().unwrap(), black_box(&value)));
        });
        group.bench_function(BenchmarkId::new("open", size), |bencher| {
            bencher.iter(|| open_secret(&key, &context, black_box(&sealed)));
        });
        group.bench_function(BenchmarkId::new("floor: aes-256-gcm alone", size), |bencher| {
            let mut buffer = vec![0; size];
            bencher.iter(|| {
                let cipher = Aes256Gcm::new(&key.into());
                cipher.encrypt_inout_detached(&Nonce::from([0; 12]), &[], buffer.as_mut_slice().into())
            });
        });
    }
    group.finish();
}

fn chain(bench: &mut Criterion) {
    let entry = [5; 256];
    bench.bench_function("chain: one link over 256 bytes", |bencher| {
        bencher.iter(|| mac(&[1; 32], &[&[2; 32], black_box(&entry)]));
    });
}

criterion_group!(benches, sealing, chain);
criterion_main!(benches);
