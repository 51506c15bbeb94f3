//! The Model Context Protocol, as far as a server of tools needs it: greeting, versions, and what is answered to what.
//!
//! A client greets (`initialize`, versions up to 2025-11-25), or says with each request which version it speaks and what it
//! is able to (2026-07-28, which has no greeting). <https://modelcontextprotocol.io/specification>

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::message::{Id, META, Object, Refusal, Request};
use super::shapes::{Discovery, Empty, Form, Greeting, Hello, ToolList};
use super::tools::{Tool, Toolset};

/// The versions that are spoken, oldest first.
pub(super) const VERSIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", UNGREETED];
/// The first version without a greeting.
pub(super) const UNGREETED: &str = "2026-07-28";
/// The last version with one.
pub(super) const GREETED: &str = "2025-11-25";
/// The only version with batches.
const BATCHES: &str = "2025-03-26";

/// Where a request says which version it speaks.
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Where a request says what its client is able to.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Where it says how to name it in signs of life.
const PROGRESS: &str = "progressToken";

/// A conversation with a client.
#[derive(Debug)]
pub(super) struct Conversation {
    tools: Toolset,
    stage: Stage,
}

/// How far a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There was no greeting, and no request.
    Unopened,
    /// The client has greeted, and this version was agreed on.
    Greeted(&'static str),
    /// The client says with each request who it is.
    Ungreeted,
}

/// What is to be done with a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// It is answered at once.
    Now(Box<RawValue>),
    /// A tool is called.
    Call(Call),
}

/// A call of a tool, and how its answer is to look.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) tool: Tool,
    pub(super) arguments: Object,
    pub(super) form: Form,
    /// Under which name the client wants to hear that the call goes on, if it does.
    pub(super) progress: Option<Id>,
}

impl Conversation {
    /// Begins one, in which these tools are offered.
    pub(super) const fn new(tools: Toolset) -> Self {
        Self { tools, stage: Stage::Unopened }
    }

    /// Returns whether the client has greeted, or asked for something.
    pub(super) fn is_open(&self) -> bool {
        self.stage != Stage::Unopened
    }

    /// Returns whether messages may come in batches.
    pub(super) fn has_batches(&self) -> bool {
        self.stage == Stage::Greeted(BATCHES)
    }

    /// Says what is to be done with a request, and notes how far the conversation is then.
    pub(super) fn take(&mut self, request: Request) -> Result<Reply, Refusal> {
        let Request { method, mut params, .. } = request;
        if method == "initialize"
            && let Some(hello) = Hello::of(&params)
        {
            let greeting = Greeting::to(&hello, self.tools);
            self.stage = Stage::Greeted(greeting.version());
            return now(&greeting);
        }
        if method == "ping" && self.stage == Stage::Unopened {
            return now(&Empty {});
        }
        let about = match params.remove(META) {
            Some(Value::Object(about)) => about,
            _ => Object::new(),
        };
        let (is_explained, form) = self.stage.judge(&method, &about)?;
        match method.as_str() {
            "server/discover" if is_explained => return now(&Discovery::new(self.tools)),
            _ if self.stage == Stage::Unopened => self.stage = Stage::Ungreeted,
            _ => {}
        }
        match method.as_str() {
            "ping" if !is_explained => now(&Empty {}),
            "tools/list" if params.get("cursor").is_some_and(|cursor| !cursor.is_null()) => {
                Err(Refusal::params("there is no such cursor: the list is of one page"))
            }
            "tools/list" => now(&ToolList::new(form, self.tools)),
            "tools/call" => {
                let progress = about.get(PROGRESS).and_then(|token| Id::deserialize(token).ok());
                let call = Call::of(params, form, self.tools)?;
                Ok(Reply::Call(Call { progress, ..call }))
            }
            "initialize" => {
                Err(Refusal::params("initialize takes protocolVersion, capabilities and clientInfo"))
            }
            _ => Err(Refusal::no_method()),
        }
    }
}

impl Stage {
    /// Judges what a request says about itself: whether it has to, and in which form it wants its answer.
    fn judge(self, method: &str, about: &Object) -> Result<(bool, Form), Refusal> {
        let version = about.get(VERSION).and_then(Value::as_str);
        let is_explained = !matches!(self, Self::Greeted(_))
            || method == "server/discover"
            || version.is_some_and(|version| version >= UNGREETED);
        let unknown = version.filter(|version| !VERSIONS.contains(version));
        // Before anything was said, what is missing comes first.
        if let Some(version) = unknown.filter(|_| self != Self::Unopened || lacking(about).is_empty()) {
            return Err(Refusal::version(json!({ "requested": version, "supported": VERSIONS })));
        }
        if is_explained && !lacking(about).is_empty() {
            let fields = lacking(about).join(", ");
            let words = format!("request _meta is missing or has malformed required fields: {fields}");
            return Err(Refusal::params(words));
        }
        let spoken = version.or(match self {
            Self::Greeted(agreed) => Some(agreed),
            Self::Unopened | Self::Ungreeted => None,
        });
        Ok((is_explained, spoken.map_or(Form::Text, Form::of)))
    }
}

/// Lists what a request has to say about itself and does not.
fn lacking(about: &Object) -> Vec<&'static str> {
    let is_there = |name: &str| match about.get(name) {
        Some(Value::String(_)) => name == VERSION,
        Some(Value::Object(_)) => name == CAPABILITIES,
        _ => false,
    };
    [VERSION, CAPABILITIES].into_iter().filter(|name| !is_there(name)).collect()
}

fn now(result: &impl Serialize) -> Result<Reply, Refusal> {
    to_raw_value(result).map(Reply::Now).map_err(Refusal::params)
}

impl Call {
    fn of(params: Object, form: Form, tools: Toolset) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Asked {
            name: String,
            #[serde(default)]
            arguments: Option<Object>,
        }
        let asked: Result<Asked, _> = serde_json::from_value(Value::Object(params));
        let words = "tools/call takes a name, and arguments that are an object";
        let Asked { name, arguments } = asked.map_err(|_| Refusal::params(words))?;
        let tool = tools.named(&name).ok_or_else(|| Refusal::params("there is no such tool"))?;
        Ok(Self { tool, arguments: arguments.unwrap_or_default(), form, progress: None })
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{self, Line, Message};
    use super::*;

    /// Asks one thing after another in one conversation, and gives what came of each.
    fn asked(all: &[(&str, Value)]) -> Vec<String> {
        let mut conversation = Conversation::new(Toolset::All);
        let mut ask = |(method, params): &(&str, Value)| {
            let line = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
            let Some(Line::One(Ok(Message::Request(request)))) = message::read(line.as_bytes()) else {
                panic!("{line}")
            };
            match conversation.take(request) {
                Ok(Reply::Now(result)) => result.get().to_owned(),
                Ok(Reply::Call(call)) => format!("{:?} {:?}", call.tool, call.form),
                Err(refusal) => message::written(None, Err(refusal)).unwrap(),
            }
        };
        all.iter().map(&mut ask).collect()
    }

    fn hello(version: &str) -> (&'static str, Value) {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        ("initialize", params)
    }

    fn about(version: &str) -> Value {
        json!({ VERSION: version, CAPABILITIES: {} })
    }

    #[track_caller]
    fn assert_begins(begins: &[&str], answers: &[String]) {
        assert_eq!(begins.len(), answers.len(), "{answers:?}");
        let each = begins.iter().zip(answers);
        each.for_each(|(begins, answer)| assert!(answer.contains(begins), "{begins}: {answer}"));
    }

    #[test]
    fn a_greeting_is_answered_in_its_version_else_in_the_last_that_has_greetings() {
        for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
            assert_begins(
                &[&format!(r#"{{"protocolVersion":"{version}","capabilities""#)],
                &asked(&[hello(version)]),
            );
        }
        for version in [UNGREETED, "1999-01-01", ""] {
            assert_begins(&[r#"{"protocolVersion":"2025-11-25""#], &asked(&[hello(version)]));
        }
    }

    #[test]
    fn before_a_greeting_there_are_pings_and_what_explains_itself() {
        let listed = json!({ "_meta": about(UNGREETED) });
        let answers = asked(&[
            ("ping", json!({})),
            ("tools/list", json!({})),
            ("server/discover", listed.clone()),
            ("tools/list", json!({ "_meta": about("2030-01-01") })),
            ("tools/list", listed),
            ("ping", json!({})),
            ("ping", json!({ "_meta": about(UNGREETED) })),
        ]);
        let begins = [
            "{}",
            "-32602",
            "supportedVersions",
            "-32022",
            r#"{"resultType":"complete","ttlMs":0"#,
            "-32602",
            "-32601",
        ];
        assert_begins(&begins, &answers);
    }

    #[test]
    fn after_a_greeting_a_request_may_explain_itself_and_then_has_to_do_so_wholly() {
        let call = |about: Value| ("tools/call", json!({ "name": "list_secrets", "_meta": about }));
        let answers = asked(&[
            hello("2025-06-18"),
            call(json!({})),
            call(about("2025-03-26")),
            call(about(UNGREETED)),
            call(json!({ VERSION: UNGREETED })),
            call(about("2030-01-01")),
            ("ping", Value::Null),
        ]);
        let begins = [
            "2025-06-18",
            "ListSecrets Structured",
            "ListSecrets Text",
            "ListSecrets Complete",
            "-32602",
            "-32022",
            "{}",
        ];
        assert_begins(&begins, &answers);
    }

    #[test]
    fn tools_say_what_they_answer_where_the_version_has_that() {
        for (version, has) in
            [("2024-11-05", false), ("2025-03-26", false), ("2025-06-18", true), ("2025-11-25", true)]
        {
            let answers = asked(&[hello(version), ("tools/list", json!({}))]);
            assert_eq!(has, answers[1].contains("outputSchema"), "{version}");
            assert!(answers[1].contains(r#""title":"List secrets""#), "{}", answers[1]);
        }
    }

    #[test]
    fn a_cursor_that_was_never_given_out_is_refused() {
        let list = |cursor: Value| ("tools/list", json!({ "cursor": cursor }));
        let answers = asked(&[
            hello("2025-06-18"),
            list(json!("zzz")),
            list(json!("")),
            list(json!(5)),
            list(Value::Null),
        ]);
        assert_begins(&["2025-06-18", "-32602", "-32602", "-32602", "list_secrets"], &answers);
    }

    #[test]
    fn batches_are_part_of_one_version() {
        for (version, has) in [("2024-11-05", false), (BATCHES, true), ("2025-06-18", false)] {
            let mut conversation = Conversation::new(Toolset::All);
            let line =
                json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(version).1 });
            let Some(Line::One(Ok(Message::Request(request)))) = message::read(line.to_string().as_bytes())
            else {
                panic!("{line}")
            };
            assert!(!conversation.has_batches() && conversation.take(request).is_ok());
            assert_eq!(has, conversation.has_batches(), "{version}");
        }
    }

    #[test]
    fn what_a_server_of_tools_does_not_do_is_refused() {
        let answers = asked(&[
            hello("2025-06-18"),
            ("resources/list", json!({})),
            ("server/discover", json!({ "_meta": about("2025-06-18") })),
            ("tools/call", json!({ "name": 5 })),
            ("tools/call", json!({ "name": "no" })),
            ("initialize", json!({})),
        ]);
        let begins = [
            "2025-06-18",
            r#"-32601,"message":"Method not found""#,
            "supportedVersions",
            r#"-32602,"message":"tools/call takes a name"#,
            "no such tool",
            r#"-32602,"message":"initialize takes"#,
        ];
        assert_begins(&begins, &answers);
    }
}
