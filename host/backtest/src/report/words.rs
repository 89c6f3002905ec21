//! Numbers as people read them: amounts with their point, percentages, lengths of time, models in words.

use puppet_types::{Timestamp, counted};

use crate::{LimitRule, Models, Outcome, Slippage, metrics::Figure};

/// What stands where there is no number.
pub(super) const UNDEFINED: &str = "–";

/// A real minus, as wide as a plus.
const MINUS: char = '−';

/// An integer of so many decimals as people write it: grouped, two decimals of hundreds, up to four of what is at least
/// one, all of less.
pub(super) fn amount(value: i128, decimals: u8) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    let kept = match whole {
        "0" => part.len(),
        whole if whole.len() > 2 => part.len().min(2),
        _ => part.len().min(4),
    };
    let part = part.get(..kept).unwrap_or(part).trim_end_matches('0');
    let sign = if value < 0 { MINUS.to_string() } else { String::new() };
    match decimals {
        0 => format!("{sign}{}", grouped(whole)),
        _ => format!("{sign}{}.{part:0<2}", grouped(whole)),
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count, grouped.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// `12.34 %`.
pub(super) fn percent(figure: Figure) -> String {
    written(figure, 100.0, " %")
}

/// As [`percent`], with its sign also where it is above nothing.
pub(super) fn gain(figure: Figure) -> String {
    let plus = figure.get().is_some_and(|value| value >= 0.000_05);
    format!("{}{}", if plus { "+" } else { "" }, percent(figure))
}

/// `1.23`.
pub(super) fn ratio(figure: Figure) -> String {
    written(figure, 1.0, "")
}

/// As [`gain`], without its unit: a table says it once.
pub(super) fn bare_gain(figure: Figure) -> String {
    gain(figure).trim_end_matches(" %").to_owned()
}

/// Columns of a table of months.
pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn written(figure: Figure, times: f64, unit: &str) -> String {
    let Some(value) = figure.get() else { return UNDEFINED.to_owned() };
    let text = format!("{:.2}", value.abs() * times);
    let (whole, part) = text.split_once('.').unwrap_or((&text, "00"));
    let zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    let sign = if value < 0.0 && !zero { MINUS.to_string() } else { String::new() };
    format!("{sign}{}.{part}{unit}", grouped(whole))
}

/// What a trade came to on average, of so many decimals.
pub(super) fn average(figure: Figure, decimals: u8) -> String {
    figure.get().map_or_else(|| UNDEFINED.to_owned(), |value| amount(libm::round(value) as i128, decimals))
}

/// `2026-01-05 14:30`.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_string().replace('T', " ").chars().take(16).collect()
}

/// `2026-01-05`.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// `5 minutes`.
pub(super) fn seconds(seconds: u64) -> String {
    let (unit, one, many) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (86_400, "day", "days"),
        s if s >= 3_600 && s % 3_600 == 0 => (3_600, "hour", "hours"),
        s if s >= 60 && s % 60 == 0 => (60, "minute", "minutes"),
        _ => (1, "second", "seconds"),
    };
    counted(seconds / unit, one, many)
}

/// `0.3 %`.
pub(super) fn bps(bps: u32) -> String {
    let text = amount(i128::from(bps), 2);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Which bars were history, where some were and trading began after them.
pub(super) fn history(outcome: &Outcome) -> Option<String> {
    let (first, bars) = (outcome.equity.first()?, u64::from(outcome.warm_up));
    let shown = counted_bars(bars);
    (bars > 0).then(|| format!("the first {shown}; it trades from {} on", minute(first.at)))
}

/// Why a run has no figures, where all of its bars were history.
pub fn untraded(outcome: &Outcome) -> Option<String> {
    if !outcome.equity.is_empty() || outcome.stopped.is_some() || outcome.batches == 0 {
        return None;
    }
    let (there, wanted) = (counted_bars(outcome.batches), count(outcome.warm_up.into()));
    let verb = if outcome.batches == 1 { "is" } else { "are" };
    Some(format!(
        "Nothing was traded: there {verb} {there}, and the strategy takes {wanted} as history before it trades. Data of a longer \
         time, or of shorter bars, lets it trade."
    ))
}

fn counted_bars(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "bar" } else { "bars" })
}

/// All models of cost.
pub(super) fn models(models: &Models) -> Vec<(&'static str, String)> {
    let slippage = match models.slippage {
        Slippage::Fixed { bps: of } => format!("{}, always", bps(of)),
        Slippage::Drawn { bps: of } => format!("{} on average, drawn", bps(of)),
        Slippage::VolumeShare { bps: of } => format!("{} times the share of the bar's volume", bps(of)),
        Slippage::BarRange { bps: of } => format!("{} of the bar's range", bps(of)),
    };
    let latency = match models.latency_jitter_ms {
        0 => format!("{} ms", count(models.latency_ms)),
        jitter => format!("{} to {} ms", count(models.latency_ms), count(models.latency_ms.saturating_add(jitter))),
    };
    let limit = match models.fill.limit {
        LimitRule::Touch => "limits when touched",
        LimitRule::Through => "limits when passed",
    };
    let part = models
        .fill
        .participation_bps
        .map_or_else(|| "any volume".to_owned(), |of| format!("at most {} of a bar's volume", bps(of)));
    let end = if models.fill.close_at_end { ", closed at the end" } else { "" };
    vec![
        ("Fee", bps(models.fee_bps)),
        ("Slippage", slippage),
        ("Latency", latency),
        ("Fills", format!("{limit}, {part}{end}")),
    ]
}

/// What somebody else wrote, on one line: nothing that moves a cursor or turns the direction of a line, and cut.
pub(super) fn plain(text: &str, most: usize) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown: String = text.chars().take(most).map(|c| if odd(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}
