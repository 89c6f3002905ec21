//! Orders that somebody else carries out: when they are due, and what the books move by, to the unit.

use proptest::prelude::*;
use puppet_backtest::{
    Account, Batch, BatchRecord, Begin, Carried, Due, Event, Journal, OrderStatus, Saved, Setup, Trader, TraderState,
    Venue, Waiting,
};
use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market, Mint, Order, OrderKind, Proposal, Side, TimeInForce, Token};
use puppet_wallet::{Flow, Origin, Risk, Rule, Rules, Seen};
use std::sync::{Arc, Mutex};

use crate::native::script::{Script, order};
use crate::native::walk::{ONE, market};

const SOL: u64 = 1_000_000_000;
const CASH: u64 = 1_000_000_000;

fn rules(markets: &[Market]) -> Rules {
    Rules {
        ignore_human_requests: false,
        autonomous_only: false,
        max_slippage_bps: 100,
        max_fee_bps: 0,
        ..Rules::for_backtest(markets)
    }
}

fn at(minute: u64) -> Timestamp {
    Timestamp::default().plus_millis(minute * 60_000)
}

#[derive(Default, Clone)]
struct Kept(Arc<Mutex<(Vec<BatchRecord>, Option<Saved>)>>);

impl Journal for Kept {
    fn batch(&mut self, record: BatchRecord) {
        self.0.lock().unwrap().0.push(record);
    }
    fn saved(&mut self, saved: Saved) {
        let mut kept = self.0.lock().unwrap();
        kept.0.clear();
        kept.1 = Some(saved);
    }
}

fn begin<'s>(script: &'s Script, markets: &[Market], cash: u64, kept: &Kept) -> Begin<'s> {
    let quote = [(markets[0].quote.mint.clone(), cash)];
    Begin {
        strategies: script,
        fresh: puppet_backtest::Strategies::fresh(script).unwrap(),
        setup: Setup { parameters: Vec::new(), markets: markets.to_vec(), bar_seconds: 60, seed: 1 },
        saved: None,
        risk: Risk::new(rules(markets), markets.to_vec(), &quote).unwrap(),
        venue: Venue::Desk(Waiting::new()),
        account: Account::new(cash, markets.len()),
        max_faults: 3,
        journal: Some(Box::new(kept.clone())),
    }
}

/// A trader of one market, driven by closes of whole quote tokens.
struct Live<'s> {
    trader: Trader<'s>,
}

impl<'s> Live<'s> {
    fn of(script: &'s Script) -> Self {
        Self { trader: Trader::begin(begin(script, &[market()], CASH, &Kept::default())).unwrap() }
    }
    /// A bar that closed; answers what is due by it.
    fn close(&mut self, minute: u64, close: u64) -> Option<Due> {
        self.bar(minute, close);
        self.due(minute, close)
    }
    fn bar(&mut self, minute: u64, close: u64) {
        let price = close * ONE;
        // The bar went far beyond its close: that must not matter.
        let candle = Candle { at: at(minute), open: price, high: price * 2, low: price / 2, close: price, volume: 1 };
        let batch = Batch { at: at(minute), is_warm_up: false, bars: &[(0, candle)] };
        self.trader.on_batch(&batch).unwrap();
    }
    fn due(&mut self, minute: u64, price: u64) -> Option<Due> {
        self.trader.due(at(minute), &[(0, price * ONE)]).unwrap()
    }
    fn filled(&mut self, due: &Due, minute: u64, gave: u64, took: u64) {
        self.trader.carried(due.number, at(minute), Carried::Filled { gave, took }).unwrap();
        self.agree();
        self.trader.tell_carried(at(minute)).unwrap();
    }
    /// Account and risk engine keep the same books.
    fn agree(&self) {
        agree(&self.trader);
    }
}

fn agree(trader: &Trader<'_>) {
    let risk = trader.risk();
    let amount = |mint: &Mint| {
        let balances = risk.portfolio().balances;
        balances.into_iter().find(|balance| balance.mint == *mint).map_or(0, |balance| balance.amount)
    };
    assert_eq!(trader.account().cash(), amount(&risk.markets()[0].quote.mint));
    for number in 0..u32::try_from(risk.markets().len()).unwrap() {
        assert_eq!(trader.account().holding(number).quantity, risk.position(number).quantity);
    }
}

fn balance(trader: &Trader<'_>, mint: &Mint) -> u64 {
    trader.risk().portfolio().balances.into_iter().find(|of| of.mint == *mint).unwrap().amount
}

/// Buys one SOL at the close of minute 1 and fills it at 100.
fn holding(script: &Script) -> Live<'_> {
    let mut live = Live::of(script);
    let due = live.close(1, 100).unwrap();
    live.filled(&due, 1, 100_000_000, SOL);
    live
}

fn buys(script: Script) -> Script {
    script.place(0, order("in", Side::Buy, OrderKind::Market, SOL))
}

fn exit(name: &str, kind: OrderKind, quantity: u64) -> Order {
    Order { reduce_only: true, ..order(name, Side::Sell, kind, quantity) }
}

#[test]
fn a_market_order_is_due_at_once_at_the_latest_price_and_only_once() {
    let script = buys(Script::default());
    let mut live = Live::of(&script);
    let due = live.close(1, 100).unwrap();
    assert_eq!((due.number, due.quantity, due.price, due.origin), (1, SOL, 100 * ONE, Origin::Strategy));
    assert_eq!(due.worst_price, 101 * ONE);
    assert_eq!(live.due(1, 100), None, "it is under way");
    assert_eq!(live.trader.under_way(), Some(due.clone()));
    assert!(live.close(2, 90).is_none());
    live.filled(&due, 2, 100_500_000, SOL);
    assert_eq!(live.trader.account().cash(), CASH - 100_500_000);
    assert_eq!(script.heard().iter().filter(|heard| heard.starts_with("fill")).count(), 1);
    live.trader.carried(due.number, at(3), Carried::Filled { gave: 1, took: 1 }).unwrap();
    assert_eq!(live.trader.account().cash(), CASH - 100_500_000, "what is over is over");
}

#[test]
fn waiting_orders_are_triggered_by_the_latest_price_alone() {
    for (kind, passes, reaches) in [
        (OrderKind::Stop(95 * ONE), 96, 95),
        (OrderKind::TakeProfit(110 * ONE), 109, 110),
        (OrderKind::Limit(110 * ONE), 109, 111),
        // It follows 105 first: 10 % below that is 94.5.
        (OrderKind::Trailing(1_000), 95, 94),
    ] {
        let script = buys(Script::default()).place(1, exit("out", kind, SOL));
        let mut live = holding(&script);
        assert_eq!(live.close(2, 100), None, "{kind:?}");
        assert_eq!(live.due(2, 105), None, "{kind:?}");
        assert_eq!(live.due(3, passes), None, "{kind:?}");
        let due = live.due(4, reaches).unwrap();
        assert_eq!((due.number, due.price), (2, reaches * ONE), "{kind:?}");
        live.filled(&due, 4, SOL, 94_123_457);
        assert_eq!(live.trader.account().cash(), CASH - 100_000_000 + 94_123_457, "{kind:?}");
        assert_eq!(live.trader.position(0).quantity, 0);
    }
}

#[test]
fn of_two_exits_the_one_that_closes_the_position_ends_the_other() {
    let script = buys(Script::default())
        .place(1, exit("stop", OrderKind::Stop(95 * ONE), SOL))
        .place(1, exit("profit", OrderKind::TakeProfit(110 * ONE), SOL));
    let mut live = holding(&script);
    assert_eq!(live.close(2, 100), None);
    let due = live.due(2, 90).unwrap();
    live.filled(&due, 2, SOL, 90_000_000);
    assert!(script.heard().contains(&"denied profit reduce-only".to_owned()));
    assert_eq!(live.trader.open_orders().count(), 0);
    assert_eq!(live.trader.risk().open().count(), 0, "nothing is held any more");
}

#[test]
fn a_sale_of_tokens_that_a_stop_under_way_has_sold_ends() {
    let script = buys(Script::default())
        .place(1, exit("stop", OrderKind::Stop(95 * ONE), SOL))
        .place(2, exit("out", OrderKind::Market, SOL));
    let mut live = holding(&script);
    assert_eq!(live.close(2, 100), None);
    let stop = live.due(2, 90).unwrap();
    // Nobody answers; the strategy wants to sell the same tokens meanwhile.
    assert_eq!(live.close(3, 91), None);
    live.filled(&stop, 3, SOL, 90_000_000);
    assert!(script.heard().contains(&"denied out reduce-only".to_owned()), "{:?}", script.heard());
    assert_eq!(live.due(3, 91), None);
    assert_eq!(live.trader.account().cash(), CASH - 10_000_000);
}

#[test]
fn an_order_that_is_under_way_cannot_be_taken_back() {
    let cancel = Proposal::Cancel { market: 0, client_id: "in".to_owned() };
    let script = buys(Script::default()).say(1, [cancel]);
    let mut live = Live::of(&script);
    let due = live.close(1, 100).unwrap();
    live.bar(2, 100);
    let denied = live.trader.events().iter().find_map(|event| match event {
        Event::Denied { denial, .. } => Some((denial.rule.clone(), denial.detail.clone())),
        _ => None,
    });
    assert_eq!(denied, Some(("invalid".to_owned(), "it is being carried out, and cannot be taken back".to_owned())));
    live.filled(&due, 2, 100_000_000, SOL);
    assert_eq!(live.trader.position(0).quantity, SOL);
}

#[test]
fn what_may_not_wait_ends_and_what_expires_is_not_carried_out() {
    let limit = |name: &str, time_in_force, expires_at| Order {
        time_in_force,
        expires_at,
        ..order(name, Side::Buy, OrderKind::Limit(90 * ONE), SOL)
    };
    let script = Script::default().say(
        0,
        [
            limit("ioc", TimeInForce::Ioc, None),
            limit("fok", TimeInForce::Fok, None),
            limit("until", TimeInForce::Gtc, Some(at(3))),
            limit("at", TimeInForce::Gtc, Some(at(2))),
        ]
        .map(Proposal::Place),
    );
    let mut live = Live::of(&script);
    assert_eq!(live.close(1, 100), None);
    let heard = |words: &str| script.heard().contains(&words.to_owned());
    assert!(heard("denied ioc not-filled") && heard("denied fok not-filled"));
    assert_eq!(live.close(2, 100), None);
    assert!(heard("denied at expired") && !heard("denied until expired"));
    assert_eq!(live.close(4, 80), None, "its time is over, whatever the price");
    assert!(heard("denied until expired"));
    assert_eq!(live.trader.risk().cash(), CASH);
}

#[test]
fn a_price_that_ran_away_ends_an_order_and_nothing_is_spent() {
    let script = buys(Script::default());
    let mut live = Live::of(&script);
    live.bar(1, 100);
    assert_eq!(live.due(1, 102), None);
    assert!(script.heard().contains(&"denied in slippage".to_owned()));
    assert_eq!(live.trader.risk().cash(), CASH);
}

#[test]
fn an_order_that_did_not_work_out_frees_what_it_held() {
    let script = buys(Script::default());
    let mut live = Live::of(&script);
    let due = live.close(1, 100).unwrap();
    assert!(live.trader.risk().cash() < CASH);
    let not = Carried::Not { rule: Rule::Expired, detail: "the block height passed".to_owned() };
    live.trader.carried(due.number, at(2), not).unwrap();
    live.trader.tell_carried(at(2)).unwrap();
    assert_eq!(live.trader.risk().cash(), CASH);
    assert!(script.heard().contains(&"denied in expired".to_owned()));
    let ended = Event::Ended { order: 1, status: OrderStatus::Ended, rule: Some("expired".to_owned()) };
    assert!(live.trader.events().contains(&ended));
}

#[test]
fn less_than_was_ordered_ends_the_order_and_more_comes_without_a_trade() {
    for (took, position, beside) in [(SOL - 7, SOL - 7, 0), (SOL + 7, SOL, 7), (0, 0, 0)] {
        let script = buys(Script::default());
        let mut live = Live::of(&script);
        let due = live.close(1, 100).unwrap();
        live.filled(&due, 1, 100_000_001, took);
        assert_eq!(live.trader.position(0).quantity, position);
        assert_eq!(balance(&live.trader, &market().base.mint), position + beside);
        assert_eq!(live.trader.risk().cash(), CASH - 100_000_001, "nothing is held any more");
        assert_eq!(live.trader.open_orders().count(), 0);
    }
}

#[test]
fn a_swap_that_is_not_the_strategys_goes_the_same_way_and_the_strategy_is_not_told() {
    let script = Script::default();
    let mut live = Live::of(&script);
    live.bar(1, 100);
    let seen = Seen::at(at(1), 100 * ONE);
    let wish = |name: &str| order(name, Side::Buy, OrderKind::Market, SOL);
    let due = live.trader.propose(wish("w"), Origin::Own, &seen).unwrap();
    let busy = live.trader.propose(wish("x"), Origin::Own, &seen).unwrap_err();
    assert_eq!(busy.rule, "open-orders");
    live.filled(&due, 1, 99_999_999, SOL);
    let twice = live.trader.propose(wish("w"), Origin::Own, &seen).unwrap_err();
    assert_eq!(twice.rule, "duplicate");
    let much = Order { quantity: 1_000 * SOL, ..wish("y") };
    assert_eq!(live.trader.propose(much, Origin::Own, &seen).unwrap_err().rule, "insufficient-funds");
    live.bar(2, 100);
    let heard = script.heard();
    assert!(heard.iter().all(|heard| !heard.starts_with("fill") && !heard.starts_with("denied")), "{heard:?}");
    assert_eq!(heard.last().unwrap(), &format!("batch 1: 2 of {SOL}"), "it sees what is held");
}

#[test]
fn a_trader_that_was_cut_off_with_an_order_under_way_goes_on_with_it() {
    let script = buys(Script::default()).place(2, exit("stop", OrderKind::Stop(95 * ONE), SOL));
    let kept = Kept::default();
    let cut = |live: Live<'_>| -> (TraderState, Risk) {
        let state: TraderState = serde_json::from_str(&serde_json::to_string(&live.trader.state()).unwrap()).unwrap();
        assert_eq!(state, live.trader.state());
        (state, live.trader.risk().clone())
    };
    let again = |(state, risk): (TraderState, Risk)| {
        let (since, saved) = kept.0.lock().unwrap().clone();
        let begin = Begin { saved: saved.map(|saved| saved.bytes), risk, ..begin(&script, &[market()], CASH, &kept) };
        Live { trader: Trader::resume(begin, state, &since).unwrap() }
    };
    let mut live = Live { trader: Trader::begin(begin(&script, &[market()], CASH, &kept)).unwrap() };
    let due = live.close(1, 100).unwrap();
    let mut live = again(cut(live));
    assert_eq!(live.trader.under_way(), Some(due.clone()));
    live.filled(&due, 1, 100_000_000, SOL);
    // It was told of the fill after the last batch: the one after it knows.
    let mut live = again(cut(live));
    assert_eq!(script.heard().last().unwrap(), &format!("fill in {SOL}"));
    live.trader.save(at(1)).unwrap();
    let mut live = again(cut(live));
    live.bar(2, 100);
    let mut live = again(cut(live));
    assert_eq!(live.close(3, 100), None);
    let mut live = again(cut(live));
    let due = live.due(3, 94).unwrap();
    live.trader.save(at(3)).unwrap();
    let mut live = again(cut(live));
    live.filled(&due, 3, SOL, 94_000_000);
    assert_eq!(live.trader.account().cash(), CASH - 6_000_000);
}

fn token(mint: &str, decimals: u8) -> Token {
    Token { mint: Mint::parse(mint).unwrap(), symbol: "T".to_owned(), decimals }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever was given and taken, for odd decimals and quantities, both books move by exactly that.
    #[test]
    fn the_books_move_by_exactly_what_was_given_and_taken(
        (base, quote, digits) in (0_u8..=12, 0_u8..=9, 0_u8..=12),
        quantity in 1_u64..=5_000_000_000,
        price in 1_u64..=1_000_000_000_000,
        gave_part in 0_u64..=10_000,
        took in 0_u64..=10_000_000_000,
        sold_for in 0_u64..=1_000_000_000_000,
        sold_part in 1_u64..=10_000,
    ) {
        let market = Market {
            id: "A/B".to_owned(),
            base: token("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", base),
            quote: token(Mint::USDC, quote),
            price_decimals: digits,
            min_quantity: 1,
        };
        let cash = u64::MAX / 4;
        let script = Script::default();
        let markets = [market.clone()];
        let mut trader = Trader::begin(begin(&script, &markets, cash, &Kept::default())).unwrap();
        let seen = Seen::at(at(1), price);
        let buy = order("in", Side::Buy, OrderKind::Market, quantity);
        let Ok(due) = trader.propose(buy, Origin::Own, &seen) else { return Ok(()) };
        let held = trader.risk().open().next().unwrap().quote;
        let gave = u64::try_from(u128::from(held) * u128::from(gave_part) / 10_000).unwrap();
        trader.carried(due.number, at(1), Carried::Filled { gave, took }).unwrap();
        agree(&trader);
        prop_assert_eq!(trader.account().cash(), cash - gave);
        prop_assert_eq!(trader.risk().cash(), cash - gave);
        prop_assert_eq!(balance(&trader, &market.base.mint), took);
        let position = trader.risk().position(0).quantity;
        prop_assert_eq!(position, took.min(quantity));

        let quantity = (u128::from(position) * u128::from(sold_part) / 10_000) as u64;
        let sell = Order { reduce_only: true, ..order("out", Side::Sell, OrderKind::Market, quantity) };
        let Ok(due) = trader.propose(sell, Origin::Own, &seen) else { return Ok(()) };
        trader.carried(due.number, at(2), Carried::Filled { gave: quantity, took: sold_for }).unwrap();
        agree(&trader);
        prop_assert_eq!(trader.account().cash(), cash - gave + sold_for);
        prop_assert_eq!(balance(&trader, &market.base.mint), took - quantity);
        prop_assert_eq!(trader.risk().open().count(), 0);
    }

    /// What was there before anything was bought is sold just as exactly.
    #[test]
    fn what_nobody_bought_here_is_sold_exactly(
        there in 1_u64..=1_000_000_000,
        bought in 0_u64..=1_000_000_000,
        part in 1_u64..=10_000,
        sold_for in 0_u64..=1_000_000_000_000,
    ) {
        let markets = [Market { base: token("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5), ..market() }];
        let (script, mint) = (Script::default(), markets[0].base.mint.clone());
        let balances = [(markets[0].quote.mint.clone(), CASH), (mint.clone(), there)];
        let rules = Rules { sell_holdings: true, ..rules(&markets) };
        let risk = Risk::new(rules, markets.to_vec(), &balances).unwrap();
        let begin = Begin { risk, ..begin(&script, &markets, CASH, &Kept::default()) };
        let mut trader = Trader::begin(begin).unwrap();
        let seen = Seen::at(at(1), ONE / 1_000);
        let mut paid = 0;
        if bought > 0 {
            let due = trader.propose(order("in", Side::Buy, OrderKind::Market, bought), Origin::Own, &seen).unwrap();
            paid = trader.risk().open().next().unwrap().quote / 2;
            trader.carried(due.number, at(1), Carried::Filled { gave: paid, took: bought }).unwrap();
        }
        let quantity = ((there + bought) * part / 10_000).max(1);
        let due = trader.propose(order("out", Side::Sell, OrderKind::Market, quantity), Origin::Own, &seen).unwrap();
        trader.carried(due.number, at(2), Carried::Filled { gave: quantity, took: sold_for }).unwrap();
        agree(&trader);
        prop_assert_eq!(trader.account().cash(), CASH - paid + sold_for);
        prop_assert_eq!(balance(&trader, &mint), there + bought - quantity);
        trader.moved(at(3), &mint, 1, Flow::In).unwrap();
        trader.moved(at(3), &markets[0].quote.mint, 5, Flow::NetworkFee).unwrap();
        agree(&trader);
    }
}
