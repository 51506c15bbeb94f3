//! The floor of a server: hyper on the same runtime, with one answer for everything.

use std::convert::Infallible;
use std::path::PathBuf;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;

/// Answers every HTTP request alike.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long)]
    socket: PathBuf,
    /// How long an answer is, in bytes.
    #[arg(long, default_value = "500")]
    bytes: usize,
}

/// Serves until it is killed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<()> {
    let listener = UnixListener::bind(&args.socket)?;
    let body = Bytes::from(vec![b'x'; args.bytes]);
    loop {
        let (stream, _) = listener.accept().await?;
        let body = body.clone();
        let service = service_fn(move |_| {
            let answer = Response::new(Full::new(body.clone()));
            async move { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
