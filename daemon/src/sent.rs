//! Answers on their way: each keeps its room until it is written, and a batch is made as it is taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::router::App;
use crate::rpc::{Answers, Asker, Piece};
use crate::seats::Seat;
use crate::unsent::Room;

/// The longest answer to a batch that is collected and sent with its length, in bytes; a longer one is sent in chunks.
pub(crate) const WHOLE_BYTES: usize = 64 * 1024;

/// The answers of a batch, each made when hyper asks for it, which it does when it has written the one before.
pub(crate) type Batch = StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;

struct Held<T> {
    answer: T,
    /// Returned when the answer is dropped.
    _room: Option<Room>,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        self.answer.as_ref()
    }
}

/// Binds an answer to its room, which is returned when the answer is written.
pub(crate) fn held(answer: impl AsRef<[u8]> + Send + 'static, room: Option<Room>) -> Bytes {
    Bytes::from_owner(Held { answer, _room: room })
}

/// Sends what was collected of a batch, and answers the rest of it as it is taken.
pub(crate) fn batch(first: Bytes, rest: (Arc<App>, Asker, Answers<Bytes>), seat: Arc<Seat>) -> Batch {
    let frame = |bytes| Ok(Frame::data(bytes));
    let rest = stream::unfold((rest, seat), |((app, asker, mut answers), seat)| async move {
        let busy = seat.busy();
        let Piece { text, room, .. } = answers.next(&app, &asker, &busy).await?;
        drop(busy);
        Some((held(text, room), ((app, asker, answers), seat)))
    });
    StreamBody::new(stream::once(std::future::ready(first)).chain(rest).map(frame).boxed())
}
