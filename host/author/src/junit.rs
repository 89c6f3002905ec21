//! The report that build servers read: JUnit's XML, as the common readers of it take it.

use std::fmt::Write as _;

/// One scenario.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its file.
    pub file: &'a str,
    /// Seconds that it took, in thousandths.
    pub millis: u64,
    /// None: it passed. `failure` where it differs, `error` where it could not be run.
    pub wrong: Option<(&'static str, String)>,
}

/// The whole document.
pub fn report(suite: &str, cases: &[Case<'_>]) -> String {
    let count = |kind: &str| cases.iter().filter(|case| case.wrong.as_ref().is_some_and(|(is, _)| *is == kind)).count();
    let millis: u64 = cases.iter().map(|case| case.millis).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
        cases.len(),
        count("failure"),
        count("error"),
        seconds(millis)
    );
    let _ = writeln!(xml, "<testsuites {totals}>\n  <testsuite name=\"{}\" {totals}>", escaped(suite));
    for Case { name, file, millis, wrong } in cases {
        let head = format!(
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{}\"",
            escaped(suite),
            escaped(name),
            escaped(file),
            seconds(*millis)
        );
        match wrong {
            None => {
                let _ = writeln!(xml, "{head}/>");
            }
            Some((kind, text)) => {
                let first = text.lines().next().unwrap_or_default();
                let _ = writeln!(
                    xml,
                    "{head}>\n      <{kind} message=\"{}\">{}</{kind}>\n    </testcase>",
                    escaped(first),
                    escaped(text)
                );
            }
        }
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// As it stands in XML. What XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_told_and_nothing_breaks_the_document() {
        let cases = [
            Case { name: "greets", file: "tests/greets.toml", millis: 1_234, wrong: None },
            Case {
                name: "a <b> & \"c\"",
                file: "tests/b.toml",
                millis: 5,
                wrong: Some(("failure", "x\u{1b}\n]]> y".to_owned())),
            },
            Case { name: "e", file: "tests/e.toml", millis: 0, wrong: Some(("error", "e".to_owned())) },
        ];
        let xml = report("hello", &cases);
        assert!(xml.contains("<testsuites tests=\"3\" failures=\"1\" errors=\"1\" time=\"1.239\">"), "{xml}");
        assert!(xml.contains("name=\"a &lt;b&gt; &amp; &quot;c&quot;\""), "{xml}");
        assert!(xml.contains("<failure message=\"x\">x\n]]&gt; y</failure>"), "{xml}");
        assert!(xml.ends_with("</testsuites>\n"));
    }
}
