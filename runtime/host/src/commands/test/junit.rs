//! What came of scenarios as JUnit XML, as continuous integration reads it: a `testsuite` for each handler, a `testcase`
//! for each scenario. `time` is what it took here, in seconds; the time on the virtual clock is the property
//! `call_seconds`.

use patchcord_sim::scenario::Report;
use std::fmt::Write;
use std::time::Duration;

/// A handler and what came of its scenarios.
pub(super) struct Suite {
    /// The handler's name.
    pub(super) handler: String,
    /// In the order they were played.
    pub(super) cases: Vec<Case>,
}

/// A scenario that was played.
pub(super) struct Case {
    pub(super) report: Report,
    /// How long it took here.
    pub(super) took: Duration,
}

/// The whole document.
pub(super) fn document(suites: &[Suite]) -> String {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"patchcord test\"{}>", counts(cases()));
    for suite in suites {
        let name = attribute(&suite.handler);
        let _ = writeln!(xml, "  <testsuite name=\"{name}\"{}>", counts(suite.cases.iter()));
        for case in &suite.cases {
            testcase(&mut xml, &suite.handler, case);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> String {
    let failed = cases.clone().filter(|case| !case.report.passed()).count();
    let took: Duration = cases.clone().map(|case| case.took).sum();
    format!(
        " tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{:.3}\"",
        cases.count(),
        took.as_secs_f64()
    )
}

fn testcase(xml: &mut String, handler: &str, case: &Case) {
    let Case { report, took } = case;
    let (name, class) = (attribute(&report.about), attribute(handler));
    let (file, took) = (attribute(&report.file), took.as_secs_f64());
    let _ = writeln!(
        xml,
        "    <testcase name=\"{name}\" classname=\"{class}\" file=\"{file}\" time=\"{took:.3}\">"
    );
    let call_seconds = report.took.as_secs_f64();
    let _ = writeln!(
        xml,
        "      <properties><property name=\"call_seconds\" value=\"{call_seconds:.3}\"/></properties>"
    );
    if let Some(first) = report.failures.first() {
        let message = attribute(&first.sentence());
        let text = content(&report.to_string());
        let _ = writeln!(
            xml,
            "      <failure type=\"scenario\" message=\"{message}\">{text}</failure>"
        );
    }
    xml.push_str("    </testcase>\n");
}

/// Text between tags.
fn content(text: &str) -> String {
    text.chars().map(|letter| escaped(legal(letter))).collect()
}

/// Text of an attribute: a reader would make spaces of line ends and tabs that stand there as they are.
fn attribute(text: &str) -> String {
    let letter = |letter| match legal(letter) {
        control @ ('\n' | '\r' | '\t') => format!("&#{};", u32::from(control)),
        other => escaped(other),
    };
    text.chars().map(letter).collect()
}

fn escaped(letter: char) -> String {
    match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        // Readers make line feeds of carriage returns.
        '\r' => "&#13;".to_owned(),
        other => other.to_string(),
    }
}

/// The letter, or a replacement for one that XML 1.0 (2.2) has no way to write.
fn legal(letter: char) -> char {
    match letter {
        '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => letter,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests;
