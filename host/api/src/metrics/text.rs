//! The text format of Prometheus (version 0.0.4): one family of samples for each metric.

use std::fmt::{Display, Write as _};

use super::names::{Kind, Metric};

/// What the format is called in `Content-Type`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page under way.
#[derive(Debug, Default)]
pub struct Page(String);

/// The samples of one metric.
pub struct Family<'p> {
    page: &'p mut String,
    metric: Metric,
}

impl Page {
    /// Begins a metric. Each comes once.
    pub fn of(&mut self, metric: Metric) -> Family<'_> {
        let Metric { name, kind, help, .. } = metric;
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {}\n# TYPE {name} {}", help.replace('\\', "\\\\"), kind.name());
        Family { page: &mut self.0, metric }
    }

    /// One without labels.
    pub fn one(&mut self, metric: Metric, value: impl Display) {
        self.of(metric).sample(&[], value);
    }

    /// All of it.
    pub fn end(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A counter or a gauge, with a value for each label.
    pub fn sample(&mut self, labels: &[&str], value: impl Display) {
        debug_assert_ne!(self.metric.kind, Kind::Histogram);
        self.line("", labels, None, value);
    }

    /// A histogram: how many were no larger than each bound, how many there were, and the sum of all.
    pub fn histogram(&mut self, labels: &[&str], within: impl IntoIterator<Item = (f64, u64)>, count: u64, sum: f64) {
        debug_assert_eq!(self.metric.kind, Kind::Histogram);
        for (bound, upto) in within {
            self.line("_bucket", labels, Some(&bound.to_string()), upto);
        }
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, count);
    }

    fn line(&mut self, suffix: &str, labels: &[&str], bound: Option<&str>, value: impl Display) {
        debug_assert_eq!(labels.len(), self.metric.labels.len(), "{}", self.metric.name);
        let _ = write!(self.page, "{}{suffix}", self.metric.name);
        let named = self.metric.labels.iter().copied().zip(labels.iter().copied());
        let mut open = '{';
        for (name, value) in named.chain(bound.map(|bound| ("le", bound))) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.page, "{open}{name}=\"{value}\"");
            open = ',';
        }
        let _ = writeln!(self.page, "{} {value}", if open == ',' { "}" } else { "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_the_last_bucket_is_everything() {
        let mut page = Page::default();
        let one = Metric { name: "a_total", kind: Kind::Counter, labels: &["x", "y"], help: "A \\ b." };
        page.of(one).sample(&["q\"\\\n", ""], 7_u64);
        let two = Metric { name: "b_seconds", kind: Kind::Histogram, labels: &[], help: "B." };
        page.of(two).histogram(&[], [(0.5, 2), (1.0, 2), (2.5, 3)], 7, 0.25);
        let expected = "# HELP a_total A \\\\ b.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\",y=\"\"} 7\n\
            # HELP b_seconds B.\n# TYPE b_seconds histogram\n\
            b_seconds_bucket{le=\"0.5\"} 2\nb_seconds_bucket{le=\"1\"} 2\nb_seconds_bucket{le=\"2.5\"} 3\n\
            b_seconds_bucket{le=\"+Inf\"} 7\nb_seconds_sum 0.25\nb_seconds_count 7\n";
        assert_eq!(page.end(), expected);
    }
}
