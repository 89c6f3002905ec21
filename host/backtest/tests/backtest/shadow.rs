//! A new version is shown what was recorded before it takes over: what it would have ordered, and whether it fails.

use puppet_backtest::{Shadow, shadow};
use puppet_types::trade::{OrderKind, Proposal, Side};

use super::journal::{Kept, drive, setup, trader};
use crate::native::script::{Script, order};
use crate::native::sma::Sma;

fn buy(client_id: &str) -> puppet_types::trade::Order {
    order(client_id, Side::Buy, OrderKind::Market, 1_000_000)
}

/// What is kept of a run of so many batches: its last save, and the records since.
fn recorded(script: &Script, batches: usize) -> (Vec<u8>, Vec<puppet_backtest::BatchRecord>) {
    let kept = Kept::default();
    let mut trader = trader(script, &kept);
    drive(&mut trader, 0, batches);
    trader.flush();
    let saved = kept.saves.lock().unwrap().last().cloned().unwrap();
    let from = usize::try_from(saved.after).unwrap();
    let records = kept.batches.lock().unwrap()[from..].to_vec();
    (saved.bytes, records)
}

#[test]
fn the_same_version_orders_the_same_and_nothing_stops_it() {
    let script = Script::default().place(110, buy("a")).place(120, buy("b"));
    let (saved, records) = recorded(&script, 130);
    let shown = shadow(&script, &setup(5), Some(&saved), &records);
    assert_eq!(shown, Shadow { batches: 30, ..Shadow::default() });
    assert_eq!(shown.stops(), None);
    let words = Proposal::Place(puppet_types::trade::Order { reason: "it fell".to_owned(), ..buy("a") });
    let other_words = Script::default().say(110, [words]).place(120, buy("b"));
    assert_eq!(shadow(&other_words, &setup(5), Some(&saved), &records).changed, [], "a reason is for people");
}

#[test]
fn orders_that_differ_are_listed_with_what_was_ordered() {
    let (saved, records) = recorded(&Script::default().place(110, buy("a")).place(120, buy("b")), 130);
    let second = Script::default().place(110, buy("a")).place(115, buy("more"));
    let shown = shadow(&second, &setup(5), Some(&saved), &records);
    let orders = |list: &[Proposal]| -> Vec<String> {
        let name = |proposal: &Proposal| match proposal {
            Proposal::Place(order) => order.client_id.clone(),
            Proposal::Cancel { client_id, .. } => format!("not {client_id}"),
        };
        list.iter().map(name).collect()
    };
    let changed: Vec<_> = shown.changed.iter().map(|one| (one.seq, orders(&one.recorded), orders(&one.now))).collect();
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(changed, [(116, named(&[]), named(&["more"])), (121, named(&["b"]), named(&[]))]);
    assert_eq!(shown.stops(), None, "another decision is no fault");
    let fills = second.heard().into_iter().filter(|word| word.starts_with("fill")).collect::<Vec<_>>();
    assert_eq!(fills, ["fill a 1000000", "fill b 1000000"], "it is told of what really happened");
}

#[test]
fn faults_are_counted_and_it_goes_on_after_them_as_a_run_does() {
    let (saved, records) = recorded(&Script::default(), 130);
    let second = Script { traps_at: vec![105, 107], ..Script::default() };
    let shown = shadow(&second, &setup(5), Some(&saved), &records);
    assert_eq!(shown.faults.iter().map(|fault| fault.seq).collect::<Vec<_>>(), [106, 108]);
    assert_eq!(shown.batches, 28);
    // From the save, and told again what it has heard: five batches before the first fault, six before the second.
    let inits = second.heard().iter().filter(|word| *word == "init 100").count();
    assert_eq!((inits, second.heard().last().unwrap().as_str()), (3, "batch 129: 128 of 0"));
    let reason = shown.stops().unwrap();
    assert!(reason.contains("2 times") && reason.contains("batch 106: trap"), "{reason}");

    let never = Script { traps_at: (100..130).collect(), ..Script::default() };
    let shown = shadow(&never, &setup(5), Some(&saved), &records);
    assert_eq!((shown.faults.len(), shown.batches), (10, 0), "it does not try for ever");
}

#[test]
fn one_that_cannot_begin_from_the_save_is_told_apart() {
    let (saved, records) = recorded(&Script::default(), 130);
    let shown = shadow(&Sma::default, &setup(5), Some(&saved), &records);
    assert_eq!((shown.batches, shown.faults.len(), shown.faults[0].seq), (0, 1, 0));
    let reason = shown.stops().unwrap();
    assert!(reason.contains("cannot begin from the save") && reason.contains("not a save"), "{reason}");
}

#[test]
fn what_the_old_version_failed_on_is_left_out() {
    let first = Script { traps_at: vec![104], ..Script::default() };
    let (saved, records) = recorded(&first, 110);
    assert_eq!(records.iter().filter(|record| record.fault.is_some()).count(), 1);
    let shown = shadow(&Script::default(), &setup(5), Some(&saved), &records);
    assert_eq!((shown.batches, shown.faults.len(), shown.changed.len()), (9, 0, 0));
}
