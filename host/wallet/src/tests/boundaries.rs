//! Every rule exactly at its limit, and one beyond.

use puppet_types::{
    Timestamp,
    trade::{Mint, Order, OrderKind, Side},
};

use super::fixture::*;
use crate::{Flow, LowProfit, OnDrawdown, Origin, QuantityRange, Risk, Rule, Rules, Seen, StopGuard};

type Asked = (Order, Origin, Seen);

/// What is admitted, what is denied, and when asking again may help.
struct Case {
    rule: Rule,
    risk: Risk,
    at: Asked,
    /// Nothing but the limit is between the two: other rules, if they are others than those of `risk`.
    beyond: (Risk, Asked),
    retry: Option<Timestamp>,
}

fn plain(order: Order) -> Asked {
    (order, Origin::Strategy, seen(0))
}

fn case(rule: Rule, risk: Risk, at: Asked, beyond: Asked) -> Case {
    let beyond = (risk.clone(), beyond);
    Case { rule, risk, at, beyond, retry: None }
}

/// By what is set: the same order, once under each.
fn setting(rule: Rule, at: Risk, beyond: Risk, asked: Asked) -> Case {
    Case { rule, risk: at, at: asked.clone(), beyond: (beyond, asked), retry: None }
}

fn with(set: impl FnOnce(&mut Rules)) -> Risk {
    let mut rules = rules();
    set(&mut rules);
    risk(rules)
}

/// Ten of A are there, bought at 100 at noon.
fn holding(set: impl FnOnce(&mut Rules)) -> Risk {
    let mut risk = with(set);
    risk.trade(&buy(10), 0, PRICE);
    risk
}

/// Sold at a loss of `loss` each, one after the other.
fn losing(set: impl FnOnce(&mut Rules), times: &[i64], loss: u64) -> Risk {
    let mut rules = rules();
    let mut risk = risk(rules.clone());
    risk.trade(&buy(100), 0, PRICE);
    for millis in times {
        risk.trade(&exit(2), *millis, PRICE - loss);
    }
    set(&mut rules);
    Risk::restore(rules, markets(), risk.snapshot().clone(), []).unwrap()
}

fn later(order: Order, millis: i64) -> Asked {
    (order, Origin::Strategy, seen(millis))
}

fn halted(set: impl FnOnce(&mut Risk)) -> Risk {
    let mut risk = holding(|_| ());
    set(&mut risk);
    risk
}

fn kinds() -> Vec<Case> {
    let of = |kind, quantity| plain(Order { kind, ..buy(quantity) });
    let over = |millis| plain(Order { expires_at: Some(at(millis)), ..buy(2) });
    let invalid = |at, beyond| case(Rule::Invalid, with(|_| ()), at, beyond);
    vec![
        invalid(plain(buy(2)), plain(buy(0))),
        invalid(of(OrderKind::Limit(1), 2), of(OrderKind::Limit(0), 2)),
        invalid(of(OrderKind::Stop(1), 2), of(OrderKind::Stop(0), 2)),
        invalid(of(OrderKind::TakeProfit(1), 2), of(OrderKind::TakeProfit(0), 2)),
        invalid(of(OrderKind::Trailing(1), 2), of(OrderKind::Trailing(0), 2)),
        invalid(of(OrderKind::Trailing(9_999), 2), of(OrderKind::Trailing(10_000), 2)),
        invalid(over(1), over(0)),
    ]
}

fn who_and_what() -> Vec<Case> {
    let from = |origin| (buy(2), origin, seen(0));
    let trending = |seconds: i64| {
        let trending_at = Some(at(-1_000 * seconds));
        (buy(2), Origin::Strategy, Seen { trending_at, ..seen(0) })
    };
    let listed = |set: fn(&mut Rules)| {
        with(|rules| {
            rules.always_tradable = Some(vec![mint('Q'), mint('B')]);
            rules.consider_trending = true;
            rules.max_trending_age_seconds = 600;
            set(rules);
        })
    };
    let in_b = Order { market: 1, ..buy(2) };
    vec![
        setting(Rule::Disabled, with(|_| ()), with(|rules| rules.enabled = false), plain(buy(2))),
        setting(Rule::KillSwitch, halted(|_| ()), halted(|risk| risk.set_halt(at(0), "enough")), plain(exit(2))),
        setting(Rule::Halted, halted(|_| ()), with_drawdown(OnDrawdown::Halted), plain(exit(2))),
        case(Rule::Reducing, halted(|risk| risk.set_reducing(at(0), "enough")), plain(exit(2)), plain(buy(2))),
        case(Rule::Reducing, with_drawdown(OnDrawdown::Reducing), plain(exit(2)), plain(sell(2))),
        case(Rule::Gift, with(|rules| rules.autonomous_only = false), from(Origin::Own), from(Origin::Gift)),
        case(
            Rule::HumanRequest,
            with(|rules| rules.autonomous_only = false),
            from(Origin::Operator),
            from(Origin::HumanRequest),
        ),
        case(Rule::AutonomousOnly, with(|_| ()), from(Origin::Own), from(Origin::Operator)),
        case(Rule::AutonomousOnly, with(|rules| rules.ignore_gifts = false), from(Origin::Own), from(Origin::Gift)),
        case(
            Rule::AutonomousOnly,
            with(|rules| rules.ignore_human_requests = false),
            from(Origin::Strategy),
            from(Origin::HumanRequest),
        ),
        case(Rule::UnknownMarket, with(|_| ()), plain(in_b.clone()), plain(Order { market: 2, ..buy(2) })),
        setting(
            Rule::MintNotAllowed,
            with(|_| ()),
            with(|rules| rules.allow_mints.retain(|of| *of != mint('A'))),
            plain(buy(2)),
        ),
        setting(
            Rule::MintNotAllowed,
            with(|_| ()),
            with(|rules| rules.allow_mints.retain(|of| *of != mint('Q'))),
            plain(buy(2)),
        ),
        setting(Rule::MintNotAllowed, holding(|_| ()), listed(|rules| rules.allow_mints.clear()), plain(buy(2))),
        setting(Rule::MintDenied, with(|_| ()), with(|rules| rules.deny_mints.push(mint('A'))), plain(buy(2))),
        setting(Rule::MintDenied, with(|_| ()), with(|rules| rules.deny_mints.push(mint('Q'))), plain(buy(2))),
        setting(Rule::MintDenied, with(|_| ()), listed(|rules| rules.deny_mints.push(mint('B'))), plain(in_b.clone())),
        case(Rule::NotTrending, listed(|_| ()), plain(in_b), plain(buy(2))),
        {
            // What was bought while the list had it can always be left.
            let mut left = listed(|_| ());
            let bought = left.ask(&buy(2), &trending(0).2).unwrap();
            left.fills(bought, 0, 2, PRICE, 0);
            case(Rule::NotTrending, left, plain(exit(2)), plain(buy(2)))
        },
        case(Rule::NotTrending, listed(|_| ()), trending(600), trending(601)),
        case(Rule::NotTrending, listed(|_| ()), trending(-600), trending(-601)),
        setting(Rule::NotTrending, listed(|rules| rules.require_trending = false), listed(|_| ()), plain(buy(2))),
        setting(Rule::NotTrending, listed(|_| ()), listed(|rules| rules.consider_trending = false), trending(0)),
    ]
}

/// Half of the price is gone, and that is too much.
fn with_drawdown(on_drawdown: OnDrawdown) -> Risk {
    let mut risk = holding(|rules| {
        rules.max_drawdown_bps = 0;
        rules.on_drawdown = on_drawdown;
    });
    risk.mark(at(0), &[(0, PRICE / 2)]);
    assert_ne!(risk.mode(), crate::Mode::Active);
    risk
}

fn prices() -> Vec<Case> {
    let old = |millis: i64| plain_seen(Seen { price_at: at(-millis), ..seen(0) });
    let second = |price, millis: i64| plain_seen(Seen { second: Some((price, at(-millis))), ..seen(0) });
    let demanding = || with(|rules| rules.max_deviation_bps = Some(500));
    let limit = |kind, side| (Order { kind: OrderKind::Limit(kind), side, ..buy(2) }, Origin::Strategy, seen(0));
    let slip = |bps| plain(Order { max_slippage_bps: Some(bps), ..buy(2) });
    let slippery = || holding(|rules| rules.max_slippage_bps = 500);
    vec![
        case(Rule::NoPrice, with(|_| ()), plain_seen(Seen::at(at(0), 1)), plain_seen(Seen::at(at(0), 0))),
        case(Rule::StaleQuote, with(|_| ()), old(60_000), old(60_001)),
        case(Rule::StaleQuote, with(|_| ()), old(-60_000), old(-60_001)),
        case(Rule::NoSecondPrice, demanding(), second(PRICE, 60_000), second(PRICE, 60_001)),
        case(Rule::NoSecondPrice, demanding(), second(PRICE, 0), plain(buy(2))),
        case(Rule::NoSecondPrice, demanding(), second(PRICE, 0), second(0, 0)),
        case(Rule::PriceDeviation, demanding(), second(105, 0), second(106, 0)),
        // The lower of the two is the measure: 100 is 5.3 % above 95.
        case(Rule::PriceDeviation, demanding(), second(96, 0), second(95, 0)),
        case(Rule::Slippage, slippery(), slip(500), slip(501)),
        case(Rule::Slippage, slippery(), limit(105, Side::Buy), limit(106, Side::Buy)),
        case(Rule::Slippage, slippery(), limit(95, Side::Sell), limit(94, Side::Sell)),
    ]
}

fn plain_seen(seen: Seen) -> Asked {
    (buy(2), Origin::Strategy, seen)
}

fn sizes() -> Vec<Case> {
    let range =
        |min, max| move |rules: &mut Rules| rules.quantity.extend([("A/Q".to_owned(), QuantityRange { min, max })]);
    let waiting = |quantity, kind| Order { kind, ..exit(quantity) };
    // Six of the ten are being sold already.
    let mut selling = holding(|_| ());
    selling.ask(&sell(6), &seen(0)).unwrap();
    // A stop for all of them holds none.
    let mut stopped = holding(|_| ());
    stopped.ask(&waiting(10, OrderKind::Stop(90)), &seen(0)).unwrap();
    let owning = |set: fn(&mut Rules)| {
        let mut rules = rules();
        rules.sell_holdings = true;
        set(&mut rules);
        Risk::new(rules, markets(), &[(mint('Q'), CASH), (mint('A'), 20)]).unwrap()
    };
    let max = u64::MAX / PRICE;
    let rich = || Risk::new(Rules { max_fee_bps: 0, ..rules() }, markets(), &[(mint('Q'), u64::MAX)]).unwrap();
    vec![
        case(Rule::MinQuantity, with(|_| ()), plain(buy(2)), plain(buy(1))),
        case(Rule::MinQuantity, with(range(5, None)), plain(buy(5)), plain(buy(4))),
        case(Rule::MinQuantity, with(range(1, None)), plain(buy(2)), plain(buy(1))),
        case(Rule::MaxQuantity, with(range(0, Some(7))), plain(buy(7)), plain(buy(8))),
        case(Rule::ReduceOnly, holding(|_| ()), plain(exit(10)), plain(exit(11))),
        case(Rule::ReduceOnly, holding(|_| ()), plain(buy(2)), plain(Order { reduce_only: true, ..buy(2) })),
        case(Rule::ReduceOnly, selling.clone(), plain(exit(4)), plain(exit(5))),
        case(Rule::ReduceOnly, stopped.clone(), plain(waiting(10, OrderKind::TakeProfit(120))), plain(exit(11))),
        case(Rule::ReduceOnly, stopped, plain(exit(10)), plain(exit(11))),
        // What was in the wallet before is no position.
        case(Rule::ReduceOnly, owning(|_| ()), plain(sell(20)), plain(exit(2))),
        case(Rule::NoPosition, holding(|_| ()), plain(sell(10)), plain(sell(11))),
        case(Rule::NoPosition, selling, plain(sell(4)), plain(sell(5))),
        setting(Rule::NoPosition, owning(|_| ()), owning(|rules| rules.sell_holdings = false), plain(sell(2))),
        case(Rule::InsufficientFunds, owning(|_| ()), plain(sell(20)), plain(sell(21))),
        case(Rule::TooLarge, rich(), plain(buy(max)), plain(buy(max + 1))),
        case(
            Rule::TooLarge,
            rich(),
            plain(Order { kind: OrderKind::Stop(u64::MAX / 2), ..buy(2) }),
            plain(Order { kind: OrderKind::Stop(u64::MAX / 2 + 1), ..buy(2) }),
        ),
        {
            // The order alone can be counted, the position cannot.
            let mut rich = Risk::new(rules(), markets(), &[(mint('Q'), u64::MAX), (mint('A'), 0)]).unwrap();
            rich.ask(&Order { kind: OrderKind::Limit(1), ..buy(max - 2) }, &Seen::at(at(0), 1)).unwrap();
            case(Rule::TooLarge, rich, plain(buy(2)), plain(buy(3)))
        },
    ]
}

fn amounts() -> Vec<Case> {
    let mut used = with(|rules| {
        rules.max_hour_notional = Some(1_000);
        rules.max_day_notional = Some(5_000);
    });
    used.trade(&buy(4), 0, PRICE);
    used.ask(&buy(3), &seen(0)).unwrap();
    let mut day = with(|rules| rules.max_day_notional = Some(1_000));
    day.trade(&buy(4), -3_600_000, PRICE);
    day.ask(&buy(3), &seen(0)).unwrap();
    // 700 of a limit of 1,000 wait: the next hour has no more room for 400 than this one.
    let fees = |fee| with(|rules| rules.max_fee_bps = fee);
    let all = CASH / PRICE;
    let slippery = || with(|rules| rules.max_slippage_bps = 100);
    vec![
        case(
            Rule::MaxOrderNotional,
            with(|rules| rules.max_order_notional = Some(1_000)),
            plain(buy(10)),
            plain(buy(11)),
        ),
        setting(Rule::MaxOrderNotional, with(|_| ()), with(|rules| rules.max_order_notional = None), plain(buy(2))),
        case(Rule::MaxOrderShare, with(|rules| rules.max_order_share_bps = 100), plain(buy(100)), plain(buy(101))),
        case(Rule::MaxOrderShare, holding(|rules| rules.max_order_share_bps = 5_000), plain(sell(5)), plain(sell(6))),
        Case { retry: Some(at(3_600_000)), ..case(Rule::MaxHourNotional, used.clone(), plain(buy(3)), plain(buy(4))) },
        case(Rule::MaxHourNotional, used.clone(), later(buy(7), 3_600_000), later(buy(8), 3_600_000)),
        case(Rule::MaxHourNotional, used, later(buy(3), 3_599_999), later(buy(8), 3_599_999)),
        Case {
            retry: Some(at(DAY / 2)),
            ..case(
                Rule::MaxDayNotional,
                day.rules_of(|rules| rules.max_hour_notional = Some(u64::MAX)),
                plain(buy(3)),
                plain(buy(4)),
            )
        },
        Case {
            retry: Some(at(3_600_000)),
            ..case(Rule::MaxHourNotional, with_used_hour(), plain(buy(3)), plain(buy(4)))
        },
        setting(Rule::MaxHourNotional, with(|_| ()), with(|rules| rules.max_day_notional = None), plain(buy(2))),
        setting(
            Rule::MaxDayNotional,
            with(|_| ()),
            with(|rules| (rules.max_day_notional, rules.max_hour_notional) = (None, Some(u64::MAX))),
            plain(buy(2)),
        ),
        // Alone it fits into an hour, so the next one may have it.
        case(Rule::MaxHourNotional, with_used_hour(), plain(buy(3)), plain(buy(10))).retry(at(3_600_000)),
        case(Rule::MaxHourNotional, with_used_hour(), plain(buy(3)), plain(buy(11))),
        case(Rule::InsufficientFunds, with(|_| ()), plain(buy(all)), plain(buy(all + 1))),
        case(Rule::InsufficientFunds, fees(100), plain(buy(9_900)), plain(buy(9_901))),
        case(Rule::InsufficientFunds, slippery(), plain(buy(9_900)), plain(buy(9_901))),
        case(Rule::Reserve, with(|rules| rules.reserve_quote = 1_000), plain(buy(all - 10)), plain(buy(all - 9))),
        case(
            Rule::MaxPosition,
            {
                let mut risk = holding(|rules| rules.max_position_notional = Some(2_000));
                risk.ask(&buy(5), &seen(0)).unwrap();
                risk
            },
            plain(buy(5)),
            plain(buy(6)),
        ),
        case(
            Rule::MaxPositionShare,
            holding(|rules| rules.max_position_share_bps = 1_000),
            plain(buy(all / 10 - 10)),
            plain(buy(all / 10 - 9)),
        ),
    ]
}

fn with_used_hour() -> Risk {
    let mut risk = with(|rules| rules.max_day_notional = Some(1_000));
    risk.trade(&buy(7), 0, PRICE);
    risk
}

/// Lamports: as what pays the fees of other tokens, as what is sold, and as what is spent.
fn lamports() -> Vec<Case> {
    let keep = |rules: Rules| Rules { reserve_lamports: 500, sell_holdings: true, ..rules };
    let other = |lamports| Risk::new(keep(rules()), markets(), &[(mint('Q'), CASH), (sol().mint, lamports)]).unwrap();
    let base = vec![market(sol(), token('Q'))];
    let open = |markets: &[_]| keep(Rules { max_slippage_bps: 0, max_fee_bps: 0, ..Rules::for_backtest(markets) });
    let as_base =
        |lamports| Risk::new(open(&base), base.clone(), &[(mint('Q'), CASH), (sol().mint, lamports)]).unwrap();
    let quote = vec![market(token('A'), sol())];
    let as_quote = || {
        let rules = Rules { reserve_quote: 100, ..open(&quote) };
        Risk::new(rules, quote.clone(), &[(mint('A'), 9), (sol().mint, 2_600)]).unwrap()
    };
    let sold_dry = {
        let mut risk = as_quote();
        risk.moved(at(0), &sol().mint, 2_600, Flow::Out).unwrap();
        risk
    };
    let exit_without = |lamports: u64| {
        let mut risk = other(500);
        risk.trade(&buy(10), 0, PRICE);
        risk.moved(at(0), &sol().mint, 500 - lamports, Flow::NetworkFee).unwrap();
        risk
    };
    let paper = |markets: &[_], rules: Rules, has: Mint| {
        Risk::new(rules.on_paper(), markets.to_vec(), &[(has, 2_600)]).unwrap()
    };
    let of_base = || {
        let mut risk = paper(&base, open(&base), mint('Q'));
        risk.trade(&buy(10), 0, PRICE);
        risk
    };
    vec![
        setting(Rule::FeeReserve, paper(&markets(), keep(rules()), mint('Q')), other(0), plain(buy(2))),
        setting(Rule::FeeReserve, of_base(), as_base(509), plain(sell(10))),
        case(Rule::FeeReserve, paper(&quote, open(&quote), sol().mint), plain(buy(21)), plain(buy(22))),
        setting(Rule::FeeReserve, other(500), other(499), plain(buy(2))),
        setting(Rule::FeeReserve, exit_without(500), exit_without(499), plain(sell(2))),
        case(Rule::FeeReserve, exit_without(0), plain(exit(2)), plain(sell(2))),
        setting(Rule::FeeReserve, as_base(500), as_base(499), plain(buy(2))),
        case(Rule::FeeReserve, as_base(600), plain(sell(100)), plain(sell(101))),
        case(Rule::FeeReserve, as_quote(), plain(buy(20)), plain(buy(21))),
        case(Rule::Reserve, as_quote(), plain(buy(20)), plain(buy(26))),
        // Selling for lamports is how they come back.
        case(Rule::InsufficientFunds, sold_dry, plain(sell(9)), plain(buy(2))),
    ]
}

fn times() -> Vec<Case> {
    let minute = |times: &[i64]| {
        let mut risk = with(|rules| rules.max_orders_per_minute = 3);
        for millis in times {
            risk.trade(&buy(2), *millis, PRICE);
        }
        risk
    };
    let mut open = with(|rules| rules.max_open_orders = 2);
    open.ask(&buy(2), &seen(0)).unwrap();
    let one = open.clone();
    open.ask(&buy(2), &seen(0)).unwrap();
    let mut gap = with(|rules| rules.min_gap_seconds = 60);
    let waiting = {
        let mut risk = gap.clone();
        risk.ask(&buy(2), &seen(0)).unwrap();
        risk
    };
    gap.trade(&buy(2), 0, PRICE);
    let mut day = with(|rules| rules.max_daily_trades = 3);
    day.trade(&buy(4), 0, PRICE);
    day.ask(&buy(2), &seen(0)).unwrap();
    let two = day.clone();
    day.ask(&buy(2), &seen(0)).unwrap();
    let rate = |risk, at, beyond| case(Rule::OrderRate, risk, at, beyond);
    let daily = |at, beyond| case(Rule::DailyTrades, day.clone(), at, beyond);
    vec![
        Case { retry: Some(at(60_000)), ..rate(minute(&[0, 10, 20]), later(buy(2), 60_000), later(exit(2), 59_999)) },
        Case {
            retry: Some(at(60_010)),
            ..rate(minute(&[0, 10, 20, 60_000]), later(buy(2), 60_010), later(buy(2), 60_009))
        },
        setting(Rule::OrderRate, minute(&[]), with(|rules| rules.max_orders_per_minute = 0), plain(buy(2))),
        setting(Rule::OpenOrders, one, open, plain(buy(2))),
        Case {
            retry: Some(at(60_000)),
            ..case(Rule::MinGap, gap.clone(), later(buy(2), 60_000), later(buy(2), 59_999))
        },
        case(Rule::MinGap, gap, plain(exit(2)), plain(buy(2))).retry(at(60_000)),
        setting(Rule::MinGap, holding(|_| ()), waiting, later(buy(2), 60_000)),
        setting(Rule::DailyTrades, two, day.clone(), plain(buy(2))).retry(at(DAY / 2)),
        daily(plain(exit(2)), plain(sell(2))).retry(at(DAY / 2)),
        // The two that are open belong to the new day.
        daily(later(buy(2), DAY / 2), later(buy(2), DAY / 2 - 1)).retry(at(DAY / 2)),
        setting(Rule::DailyTrades, with(|_| ()), with(|rules| rules.max_daily_trades = 0), plain(buy(2))),
    ]
}

fn pauses() -> Vec<Case> {
    let cool = |rules: &mut Rules| rules.cool_down_seconds = 60;
    let guard = |losses, within_seconds| {
        move |rules: &mut Rules| {
            rules.stop_guard = Some(StopGuard { losses, within_seconds, pause_seconds: 100 });
        }
    };
    let low = |trades, min_bps| {
        move |rules: &mut Rules| rules.low_profit = Some(LowProfit { trades, min_bps, pause_seconds: 100 })
    };
    let ends = Some(at(103_000));
    vec![
        Case {
            retry: Some(at(61_000)),
            ..case(Rule::CoolDown, losing(cool, &[1_000], 1), later(buy(2), 61_000), later(buy(2), 60_999))
        },
        setting(Rule::CoolDown, losing(cool, &[1_000], 0), losing(cool, &[1_000], 1), later(buy(2), 1_000))
            .retry(at(61_000)),
        case(Rule::CoolDown, losing(cool, &[1_000], 1), later(exit(2), 1_000), later(sell(2), 1_000)).retry(at(61_000)),
        Case {
            retry: ends,
            ..case(
                Rule::StopGuard,
                losing(guard(2, 2), &[1_000, 3_000], 1),
                later(buy(2), 103_000),
                later(buy(2), 102_999),
            )
        },
        setting(
            Rule::StopGuard,
            losing(guard(2, 2), &[999, 3_000], 1),
            losing(guard(2, 2), &[1_000, 3_000], 1),
            later(buy(2), 3_000),
        )
        .retry(at(103_000)),
        // A group keeps its pause though a later loss is alone.
        case(
            Rule::StopGuard,
            losing(guard(2, 2), &[1_000, 3_000, 50_000], 1),
            later(buy(2), 103_000),
            later(buy(2), 102_999),
        )
        .retry(at(103_000)),
        setting(
            Rule::StopGuard,
            losing(guard(3, 2), &[1_000, 3_000], 1),
            losing(guard(1, 0), &[1_000, 3_000], 1),
            later(buy(2), 3_000),
        )
        .retry(at(103_000)),
        // 2 sold for 98 each, of what cost 100: 200 bps lost.
        setting(
            Rule::LowProfit,
            losing(low(2, -200), &[1_000, 3_000], 2),
            losing(low(2, -199), &[1_000, 3_000], 2),
            later(buy(2), 3_000),
        )
        .retry(at(103_000)),
        Case {
            retry: ends,
            ..case(
                Rule::LowProfit,
                losing(low(2, 0), &[1_000, 3_000], 2),
                later(buy(2), 103_000),
                later(buy(2), 102_999),
            )
        },
        case(
            Rule::LowProfit,
            losing(low(2, 0), &[1_000, 3_000], 2),
            later(Order { market: 1, ..buy(2) }, 3_000),
            later(buy(2), 3_000),
        )
        .retry(at(103_000)),
        setting(
            Rule::LowProfit,
            losing(low(3, 0), &[1_000, 3_000], 2),
            losing(low(1, 0), &[1_000, 3_000], 2),
            later(buy(2), 3_000),
        )
        .retry(at(103_000)),
    ]
}

impl Case {
    fn retry(self, at: Timestamp) -> Self {
        Self { retry: Some(at), ..self }
    }
}

impl Risk {
    fn rules_of(&self, set: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = self.rules().clone();
        set(&mut rules);
        Self::restore(rules, markets(), self.snapshot().clone(), []).unwrap()
    }
}

#[test]
fn every_rule_admits_at_its_limit_and_denies_one_beyond() {
    let cases: Vec<Case> = [who_and_what(), kinds(), prices(), sizes(), amounts(), lamports(), times(), pauses()]
        .into_iter()
        .flatten()
        .collect();
    for (number, case) in cases.iter().enumerate() {
        let what = format!("case {number} of {}", case.rule);
        let (order, origin, seen) = &case.at;
        let mut risk = case.risk.clone();
        risk.admit(order, *origin, seen).unwrap_or_else(|denial| panic!("{what}, at the limit: {denial:?}"));
        let (mut risk, (order, origin, seen)) = case.beyond.clone();
        let before = risk.snapshot().clone();
        let denial = risk.admit(&order, origin, &seen).expect_err(&what);
        assert_eq!(denial.rule, case.rule.code(), "{what}: {}", denial.detail);
        assert_eq!(denial.retry_at, case.retry, "{what}");
        assert_eq!((denial.client_id.as_str(), denial.market, denial.at), ("o", order.market, seen.now), "{what}");
        assert!(!denial.detail.is_empty(), "{what}");
        assert_eq!(risk.snapshot(), &before, "{what}: a denial changes nothing");
    }
    let told_by_others = [Rule::WarmUp, Rule::Duplicate, Rule::Expired, Rule::NotFilled, Rule::Failed];
    for rule in Rule::ALL {
        let is_tested = cases.iter().any(|case| case.rule == *rule);
        assert_eq!(is_tested, !told_by_others.contains(rule), "{rule}");
    }
}

#[test]
fn exits_pass_what_the_table_says_that_they_pass() {
    let cases = [amounts(), times(), pauses()];
    for case in cases.into_iter().flatten().filter(|case| !case.rule.about().binds_exits) {
        let (mut risk, (_, _, seen)) = case.beyond;
        if risk.position(0).quantity >= 2 {
            let answer = risk.ask(&exit(2), &seen);
            assert!(answer.is_ok(), "{}: {answer:?}", case.rule);
        }
    }
}
