//! A look on what a desk shows, and a result in the words of its event.

use puppet_backtest::Models;
use puppet_store::{
    TradeStore,
    sqlite::{Options, SqliteStore},
};
use puppet_trade::{Desk, DeskPlan, DeskVenue};
use puppet_types::{
    Code,
    trade::{Candle, Market, Position, Token},
};
use puppet_wallet::{Balance, Cause, InMarketView, Mode, Portfolio, State};

use tokio::{runtime::Handle, sync::mpsc};

use super::*;

const PRICE: u64 = 100_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_571_200_000 + seconds * 1_000)
}

pub fn market() -> Market {
    let token = |mint, symbol: &str, decimals| Token { mint, symbol: symbol.to_owned(), decimals };
    Market {
        id: "SOL/USDC".to_owned(),
        base: token(Mint::sol(), "SOL", 9),
        quote: token(Mint::usdc(), "USDC", 6),
        price_decimals: 6,
        min_quantity: 1,
    }
}

/// 1,000 USDC, and 2 SOL of which one was bought here.
pub fn view() -> DeskView {
    let balance = |mint, amount, held| Balance { mint, amount, held };
    let position = Position { quantity: 1_000_000_000, entry_price: PRICE };
    let inside = InMarketView { market: "SOL/USDC".to_owned(), position, realised: 0, fees: 0, price: Some(PRICE) };
    DeskView {
        purse: "paper/luna".to_owned(),
        mode: DeskMode::Live,
        network: "devnet".to_owned(),
        agent: Some("luna".into()),
        strategy: None,
        parameters: Vec::new(),
        markets: vec![market()],
        bar_seconds: 60,
        admits: Mode::Active,
        state: None,
        own_state: None,
        portfolio: Portfolio {
            balances: vec![balance(Mint::usdc(), 1_000_000_000, 0), balance(Mint::sol(), 2_000_000_000, 0)],
            markets: vec![inside],
            ..Portfolio::default()
        },
        open_orders: Vec::new(),
        prices: vec![Some((PRICE, at(0)))],
        last_bars: None,
        batches: 0,
        history_left: 0,
        faults: 0,
        fuel: 0,
        stopped: None,
    }
}

fn rules() -> Rules {
    Rules { max_order_notional: Some(500_000_000), ..Rules::for_backtest(&[market()]) }
}

fn swap(gives: Mint, takes: Mint, amount: u64) -> SwapIntent {
    SwapIntent { in_mint: gives, out_mint: takes, amount, max_slippage_bps: 50, reason: "a test".to_owned() }
}

/// The rule that says no.
fn rule(view: &DeskView, rules: &Rules, intent: &SwapIntent, origin: Origin) -> Option<String> {
    let error = look(view, rules, intent, origin, (at(10), None)).err()?;
    assert_eq!(error.code, Code::Denied, "{error}");
    Some(error.message.split(':').next().unwrap().to_owned())
}

#[test]
fn a_token_that_is_not_always_tradable_is_while_a_list_has_it() {
    let rules = Rules { always_tradable: Some(Vec::new()), consider_trending: true, ..rules() };
    assert!(rules.asks_for_trending(&Mint::sol()));
    let buy = swap(Mint::usdc(), Mint::sol(), 1_000_000);
    let says =
        |trending_at| look(&view(), &rules, &buy, Origin::Own, (at(10), trending_at)).err().map(|error| error.message);
    assert!(says(None).unwrap().starts_with("not-trending"));
    assert_eq!(says(Some(at(0))), None);
    assert!(says(Some(at(-700))).unwrap().starts_with("not-trending"), "ten minutes are over");
    // What is sold for the quote token was let in before.
    for other in
        [Rules { consider_trending: false, ..rules.clone() }, Rules { require_trending: false, ..rules.clone() }]
    {
        assert!(!other.asks_for_trending(&Mint::sol()));
    }
}

#[test]
fn a_swap_is_looked_at_by_the_rules_on_what_the_desk_shows() {
    let buy = |amount| swap(Mint::usdc(), Mint::sol(), amount);
    let sell = |amount| swap(Mint::sol(), Mint::usdc(), amount);
    let says = |intent: SwapIntent| rule(&view(), &rules(), &intent, Origin::Own);
    assert_eq!(says(buy(400_000_000)), None);
    assert_eq!(says(buy(600_000_000)).as_deref(), Some("max-order-notional"));
    assert_eq!(says(sell(1_000_000_000)), None, "what was bought here may go");
    assert_eq!(says(sell(1_000_000_001)).as_deref(), Some("no-position"), "and no more");
    let other = Mint::parse(&"B".repeat(40)).unwrap();
    assert_eq!(says(swap(other, Mint::usdc(), 1)).as_deref(), Some("unknown-market"));
    for (origin, expected) in
        [(Origin::HumanRequest, "human-request"), (Origin::Gift, "gift"), (Origin::Operator, "autonomous-only")]
    {
        assert_eq!(rule(&view(), &rules(), &buy(1_000_000), origin).as_deref(), Some(expected));
    }
    let late = DeskView { prices: vec![Some((PRICE, at(-100)))], ..view() };
    assert_eq!(rule(&late, &rules(), &buy(1_000_000), Origin::Own).as_deref(), Some("stale-quote"));
    let none = DeskView { prices: vec![None], ..view() };
    assert_eq!(rule(&none, &rules(), &buy(1_000_000), Origin::Own).as_deref(), Some("no-price"));
}

#[test]
fn a_desk_that_is_halted_or_reducing_says_so() {
    let intent = swap(Mint::usdc(), Mint::sol(), 1_000_000);
    let state = |mode| State { mode, since: at(0), cause: Cause::Operator, reason: "a fire".to_owned() };
    let of = |mode| DeskView { admits: mode, state: Some(state(mode)), ..view() };
    let error = look(&of(Mode::Halted), &rules(), &intent, Origin::Own, (at(10), None)).unwrap_err();
    assert!(error.message.starts_with("kill-switch: ") || error.message.starts_with("halted: "), "{error}");
    assert_eq!(rule(&of(Mode::Reducing), &rules(), &intent, Origin::Own).as_deref(), Some("reducing"));
    let exit = swap(Mint::sol(), Mint::usdc(), 1_000_000);
    assert_eq!(rule(&of(Mode::Reducing), &rules(), &exit, Origin::Own), None);
    let gone = DeskView { stopped: Some("the store failed".to_owned()), ..view() };
    assert_eq!(rule(&gone, &rules(), &intent, Origin::Own).as_deref(), Some("halted"));
}

#[test]
fn what_an_amount_pays_is_rounded_down() {
    assert_eq!(base_for(&market(), 50_000_000, PRICE), Some(500_000_000));
    assert_eq!(base_for(&market(), 1, 3_000_000), Some(333));
    assert_eq!(base_for(&market(), u64::MAX, 1), None);
    let coarse = Market { base: Token { decimals: 0, ..market().base }, price_decimals: 0, ..market() };
    assert_eq!(base_for(&coarse, 7_999_999, 2), Some(3));
}

#[tokio::test]
async fn who_has_no_desk_is_told_what_to_configure_and_whose_is_not_open_that_it_is_not() {
    let seats = Seats::default();
    let intent = swap(Mint::usdc(), Mint::sol(), 1_000_000);
    let agent = AgentId::new("luna");
    let told = seats.look(&agent, &intent, Origin::Own).await.unwrap_err();
    assert!(told.message.contains("agent = \"luna\""), "{told}");
    assert_eq!(told.code, Code::Denied);
    // One that is configured and does not stand yet.
    seats.put(agent.clone(), "main".to_owned(), Open::default(), rules());
    let told = seats.balances(&agent).await.unwrap_err();
    assert_eq!(told.code, Code::ProviderUnavailable);
    assert!(told.message.contains("not open yet") && !told.message.contains("[trading.desks"), "{told}");
    assert_eq!(seats.look(&agent, &intent, Origin::Own).await.unwrap_err(), told);
    assert_eq!(seats.quote(&agent, &intent.in_mint, &intent.out_mint, 1).await.unwrap_err(), told);
    let error = seats.swap(&"eff".into(), "main", &agent, &intent, Origin::Own).await.unwrap_err();
    assert_eq!(error, SwapError::Unavailable(told.message));
}

#[test]
fn a_result_is_told_with_what_is_known_of_it() {
    let result = puppet_trade::SwapResult {
        id: "eff_1".to_owned(),
        purse: "main".to_owned(),
        mode: DeskMode::Live,
        origin: Origin::Own,
        agent: Some("luna".into()),
        market: String::new(),
        side: Side::Buy,
        in_mint: Mint::usdc(),
        in_symbol: "USDC".to_owned(),
        in_amount: u64::MAX,
        in_decimals: 6,
        out_mint: Mint::sol(),
        out_symbol: String::new(),
        out_amount: 0,
        out_decimals: 0,
        price: 0,
        price_decimals: 0,
        signature: None,
        at: at(0),
        reason: "a test".to_owned(),
        is_done: false,
        code: "unknown-market".to_owned(),
        detail: String::new(),
        retry_at: None,
    };
    let always = Rules { tell_trades_bps: BPS, ..rules() };
    let event = serde_json::to_value(told(&result, &always)).unwrap();
    assert_eq!((&event["in_amount"], &event["in_decimals"]), (&"18446744073709551615".into(), &6.into()));
    for absent in ["market", "out_symbol", "out_decimals", "price", "price_decimals", "signature", "detail"] {
        assert!(event[absent].is_null(), "{absent}");
    }
    assert_eq!(
        (&event["mode"], &event["code"], &event["tells"]),
        (&"live".into(), &"unknown-market".into(), &true.into())
    );
    assert!(!told(&result, &Rules { tell_trades_bps: 0, ..rules() }).tells);
}

/// A desk on paper, at 100 USDC for a SOL.
async fn desk(store: &Arc<dyn TradeStore>, purse: &str) -> Open {
    let plan = DeskPlan {
        purse: purse.to_owned(),
        venue: DeskVenue::Paper { models: Models::default(), start_balance: 1_000_000_000 },
        network: "devnet".to_owned(),
        markets: vec![market()],
        bar_seconds: 60,
        rules: rules(),
        strategy: None,
        parameters: Vec::new(),
        seed: 1,
        max_faults: 3,
        agent: Some("luna".into()),
    };
    let (told, _) = mpsc::unbounded_channel();
    let desk = Desk::open(plan, Arc::clone(store), Arc::new(|| None), told, Handle::current()).await.unwrap();
    let candle = Candle { at: at(0), open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume: 0 };
    // Long ago.
    desk.bars(at(60), vec![(0, candle)]).await.unwrap();
    let open = Open::default();
    open.put(desk);
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_goes_to_the_purse_that_it_names_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn TradeStore> = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
    let (main, spare) = (desk(&store, "paper/main").await, desk(&store, "paper/spare").await);
    let cash = async |desk: &Open| desk.get().unwrap().view().unwrap().portfolio.balances[0].amount;
    let (seats, luna, effect) = (Seats::default(), AgentId::new("luna"), EffectId::new("eff"));
    let intent = swap(Mint::usdc(), Mint::sol(), 100_000_000);
    let asked = async |purse| seats.swap(&effect, purse, &luna, &intent, Origin::Own).await;
    assert_eq!(seats.purse(&luna), None);
    // Its desk is not open yet: nobody takes it, and the name is known.
    seats.put(luna.clone(), "paper/main".to_owned(), Open::default(), rules());
    assert_eq!(seats.purse(&luna).as_deref(), Some("paper/main"));
    assert!(matches!(asked("paper/main").await, Err(SwapError::Unavailable(_))));
    seats.put(luna.clone(), "paper/main".to_owned(), main.clone(), rules());
    let done = asked("paper/main").await.unwrap();
    assert!(done.is_done, "{done:?}");
    let left = cash(&main).await;
    assert_eq!(left, 900_000_000);
    // The operator gives the agent another desk.
    seats.put(luna.clone(), "paper/spare".to_owned(), spare.clone(), rules());
    assert_eq!(seats.purse(&luna).as_deref(), Some("paper/spare"));
    assert!(matches!(asked("paper/main").await, Err(SwapError::Unavailable(_))));
    assert_eq!((cash(&main).await, cash(&spare).await), (left, 1_000_000_000));
    seats.put(luna.clone(), "paper/main".to_owned(), main.clone(), rules());
    assert_eq!((asked("paper/main").await.unwrap(), cash(&main).await), (done, left), "once by its id");
}
