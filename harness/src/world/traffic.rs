//! Everybody at work with a daemon until it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;

use super::keeper::Keeper;
use super::ledger::Ledger;
use super::server::Server;
use super::writer;

/// How many readers there are.
const READERS: usize = 2;

/// How long a daemon works, and how it ends.
pub(crate) struct Life<'a> {
    pub(crate) random: Rng,
    pub(crate) span: Duration,
    pub(crate) end: &'a dyn Fn(&mut Server) -> Result<()>,
}

/// Lets writers, readers and the keeper work until the daemon ends under them.
pub(crate) fn traffic(
    server: &mut Server,
    ledgers: &mut [Ledger],
    keeper: &mut Keeper,
    Life { mut random, span, end }: Life<'_>,
) -> Result<()> {
    let ended = AtomicBool::new(false);
    let socket = server.socket();
    std::thread::scope(|scope| {
        for ledger in ledgers {
            let random = random.fork();
            let (ended, socket) = (&ended, &socket);
            scope.spawn(move || writer::write(ledger, socket, random, ended));
        }
        for _ in 0..READERS {
            let random = random.fork();
            let (ended, socket) = (&ended, &socket);
            scope.spawn(move || writer::read(socket, random, ended));
        }
        let (mut forked, key) = (random.fork(), server.key_file());
        let (ended, socket, keeper) = (&ended, &socket, keeper);
        scope.spawn(move || keeper.work(socket, &key, &mut forked, ended));
        std::thread::sleep(span);
        let over = end(server);
        ended.store(true, Ordering::SeqCst);
        over
    })
}
