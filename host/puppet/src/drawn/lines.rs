//! Lines over time: how something grows, or moves about.

use std::fmt::Write as _;

use super::{
    axis::{self, HEIGHT, LEFT, RIGHT, Scale},
    escaped,
};

/// A series: points by time.
pub struct Line<'a> {
    /// What it is.
    pub name: &'a str,
    /// Time and value.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines.
pub struct Lines<'a> {
    /// What it shows.
    pub title: &'a str,
    /// The same for those who do not see it.
    pub description: String,
    /// Unit of the upright axis.
    pub unit: &'a str,
    /// Unit of time.
    pub below: &'a str,
    /// Where time ends; it begins at 0.
    pub until: u32,
    /// The lines.
    pub lines: Vec<Line<'a>>,
}

impl Lines<'_> {
    /// As a figure.
    pub fn drawn(&self) -> String {
        let scale = Scale::of(self.lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value)));
        let mut svg = String::new();
        axis::begin(&mut svg, HEIGHT, self.title, &self.description);
        axis::axes(&mut svg, &scale, self.unit, self.below);
        let x = |time: f64| LEFT + (RIGHT - LEFT) * time / f64::from(self.until.max(1));
        let names: Vec<String> = (0..=self.until).map(|n| n.to_string()).collect();
        axis::names(&mut svg, &names, |n| x(n as f64));
        for (s, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            for (n, (time, value)) in line.points.iter().enumerate() {
                let _ = write!(path, "{}{:.1} {:.1}", if n == 0 { 'M' } else { 'L' }, x(*time), scale.y(*value));
            }
            let name = escaped(line.name);
            let _ = write!(svg, "<path class=\"line l{s}\" d=\"{path}\"><title>{name}</title></path>");
        }
        svg.push_str("</svg>");
        axis::figure(self.title, &axis::legend(self.lines.iter().map(|line| line.name)), &svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_its_points() {
        let line = |name, points| Line { name, points };
        let lines = Lines {
            title: "Memory",
            description: "grows".to_owned(),
            unit: "kB",
            below: "days",
            until: 2,
            lines: vec![line("rows", vec![(0.0, 0.0), (1.0, 5.0), (2.0, 10.0)]), line("bytes", Vec::new())],
        };
        let html = lines.drawn();
        assert!(html.contains("d=\"M46.0 172.0L199.0 97.0L352.0 22.0\""), "{html}");
        assert_eq!(html.matches("class=\"line ").count(), 2);
    }
}
