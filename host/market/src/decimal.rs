//! Numbers as people write them, exactly: digits and where the point is. Never a float on the way.

/// A number that is not negative: `digits` divided by ten to `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: u128,
    scale: i32,
    /// More digits were written than are kept.
    is_cut: bool,
}

/// Why a text is no number that is meant here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecimal {
    /// Nothing is written.
    Empty,
    /// Something else is.
    NotANumber,
    /// It is below zero.
    Negative,
}

/// An integer in some unit, and whether something was lost on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// How many.
    pub units: u64,
    /// Something was lost.
    pub is_rounded: bool,
}

/// Beyond this an exponent only makes zero or too much.
const EXPONENT: i32 = 1_000;
/// All digits that 128 bits hold, whatever they are.
const DIGITS: u32 = 38;

impl Decimal {
    pub(crate) const ZERO: Self = Self { digits: 0, scale: 0, is_cut: false };

    /// `digits` divided by ten to `scale`.
    pub(crate) fn new(digits: u128, scale: i32) -> Self {
        Self { digits, scale, is_cut: false }
    }

    /// `1.5`, `.5`, `5.`, `+1`, `1e-7`. No separators of thousands, no comma as the point.
    pub fn parse(text: &[u8]) -> Result<Self, NotDecimal> {
        let (is_negative, mut rest) = match text {
            [] => return Err(NotDecimal::Empty),
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        // What nearly every number is: at most 19 digits with a point among them.
        let (mut small, mut scale, mut has_point, mut written) = (0_u64, 0_i32, false, 0_u32);
        while let [byte, after @ ..] = rest {
            match byte {
                b'0'..=b'9' if written < 19 => {
                    small = small * 10 + u64::from(byte - b'0');
                    written += 1;
                    scale += i32::from(has_point);
                }
                b'.' if !has_point => has_point = true,
                _ => break,
            }
            rest = after;
        }
        let mut number = Self { digits: u128::from(small), scale, is_cut: false };
        if !rest.is_empty() {
            rest = number.long(rest, &mut has_point, &mut written);
        }
        if written == 0 {
            return Err(NotDecimal::NotANumber);
        }
        match rest {
            [] => {}
            [b'e' | b'E', exponent @ ..] => number.scale -= parse_exponent(exponent).ok_or(NotDecimal::NotANumber)?,
            _ => return Err(NotDecimal::NotANumber),
        }
        if is_negative && number.digits > 0 { Err(NotDecimal::Negative) } else { Ok(number) }
    }

    /// The digits after the 19th; those that 128 bits do not hold are dropped, which is noted.
    fn long<'t>(&mut self, mut rest: &'t [u8], has_point: &mut bool, written: &mut u32) -> &'t [u8] {
        while let [byte, after @ ..] = rest {
            match byte {
                b'0'..=b'9' => {
                    *written = written.saturating_add(1);
                    if self.digits < 10_u128.pow(DIGITS - 1) {
                        self.digits = self.digits * 10 + u128::from(byte - b'0');
                        self.scale += i32::from(*has_point);
                    } else {
                        self.is_cut |= *byte != b'0';
                        self.scale = self.scale.saturating_sub(i32::from(!*has_point));
                    }
                }
                b'.' if !*has_point => *has_point = true,
                _ => break,
            }
            rest = after;
        }
        rest
    }

    /// In units of ten to minus `decimals`, to the nearest, halves up; none where 64 bits do not hold it.
    pub fn to_units(self, decimals: u8) -> Option<Units> {
        let shift = i32::from(decimals) - self.scale;
        if shift >= 0 {
            if self.digits == 0 {
                return Some(Units { units: 0, is_rounded: false });
            }
            let unit = 10_u128.checked_pow(u32::try_from(shift).ok()?)?;
            let units = u64::try_from(self.digits.checked_mul(unit)?).ok()?;
            return Some(Units { units, is_rounded: self.is_cut });
        }
        let Some(unit) = 10_u128.checked_pow(shift.unsigned_abs()) else {
            return Some(Units { units: 0, is_rounded: self.digits > 0 });
        };
        let (whole, rest) = (self.digits / unit, self.digits % unit);
        let units = whole + u128::from(rest >= unit.div_ceil(2));
        Some(Units { units: u64::try_from(units).ok()?, is_rounded: rest > 0 || self.is_cut })
    }

    /// In units of ten to minus `decimals`, what is less than one of them cut off; none where 64 bits do not hold it.
    pub fn to_units_down(self, decimals: i32) -> Option<Units> {
        let shift = decimals - self.scale;
        if self.digits == 0 || shift < -i32::try_from(DIGITS).unwrap_or_default() {
            return Some(Units { units: 0, is_rounded: self.digits > 0 });
        }
        let unit = 10_u128.checked_pow(shift.unsigned_abs())?;
        if shift >= 0 {
            let units = u64::try_from(self.digits.checked_mul(unit)?).ok()?;
            return Some(Units { units, is_rounded: self.is_cut });
        }
        let units = u64::try_from(self.digits / unit).ok()?;
        Some(Units { units, is_rounded: self.is_cut || !self.digits.is_multiple_of(unit) })
    }

    /// How many decimals it takes to say it, where at least `known` are there anyway.
    pub(crate) fn decimals_beyond(self, known: u8) -> u8 {
        let (mut digits, mut scale) = (self.digits, self.scale);
        while scale > i32::from(known) && digits % 10 == 0 && digits > 0 {
            digits /= 10;
            scale -= 1;
        }
        if digits == 0 { known } else { u8::try_from(scale.max(i32::from(known))).unwrap_or(u8::MAX) }
    }
}

fn parse_exponent(text: &[u8]) -> Option<i32> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0_i32;
    for byte in digits {
        let digit = byte.is_ascii_digit().then(|| i32::from(byte - b'0'))?;
        exponent = exponent.saturating_mul(10).saturating_add(digit).min(EXPONENT);
    }
    Some(if is_negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str, decimals: u8) -> Option<(u64, bool)> {
        let units = Decimal::parse(text.as_bytes()).unwrap().to_units(decimals)?;
        Some((units.units, units.is_rounded))
    }

    #[test]
    fn a_number_is_read_to_its_last_digit() {
        for (text, decimals, expected) in [
            ("150.25", 2, Some((15_025, false))),
            ("150.25", 4, Some((1_502_500, false))),
            ("150.25", 1, Some((1_503, true))),
            ("150.24", 1, Some((1_502, true))),
            (".5", 0, Some((1, true))),
            ("5.", 1, Some((50, false))),
            ("+0.1", 1, Some((1, false))),
            ("-0", 3, Some((0, false))),
            ("1e-7", 7, Some((1, false))),
            ("1E3", 2, Some((100_000, false))),
            ("1.5e+2", 0, Some((150, false))),
            ("1e-999999999999", 12, Some((0, true))),
            ("1e999999999999", 12, None),
            ("0e999999999999", 12, Some((0, false))),
            ("18446744073709551615", 0, Some((u64::MAX, false))),
            ("18446744073709551616", 0, None),
            ("1844674407370955161.5", 1, Some((u64::MAX, false))),
            ("0.1000000000000000055511151231257827021181583404541015625", 12, Some((100_000_000_000, true))),
            ("00000000000000000000000000000000000000000000000001.5", 1, Some((15, false))),
            ("100000000000000000000000000000000000000000000000000000000000e-58", 0, Some((10, false))),
        ] {
            assert_eq!(units(text, decimals), expected, "{text} with {decimals}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_from_what_is_negative() {
        for (text, expected) in [
            ("", NotDecimal::Empty),
            ("-1", NotDecimal::Negative),
            ("-0.0001", NotDecimal::Negative),
            ("nan", NotDecimal::NotANumber),
            ("inf", NotDecimal::NotANumber),
            ("1,5", NotDecimal::NotANumber),
            ("1 000", NotDecimal::NotANumber),
            ("1.2.3", NotDecimal::NotANumber),
            (".", NotDecimal::NotANumber),
            ("-", NotDecimal::NotANumber),
            ("1e", NotDecimal::NotANumber),
            ("1e+", NotDecimal::NotANumber),
            ("1e1.5", NotDecimal::NotANumber),
            ("0x10", NotDecimal::NotANumber),
            ("１", NotDecimal::NotANumber),
        ] {
            assert_eq!(Decimal::parse(text.as_bytes()), Err(expected), "{text}");
        }
    }

    #[test]
    fn zeros_at_the_end_take_no_decimals() {
        for (text, known, expected) in [
            ("150.00", 0, 0),
            ("150.2500", 0, 2),
            ("150.2500", 3, 3),
            ("1e-7", 0, 7),
            ("1200", 0, 0),
            ("0.000", 0, 0),
            ("1e-400", 0, u8::MAX),
        ] {
            assert_eq!(Decimal::parse(text.as_bytes()).unwrap().decimals_beyond(known), expected, "{text}");
        }
    }
}
