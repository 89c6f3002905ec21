//! `wallet history`: what happened on a purse, from its log, with the swaps behind it, and what the operator said of it.

mod lines;
mod told;

use puppet_store::{PurseEntry, PurseRow, TradeStore};
use puppet_types::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::{
    lines::{By, Line},
    told::Entry,
};
use super::{check_known, kept_of, names};
use crate::{
    cli::WalletHistory,
    credentials, moment,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::Result,
    wallets::words,
};

/// Entries of a log that are read at once.
const PAGE: usize = 500;
/// Between a word and a desk that has heard it.
const HEARD_WITHIN_MS: u64 = 5_000;

#[derive(Serialize)]
struct Row {
    at: Timestamp,
    /// `order`, `fill`, `ended`, `denial`, `trade`, `swap`, `breach`, `word` or `other`.
    kind: &'static str,
    /// In a sentence.
    what: String,
    /// The rule that denied or ended it.
    rule: Option<String>,
    /// Of a real swap.
    signature: Option<String>,
    /// Of a real swap, at most.
    fee_lamports: Option<u64>,
    /// The entry as the log has it.
    body: Value,
}

/// Runs it.
pub async fn run(setup: &Setup, args: &WalletHistory, out: Output) -> Result<()> {
    let since =
        args.since.as_deref().map(|text| moment::since(text, Timestamp::from_system(), "--since")).transpose()?;
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    check_known(&args.name, &names(setup, &secrets, rows.as_ref()).await?)?;
    let most = usize::try_from(args.last).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    if let Some(rows) = &rows {
        let (_, kept) = kept_of(Some(rows), &args.name).await?;
        let markets = kept.and_then(|kept| kept.books.ok()).map(|books| books.markets).unwrap_or_default();
        let store: &dyn TradeStore = &**rows;
        let said = latest(store, &words::row_of(&args.name), &[PurseEntry::Word], most, since).await?;
        // Two entries may be told as one.
        let twice = most.saturating_mul(2);
        let mut entries = latest(store, &args.name, &[PurseEntry::Event, PurseEntry::Word], twice, since).await?;
        entries.retain(|entry| !is_said(entry, &said));
        let mut entries: Vec<_> = told::told(entries).into_iter().map(|entry| (entry, By::Desk)).collect();
        entries.extend(told::told(said).into_iter().map(|entry| (entry, By::Operator)));
        entries.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.at));
        for entry in entries.into_iter().take(most) {
            items.push(row(store, entry, &markets).await?);
        }
    }
    if out.json {
        return out.object(&List { schema: "puppet.wallet-history/1", items, next: None });
    }
    if items.is_empty() {
        out.note("nothing has happened there");
        return Ok(());
    }
    let mut table = Table::new(&["when", "what", "", "rule"]);
    for Row { at, kind, what, rule, signature, fee_lamports, .. } in items {
        let fee = fee_lamports.map_or_else(String::new, |fee| format!(", fee at most {fee} lamports"));
        let signature = signature.map_or_else(String::new, |signature| format!(" ({signature}{fee})"));
        table.row([at.to_string(), kind.to_owned(), format!("{what}{signature}"), rule.unwrap_or_default()]);
    }
    table.print(out)
}

/// The latest entries, the last first, so many at most and none from before.
async fn latest(
    store: &dyn TradeStore,
    purse: &str,
    kinds: &[PurseEntry],
    most: usize,
    since: Option<Timestamp>,
) -> Result<Vec<PurseRow>> {
    let (mut all, mut before) = (Vec::new(), None);
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

async fn row(store: &dyn TradeStore, (entry, by): (Entry, By), markets: &[puppet_types::trade::Market]) -> Result<Row> {
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
}
