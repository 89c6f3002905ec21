//! Several desks and one version: who is asked, who is waited for, who goes back.

use std::sync::Arc;

use puppet_backtest::{Answer, Batch, Fault, Models, Setup, Strategy, View};
use puppet_sandbox::Description;
use puppet_store::{
    TradeStore,
    sqlite::{Options, SqliteStore},
};
use puppet_trade::{DeskPlan, DeskVenue};
use puppet_types::{
    Timestamp,
    trade::{Candle, Denial, Fill},
};
use puppet_wallet::Rules;
use tokio::{runtime::Handle, sync::mpsc};

use super::*;
use crate::trading::{
    purses::tests::market,
    wanted::{Kind, Wanted},
};

const PRICE: u64 = 100_000_000;

/// Trades nothing, on bars of this length; 0: of any.
struct Still(u32);

impl Strategy for Still {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(Description { parameters: Vec::new(), warm_up: 0, min_markets: 1, max_markets: 1, bar_seconds: self.0 })
    }
    fn init(&mut self, _: &Setup, _: Option<&[u8]>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_candles(&mut self, _: &Batch<'_>, _: &Arc<View>, _: &mut Answer) -> Result<(), Fault> {
        Ok(())
    }
    fn on_fill(&mut self, _: &Fill, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_denied(&mut self, _: &Denial, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }
}

fn version(number: &str, bar_seconds: u32) -> DeskStrategy {
    let id = StrategyId { pack: "still".to_owned(), version: number.to_owned(), digest: None };
    DeskStrategy { id, strategies: Arc::new(move || Still(bar_seconds)) }
}

fn trial(batches: u32) -> Option<Trial> {
    Some(Trial { batches, strikes: 0 })
}

struct Scene {
    _folder: tempfile::TempDir,
    store: Arc<dyn TradeStore>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
        Self { _folder: folder, store }
    }

    /// A place whose desk is not open, where the first version is to trade.
    fn place(name: &str, bar_seconds: u32) -> Place {
        let place = Place::new(&Arc::new(Wanted {
            name: name.to_owned(),
            strategy: None,
            kind: Kind::Paper { models: Models::default(), start_balance: 1_000_000_000 },
            markets: vec![market()],
            bar_seconds,
            parameters: Vec::new(),
            seed: 1,
            agent: None,
            rules: Rules::for_backtest(&[market()]),
            recorded: None,
        }));
        place.will_run(version("1", 0));
        place
    }

    async fn open(&self, place: &Place) {
        let Kind::Paper { models, start_balance } = place.wanted.kind else { unreachable!("it is on paper") };
        let plan = DeskPlan {
            purse: place.wanted.purse(),
            venue: DeskVenue::Paper { models, start_balance },
            network: "devnet".to_owned(),
            markets: place.wanted.markets.clone(),
            bar_seconds: place.wanted.bar_seconds,
            rules: place.wanted.rules.clone(),
            strategy: place.strategy(),
            parameters: Vec::new(),
            seed: 1,
            max_faults: 3,
            agent: None,
        };
        let (tell, _) = mpsc::unbounded_channel();
        let desk = Desk::open(plan, Arc::clone(&self.store), Arc::new(|| None), tell, Handle::current());
        place.desk.put(desk.await.unwrap());
    }

    async fn opened(&self, name: &str, bar_seconds: u32) -> Place {
        let place = Self::place(name, bar_seconds);
        self.open(&place).await;
        place
    }
}

fn trading(places: &[&Place]) -> Trading {
    Trading { places: places.iter().copied().cloned().collect(), went: Vec::new(), before: None }
}

fn runs(place: &Place) -> String {
    place.desk.get().unwrap().view().unwrap().strategy.unwrap().version
}

async fn bar(place: &Place, minute: i64) {
    let at = |minute: i64| Timestamp::from_millis(1_767_571_200_000 + minute * 60_000);
    let candle = Candle { at: at(minute - 1), open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume: 0 };
    place.desk.get().unwrap().bars(at(minute), vec![(0, candle)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_refuses_those_that_went_over_go_back_and_nobody_else() {
    let scene = Scene::new();
    let (a, b, c) = (scene.opened("a", 60).await, scene.opened("b", 3600).await, scene.opened("c", 60).await);
    // On a trial of its own.
    c.desk.get().unwrap().take_over(version("2", 0), trial(9)).await.unwrap();
    c.will_run(version("2", 0));
    let refused = trading(&[&a, &b, &c]).take_over(&version("3", 60), trial(9)).await.unwrap_err();
    assert!(refused.starts_with("on the desk b: "), "{refused}");
    assert_eq!((runs(&a), runs(&b), runs(&c)), ("1".to_owned(), "1".to_owned(), "2".to_owned()));
    assert_eq!(c.strategy().unwrap().id.version, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_went_back_once_and_stopped_fails_no_later_version() {
    let scene = Scene::new();
    let (a, b) = (scene.opened("a", 60).await, scene.opened("b", 60).await);
    let stopped = a.desk.get().unwrap();
    stopped.take_over(version("2", 0), trial(9)).await.unwrap();
    assert!(stopped.go_back("it was bad").await.unwrap());
    stopped.close().await.unwrap();
    assert_eq!(stopped.tried().await.as_deref(), Some("it was bad"));
    let mut trading = trading(&[&a, &b]);
    trading.take_over(&version("3", 0), trial(1)).await.unwrap();
    let mut tried = Box::pin(trading.tried());
    assert!(futures::poll!(&mut tried).is_pending(), "b has shown nothing yet");
    bar(&b, 1).await;
    assert_eq!((tried.await, runs(&b)), (None, "3".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_run_on_a_desk_that_is_not_open_is_refused() {
    let scene = Scene::new();
    let (a, b) = (scene.opened("a", 60).await, Scene::place("b", 3600));
    let mut trading = trading(&[&a, &b]);
    let refused = trading.shadow(&version("2", 60)).await.unwrap_err();
    assert!(refused.starts_with("on the desk b: "), "{refused}");
    assert_eq!(trading.take_over(&version("2", 60), None).await.unwrap_err(), refused, "an operator is told, too");
    assert_eq!(
        (runs(&a).as_str(), b.strategy().unwrap().id.version.as_str()),
        ("1", "1"),
        "on all of them, or on none"
    );
    // One that is stopped until it is told to go on holds up nothing, and goes on with what is there then.
    b.stands.send_replace(Stands::Stopped("it failed".to_owned()));
    assert!(trading.shadow(&version("2", 60)).await.is_ok());
    trading.take_over(&version("2", 60), None).await.unwrap();
    assert_eq!((runs(&a).as_str(), b.strategy().unwrap().id.version.as_str()), ("2", "2"));
    assert!(trading.shadow(&version("3", 0)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_passed_or_opened_meanwhile_goes_back_with_the_others() {
    let scene = Scene::new();
    let (a, b, late) = (scene.opened("a", 60).await, scene.opened("b", 60).await, Scene::place("late", 60));
    let mut trading = trading(&[&a, &b, &late]);
    trading.take_over(&version("2", 0), trial(1)).await.unwrap();
    bar(&a, 1).await;
    assert_eq!(a.desk.get().unwrap().before(), None, "its own trial is over");
    scene.open(&late).await;
    assert_eq!((runs(&a), runs(&b), runs(&late)), ("2".to_owned(), "2".to_owned(), "2".to_owned()));
    trading.go_back("b failed").await;
    assert_eq!((runs(&a), runs(&b), runs(&late)), ("1".to_owned(), "1".to_owned(), "1".to_owned()));
}
