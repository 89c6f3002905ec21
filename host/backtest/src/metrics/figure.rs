//! A number of a report: at most six decimals, and none where it would not be a number.

/// From here on a float does not tell whole numbers apart, and a ratio says nothing.
const BOUND: f64 = 9e15;

/// A number with at most six decimals, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figure(Option<f64>);

impl Figure {
    /// Undefined.
    pub const NONE: Self = Self(None);

    /// None of what is no number, is infinite, or is too large to mean anything.
    pub fn of(value: Option<f64>) -> Self {
        // Above 2^33 a float has fewer than six decimals of its own.
        let rounded = |value: f64| if value.abs() < 8e9 { libm::round(value * 1e6) / 1e6 + 0.0 } else { value };
        Self(value.filter(|value| value.abs() < BOUND).map(rounded))
    }

    /// The number.
    pub fn get(self) -> Option<f64> {
        self.0
    }

    /// As it is written: no exponent, no zeros at the end.
    pub fn text(self) -> Option<String> {
        self.0.map(|value| {
            let text = format!("{value:.6}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            if text == "-0" { "0" } else { text }.to_owned()
        })
    }
}
