//! A paper desk decides, fills and owns what a backtest over the same candles does.

use puppet_backtest::{Backtest, Bar, Event, History, Models, Outcome, Strategies, StrategyId};
use puppet_trade::{Desk, DeskError, DeskPlan, DeskVenue, Told};
use puppet_types::trade::{Mint, Order, OrderKind, Side};

use crate::fixture::{Around, CASH, at, bonk, close, flat, paper, rules, strategy};
use crate::native::script::{Script, order};
use crate::native::sma::Sma;
use crate::native::walk::{ONE, bars, market};

const SOL: u64 = 1_000_000_000;

fn backtest(strategies: &dyn Strategies, bars: &[Bar], parameters: &[(String, i64)], seed: u64) -> Outcome {
    let id = StrategyId::default();
    let markets = vec![market()];
    let run = Backtest {
        parameters: parameters.to_vec(),
        seed,
        start_balance: CASH,
        models: Models::default(),
        rules: rules(&markets),
        ..Backtest::new(id, strategies, markets, 60)
    };
    run.run(History::new(bars, 1).unwrap(), &mut |_| {}).unwrap()
}

async fn traded(plan: &DeskPlan, bars: &[Bar]) -> (Desk, Vec<Event>) {
    let around = Around::new();
    let desk = around.open(plan).await.unwrap();
    let mut events = Vec::new();
    for bar in bars {
        events.extend(desk.bars(bar.1.at, vec![*bar]).await.unwrap().events);
    }
    (desk, events)
}

/// Stop, take-profit, limit, trailing and a market order in turn, of odd sizes.
fn busy(count: u64) -> Script {
    let mut script = Script::default();
    for n in (0..count).step_by(7) {
        let exit = |name: String, kind| Order { reduce_only: true, ..order(&name, Side::Sell, kind, SOL / 3) };
        script = match n % 5 {
            0 => script.place(n, order(&format!("m{n}"), Side::Buy, OrderKind::Market, SOL / 3 + n)),
            1 => script.place(n, exit(format!("s{n}"), OrderKind::Stop(99 * ONE))),
            2 => script.place(n, exit(format!("p{n}"), OrderKind::TakeProfit(101 * ONE))),
            3 => script.place(n, order(&format!("l{n}"), Side::Buy, OrderKind::Limit(99 * ONE + ONE / 2), SOL / 7)),
            _ => script.place(n, exit(format!("t{n}"), OrderKind::Trailing(30))),
        };
    }
    script
}

fn same(outcome: &Outcome, desk: &Desk, events: &[Event]) {
    let mut fills = Vec::new();
    let mut denials = Vec::new();
    let mut orders = 0;
    let mut trades = Vec::new();
    for event in events {
        match event {
            Event::Filled { fill, .. } => fills.push(fill.clone()),
            Event::Denied { denial, .. } => denials.push(denial.clone()),
            Event::Ordered(record) => {
                let there = &outcome.orders[orders];
                assert_eq!((record.id, record.at, &record.order), (there.id, there.at, &there.order));
                orders += 1;
            }
            Event::Closed(trade) => trades.push(trade.clone()),
            _ => {}
        }
    }
    assert_eq!(orders, outcome.orders.len());
    assert_eq!(fills, outcome.fills.iter().map(|record| record.fill.clone()).collect::<Vec<_>>());
    assert_eq!(denials, outcome.denials.iter().map(|record| record.denial.clone()).collect::<Vec<_>>());
    assert!(outcome.trades.starts_with(&trades));
    let portfolio = desk.view().unwrap().portfolio;
    assert_eq!(portfolio.equity, Some(outcome.equity.last().unwrap().equity));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_desk_does_what_a_backtest_does() {
    for seed in [1, 7, 42] {
        let bars = bars(seed, 900);
        let parameters = [("fast", 5), ("slow", 20), ("size", 5_000)].map(|(name, value)| (name.to_owned(), value));
        let plan = DeskPlan { parameters: parameters.to_vec(), ..paper(Some(strategy(Sma::default)), seed) };
        let outcome = backtest(&Sma::default, &bars, &parameters, seed);
        assert!(outcome.fills.len() > 10);
        let (desk, events) = traded(&plan, &bars).await;
        same(&outcome, &desk, &events);

        let bars = &bars[..300];
        let outcome = backtest(&busy(300), bars, &[], seed);
        assert!(outcome.fills.len() > 10, "{}", outcome.fills.len());
        let (desk, events) = traded(&paper(Some(strategy(busy(300))), seed), bars).await;
        same(&outcome, &desk, &events);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_handed_over_and_nothing_is_traded_on_it() {
    let script = Script { warm_up: 3, ..Script::default() }
        .place(1, order("early", Side::Buy, OrderKind::Market, SOL))
        .place(4, order("in", Side::Buy, OrderKind::Market, SOL));
    let around = Around::new();
    let desk = around.open(&paper(Some(strategy(script.clone())), 1)).await.unwrap();
    assert_eq!(desk.warm_up(), 3);
    let history: Vec<_> = (1..=4).map(|minute| (at(minute), flat(minute, 100))).collect();
    let happened = desk.history(history.clone()).await.unwrap();
    assert!(
        happened.events.iter().any(|event| matches!(event, Event::Denied { denial, .. } if denial.rule == "warm-up"))
    );
    assert!(desk.history(history).await.unwrap().is_passed_over);
    close(&desk, 5, 100).await;
    let swaps = close(&desk, 6, 100).await.swaps;
    assert_eq!(swaps.iter().map(|swap| (swap.is_done, swap.out_amount)).collect::<Vec<_>>(), [(true, SOL)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purse_that_began_with_another_balance_goes_on_with_what_it_has_and_says_so() {
    let mut around = Around::new();
    let plan = paper(None, 1);
    around.open(&plan).await.unwrap().close().await.unwrap();
    around.open(&plan).await.unwrap().close().await.unwrap();
    assert_eq!(around.heard(), [], "the same balance is nothing to tell");
    let more = DeskVenue::Paper { models: Models::default(), start_balance: 2 * CASH };
    let other = DeskPlan { venue: more, ..paper(None, 1) };
    // Said every time, not only once: it is what the purse began with that counts.
    for _ in 0..2 {
        let desk = around.open(&other).await.unwrap();
        let cash = desk.view().unwrap().portfolio.balances[0].amount;
        assert_eq!(cash, CASH);
        desk.close().await.unwrap();
        let told = around.heard();
        assert!(
            matches!(told.as_slice(), [Told::Note(text)] if text.contains("began with another balance")),
            "{told:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_that_begins_afresh_on_a_purse_says_why() {
    let mut around = Around::new();
    let sma = |fast: i64, seed| DeskPlan {
        parameters: vec![("fast".to_owned(), fast)],
        ..paper(Some(strategy(Sma::default)), seed)
    };
    let elsewhere = |plan: DeskPlan| {
        let markets = vec![bonk()];
        DeskPlan { rules: rules(&markets), markets, bar_seconds: 300, ..plan }
    };
    let other = |plan: DeskPlan| {
        let id = puppet_backtest::StrategyId { pack: "other".to_owned(), version: "1".to_owned(), digest: None };
        DeskPlan { strategy: plan.strategy.map(|strategy| puppet_trade::DeskStrategy { id, ..strategy }), ..plan }
    };
    for (plan, told) in [
        (sma(5, 1), None),
        (sma(5, 1), None),
        (sma(7, 1), Some("(fast 5 before, 7 now)")),
        (sma(8, 2), Some("(seed 1 before, 2 now; fast 7 before, 8 now)")),
        (elsewhere(sma(8, 2)), Some("(markets SOL/USDC before, BONK/USDC now; bars of 60 s before, 300 s now)")),
        (other(elsewhere(sma(9, 2))), Some("(strategy test before, other now)")),
        (elsewhere(paper(None, 2)), Some("(strategy other before, none now)")),
        // None had nothing to remember.
        (elsewhere(sma(9, 2)), None),
    ] {
        around.open(&plan).await.unwrap().close().await.unwrap();
        let heard = around.heard();
        match told {
            None => assert_eq!(heard, []),
            Some(told) => assert!(
                matches!(&heard[..], [Told::Note(note)] if note.contains("begins afresh") && note.contains(told)),
                "{heard:?}"
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purse_of_another_network_or_kind_is_refused_with_both() {
    let around = Around::new();
    around.open(&paper(None, 1)).await.unwrap().close().await.unwrap();
    let elsewhere = DeskPlan { network: "localnet".to_owned(), ..paper(None, 1) };
    let exchange = crate::fixture::wallet();
    let with_money = DeskPlan { purse: "paper/test".to_owned(), ..crate::fixture::live(None, &exchange) };
    for (plan, is) in [(elsewhere, "paper on localnet"), (with_money, "money on devnet")] {
        let error = around.open(&plan).await.err().unwrap().to_string();
        assert!(
            error.ends_with(&format!("it is a purse of paper on devnet, and this desk trades with {is}")),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_cannot_be_over_no_desk_is_opened_on() {
    let around = Around::new();
    let refused = async |plan: DeskPlan| match around.open(&plan).await {
        Err(DeskError::Plan(why)) => why,
        _ => panic!("it opens"),
    };
    let dear = DeskVenue::Paper { models: Models { fee_bps: 200, ..Models::default() }, start_balance: CASH };
    assert!(refused(DeskPlan { venue: dear, ..paper(None, 1) }).await.contains("the model's fee is 200 bps"));
    assert!(refused(DeskPlan { markets: Vec::new(), ..paper(None, 1) }).await.contains("and there are 0"));
    let mut other = bonk();
    other.quote.mint = Mint::sol();
    let two = DeskPlan { markets: vec![market(), other], ..paper(None, 1) };
    assert_eq!(refused(two).await, "market `BONK/USDC` is quoted in another token than the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_that_come_twice_or_too_late_are_passed_over_and_told() {
    let mut around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    close(&desk, 5, 100).await;
    for minute in [5, 4] {
        assert!(close(&desk, minute, 500).await.is_passed_over);
        let told = around.heard();
        assert!(matches!(&told[..], [Told::Note(note)] if note.contains("passed over")), "{told:?}");
    }
    assert_eq!(desk.view().unwrap().prices[0], Some((100 * ONE, at(5))));
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_that_cannot_be_meant_are_refused_and_the_desk_goes_on() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    let [bar] = flat(1, 100)[..] else { panic!() };
    for bars in [vec![], vec![(1, bar.1)], vec![bar, bar]] {
        assert!(desk.bars(at(1), bars).await.is_err());
    }
    assert!(!close(&desk, 1, 100).await.is_passed_over);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_that_traps_goes_on_from_its_save_with_its_position() {
    let script = Script { traps_at: vec![20], ..Script::default() }
        .place(2, order("in", Side::Buy, OrderKind::Market, SOL))
        .place(25, Order { reduce_only: true, ..order("out", Side::Sell, OrderKind::Market, SOL) });
    let (desk, events) = traded(&paper(Some(strategy(script)), 1), &bars(3, 30)).await;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Breached(_))).count(), 1);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Filled { .. })).count(), 2);
    let view = desk.view().unwrap();
    assert_eq!((view.faults, view.portfolio.markets[0].position.quantity), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_that_fails_too_often_stops_the_desk_and_keeps_the_books() {
    let script = Script { traps_at: (5..30).collect(), ..Script::default() }
        .place(2, order("in", Side::Buy, OrderKind::Market, SOL));
    let mut around = Around::new();
    let desk = around.open(&paper(Some(strategy(script)), 1)).await.unwrap();
    let mut failed = None;
    for bar in bars(3, 30) {
        if let Err(error) = desk.bars(bar.1.at, vec![bar]).await {
            failed = Some(error.to_string());
            break;
        }
    }
    assert!(failed.unwrap().contains("failed 4 times"));
    assert!(matches!(around.heard().last(), Some(Told::Stopped(_))));
    let desk = around.open(&paper(None, 1)).await.unwrap();
    assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, SOL);
}
