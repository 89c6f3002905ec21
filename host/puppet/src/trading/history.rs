//! The wait for bars that a strategy takes as history before it trades, in lines.

/// So many lines on the way.
const LINES: u64 = 10;

/// How far the history of a strategy is, where that is worth a line: at first, ten times on the way, and when it is there.
pub fn awaited(left: u64, all: u64, is_first: bool) -> Option<String> {
    let there = all.saturating_sub(left);
    let is_step = there.is_multiple_of(all.div_ceil(LINES).max(1));
    match left {
        0 => Some("the history is there: it trades from the next bar on".to_owned()),
        _ if is_first || is_step => Some(format!("waits for history: {there} of {all} bars")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_is_told_at_first_and_in_tenths() {
        let first = awaited(193, 200, true).into_iter();
        let lines: Vec<String> = first.chain((8..=200).filter_map(|there| awaited(200 - there, 200, false))).collect();
        assert_eq!(lines.len(), 11);
        assert_eq!(&lines[..2], ["waits for history: 7 of 200 bars", "waits for history: 20 of 200 bars"]);
        assert_eq!(lines[10], "the history is there: it trades from the next bar on");
        let short: Vec<String> = (1..=3).filter_map(|there| awaited(3 - there, 3, false)).collect();
        assert_eq!(short.len(), 3);
    }
}
