//! What happened on a purse, from its log, with the swaps behind it, and what the operator said of it. Told in pages, the last
//! first.

mod lines;
mod told;

use puppet_api::operations::PastPlace;
use puppet_store::{PurseEntry, PurseRow, TradeStore};
use puppet_types::{Timestamp, trade::Market};
use serde::Serialize;
use serde_json::Value;

use self::{
    lines::{By, Line},
    told::Entry,
};
use super::{books, words};
use crate::trouble::Result;

/// Entries of a log that are read at once.
const PAGE: usize = 500;
/// Entries of the page before that are read again: what stands behind an entry is told with it.
const BEHIND: usize = 16;
/// Between a word and a desk that has heard it.
const HEARD_WITHIN_MS: u64 = 5_000;

/// One thing that happened.
#[derive(Debug, Serialize)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// `order`, `fill`, `ended`, `denial`, `trade`, `swap`, `breach`, `word` or `other`.
    pub kind: &'static str,
    /// In a sentence.
    pub what: String,
    /// The rule that denied or ended it.
    pub rule: Option<String>,
    /// Of a real swap.
    pub signature: Option<String>,
    /// Of a real swap, at most.
    pub fee_lamports: Option<u64>,
    /// The entry as the log has it.
    pub body: Value,
}

/// A page: so many rows at most, none from before `since`; and where the next one begins, if there may be one.
///
/// # Errors
/// The store's.
pub async fn page(
    store: &dyn TradeStore,
    purse: &str,
    from: PastPlace,
    (most, since): (usize, Option<Timestamp>),
) -> Result<(Vec<Row>, Option<PastPlace>)> {
    let markets = books::of(store, purse).await?.and_then(|kept| kept.books.ok()).map(|books| books.markets);
    let markets = markets.unwrap_or_default();
    let said =
        latest(store, &words::row_of(purse), &[PurseEntry::Word], (from.said, most.saturating_add(1)), since).await?;
    let of_desk = [PurseEntry::Event, PurseEntry::Word];
    // Two entries may be told as one.
    let many = most.saturating_mul(2).saturating_add(1 + BEHIND);
    let behind = from.desk.map(|seq| seq.saturating_add(BEHIND as u64));
    let mut entries = latest(store, purse, &of_desk, (behind, many), since).await?;
    let is_read = entries.len() < many && said.len() <= most;
    entries.retain(|entry| !is_said(entry, &said));
    let mut of_desk = told::told(entries, from.at.map(Timestamp::from_millis));
    of_desk.retain(|entry| from.desk.is_none_or(|seq| entry.row.seq < seq));
    let (mut of_desk, mut of_operator) =
        (of_desk.into_iter().peekable(), told::told(said, None).into_iter().peekable());
    let (mut place, mut rows) = (from, Vec::new());
    while rows.len() < most {
        let is_of_desk = match (of_desk.peek(), of_operator.peek()) {
            (Some(of_desk), Some(of_operator)) => of_desk.at >= of_operator.at,
            (of_desk, _) => of_desk.is_some(),
        };
        let Some(entry) = (if is_of_desk { of_desk.next() } else { of_operator.next() }) else { break };
        let by = if is_of_desk { By::Desk } else { By::Operator };
        match by {
            By::Desk => (place.desk, place.at) = (Some(entry.row.seq), Some(entry.at.as_millis())),
            By::Operator => place.said = Some(entry.row.seq),
        }
        rows.push(row(store, (entry, by), &markets).await?);
    }
    let is_last = is_read && of_desk.peek().is_none() && of_operator.peek().is_none();
    Ok((rows, (!is_last && place != from).then_some(place)))
}

/// The latest entries before one, the last first, so many at most and none from before `since`.
async fn latest(
    store: &dyn TradeStore,
    purse: &str,
    kinds: &[PurseEntry],
    (mut before, most): (Option<u64>, usize),
    since: Option<Timestamp>,
) -> Result<Vec<PurseRow>> {
    let mut all = Vec::new();
    while all.len() < most {
        let page = store.purse_past(purse, kinds, before, PAGE.min(most - all.len())).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        let is_over = since.is_some_and(|since| last.at < since);
        all.extend(page.into_iter().filter(|entry| since.is_none_or(|since| entry.at >= since)));
        if is_over {
            break;
        }
    }
    Ok(all)
}

/// Whether it is what the operator said just then: a desk that heard it has it in its own log, too.
fn is_said(entry: &PurseRow, said: &[PurseRow]) -> bool {
    let is_near = |other: &PurseRow| entry.at.as_millis().abs_diff(other.at.as_millis()) <= HEARD_WITHIN_MS;
    let is_same = |other: &PurseRow| other.body["word"] == entry.body["word"] && is_near(other);
    entry.kind == PurseEntry::Word && said.iter().any(is_same)
}

async fn row(store: &dyn TradeStore, (entry, by): (Entry, By), markets: &[Market]) -> Result<Row> {
    let Entry { row: PurseRow { kind, body, .. }, at, why } = entry;
    let Line { kind, mut what, rule } = lines::of(kind, &body, markets, by);
    if let Some(why) = why.filter(|why| !why.is_empty()) {
        what = format!("{what}: {why}");
    }
    let swap = &body["result"];
    let signature = swap["signature"].as_str().map(str::to_owned);
    let fee_lamports = match (&signature, swap["id"].as_str()) {
        (Some(_), Some(id)) => fee_of(store, id).await?,
        _ => None,
    };
    Ok(Row { at, kind, what, rule, signature, fee_lamports, body })
}

/// What a swap cost at most, as it was signed.
async fn fee_of(store: &dyn TradeStore, swap: &str) -> Result<Option<u64>> {
    let entries = store.swap(swap).await?;
    Ok(entries
        .iter()
        .rev()
        .find(|entry| entry.body["step"] == "signed")
        .and_then(|entry| entry.body["fee_lamports"].as_u64()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_that_a_desk_has_heard_is_told_once() {
        let row = |kind, millis, word: &str| PurseRow {
            seq: 1,
            kind,
            at: Timestamp::from_millis(millis),
            body: json!({ "word": word, "reason": "lunch" }),
        };
        let said = [row(PurseEntry::Word, 10_000, "halt")];
        assert!(is_said(&row(PurseEntry::Word, 10_400, "halt"), &said));
        assert!(!is_said(&row(PurseEntry::Word, 10_400, "resume"), &said));
        assert!(!is_said(&row(PurseEntry::Word, 90_000, "halt"), &said), "a desk halts by itself as well");
        assert!(!is_said(&row(PurseEntry::Event, 10_400, "halt"), &said));
    }

    #[tokio::test]
    async fn pages_tell_everything_once_and_in_the_order_of_all_together() {
        use puppet_store::{Options, Purse, SqliteStore};

        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let at = Timestamp::from_millis;
        let word = |seq: u64, text: &str, millis| PurseRow {
            seq,
            kind: PurseEntry::Word,
            at: at(millis),
            body: json!({ "word": "reduce", "reason": text }),
        };
        let desk: Vec<PurseRow> =
            (1..=30).map(|n| word(n, &n.to_string(), if n < 3 { 0 } else { 100_000 * n as i64 })).collect();
        let head = |name: &str, seq: u64| Purse { name: name.to_owned(), seq, at: at(1), body: json!({}) };
        assert!(store.write_purse(head("main", 30), 0, desk).await.unwrap());
        let said = [(1, "lunch", 450_000), (2, "tea", 1_250_000)].map(|(seq, text, at)| word(seq, text, at));
        assert!(store.write_purse(head(&words::row_of("main"), 2), 0, said.to_vec()).await.unwrap());
        let all = async |most: usize| {
            let (mut all, mut from, mut pages) = (Vec::new(), PastPlace::default(), 0);
            loop {
                let (rows, next) = page(&store, "main", from, (most, None)).await.unwrap();
                assert!(rows.len() <= most);
                all.extend(rows.into_iter().map(|row| (row.at, row.body["reason"].as_str().unwrap().to_owned())));
                pages += 1;
                match next {
                    Some(place) => from = place,
                    None => return (all, pages),
                }
            }
        };
        let (whole, pages) = all(200).await;
        assert_eq!((whole.len(), pages), (32, 1));
        assert!(whole.is_sorted_by(|a, b| a.0 >= b.0), "the last first");
        assert_eq!(whole.last().unwrap(), &(at(300_000), "1".to_owned()), "of the time of what came after it");
        for most in [1, 2, 3, 7, 16] {
            let (told, pages) = all(most).await;
            assert_eq!(told, whole, "by {most}");
            assert_eq!(pages, 32_usize.div_ceil(most), "by {most}");
        }
    }
}
