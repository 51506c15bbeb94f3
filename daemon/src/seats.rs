//! Seats: how many connections there are, and which one goes when there is no room.
//!
//! A newcomer always gets a seat. Whoever gives it up is the user's who has the most, and has completed no request, or
//! else has been silent the longest; a connection whose request is being carried out is never closed. One whose request is still on its way
//! in may be: a slow sender keeps nobody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::Notify;
use vault::config::Limits;

/// The descriptors that a connection takes: its socket, and the process at the other end.
const OF_A_CONNECTION: u64 = 2;
/// The descriptors that everything else takes: the database and its readers, locks, the log, the runtime.
const OF_THE_REST: u64 = 40;

/// What is said where the limit of descriptors is the narrower one.
const FEW: &str =
    "the limit of open files allows fewer connections than are configured; raise it (ulimit -n)";

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
    /// Lays out as many seats as are configured, or fewer where there are no descriptors for so many.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
        let possible = descriptors.saturating_sub(OF_THE_REST) / OF_A_CONNECTION;
        let possible = u32::try_from(possible.max(1)).unwrap_or(u32::MAX);
        if possible < limits.connections {
            tracing::warn!(possible, configured = limits.connections, "{FEW}");
        }
        let connections = limits.connections.min(possible);
        Arc::new(Self { limits: Limits { connections, ..limits.clone() }, table: Mutex::default() })
    }

    /// Asks the longest-idle connection to go, as when descriptors have run out.
    pub(crate) fn make_room(&self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).make_room(|_| true);
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
            let most = table.user_with_most(uid);
            if !table.make_room(|place| place.uid == most) {
                table.make_room(|_| true);
            }
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
    /// Gives the user who has the most seats when a newcomer's is counted too: nobody takes another's with many of its
    /// own.
    fn user_with_most(&self, newcomer: u32) -> u32 {
        let mut counts = HashMap::from([(newcomer, 1_usize)]);
        for place in self.taken.values() {
            *counts.entry(place.uid).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(uid, seats)| (*seats, *uid == newcomer))
            .map_or(newcomer, |(uid, _)| uid)
    }

    /// Has one of some connections go, where one of them can.
    fn make_room(&mut self, among: impl Fn(&Place) -> bool) -> bool {
        let candidates = self.taken.iter().filter(|(_, place)| place.busy == 0 && among(place));
        let first = candidates.min_by_key(|(_, place)| (place.served, place.last)).map(|(number, _)| *number);
        let gone = first.and_then(|number| self.taken.remove(&number));
        gone.inspect(|place| place.leave.notify_one()).is_some()
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

impl Busy {
    /// Waits for something of the caller's, as a body; meanwhile the request is not in progress.
    pub(crate) async fn while_caller<T>(&self, sends: impl Future<Output = T>) -> T {
        self.0.seats.change(self.0.number, |place| place.busy = place.busy.saturating_sub(1));
        let sent = sends.await;
        self.0.seats.change(self.0.number, |place| place.busy += 1);
        sent
    }
}

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
        Seats::new(&Limits { connections, ..Limits::default() })
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
    fn a_connection_that_is_still_sending_its_request_goes() {
        let seats = seats(1);
        let first = seats.take(1);
        let busy = first.busy();
        let mut sending = Box::pin(busy.while_caller(std::future::pending::<()>()));
        assert!(sending.as_mut().now_or_never().is_none());
        let _newcomer = seats.take(1);
        assert!(left(&first));
    }

    #[test]
    fn a_connection_whose_request_has_arrived_stays() {
        let seats = seats(1);
        let first = seats.take(1);
        let busy = first.busy();
        busy.while_caller(std::future::ready(())).now_or_never().unwrap();
        let _newcomer = seats.take(1);
        assert!(!left(&first));
    }

    #[test]
    fn a_user_with_many_seats_takes_none_of_anothers() {
        let seats = seats(4);
        let owners = seats.take(1);
        drop(owners.busy());
        let guests: Vec<_> = (0..5).map(|_| seats.take(2)).inspect(|seat| drop(seat.busy())).collect();
        assert!(!left(&owners) && left(&guests[0]) && left(&guests[1]) && !left(&guests[4]));
    }

    #[test]
    fn a_user_at_the_limit_gives_up_a_seat_of_its_own() {
        let seats = Seats::new(&Limits { connections_per_user: 1, ..Limits::default() });
        let (other, mine) = (seats.take(1), seats.take(2));
        let _newcomer = seats.take(2);
        assert!(left(&mine) && !left(&other));
    }
}
