//! A fill is in the books before a strategy hears of it.

use puppet_trade::{DeskError, DeskPlan, Told};

use crate::fixture::{Around, BONK, agree, at, close, flat, live, strategy, wallet};
use crate::live::buys;
use crate::memory::Fails;
use crate::native::script::Script;

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_is_in_the_books_whatever_the_strategy_does_when_it_hears_of_it() {
    let exchange = wallet();
    let script = Script { traps_at_fills: true, ..buys() };
    let mut around = Around::new();
    let plan = DeskPlan { max_faults: 0, ..live(Some(strategy(script.clone())), &exchange) };
    let desk = around.open(&plan).await.unwrap();
    let error = desk.bars(at(1), flat(1, 100)).await.unwrap_err();
    assert!(matches!(&error, DeskError::Stopped(why) if why.contains("at the fill in")), "{error}");
    let told = around.heard();
    assert!(matches!(&told[0], Told::Swapped(result) if result.is_done), "{told:?}");
    assert!(matches!(told.last(), Some(Told::Stopped(why)) if why.contains("at the fill in")), "{told:?}");
    let stored = puppet_trade::purse_view(&around.store.row("main")).unwrap().unwrap();
    let position = stored.portfolio.markets[0].position.quantity;
    assert_eq!((position, stored.faults, exchange.done().len()), (exchange.has(BONK), 1, 1));
    // Another start with the same strategy: it is not told again, and goes on.
    let desk = around.open(&plan).await.unwrap();
    assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, position);
    agree(&desk, &exchange);
    close(&desk, 2, 100).await;
    let fills = script.heard().iter().filter(|heard| heard.starts_with("fill")).count();
    assert_eq!((fills, script.heard().last().unwrap()), (1, &format!("batch 1: 2 of {position}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_was_stored_and_not_told_is_told_at_the_next_start() {
    let whole = {
        let (exchange, around) = (wallet(), Around::new());
        let desk = around.open(&live(Some(strategy(buys())), &exchange)).await.unwrap();
        close(&desk, 1, 100).await;
        around.store.writes()
    };
    let exchange = wallet();
    let script = buys();
    let around = Around::new();
    let plan = live(Some(strategy(script.clone())), &exchange);
    // The last write says that it was told; the one before, that it was filled.
    around.store.fail(Fails::Before(whole));
    let desk = around.open(&plan).await.unwrap();
    desk.bars(at(1), flat(1, 100)).await.unwrap_err();
    around.store.heal();
    let fill = format!("fill in {}", exchange.has(BONK));
    let fills = |script: &Script| script.heard().iter().filter(|heard| **heard == fill).count();
    assert_eq!(fills(&script), 1);
    let desk = around.open(&plan).await.unwrap();
    assert_eq!((fills(&script), exchange.asked().len()), (2, 1), "the first instance is gone, and so is what it heard");
    agree(&desk, &exchange);
    drop(desk);
    around.open(&plan).await.unwrap();
    assert_eq!(fills(&script), 3, "from the journal, as part of what a fresh instance is told");
}
