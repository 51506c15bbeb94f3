//! The one stream to a page that stays: what the vault's state is, when the dashboard is about to end, and that it does.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Interval, interval, timeout};

use super::forward::Health;
use super::session::{End, Left};
use super::site::Site;

/// How often the daemon and the clock are looked at.
const TICK: Duration = Duration::from_secs(1);
/// After how long without an answer the daemon counts as slow.
const ANSWER_TIME: Duration = Duration::from_millis(900);
/// After how many ticks without news a page is shown that the server is there.
const BEAT: u32 = 15;

/// Opens the stream of a page; it ends with the dashboard, or when the page goes.
pub(super) fn stream(site: &Arc<Site>) -> Channel<Bytes> {
    let (sender, body) = Channel::new(1);
    tokio::spawn(feed(Arc::clone(site), sender));
    body
}

async fn feed(site: Arc<Site>, mut sender: Sender<Bytes>) {
    let mut ending = site.ending.subscribe();
    let mut news = News::of(site);
    let begins = format!("event: begins\ndata: {}\n\n", news.site.session.idle().as_secs());
    let mut next = (begins, false);
    while sender.send_data(Bytes::from(next.0)).await.is_ok() && !next.1 {
        next = tokio::select! {
            biased;
            end = ended(&mut ending) => (format!("event: ended\ndata: {}\n\n", end.as_str()), true),
            words = news.next() => (words, false),
        };
    }
}

/// Waits for the end.
async fn ended(ending: &mut watch::Receiver<Option<End>>) -> End {
    match ending.wait_for(Option::is_some).await {
        Ok(end) => end.unwrap_or(End::Stopped),
        Err(_) => End::Stopped,
    }
}

/// What a page has heard, and what there is to say since.
struct News {
    site: Arc<Site>,
    ticks: Interval,
    acted: watch::Receiver<()>,
    silent: u32,
    health: Option<Health>,
    is_warned: bool,
    /// The question to the daemon that has no answer yet; there is never a second one.
    asked: Option<JoinHandle<Health>>,
}

impl News {
    fn of(site: Arc<Site>) -> Self {
        let (ticks, acted) = (interval(TICK), site.acted.subscribe());
        Self { site, ticks, acted, silent: 0, health: None, is_warned: false, asked: None }
    }

    /// Waits until there is something to say; it can be given up and called again.
    async fn next(&mut self) -> String {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => {}
                // The page waits for the word of it, even if it is what it was.
                Ok(()) = self.acted.changed() => self.forget(),
            }
            let words = self.vault().await + &self.end();
            self.silent = if words.is_empty() { self.silent + 1 } else { 0 };
            if !words.is_empty() {
                return words;
            }
            if self.silent >= BEAT {
                self.silent = 0;
                return ":\n\n".to_owned();
            }
        }
    }

    /// Says how the vault is, if that has changed.
    async fn vault(&mut self) -> String {
        let health = self.health().await;
        if self.health.replace(health) == Some(health) {
            return String::new();
        }
        format!("event: vault\ndata: {}\n\n", health.as_str())
    }

    async fn health(&mut self) -> Health {
        let site = Arc::clone(&self.site);
        let asked = self.asked.get_or_insert_with(|| tokio::spawn(async move { site.daemon.health().await }));
        let Ok(answered) = timeout(ANSWER_TIME, &mut *asked).await else { return Health::Slow };
        self.asked = None;
        answered.unwrap_or(Health::Gone)
    }

    /// Says that the end is near, and that it is not any more.
    fn end(&mut self) -> String {
        let left = self.site.session.left();
        let was_warned = std::mem::replace(&mut self.is_warned, left != Left::Enough);
        match left {
            Left::Little(left) if !was_warned => format!("event: ending\ndata: {}\n\n", left.as_secs()),
            Left::Enough if was_warned => "event: staying\ndata:\n\n".to_owned(),
            // That it has ended is said by who ends it.
            Left::Enough | Left::Little(_) | Left::Nothing => String::new(),
        }
    }
}

impl News {
    /// Forgets how the vault was.
    fn forget(&mut self) {
        self.health = None;
        if let Some(asked) = self.asked.take() {
            asked.abort();
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.forget();
    }
}
