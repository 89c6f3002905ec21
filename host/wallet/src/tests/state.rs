//! Active, reducing, halted: who sets them, what they stop, and how they end.

use puppet_types::Timestamp;

use super::fixture::*;
use crate::{Cause, Flow, Mode, OnDrawdown, Risk, Rules, Seen};

fn state_of(risk: &Risk) -> (Mode, Option<Cause>) {
    (risk.mode(), risk.state().map(|state| state.cause))
}

/// All of it in A, bought at 100.
fn invested(set: impl FnOnce(&mut Rules)) -> Risk {
    let mut rules = rules();
    set(&mut rules);
    let mut risk = risk(rules);
    risk.trade(&buy(CASH / PRICE), 0, PRICE);
    risk
}

#[test]
fn a_halt_stops_exits_too_until_it_is_lifted() {
    let mut risk = invested(|_| ());
    risk.set_reducing(at(1), "careful");
    assert_eq!(state_of(&risk), (Mode::Reducing, Some(Cause::Operator)));
    risk.set_reducing(at(2), "again");
    assert_eq!(risk.state().unwrap().reason, "careful");
    risk.set_halt(at(3), "stop");
    risk.set_halt(at(4), "again");
    risk.set_reducing(at(5), "less");
    let state = risk.state().unwrap();
    assert_eq!((state.mode, state.since, state.reason.as_str()), (Mode::Halted, at(3), "stop"));
    assert_eq!(risk.ask(&exit(2), &seen(0)).unwrap_err(), "kill-switch");
    risk.resume(at(6));
    assert_eq!(state_of(&risk), (Mode::Active, None));
    assert!(risk.ask(&exit(2), &seen(6)).is_ok());
}

#[test]
fn fills_of_what_was_under_way_are_booked_in_a_halt() {
    let mut risk = risk(rules());
    let id = risk.ask(&buy(10), &seen(0)).unwrap();
    risk.set_halt(at(1), "stop");
    assert!(risk.fills(id, 2, 10, PRICE, 0).is_done);
    assert_eq!(risk.position(0).quantity, 10);
}

/// Equity, how far it is below its highest, and whether the state turned by it.
fn marked(risk: &mut Risk, now: Timestamp, prices: &[(u32, u64)]) -> (Option<u64>, u32, bool) {
    let before = risk.state().cloned();
    let equity = risk.mark(now, prices);
    (equity, risk.drawdown_bps(), risk.state() != before.as_ref())
}

#[test]
fn a_drawdown_beyond_the_limit_turns_once_and_is_counted_anew_after_a_resume() {
    let mut risk = invested(|rules| rules.max_drawdown_bps = 1_000);
    assert_eq!(marked(&mut risk, at(0), &[(0, 200)]), (Some(2 * CASH), 0, false));
    assert_eq!(marked(&mut risk, at(1), &[(0, 180)]), (Some(CASH / 100 * 180), 1_000, false));
    assert_eq!(marked(&mut risk, at(2), &[(0, 179)]), (Some(CASH / 100 * 179), 1_050, true));
    assert_eq!(state_of(&risk), (Mode::Reducing, Some(Cause::Drawdown)));
    assert_eq!(risk.state().unwrap().since, at(2));
    assert_eq!(marked(&mut risk, at(3), &[(0, 100)]), (Some(CASH), 5_000, false));
    risk.resume(at(4));
    assert_eq!(marked(&mut risk, at(5), &[(0, 91)]), (Some(CASH / 100 * 91), 900, false));
    assert_eq!(risk.mode(), Mode::Active);
    assert!(marked(&mut risk, at(6), &[(0, 89)]).2);
}

#[test]
fn a_halt_that_is_lifted_leaves_everything_as_it_was() {
    let mut risk = invested(|rules| rules.max_drawdown_bps = 1_000);
    risk.mark(at(0), &[(0, 200)]);
    risk.set_halt(at(1), "stop");
    risk.lift(at(2), None);
    assert_eq!((state_of(&risk), risk.portfolio().peak), ((Mode::Active, None), 2 * CASH));
    assert!(risk.ask(&exit(2), &seen(2)).is_ok());
    assert!(!risk.has_drawn_down());
    risk.mark(at(3), &[(0, 179)]);
    assert_eq!(state_of(&risk), (Mode::Reducing, Some(Cause::Drawdown)));
    let before = risk.state().cloned();
    risk.set_halt(at(4), "stop");
    assert_eq!(state_of(&risk), (Mode::Halted, Some(Cause::Operator)));
    assert!(risk.has_drawn_down(), "of what was lost the prices tell");
    risk.lift(at(5), before.clone());
    assert_eq!((risk.state().cloned(), risk.portfolio().peak), (before, 2 * CASH));
    risk.mark(at(6), &[(0, 200)]);
    assert!(risk.has_drawn_down(), "it stopped it, whatever it is worth by now");
    risk.lift(at(7), None);
    assert!(!risk.has_drawn_down());
    risk.mark(at(8), &[(0, 180)]);
    assert!(!risk.has_drawn_down(), "so much is allowed");
}

#[test]
fn a_drawdown_may_halt_and_never_loosens_what_is_stricter() {
    let mut risk = invested(|rules| (rules.max_drawdown_bps, rules.on_drawdown) = (100, OnDrawdown::Halted));
    risk.set_reducing(at(0), "careful");
    assert!(marked(&mut risk, at(1), &[(0, 98)]).2);
    assert_eq!(state_of(&risk), (Mode::Halted, Some(Cause::Drawdown)));
    assert_eq!(risk.ask(&exit(2), &seen(1)).unwrap_err(), "halted");
    risk.set_halt(at(2), "stop");
    assert_eq!(risk.ask(&exit(2), &seen(2)).unwrap_err(), "kill-switch");
    assert!(!marked(&mut risk, at(3), &[(0, 50)]).2);

    let mut halted = invested(|rules| rules.max_drawdown_bps = 100);
    halted.set_halt(at(0), "stop");
    assert!(!marked(&mut halted, at(1), &[(0, 50)]).2);
    assert_eq!(state_of(&halted), (Mode::Halted, Some(Cause::Operator)));
}

#[test]
fn a_drawdown_of_everything_is_none_where_the_limit_is_everything() {
    let mut risk = invested(|_| ());
    assert_eq!(marked(&mut risk, at(0), &[(0, 100)]).1, 0);
    assert_eq!(marked(&mut risk, at(0), &[(0, 1)]).1, 9_900);
    assert_eq!(risk.mode(), Mode::Active);
}

#[test]
fn what_has_no_price_is_not_guessed() {
    let mut risk = invested(|rules| rules.max_drawdown_bps = 0);
    assert_eq!((risk.equity(), risk.mark(at(0), &[])), (None, None));
    assert_eq!(marked(&mut risk, at(1), &[(7, 5), (0, 0)]), (None, 0, false));
    assert_eq!(risk.mark(at(2), &[(0, PRICE)]), Some(CASH));
    assert_eq!((risk.equity(), risk.portfolio().equity), (Some(CASH), Some(CASH)));
    assert_eq!(risk.mark(at(2), &[(0, 0)]), Some(CASH), "a price of 0 is none: the latest one stays");
    assert_eq!(risk.mode(), Mode::Active);
    assert_eq!(risk.portfolio().markets[0].price, Some(PRICE));
    assert_eq!(risk.portfolio().peak, CASH);
}

#[test]
fn a_token_of_two_markets_is_counted_once() {
    let mut twice = markets();
    twice[1].base = twice[0].base.clone();
    let mut risk = Risk::new(rules(), twice, &[(mint('Q'), 10), (mint('A'), 3)]).unwrap();
    assert_eq!(risk.mark(at(0), &[(1, 50)]), Some(160));
    assert_eq!(risk.mark(at(0), &[(0, 40)]), Some(130), "at the first market's price, where it has one");
}

#[test]
fn what_is_paid_in_is_no_gain_and_what_is_taken_out_no_loss_but_a_fee_is() {
    let mut risk = invested(|rules| rules.max_drawdown_bps = 0);
    risk.mark(at(0), &[(0, PRICE)]);
    risk.moved(at(1), &mint('Q'), 500, Flow::In).unwrap();
    risk.moved(at(1), &mint('A'), 10, Flow::Out).unwrap();
    assert_eq!(marked(&mut risk, at(2), &[]), (Some(CASH - 500), 0, false));
    assert_eq!(risk.portfolio().peak, CASH - 500);
    risk.moved(at(3), &mint('Q'), 1, Flow::NetworkFee).unwrap();
    assert_eq!(marked(&mut risk, at(4), &[]).1, 1, "rounded up");
    assert_eq!(risk.mode(), Mode::Reducing);
}

#[test]
fn a_position_is_measured_against_all_that_is_there_at_the_price_of_the_order() {
    let rules = Rules { max_position_share_bps: 5_000, ..rules() };
    let mut risk = Risk::new(rules, markets(), &[(mint('Q'), 2_000), (mint('B'), 10)]).unwrap();
    assert_eq!(risk.ask(&buy(2), &seen(0)).unwrap_err(), "max-position-share", "nobody knows what B is worth");
    risk.mark(at(0), &[(1, 20), (0, 1)]);
    assert_eq!(risk.ask(&buy(12), &seen(0)).unwrap_err(), "max-position-share");
    risk.trade(&buy(11), 0, PRICE);
    // 11 at 200 are more than half of 2,200 + 1,100.
    assert_eq!(risk.ask(&buy(2), &Seen::at(at(0), 200)).unwrap_err(), "max-position-share");
}

#[test]
fn time_never_goes_back() {
    let mut risk = risk(Rules { max_orders_per_minute: 1, max_day_notional: Some(1_000), ..rules() });
    risk.trade(&buy(6), 0, PRICE);
    assert_eq!(risk.ask(&buy(2), &seen(-DAY)).unwrap_err(), "stale-quote", "a price of yesterday is that today");
    let yesterday = Seen { price_at: at(0), ..seen(-DAY) };
    assert_eq!(risk.ask(&buy(6), &yesterday).unwrap_err(), "max-hour-notional");
    assert_eq!(risk.ask(&buy(2), &yesterday).unwrap_err(), "order-rate");
}

#[test]
fn so_many_of_ten_thousand_draws_are_talked_about() {
    let rules = Rules { tell_trades_bps: 8_000, ..rules() };
    assert!(rules.tells(7_999) && !rules.tells(8_000));
}
