//! Seats: how many connections there are, and which one is closed when there is no room.
//!
//! A new connection always gets a seat. If there is none, a connection of the holder with the most connections is closed:
//! first one that never completed a request, else the longest idle. A connection whose request is being carried out is
//! never closed; one whose request is still arriving, or waits to be identified or for room for its answer, may be: a slow sender keeps no
//! other out.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::Notify;
use vault::config::Limits;
use vault::domain::{Actor, Caller};
use vault::vault::Standing;

use crate::router::Client;
use crate::unsent::Account;

/// The descriptors that a connection takes: its socket, and the process at the other end.
const OF_A_CONNECTION: u64 = 2;
/// The descriptors that everything else takes: the database and its readers, locks, the log, the runtime.
const OF_THE_REST: u64 = 40;

/// The most connections that are accepted in a row: behind a crowd that comes at once an owner should not wait for long.
const IN_A_ROW: u32 = 16;

/// What is said where the limit of descriptors is the narrower one.
const FEW: &str =
    "the limit of open files allows fewer connections than are configured; raise it (ulimit -n)";

/// All connections.
#[derive(Debug)]
pub(crate) struct Seats {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    limits: Limits,
    in_a_row: u32,
    next: u64,
    taken: HashMap<u64, Place>,
}

/// Who holds a seat: the user of the process at the other end, until its first request names an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    standing: Standing,
    actor: Actor,
}

impl Holder {
    /// Names a user at the door.
    pub(crate) fn user(uid: u32, standing: Standing) -> Self {
        Self { standing, actor: Actor::Uid(uid) }
    }

    fn of(caller: &Caller) -> Self {
        let standing = if caller.is_owner() { Standing::Owner } else { Standing::Guest };
        Self { standing, actor: caller.actor() }
    }

    fn limit(&self, limits: &Limits) -> usize {
        let limit = match self.standing {
            Standing::Owner => limits.connections_per_user,
            Standing::Guest => limits.connections_per_agent.min(limits.connections_per_user),
        };
        count(limit)
    }
}

#[derive(Debug)]
struct Place {
    holder: Holder,
    /// Kept for as long as the connection, so that all connections of a caller share it.
    account: Option<Arc<Account>>,
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
        let (limits, in_a_row) = possible(limits);
        Arc::new(Self { table: Mutex::new(Table { limits, in_a_row, ..Table::default() }) })
    }

    /// Takes other limits; connections beyond them are closed, but for those whose request is being carried out.
    pub(crate) fn limit(&self, limits: &Limits) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        (table.limits, table.in_a_row) = possible(limits);
        table.shrink();
    }

    /// Returns how many connections may be accepted before those that have to go for them are gone.
    pub(crate) fn in_a_row(&self) -> u32 {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).in_a_row
    }

    /// Asks the longest-idle connection to go, as when descriptors have run out.
    pub(crate) fn make_room(&self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).make_room(|_| true);
    }

    /// Gives a new connection a seat, making room if there is none.
    pub(crate) fn take(self: &Arc<Self>, holder: Holder) -> Arc<Seat> {
        let leave = Arc::new(Notify::new());
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.of(&holder) >= holder.limit(&table.limits) {
            table.make_room(|place| place.holder == holder);
        } else if table.taken.len() >= count(table.limits.connections) {
            let most = table.holder_with_most(&holder);
            if !table.make_room(|place| place.holder == most) {
                table.make_room(|_| true);
            }
        }
        let number = table.next;
        table.next += 1;
        let (last, leaves) = (Instant::now(), Arc::clone(&leave));
        let place = Place { holder, account: None, last, served: false, busy: 0, leave: leaves };
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

/// Returns the limits that there are descriptors for, and how many connections may be accepted in a row then.
fn possible(limits: &Limits) -> (Limits, u32) {
    let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let possible = descriptors.saturating_sub(OF_THE_REST) / OF_A_CONNECTION;
    let possible = u32::try_from(possible.max(1)).unwrap_or(u32::MAX);
    if possible < limits.connections {
        tracing::warn!(possible, configured = limits.connections, "{FEW}");
    }
    let connections = limits.connections.min(possible);
    let in_a_row = possible.saturating_sub(connections).clamp(1, IN_A_ROW);
    (Limits { connections, ..limits.clone() }, in_a_row)
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Table {
    /// Closes connections until no limit is exceeded, or what is left is busy.
    fn shrink(&mut self) {
        let holders: HashSet<Holder> = self.taken.values().map(|place| place.holder.clone()).collect();
        for holder in holders {
            while self.of(&holder) > holder.limit(&self.limits)
                && self.make_room(|place| place.holder == holder)
            {}
        }
        while self.taken.len() > count(self.limits.connections) && self.make_room(|_| true) {}
    }

    fn of(&self, holder: &Holder) -> usize {
        self.taken.values().filter(|place| place.holder == *holder).count()
    }

    /// Returns the holder of the most seats, the newcomer's own counted too: no holder of many takes another's.
    fn holder_with_most(&self, newcomer: &Holder) -> Holder {
        let mut counts = HashMap::from([(newcomer, 1_usize)]);
        for place in self.taken.values() {
            *counts.entry(&place.holder).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(holder, seats)| (*seats, *holder == newcomer));
        most.map_or(newcomer, |(holder, _)| holder).clone()
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

    /// Counts the connection as the caller's who makes the present request.
    pub(crate) fn speaks_for(&self, client: &Client) {
        let mut table = self.seats.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = table.taken.get_mut(&self.number) else { return };
        if place.account.as_ref().is_some_and(|account| Arc::ptr_eq(account, &client.account)) {
            return;
        }
        place.account = Some(Arc::clone(&client.account));
        let holder = Holder::of(&client.caller);
        if place.holder == holder {
            return;
        }
        place.holder = holder.clone();
        if table.of(&holder) > holder.limit(&table.limits) {
            table.make_room(|place| place.holder == holder);
        }
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
    /// Returns the seat that is busy.
    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.0
    }

    /// Waits for something of the caller's, as who it is, a body, or room for its answer; meanwhile the request is not in progress.
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
    use vault::domain::Peer;

    use super::*;
    use crate::unsent::Unsent;

    fn left(seat: &Seat) -> bool {
        seat.given_up().now_or_never().is_some()
    }

    fn owner(uid: u32) -> Holder {
        Holder::user(uid, Standing::Owner)
    }

    fn seats(connections: u32) -> Arc<Seats> {
        Seats::new(&Limits { connections, ..Limits::default() })
    }

    #[test]
    fn the_longest_idle_that_completed_no_request_goes_first() {
        let seats = seats(2);
        let (served, idle) = (seats.take(owner(1)), seats.take(owner(1)));
        drop(served.busy());
        let newcomer = seats.take(owner(1));
        assert!(left(&idle) && !left(&served) && !left(&newcomer));
    }

    #[test]
    fn a_connection_in_the_middle_of_a_request_stays() {
        let seats = seats(1);
        let first = seats.take(owner(1));
        let _busy = first.busy();
        let _newcomer = seats.take(owner(1));
        assert!(!left(&first));
    }

    #[test]
    fn a_connection_that_is_still_sending_its_request_goes() {
        let seats = seats(1);
        let first = seats.take(owner(1));
        let busy = first.busy();
        let mut sending = Box::pin(busy.while_caller(std::future::pending::<()>()));
        assert!(sending.as_mut().now_or_never().is_none());
        let _newcomer = seats.take(owner(1));
        assert!(left(&first));
    }

    #[test]
    fn a_connection_whose_request_has_arrived_stays() {
        let seats = seats(1);
        let first = seats.take(owner(1));
        let busy = first.busy();
        busy.while_caller(std::future::ready(())).now_or_never().unwrap();
        let _newcomer = seats.take(owner(1));
        assert!(!left(&first));
    }

    #[test]
    fn a_user_with_many_seats_takes_none_of_anothers() {
        let seats = seats(4);
        let owners = seats.take(owner(1));
        drop(owners.busy());
        let guests: Vec<_> = (0..5).map(|_| seats.take(owner(2))).inspect(|seat| drop(seat.busy())).collect();
        assert!(!left(&owners) && left(&guests[0]) && left(&guests[1]) && !left(&guests[4]));
    }

    #[test]
    fn a_user_at_the_limit_gives_up_a_seat_of_its_own() {
        let seats = Seats::new(&Limits { connections_per_user: 1, ..Limits::default() });
        let (other, mine) = (seats.take(owner(1)), seats.take(owner(2)));
        let _newcomer = seats.take(owner(2));
        assert!(left(&mine) && !left(&other));
    }

    #[test]
    fn a_guest_has_fewer_seats_than_an_owner() {
        let seats = Seats::new(&Limits { connections_per_agent: 1, ..Limits::default() });
        let guest = || seats.take(Holder::user(2, Standing::Guest));
        let (of_owner, of_guest) = ([seats.take(owner(1)), seats.take(owner(1))], [guest(), guest()]);
        assert!(left(&of_guest[0]) && !left(&of_guest[1]) && !of_owner.iter().any(|seat| left(seat)));
    }

    #[test]
    fn a_connection_counts_as_the_agents_whose_token_it_names() {
        let limits = Limits { connections_per_agent: 1, ..Limits::default() };
        let (seats, unsent) = (Seats::new(&limits), Unsent::new(&limits));
        let peer = Peer { uid: 1, gid: 1, pid: None, exe: None };
        let agent = || {
            let caller = Caller::nobody(peer.clone());
            Client { account: unsent.account(&caller), caller }
        };
        let (first, second) = (seats.take(owner(1)), seats.take(owner(1)));
        first.speaks_for(&agent());
        assert!(!left(&first));
        let _busy = second.busy();
        second.speaks_for(&agent());
        assert!(left(&first) && !left(&second));
    }
}
