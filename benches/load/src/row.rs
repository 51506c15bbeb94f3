//! A row of the table: what was measured, beside what, and whether that is within the budget.

use std::fmt::Write;

/// What a ratio must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Budget {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// The last cell of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The ratio is within the budget.
    Met,
    /// It is not.
    Missed,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) work: String,
    /// What it took, with its unit and spread.
    pub(crate) figure: String,
    /// What it is compared with.
    pub(crate) floor: String,
    /// The figure by the floor.
    pub(crate) ratio: f64,
    /// What the ratio must be.
    pub(crate) budget: Budget,
}

impl Budget {
    fn verdict(self, ratio: f64) -> Verdict {
        let holds = match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
        };
        // A ratio that is no number comes of a floor that was not measured.
        if holds { Verdict::Met } else { Verdict::Missed }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::AtLeast(least) => format!("≥ {}", number(least)),
        }
    }
}

impl Verdict {
    /// Gives the word of the last cell.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
        }
    }
}

impl Row {
    /// Says whether the ratio is within the budget.
    pub(crate) fn verdict(&self) -> Verdict {
        self.budget.verdict(self.ratio)
    }
}

/// Lays rows out as a table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        "| work | figure | floor | ratio | budget | |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for row in rows {
        let (ratio, budget, word) = (number(row.ratio), row.budget.words(), row.verdict().word());
        let _ =
            writeln!(text, "| {} | {} | {} | {ratio} | {budget} | {word} |", row.work, row.figure, row.floor);
    }
    text
}

/// Writes a number with three digits that mean something, and thousands apart.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        grouped(&text)
    }
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ratio: f64, budget: Budget) -> Row {
        Row { work: "w".to_owned(), figure: "f".to_owned(), floor: "o".to_owned(), ratio, budget }
    }

    #[test]
    fn a_ratio_at_the_budget_meets_it_and_one_beyond_misses_it() {
        assert_eq!(Verdict::Met, row(1.1, Budget::AtMost(1.1)).verdict());
        assert_eq!(Verdict::Missed, row(1.11, Budget::AtMost(1.1)).verdict());
        assert_eq!(Verdict::Met, row(0.8, Budget::AtLeast(0.8)).verdict());
        assert_eq!(Verdict::Missed, row(0.79, Budget::AtLeast(0.8)).verdict());
    }

    #[test]
    fn a_ratio_that_is_no_number_misses_every_budget() {
        assert_eq!(Verdict::Missed, row(f64::NAN, Budget::AtMost(1.0)).verdict());
        assert_eq!(Verdict::Missed, row(f64::NAN, Budget::AtLeast(1.0)).verdict());
    }

    #[test]
    fn the_last_cell_is_one_word() {
        let text = table(&[row(0.5, Budget::AtMost(1.1)), row(12_345.0, Budget::AtLeast(20_000.0))]);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            ["| w | f | o | 0.5 | ≤ 1.1 | met |", "| w | f | o | 12,345 | ≥ 20,000 | missed |"],
            lines[..]
        );
    }

    #[test]
    fn numbers_keep_three_digits() {
        let written = [0.123, 1.0, 12.34, 123.4, 1_234_567.0, 1000.0].map(number);
        assert_eq!(
            ["0.12", "1", "12.3", "123", "1,234,567", "1,000"],
            written.each_ref().map(|text| &**text)
        );
    }
}
