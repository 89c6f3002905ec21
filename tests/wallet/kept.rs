//! Purses and questions as a host leaves them in the store.

use std::{path::Path, sync::Arc};

use puppet_backtest::{Event, Models, OrderRecord, OrderStatus};
use puppet_market::Markets;
use puppet_store::{Options, Purse, PurseEntry, PurseRow, SqliteStore, SwapApproval, SwapRow, TradeStore};
use puppet_trade::{Desk, DeskPlan, DeskVenue};
use puppet_types::{
    Timestamp,
    trade::{Denial, Fill, Market, Mint, Order, OrderKind, Side, TimeInForce},
};
use puppet_wallet::{Risk, Rules, Seen};
use serde_json::{Value, json};

/// Of the test's approvals.
pub const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_600_000_000 + seconds * 1_000)
}

fn market() -> Market {
    Markets::built_in().get("SOL/USDC").unwrap().clone()
}

fn order(quantity: u64) -> Order {
    Order {
        client_id: "enter".to_owned(),
        market: 0,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity,
        reduce_only: false,
        time_in_force: TimeInForce::Gtc,
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    }
}

fn record(id: u64, status: OrderStatus, rule: Option<&str>) -> Value {
    let denied_by = rule.map(str::to_owned);
    let record = OrderRecord { id, at: at(60), order: order(50_000_000), status, denied_by, filled: 0 };
    serde_json::to_value(Event::Ordered(record)).unwrap()
}

/// Books with 20 USDC and half a SOL, after an order, its fill, a denial and a swap; `is_reducing` after a drawdown.
pub async fn purse(data: &Path, name: &str, is_reducing: bool) {
    let markets = vec![market()];
    let mut rules = Rules::for_backtest(&markets);
    rules.max_drawdown_bps = if is_reducing { 100 } else { 10_000 };
    let [sol, usdc] = [Mint::SOL, Mint::USDC].map(|mint| Mint::parse(mint).unwrap());
    let mut risk = Risk::new(rules, markets, &[(sol, 500_000_000), (usdc, 20_000_000)]).unwrap();
    risk.mark(at(0), &[(0, 150_000_000_000)]);
    let admitted = risk.admit(&order(50_000_000), puppet_wallet::Origin::Strategy, &Seen::at(at(60), 150_000_000_000));
    let fill = Fill {
        client_id: "enter".to_owned(),
        market: 0,
        side: Side::Buy,
        at: at(61),
        quantity: 50_000_000,
        price: 150_000_000_000,
        fee: 22_500,
        remaining: 0,
    };
    risk.filled(admitted.unwrap(), &fill).unwrap();
    if is_reducing {
        risk.mark(at(120), &[(0, 100_000_000_000)]);
        assert!(risk.state().is_some());
    }
    let denial = Denial {
        client_id: "enter".to_owned(),
        market: 0,
        at: at(62),
        rule: "max-order".to_owned(),
        detail: "7.5 USDC is more than 5".to_owned(),
        retry_at: None,
    };
    let result = json!({ "id": format!("{name}/1"), "is_done": true, "in_amount": 7_500_000, "in_decimals": 6, "in_symbol": "USDC",
        "out_amount": 50_000_000, "out_decimals": 9, "out_symbol": "SOL", "signature": "5igsig", "reason": "it crossed", "code": "" });
    let swap = json!({ "event": "swap", "result": result });
    let terms = json!({ "mode": "live", "network": "devnet", "strategy": { "pack": "sma-cross", "version": "", "digest": null } });
    let begins = json!({ "word": "begins", "terms": terms });
    let balance = json!({ "word": "balance", "mint": Mint::USDC, "booked": 20_000_000, "there": 19_500_000 });
    let bodies = [
        (PurseEntry::Word, 58, begins),
        (PurseEntry::Word, 59, balance),
        (PurseEntry::Event, 60, record(1, OrderStatus::Open, None)),
        (PurseEntry::Event, 61, serde_json::to_value(Event::Filled { order: 1, fill }).unwrap()),
        (PurseEntry::Event, 61, swap),
        (PurseEntry::Event, 62, record(2, OrderStatus::Denied, Some("max-order"))),
        (PurseEntry::Event, 63, serde_json::to_value(Event::Denied { order: 2, denial }).unwrap()),
    ];
    let rows: Vec<PurseRow> =
        (1..).zip(bodies).map(|(seq, (kind, second, body))| PurseRow { seq, kind, at: at(second), body }).collect();
    let mut body = opened().await;
    for (part, value) in
        [("mode", "live".into()), ("network", "devnet".into()), ("strategy", terms["strategy"].clone())]
    {
        body["desk"]["terms"][part] = value;
    }
    body["desk"]["books"] = serde_json::to_value(risk.snapshot()).unwrap();
    // Of an earlier version.
    body["understood"] = Value::Null;
    let store = SqliteStore::open(data, Options::default()).unwrap();
    let head = Purse { name: name.to_owned(), seq: rows.len() as u64, at: at(63), body };
    assert!(store.write_purse(head, 0, rows).await.unwrap());
    for (n, body) in
        [json!({ "step": "wanted" }), json!({ "step": "signed", "fee_lamports": 5_000 })].into_iter().enumerate()
    {
        let row = SwapRow {
            swap: format!("{name}/1"),
            n: n as u32,
            wallet: "w".to_owned(),
            at: at(61),
            is_end: n == 1,
            body,
        };
        assert!(store.append_swap(row).await.unwrap());
    }
}

/// What a desk keeps of its purse that was opened and closed.
async fn opened() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn TradeStore> = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
    let markets = vec![market()];
    let plan = DeskPlan {
        purse: "paper/any".to_owned(),
        venue: DeskVenue::Paper { models: Models::default(), start_balance: 1_000_000 },
        network: "devnet".to_owned(),
        rules: Rules::for_backtest(&markets),
        markets,
        bar_seconds: 60,
        strategy: None,
        parameters: Vec::new(),
        seed: 1,
        max_faults: 3,
        agent: None,
    };
    let (told, _) = tokio::sync::mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let desk = Desk::open(plan, Arc::clone(&store), Arc::new(|| None), told, runtime).await.unwrap();
    desk.close().await.unwrap();
    store.purse("paper/any").await.unwrap().unwrap().body
}

fn entry(swap: &str, n: u32, body: Value) -> SwapRow {
    SwapRow { swap: swap.to_owned(), n, wallet: "w".to_owned(), at: at(61), is_end: body["step"] == "abandoned", body }
}

/// Its swap is given up, as a host does that starts again.
pub async fn gives_up(data: &Path, hash: &str) {
    let store = SqliteStore::open(data, Options::default()).unwrap();
    let given_up = entry(&format!("main/{}", &hash[..1]), 1, json!({ "step": "abandoned" }));
    assert!(store.append_swap(given_up).await.unwrap());
}

/// A message of this wallet that waits for so many more seconds, and the log of its swap (`main/` and the first digit of it).
pub async fn asks(data: &Path, hash: &str, address: &str, seconds: i64) {
    let now = Timestamp::from_system();
    let swap = format!("main/{}", &hash[..1]);
    let body = json!({
        "message": hash, "swap": swap, "wallet": address, "gives": Mint::USDC, "amount": 25_000_000, "takes": Mint::SOL,
        "out_amount": 166_000_000, "least_out": 164_000_000, "fee_lamports": 9_000,
        "programs": ["JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo"],
        "quoted_at": now,
    });
    let expires_at = Timestamp::from_millis(now.as_millis() + seconds * 1_000);
    let store = SqliteStore::open(data, Options::default()).unwrap();
    let checked = json!({ "step": "checked", "message": hash, "fee_lamports": 9_000, "needs_approval": true });
    assert!(store.append_swap(entry(&swap, 0, checked)).await.unwrap());
    let hash = hash.to_owned();
    store.ask_swap_approval(SwapApproval { hash, swap, expires_at, granted_at: None, body }).await.unwrap();
}
