//! Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the code.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::finding::{Finding, What};

/// What a path in a URI reference escapes (RFC 3986, section 3.3).
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A log of one run.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: [Rule; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    help: Text,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    start_column: u64,
}

impl Log {
    /// Writes findings as results of two rules.
    pub(super) fn of(findings: &[Finding]) -> Self {
        let rules = [
            rule(
                "stored-value",
                "A value that the vault keeps stands in clear.",
                "Replace it at its issuer.",
            ),
            rule(
                "key-pattern",
                "Something has the form of a platform's key.",
                "If it is one, store it instead.",
            ),
        ];
        let driver = Driver { name: "vaultctl scan", version: env!("CARGO_PKG_VERSION"), rules };
        let results = findings.iter().map(Outcome::of).collect();
        Self {
            schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            version: "2.1.0",
            runs: [Run { tool: Tool { driver }, column_kind: "utf16CodeUnits", results }],
        }
    }
}

fn rule(id: &'static str, words: &str, help: &str) -> Rule {
    Rule { id, short_description: text(words), help: text(help) }
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

impl Outcome {
    fn of(finding: &Finding) -> Self {
        let (rule_id, level) = match &finding.what {
            What::StoredValue { .. } => ("stored-value", "error"),
            What::KeyPattern { .. } => ("key-pattern", "warning"),
        };
        let commit = finding.commit.as_ref().map(|commit| format!(" in commit {commit}")).unwrap_or_default();
        let message = text(&format!("{}{commit}", finding.what.words()));
        let path = finding.path.as_deref().or(finding.object.as_deref()).unwrap_or("stdin");
        let uri = utf8_percent_encode(path.strip_prefix("./").unwrap_or(path), IN_PATH).to_string();
        let uri = if uri.starts_with('/') { format!("file://{uri}") } else { uri };
        let region = Region { start_line: finding.position.line, start_column: finding.position.column };
        let physical_location = Physical { artifact_location: Artifact { uri }, region };
        Self { rule_id, level, message, locations: [Location { physical_location }] }
    }
}
