//! Makes the golden vectors: once for each version of the formats, never to mend a failing test.
//!
//! `cargo run --example golden_vectors` writes the files that are missing and leaves the others alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what cannot be made ends the program")]
#![allow(dead_code, reason = "the test reads with what the maker does not need")]

#[path = "golden.rs"]
mod golden;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use vault::audit::{Author, Draft, Entry};
use vault::crypto::{
    AuditKeySeal, Fresh, Iterations, RecoveryKey, SealContext, Sealed, Slot, SlotKind, SlotSpec, seal_secret,
};
use vault::domain::{Action, Category, OrgId, Outcome, Peer, SecretId, Timestamp, VaultId};
use vault::keyring::Keys;
use vault::secret::{KeyBytes, Passphrase, SecretValue};
use vault::store::{Change, SqliteStore, Store, Stored, Unit, VersionRow};

use golden::{
    AgentCase, AuditKeyCase, Hex, RecoveryCase, RecoveryFile, RowCase, SealedCase, SealedFile, SlotCase,
    StateCase, VaultFile, VersionCase, path, read,
};

const VAULT: VaultId = VaultId(*b"golden vault id!");
/// 2026-01-31T09:00:00.123Z.
const MORNING: i64 = 1_769_850_000_123;

/// Writes a file of vectors; one that is there stays, since what it holds must open for ever.
fn write(name: &str, vectors: &impl Serialize) {
    if !path(name).exists() {
        let text = serde_json::to_string_pretty(vectors).unwrap() + "\n";
        vault::files::replace_private(&path(name), text.as_bytes()).unwrap();
    }
}

/// Counts up from a byte, so that no two fields look alike.
fn counted<const N: usize>(from: u8) -> [u8; N] {
    std::array::from_fn(|at| from.wrapping_add(u8::try_from(at).unwrap()))
}

fn vault_key() -> KeyBytes {
    KeyBytes::copied(&counted(0x60))
}

fn sealed_with(context: &SealContext<'_>, from: u8, value: &str) -> Sealed {
    let fresh = Fresh { salt: counted(from), iv: counted(from ^ 0x80) };
    seal_secret(vault_key().expose(), context, &fresh, &SecretValue::new(value.to_owned()).unwrap()).unwrap()
}

fn make_sealed() {
    let long = "0123456789abcdef".repeat(64);
    let widest = "n".repeat(256);
    let cases = [
        ("an API key", "default", "skill:openai:api_key", 1, 1, "sk-test-0123456789"),
        ("one byte", "default", "one", 1, 1, "x"),
        ("a kibibyte, later version and revision", "acme", "deploy/tls.pem", 7, 300, long.as_str()),
        ("an org of one character", "-", "n", 2, 2, "value"),
        ("names and value beyond ASCII", "Größe 漢字", "Schlüssel 🔑 ключ", 1, 3, "sk-ünïcode-🔐"),
        ("the longest org and name", widest.as_str(), widest.as_str(), 1, 1, "value"),
        ("the highest numbers", "default", "high", u64::MAX, u64::MAX, "line one\nline two\t\0end"),
    ];
    let cases = cases.into_iter().zip(1_u8..).map(|((about, org, name, version, revision, value), at)| {
        let mut case = SealedCase {
            about: about.to_owned(),
            vault_id: Hex::of(&VAULT.0),
            org: org.parse().unwrap(),
            secret_id: Hex::of(&counted::<16>(at)),
            name: name.parse().unwrap(),
            version,
            revision,
            salt: Hex::of(&counted::<32>(at * 16)),
            iv: Hex::of(&counted::<12>((at * 16) ^ 0x80)),
            value: value.to_owned(),
            sealed: Hex(Vec::new()),
        };
        case.sealed = Hex::of(sealed_with(&case.context(), at * 16, value).as_bytes());
        case
    });
    write("sealed.json", &SealedFile { vault_key: Hex::of(vault_key().expose()), cases: cases.collect() });
}

fn make_recovery() {
    let draw = |_| {
        let key = RecoveryKey::draw().unwrap();
        let bytes = Hex::of(key.to_passphrase().unwrap().expose());
        RecoveryCase { text: key.to_text().to_string(), key: bytes }
    };
    write("recovery.json", &RecoveryFile { keys: (0..3).map(draw).collect() });
}

fn slot(kind: SlotKind, opened_by: &str, rounds: u32) -> SlotCase {
    let passphrase = match kind {
        SlotKind::Passphrase => Passphrase::new(opened_by.as_bytes().to_vec()).unwrap(),
        SlotKind::Recovery => RecoveryKey::parse(opened_by.as_bytes()).unwrap().to_passphrase().unwrap(),
    };
    let spec = SlotSpec { kind, iterations: Iterations::new(rounds).unwrap(), vault: VAULT };
    let (slot, master) = Slot::make(spec, &passphrase, &vault_key()).unwrap();
    SlotCase {
        kind: if kind == SlotKind::Passphrase { "passphrase" } else { "recovery" }.to_owned(),
        opened_by: opened_by.to_owned(),
        iterations: rounds,
        master_key: Hex::of(master.expose()),
        bytes: Hex::of(slot.as_bytes()),
    }
}

fn audit_key(from_seq: u64, key: [u8; 32]) -> AuditKeyCase {
    let seal = AuditKeySeal::seal(vault_key().expose(), VAULT, from_seq, &KeyBytes::copied(&key)).unwrap();
    AuditKeyCase { from_seq, iv: Hex::of(&seal.iv), sealed: Hex::of(&seal.sealed), key: Hex::of(&key) }
}

fn agent(name: &str, revision: u64, record: &str, keys: &Keys) -> AgentCase {
    let sealed = Hex(keys.seal_agent(name, revision, record.as_bytes()).unwrap());
    AgentCase { name: name.to_owned(), revision, record: record.to_owned(), sealed }
}

/// Makes a row that was never written again.
fn plain_row() -> RowCase {
    RowCase {
        id: Hex::of(&counted::<16>(0x10)),
        org: OrgId::default(),
        name: "skill:openai:api_key".parse().unwrap(),
        category: Category::SkillCredential,
        metadata: "{}".to_owned(),
        version: 1,
        revision: 1,
        created_by: "uid:1000".to_owned(),
        created_at: MORNING,
        updated_at: MORNING,
        rotated_at: None,
        expires_at: None,
        version_at: MORNING,
        version_by: "uid:1000".to_owned(),
        value: "sk-golden".to_owned(),
        sealed: Hex(Vec::new()),
        kept: Vec::new(),
        versions: Hex(Vec::new()),
        digest: Hex(Vec::new()),
        mac: Hex(Vec::new()),
        leaf: Hex(Vec::new()),
    }
}

/// Makes a row with every optional column, kept versions and text beyond ASCII.
fn full_row() -> RowCase {
    let kept = |version, revision, by: &str, value: &str| VersionCase {
        version,
        revision,
        created_at: MORNING + 1000 * i64::try_from(version).unwrap(),
        created_by: by.to_owned(),
        value: value.to_owned(),
        sealed: Hex(Vec::new()),
    };
    RowCase {
        id: Hex::of(&counted::<16>(0x20)),
        org: "Größe 漢字".parse().unwrap(),
        name: "Schlüssel 🔑".parse().unwrap(),
        category: Category::Deploy,
        metadata: json!({"note": "ключ", "tags": ["a", "b"], "depth": {"n": 1}}).to_string(),
        version: 3,
        revision: 5,
        created_by: "agent:bot".to_owned(),
        updated_at: MORNING + 5000,
        rotated_at: Some(MORNING + 5000),
        // Before 1970, so that the sign is tested.
        expires_at: Some(-1),
        version_at: MORNING + 3000,
        version_by: "system".to_owned(),
        value: "third value".to_owned(),
        kept: vec![kept(1, 4, "agent:bot", "first value"), kept(2, 5, "uid:0", "second value")],
        ..plain_row()
    }
}

/// Seals the row's values and computes everything that authenticates it.
fn finished(mut case: RowCase, keys: &Keys) -> RowCase {
    for at in 0..case.kept.len() {
        let versions = case.kept();
        let stored = case.stored_blank();
        let context = stored.row.version_context(VAULT, &versions[at]);
        let salt = 0x30 + u8::try_from(at).unwrap();
        case.kept[at].sealed = Hex::of(sealed_with(&context, salt, &case.kept[at].value).as_bytes());
    }
    case.versions = Hex::of(&VersionRow::digest_of(&case.kept()));
    let salt = case.id.0[0];
    let sealed = sealed_with(&case.stored_blank().row.seal_context(VAULT), salt, &case.value);
    case.digest = Hex::of(&sealed.digest());
    case.sealed = Hex::of(sealed.as_bytes());
    case.mac = Hex(vec![0; 32]);
    case.mac = Hex::of(&case.stored().row.compute_mac(keys));
    case
}

impl RowCase {
    /// Gives the row before anything of it is computed.
    fn stored_blank(&self) -> Stored {
        let zeros = || Hex(vec![0; 32]);
        let text = serde_json::to_value(self).unwrap();
        let blank: Self = serde_json::from_value(text).unwrap();
        Self { versions: zeros(), digest: zeros(), mac: zeros(), ..blank }.stored()
    }
}

fn author(actor: &str, peer: Option<Peer>, claims: &Value) -> Author {
    let claims = claims.as_object().cloned().unwrap_or_else(Map::new);
    Author { actor: actor.to_owned(), peer, at: Timestamp::from_millis(MORNING), claims }
}

fn peer(uid: u32, pid: Option<i32>, exe: Option<&str>) -> Peer {
    Peer { uid, gid: uid + 1, pid, exe: exe.map(str::to_owned) }
}

fn commit(store: &SqliteStore, keys: &Arc<Keys>, by: Author, work: (Vec<Change>, Draft)) {
    let (changes, draft) = work;
    let unit = Unit {
        keys: Arc::clone(keys),
        author: by,
        agent: None,
        guards: Vec::new(),
        as_of: 0,
        changes,
        entries: vec![draft],
    };
    store.commit(unit).blocking_recv().unwrap().unwrap();
}

/// Writes two rows and five entries, the last two of them under a second audit key.
fn fill(store: &SqliteStore, keys: [&Arc<Keys>; 2], rows: &[RowCase; 2], file: &VaultFile) {
    let [first, second] = keys;
    let of = |action, row: &RowCase| {
        let draft = Draft::of(action).org(&row.org);
        draft.secret(SecretId::from_bytes(row.id.array()), row.name.as_str())
    };
    let insert = |row: &RowCase| Change::Insert(Box::new(row.stored()));
    let adopt = |keys: &Arc<Keys>| Change::Adopt(Arc::clone(keys));
    let created =
        |row: &RowCase| of(Action::Create, row).with("version", row.version).with("revision", row.revision);
    let mut refused = of(Action::Decrypt, &rows[1]).with("code", "forbidden");
    refused.outcome = Outcome::Denied;
    refused.secret = None;
    let by_user = author(
        "uid:1000",
        Some(peer(1000, Some(4242), Some("/usr/bin/agent"))),
        &json!({"claimedUserId": "Zoë"}),
    );
    commit(store, first, by_user, (vec![adopt(first), insert(&rows[0])], created(&rows[0])));
    let by_agent = author("agent:bot", Some(peer(1001, None, None)), &Value::Null);
    let put = |agent: &AgentCase| Change::PutAgent { row: Box::new(agent.row()), seen: None };
    let changes = std::iter::once(insert(&rows[1])).chain(file.agents.iter().map(put)).collect();
    commit(store, first, by_agent, (changes, created(&rows[1])));
    let by_hidden = author("agent:bot", Some(peer(65534, Some(-1), Some("/opt/π"))), &Value::Null);
    commit(store, first, by_hidden, (Vec::new(), refused));
    let header = Box::new(second.header(Timestamp::from_millis(MORNING), file.slots(), file.audit_keys()));
    let seen = store.header().unwrap().unwrap().mac;
    let rekey = (vec![adopt(second), Change::Slots { header, seen }], Draft::of(Action::Rekey));
    commit(store, second, author("system", None, &Value::Null), rekey);
    let lock = Draft::of(Action::Lock).with("reason", "idle");
    commit(store, second, author("system", None, &Value::Null), (Vec::new(), lock));
}

fn make_vault() {
    let recovery: RecoveryFile = read("recovery.json");
    let slots = vec![
        slot(SlotKind::Passphrase, "correct horse battery staple", 100_000),
        slot(SlotKind::Recovery, &recovery.keys[0].text, 100_001),
        slot(SlotKind::Passphrase, "Größe 🔑", 123_456),
    ];
    let zeros = || Hex(vec![0; 32]);
    let mut file = VaultFile {
        vault_id: Hex::of(&VAULT.0),
        vault_key: Hex::of(vault_key().expose()),
        slots,
        audit_keys: vec![audit_key(1, counted(0x90)), audit_key(4, counted(0xc0))],
        checksum: zeros(),
        mac: zeros(),
        rows: Vec::new(),
        agents: Vec::new(),
        entries: Vec::new(),
        state: StateCase { seq: 0, head: zeros(), sum: zeros(), count: 0, agents: zeros(), mac: zeros() },
    };
    let second = file.hold();
    file.agents = vec![
        agent("bot", 1, r#"{"grants":["decrypt"]}"#, &second),
        agent("Zoe-2", 300, r#"{"note":"ключ"}"#, &second),
    ];
    let first = file.hold_with(&file.audit_keys[0]);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("vault.db")).unwrap();
    let header = first.header(Timestamp::from_millis(MORNING), file.slots(), file.audit_keys()[..1].to_vec());
    store.found(&header, &first).unwrap();
    let mut rows = [finished(plain_row(), &first), finished(full_row(), &first)];
    fill(&store, [&first, &second], &rows, &file);
    for row in &mut rows {
        row.leaf = Hex::of(&first.state_mac(&[b"leaf", &row.id.0, &row.revision.to_be_bytes(), &row.mac.0]));
    }
    file.rows = rows.into();
    // As the store gives them: in order of the bytes of their names.
    file.agents.sort_by(|one, other| one.name.cmp(&other.name));
    store.walk_audit(1..=u64::MAX, &mut |entry| file.entries.push((&Entry::from(entry)).into())).unwrap();
    let (header, state) = (store.header().unwrap().unwrap(), store.state().unwrap());
    (file.checksum, file.mac) = (Hex::of(&header.checksum), Hex::of(&header.mac));
    file.state = StateCase {
        seq: state.head.seq,
        head: Hex::of(&state.head.mac),
        sum: Hex::of(&state.sum),
        count: state.count,
        agents: Hex::of(&state.agents),
        mac: Hex::of(&state.mac),
    };
    write("vault.json", &file);
}

fn main() {
    make_sealed();
    make_recovery();
    make_vault();
}
