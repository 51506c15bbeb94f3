//! The tools: what each is called, what it takes, what it does. None gives a value.

mod arguments;

use rmcp::model::{JsonObject, ToolAnnotations};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use vault::api::{Discover, ListSecrets};
use vault::domain::{OrgScope, PlatformName, SecretName};
use vault::presets::Presets;

use super::captured::{self, Running, Stop};
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::show::plain;
use arguments::{Described, Discovered, Listed, Requested, schema};

pub(super) use arguments::Run;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    ListSecrets,
    DiscoverSecrets,
    DescribeSecret,
    RequestSecret,
    RunCommand,
}

/// What a tool answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// It did what was asked.
    Done(Value),
    /// It did not, and this is why.
    Refused(String),
}

impl Tool {
    /// Every tool.
    pub(super) const ALL: [Self; 5] = [
        Self::ListSecrets,
        Self::DiscoverSecrets,
        Self::DescribeSecret,
        Self::RequestSecret,
        Self::RunCommand,
    ];

    /// Finds a tool by its name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ListSecrets => "list_secrets",
            Self::DiscoverSecrets => "discover_secrets",
            Self::DescribeSecret => "describe_secret",
            Self::RequestSecret => "request_secret",
            Self::RunCommand => "run_command",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::ListSecrets => "Lists the names, categories and dates of secrets. Never a value.",
            Self::DiscoverSecrets => {
                "Lists the platforms (openai, aws, …) with stored secrets, their fields, and the environment variable \
                 that each usually goes into. Never a value."
            }
            Self::DescribeSecret => {
                "Tells what is kept beside one secret: category, version, dates. Never its value."
            }
            Self::RequestSecret => {
                "Gives the command that the user runs in a terminal of their own to add a secret that is missing. Changes \
                 nothing. Show the command to the user; do not ask for the value."
            }
            Self::RunCommand => {
                "Runs a command with secrets in its environment, and gives its exit code and output, in which each value is \
                 replaced by [vault:NAME]. The command is a program and its arguments; for shell syntax run sh -c."
            }
        }
    }

    fn schema(self) -> JsonObject {
        match self {
            Self::ListSecrets => schema::<Listed>(),
            Self::DiscoverSecrets => schema::<Discovered>(),
            Self::DescribeSecret => schema::<Described>(),
            Self::RequestSecret => schema::<Requested>(),
            Self::RunCommand => schema::<Run>(),
        }
    }

    /// Describes it as the protocol has it.
    pub(super) fn described(self) -> rmcp::model::Tool {
        let acts = self == Self::RunCommand;
        let hints = ToolAnnotations::new().read_only(!acts).destructive(acts).open_world(acts);
        rmcp::model::Tool::new(self.name(), self.description(), self.schema()).with_annotations(hints)
    }
}

/// A call of a tool that waits for its answer.
#[derive(Debug)]
pub(super) struct Job {
    tool: Tool,
    arguments: JsonObject,
    reply: oneshot::Sender<Answer>,
    stop: Stop,
}

impl Job {
    /// Takes a call.
    pub(super) fn new(tool: Tool, arguments: JsonObject, reply: oneshot::Sender<Answer>) -> Self {
        Self { tool, arguments, reply, stop: Stop::default() }
    }

    /// Gives what stops it.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Does what was asked, and answers.
    pub(super) fn answer(self, context: &Context, running: &Running) {
        let Self { tool, arguments, reply, stop } = self;
        let done = match tool {
            Tool::ListSecrets => parsed(arguments).and_then(|asked| list(asked, context)),
            Tool::DiscoverSecrets => parsed(arguments).and_then(|asked| discover(asked, context)),
            Tool::DescribeSecret => parsed(arguments).and_then(|asked| describe(&asked, context)),
            Tool::RequestSecret => parsed(arguments).and_then(|asked| request(&asked, context)),
            Tool::RunCommand => {
                parsed(arguments).and_then(|asked| captured::run(asked, context, &stop, running))
            }
        };
        // Who asked may be gone.
        let _ = reply.send(done.map_or_else(|failure| Answer::Refused(in_words(&failure)), Answer::Done));
    }
}

fn parsed<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, Failure> {
    // What was sent is not repeated: it may hold what should not be in it.
    serde_json::from_value(Value::Object(arguments)).map_err(|_| {
        Failure::usage("the arguments are not as the tool's schema wants them", "read the schema")
    })
}

fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Fault(fault) if fault.hint.is_empty() => fault.message.clone(),
        Failure::Fault(fault) => format!("{}\nhint: {}", fault.message, fault.hint),
        Failure::Closed => "the connection to the daemon is closed".to_owned(),
    }
}

fn list(asked: Listed, context: &Context) -> Result<Value, Failure> {
    let list = context.call(&ListSecrets {
        org_id: context.one_org()?.map(OrgScope::One),
        platform: asked.platform.map(PlatformName::try_from).transpose()?,
        search: asked.search,
        limit: asked.limit,
        offset: asked.offset,
        ..ListSecrets::default()
    })?;
    Ok(serde_json::to_value(list)?)
}

fn discover(asked: Discovered, context: &Context) -> Result<Value, Failure> {
    let found = context.call(&Discover { platform: asked.platform, org_id: context.one_org()? })?;
    Ok(serde_json::to_value(found)?)
}

fn describe(asked: &Described, context: &Context) -> Result<Value, Failure> {
    Ok(serde_json::to_value(locate::tolerant(context, &asked.name)?)?)
}

/// Writes the command that adds a secret; a name that a shell could take for more is not written into one.
fn request(asked: &Requested, context: &Context) -> Result<Value, Failure> {
    let name = SecretName::try_from(asked.name.clone())?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/@+".contains(c);
    if !name.as_str().chars().all(is_plain) || name.as_str().starts_with('-') {
        return Err(Failure::usage(
            "the name has characters that a shell takes for something else",
            "use letters, digits and _ - . : / @ +, as in skill:openai:access_token",
        ));
    }
    let words = match Presets::builtin().get(name.as_str()) {
        Some(preset) => format!("add {}", preset.platform),
        None => format!("set {name}"),
    };
    let reason = asked.reason.as_deref().map(plain);
    Ok(json!({
        "command": context.command(&words),
        "reason": reason,
        "next": "Show this command to the user, who runs it in a terminal and types the value there without echo.",
    }))
}
