//! Moments as people type them: `2h`, `3d`, `2026-01-31`, or RFC 3339.

use std::str::FromStr;

use vault::clock::{Clock, SystemClock};
use vault::domain::{Invalid, Timestamp};

const RULE: Invalid = Invalid(
    "a time is like 30m, 2h, 3d or 1w, a date like 2026-01-31, or RFC 3339 like 2026-01-31T09:00:00Z",
);

/// A moment, or a distance from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// This moment.
    At(Timestamp),
    /// So many milliseconds away.
    Away(i64),
}

impl Moment {
    /// Gives the moment; a distance lies in the past.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Away(millis) => now.plus_millis(-millis),
        }
    }

    /// Gives the moment; a distance lies in the future.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Away(millis) => now.plus_millis(millis),
        }
    }
}

/// Gives the present moment.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

impl FromStr for Moment {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(millis) = distance(text) {
            return Ok(Self::Away(millis));
        }
        let midnight = || format!("{text}T00:00:00Z").parse().map(Self::At);
        text.parse().map(Self::At).or_else(|_| midnight()).map_err(|_| RULE)
    }
}

fn distance(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    i64::from(number.parse::<u32>().ok()?).checked_mul(seconds * 1000)
}

/// When a secret stops being handed out: never, or at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    /// It never does.
    Never,
    /// It does then.
    At(Moment),
}

impl Expiry {
    /// Gives the moment, counted from now; nothing for never.
    pub(crate) fn moment(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::At(moment) => Some(moment.after(now())),
        }
    }
}

impl FromStr for Expiry {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "never" { Ok(Self::Never) } else { text.parse().map(Self::At) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_from_now() {
        let now = Timestamp::from_millis(10_000_000);
        assert_eq!(now.plus_millis(-7_200_000), "2h".parse::<Moment>().unwrap().before(now));
        assert_eq!(now.plus_millis(60_000), "1m".parse::<Moment>().unwrap().after(now));
    }

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        let expected = "2026-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(Moment::At(expected), "2026-01-31".parse().unwrap());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "h", "2 h", "-2h", "yesterday", "2026-13-01", "ü"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
