//! Bars that lie: how much of what is allowed was used, a row for each.

use std::fmt::Write as _;

use super::{
    axis::{self, LEFT, RIGHT, WIDTH},
    escaped,
};

/// Height of a row: its words, then its bar.
const ROW: f64 = 30.0;
const TOP: f64 = 6.0;

/// A row.
pub struct Share {
    /// What is allowed.
    pub name: String,
    /// How much was used, and how much may be.
    pub used: u64,
    /// The whole.
    pub of: u64,
    /// Both in words.
    pub words: String,
}

/// A chart of shares, with an axis in per cent.
pub struct Shares<'a> {
    /// What it shows.
    pub title: &'a str,
    /// The same for those who do not see it.
    pub description: String,
    /// What 100 % is.
    pub below: &'a str,
    /// The rows.
    pub rows: Vec<Share>,
}

impl Shares<'_> {
    /// As a figure.
    pub fn drawn(&self) -> String {
        let bottom = TOP + ROW * self.rows.len() as f64;
        let (left, width) = (LEFT / 4.0, RIGHT - LEFT / 4.0);
        let mut svg = String::new();
        axis::begin(&mut svg, bottom + 36.0, self.title, &self.description);
        for tick in [0.0, 25.0, 50.0, 75.0, 100.0] {
            let x = left + width * tick / 100.0;
            let anchor = if tick == 0.0 {
                "start"
            } else if tick == 100.0 {
                "end"
            } else {
                "middle"
            };
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{tick} %</text>",
                bottom + 14.0
            );
        }
        let _ = write!(svg, "<path class=\"axis\" d=\"M{left} {TOP}V{bottom:.1}H{:.1}\"/>", left + width);
        for (n, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * n as f64;
            let share = if row.of == 0 { 0.0 } else { (row.used as f64 / row.of as f64).min(1.0) };
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
                 <rect class=\"whole\" x=\"{left}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"9\"/>\
                 <rect class=\"s0\" x=\"{left}\" y=\"{:.1}\" width=\"{:.1}\" height=\"9\"/>",
                left + 3.0,
                y + 13.0,
                escaped(&row.name),
                left + width - 2.0,
                y + 13.0,
                escaped(&row.words),
                y + 17.0,
                y + 17.0,
                width * share
            );
        }
        let _ = write!(
            svg,
            "<text class=\"unit\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text></svg>",
            WIDTH - 8.0,
            bottom + 29.0,
            escaped(self.below)
        );
        axis::figure(self.title, "", &svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_longer_than_the_whole() {
        let share = |used, of| Share { name: "tokens/day".to_owned(), used, of, words: format!("{used} of {of}") };
        let rows = vec![share(1, 2), share(9, 3), share(1, 0)];
        let html =
            Shares { title: "Peaks", description: "half".to_owned(), below: "of what is requested", rows }.drawn();
        let bars: Vec<&str> = html.split("<rect class=\"s0\"").skip(1).collect();
        let widths: Vec<f64> =
            bars.iter().filter_map(|rest| rest.split("width=\"").nth(1)?.split('"').next()?.parse().ok()).collect();
        assert_eq!(widths, [170.2, 340.5, 0.0]);
        assert!(html.contains("100 %") && html.contains("of what is requested") && html.contains("1 of 2"));
    }
}
