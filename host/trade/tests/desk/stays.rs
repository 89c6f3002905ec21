//! What goes from one version of the strategy to the next beside the save: what is not stored, and what is left to do.

use puppet_trade::{DeskPlan, Told, Trial};
use puppet_wallet::Rules;

use crate::fixture::{Around, agree, at, close, live, strategy, wallet};
use crate::native::script::Script;
use crate::native::sma::Sma;
use crate::native::walk::ONE;
use crate::versions::{TRIAL, buy_bonk, closes, first, named, plan, runs, version};

#[tokio::test(flavor = "multi_thread")]
async fn what_others_say_of_the_markets_is_known_to_the_version_that_takes_over_and_to_the_one_that_comes_back() {
    let exchange = wallet();
    let one = Script::default().place(2, buy_bonk("back"));
    let two = Script { traps_at: vec![2], ..Script::default().place(1, buy_bonk("over")) };
    let asked = live(Some(version("1", &one)), &exchange);
    let rules = Rules {
        max_deviation_bps: Some(100),
        always_tradable: Some(Vec::new()),
        consider_trending: true,
        ..asked.rules.clone()
    };
    let desk = Around::new().open(&DeskPlan { rules, ..asked }).await.unwrap();
    close(&desk, 1, 100).await;
    desk.second(at(2), vec![(0, 100 * ONE)]).await.unwrap();
    desk.trending(at(2), vec![0]).await.unwrap();
    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    close(&desk, 2, 100).await;
    assert_eq!(exchange.done(), ["main/1"], "{:?}", two.heard());
    // It fails on this bar, which the one before is asked about.
    desk.second(at(3), vec![(0, 100 * ONE)]).await.unwrap();
    close(&desk, 3, 100).await;
    assert_eq!((runs(&desk).as_str(), exchange.done().len()), ("1", 2), "{:?}", one.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_on_trial_keeps_its_way_back_where_a_third_one_cannot_begin() {
    let around = Around::new();
    let one = first();
    let desk = around.open(&plan(&one)).await.unwrap();
    closes(&desk, 1..=5).await;
    let two = Script { traps_at: vec![6], ..Script::default() };
    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    desk.take_over(named("3", strategy(Sma::default)), Some(Trial::default())).await.unwrap_err();
    assert_eq!((runs(&desk).as_str(), desk.before().unwrap().version.as_str()), ("2", "1"));
    closes(&desk, 6..=7).await;
    let view = desk.view().unwrap();
    assert_eq!((runs(&desk).as_str(), view.batches, view.faults, desk.before()), ("1", 7, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_when_it_hears_of_a_swap_leaves_what_it_ordered_to_be_carried_out() {
    let exchange = wallet();
    let mut around = Around::new();
    let one = Script::default();
    let desk = around.open(&live(Some(version("1", &one)), &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    let two = Script { traps_at_fills: true, ..Script::default().place(1, buy_bonk("a")).place(1, buy_bonk("b")) };
    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    let happened = close(&desk, 2, 100).await;
    assert_eq!((happened.is_passed_over, happened.swaps.len()), (false, 1), "{happened:?}");
    assert_eq!((exchange.done(), runs(&desk).as_str()), (vec!["main/1".to_owned(), "main/2".to_owned()], "1"));
    let fills: Vec<_> = one.heard().into_iter().filter(|word| word.starts_with("fill")).collect();
    assert_eq!(fills, ["fill a 198679", "fill b 198679"]);
    // It was not asked about that bar, which is stored.
    assert_eq!(one.heard().iter().filter(|word| word.starts_with("batch 1")).count(), 1, "{:?}", one.heard());
    assert!(!around.heard().iter().any(|told| matches!(told, Told::Note(note) if note.contains("passed over"))));
    agree(&desk, &exchange);
}
