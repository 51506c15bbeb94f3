//! Seats: how many connections there are, and which one goes when there is no room.
//!
//! A newcomer always gets a seat. The one who gives it up has completed no request, or else has been silent the
//! longest; a connection in the middle of a request is never closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use vault::config::Limits;

/// All connections.
#[derive(Debug)]
pub(crate) struct Seats {
    limits: Limits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, Place>,
}

#[derive(Debug)]
struct Place {
    uid: u32,
    last: Instant,
    served: bool,
    busy: u32,
    leave: Arc<Notify>,
}

/// One connection's seat; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    leave: Arc<Notify>,
}

impl Seats {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, table: Mutex::default() })
    }

    /// Gives a newcomer a seat, making room where there is none.
    pub(crate) fn take(self: &Arc<Self>, uid: u32) -> Arc<Seat> {
        let leave = Arc::new(Notify::new());
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let of_user = table.taken.values().filter(|place| place.uid == uid).count();
        let limit = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        if of_user >= limit(self.limits.connections_per_user) {
            table.make_room(|place| place.uid == uid);
        } else if table.taken.len() >= limit(self.limits.connections) {
            table.make_room(|_| true);
        }
        let number = table.next;
        table.next += 1;
        let place = Place { uid, last: Instant::now(), served: false, busy: 0, leave: Arc::clone(&leave) };
        table.taken.insert(number, place);
        Arc::new(Seat { seats: Arc::clone(self), number, leave })
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Place)) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = table.taken.get_mut(&number) {
            change(place);
        }
    }
}

impl Table {
    fn make_room(&mut self, among: impl Fn(&Place) -> bool) {
        let candidates = self.taken.iter().filter(|(_, place)| place.busy == 0 && among(place));
        let first = candidates.min_by_key(|(_, place)| (place.served, place.last)).map(|(number, _)| *number);
        if let Some(place) = first.and_then(|number| self.taken.remove(&number)) {
            place.leave.notify_one();
        }
    }
}

impl Seat {
    /// Marks a request in progress until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.seats.change(self.number, |place| place.busy += 1);
        Busy(Arc::clone(self))
    }

    /// Waits until the seat has to be given up.
    pub(crate) async fn given_up(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.seats.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.taken.remove(&self.number);
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Seat>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.seats.change(self.0.number, |place| {
            place.busy = place.busy.saturating_sub(1);
            place.served = true;
            place.last = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn left(seat: &Seat) -> bool {
        seat.given_up().now_or_never().is_some()
    }

    fn seats(connections: u32) -> Arc<Seats> {
        Seats::new(Limits { connections, ..Limits::default() })
    }

    #[test]
    fn the_longest_idle_that_completed_no_request_goes_first() {
        let seats = seats(2);
        let (served, idle) = (seats.take(1), seats.take(1));
        drop(served.busy());
        let newcomer = seats.take(1);
        assert!(left(&idle) && !left(&served) && !left(&newcomer));
    }

    #[test]
    fn a_connection_in_the_middle_of_a_request_stays() {
        let seats = seats(1);
        let first = seats.take(1);
        let _busy = first.busy();
        let _newcomer = seats.take(1);
        assert!(!left(&first));
    }

    #[test]
    fn a_user_at_the_limit_gives_up_a_seat_of_its_own() {
        let seats = Seats::new(Limits { connections_per_user: 1, ..Limits::default() });
        let (other, mine) = (seats.take(1), seats.take(2));
        let _newcomer = seats.take(2);
        assert!(left(&mine) && !left(&other));
    }
}
