//! From when to when a certificate holds: read out of its DER (RFC 5280, 4.1), for whoever wants to know before clients refuse it.

use puppet_types::Timestamp;

/// `Validity` of a certificate; none where it is not one.
pub(super) fn of(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate, _) = value(certificate)?;
    let (_, mut rest, _) = value(certificate)?;
    // version (where it has one), serialNumber, signature, issuer; then validity.
    let mut to_pass = 3;
    loop {
        let (tag, of_it, after) = value(rest)?;
        match (tag, to_pass) {
            (VERSION, _) => {}
            (SEQUENCE, 0) => {
                let (tag, from, rest) = value(of_it)?;
                let (until_tag, until, _) = value(rest)?;
                return Some((time(tag, from)?, time(until_tag, until)?));
            }
            (_, 0) => return None,
            _ => to_pass -= 1,
        }
        rest = after;
    }
}

const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Tag and content of the first value, and what comes after it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first & 0x7f);
    if first & 0x80 != 0 {
        if length > 4 {
            return None;
        }
        let (bytes, after) = rest.split_at_checked(length)?;
        length = bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// `YYMMDDHHMMSSZ` of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let at = (part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    Timestamp::parse(&format!("{}-{}-{}T{}:{}:{}Z", at.0, at.1, at.2, at.3, at.4, at.5)).filter(|_| text.len() == 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        let told = |tag, text: &str| time(tag, text.as_bytes()).map(|at| at.to_string());
        assert_eq!(told(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59.000Z"));
        assert_eq!(told(UTC_TIME, "991231000000Z").as_deref(), Some("1999-12-31T00:00:00.000Z"));
        assert_eq!(told(GENERALIZED_TIME, "20500101000000Z").as_deref(), Some("2050-01-01T00:00:00.000Z"));
        for (tag, wrong) in [(UTC_TIME, "4912312359Z"), (UTC_TIME, "491331235959Z"), (0x0c, "491231235959Z")] {
            assert_eq!(told(tag, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_a_certificate_its_time_and_of_anything_else_nothing() {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 5);
        params.not_after = rcgen::date_time_ymd(2061, 2, 3);
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let (from, until) = of(made.der()).unwrap();
        assert_eq!(from.to_string(), "2026-01-05T00:00:00.000Z");
        assert_eq!(until.to_string(), "2061-02-03T00:00:00.000Z");
        // However it breaks off, and whatever else it is.
        for length in 0..made.der().len().min(200) {
            assert_eq!(of(&made.der()[..length]), None, "{length}");
        }
        assert_eq!(of(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(of(b"no certificate"), None);
    }
}
