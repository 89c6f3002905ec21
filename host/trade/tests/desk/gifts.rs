//! Tokens that somebody sent to the wallet: they are in the books, and nobody has bought them (docs/trading/threats.md).

use puppet_trade::{DeskPlan, Told};
use puppet_types::{
    amounts,
    trade::{Mint, Side},
};
use puppet_wallet::Rules;

use crate::fixture::{Around, BONK, CASH, USDC, WHOLE, agree, booked, close, live, strategy, wallet, wish};
use crate::native::script::{Script, order};

const GIFT: u64 = 5 * WHOLE;

/// Where only what was bought may be sold, a gift lies where it lies, whoever wants it sold; elsewhere it goes.
#[tokio::test(flavor = "multi_thread")]
async fn threat_a_gift_in_the_wallet_is_not_sold() {
    for sell_holdings in [false, true] {
        let exchange = wallet();
        let plan = live(None, &exchange);
        let plan = DeskPlan { rules: Rules { sell_holdings, ..plan.rules.clone() }, ..plan };
        let mut around = Around::new();
        let desk = around.open(&plan).await.unwrap();
        close(&desk, 1, 100).await;
        let bought = desk.swap(wish("buy", 1, (USDC, BONK), 100_000_000)).await.unwrap().out_amount;

        // Nobody sees it before the next start.
        exchange.change(BONK, bought + GIFT);
        let unseen = desk.swap(wish("unseen", 1, (BONK, USDC), bought + GIFT)).await.unwrap();
        assert_eq!((unseen.is_done, exchange.has(BONK)), (false, bought + GIFT), "{unseen:?}");
        desk.close().await.unwrap();
        around.heard();
        let desk = around.open(&plan).await.unwrap();
        let whole = |units: u64| amounts::whole(units.into(), 5);
        let (there, known) = (whole(bought + GIFT), whole(bought));
        let note = format!("the wallet has {there} BONK, and the books had {known} BONK");
        assert!(around.heard().contains(&Told::Note(note)), "the operator reads of it");
        agree(&desk, &exchange);
        assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, bought, "it is no position");

        close(&desk, 2, 100).await;
        let all = desk.swap(wish("all", 2, (BONK, USDC), bought + GIFT)).await.unwrap();
        if sell_holdings {
            assert!(all.is_done, "{all:?}");
            assert_eq!((exchange.has(BONK), booked(&desk, BONK)), (0, 0));
        } else {
            assert_eq!((all.code.as_str(), exchange.has(BONK)), ("no-position", bought + GIFT));
            let own = desk.swap(wish("own", 2, (BONK, USDC), bought)).await.unwrap();
            assert!(own.is_done, "what was bought is sold: {own:?}");
            assert_eq!(exchange.has(BONK), GIFT);
            let rest = desk.swap(wish("rest", 2, (BONK, USDC), 1)).await.unwrap();
            assert_eq!((rest.code.as_str(), exchange.done().len()), ("no-position", 2));
        }
        agree(&desk, &exchange);
    }
}

/// A strategy is held to it as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_does_not_sell_a_gift() {
    for sell_holdings in [false, true] {
        let exchange = wallet();
        exchange.change(BONK, GIFT);
        let script = Script::default().place(1, order("out", Side::Sell, puppet_types::trade::OrderKind::Market, GIFT));
        let plan = live(Some(strategy(script)), &exchange);
        let plan = DeskPlan { rules: Rules { sell_holdings, ..plan.rules.clone() }, ..plan };
        let desk = Around::new().open(&plan).await.unwrap();
        for minute in 1..4 {
            close(&desk, minute, 100).await;
        }
        let moved = (exchange.has(BONK) == 0, exchange.has(USDC) > CASH, exchange.has(Mint::SOL) > 0);
        assert_eq!(moved, (sell_holdings, sell_holdings, true));
    }
}
