//! The frame of a chart: its place on the page, a scale with round numbers, axes, and what they are called.

use std::fmt::Write as _;

use super::escaped;

/// Units of the view box: a chart is as wide as a telephone, and is scaled up where there is room.
pub const WIDTH: f64 = 360.0;
pub const HEIGHT: f64 = 214.0;
/// Where the data is drawn.
pub const LEFT: f64 = 46.0;
pub const RIGHT: f64 = 352.0;
pub const TOP: f64 = 22.0;
pub const BOTTOM: f64 = 172.0;
/// The most names below the axis that do not touch.
const NAMES: usize = 8;

/// From a value to its height.
pub struct Scale {
    least: f64,
    most: f64,
    step: f64,
}

impl Scale {
    /// Of values: from zero or the least of them to a round number above the most.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values.fold((0.0_f64, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        let step = step((most - least).max(f64::MIN_POSITIVE));
        let most = if most > least { (most / step).ceil() * step } else { step };
        Self { least: (least / step).floor() * step, most, step }
    }

    /// Height of a value.
    pub fn y(&self, value: f64) -> f64 {
        BOTTOM - (value - self.least) / (self.most - self.least) * (BOTTOM - TOP)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.most - self.least) / self.step).round() as u32;
        let (least, step) = (self.least, self.step);
        (0..=count).map(move |n| least + f64::from(n) * step)
    }
}

/// 1, 2 or 5 times a power of ten: four to eight of it make the range.
fn step(range: f64) -> f64 {
    if range <= f64::MIN_POSITIVE {
        return 1.0;
    }
    let mut power = 1.0;
    while power > range / 4.0 {
        power /= 10.0;
    }
    while power * 10.0 <= range / 4.0 {
        power *= 10.0;
    }
    if power * 5.0 <= range / 4.0 {
        power * 5.0
    } else if power * 2.0 <= range / 4.0 {
        power * 2.0
    } else {
        power
    }
}

/// A number as people read it: `12,500`, `0.05`.
pub fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("−", digits));
    let whole = digits.parse().map_or_else(|_| digits.to_owned(), grouped);
    part.map_or_else(|| format!("{sign}{whole}"), |part| format!("{sign}{whole}.{part}"))
}

/// `1,250,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Opens the drawing, with what it says for those who do not see it.
pub fn begin(svg: &mut String, height: f64, title: &str, description: &str) {
    let (title, description) = (escaped(title), escaped(description));
    let _ = write!(
        svg,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title><desc>{description}</desc>"
    );
}

/// The axes with their numbers and names: `unit` stands above the upright one, `below` under the other.
pub fn axes(svg: &mut String, scale: &Scale, unit: &str, below: &str) {
    for tick in scale.ticks() {
        let y = scale.y(tick);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 5.0,
            y + 3.5,
            number(tick)
        );
    }
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/><text class=\"unit\" x=\"2\" y=\"11\">{}</text>\
         <text class=\"unit\" x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        escaped(unit),
        HEIGHT - 5.0,
        escaped(below)
    );
}

/// Names below the axis, as many as have room; `x` says where each stands.
pub fn names(svg: &mut String, names: &[String], x: impl Fn(usize) -> f64) {
    let every = names.len().div_ceil(NAMES).max(1);
    for (n, name) in names.iter().enumerate().step_by(every) {
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(n),
            BOTTOM + 15.0,
            escaped(name)
        );
    }
}

/// What the colours mean; none where there is only one.
pub fn legend<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    if names.len() < 2 {
        return String::new();
    }
    let mut html = "<p class=\"legend\">".to_owned();
    for (n, name) in names.enumerate() {
        let _ = write!(html, "<span class=\"key k{n}\"></span>{} ", escaped(name));
    }
    html + "</p>"
}

/// A drawing with its heading.
pub fn figure(title: &str, legend: &str, svg: &str) -> String {
    format!("<figure><figcaption>{}</figcaption>{legend}{svg}</figure>\n", escaped(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers_and_hold_every_value() {
        // (values, ends, ticks)
        for (values, ends, ticks) in [
            (vec![3.0, 7.0], (0.0, 7.0), 8),
            (vec![12_431.0], (0.0, 14_000.0), 8),
            (vec![0.0], (0.0, 1.0), 2),
            (vec![0.03], (0.0, 0.03), 7),
            (vec![-0.4, 0.9], (-0.4, 1.0), 8),
            (vec![], (0.0, 1.0), 2),
        ] {
            let scale = Scale::of(values.iter().copied());
            assert!(
                (scale.least - ends.0).abs() < 1e-9 && (scale.most - ends.1).abs() < 1e-9,
                "{values:?}: {}",
                scale.most
            );
            assert_eq!(scale.ticks().count(), ticks, "{values:?}");
            assert!(values.iter().all(|value| (TOP..=BOTTOM).contains(&scale.y(*value))), "{values:?}");
        }
    }

    #[test]
    fn numbers_are_grouped_and_short() {
        for (value, text) in
            [(0.0, "0"), (12_500.0, "12,500"), (0.05, "0.05"), (-0.25, "−0.25"), (1.0, "1"), (1_000.5, "1,000.5")]
        {
            assert_eq!(number(value), text);
        }
    }
}
