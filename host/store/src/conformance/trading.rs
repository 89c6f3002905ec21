//! Trading: one writer goes on from where a purse stands, a swap has one story, a yes is used once, bars are what was put.

use puppet_types::{Timestamp, trade::Candle};
use serde_json::json;

use super::{rows::at, together};
use crate::{CandleSeries, Purse, PurseEntry, PurseRow, Store, StoreError, SwapApproval, SwapRow};

use PurseEntry::{Batch, Event, Save, Step, Word};

pub fn purse(name: &str, seq: u64) -> Purse {
    Purse {
        name: name.into(), seq, at: at(seq as i64), body: json!({"cash": u64::MAX - seq, "of": format!("Ä{seq}")})
    }
}

pub fn entry(seq: u64, kind: PurseEntry) -> PurseRow {
    PurseRow { seq, kind, at: at(seq as i64), body: json!({"n": seq, "amount": u64::MAX}) }
}

pub fn entries(seqs: std::ops::RangeInclusive<u64>, kind: PurseEntry) -> Vec<PurseRow> {
    seqs.map(|seq| entry(seq, kind)).collect()
}

pub fn swap(id: &str, n: u32, is_end: bool) -> SwapRow {
    SwapRow {
        swap: id.into(),
        n,
        wallet: "wallet".into(),
        at: at(n.into()),
        is_end,
        body: json!({"signed": format!("{id} {n}"), "lamports": u64::MAX}),
    }
}

pub fn approval(hash: &str, expires: i64) -> SwapApproval {
    SwapApproval {
        hash: hash.into(),
        swap: format!("swap of {hash}"),
        expires_at: at(expires),
        granted_at: None,
        body: json!({"in": 5}),
    }
}

pub fn bar(second: i64, price: u64) -> Candle {
    Candle { at: at(second), open: price, high: price + 2, low: price - 1, close: price + 1, volume: u64::MAX - price }
}

async fn whole_log(store: &impl Store, name: &str) -> Vec<PurseRow> {
    store.purse_log(name, &[], 0, 100_000).await.unwrap()
}

pub async fn a_purse_goes_on_from_where_it_stands(store: &impl Store) {
    assert_eq!(store.purse("main").await.unwrap(), None);
    assert!(!store.write_purse(purse("main", 5), 5, Vec::new()).await.unwrap(), "there is none to go on from");
    // A purse without entries: the next write begins its log.
    assert!(store.write_purse(purse("main", 0), 0, Vec::new()).await.unwrap());
    assert!(store.write_purse(purse("main", 3), 0, entries(1..=3, Step)).await.unwrap());
    assert_eq!(store.purse("main").await.unwrap(), Some(purse("main", 3)));
    for late in [0, 1, 2, 4, u64::MAX] {
        let rows = late.checked_add(1).map(|seq| entries(seq..=seq, Batch)).unwrap_or_default();
        let after = Purse { seq: late + rows.len() as u64, ..purse("main", 9) };
        assert!(!store.write_purse(after, late, rows).await.unwrap(), "somebody else has written since {late}");
    }
    assert_eq!(store.purse("main").await.unwrap(), Some(purse("main", 3)), "nothing was written");
    assert_eq!(whole_log(store, "main").await, entries(1..=3, Step));

    let gap = vec![entry(4, Step), entry(6, Step)];
    for (seq, rows) in [(6, gap), (5, entries(5..=5, Step)), (5, entries(4..=4, Step)), (4, Vec::new())] {
        let refused = store.write_purse(purse("main", seq), 3, rows).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
    let other = Purse { body: json!([1]), ..purse("main", 3) };
    assert!(store.write_purse(other.clone(), 3, Vec::new()).await.unwrap(), "the purse alone");
    assert_eq!(store.purse("main").await.unwrap(), Some(other.clone()));
    assert!(store.write_purse(purse("paper/a", 1), 0, entries(1..=1, Word)).await.unwrap());
    assert_eq!(store.purses().await.unwrap(), [other, purse("paper/a", 1)], "by name");
    assert_eq!(whole_log(store, "paper/a").await, entries(1..=1, Word), "a log is of one purse");
    assert_eq!(whole_log(store, "none").await, []);
}

pub async fn one_of_two_writers_goes_on(store: &impl Store) {
    let write = |mark: &'static str, after: u64| {
        let rows = vec![PurseRow { body: json!(mark), ..entry(after + 1, Step) }];
        store.write_purse(Purse { body: json!(mark), ..purse("main", after + 1) }, after, rows)
    };
    for after in 0..10 {
        let wrote = together(vec![write("one", after), write("other", after)]).await;
        let wrote: Vec<bool> = wrote.into_iter().map(Result::unwrap).collect();
        assert_eq!(wrote.iter().filter(|wrote| **wrote).count(), 1, "{wrote:?} after {after}");
        let winner = json!(if wrote[0] { "one" } else { "other" });
        assert_eq!(store.purse("main").await.unwrap().unwrap().body, winner);
        assert_eq!(whole_log(store, "main").await.pop().unwrap().body, winner, "purse and log are of one writer");
    }
    let seqs: Vec<u64> = whole_log(store, "main").await.iter().map(|row| row.seq).collect();
    assert_eq!(seqs, (1..=10).collect::<Vec<_>>());
}

/// A log of 40 entries: the eighth of each ten is a save, the rest are steps and batches in turns, and one is a word.
async fn mixed(store: &impl Store, name: &str) {
    let kind = |seq| match seq {
        17 => Word,
        seq if seq % 10 == 8 => Save,
        seq if seq % 2 == 0 => Batch,
        _ => Step,
    };
    for first in [1, 11, 21, 31] {
        let rows = (first..first + 10).map(|seq| entry(seq, kind(seq))).collect();
        assert!(store.write_purse(purse(name, first + 9), first - 1, rows).await.unwrap());
    }
}

fn seqs(rows: &[PurseRow]) -> Vec<u64> {
    rows.iter().map(|row| row.seq).collect()
}

pub async fn a_log_is_read_by_kind_in_pages(store: &impl Store) {
    mixed(store, "main").await;
    mixed(store, "other").await;
    let after =
        async |kinds: &[PurseEntry], seq, limit| seqs(&store.purse_log("main", kinds, seq, limit).await.unwrap());
    let before =
        async |kinds: &[PurseEntry], seq, limit| seqs(&store.purse_past("main", kinds, seq, limit).await.unwrap());
    assert_eq!(after(&[], 0, 3).await, [1, 2, 3]);
    assert_eq!(after(&[], 37, 9).await, [38, 39, 40]);
    assert_eq!(after(&[Save], 8, 2).await, [18, 28]);
    assert_eq!(after(&[Save, Word, Save], 8, 3).await, [17, 18, 28], "in one order, each once");
    assert_eq!(after(&[Event], 0, 9).await, [0; 0]);
    assert_eq!(after(&[Step, Batch, Save, Event, Word], 0, 99).await, (1..=40).collect::<Vec<_>>());
    assert_eq!(before(&[], None, 2).await, [40, 39]);
    assert_eq!(before(&[], Some(3), 9).await, [2, 1]);
    assert_eq!(before(&[Save], None, 1).await, [38], "the last save");
    assert_eq!(before(&[Save, Word], Some(28), 9).await, [18, 17, 8]);
    assert_eq!(before(&[Step], Some(1), 9).await, [0; 0]);
    for far in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        assert_eq!(after(&[], far, 9).await, [0; 0]);
        assert_eq!(before(&[Word], Some(far), 9).await, [17]);
    }
    assert_eq!((after(&[], 0, 0).await, before(&[], None, 0).await), (vec![], vec![]));
    let mut paged = Vec::new();
    while let page = after(&[Step, Batch], paged.last().copied().unwrap_or(0), 7).await
        && !page.is_empty()
    {
        paged.extend(page);
    }
    assert_eq!(paged.len(), 35);
    assert!(paged.is_sorted());
    let all = store.purse_log("main", &[Word], 0, 9).await.unwrap();
    assert_eq!(all, [entry(17, Word)], "as it was written");
}

pub async fn what_is_pruned_of_a_log_is_gone_and_numbers_go_on(store: &impl Store) {
    mixed(store, "main").await;
    mixed(store, "other").await;
    assert_eq!(store.prune_purse("main", &[Step], 10).await.unwrap(), 5);
    assert_eq!(store.prune_purse("main", &[Step], 10).await.unwrap(), 0, "gone is gone");
    assert_eq!(seqs(&store.purse_log("main", &[], 0, 6).await.unwrap()), [2, 4, 6, 8, 10, 11]);
    assert_eq!(store.prune_purse("main", &[Step, Batch], 20).await.unwrap(), 4 + 8);
    assert_eq!(seqs(&store.purse_log("main", &[], 0, 4).await.unwrap()), [8, 17, 18, 21]);
    assert_eq!(store.prune_purse("main", &[], u64::MAX).await.unwrap(), 23);
    assert_eq!(whole_log(store, "main").await, []);
    assert_eq!(whole_log(store, "other").await.len(), 40, "another purse");
    assert_eq!(store.purse("main").await.unwrap(), Some(purse("main", 40)));
    assert!(!store.write_purse(purse("main", 1), 0, entries(1..=1, Step)).await.unwrap());
    assert!(store.write_purse(purse("main", 41), 40, entries(41..=41, Step)).await.unwrap());
    assert_eq!(seqs(&whole_log(store, "main").await), [41]);
    // More than go at once.
    assert!(store.write_purse(purse("long", 410), 0, entries(1..=410, Step)).await.unwrap());
    assert_eq!(store.prune_purse("long", &[Step], 405).await.unwrap(), 405);
    assert_eq!(seqs(&whole_log(store, "long").await), (406..=410).collect::<Vec<_>>());
}

pub async fn a_swap_is_told_in_order_to_its_end(store: &impl Store) {
    let append = async |id: &str, n, is_end| store.append_swap(swap(id, n, is_end)).await.unwrap();
    assert!(!append("b", 1, false).await, "the first is missing");
    for (id, n, is_end) in [("b", 0, false), ("a", 0, false), ("b", 1, false), ("c", 0, true), ("b", 2, true)] {
        assert!(append(id, n, is_end).await);
    }
    assert_eq!(store.open_swaps().await.unwrap(), ["a"]);
    for (n, is_end) in [(0, false), (2, false), (2, true), (u32::MAX, false)] {
        assert!(!append("a", n, is_end).await, "{n} is not the next");
    }
    for n in 0..5 {
        assert!(!append("b", n, false).await && !append("c", n, true).await, "nothing comes after an end");
    }
    assert_eq!(store.swap("b").await.unwrap(), [swap("b", 0, false), swap("b", 1, false), swap("b", 2, true)]);
    assert_eq!(store.swap("c").await.unwrap(), [swap("c", 0, true)]);
    assert_eq!(store.swap("none").await.unwrap(), []);
    // Two that carry one swap on: one of them does.
    let both = together((0..2).map(|_| store.append_swap(swap("a", 1, false))).collect()).await;
    let both: Vec<bool> = both.into_iter().map(Result::unwrap).collect();
    assert_eq!(both, [true, false]);
    assert!(append("0", 0, false).await);
    assert_eq!(store.open_swaps().await.unwrap(), ["0", "a"], "by id");
    assert!(append("a", 2, true).await && append("0", 1, true).await);
    assert_eq!(store.open_swaps().await.unwrap(), [""; 0]);
}

pub async fn a_yes_is_given_in_time_and_used_once(store: &impl Store) {
    let ask = async |hash: &str, expires| store.ask_swap_approval(approval(hash, expires)).await.unwrap();
    for (hash, expires) in [("h3", 90), ("h2", 50), ("h1", 50), ("h1", 99)] {
        ask(hash, expires).await;
    }
    let waiting = store.swap_approvals().await.unwrap();
    assert_eq!(waiting, [approval("h1", 50), approval("h2", 50), approval("h3", 90)], "asked again it stays as it was");
    assert_eq!(store.take_swap_approval("h1").await.unwrap(), None, "nobody said yes");
    for (hash, second) in [("h1", 50), ("h1", 51), ("none", 9)] {
        assert!(!store.grant_swap(hash, at(second)).await.unwrap(), "{hash} at {second}");
    }
    assert_eq!(store.take_swap_approval("h1").await.unwrap(), None, "the yes came too late");
    assert!(store.grant_swap("h1", at(49)).await.unwrap());
    assert!(!store.grant_swap("h1", at(49)).await.unwrap(), "it does not wait any more");
    ask("h1", 99).await;
    let granted = SwapApproval { granted_at: Some(at(49)), ..approval("h1", 50) };
    assert_eq!(store.swap_approvals().await.unwrap()[0], granted, "a yes is not taken back by asking");
    let taken = together((0..3).map(|_| store.take_swap_approval("h1")).collect()).await;
    let taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken, [Some(granted), None, None], "once");
    assert!(!store.grant_swap("h1", at(1)).await.unwrap(), "it is gone");

    assert!(store.drop_swap_approval("h2").await.unwrap());
    assert!(!store.drop_swap_approval("h2").await.unwrap());
    assert!(store.grant_swap("h3", Timestamp::default()).await.unwrap());
    assert!(store.drop_swap_approval("h3").await.unwrap(), "granted or not");
    assert_eq!(store.take_swap_approval("h3").await.unwrap(), None);
    assert_eq!(store.swap_approvals().await.unwrap(), []);
    ask("h1", 60).await;
    assert_eq!(store.swap_approvals().await.unwrap(), [approval("h1", 60)], "asked anew it waits anew");
}

pub async fn bars_are_what_was_put(store: &impl Store) {
    let (market, minute) = ("SOL/USDC", 60);
    let bars: Vec<Candle> = (1..=9).map(|n| bar(n * 60, 1_000 + n as u64)).collect();
    store.put_candles(market, minute, &bars[4..]).await.unwrap();
    store.put_candles(market, minute, &bars[..5]).await.unwrap();
    store.put_candles(market, 300, &bars[4..5]).await.unwrap();
    store.put_candles("SOL/EURC", minute, &bars[..2]).await.unwrap();
    store.put_candles("EMPTY", minute, &[]).await.unwrap();
    let range = async |from: Option<i64>, to: Option<i64>, limit| {
        store.candles(market, minute, from.map(at), to.map(at), limit).await.unwrap()
    };
    assert_eq!(range(None, None, 99).await, bars, "in their order, each once");
    assert_eq!(range(Some(60), None, 99).await, bars[1..], "after");
    assert_eq!(range(None, Some(180), 99).await, bars[..3], "and up to");
    assert_eq!(range(Some(120), Some(300), 99).await, bars[2..5]);
    assert_eq!(range(Some(120), Some(300), 2).await, bars[2..4], "the oldest first");
    assert_eq!(range(Some(300), Some(120), 99).await, []);
    assert_eq!((range(None, None, 0).await, range(Some(9_999), None, 9).await), (vec![], vec![]));
    assert_eq!(store.last_candles(market, minute, 3).await.unwrap(), bars[6..]);
    assert_eq!(store.last_candles(market, minute, 99).await.unwrap(), bars);
    assert_eq!(store.last_candles(market, minute, 0).await.unwrap(), []);
    assert_eq!(store.last_candles(market, 300, 9).await.unwrap(), bars[4..5], "of that length");

    // Replaced, and with all 64 bits.
    let large = Candle { at: at(120), open: u64::MAX, high: 1 << 63, low: (1 << 63) - 1, close: 0, volume: u64::MAX };
    store.put_candles(market, minute, &[bar(120, 7), large]).await.unwrap();
    assert_eq!(range(Some(60), Some(120), 9).await, [large]);
    let early = Candle { at: Timestamp::from_millis(-5), ..large };
    store.put_candles("SOL/EURC", minute, &[early]).await.unwrap();

    let series =
        |market: &str, bar_seconds, bars, from, to| CandleSeries { market: market.into(), bar_seconds, bars, from, to };
    let before = [
        series("SOL/EURC", minute, 3, early.at, at(120)),
        series(market, minute, 9, at(60), at(540)),
        series(market, 300, 1, at(300), at(300)),
    ];
    assert_eq!(store.candle_series().await.unwrap(), before);
    assert_eq!(store.prune_candles(market, minute, at(300)).await.unwrap(), 4);
    assert_eq!(store.prune_candles(market, minute, at(300)).await.unwrap(), 0);
    assert_eq!(range(None, None, 99).await, bars[4..], "what closed at that time stays");
    assert_eq!(store.prune_candles("SOL/EURC", minute, at(9_999)).await.unwrap(), 3);
    let after = [series(market, minute, 5, at(300), at(540)), before[2].clone()];
    assert_eq!(store.candle_series().await.unwrap(), after);
}

/// What [`goes_on`] finds after a restart.
pub async fn before_a_restart(store: &impl Store) {
    assert!(store.write_purse(purse("main", 3), 0, entries(1..=3, Step)).await.unwrap());
    assert!(store.append_swap(swap("main/1", 0, false)).await.unwrap());
    assert!(store.append_swap(swap("main/1", 1, false)).await.unwrap());
    store.ask_swap_approval(approval("used", 90)).await.unwrap();
    store.ask_swap_approval(approval("granted", 90)).await.unwrap();
    for hash in ["used", "granted"] {
        assert!(store.grant_swap(hash, at(5)).await.unwrap());
    }
    assert!(store.take_swap_approval("used").await.unwrap().is_some());
    store.put_candles("SOL/USDC", 60, &[bar(60, 5)]).await.unwrap();
}

/// After a host that died: what it was answered stands, and nothing is used or written twice.
pub async fn goes_on(store: &impl Store) {
    assert!(!store.write_purse(purse("main", 1), 0, entries(1..=1, Step)).await.unwrap());
    assert!(store.write_purse(purse("main", 4), 3, entries(4..=4, Word)).await.unwrap());
    assert_eq!(seqs(&whole_log(store, "main").await), [1, 2, 3, 4]);
    assert_eq!(store.open_swaps().await.unwrap(), ["main/1"]);
    assert!(!store.append_swap(swap("main/1", 1, false)).await.unwrap());
    assert!(store.append_swap(swap("main/1", 2, true)).await.unwrap());
    assert_eq!(store.take_swap_approval("used").await.unwrap(), None, "a yes is used once");
    assert!(store.take_swap_approval("granted").await.unwrap().is_some());
    assert_eq!(store.last_candles("SOL/USDC", 60, 9).await.unwrap(), [bar(60, 5)]);
}
