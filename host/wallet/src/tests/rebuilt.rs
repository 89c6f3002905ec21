//! After a crash: from a snapshot and a log, with the same markets or others.

use puppet_types::trade::{Market, OrderKind};
use serde_json::json;

use super::fixture::*;
use crate::{Numbered, RestoreError, Risk, Rules, Step, books::Books};

/// Six of A are held, four are for sale, two of B are asked for.
fn busy() -> (Risk, Vec<Numbered>) {
    let mut risk = risk(rules());
    risk.keep_steps(true);
    risk.trade(&buy(10), 0, PRICE);
    let id = risk.ask(&exit(8), &seen(0)).unwrap();
    risk.fills(id, 1, 4, 90, 1);
    risk.ask(&puppet_types::trade::Order { market: 1, ..buy(2) }, &seen(1)).unwrap();
    risk.mark(at(2), &[(0, 90)]);
    risk.set_halt(at(3), "stop");
    let steps = risk.take_steps();
    (risk, steps)
}

fn restored(snapshot: &Books, steps: &[Numbered]) -> Result<Risk, RestoreError> {
    Risk::restore(rules(), markets(), snapshot.clone(), steps.to_vec())
}

#[test]
fn steps_that_are_there_already_are_passed_over_and_a_gap_is_an_error() {
    let (after, steps) = busy();
    let before = risk(rules()).snapshot().clone();
    assert_eq!(steps.iter().map(|step| step.number).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert_eq!(restored(&before, &steps).unwrap().snapshot(), after.snapshot());
    let again = restored(after.snapshot(), &steps).unwrap();
    assert_eq!(again.snapshot(), after.snapshot());
    assert_eq!(restored(&before, &steps[1..]).unwrap_err(), RestoreError::Missing { wanted: 1, found: 2 });
    let holed = [&steps[..3], &steps[4..]].concat();
    assert_eq!(restored(&before, &holed).unwrap_err(), RestoreError::Missing { wanted: 4, found: 5 });
}

#[test]
fn what_nobody_keeps_is_numbered_all_the_same() {
    let of = |keep| {
        let mut risk = risk(rules());
        risk.keep_steps(keep);
        risk.trade(&buy(10), 0, PRICE);
        risk.ask(&exit(8), &seen(0)).unwrap();
        risk
    };
    assert_eq!(of(false).snapshot(), of(true).snapshot());
}

#[test]
fn what_is_rebuilt_goes_on_where_it_was() {
    let (mut after, steps) = busy();
    let mut again = restored(risk(rules()).snapshot(), &steps).unwrap();
    for risk in [&mut after, &mut again] {
        risk.resume(at(4));
        let open: Vec<_> = risk.open().map(|held| held.id).collect();
        assert!(risk.fills(open[0], 5, 4, 95, 0).is_done);
        risk.ask(&buy(3), &seen(6)).unwrap();
    }
    assert_eq!(after.snapshot(), again.snapshot());
    assert_eq!(after.take_steps(), again.take_steps(), "steps are kept from the start of what was rebuilt");
    assert_eq!((after.take_steps(), again.portfolio()), (Vec::new(), after.portfolio()));
    again.keep_steps(false);
    again.resume(at(7));
    assert_eq!(again.take_steps(), Vec::new());
}

#[test]
fn a_step_that_does_not_fit_is_an_error_with_its_number() {
    let (after, steps) = busy();
    let number = after.snapshot().step + 1;
    let Step::Admitted(first) = steps[0].step.clone() else { panic!() };
    let next = crate::ReservationId(after.snapshot().next_id);
    for step in [
        Step::Released { id: next },
        Step::Filled { id: next, at: at(0), quantity: 1, price: 1, fee: 0 },
        Step::Admitted(first.clone()),
        Step::Admitted(crate::Held { id: next, market: 9, ..first.clone() }),
        Step::Admitted(crate::Held { id: next, quote: CASH, ..first.clone() }),
        Step::Admitted(crate::Held { id: next, market: 1, quantity: u64::MAX, ..first }),
        Step::Moved { at: at(0), mint: mint('X'), amount: 1, flow: crate::Flow::In },
        Step::Adopted { markets: Vec::new() },
    ] {
        let error = restored(after.snapshot(), &[Numbered { number, step: step.clone() }]);
        match error {
            Err(RestoreError::Step { number: found, .. }) => assert_eq!(found, number),
            other => panic!("{step:?}: {other:?}"),
        }
    }
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused() {
    let (after, _) = busy();
    let whole = serde_json::to_value(after.snapshot()).unwrap();
    assert_eq!(restored(&serde_json::from_value(whole.clone()).unwrap(), &[]).unwrap().snapshot(), after.snapshot());
    for (path, value) in [
        ("/purses", json!([])),
        ("/inside", json!([])),
        ("/purses/0/held", json!(0)),
        ("/purses/0/amount", json!(1)),
        ("/inside/0/selling", json!(0)),
        ("/inside/1/buying", json!(0)),
        ("/held_notional", json!(0)),
        ("/untraded", json!(0)),
        ("/next_id", json!(3)),
        ("/held/2/id", json!(1)),
        ("/held/2/market", json!(2)),
    ] {
        let mut wrong = whole.clone();
        *wrong.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        let wrong = serde_json::from_value(wrong).unwrap();
        let error = restored(&wrong, &[]).unwrap_err();
        assert!(matches!(error, RestoreError::Snapshot(_)), "{path}: {error}");
    }
}

#[test]
fn markets_may_come_and_change_places_while_what_is_held_stays() {
    let (before, steps) = busy();
    let more = vec![market(token('C'), token('Q')), markets().remove(1), markets().remove(0)];
    let rules = Rules { enabled: true, ..Rules::for_backtest(&more) };
    let start = risk(super::fixture::rules()).snapshot().clone();
    let mut after = Risk::restore(rules.clone(), more.clone(), start.clone(), steps.clone()).unwrap();
    assert_eq!(after.markets(), more);
    assert_eq!(after.position(2), before.position(0));
    assert_eq!((after.position(0).quantity, after.position(1).quantity), (0, 0));
    assert_eq!(after.open().map(|held| held.market).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(after.cash(), before.cash());
    let told = after.take_steps();
    assert_eq!(told.len(), 1, "the change is a step");
    after.resume(at(5));
    assert!(after.ask(&buy(2), &seen(5)).is_ok(), "C is traded");
    let again = [steps, told, after.take_steps()].concat();
    let again = Risk::restore(rules, more, start, again).unwrap();
    assert_eq!(again.snapshot(), after.snapshot());
}

#[test]
fn a_market_with_something_in_it_may_not_go_nor_become_another() {
    let (held, _) = busy();
    let empty = risk(rules());
    let change = |set: fn(&mut Market)| {
        let mut changed = markets();
        set(&mut changed[0]);
        changed
    };
    let mut waiting = risk(rules());
    waiting.ask(&puppet_types::trade::Order { kind: OrderKind::Limit(90), ..buy(2) }, &seen(0)).unwrap();
    let mut kept = risk(rules());
    kept.trade(&buy(2), 0, PRICE);
    for markets in [
        markets().split_off(1),
        change(|market| market.base.decimals = 9),
        change(|market| market.quote.decimals = 9),
        change(|market| market.price_decimals = 9),
        change(|market| market.base = token('C')),
        change(|market| market.id = "other".into()),
    ] {
        for of in [&held, &waiting, &kept] {
            let error = Risk::restore(rules(), markets.clone(), of.snapshot().clone(), []).unwrap_err();
            let why = "market `A/Q` holds something, and is no longer traded as it was";
            assert_eq!(error, RestoreError::Market(why.to_owned()));
        }
        assert!(Risk::restore(rules(), markets, empty.snapshot().clone(), []).is_ok());
    }
    // What is sold and for sale counts as something, what is bought and sold again does not.
    let mut sold = risk(rules());
    sold.trade(&buy(2), 0, PRICE);
    sold.trade(&exit(2), 0, PRICE);
    assert!(Risk::restore(rules(), markets().split_off(1), sold.snapshot().clone(), []).is_ok());
    let other_quote = Rules { quote: Some(mint('X')), ..rules() };
    assert!(Risk::restore(other_quote, Vec::new(), empty.snapshot().clone(), []).is_ok());
    let quoted = vec![market(token('A'), token('X'))];
    let other_quote = Rules::for_backtest(&quoted);
    let error = Risk::restore(other_quote, quoted, empty.snapshot().clone(), []).unwrap_err();
    let why = "market `A/X` is paid in another token than this purse";
    assert_eq!(error, RestoreError::Market(why.to_owned()));
    let bad = Rules { quote: None, ..rules() };
    assert!(matches!(Risk::restore(bad, markets(), empty.snapshot().clone(), []).unwrap_err(), RestoreError::Rules(_)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut risk = risk(Rules { max_orders_per_minute: 1_000, ..rules() });
    for turn in 0..1_100 {
        risk.trade(&buy(2), turn * 120, PRICE);
        risk.trade(&exit(2), turn * 120, PRICE - 1);
    }
    let books = risk.snapshot();
    assert_eq!((books.losses.len(), books.inside[0].sales.len()), (64, 64));
    assert_eq!(books.losses.back(), Some(&at(1_099 * 120)));
    // Two every 120 ms: those of the last 60 s, the ones of exactly 60 s ago not among them.
    assert_eq!(books.admitted.len(), 1_000);
    assert_eq!(books.held.len(), 0);
}

#[test]
fn orders_of_more_than_a_minute_ago_are_forgotten() {
    let mut risk = risk(rules());
    for (millis, remembered) in [(0, 1), (59_999, 2), (60_000, 2), (200_000, 1)] {
        risk.trade(&buy(2), millis, PRICE);
        assert_eq!(risk.snapshot().admitted.len(), remembered);
    }
}
