//! Which form of the counters a client asks for (RFC 9110, section 12.5.1).

/// A type in one of its versions.
struct Kind {
    name: &'static str,
    version: &'static str,
}

const OPEN_METRICS: Kind = Kind { name: "application/openmetrics-text", version: "1.0.0" };
const TEXT: Kind = Kind { name: "text/plain", version: "0.0.4" };

/// How precisely a range names a type; the most precise one that fits decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Anything,
    Group,
    Type,
    Version,
}

/// Tells whether the types that a client takes name `OpenMetrics`, and want Prometheus' text no more than that.
pub(super) fn asks_for_open_metrics(accepted: &str) -> bool {
    let text = wanted(accepted, &TEXT).map_or(0, |(_, weight)| weight);
    wanted(accepted, &OPEN_METRICS)
        .is_some_and(|(precision, weight)| precision >= Precision::Type && weight > 0 && weight >= text)
}

/// Returns by what range a type is taken, and the weight of it in thousandths.
fn wanted(accepted: &str, kind: &Kind) -> Option<(Precision, u16)> {
    accepted.split(',').filter_map(|range| fit(range, kind)).max()
}

/// Returns how a range fits a type; nothing if it does not, or is malformed.
fn fit(range: &str, kind: &Kind) -> Option<(Precision, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let group = kind.name.split_once('/').map(|(group, _)| group);
    let mut precision = match name.as_str() {
        "*/*" => Precision::Anything,
        name if name == kind.name => Precision::Type,
        name if name.strip_suffix("/*") == group => Precision::Group,
        _ => return None,
    };
    let mut weight = 1000;
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        if key.eq_ignore_ascii_case("q") {
            weight = thousandths(value)?;
        } else if key.eq_ignore_ascii_case("version") {
            precision = (value.trim_matches('"') == kind.version).then_some(Precision::Version)?;
        }
    }
    Some((precision, weight))
}

/// Reads a weight, which is 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let weight = format!("{whole}{rest:0<3}").parse().ok();
    weight.filter(|weight| *weight <= 1000 && matches!(whole, "0" | "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_goes_to_who_names_it_and_wants_it_as_much_as_text() {
        for accepted in [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "APPLICATION/OpenMetrics-Text;VERSION=\"1.0.0\";Q=0.001",
            // Prometheus 2 and 3.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "text/plain;q=0.9, application/openmetrics-text;q=0.9",
            "text/*;q=1, text/plain;q=0.2, application/openmetrics-text;q=0.3",
            "*/*;q=1, text/plain;q=0, application/openmetrics-text;q=0.3",
        ] {
            assert!(asks_for_open_metrics(accepted), "{accepted}");
        }
    }

    #[test]
    fn everybody_else_gets_text() {
        for accepted in [
            "",
            "*/*",
            "application/*",
            "text/plain",
            "text/plain; version=0.0.4",
            "text/html, application/json;q=0.9, */*;q=0.8",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=0.000, */*",
            "application/openmetrics-text;q=0.5, text/plain",
            "application/openmetrics-text;q=0.5, */*",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;version=1.0.0;q=0.1, application/openmetrics-text, text/plain;q=0.2",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=high",
            "application/openmetrics-text;q=0.0001",
            "application/openmetrics-text-2",
        ] {
            assert!(!asks_for_open_metrics(accepted), "{accepted}");
        }
    }
}
