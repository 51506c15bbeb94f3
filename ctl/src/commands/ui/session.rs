//! Who may ask: a token that is traded once, for a bearer that ends with the idle time.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hyper::Method;
use serde::{Serialize, Serializer};
use subtle::ConstantTimeEq;
use tokio::sync::Notify;
use vault::api::{Code, Fault};
use vault::clock::Clock;
use vault::crypto::{Bytes32, MacKey, derive};
use vault::domain::Timestamp;
use vault::secret::KeyBytes;
use zeroize::Zeroizing;

/// How long the link can be opened.
const LINK_SECONDS: i64 = 60;
/// The shortest and the longest idle time, in seconds.
const SHORTEST_IDLE: u32 = 10;
const LONGEST_IDLE: u32 = 1440 * 60;
/// How many wrong tokens make the link void.
const WRONG_TOKENS: u8 = 10;

/// What the secret by which the server proves itself is derived for; the page derives it alike.
const PROOF: &str = "vault/dashboard/proof/v1";

/// Something that only the page knows; it cannot be printed, and is wiped.
pub(super) struct Pass(Zeroizing<String>);

fn random_key() -> Result<KeyBytes, Fault> {
    vault::crypto::random_key().map_err(|_| Fault::new(Code::Internal, "the system gives no random numbers"))
}

impl Pass {
    /// Draws one of 256 random bits.
    fn draw() -> Result<Self, Fault> {
        random_key().map(|key| Self::of(&key))
    }

    fn of(key: &KeyBytes) -> Self {
        Self(Zeroizing::new(BASE64URL_NOPAD.encode(key.expose())))
    }

    /// Compares in a time that does not tell where the two differ.
    fn fits(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Gives the page its own.
    fn twin(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(…)")
    }
}

/// How long before the end the page is warned at most, in milliseconds.
const WARNING: i64 = 60_000;

/// How long things last, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the start until the link is void.
    pub(super) link: i64,
    /// From the last use until the end.
    pub(super) idle: i64,
}

impl Limits {
    /// Returns the usual time of the link, and an idle time.
    pub(super) fn usual(idle: Idle) -> Self {
        Self { link: LINK_SECONDS * 1000, idle: i64::from(idle.0) * 1000 }
    }

    /// Returns how long before the end the page is warned.
    fn warning(self) -> i64 {
        WARNING.min(self.idle / 2)
    }
}

/// How long a dashboard goes without use before it ends, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Idle(u32);

impl FromStr for Idle {
    type Err = &'static str;

    /// Reads `15`, `15m` or `90s`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, unit) = match text.strip_suffix('s') {
            Some(seconds) => (seconds, 1),
            None => (text.strip_suffix('m').unwrap_or(text), 60),
        };
        let seconds = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
        let fits = seconds.filter(|seconds| (SHORTEST_IDLE..=LONGEST_IDLE).contains(seconds));
        fits.map(Self).ok_or("expected 1 to 1440 minutes, or seconds as 90s, 10s at least")
    }
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody opened the link in time.
    Unopened,
    /// Too many wrong tokens were tried.
    Guessed,
    /// Nobody used the page for a while.
    Idle,
    /// The page ended it.
    Closed,
    /// The user ended it: Ctrl-C, or a signal.
    Stopped,
}

impl End {
    /// Returns the word by which the page knows it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unopened | Self::Guessed | Self::Stopped => "stopped",
            Self::Idle => "idle",
            Self::Closed => "closed",
        }
    }
}

/// How much time is left unless it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Enough to say nothing of it.
    Enough,
    /// So little that the page is to ask.
    Little(Duration),
    /// It is over.
    Nothing,
}

enum State {
    Offered { token: Pass, until: Timestamp, wrong: u8 },
    Open { bearer: Pass, csrf: Pass, used: Timestamp },
    Over(End),
}

/// What the page gets for the token.
#[derive(Serialize)]
pub(super) struct Granted {
    #[serde(serialize_with = "exposed")]
    bearer: Pass,
    #[serde(serialize_with = "exposed")]
    csrf: Pass,
    version: &'static str,
    since: Timestamp,
}

/// Writes a pass into the one answer that carries it.
fn exposed<S: Serializer>(pass: &Pass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&pass.0)
}

/// What a request shows.
pub(super) struct Shown<'r> {
    /// `Authorization: Bearer …`.
    pub(super) bearer: Option<&'r str>,
    /// `X-CSRF-Token: …`.
    pub(super) csrf: Option<&'r str>,
    /// The verb.
    pub(super) verb: &'r Method,
    /// Whether the session counts as used by it.
    pub(super) use_of_it: Use,
}

/// Whether somebody does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A person did something.
    Active,
    /// The page did something by itself.
    Passive,
}

/// The one session of a server.
pub(super) struct Session {
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// What proves that this server is the one of the link: never sent, and forgotten with this process.
    proof: MacKey,
    state: Mutex<State>,
    /// Told when the link is traded, and at the end.
    pub(super) changed: Notify,
}

impl Session {
    /// Starts with a link that nobody has opened yet.
    ///
    /// # Errors
    /// `internal` where the system gives no random numbers.
    pub(super) fn offered(clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, Fault> {
        let until = clock.now().plus_millis(limits.link);
        let key = random_key()?;
        let proof = MacKey::new(derive(key.expose(), None, PROOF).expose());
        let state = State::Offered { token: Pass::of(&key), until, wrong: 0 };
        Ok(Self { clock, limits, proof, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Writes the link, with the token in its fragment.
    pub(super) fn link(&self, port: u16) -> Zeroizing<String> {
        let state = self.state();
        let token = if let State::Offered { token, .. } = &*state { token.0.as_str() } else { "" };
        Zeroizing::new(format!("http://127.0.0.1:{port}/#token={token}"))
    }

    /// Trades the token for a bearer.
    ///
    /// # Errors
    /// `unauthorized` for a wrong token, one that was used, or one that has expired.
    pub(super) fn trade(&self, shown: &str) -> Result<Granted, Fault> {
        let mut state = self.state();
        let State::Offered { token, wrong, .. } = &mut *state else {
            return Err(void());
        };
        if !token.fits(shown) {
            *wrong += 1;
            if *wrong >= WRONG_TOKENS {
                *state = State::Over(End::Guessed);
                self.changed.notify_one();
            }
            return Err(void());
        }
        let (bearer, csrf, since) = (Pass::draw()?, Pass::draw()?, self.clock.now());
        let version = env!("CARGO_PKG_VERSION");
        let granted = Granted { bearer: bearer.twin(), csrf: csrf.twin(), version, since };
        *state = State::Open { bearer, csrf, used: since };
        self.changed.notify_one();
        Ok(granted)
    }

    /// Lets a request in, or not.
    ///
    /// # Errors
    /// `unauthorized` without the bearer, `forbidden` for a change without the CSRF token.
    pub(super) fn admit(&self, shown: &Shown<'_>) -> Result<(), Fault> {
        let mut state = self.state();
        let State::Open { bearer, csrf, used } = &mut *state else { return Err(no_session()) };
        if !shown.bearer.is_some_and(|text| bearer.fits(text)) {
            return Err(no_session());
        }
        if shown.verb != Method::GET && !shown.csrf.is_some_and(|text| csrf.fits(text)) {
            let fault = Fault::new(Code::Forbidden, "the request lacks the page's X-CSRF-Token");
            return Err(fault.hint("reload the page"));
        }
        if shown.use_of_it == Use::Active {
            *used = self.clock.now();
        }
        Ok(())
    }

    /// Proves to the page that this is the server that its link came from: an HMAC of what the page has just drawn.
    pub(super) fn prove(&self, nonce: &Bytes32) -> String {
        BASE64URL_NOPAD.encode(&self.proof.mac(&[nonce]))
    }

    /// Ends it at the page's wish.
    pub(super) fn close(&self) {
        *self.state() = State::Over(End::Closed);
        self.changed.notify_one();
    }

    /// Tells whether the link still waits to be opened.
    pub(super) fn is_offered(&self) -> bool {
        matches!(*self.state(), State::Offered { .. })
    }

    /// Tells why it is over, if it is.
    pub(super) fn end(&self) -> Option<End> {
        match &*self.state() {
            State::Over(end) => Some(*end),
            _ => None,
        }
    }

    /// Returns how long it goes without use.
    pub(super) fn idle(&self) -> Duration {
        span(self.limits.idle)
    }

    /// Returns how much time is left unless it is used.
    pub(super) fn left(&self) -> Left {
        let used = match &*self.state() {
            State::Offered { .. } => return Left::Enough,
            State::Open { used, .. } => *used,
            State::Over(_) => return Left::Nothing,
        };
        let end = used.plus_millis(self.limits.idle);
        let left = end.as_millis().saturating_sub(self.clock.now().as_millis());
        if left <= self.limits.warning() { Left::Little(span(left)) } else { Left::Enough }
    }

    /// Gives the state as the clock has it now.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let end = match &*state {
            State::Offered { until, .. } if now >= *until => End::Unopened,
            State::Open { used, .. } if now >= used.plus_millis(self.limits.idle) => End::Idle,
            _ => return state,
        };
        *state = State::Over(end);
        self.changed.notify_one();
        state
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}

fn span(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

fn void() -> Fault {
    Fault::new(Code::Unauthorized, "this link was used already, or is none of this dashboard")
        .hint("get a new one with: vaultctl ui")
}

fn no_session() -> Fault {
    Fault::new(Code::Unauthorized, "this browser has no session with the dashboard")
        .hint("open one with: vaultctl ui")
}

#[cfg(test)]
mod tests {
    use vault::clock::ManualClock;

    use super::*;

    const START: i64 = 1_000_000;

    fn minutes(count: u32) -> Idle {
        Idle(count * 60)
    }

    fn offered() -> (Session, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
        (Session::offered(clock.clone(), Limits::usual(minutes(15))).unwrap(), clock)
    }

    fn token(session: &Session) -> Zeroizing<String> {
        let link = session.link(7777);
        Zeroizing::new(link.strip_prefix("http://127.0.0.1:7777/#token=").unwrap().to_owned())
    }

    fn traded() -> (Session, Arc<ManualClock>, Granted) {
        let (session, clock) = offered();
        let granted = session.trade(&token(&session)).unwrap();
        (session, clock, granted)
    }

    fn code(result: Result<(), Fault>) -> Option<Code> {
        result.err().map(|fault| fault.code)
    }

    fn active(session: &Session, granted: &Granted) -> Result<(), Fault> {
        let (bearer, csrf) = (Some(granted.bearer.0.as_str()), Some(granted.csrf.0.as_str()));
        session.admit(&Shown { bearer, csrf, verb: &Method::POST, use_of_it: Use::Active })
    }

    #[test]
    fn a_token_is_32_random_bytes_and_differs_each_time() {
        let (one, two) = (token(&offered().0), token(&offered().0));
        assert_eq!(43, one.len());
        assert_ne!(one, two);
    }

    #[test]
    fn a_token_is_traded_once() {
        let (session, _) = offered();
        let token = token(&session);
        assert!(session.is_offered());
        session.trade(&token).unwrap();
        assert_eq!(Some(Code::Unauthorized), session.trade(&token).err().map(|fault| fault.code));
        assert!(!session.is_offered() && session.end().is_none());
    }

    #[test]
    fn a_link_that_nobody_opens_within_a_minute_is_void() {
        let (session, clock) = offered();
        let token = token(&session);
        clock.turn_to(Timestamp::from_millis(START + 59_999));
        assert!(session.is_offered());
        clock.turn_to(Timestamp::from_millis(START + 60_000));
        assert!(session.trade(&token).is_err());
        assert_eq!(Some(End::Unopened), session.end());
    }

    #[test]
    fn ten_wrong_tokens_make_the_link_void() {
        let (session, _) = offered();
        let token = token(&session);
        for wrong in ["", "a", &token[1..], &"A".repeat(43)].into_iter().cycle().take(9) {
            assert!(session.trade(wrong).is_err());
        }
        assert!(session.is_offered());
        assert!(session.trade("the tenth").is_err());
        assert!(session.trade(&token).is_err());
        assert_eq!(Some(End::Guessed), session.end());
    }

    #[test]
    fn nothing_is_let_in_before_the_token_is_traded() {
        let (session, _) = offered();
        let (_, _, of_another) = traded();
        assert_eq!(Some(Code::Unauthorized), code(active(&session, &of_another)));
    }

    #[test]
    fn a_change_needs_the_csrf_token_and_a_look_does_not() {
        let (session, _, granted) = traded();
        let shown = |csrf: Option<&str>, verb: &Method| {
            let bearer = Some(granted.bearer.0.as_str());
            code(session.admit(&Shown { bearer, csrf, verb, use_of_it: Use::Active }))
        };
        assert_eq!(None, shown(None, &Method::GET));
        for verb in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(Some(Code::Forbidden), shown(None, &verb));
            assert_eq!(Some(Code::Forbidden), shown(Some(granted.bearer.0.as_str()), &verb));
            assert_eq!(None, shown(Some(granted.csrf.0.as_str()), &verb));
        }
    }

    #[test]
    fn a_session_ends_after_a_time_without_use() {
        let (session, clock, granted) = traded();
        clock.turn_to(Timestamp::from_millis(START + 14 * 60_000));
        active(&session, &granted).unwrap();
        clock.turn_to(Timestamp::from_millis(START + 28 * 60_000));
        assert_eq!(None, session.end());
        clock.turn_to(Timestamp::from_millis(START + 29 * 60_000));
        assert_eq!(Some(Code::Unauthorized), code(active(&session, &granted)));
        assert_eq!(Some(End::Idle), session.end());
    }

    #[test]
    fn the_end_is_near_for_the_last_minute_or_half_of_the_idle_time_until_it_is_used() {
        for (idle, warned) in [("15", 60), ("1", 30), ("20s", 10)] {
            let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
            let session = Session::offered(clock.clone(), Limits::usual(idle.parse().unwrap())).unwrap();
            assert_eq!(Left::Enough, session.left(), "a link that waits is not warned of");
            let granted = session.trade(&token(&session)).unwrap();
            let near = START + session.limits.idle - warned * 1000;
            clock.turn_to(Timestamp::from_millis(near - 1));
            assert_eq!(Left::Enough, session.left(), "{idle}");
            clock.turn_to(Timestamp::from_millis(near));
            assert_eq!(Left::Little(span(warned * 1000)), session.left(), "{idle}");
            active(&session, &granted).unwrap();
            assert_eq!(Left::Enough, session.left(), "{idle}");
            clock.turn_to(Timestamp::from_millis(near + session.limits.idle));
            assert_eq!(Left::Nothing, session.left(), "{idle}");
        }
    }

    #[test]
    fn an_idle_time_is_minutes_or_seconds_within_its_bounds() {
        let read = |text: &str| text.parse::<Idle>().ok().map(|idle| idle.0);
        for (text, seconds) in [("15", 900), ("15m", 900), ("90s", 90), ("10s", 10), ("1440", 86_400)] {
            assert_eq!(Some(seconds), read(text), "{text}");
        }
        for text in ["", "0", "1441", "9s", "s", "m", "-1", "1.5", "90 s", "1h", "4294967295"] {
            assert_eq!(None, read(text), "{text}");
        }
    }

    #[test]
    fn what_the_page_does_by_itself_is_no_use() {
        let (session, clock, granted) = traded();
        clock.turn_to(Timestamp::from_millis(START + 14 * 60_000));
        let bearer = Some(granted.bearer.0.as_str());
        session.admit(&Shown { bearer, csrf: None, verb: &Method::GET, use_of_it: Use::Passive }).unwrap();
        clock.turn_to(Timestamp::from_millis(START + 15 * 60_000));
        assert_eq!(Some(End::Idle), session.end());
    }

    #[test]
    fn a_wrong_bearer_is_no_use() {
        let (session, clock, granted) = traded();
        let (_, _, of_another) = traded();
        clock.turn_to(Timestamp::from_millis(START + 14 * 60_000));
        assert_eq!(Some(Code::Unauthorized), code(active(&session, &of_another)));
        clock.turn_to(Timestamp::from_millis(START + 15 * 60_000));
        assert!(active(&session, &granted).is_err());
    }

    #[test]
    fn only_who_knows_the_link_can_prove_it() {
        let (session, _) = offered();
        let key: Bytes32 = BASE64URL_NOPAD.decode(token(&session).as_bytes()).unwrap().try_into().unwrap();
        let proof = MacKey::new(derive(&key, None, PROOF).expose()).mac(&[&[7; 32]]);
        assert_eq!(BASE64URL_NOPAD.encode(&proof), session.prove(&[7; 32]));
        assert_ne!(session.prove(&[7; 32]), session.prove(&[8; 32]));
        assert_ne!(session.prove(&[7; 32]), offered().0.prove(&[7; 32]));
    }

    #[test]
    fn nothing_of_it_can_be_printed() {
        let (session, _, granted) = traded();
        assert_eq!("Session(…) Pass(…)", format!("{session:?} {:?}", granted.bearer));
    }
}
