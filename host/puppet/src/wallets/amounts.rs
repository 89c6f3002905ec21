//! Amounts for people: the smallest unit of a token as whole ones, to the last digit.

pub use puppet_types::amounts::whole;

/// As [`whole`], with its sign: `+0.5`, `-3`, `0`.
pub fn signed(units: i128, decimals: u8) -> String {
    let sign = match units {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", whole(units.unsigned_abs(), decimals))
}

/// Whole tokens as the smallest unit, to the last digit; none where the text is no amount of such a token, or is nothing.
pub fn units(text: &str, decimals: u8) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = part.trim_end_matches('0');
    let places = usize::from(decimals);
    if !digits(whole) || !(part.is_empty() || digits(part)) || part.len() > places || text.ends_with('.') {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok().filter(|units| *units > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_and_read_to_the_last_digit() {
        for (amount, decimals, text) in
            [(12_500_000, 6, "12.5"), (1, 9, "0.000000001"), (0, 6, "0"), (7, 0, "7"), (1_000_000_000, 9, "1")]
        {
            assert_eq!(whole(amount, decimals), text);
            if amount > 0 {
                assert_eq!(units(text, decimals).map(u128::from), Some(amount));
            }
        }
        assert_eq!((signed(-1_500, 3), signed(1, 3), signed(0, 3)), ("-1.5".into(), "+0.001".into(), "0".into()));
        for bad in ["", "0", ".5", "5.", "-1", "+1", "1e3", "0.0000000001", "1,5", "99999999999999999999"] {
            assert_eq!(units(bad, 9), None, "{bad}");
        }
        assert_eq!(units("2.500", 1), Some(25));
    }
}
