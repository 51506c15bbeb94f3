//! What a run of the tests did with each of them.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use quick_junit::{Report, TestCaseStatus};

/// The names of tests, by how they ended.
#[derive(Debug, Default)]
pub(super) struct Ran {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
    skipped: BTreeSet<String>,
}

impl Ran {
    /// Reads nextest's report in `JUnit`'s form, and its list of the tests that are ignored.
    pub(super) fn from_nextest(report: &str, ignored: &[u8]) -> Result<Self> {
        let report = Report::deserialize_from_str(report).context("the report of nextest")?;
        let mut ran = Self::default();
        for suite in &report.test_suites {
            for case in &suite.test_cases {
                let name = format!("{} {}", suite.name.as_str(), case.name.as_str());
                match case.status {
                    TestCaseStatus::Success { .. } => ran.passed.insert(name),
                    TestCaseStatus::NonSuccess { .. } => ran.failed.insert(name),
                    TestCaseStatus::Skipped { .. } => ran.skipped.insert(name),
                };
            }
        }
        ran.skipped.extend(listed(&serde_json::from_slice(ignored).context("the list of nextest")?));
        Ok(ran)
    }

    /// Reads a line of the usual harness: `test NAME ... ok`.
    pub(super) fn take_line(&mut self, line: &str) {
        let Some((name, ended)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        else {
            return;
        };
        let names = match ended.split_once(',').map_or(ended, |(word, _)| word).trim() {
            "ok" => &mut self.passed,
            "FAILED" => &mut self.failed,
            "ignored" => &mut self.skipped,
            _ => return,
        };
        names.insert(name.trim_end().to_owned());
    }

    /// Returns whether a test passed that is named by its file and function, as `tests/daemon/door::a_test`.
    pub(super) fn has_passed(&self, promise: &str) -> bool {
        let Some((file, function)) = promise.split_once("::") else { return false };
        let module = file.rsplit('/').next().unwrap_or(file);
        let is_root = matches!(module, "main" | "lib");
        self.passed.iter().any(|name| {
            // Without the program that nextest puts before the name.
            let mut segments = name.rsplit(' ').next().unwrap_or(name).rsplit("::");
            let is_named = segments.next() == Some(function);
            is_named
                && if is_root { segments.next().is_none() } else { segments.any(|segment| segment == module) }
        })
    }
}

/// Lists the tests of nextest's JSON that its filter did not take out.
fn listed(list: &serde_json::Value) -> Vec<String> {
    let mut names = Vec::new();
    let members =
        |value: &serde_json::Value, key: &str| value.get(key).and_then(|it| it.as_object().cloned());
    for (suite, found) in members(list, "rust-suites").unwrap_or_default() {
        for (name, case) in members(&found, "testcases").unwrap_or_default() {
            let matched = case.pointer("/filter-match/status").is_some_and(|status| status == "matches");
            names.extend(matched.then(|| format!("{suite} {name}")));
        }
    }
    names
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.skipped {
            writeln!(f, "skipped: {name}")?;
        }
        for name in &self.failed {
            writeln!(f, "failed: {name}")?;
        }
        let count = |names: &BTreeSet<_>| names.len();
        let (passed, failed) = (count(&self.passed), count(&self.failed));
        write!(f, "{passed} passed, {failed} failed, {} skipped", count(&self.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="2" failures="1" errors="0" uuid="00000000-0000-4000-8000-000000000000" timestamp="2026-01-01T00:00:00.000+00:00" time="1.0">
    <testsuite name="vault::daemon" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="door::a_test" classname="vault::daemon" timestamp="2026-01-01T00:00:00.000+00:00" time="0.1"/>
        <testcase name="door::another" classname="vault::daemon" timestamp="2026-01-01T00:00:00.000+00:00" time="0.1">
            <failure type="test failure">why</failure>
        </testcase>
    </testsuite>
</testsuites>"#;
    const IGNORED: &[u8] = br#"{"rust-suites": {"vault::daemon": {"testcases": {
        "memory::a_third": {"filter-match": {"status": "matches"}},
        "door::a_test": {"filter-match": {"status": "mismatch", "reason": "ignored"}}}}}}"#;

    #[test]
    fn nextests_report_and_list_say_what_became_of_each_test() {
        let ran = Ran::from_nextest(REPORT, IGNORED).unwrap();
        let expected = "skipped: vault::daemon memory::a_third\nfailed: vault::daemon door::another\n\
                        1 passed, 1 failed, 1 skipped";
        assert_eq!(expected, ran.to_string());
    }

    #[test]
    fn a_promise_is_kept_by_a_test_of_its_file_and_name_that_passed() {
        let ran = Ran::from_nextest(REPORT, IGNORED).unwrap();
        assert!(ran.has_passed("tests/daemon/door::a_test"));
        assert!(!ran.has_passed("tests/daemon/main::a_test"));
        for other in
            ["tests/daemon/door::another", "tests/daemon/memory::a_test", "tests/daemon/memory::a_third"]
        {
            assert!(!ran.has_passed(other), "{other}");
        }
    }

    #[test]
    fn the_lines_of_the_usual_harness_are_read_too() {
        let mut ran = Ran::default();
        for line in [
            "running 5 tests",
            "test crypto::slot::tests::one ... ok",
            "test five ... ok",
            "test door::two ... FAILED",
            "test door::three ... ignored",
            "test door::four ... ignored, why",
            "test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out",
        ] {
            ran.take_line(line);
        }
        assert!(ran.has_passed("src/crypto/slot::one") && ran.has_passed("tests/page/main::five"));
        assert!(ran.to_string().ends_with("2 passed, 1 failed, 2 skipped"), "{ran}");
    }
}
