//! Connections: accepted up to a number, bounded in time, ended together.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::link::Redirect;
use super::listen::Listeners;
use super::session::End;
use super::site::Site;

/// The most connections at once.
const CONNECTIONS: usize = 32;
/// How long a request's head may take to arrive, and how long a connection may wait between requests.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The most bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long answers get to leave at the end.
const GRACE: Duration = Duration::from_millis(300);
/// How long to wait where no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until the session is over or a signal comes.
pub(super) async fn serve(
    listeners: Listeners,
    site: &Arc<Site>,
    redirect: Option<Redirect>,
) -> io::Result<End> {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let accepting = accept(&listeners, site, (&mut connections, stopping));
    let end = tokio::select! {
        never = accepting => match never {},
        end = over(site, redirect) => end?,
    };
    drop((listeners, stop));
    let finished = async { while connections.join_next().await.is_some() {} };
    // Streams of events do not end by themselves.
    let _ = tokio::time::timeout(GRACE, finished).await;
    Ok(end)
}

/// Accepts for as long as it is let.
async fn accept(
    listeners: &Listeners,
    site: &Arc<Site>,
    (connections, stopping): (&mut JoinSet<()>, watch::Receiver<()>),
) -> Infallible {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { std::future::pending().await };
        match listeners.accept().await {
            Ok((stream, from)) => {
                let guest = Guest { stream, from: from.ip(), stopping: stopping.clone(), _seat: seat };
                connections.spawn(guest.serve(Arc::clone(site)));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// A connection.
struct Guest {
    stream: TcpStream,
    from: IpAddr,
    stopping: watch::Receiver<()>,
    _seat: OwnedSemaphorePermit,
}

impl Guest {
    async fn serve(mut self, site: Arc<Site>) {
        let from = self.from;
        let service = service_fn(move |request| {
            let site = Arc::clone(&site);
            async move { Ok::<_, Infallible>(site.answer(request, from).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(self.stream), service);
        tokio::pin!(connection);
        tokio::select! {
            // An error is the browser's: it went away, or spoke no HTTP and was told.
            _ = connection.as_mut() => {}
            _ = self.stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Waits for the end, and takes the file with the link away as soon as nobody needs it.
async fn over(site: &Site, mut redirect: Option<Redirect>) -> io::Result<End> {
    let mut signals = Signals::caught()?;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        if let Some(end) = site.session.end() {
            return Ok(end);
        }
        if !site.session.is_offered() {
            drop(redirect.take());
        }
        tokio::select! {
            () = signals.any() => return Ok(End::Stopped),
            () = site.session.changed.notified() => {}
            _ = ticks.tick() => {}
        }
    }
}

/// The signals that end it.
struct Signals([Signal; 3]);

impl Signals {
    fn caught() -> io::Result<Self> {
        let [first, second, third] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([first?, second?, third?]))
    }

    async fn any(&mut self) {
        let [first, second, third] = &mut self.0;
        tokio::select! {
            _ = first.recv() => {}
            _ = second.recv() => {}
            _ = third.recv() => {}
        }
    }
}
