//! Bars side by side: how many of each, in each stretch of time.

use std::fmt::Write as _;

use super::{
    axis::{self, BOTTOM, HEIGHT, LEFT, RIGHT, Scale},
    escaped,
};

/// A chart of bars.
pub struct Bars<'a> {
    /// What it shows.
    pub title: &'a str,
    /// The same for those who do not see it, with the numbers that matter.
    pub description: String,
    /// Unit of the upright axis.
    pub unit: &'a str,
    /// What the stretches are.
    pub below: &'a str,
    /// Name of each stretch.
    pub names: Vec<String>,
    /// Name and values of each series: as many as there are names.
    pub series: Vec<(&'a str, Vec<f64>)>,
}

impl Bars<'_> {
    /// As a figure.
    pub fn drawn(&self) -> String {
        let scale = Scale::of(self.series.iter().flat_map(|(_, values)| values.iter().copied()));
        let mut svg = String::new();
        axis::begin(&mut svg, HEIGHT, self.title, &self.description);
        axis::axes(&mut svg, &scale, self.unit, self.below);
        let slot = (RIGHT - LEFT) / self.names.len().max(1) as f64;
        let width = slot * 0.8 / self.series.len().max(1) as f64;
        let at = |n: usize| LEFT + slot * (n as f64 + 0.5);
        axis::names(&mut svg, &self.names, at);
        for (s, (series, values)) in self.series.iter().enumerate() {
            for (n, (value, name)) in values.iter().zip(&self.names).enumerate() {
                let (x, y) = (at(n) - slot * 0.4 + width * s as f64, scale.y(*value));
                let _ = write!(
                    svg,
                    "<rect class=\"s{s}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{:.1}\"><title>{}</title></rect>",
                    (width * 0.9).max(0.2),
                    BOTTOM - y,
                    escaped(&format!("{name}: {} {series}", axis::number(*value)))
                );
            }
        }
        svg.push_str("</svg>");
        axis::figure(self.title, &axis::legend(self.series.iter().map(|(name, _)| *name)), &svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_bar_of_its_height() {
        let bars = Bars {
            title: "Posts <a day>",
            description: "few".to_owned(),
            unit: "posts",
            below: "day",
            names: vec!["Mon".to_owned(), "Tue".to_owned()],
            series: vec![("posts", vec![4.0, 0.0]), ("likes", vec![2.0, 1.0])],
        };
        let html = bars.drawn();
        assert_eq!(html.matches("<rect").count(), 4);
        let heights: Vec<f64> =
            html.split(" height=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect();
        assert_eq!(heights, [150.0, 0.0, 75.0, 37.5]);
        assert!(html.contains("<title>Posts &lt;a day&gt;</title><desc>few</desc>") && html.contains("class=\"axis\""));
        assert!(html.contains("Mon: 4 posts") && html.contains("class=\"legend\""));
    }
}
