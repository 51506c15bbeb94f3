//! Moments, to the millisecond, as RFC 3339 in UTC.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Invalid;

/// A moment in milliseconds since 1970-01-01T00:00:00Z; on the wire RFC 3339 in UTC with milliseconds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a moment of milliseconds since 1970; beyond the years -9999 to 9999 it stops at their ends.
    pub fn from_millis(millis: i64) -> Self {
        // Of its last second not every part can be written down.
        let (low, high) = (jiff::Timestamp::MIN.as_second() * 1000, jiff::Timestamp::MAX.as_second() * 1000);
        Self(millis.clamp(low, high))
    }

    /// Gives milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Gives the moment so many milliseconds later (or earlier, if negative).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{moment:.3}")
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

impl std::str::FromStr for Timestamp {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let moment: jiff::Timestamp = text
            .parse()
            .map_err(|_| Invalid("a time is RFC 3339 with a zone, as 2026-01-31T09:00:00.000Z"))?;
        Ok(Self::from_millis(moment.as_millisecond()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_moment_are_written_and_read_again() {
        for millis in [i64::MIN, jiff::Timestamp::MAX.as_millisecond(), i64::MAX] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Ok(moment), moment.to_string().parse().map_err(|Invalid(why)| why));
        }
        let last: Timestamp = "9999-12-30T22:00:00.999Z".parse().map_err(|Invalid(why)| why).unwrap();
        assert_eq!("9999-12-30T22:00:00.000Z", last.to_string());
    }
}
