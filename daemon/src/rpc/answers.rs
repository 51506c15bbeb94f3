//! The answers of a batch, made one at a time: the next message is done when the answer before it was taken.

use std::ops::Range;
use std::vec::IntoIter;

use serde_json::value::RawValue;

use super::{Asker, invalid, one, unreadable};
use crate::router::App;
use crate::seats::Busy;
use crate::unsent::Room;

/// The most messages of a batch.
const BATCH: usize = 100;

/// The answers to a message or a batch, each made when the one before was taken.
pub(crate) struct Answers<T> {
    text: T,
    left: Left,
}

/// What is not answered yet.
enum Left {
    /// One message.
    One(Range<usize>),
    /// The messages of a batch, and whether one of them was answered.
    Batch(IntoIter<Range<usize>>, bool),
    /// A text without messages, with its refusal.
    Refused(String),
    Nothing,
}

/// A part of the answer, with the room that it takes until it is written.
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) room: Option<Room>,
    /// Whether it ends the answer.
    pub(crate) last: bool,
}

impl Piece {
    fn last(text: String) -> Self {
        Self { text, room: None, last: true }
    }
}

impl<T: AsRef<[u8]>> Answers<T> {
    /// Begins to answer a text.
    pub(crate) fn of(app: &App, text: T) -> Self {
        let left = messages(app, text.as_ref());
        Self { text, left }
    }

    /// Makes the next part of the answer; `None` at its end, which is at once if all messages are notifications.
    pub(crate) async fn next(&mut self, app: &App, asker: &Asker, busy: &Busy) -> Option<Piece> {
        loop {
            match std::mem::replace(&mut self.left, Left::Nothing) {
                Left::Nothing => return None,
                Left::Refused(text) => return Some(Piece::last(text)),
                Left::One(at) => {
                    let (text, room) = one(app, asker, (busy, self.at(at))).await?;
                    return Some(Piece { text, room, last: true });
                }
                Left::Batch(mut messages, begun) => {
                    let Some(at) = messages.next() else {
                        return begun.then(|| Piece::last("]".to_owned()));
                    };
                    let answer = one(app, asker, (busy, self.at(at))).await;
                    self.left = Left::Batch(messages, begun || answer.is_some());
                    // What waits for no disk would keep everybody else waiting until the last of a batch.
                    tokio::task::yield_now().await;
                    if let Some((mut text, room)) = answer {
                        text.insert(0, if begun { ',' } else { '[' });
                        return Some(Piece { text, room, last: false });
                    }
                }
            }
        }
    }

    /// Returns a message of the text, which was read as UTF-8 before.
    fn at(&self, place: Range<usize>) -> &str {
        let bytes = self.text.as_ref().get(place).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Finds the messages of a text.
fn messages(app: &App, text: &[u8]) -> Left {
    let Ok(text) = std::str::from_utf8(text) else {
        return Left::Refused(unreadable(app, "the message is not UTF-8"));
    };
    let place = |part: &str| {
        let begin = part.as_ptr().addr() - text.as_ptr().addr();
        begin..begin + part.len()
    };
    let message = text.trim_ascii();
    if !message.starts_with('[') {
        return Left::One(place(message));
    }
    match serde_json::from_str::<Vec<&RawValue>>(message) {
        Err(_) => Left::Refused(unreadable(app, "the batch is not JSON")),
        Ok(batch) if batch.is_empty() || batch.len() > BATCH => {
            Left::Refused(invalid(app, "a batch has 1 to 100 messages"))
        }
        Ok(batch) => {
            let places: Vec<_> = batch.iter().map(|message| place(message.get())).collect();
            Left::Batch(places.into_iter(), false)
        }
    }
}
