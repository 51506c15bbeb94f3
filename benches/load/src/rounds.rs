//! Samples in alternating rounds, their median and their spread.

use anyhow::Result;

use crate::say;

/// What a client saw in one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sample {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Half of the answers came within so many microseconds.
    pub(crate) p50: f64,
    /// Of a hundred, ninety-nine did.
    pub(crate) p99: f64,
}

/// Something that is measured once a round.
pub(crate) struct Subject<'a> {
    name: &'static str,
    measure: Box<dyn FnMut() -> Result<Sample> + 'a>,
}

impl<'a> Subject<'a> {
    /// Names what a function measures.
    pub(crate) fn new(name: &'static str, measure: impl FnMut() -> Result<Sample> + 'a) -> Self {
        Self { name, measure: Box::new(measure) }
    }
}

/// The samples of one subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<Sample>);

/// A median with its spread: how far the samples lie apart, by the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Middle {
    /// The median.
    pub(crate) value: f64,
    /// From the least sample to the greatest, by the median.
    pub(crate) spread: f64,
}

/// Measures each subject once a round, in turn, so that a busy moment hits all of them.
pub(crate) fn alternate<const N: usize>(
    rounds: usize,
    mut subjects: [Subject<'_>; N],
) -> Result<[Series; N]> {
    let mut series = [const { Series(Vec::new()) }; N];
    for round in 1..=rounds {
        for (subject, series) in subjects.iter_mut().zip(&mut series) {
            say::progress(format_args!("{} ({round} of {rounds})", subject.name));
            series.0.push((subject.measure)()?);
        }
    }
    Ok(series)
}

impl Series {
    /// Takes samples that were measured beside another subject.
    pub(crate) fn of(samples: Vec<Sample>) -> Self {
        Self(samples)
    }

    /// Gives the rates' median.
    pub(crate) fn rate(&self) -> Middle {
        middle(self.0.iter().map(|sample| sample.rate))
    }

    /// Gives the median of what half of the answers took.
    pub(crate) fn p50(&self) -> Middle {
        middle(self.0.iter().map(|sample| sample.p50))
    }

    /// Gives the median of what ninety-nine of a hundred took.
    pub(crate) fn p99(&self) -> Middle {
        middle(self.0.iter().map(|sample| sample.p99))
    }
}

impl Sample {
    /// Takes one duration, in microseconds.
    pub(crate) fn of_micros(micros: f64) -> Self {
        Self { rate: 1e6 / micros, p50: micros, p99: micros }
    }
}

fn middle(values: impl Iterator<Item = f64>) -> Middle {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return Middle { value: f64::NAN, spread: f64::NAN };
    };
    let half = values.len() / 2;
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    let value = if values.len().is_multiple_of(2) { f64::midpoint(at(half - 1), at(half)) } else { at(half) };
    Middle { value, spread: (most - least) / value }
}

impl Middle {
    /// Writes the median with a unit, and the spread.
    pub(crate) fn written(self, unit: &str) -> String {
        format!("{} {unit} (± {:.0} %)", crate::row::number(self.value), self.spread * 50.0)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_not_the_mean() {
        assert_eq!(2.0, middle([1.0, 100.0, 2.0].into_iter()).value);
        assert_eq!(2.5, middle([4.0, 1.0, 2.0, 3.0].into_iter()).value);
        assert!(middle([].into_iter()).value.is_nan());
    }

    #[test]
    fn the_spread_is_from_end_to_end_by_the_median() {
        assert_eq!(1.0, middle([8.0, 10.0, 18.0].into_iter()).spread);
        assert_eq!("10 µs (± 50 %)", middle([8.0, 10.0, 18.0].into_iter()).written("µs"));
    }

    #[test]
    fn rounds_alternate_and_each_subject_keeps_its_own_samples() {
        let order = std::cell::RefCell::new(Vec::new());
        let note = |name: &'static str, micros: f64| {
            let order = &order;
            Subject::new(name, move || {
                order.borrow_mut().push(name);
                Ok(Sample::of_micros(micros))
            })
        };
        let [first, second] = alternate(2, [note("a", 10.0), note("b", 20.0)]).unwrap();
        assert_eq!(["a", "b", "a", "b"], order.borrow()[..]);
        assert_eq!((10.0, 50_000.0), (first.p50().value, second.rate().value));
    }
}
