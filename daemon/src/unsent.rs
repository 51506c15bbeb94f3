//! Answers that are not written yet: bounded in total, and for each caller.
//!
//! An operation starts once there is room for its answer, and the room is returned when the answer is written. So a
//! caller that reads nothing has a few answers in memory, and its next operation does not start. Owners and other
//! callers draw on separate halves: no guest or agent can take the room that an owner needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vault::api::{Code, Fault};
use vault::config::Limits;
use vault::domain::{Actor, Caller};
use vault::vault::Length;

use crate::body::Budgets;

/// How long an operation waits for room.
const WAIT_TIME: Duration = Duration::from_secs(5);
/// The room of an answer with one value or less, in KiB: enough for the longest value.
const OF_A_VALUE: u32 = 1024;
/// The same for an owner, whose operations wait for the disk together: more of them share a commit.
const OF_AN_OWNER: u32 = 256;

/// How many guests and agents fill their half.
const SHARES: u32 = 4;

/// From how many bytes on an answer with one value waits for its turn: JSON may write a value of 1 MiB in six.
pub(crate) const LONG_BYTES: usize = 2 * 1024 * 1024;
/// How many such answers owners have in memory, and all other callers together.
const LONG_ANSWERS: usize = 2;

/// The memory for answers that are not written yet.
#[derive(Debug)]
pub(crate) struct Unsent {
    owners: Arc<Account>,
    /// What guests and agents may take together.
    others: Arc<Semaphore>,
    /// The turns of their long answers.
    others_long: Arc<Semaphore>,
    /// What their requests draw on.
    others_requests: Budgets,
    /// What each of them may take, in KiB.
    share: u32,
    accounts: Mutex<HashMap<Actor, Weak<Account>>>,
}

/// What one caller has in memory: a guest, an agent, or all owners.
#[derive(Debug)]
pub(crate) struct Account {
    /// What it shares with other callers.
    pool: Arc<Semaphore>,
    /// The turns of long answers.
    long: Arc<Semaphore>,
    /// The room of an answer with one value, in KiB.
    least: u32,
    /// The room of a long answer, in KiB.
    most: u32,
    /// What is its own; owners have no limit but the pool.
    own: Option<Own>,
    /// What its requests draw on.
    pub(crate) requests: Budgets,
}

#[derive(Debug)]
struct Own {
    room: Arc<Semaphore>,
    /// One long answer at a time.
    long: Arc<Semaphore>,
    /// Taken for one pass of the scheduler: of the connections of one caller, one at a time gets the thread.
    turn: Semaphore,
}

/// The room of one answer; returned when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    held: [Option<OwnedSemaphorePermit>; 2],
    turn: Arc<LongTurn>,
}

/// The turn of an answer with one value that is longer than [`LONG_BYTES`]; it ends with the room.
#[derive(Debug)]
pub(crate) struct LongTurn {
    own: Option<Arc<Semaphore>>,
    pool: Arc<Semaphore>,
    taken: OnceLock<[Option<OwnedSemaphorePermit>; 2]>,
}

impl LongTurn {
    /// Waits until the answer may be written.
    ///
    /// # Errors
    /// `busy` if others are not read within five seconds.
    pub(crate) async fn take(&self) -> Result<(), Fault> {
        let own = match &self.own {
            Some(own) => Some(take(own, 1).await?),
            None => None,
        };
        let pool = take(&self.pool, 1).await?;
        // It is asked for once.
        let _ = self.taken.set([own, Some(pool)]);
        Ok(())
    }
}

impl Unsent {
    /// Splits the configured memory.
    pub(crate) fn new(limits: &Limits) -> Self {
        let half = limits.unsent_mib * 1024 / 2;
        let share = half / SHARES;
        let long = || Arc::new(Semaphore::new(LONG_ANSWERS));
        let owners = Arc::new(Account {
            pool: pool(half),
            long: long(),
            least: OF_AN_OWNER,
            most: half / 2,
            own: None,
            requests: Budgets::of_owners(),
        });
        let (others, others_long, others_requests) = (pool(half), long(), Budgets::of_others());
        Self { owners, others, others_long, others_requests, share, accounts: Mutex::default() }
    }

    /// Returns a caller's account; a connection keeps it, so that it is shared by all connections of the caller.
    pub(crate) fn account(&self, caller: &Caller) -> Arc<Account> {
        if caller.is_owner() {
            return Arc::clone(&self.owners);
        }
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let actor = caller.actor();
        if let Some(account) = accounts.get(&actor).and_then(Weak::upgrade) {
            return account;
        }
        accounts.retain(|_, account| account.strong_count() > 0);
        let own = Own { room: pool(self.share), long: Arc::new(Semaphore::new(1)), turn: Semaphore::new(1) };
        let (pool, long) = (Arc::clone(&self.others), Arc::clone(&self.others_long));
        let (own, requests) = (Some(own), self.others_requests.of_one());
        let account = Arc::new(Account { pool, long, least: OF_A_VALUE, most: self.share, own, requests });
        accounts.insert(actor, Arc::downgrade(&account));
        account
    }
}

fn pool(kib: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(usize::try_from(kib).unwrap_or(Semaphore::MAX_PERMITS)))
}

impl Account {
    /// Waits until the caller may have one more answer made, and takes the room for it.
    ///
    /// # Errors
    /// `busy` if there is no room within five seconds.
    pub(crate) async fn admit(self: &Arc<Self>, answer: Length) -> Result<Room, Fault> {
        let kib = match answer {
            Length::Short => self.least.min(self.most),
            Length::Long => self.most,
        };
        let turn = LongTurn {
            own: self.own.as_ref().map(|own| Arc::clone(&own.long)),
            pool: Arc::clone(&self.long),
            taken: OnceLock::new(),
        };
        let mut room = Room { held: [None, None], turn: Arc::new(turn) };
        if let Some(own) = &self.own {
            // Other connections of this caller hold its account too.
            if Arc::strong_count(self) > 1 {
                let _turn = own.turn.acquire().await;
                tokio::task::yield_now().await;
            }
            room.held[0] = Some(take(&own.room, kib).await?);
        }
        room.held[1] = Some(take(&self.pool, kib).await?);
        Ok(room)
    }
}

async fn take(pool: &Arc<Semaphore>, kib: u32) -> Result<OwnedSemaphorePermit, Fault> {
    if let Ok(taken) = Arc::clone(pool).try_acquire_many_owned(kib) {
        return Ok(taken);
    }
    match tokio::time::timeout(WAIT_TIME, Arc::clone(pool).acquire_many_owned(kib)).await {
        Ok(Ok(taken)) => Ok(taken),
        _ => Err(Fault::new(Code::Busy, "too many answers are still to be read")
            .hint("read the answers on your other connections first")),
    }
}

impl Room {
    /// Returns the turn that the answer takes if it is long.
    pub(crate) fn turn(&self) -> Arc<LongTurn> {
        Arc::clone(&self.turn)
    }

    /// Keeps what an answer of this many bytes takes, and returns the rest.
    ///
    /// A longer answer takes what is free now: it is in memory already, and the next operation waits for it.
    pub(crate) fn fit(&mut self, bytes: usize) {
        let kib = bytes.div_ceil(1024);
        for held in self.held.iter_mut().flatten() {
            let surplus = held.num_permits().saturating_sub(kib);
            drop(held.split(surplus));
            let lacking = kib.saturating_sub(held.num_permits()).min(held.semaphore().available_permits());
            let more = u32::try_from(lacking).ok().filter(|lacking| *lacking > 0);
            let more = more.and_then(|kib| Arc::clone(held.semaphore()).try_acquire_many_owned(kib).ok());
            if let Some(more) = more {
                held.merge(more);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use vault::domain::Peer;

    use super::*;

    fn peer(uid: u32) -> Peer {
        Peer { uid, gid: 0, pid: None, exe: None }
    }

    fn unsent() -> Unsent {
        Unsent::new(&Limits::default())
    }

    /// Takes room for answers until all is taken.
    fn fill(account: &Arc<Account>, answer: Length) -> Vec<Room> {
        std::iter::from_fn(|| account.admit(answer).now_or_never()?.ok()).take(1000).collect()
    }

    #[tokio::test]
    async fn a_guest_has_eight_answers_of_the_longest_value_in_memory() {
        let unsent = unsent();
        assert_eq!(8, fill(&unsent.account(&Caller::nobody(peer(1))), Length::Short).len());
    }

    #[tokio::test]
    async fn guests_leave_an_owner_his_half() {
        let unsent = unsent();
        let accounts: Vec<_> = (1..9).map(|uid| unsent.account(&Caller::nobody(peer(uid)))).collect();
        let taken: Vec<_> = accounts.iter().flat_map(|account| fill(account, Length::Short)).collect();
        assert_eq!(32, taken.len());
        let owner = unsent.account(&Caller::owner(peer(0)));
        assert_eq!((128, 32), (fill(&owner, Length::Short).len(), taken.len()));
    }

    #[tokio::test]
    async fn a_guest_has_one_long_answer_in_memory() {
        let unsent = unsent();
        let account = unsent.account(&Caller::nobody(peer(1)));
        let taken = fill(&account, Length::Long);
        assert_eq!((1, 0), (taken.len(), fill(&account, Length::Short).len()));
    }

    #[tokio::test]
    async fn what_an_answer_does_not_need_is_returned_when_it_is_made() {
        let unsent = unsent();
        let account = unsent.account(&Caller::nobody(peer(1)));
        let mut first = account.admit(Length::Long).await.unwrap();
        first.fit(3 * 1024);
        assert_eq!(7, fill(&account, Length::Short).len());
        drop(first);
        assert_eq!(8, fill(&account, Length::Short).len());
    }

    #[tokio::test]
    async fn an_answer_that_is_longer_than_its_room_keeps_the_next_one_waiting() {
        let unsent = unsent();
        let account = unsent.account(&Caller::nobody(peer(1)));
        let mut first = account.admit(Length::Short).await.unwrap();
        first.fit(100 * 1024 * 1024);
        assert!(fill(&account, Length::Short).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn long_answers_take_turns_and_no_caller_but_owners_takes_two() {
        let unsent = unsent();
        let account = |caller: Caller| unsent.account(&caller);
        let (one, two) = (account(Caller::nobody(peer(1))), account(Caller::nobody(peer(2))));
        let first = one.admit(Length::Short).await.unwrap();
        let second = one.admit(Length::Short).await.unwrap();
        let other = two.admit(Length::Short).await.unwrap();
        first.turn().take().await.unwrap();
        assert_eq!(Code::Busy, second.turn().take().await.unwrap_err().code);
        other.turn().take().await.unwrap();
        let owners = account(Caller::owner(peer(0)));
        let (third, fourth) =
            (owners.admit(Length::Short).await.unwrap(), owners.admit(Length::Short).await.unwrap());
        third.turn().take().await.unwrap();
        fourth.turn().take().await.unwrap();
        drop((first, other));
        second.turn().take().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_room_is_refused_after_five_seconds() {
        let unsent = unsent();
        let account = unsent.account(&Caller::nobody(peer(1)));
        let _taken = fill(&account, Length::Long);
        let began = tokio::time::Instant::now();
        let refused = account.admit(Length::Short).await.unwrap_err();
        assert_eq!((Code::Busy, Some(1)), (refused.code, refused.retry_after));
        assert_eq!(WAIT_TIME, began.elapsed());
    }

    #[tokio::test]
    async fn two_connections_of_a_caller_take_turns() {
        let unsent = unsent();
        let (one, other) = (Caller::nobody(peer(1)), Caller::nobody(peer(1)));
        let (one, other) = (unsent.account(&one), unsent.account(&other));
        assert!(one.admit(Length::Short).now_or_never().is_none(), "it yields to other callers");
        drop(other);
        assert!(one.admit(Length::Short).now_or_never().is_some(), "a single connection waits for no turn");
    }
}
