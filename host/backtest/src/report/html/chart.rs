//! One chart: axes, lines and areas as SVG. A line of a million points is thinned to the lowest and the highest of each
//! pixel column, so that it looks the same and stays small.

use std::fmt::Write as _;

use puppet_types::Timestamp;

use crate::report::{rows::DAY_MILLIS, words};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

/// How numbers of the upright axis are written.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Number,
    Percent,
}

/// Where times and values lie.
pub(super) struct Frame {
    from: i64,
    to: i64,
    low: f64,
    high: f64,
    height: f64,
    unit: Unit,
}

impl Frame {
    /// Around all of the values, with some air.
    pub(super) fn around(times: &[Timestamp], values: &[&[f64]], height: f64) -> Self {
        let all = || values.iter().flat_map(|values| values.iter().copied()).filter(|value| value.is_finite());
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let air = if high > low { (high - low) * 0.05 } else { high.abs().max(1.0) * 0.05 };
        let (low, high) = if low <= high { (low - air, high + air) } else { (0.0, 1.0) };
        Self::between(times, low, high, height, Unit::Number)
    }

    pub(super) fn between(times: &[Timestamp], low: f64, high: f64, height: f64, unit: Unit) -> Self {
        let at = |time: Option<&Timestamp>| time.map_or(0, |at| at.as_millis());
        Self { from: at(times.first()), to: at(times.last()), low, high, height, unit }
    }

    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let (done, all) = ((at.as_millis() - self.from) as f64, (self.to - self.from).max(1) as f64);
        LEFT + (done / all).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        TOP + (1.0 - share.clamp(0.0, 1.0)) * (self.height - TOP - BOTTOM)
    }

    /// Begins the picture: who cannot see it is told the title and what it shows. Both are escaped already.
    pub(super) fn open(&self, out: &mut String, id: &str, title: &str, told: &str) {
        let _ = writeln!(
            out,
            "<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{told}</desc>",
            self.height
        );
        let step = nice((self.high - self.low) / (self.height / 50.0));
        let mut value = (self.low / step).ceil() * step;
        while value <= self.high {
            let y = self.y(value);
            let label = match self.unit {
                Unit::Number => number(value, step),
                Unit::Percent => format!("{} %", number(value * 100.0, step * 100.0)),
            };
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/><text class=\"y\" x=\"{}\" y=\"{:.1}\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
            value += step;
        }
        for (at, label) in moments(self.from, self.to) {
            let x = self.x(at);
            // A label that would be cut at the edge is left out.
            if (LEFT + 20.0..=WIDTH - RIGHT - 24.0).contains(&x) {
                let (foot, base) = (self.height - BOTTOM, self.height - 7.0);
                let _ = write!(
                    out,
                    "<path class=\"grid\" d=\"M{x:.1} {TOP}V{foot}\"/><text class=\"x\" x=\"{x:.1}\" y=\"{base}\">{label}</text>"
                );
            }
        }
        out.push('\n');
    }

    pub(super) fn close(out: &mut String) {
        out.push_str("</svg></div>\n");
    }

    pub(super) fn line(&self, out: &mut String, class: &str, times: &[Timestamp], values: &[f64]) {
        let path = self.path(times, values);
        if !path.is_empty() {
            let _ = writeln!(out, "<path class=\"line {class}\" d=\"M{path}\"/>");
        }
    }

    /// Between the line and a value.
    pub(super) fn area(&self, out: &mut String, class: &str, times: &[Timestamp], values: &[f64], from: f64) {
        let path = self.path(times, values);
        if let (Some(first), Some(last), false) = (times.first(), times.last(), path.is_empty()) {
            let (base, left, right) = (self.y(from), self.x(*first), self.x(*last));
            let _ =
                writeln!(out, "<path class=\"area {class}\" d=\"M{left:.1} {base:.1}L{path}L{right:.1} {base:.1}Z\"/>");
        }
    }

    /// A level all along.
    pub(super) fn level(&self, out: &mut String, value: f64) {
        let _ = writeln!(out, "<path class=\"level\" d=\"M{LEFT} {:.1}H{}\"/>", self.y(value), WIDTH - RIGHT);
    }

    /// A stretch of time.
    pub(super) fn stretch(&self, out: &mut String, from: Timestamp, to: Timestamp) {
        let (left, right) = (self.x(from), self.x(to));
        let (wide, high) = ((right - left).max(1.0), self.height - TOP - BOTTOM);
        let _ =
            writeln!(out, "<rect class=\"fall\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{wide:.1}\" height=\"{high}\"/>");
    }

    fn path(&self, times: &[Timestamp], values: &[f64]) -> String {
        let mut path = String::new();
        for n in self.thinned(times, values) {
            if let (Some(at), Some(value)) = (times.get(n), values.get(n)) {
                let _ =
                    write!(path, "{}{:.1} {:.1}", if path.is_empty() { "" } else { "L" }, self.x(*at), self.y(*value));
            }
        }
        path
    }

    /// Of each pixel column the lowest and the highest, and of all the first and the last.
    fn thinned(&self, times: &[Timestamp], values: &[f64]) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::new();
        let (mut column, mut lowest, mut highest) = (None, 0, 0);
        let keep = |kept: &mut Vec<usize>, lowest: usize, highest: usize| {
            kept.push(lowest.min(highest));
            if lowest != highest {
                kept.push(lowest.max(highest));
            }
        };
        let value = |n: usize| values.get(n).copied().unwrap_or_default();
        for (n, at) in times.iter().enumerate().take(values.len()) {
            let here = Some(self.x(*at) as u32);
            if here != column {
                if column.is_some() {
                    keep(&mut kept, lowest, highest);
                }
                (column, lowest, highest) = (here, n, n);
            } else if value(n) < value(lowest) {
                lowest = n;
            } else if value(n) > value(highest) {
                highest = n;
            }
        }
        if column.is_some() {
            keep(&mut kept, lowest, highest);
        }
        let last = times.len().min(values.len());
        if kept.first().is_some_and(|first| *first != 0) {
            kept.insert(0, 0);
        }
        if kept.last().is_some_and(|end| end + 1 != last) {
            kept.push(last - 1);
        }
        kept
    }
}

/// 1, 2 or 5 times a power of ten: the least that is not below.
fn nice(step: f64) -> f64 {
    if !(step.is_finite() && step > 0.0) {
        return 1.0;
    }
    let power = libm::pow(10.0, step.log10().floor());
    let part = step / power;
    power
        * if part <= 1.0 {
            1.0
        } else if part <= 2.0 {
            2.0
        } else if part <= 5.0 {
            5.0
        } else {
            10.0
        }
}

fn number(value: f64, step: f64) -> String {
    let (value, step, unit) = match value.abs().max(step) {
        most if most >= 1e9 => (value / 1e9, step / 1e9, " G"),
        most if most >= 1e6 => (value / 1e6, step / 1e6, " M"),
        _ => (value, step, ""),
    };
    let decimals = (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{:.decimals$}", value.abs());
    let (whole, part) = text.split_once('.').map_or((text.as_str(), ""), |(whole, part)| (whole, part));
    let sign = if value < 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit)) { "−" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}{unit}", words::grouped(whole))
}

/// Round moments between two, not more than eight, and what is written below each.
fn moments(from: i64, to: i64) -> Vec<(Timestamp, String)> {
    const HOUR: i64 = 3_600_000;
    let wanted = (to - from) / 8;
    let fixed =
        [60_000, 300_000, 900_000, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY_MILLIS, 2 * DAY_MILLIS, 7 * DAY_MILLIS];
    if let Some(step) = fixed.into_iter().find(|step| *step >= wanted) {
        let first = from.div_euclid(step) + 1;
        let label = |at: &Timestamp| {
            let text = words::minute(*at);
            let range = if step < DAY_MILLIS && !text.ends_with("00:00") { 11..16 } else { 5..10 };
            text.get(range).unwrap_or_default().to_owned()
        };
        let all = (first..=to / step).map(|n| Timestamp::from_millis(n * step));
        return all.map(|at| (at, label(&at))).collect();
    }
    let month = |at: i64| {
        let text = words::day(Timestamp::from_millis(at));
        let part = |range| text.get(range).and_then(|part: &str| part.parse::<i64>().ok()).unwrap_or(1);
        part(0..4) * 12 + part(5..7) - 1
    };
    let (first, last) = (month(from) + 1, month(to));
    let step = [1, 2, 3, 6, 12, 24, 60, 120]
        .into_iter()
        .find(|step| (last - first) / step < 8)
        .unwrap_or((last - first) / 8 + 1);
    let begin = |n: i64| {
        let label = format!("{:04}-{:02}", n / 12, n % 12 + 1);
        Timestamp::parse(&format!("{label}-01T00:00:00Z")).map(|at| (at, label))
    };
    (first..=last).filter(|n| n % step == 0).filter_map(begin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_millis(n)
    }

    #[test]
    fn a_million_points_are_thinned_and_keep_their_extremes() {
        let times: Vec<Timestamp> = (0..1_000_000).map(|n| at(n * 60_000)).collect();
        let mut values: Vec<f64> = (0..1_000_000).map(|n| f64::from(n % 977)).collect();
        values[500_123] = 5_000.0;
        values[700_321] = -5_000.0;
        let frame = Frame::around(&times, &[&values], 300.0);
        let kept = frame.thinned(&times, &values);
        assert!(kept.len() < 2_000, "{}", kept.len());
        assert!(kept.contains(&500_123) && kept.contains(&700_321));
        assert_eq!((kept[0], kept[kept.len() - 1]), (0, 999_999));
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn few_points_are_all_drawn() {
        let times = [at(0), at(1_000), at(2_000)];
        let frame = Frame::around(&times, &[&[1.0, 2.0, 3.0]], 300.0);
        assert_eq!(frame.thinned(&times, &[1.0, 2.0, 3.0]), [0, 1, 2]);
        assert_eq!(frame.thinned(&[], &[]), [0_usize; 0]);
    }

    #[test]
    fn axes_are_labelled_with_round_numbers_and_moments() {
        assert_eq!([0.03, 0.11, 3.0, 7.0, 0.0, f64::NAN].map(nice), [0.05, 0.2, 5.0, 10.0, 1.0, 1.0]);
        for (value, step, text) in [
            (1_234.5, 0.5, "1,234.5"),
            (-20.0, 10.0, "−20"),
            (-0.0, 10.0, "0"),
            (2_500_000.0, 500_000.0, "2.5 M"),
            (0.000_002, 0.000_001, "0.000002"),
        ] {
            assert_eq!(number(value, step), text);
        }
        let labels = |from: i64, to: i64| moments(from, to).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(labels(0, DAY_MILLIS), ["03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "01-02"]);
        assert_eq!(labels(0, 365 * DAY_MILLIS), ["1970-03", "1970-05", "1970-07", "1970-09", "1970-11", "1971-01"]);
        for years in [0, 1, 5, 50, 500] {
            assert!(moments(0, years * 365 * DAY_MILLIS).len() <= 9, "{years}");
        }
    }
}
