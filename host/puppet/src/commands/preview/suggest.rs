//! A grant that is enough for what a character did, with some room and no more: in the form of `grants.toml`.
//!
//! The room is a quarter of each peak. It is always less than as much again, so that half of an amount is less than its
//! peak: who halves the grant sees something denied. What was never used is not granted. Memories that are there at once
//! grow with every day: of them it is left what was requested.

use std::{collections::BTreeMap, fmt::Write as _};

use puppet_grants::Amount;
use puppet_types::{Capability, Digest, PackId};

use super::week::Used;
use crate::config::usd;

/// Room beside a peak: a fourth of it.
const ROOM: u64 = 4;

/// An amount for a peak, with room. Of a peak of one there is none that is less than as much again.
pub fn with_headroom(peak: u64) -> u64 {
    peak.saturating_add(peak.div_ceil(ROOM)).min(peak.saturating_mul(2).saturating_sub(1)).max(peak)
}

/// The text of the grant. It is bound to a content where there is one: what is installed has nothing otherwise.
pub fn grant(
    (pack, digest): (&PackId, Option<Digest>),
    operations: &BTreeMap<Capability, Vec<String>>,
    budgets: &[Used],
    found_by: &str,
) -> String {
    let table = toml_edit::Key::new(pack.as_str()).display_repr().into_owned();
    // Writing to a string cannot fail.
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# {found_by}.\n# What was not used is not granted. Cut it further where you like.\n[packs.{table}]"
    );
    if let Some(digest) = digest {
        let _ = writeln!(text, "digest = \"{digest}\"");
    }
    for (capability, names) in operations {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = writeln!(text, "\n[packs.{table}.{capability}]");
        let _ = writeln!(text, "operations = [{}] # those that were used", names.join(", "));
        let of = budgets.iter().filter(|used| used.capability == *capability);
        let (drawn, whole): (Vec<&Used>, Vec<&Used>) = of.partition(|used| used.peak > 0);
        if !drawn.is_empty() {
            let lines: Vec<String> = drawn.into_iter().map(line).collect();
            let _ = writeln!(text, "[packs.{table}.{capability}.amounts]\n{}", lines.join("\n"));
        }
        // A simulation costs nothing, which says nothing of what life will.
        for used in whole.into_iter().filter(|used| used.amount == Amount::Usd) {
            let (key, most) = (used.amount.key(used.period), usd(used.requested));
            let free = free(*capability);
            let _ = writeln!(text, "# \"{key}\": peak 0, {free}; as requested, \"{most}\", until you set it");
        }
    }
    text
}

/// Why nothing of a preview costs dollars, which life may.
fn free(capability: Capability) -> &'static str {
    match capability {
        Capability::Tweet => "the local timeline is free, and X is not",
        Capability::Memory => "vectors are made here for nothing",
        _ => "the offline model is free",
    }
}

/// `"posts/day" = 10 # peak 8, headroom 2`.
fn line(used: &Used) -> String {
    let Used { amount, period, peak, requested, .. } = used;
    let key = amount.key(*period);
    let number = |quantity| match amount {
        Amount::Usd => format!("\"{}\"", usd(quantity)),
        _ => quantity.to_string(),
    };
    if used.grows() {
        return format!(
            "\"{key}\" = {} # as requested, since it grows with time: {} so far",
            number(*requested),
            number(*peak)
        );
    }
    let granted = with_headroom(*peak).min(*requested);
    format!(
        "\"{key}\" = {} # peak {}, headroom {}",
        number(granted),
        number(*peak),
        number(granted.saturating_sub(*peak))
    )
}

#[cfg(test)]
mod tests {
    use puppet_grants::Period;

    use super::*;

    #[test]
    fn headroom_is_a_quarter_and_half_of_it_is_always_too_little() {
        for (peak, granted) in [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5), (5, 7), (8, 10), (100, 125), (1_001, 1_252)] {
            assert_eq!(with_headroom(peak), granted, "{peak}");
        }
        for peak in (1..2_000).chain([1 << 40, u64::MAX]) {
            let granted = with_headroom(peak);
            assert!(granted >= peak && u128::from(granted) < 2 * u128::from(peak), "{peak}: {granted}");
            assert!(granted / 2 < peak && (peak < 3 || granted.div_ceil(2) < peak), "half of {granted} is {peak}");
        }
    }

    #[test]
    fn a_grant_is_read_as_it_was_meant() {
        let used = |capability, amount, period, requested, peak| Used { capability, amount, period, requested, peak };
        let budgets = [
            used(Capability::Llm, Amount::Tokens, Period::Day, 1_000, 800),
            used(Capability::Llm, Amount::Usd, Period::Day, 1_500_000, 0),
            used(Capability::Tweet, Amount::Posts, Period::Hour, 9, 1),
            used(Capability::Tweet, Amount::Usd, Period::Day, 5_000_000, 0),
            used(Capability::Memory, Amount::Rows, Period::AtOnce, 9_000, 400),
        ];
        let operations = [
            (Capability::Llm, vec!["complete".to_owned()]),
            (Capability::Memory, vec!["recall".to_owned(), "remember".to_owned()]),
            (Capability::State, vec!["get".to_owned()]),
        ];
        let text = grant((&"a.pack".into(), Some(Digest::of(b"lamp"))), &operations.into(), &budgets, "For a test");
        let file = crate::config::grants_file::parse(&text, std::path::Path::new("grants.toml")).unwrap();
        let pack = &file.packs[0];
        assert_eq!(pack.pack.as_str(), "a.pack");
        let capabilities: Vec<Capability> = pack.capabilities.keys().copied().collect();
        assert_eq!(capabilities, [Capability::Llm, Capability::Memory, Capability::State], "no post was made");
        let llm = &pack.capabilities[&Capability::Llm];
        assert_eq!(llm.amounts, [((Amount::Tokens, Period::Day), 1_000)].into(), "no more than requested, no dollars");
        let memory = &pack.capabilities[&Capability::Memory];
        assert_eq!(memory.operations.as_ref().unwrap().len(), 2);
        assert_eq!(memory.amounts, [((Amount::Rows, Period::AtOnce), 9_000)].into(), "they grow with time");
        assert_eq!(pack.digest, Some(Digest::of(b"lamp")));
        assert!(text.contains("\"tokens/day\" = 1000 # peak 800, headroom 200\n"), "{text}");
        assert!(text.contains("# \"usd/day\": peak 0, the offline model is free; as requested, \"1.5\""), "{text}");
        let posted = [(Capability::Tweet, vec!["post".to_owned()])].into();
        let text = grant((&"p".into(), None), &posted, &budgets, "For a test");
        assert!(text.contains("# \"usd/day\": peak 0, the local timeline is free, and X is not; as"), "{text}");
        // What the host remembers by itself may be more than was asked for.
        let beyond = [used(Capability::Memory, Amount::Rows, Period::AtOnce, 50, 109)];
        let text = grant(
            (&"p".into(), None),
            &[(Capability::Memory, vec!["remember".to_owned()])].into(),
            &beyond,
            "For a test",
        );
        assert!(text.contains("\"rows\" = 50 # as requested, since it grows with time: 109 so far\n"), "{text}");
        let dollars = [used(Capability::Llm, Amount::Usd, Period::Day, 5_000_000, 1_000_000)];
        let text = grant(
            (&"p".into(), None),
            &[(Capability::Llm, vec!["complete".to_owned()])].into(),
            &dollars,
            "For a test",
        );
        assert!(text.contains("\"usd/day\" = \"1.25\" # peak \"1\", headroom \"0.25\"\n"), "{text}");
    }
}
