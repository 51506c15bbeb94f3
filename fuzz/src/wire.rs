//! Requests: the fields of each operation out of a query and out of JSON, and messages of JSON-RPC.

use std::sync::OnceLock;

use tokio::runtime::Runtime;
use vault::api::{Fault, Verb, from_json, from_query};
use vault::domain::Timestamp;
use vault::vault::{Fold, Handle, each};
use vault_testkit::Inside;
use vaultd::Messages;

/// Stands for a value: no refusal repeats it.
const MARK: &str = "MARKMARK";

struct Fields<'d> {
    chosen: usize,
    place: usize,
    data: &'d [u8],
}

impl Fold for Fields<'_> {
    fn add<O: Handle>(&mut self) {
        if self.place == self.chosen {
            read::<O>(self.data);
        }
        self.place += 1;
    }
}

/// Reads the fields of the operation that the first byte names, as its verb has them.
pub(crate) fn fields(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    each(&mut Fields { chosen: usize::from(*first) % 32, place: 0, data });
}

fn read<O: Handle>(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (path, rest) = text.split_once('\n').unwrap_or(("", &text));
    let field = O::ROUTE.path.split(['{', '}']).nth(1);
    let path: Vec<_> = field.map(|field| (field, path.into())).into_iter().collect();
    let found: Result<O, Fault> = match O::ROUTE.verb {
        Verb::Get | Verb::Delete => from_query(&path, rest),
        Verb::Post | Verb::Put => from_json(&path, rest.as_bytes()),
    };
    match found {
        Err(fault) => tells_nothing(&fault.message),
        Ok(operation) => {
            // What was read is written as it would be read again.
            let json = serde_json::to_vec(&operation).unwrap_or_default();
            assert!(from_json::<O>(&[], &json).is_ok(), "{} is not read again", O::METHOD);
        }
    }
}

fn tells_nothing(words: &str) {
    assert!(!words.is_empty() && words.len() < 4096 && !words.contains(MARK), "{words}");
}

struct Stage {
    runtime: Runtime,
    messages: Messages,
    inside: Inside,
}

/// Puts the face before a vault that is locked, so that nothing in it grows.
fn stage() -> Stage {
    let inside = Inside::new(Timestamp::from_millis(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    Stage { runtime, messages: Messages::new(inside.vault.clone()), inside }
}

/// Answers a message of JSON-RPC: with nothing, or with what is an answer.
pub(crate) fn rpc(data: &[u8]) {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let stage = STAGE.get_or_init(stage);
    let Some(text) = stage.runtime.block_on(stage.messages.answer(&stage.inside.owner, data)) else { return };
    let answer: serde_json::Value = serde_json::from_str(&text).expect("an answer is JSON");
    let answers = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
    for answer in answers {
        assert!(answer.get("id").is_some(), "{answer}");
        let error = answer.get("error");
        assert!(error.is_some() != answer.get("result").is_some(), "{answer}");
        if let Some(words) = error.and_then(|error| error.get("message")?.as_str()) {
            tells_nothing(words);
        }
    }
}
