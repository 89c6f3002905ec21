//! Falls from a peak.

use puppet_types::Timestamp;

use super::Curve;

/// The largest fall of a curve. Of several that are equal, the first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drawdown {
    /// As a share of the peak: 0 to 1.
    pub depth: f64,
    /// When the peak was last seen; none where nothing fell.
    pub from: Option<Timestamp>,
    /// When it was deepest.
    pub to: Option<Timestamp>,
    /// When the peak was reached again, if it was.
    pub recovered: Option<Timestamp>,
}

impl Drawdown {
    /// None of an empty curve.
    pub fn largest(curve: Curve<'_>) -> Option<Self> {
        let mut peak = *curve.values.first()?;
        let (mut peak_at, mut found, mut depth, mut from_peak) = (0, None, 0.0, peak);
        for (n, value) in curve.values.iter().enumerate() {
            if *value >= peak {
                (peak, peak_at) = (*value, n);
            } else if fall(peak, *value) > depth {
                (found, depth, from_peak) = (Some((peak_at, n)), fall(peak, *value), peak);
            }
        }
        let Some((from, to)) = found else { return Some(Self::default()) };
        let back = curve.values.iter().skip(to).position(|value| *value >= from_peak).map(|n| n + to);
        let at = |n: usize| curve.times.get(n).copied();
        Some(Self { depth, from: at(from), to: at(to), recovered: back.and_then(at) })
    }
}

/// How far each value is below the highest so far, as a share of it.
pub fn drawdowns(values: &[f64]) -> Vec<f64> {
    let mut peak = 0.0_f64;
    let below = |value: &f64| {
        peak = peak.max(*value);
        fall(peak, *value)
    };
    values.iter().map(below).collect()
}

fn fall(peak: f64, value: f64) -> f64 {
    if peak > 0.0 { (peak - value) / peak } else { 0.0 }
}
