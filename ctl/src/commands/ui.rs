//! `vaultctl ui`

mod answer;
mod door;
mod forward;
mod link;
mod listen;
mod page;
mod serve;
mod session;
mod site;
mod stay;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;
use vault::api::{Code, Fault};
use vault::clock::SystemClock;

use crate::context::Context;
use crate::failure::Failure;
use door::Door;
use forward::Daemon;
use link::{Redirect, not_opened};
use listen::Listeners;
use serve::Signals;
use session::{End, Idle, Limits, Session};
use site::Site;

/// Serves the dashboard to your browser, on this machine alone.
///
/// Prints a link that works once and within a minute, and opens it. The page does everything over the same socket as
/// this program does, and the audit log says that it was the dashboard. It ends with Ctrl-C, when the page ends it,
/// or after a time without use. With `AGENTICMAIL_VAULT_TOKEN` or `--token-file` the page sees what that agent may.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl ui
  vaultctl ui --no-open                   print the link, and open no browser
  vaultctl ui --port 7777 --idle 60       for a port that is forwarded over SSH")]
pub(crate) struct UiArgs {
    /// Print the link and open no browser
    #[arg(long)]
    no_open: bool,
    /// The port to serve on, 1024 or higher [default: one that is free]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..))]
    port: Option<u16>,
    /// After how many minutes without use to end, or seconds, as 90s
    #[arg(long, value_name = "MINUTES", default_value = "15")]
    idle: Idle,
}

/// The answer for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Served<'a> {
    /// The link, which works once and within a minute.
    url: &'a str,
    /// The port that it is served on.
    port: u16,
}

/// Serves until it is ended, by the user, by the page or by the clock.
pub(super) fn run(args: &UiArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.reachable()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(served(args, context));
    // What still goes on belongs to connections that nobody waits for.
    runtime.shutdown_background();
    served
}

async fn served(args: &UiArgs, context: &Context) -> Result<ExitCode, Failure> {
    let listeners = Listeners::open(args.port)?;
    if listeners.lacks_v6() {
        context.show.note("this machine has no address ::1; the dashboard is at 127.0.0.1 alone");
    }
    let session = Session::offered(Arc::new(SystemClock), Limits::usual(args.idle))?;
    let site = Arc::new(Site {
        door: Door::of(listeners.port()),
        daemon: Daemon::of(context.socket(), context.token()),
        session,
        ending: watch::Sender::new(None),
        acted: watch::Sender::new(()),
    });
    // Who has read the link may end it at once.
    let signals = Signals::caught()?;
    let redirect = announce(args, context, (&site, listeners.port()))?;
    told(serve::serve(listeners, &site, (signals, redirect)).await, context)
}

/// Prints the link, and opens it where that is wanted and possible.
fn announce(
    args: &UiArgs,
    context: &Context,
    (site, port): (&Site, u16),
) -> Result<Option<Redirect>, Failure> {
    let url = site.session.link(port);
    if context.show.is_json() {
        context.show.json_line(&Served { url: &url, port })?;
    } else {
        context.show.secret_line(&url)?;
        context.show.note("the link works once, within a minute; end the dashboard with Ctrl-C");
    }
    if args.no_open {
        return Ok(None);
    }
    let opened = Redirect::write(&url).and_then(|redirect| redirect.open(context.show).map(|()| redirect));
    Ok(opened.inspect_err(|why| not_opened(context.show, why)).ok())
}

/// Says why it ended.
fn told(end: End, context: &Context) -> Result<ExitCode, Failure> {
    let again = |words: &str| {
        let fault = Fault::new(Code::Unauthorized, words);
        Failure::from(fault.hint(format!("get a new link with: {}", context.command("ui"))))
    };
    let words = match end {
        End::Unopened => return Err(again("nobody opened the link within a minute, so it is void")),
        End::Guessed => {
            return Err(again("some program of this machine tried wrong links, so the link is void"));
        }
        End::Idle => "the dashboard ended: nobody used it for a while",
        End::Closed => "the dashboard ended: the page was closed by its user",
        End::Stopped => "the dashboard ended",
    };
    context.show.note(words);
    Ok(ExitCode::SUCCESS)
}
