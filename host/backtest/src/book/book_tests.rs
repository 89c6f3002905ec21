use puppet_types::trade::OrderKind;
use puppet_wallet::Rule;

use super::*;
use crate::testing::{bar, market, order};
use crate::{Filling, LimitRule, Slippage};

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;
/// A price of one.
const ONE: u64 = 1_000_000_000;

fn free() -> Models {
    Models::free()
}

/// A book and an account of 10,000 whole quote tokens; orders are placed at the close of minute 0, at 100.
struct Desk {
    book: Book,
    account: Account,
    number: u64,
}

impl Desk {
    fn new(models: Models) -> Self {
        let markets = vec![market("SOL/USDC")];
        Self { book: Book::new(markets, models, 1), account: Account::new(10_000 * USDC, 1), number: 0 }
    }

    fn holding(models: Models, quantity: u64) -> Self {
        let mut desk = Self::new(models);
        let traded = Traded { quantity, price: 100 * ONE, fee_bps: 0, at: Timestamp::default() };
        desk.account.buy(0, &market("SOL/USDC"), &mut Default::default(), traded).unwrap();
        desk
    }

    fn place(&mut self, order: Order) {
        self.place_at(0, order);
    }

    fn place_at(&mut self, minute: u64, order: Order) {
        self.number += 1;
        let worst = if order.side == Side::Buy { u64::MAX } else { 0 };
        let at = Timestamp::default().plus_millis(minute * 60_000);
        self.book.place(self.number, order, at, worst, 100 * ONE);
    }

    /// What a bar leads to, in short: `1 3@99` is 3 of order 1 at 99, `2 expired` an end.
    fn bar(&mut self, minute: u64, prices: [u64; 4], volume: u64) -> Vec<String> {
        let bars = [bar(minute, prices, volume)];
        let mut out = Vec::new();
        self.book.on_bars(&Batch { at: bars[0].1.at, is_warm_up: false, bars: &bars }, &mut self.account, &mut out);
        let told = |happening: &Happening| match happening {
            Happening::Filled { order, fill, .. } => {
                assert_eq!(fill.at, bars[0].1.at);
                format!("{order} {}@{}", fill.quantity as f64 / SOL as f64, fill.price as f64 / ONE as f64)
            }
            Happening::Ended { order, rule, .. } => format!("{order} {}", rule.code()),
        };
        out.iter().map(told).collect()
    }
}

fn with(edit: impl FnOnce(&mut Order), order: Order) -> Order {
    let mut order = order;
    edit(&mut order);
    order
}

fn exit(name: &str, kind: OrderKind, quantity: u64) -> Order {
    with(|order| order.reduce_only = true, order(name, Side::Sell, kind, quantity))
}

#[test]
fn an_order_is_filled_from_the_bar_after_its_decision_on() {
    let mut desk = Desk::new(free());
    desk.place_at(5, order("a", Side::Buy, OrderKind::Market, SOL));
    assert!(desk.bar(4, [90, 91, 89, 90], 1).is_empty());
    assert!(desk.bar(5, [90, 91, 89, 90], 1).is_empty(), "the bar that it was decided at");
    assert_eq!(desk.bar(6, [101, 102, 100, 101], 1), ["1 1@101"]);
    assert!(desk.book.is_empty());
}

#[test]
fn latency_that_passes_a_close_waits_one_more_bar() {
    for (latency_ms, filled_in) in [(0, 1), (1, 1), (59_999, 1), (60_000, 2), (119_999, 2), (120_000, 3)] {
        let mut desk = Desk::new(Models { latency_ms, ..free() });
        desk.place(order("a", Side::Buy, OrderKind::Market, SOL));
        let bars: Vec<_> = (1..5).map(|minute| desk.bar(minute, [100, 101, 99, 100], 1).len()).collect();
        assert_eq!(bars.iter().position(|fills| *fills == 1), Some(filled_in - 1), "{latency_ms}");
    }
}

#[test]
fn latency_is_drawn_again_the_same_from_the_seed() {
    let delays = |seed| -> Vec<usize> {
        (1..40)
            .map(|number| {
                let models = Models { latency_jitter_ms: 200_000, ..free() };
                let mut book = Book::new(vec![market("SOL/USDC")], models, seed);
                book.place(number, order("a", Side::Buy, OrderKind::Market, SOL), Timestamp::default(), u64::MAX, 0);
                let mut account = Account::new(10_000 * USDC, 1);
                (1..9)
                    .take_while(|minute| {
                        let bars = [bar(*minute, [100, 101, 99, 100], 1)];
                        let batch = Batch { at: bars[0].1.at, is_warm_up: false, bars: &bars };
                        let mut out = Vec::new();
                        book.on_bars(&batch, &mut account, &mut out);
                        out.is_empty()
                    })
                    .count()
            })
            .collect()
    };
    assert_eq!(delays(1), delays(1));
    assert_ne!(delays(1), delays(2));
    assert_eq!(delays(1).iter().max(), Some(&3));
}

#[test]
fn slippage_is_paid_by_what_takes_the_price_and_not_by_what_waits() {
    let models = Models { slippage: Slippage::Fixed { bps: 100 }, ..free() };
    for (kind, side, filled) in [
        (OrderKind::Market, Side::Buy, "1 1@101"),
        (OrderKind::Market, Side::Sell, "1 1@99"),
        (OrderKind::Limit(95 * ONE), Side::Buy, "1 1@95"),
        (OrderKind::Limit(105 * ONE), Side::Sell, "1 1@105"),
        (OrderKind::Stop(105 * ONE), Side::Buy, "1 1@106.05"),
        // Beyond the low of the bar: slippage is the only thing that may leave it.
        (OrderKind::Stop(90 * ONE), Side::Sell, "1 1@89.1"),
        (OrderKind::TakeProfit(110 * ONE), Side::Sell, "1 1@108.9"),
        (OrderKind::Trailing(500), Side::Sell, "1 1@94.05"),
    ] {
        let mut desk = Desk::holding(models, 5 * SOL);
        desk.place(order("a", side, kind, SOL));
        assert_eq!(desk.bar(1, [100, 110, 90, 105], 1), [filled], "{kind:?} {side:?}");
    }
}

#[test]
fn a_gap_fills_at_the_open() {
    for (kind, side, open, filled) in [
        (OrderKind::Stop(95 * ONE), Side::Sell, 80, "1 1@80"),
        (OrderKind::Stop(105 * ONE), Side::Buy, 120, "1 1@120"),
        (OrderKind::Limit(95 * ONE), Side::Buy, 80, "1 1@80"),
        (OrderKind::Limit(105 * ONE), Side::Sell, 120, "1 1@120"),
        (OrderKind::TakeProfit(105 * ONE), Side::Sell, 120, "1 1@120"),
        (OrderKind::Trailing(100), Side::Sell, 80, "1 1@80"),
    ] {
        let mut desk = Desk::holding(free(), 5 * SOL);
        desk.place(order("a", side, kind, SOL));
        assert_eq!(desk.bar(1, [open, open + 1, open - 1, open], 1), [filled], "{kind:?}");
    }
}

#[test]
fn of_a_stop_and_a_take_profit_in_one_bar_the_worse_is_filled_and_the_other_ends() {
    for order in [["stop", "profit"], ["profit", "stop"]] {
        let mut desk = Desk::holding(free(), SOL);
        for name in order {
            let kind = if name == "stop" { OrderKind::Stop(95 * ONE) } else { OrderKind::TakeProfit(105 * ONE) };
            desk.place(exit(name, kind, SOL));
        }
        let (stop, profit) = if order[0] == "stop" { (1, 2) } else { (2, 1) };
        assert_eq!(desk.bar(1, [100, 110, 90, 100], 1), [format!("{stop} 1@95"), format!("{profit} reduce-only")]);
        assert!(desk.book.is_empty());
    }
}

#[test]
fn a_take_profit_that_the_open_is_beyond_came_before_the_stop() {
    let mut desk = Desk::holding(free(), SOL);
    desk.place(exit("stop", OrderKind::Stop(95 * ONE), SOL));
    desk.place(exit("profit", OrderKind::TakeProfit(105 * ONE), SOL));
    assert_eq!(desk.bar(1, [107, 110, 90, 100], 1), ["2 1@107", "1 reduce-only"]);
}

#[test]
fn what_was_bought_within_a_bar_is_not_sold_at_a_profit_in_it_but_at_a_loss() {
    // The high may have been before the entry; the stop below the entry comes after it for certain.
    let mut desk = Desk::new(free());
    desk.place(order("in", Side::Buy, OrderKind::Limit(95 * ONE), SOL));
    desk.place(order("out", Side::Sell, OrderKind::Limit(105 * ONE), SOL));
    assert_eq!(desk.bar(1, [100, 110, 90, 100], 1), ["1 1@95"]);
    assert_eq!(
        desk.bar(2, [100, 101, 99, 100], 1),
        Vec::<String>::new(),
        "it was not reached: it does not take the open"
    );
    assert_eq!(desk.bar(3, [100, 106, 99, 100], 1), ["2 1@105"]);

    let mut desk = Desk::new(free());
    desk.place(order("in", Side::Buy, OrderKind::Limit(95 * ONE), SOL));
    desk.place(order("stop", Side::Sell, OrderKind::Stop(92 * ONE), SOL));
    assert_eq!(desk.bar(1, [100, 110, 90, 100], 1), ["1 1@95", "2 1@92"]);
}

#[test]
fn a_trailing_stop_follows_the_highs_of_bars_that_closed() {
    let mut desk = Desk::holding(free(), SOL);
    desk.place(exit("trail", OrderKind::Trailing(1_000), SOL));
    // 10 % below the close that it was decided at is 90; this bar's own high of 120 does not count yet.
    assert!(desk.bar(1, [100, 120, 95, 118], 1).is_empty());
    // Now it is 108.
    assert!(desk.bar(2, [118, 119, 109, 110], 1).is_empty());
    assert_eq!(desk.bar(3, [110, 130, 107, 129], 1), ["1 1@108"]);
}

#[test]
fn a_part_of_the_volume_is_filled_and_the_rest_waits_or_ends() {
    let models = Models { fill: Filling { participation_bps: Some(1_000), ..free().fill }, ..free() };
    for (time_in_force, first, second) in [
        (TimeInForce::Gtc, vec!["1 2@100"], vec!["1 1@101"]),
        (TimeInForce::Ioc, vec!["1 2@100", "1 not-filled"], vec![]),
        (TimeInForce::Fok, vec!["1 not-filled"], vec![]),
    ] {
        let mut desk = Desk::new(models);
        desk.place(with(
            |order| order.time_in_force = time_in_force,
            order("a", Side::Buy, OrderKind::Market, 3 * SOL),
        ));
        assert_eq!(desk.bar(1, [100, 102, 99, 101], 20 * SOL), first, "{time_in_force:?}");
        assert_eq!(desk.bar(2, [101, 102, 99, 101], 20 * SOL), second, "{time_in_force:?}");
    }
}

#[test]
fn orders_share_one_volume_and_a_reached_stop_takes_the_next_open() {
    let models = Models { fill: Filling { participation_bps: Some(1_000), ..free().fill }, ..free() };
    let mut desk = Desk::holding(models, 10 * SOL);
    desk.place(exit("a", OrderKind::Stop(95 * ONE), 3 * SOL));
    desk.place(exit("b", OrderKind::Stop(94 * ONE), 3 * SOL));
    assert_eq!(desk.bar(1, [100, 101, 90, 91], 40 * SOL), ["1 3@95", "2 1@94"]);
    assert_eq!(desk.bar(2, [97, 99, 96, 98], 40 * SOL), ["2 2@97"]);
}

#[test]
fn a_bar_without_volume_fills_nothing() {
    let models = Models { fill: Filling { participation_bps: Some(1_000), ..free().fill }, ..free() };
    let mut desk = Desk::new(models);
    desk.place(order("a", Side::Buy, OrderKind::Market, SOL));
    assert!(desk.bar(1, [100, 101, 99, 100], 0).is_empty());
    assert_eq!(desk.bar(2, [100, 101, 99, 100], 10 * SOL), ["1 1@100"]);
}

#[test]
fn an_order_takes_part_in_bars_that_closed_in_its_time() {
    let mut desk = Desk::new(free());
    let until = |minute: u64, order: Order| {
        with(|order| order.expires_at = Some(Timestamp::default().plus_millis(minute)), order)
    };
    desk.place(until(120_000, order("a", Side::Buy, OrderKind::Limit(99 * ONE), SOL)));
    desk.place(until(119_999, order("b", Side::Buy, OrderKind::Limit(98 * ONE), SOL)));
    assert!(desk.bar(1, [100, 101, 100, 100], 1).is_empty());
    assert_eq!(desk.bar(2, [100, 101, 90, 100], 1), ["1 1@99", "2 expired"]);
}

#[test]
fn ioc_ends_when_the_next_bar_does_not_reach_it() {
    let mut desk = Desk::new(free());
    desk.place(with(
        |order| order.time_in_force = TimeInForce::Ioc,
        order("a", Side::Buy, OrderKind::Limit(90 * ONE), SOL),
    ));
    assert_eq!(desk.bar(1, [100, 101, 99, 100], 1), ["1 not-filled"]);
}

#[test]
fn nothing_is_bought_beyond_cash_or_sold_beyond_what_is_held() {
    let mut desk = Desk::new(Models { fee_bps: 100, ..free() });
    desk.place(order("a", Side::Buy, OrderKind::Market, 200 * SOL));
    let told = desk.bar(1, [100, 101, 99, 100], 1);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("1 99.00990") && told[1] == "1 insufficient-funds", "{told:?}");
    assert!(desk.account.cash() < USDC / 1_000, "{}", desk.account.cash());

    let mut desk = Desk::holding(free(), 2 * SOL);
    desk.place(order("a", Side::Sell, OrderKind::Market, 3 * SOL));
    assert_eq!(desk.bar(1, [100, 101, 99, 100], 1), ["1 2@100", "1 insufficient-funds"]);
    desk.place(exit("b", OrderKind::Market, SOL));
    assert_eq!(desk.bar(2, [100, 101, 99, 100], 1), ["2 reduce-only"]);
    desk.place(with(|order| order.reduce_only = true, order("c", Side::Buy, OrderKind::Market, SOL)));
    assert_eq!(desk.bar(3, [100, 101, 99, 100], 1), ["3 reduce-only"]);
}

#[test]
fn a_waiting_exit_does_not_take_what_another_sale_holds() {
    let mut desk = Desk::holding(free(), 3 * SOL);
    desk.place(order("limit", Side::Sell, OrderKind::Limit(120 * ONE), 2 * SOL));
    desk.place(exit("stop", OrderKind::Stop(95 * ONE), 3 * SOL));
    assert_eq!(desk.bar(1, [100, 101, 90, 91], 1), ["2 1@95"]);
}

#[test]
fn a_price_beyond_what_is_allowed_ends_the_order() {
    let mut desk = Desk::new(free());
    desk.book.place(1, order("a", Side::Buy, OrderKind::Market, SOL), Timestamp::default(), 101 * ONE, 0);
    assert_eq!(desk.bar(1, [102, 103, 99, 100], 1), ["1 slippage"]);
    assert_eq!(Rule::parse("slippage"), Some(Rule::Slippage));
}

#[test]
fn an_order_is_taken_back_by_its_name_in_its_market() {
    let mut desk = Desk::new(free());
    desk.place(order("a", Side::Buy, OrderKind::Limit(ONE), SOL));
    assert_eq!((desk.book.cancel(1, "a"), desk.book.cancel(0, "b")), (None, None));
    assert_eq!(desk.book.cancel(0, "a"), Some(1));
    assert!(desk.book.is_empty() && desk.bar(1, [1, 1, 1, 1], 1).is_empty());
}

#[test]
fn a_limit_may_have_to_be_traded_through() {
    let models = Models { fill: Filling { limit: LimitRule::Through, ..free().fill }, ..free() };
    let mut desk = Desk::new(models);
    desk.place(order("a", Side::Buy, OrderKind::Limit(95 * ONE), SOL));
    assert!(desk.bar(1, [100, 101, 95, 100], 1).is_empty());
    assert_eq!(desk.bar(2, [100, 101, 94, 100], 1), ["1 1@95"]);
}
