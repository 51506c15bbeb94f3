//! The server: reads requests, answers at once or has a thread carry out a call.

use std::io::BufRead;
use std::thread::Scope;

use serde::Deserialize;
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::calls::Calls;
use super::known::Known;
use super::message::{self, Id, Message, Object, Refusal, Request};
use super::protocol::{Call, Conversation, Reply};
use super::shapes::called;
use super::tools::Toolset;
use crate::commands::run::heeded;
use crate::context::Context;
use crate::failure::Failure;

/// What calls work with.
#[derive(Debug)]
pub(super) struct Session<'a> {
    /// Where the vault is, and as whom it is asked.
    pub(super) context: &'a Context,
    /// What is masked in the output of commands.
    pub(super) known: Known,
}

/// The server.
struct Server<'a> {
    session: Session<'a>,
    calls: Calls,
}

/// Serves on stdin and stdout until stdin is closed or a signal ends this process, and then ends every command.
pub(super) fn serve(tools: Toolset, context: &Context) -> Result<(), Failure> {
    let server = Server { session: Session { context, known: Known::default() }, calls: Calls::default() };
    let mut signals = Signals::new(heeded([SIGHUP, SIGINT, SIGTERM]))?;
    let signalled = signals.handle();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for signal in &mut signals {
                server.calls.end();
                // As if it had not been caught: who sent it sees that it ended this process.
                let _ = emulate_default_handler(signal);
            }
        });
        let ended = server.read(tools, scope);
        server.calls.end();
        signalled.close();
        ended
    })
}

impl Server<'_> {
    /// Reads to the end of stdin, or to what shows that whoever is there speaks something else.
    fn read<'s>(&'s self, tools: Toolset, scope: &'s Scope<'s, '_>) -> Result<(), Failure> {
        let mut conversation = Conversation::new(tools);
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        while stdin.read_until(b'\n', &mut line)? > 0 {
            match message::read(&line) {
                Some(Ok(Message::Request(request))) => self.take(request, &mut conversation, scope),
                Some(Ok(_)) if !conversation.is_open() => break,
                Some(Ok(Message::Notification { method, params })) => self.note(&method, params),
                Some(Err(refusal)) => self.say(None, Err(refusal)),
                None | Some(Ok(Message::Answer)) => {}
            }
            line.clear();
        }
        if conversation.is_open() { Ok(()) } else { Err(unspoken()) }
    }

    fn take<'s>(&'s self, request: Request, conversation: &mut Conversation, scope: &'s Scope<'s, '_>) {
        let id = request.id.clone();
        match conversation.take(request) {
            Ok(Reply::Call(call)) => {
                let stop = self.calls.open(&id);
                scope.spawn(move || {
                    let Call { tool, arguments, form } = call;
                    let answer = tool.answer(arguments, &self.session, &stop);
                    if self.calls.close(&id) {
                        self.say(Some(&id), called(form, answer));
                    }
                });
            }
            Ok(Reply::Now(result)) => self.say(Some(&id), Ok(result)),
            Err(refusal) => self.say(Some(&id), Err(refusal)),
        }
    }

    /// Takes note of what wants no answer: that a call is not wanted any more.
    fn note(&self, method: &str, params: Object) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Cancelled {
            request_id: Id,
        }
        if method == "notifications/cancelled"
            && let Ok(cancelled) = serde_json::from_value::<Cancelled>(Value::Object(params))
        {
            self.calls.cancel(&cancelled.request_id);
        }
    }

    fn say(&self, id: Option<&Id>, answer: Result<Box<serde_json::value::RawValue>, Refusal>) {
        // Who asked may be gone; the end of stdin tells.
        let _ =
            message::written(id, answer).and_then(|line| self.session.context.show.bytes(line.as_bytes()));
    }
}

fn unspoken() -> Failure {
    Failure::usage(
        "whoever started this does not speak MCP",
        "an agent's program starts it; set that up with: vaultctl integrate",
    )
}
