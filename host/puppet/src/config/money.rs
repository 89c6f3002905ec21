//! Dollars as people write them, millionths as we count them. No floating point.

/// Micro-dollars in a dollar.
const MICROS: u64 = 1_000_000;

/// The most that a price or an amount may be: a million dollars.
const MOST_DOLLARS: u64 = 1_000_000;

/// Reads `0.15` as 150 000 micro-dollars: digits, and at most six after the point.
pub(super) fn parse_usd_micros(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let dollars: u64 = whole.parse().ok().filter(|dollars| *dollars <= MOST_DOLLARS)?;
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    Some(dollars * MICROS + part)
}

/// Writes 150 000 micro-dollars as `0.15`.
pub fn usd(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / MICROS, micros % MICROS);
    let short = text.trim_end_matches('0');
    short.strip_suffix('.').unwrap_or(short).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_exact_both_ways() {
        for (text, micros) in [("0.15", 150_000), ("2.5", 2_500_000), ("10", 10_000_000), ("0", 0), ("0.000001", 1)] {
            assert_eq!(parse_usd_micros(text), Some(micros), "{text}");
            assert_eq!(usd(micros), text);
        }
        for bad in ["", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1,5", "$1", "1000001", "99999999999999999999999"] {
            assert_eq!(parse_usd_micros(bad), None, "{bad}");
        }
    }
}
