//! What is said of a desk while it is being opened.

use std::time::Duration;

use async_trait::async_trait;
use puppet_store::sqlite::{Options, SqliteStore};
use puppet_trade::{DeskPlan, DeskVenue, Exchange, ExchangeError, Halt, Swapped, Want};
use puppet_types::trade::Mint;
use puppet_wallet::{Mode, Rules};
use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, mpsc},
};

use super::{super::floor::Floor, *};
use crate::{
    control::{Desks as _, word},
    trading::{purses::tests::market, wanted::Kind},
    wallets::words::Word as Said,
};

const LONG: Duration = Duration::from_secs(60);

/// A chain that answers when it is let.
struct Slow {
    asked: Notify,
    may_answer: Semaphore,
}

#[async_trait]
impl Exchange for Slow {
    async fn balances(&self, mints: &[Mint]) -> std::result::Result<Vec<u64>, ExchangeError> {
        self.asked.notify_one();
        let _may = self.may_answer.acquire().await;
        Ok(vec![1_000_000_000; mints.len()])
    }
    async fn swap(&self, _: &str, _: &Want, _: &Halt<'_>) -> std::result::Result<Swapped, ExchangeError> {
        Err(ExchangeError::Unreachable("nothing is swapped here".to_owned()))
    }
}

/// A store, and a chain that answers nothing yet.
fn scene() -> (tempfile::TempDir, Arc<SqliteStore>, Arc<Slow>) {
    let folder = tempfile::tempdir().unwrap();
    let rows = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
    (folder, rows, Arc::new(Slow { asked: Notify::new(), may_answer: Semaphore::new(0) }))
}

fn wanted() -> Arc<Wanted> {
    let rules = Rules::for_backtest(&[market()]);
    Arc::new(Wanted {
        name: "luna".to_owned(),
        strategy: None,
        kind: Kind::Live { wallet: "main".to_owned(), is_understood: false },
        markets: vec![market()],
        bar_seconds: 60,
        parameters: Vec::new(),
        seed: 1,
        agent: None,
        rules,
        recorded: None,
    })
}

/// As slowly as its chain answers.
async fn opening(place: Place, store: Arc<dyn TradeStore>, slow: Arc<Slow>) -> Desk {
    let wanted = Arc::clone(&place.wanted);
    let plan = DeskPlan {
        purse: wanted.purse(),
        venue: DeskVenue::Live { exchange: slow, now: Arc::new(Timestamp::from_system) },
        network: "devnet".to_owned(),
        markets: wanted.markets.clone(),
        bar_seconds: wanted.bar_seconds,
        rules: wanted.rules.clone(),
        strategy: None,
        parameters: Vec::new(),
        seed: wanted.seed,
        max_faults: 3,
        agent: None,
    };
    let (tell, _) = mpsc::unbounded_channel();
    let opened = Desk::open(plan, store, place.switch(Arc::new(|| None)), tell, Handle::current());
    tokio::time::timeout(LONG, opened).await.unwrap().unwrap()
}

fn reason(desk: &Desk) -> Option<String> {
    let view = desk.view().unwrap();
    assert_eq!(view.admits == Mode::Halted, view.state.is_some());
    view.state.map(|state| state.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_is_said_while_a_desk_opens_slowly_holds_from_then_on() {
    let (_folder, rows, slow) = scene();
    let (store, floor) = (Arc::clone(&rows) as Arc<dyn TradeStore>, Floor::default());
    let place = floor.put(&wanted());
    let says = async |said: Said| {
        let purses = ["main".to_owned()];
        let told = word(&*rows, &floor, &purses, &said, Timestamp::from_system()).await.unwrap();
        told[0]["has_heard"].as_bool().unwrap()
    };
    let stood = place.hear(&*store).await.unwrap();
    assert_eq!(place.word.get(), None);
    let desk = tokio::spawn(opening(place.clone(), Arc::clone(&store), Arc::clone(&slow)));
    tokio::time::timeout(LONG, slow.asked.notified()).await.unwrap();

    assert!(says(Said::Halt { reason: Some("lunch".to_owned()) }).await, "what opens has heard it");
    slow.may_answer.add_permits(1);
    let desk = desk.await.unwrap();
    assert_eq!(reason(&desk).as_deref(), Some("lunch"), "before anything of the desk was carried out");

    // Somebody speaks while its opening has it: that holds at once, and is heard in turn.
    let turn = place.turn.lock().await;
    let late = floor.halt(&*store, "main", "late");
    tokio::pin!(late);
    assert!(futures::poll!(&mut late).is_pending());
    assert_eq!(place.switch(Arc::new(|| None))().as_deref(), Some("late"));
    drop(turn);
    assert!(late.await.unwrap());

    place.opened(desk, &*store, (stood, None)).await.unwrap();
    assert_eq!(*place.stands.borrow(), Stands::Open);
    let desk = place.desk.get().unwrap();
    assert_eq!((reason(&desk).as_deref(), place.word.get()), (Some("lunch"), None), "its books say so by now");
    assert!(says(Said::Resume).await);
    assert_eq!(reason(&desk), None);
    assert!(says(Said::Halt { reason: None }).await);
    assert_eq!((reason(&desk).as_deref(), place.word.get()), (Some("by the operator"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_that_is_said_while_a_desk_opens_is_heard_when_it_stands() {
    let (_folder, rows, slow) = scene();
    let (store, floor) = (Arc::clone(&rows) as Arc<dyn TradeStore>, Floor::default());
    slow.may_answer.add_permits(1);
    let halt = Said::Halt { reason: Some("lunch".to_owned()) };
    words::say(&*store, "main", &halt, Timestamp::from_system()).await.unwrap();
    let place = floor.put(&wanted());
    let stood = place.hear(&*store).await.unwrap();
    assert_eq!(place.word.get().as_deref(), Some("lunch"));
    let desk = opening(place.clone(), Arc::clone(&store), slow).await;
    assert_eq!(reason(&desk).as_deref(), Some("lunch"));
    let told = word(&*rows, &floor, &["main".to_owned()], &Said::Resume, Timestamp::from_system()).await.unwrap();
    assert_eq!(told[0]["has_heard"], false, "its books have not yet");
    place.opened(desk, &*store, (stood, None)).await.unwrap();
    assert_eq!(reason(&place.desk.get().unwrap()), None);
    assert_eq!(words::of(&*store, "main").await.unwrap().resumed, None);
}

/// Words are written first and told then: what is told last is not what was said last.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_last_counts_in_whatever_order_it_is_told() {
    let (_folder, rows, slow) = scene();
    let (store, floor) = (Arc::clone(&rows) as Arc<dyn TradeStore>, Floor::default());
    slow.may_answer.add_permits(1);
    let place = floor.put(&wanted());
    let stood = place.hear(&*store).await.unwrap();
    let desk = opening(place.clone(), Arc::clone(&store), slow).await;
    place.opened(desk, &*store, (stood, None)).await.unwrap();
    let desk = place.desk.get().unwrap();
    let writes = async |said: Said| words::say(&*store, "main", &said, Timestamp::from_system()).await.unwrap();
    let halt = || Said::Halt { reason: Some("stop".to_owned()) };

    // An older resume comes after a halt.
    writes(Said::Resume).await;
    writes(halt()).await;
    assert!(floor.halt(&*store, "main", "stop").await.unwrap());
    assert!(!floor.resume(&*store, "main").await.unwrap(), "it was taken back before it was heard");
    assert_eq!((reason(&desk).as_deref(), place.word.get()), (Some("stop"), None));

    // An older halt comes after a resume.
    writes(Said::Resume).await;
    assert!(floor.resume(&*store, "main").await.unwrap());
    assert!(floor.halt(&*store, "main", "stop").await.unwrap());
    assert_eq!((reason(&desk), place.word.get()), (None, None));

    // One that ends leaves what was said after it, though it sounds the same.
    let first = place.word.set("stop");
    place.word.set("stop");
    place.word.lift(first);
    assert_eq!(place.word.get().as_deref(), Some("stop"));
}
