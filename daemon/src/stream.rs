//! The raw JSON-RPC stream: one message a line each way.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use vault::api::{Fault, RequestLength};

use crate::auth::Session;
use crate::body::{Budgets, Turn, is_long_batch, too_large};
use crate::gate::Guest;
use crate::patient::Patient;
use crate::router::App;
use crate::rpc::{self, Answers, Piece};
use crate::seats::Seat;
use crate::unsent::Account;

/// How long a message may take to arrive once it has begun, and the first one in all.
const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// How long a stream that has completed a request may be idle.
const IDLE_TIME: Duration = Duration::from_mins(10);
/// What a stream has room for before it has to grow.
const ROOM: usize = 4 * 1024;

/// What reading brought.
enum Read {
    Line(BytesMut, Turn),
    Refused(Fault),
    End,
}

/// Serves a connection until its peer closes it or the daemon ends.
pub(crate) async fn serve(guest: Guest, app: Arc<App>) {
    let Guest { stream, visitor, mut stopping, seat } = guest;
    let mut stream = Patient::new(stream);
    let _connected = app.metrics.connection();
    let account = app.account(&visitor);
    let mut speaking = Speaking { session: Session::new(visitor), seat, account };
    let mut buffer = BytesMut::with_capacity(ROOM);
    let mut patience = MESSAGE_TIME;
    loop {
        let read = tokio::select! {
            read = next(&mut stream, &mut buffer, patience, &speaking.account.requests) => read,
            _ = stopping.changed() => return,
        };
        let written = match read {
            Read::End => return,
            Read::Refused(fault) => {
                let _ = stream.write_all(format!("{}\n", rpc::refused(&fault)).as_bytes()).await;
                return;
            }
            Read::Line(line, _) if line.trim_ascii().is_empty() => Ok(()),
            Read::Line(line, turn) => speaking.answer(&app, &mut stream, line, turn).await,
        };
        if written.is_err() {
            return;
        }
        patience = IDLE_TIME;
        if buffer.is_empty() {
            // Freeing wipes it: a value that was sent or asked for does not wait here with the stream.
            buffer = BytesMut::with_capacity(ROOM);
        }
    }
}

/// Who speaks on a stream, and at which seat.
struct Speaking {
    session: Session,
    seat: Arc<Seat>,
    /// Of the one who made the last request; before the first one, of the process' user.
    account: Arc<Account>,
}

impl Speaking {
    /// Answers a line; each part is made when the one before was taken.
    async fn answer(
        &mut self,
        app: &App,
        stream: &mut Patient,
        line: BytesMut,
        turn: Turn,
    ) -> std::io::Result<()> {
        let mut busy = self.seat.busy();
        let asker = match busy.while_caller(rpc::asker(app, &mut self.session, &line)).await {
            Ok(asker) => asker,
            Err(None) => return Ok(()),
            Err(Some(answer)) => {
                // What comes next is read as the request of who speaks from here on.
                let speaks = self.session.identify(app).await;
                self.account =
                    speaks.map_or_else(|_| app.stranger(self.session.visitor()), |client| client.account);
                return stream.write_all(format!("{answer}\n").as_bytes()).await;
            }
        };
        if let Ok(client) = &asker {
            self.seat.speaks_for(client);
            self.account = Arc::clone(&client.account);
        }
        let mut answers = Answers::of(app, line);
        while let Some(Piece { mut text, room, last }) = answers.next(app, &asker, &busy).await {
            drop(busy);
            if last {
                text.push('\n');
                // The request is not kept while its answer waits to be read.
                drop((answers, turn));
                return stream.write_all(text.as_bytes()).await;
            }
            stream.write_all(text.as_bytes()).await?;
            drop(room);
            busy = self.seat.busy();
        }
        Ok(())
    }
}

/// Reads up to the next line's end; what is left at the peer's end counts as a line.
async fn next(stream: &mut Patient, buffer: &mut BytesMut, patience: Duration, budgets: &Budgets) -> Read {
    let (mut searched, mut length) = (0, RequestLength::default());
    let mut share = budgets.share();
    let mut due = Instant::now() + if buffer.is_empty() { patience } else { MESSAGE_TIME };
    loop {
        let fresh = buffer.get(searched..).unwrap_or_default();
        let end = fresh.iter().position(|byte| *byte == b'\n').map(|at| searched + at);
        let message = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        if !length.fits(message) || end.is_some() && is_long_batch(message) {
            return Read::Refused(too_large());
        }
        if let Err(busy) = share.cover(message.len()).await {
            return Read::Refused(busy);
        }
        if let Some(end) = end {
            let line = buffer.split_to(end);
            buffer.advance(1);
            return Read::Line(line, share.arrived());
        }
        searched = buffer.len();
        match timeout_at(due, stream.read_buf(buffer)).await {
            Ok(Ok(0)) if searched > 0 => return Read::Line(buffer.split(), share.arrived()),
            Ok(Ok(n)) if n > 0 => {}
            _ => return Read::End,
        }
        if searched == 0 {
            due = Instant::now() + MESSAGE_TIME;
        }
    }
}
