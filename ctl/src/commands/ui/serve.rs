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

use vault::speaker::Speaker;

use super::answer::HEADERS;
use super::link::Redirect;
use super::listen::Listeners;
use super::session::End;
use super::site::{Browser, Site};

/// The most connections at once.
const CONNECTIONS: usize = 32;
/// How long a request's head may take to arrive, and how long a connection may wait between requests.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a connection may last that never shows the bearer, so that no stranger keeps the page's places.
const UNKNOWN_TIME: Duration = Duration::from_secs(30);
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
    (signals, redirect): (Signals, Option<Redirect>),
) -> End {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let accepting = accept(&listeners, site, (&mut connections, stopping));
    let end = tokio::select! {
        never = accepting => match never {},
        end = over(site, signals, redirect) => end,
    };
    // Each page hears of it before the port is free for another program, which it would take for this one.
    site.ending.send_replace(Some(end));
    drop(stop);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Streams of the daemon's events do not end by themselves.
    let _ = tokio::time::timeout(GRACE, finished).await;
    drop(listeners);
    end
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
                // Head and body are two pieces; the second does not wait for a word about the first.
                let _ = stream.set_nodelay(true);
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
    /// Serves until the browser goes, the dashboard ends, or a stranger's time is over.
    async fn serve(mut self, site: Arc<Site>) {
        let browser = Arc::new(Browser::new(self.from));
        let asking = Arc::clone(&browser);
        let service = service_fn(move |request| {
            let (site, browser) = (Arc::clone(&site), Arc::clone(&asking));
            async move { Ok::<_, Infallible>(site.answer(request, &browser).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(Speaker::new(TokioIo::new(self.stream), HEADERS), service);
        tokio::pin!(connection);
        tokio::select! {
            // An error is the browser's: it went away, or spoke no HTTP and was told.
            _ = connection.as_mut() => {}
            () = stayed_unknown(&browser) => {}
            _ = self.stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Waits until a connection has had its time and never showed the bearer.
async fn stayed_unknown(browser: &Browser) {
    tokio::time::sleep(UNKNOWN_TIME).await;
    if browser.is_known() {
        std::future::pending::<()>().await;
    }
}

/// Waits for the end, and takes the file with the link away as soon as nobody needs it.
async fn over(site: &Site, mut signals: Signals, mut redirect: Option<Redirect>) -> End {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        if let Some(end) = site.session.end() {
            return end;
        }
        if !site.session.is_offered() {
            drop(redirect.take());
        }
        tokio::select! {
            () = signals.any() => return End::Stopped,
            () = site.session.changed.notified() => {}
            _ = ticks.tick() => {}
        }
    }
}

/// The signals that end it.
#[derive(Debug)]
pub(super) struct Signals([Signal; 3]);

impl Signals {
    /// Catches them from now on; must be called within the runtime.
    pub(super) fn caught() -> io::Result<Self> {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use vault::clock::ManualClock;
    use vault::domain::Timestamp;

    use super::super::door::Door;
    use super::super::forward::Daemon;
    use super::super::session::{Limits, Session};
    use super::*;

    /// Serves a session whose clock was turned to a second, and gives the end.
    fn served_at(second: i64, prepare: impl FnOnce(&Session)) -> End {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
        let session = Session::offered(clock.clone(), Limits::usual("1".parse().unwrap())).unwrap();
        prepare(&session);
        clock.turn_to(Timestamp::from_millis(second * 1000));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listeners = Listeners::open(None).unwrap();
            let daemon = Daemon::of(PathBuf::from("nowhere"), None);
            let door = Door::of(listeners.port());
            let (ending, acted) = (watch::Sender::new(None), watch::Sender::new(()));
            let site = Arc::new(Site { door, session, daemon, ending, acted });
            serve(listeners, &site, (Signals::caught().unwrap(), None)).await
        })
    }

    #[test]
    fn it_ends_by_itself_after_a_time_without_use() {
        let open = |session: &Session| {
            let link = session.link(1);
            drop(session.trade(link.split_once('=').unwrap().1).unwrap());
        };
        assert_eq!(End::Idle, served_at(60, open));
    }

    #[test]
    fn it_ends_by_itself_where_nobody_opens_the_link() {
        assert_eq!(End::Unopened, served_at(60, |_| {}));
    }

    #[test]
    fn it_ends_when_the_page_ends_it() {
        assert_eq!(End::Closed, served_at(0, Session::close));
    }
}
