//! The server: reads requests, answers at once or has a thread carry out a call.

use std::io::BufRead;
use std::thread::Scope;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::calls::Calls;
use super::message::{self, Id, Message, Object, Refusal, Request};
use super::protocol::{Call, Reply, Stage};
use super::shapes::called;
use crate::context::Context;
use crate::failure::Failure;

/// How long a call may take once stdin is closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server.
struct Server<'a> {
    context: &'a Context,
    calls: Calls,
}

/// Serves on stdin and stdout until stdin is closed.
pub(super) fn serve(context: &Context) -> Result<(), Failure> {
    let server = Server { context, calls: Calls::default() };
    std::thread::scope(|scope| {
        let ended = server.read(scope);
        server.calls.end(PATIENCE);
        ended
    })
}

impl Server<'_> {
    /// Reads to the end of stdin, or to what shows that whoever is there speaks something else.
    fn read<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Result<(), Failure> {
        let mut stage = Stage::default();
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        while stdin.read_until(b'\n', &mut line)? > 0 {
            match message::read(&line) {
                Some(Ok(Message::Request(request))) => self.take(request, &mut stage, scope),
                Some(Ok(_)) if stage == Stage::Unopened => break,
                Some(Ok(Message::Notification { method, params })) => self.note(&method, params),
                Some(Err(refusal)) => self.say(None, Err(refusal)),
                None | Some(Ok(Message::Answer)) => {}
            }
            line.clear();
        }
        if stage == Stage::Unopened { Err(unspoken()) } else { Ok(()) }
    }

    fn take<'s>(&'s self, request: Request, stage: &mut Stage, scope: &'s Scope<'s, '_>) {
        let id = request.id.clone();
        match stage.take(request) {
            Ok(Reply::Call(call)) => {
                let stop = self.calls.open(&id);
                scope.spawn(move || {
                    let Call { tool, arguments, form } = call;
                    let answer = tool.answer(arguments, self.context, &stop);
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
        let _ = message::written(id, answer).and_then(|line| self.context.show.bytes(line.as_bytes()));
    }
}

fn unspoken() -> Failure {
    Failure::usage(
        "whoever started this does not speak MCP",
        "an agent's program starts it; set that up with: vaultctl integrate",
    )
}
