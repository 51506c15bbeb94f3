//! The server: reads requests, answers at once or has a thread carry out a call.

use std::io::BufRead;
use std::sync::mpsc;
use std::thread::{Scope, ScopedJoinHandle};

use serde::Deserialize;
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::calls::Calls;
use super::known::Known;
use super::message::{self, Id, Line, Message, Object, Refusal};
use super::outlet::Outlet;
use super::progress::report;
use super::protocol::{Call, Conversation, Reply};
use super::shapes::called;
use super::tools::Toolset;
use super::tree;
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
    tree::adopt()?;
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
    /// Reads to the end of stdin, or to what shows that the other side speaks something else.
    fn read<'s>(&'s self, tools: Toolset, scope: &'s Scope<'s, '_>) -> Result<(), Failure> {
        let mut conversation = Conversation::new(tools);
        let show = self.session.context.show;
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        while stdin.read_until(b'\n', &mut line)? > 0 {
            match message::read(&line) {
                None => {}
                Some(Line::One(Ok(Message::Notification { .. } | Message::Answer)))
                    if !conversation.is_open() =>
                {
                    break;
                }
                Some(Line::One(message)) => self.take(message, &mut conversation, &Outlet::Line(show), scope),
                Some(Line::Batch(messages)) if conversation.has_batches() => {
                    let outlet = Outlet::batch(show);
                    for one in messages {
                        self.take(one, &mut conversation, &outlet, scope);
                    }
                }
                Some(Line::Batch(_)) => Outlet::Line(show).say(None, Err(Refusal::no_batches())),
            }
            line.clear();
        }
        if conversation.is_open() { Ok(()) } else { Err(unspoken()) }
    }

    fn take<'s>(
        &'s self,
        message: Result<Message, Refusal>,
        conversation: &mut Conversation,
        outlet: &Outlet,
        scope: &'s Scope<'s, '_>,
    ) {
        match message {
            Ok(Message::Request(request)) => {
                let id = request.id.clone();
                match conversation.take(request) {
                    Ok(Reply::Call(call)) => self.call(id, call, outlet.clone(), scope),
                    Ok(Reply::Now(result)) => outlet.say(Some(&id), Ok(result)),
                    Err(refusal) => outlet.say(Some(&id), Err(refusal)),
                }
            }
            Ok(Message::Notification { method, params }) => self.note(&method, params),
            Ok(Message::Answer) => {}
            Err(refusal) => outlet.say(None, Err(refusal)),
        }
    }

    /// Has a thread carry out a call and answer it.
    fn call<'s>(&'s self, id: Id, call: Call, outlet: Outlet, scope: &'s Scope<'s, '_>) {
        let stop = self.calls.open(&id);
        scope.spawn(move || {
            let Call { tool, arguments, form, progress } = call;
            let (runs, running) = mpsc::channel();
            let show = self.session.context.show;
            let signs = progress.map(|token| scope.spawn(move || report(&token, show, &running)));
            let answer = tool.answer(arguments, &self.session, &stop);
            drop(runs);
            // Once a call is answered, none may come any more.
            let _ = signs.map(ScopedJoinHandle::join);
            if self.calls.close(&id) {
                outlet.say(Some(&id), called(form, answer));
            }
        });
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
}

fn unspoken() -> Failure {
    Failure::usage(
        "whoever started this does not speak MCP",
        "an agent's program starts it; set that up with: vaultctl integrate",
    )
}
