//! Entries of a purse's log in a sentence each. What is not known here is shown as it is.

use puppet_backtest::{Event, OrderStatus};
use puppet_store::PurseEntry;
use puppet_types::trade::{Market, Order, OrderKind, Side};
use serde_json::Value;

use crate::{
    feed::beginning,
    wallets::amounts::{signed, whole},
};

/// Characters of an entry that is not understood.
const BEGINNING: usize = 120;

/// An entry for people.
pub struct Line {
    /// Of which kind.
    pub kind: &'static str,
    /// A sentence.
    pub what: String,
    /// The rule that denied or ended it.
    pub rule: Option<String>,
}

impl Line {
    fn new(kind: &'static str, what: String) -> Self {
        Self { kind, what, rule: None }
    }
    fn by(mut self, rule: Option<String>) -> Self {
        self.rule = rule.filter(|rule| !rule.is_empty());
        self
    }
}

/// In whose log it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The desk's.
    Desk,
    /// The operator's.
    Operator,
}

/// Tells an entry.
pub fn of(kind: PurseEntry, body: &Value, markets: &[Market], by: By) -> Line {
    if kind == PurseEntry::Word {
        return word(body, by, markets);
    }
    if body["event"] == "swap" {
        return swap(&body["result"]);
    }
    match serde_json::from_value::<Event>(body.clone()) {
        Ok(event) => happened(&event, markets),
        Err(_) => Line::new("other", beginning(&body.to_string(), BEGINNING)),
    }
}

fn word(body: &Value, by: By, markets: &[Market]) -> Line {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let more = ["reason", "network"].into_iter().map(text).find(|more| !more.is_empty());
    let more = more.map_or_else(String::new, |more| format!(" ({more})"));
    let said = match (text("word"), by) {
        ("halt", By::Operator) => "the operator halted it".to_owned(),
        ("halt", By::Desk) => "it is halted".to_owned(),
        ("reduce", _) => "only exits from here on".to_owned(),
        ("resume", By::Operator) => "the operator let it go on".to_owned(),
        ("resume", By::Desk) => "it goes on".to_owned(),
        ("resumed", _) => "a desk heard of it".to_owned(),
        ("understood", _) => "the operator said that this network is meant".to_owned(),
        ("begins", _) => {
            let terms = &body["terms"];
            let strategy = terms["strategy"]["pack"].as_str().unwrap_or("nobody by itself");
            format!("a desk begins on {}: {strategy} trades", terms["network"].as_str().unwrap_or("no network"))
        }
        ("version", _) => {
            let version = |key: &str| body[key]["version"].as_str().unwrap_or("?").to_owned();
            let pack = body["to"]["pack"].as_str().unwrap_or_default();
            format!("{pack} {} trades in place of {}", version("to"), version("from"))
        }
        ("balance", _) => balance(body, markets),
        _ => return Line::new("word", beginning(&body.to_string(), BEGINNING)),
    };
    Line::new("word", format!("{said}{more}"))
}

/// The wallet had something else than the books.
fn balance(body: &Value, markets: &[Market]) -> String {
    let mint = body["mint"].as_str().unwrap_or_default();
    let mut tokens = markets.iter().flat_map(|market| [&market.base, &market.quote]);
    let token = tokens.find(|token| token.mint.as_str() == mint);
    let amount = |key: &str| {
        let units = body[key].as_u64().unwrap_or(0);
        token.map_or_else(
            || format!("{units} of {mint}"),
            |token| format!("{} {}", whole(units.into(), token.decimals), token.symbol),
        )
    };
    format!("the wallet has {}, and the books had {}", amount("there"), amount("booked"))
}

/// A `SwapResult`.
fn swap(body: &Value) -> Line {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let amount = |of: &str| {
        let units = body[format!("{of}_amount")].as_u64().unwrap_or(0);
        let decimals = body[format!("{of}_decimals")].as_u64().and_then(|decimals| u8::try_from(decimals).ok());
        format!("{} {}", whole(units.into(), decimals.unwrap_or(0)), text(&format!("{of}_symbol")))
    };
    let reason = if text("reason").is_empty() { String::new() } else { format!(": {}", text("reason")) };
    if body["is_done"] == true {
        return Line::new("swap", format!("{} for {}{reason}", amount("in"), amount("out")));
    }
    let what = format!("{} was not swapped: {}", amount("in"), text("detail"));
    Line::new("swap", what).by(Some(text("code").to_owned()))
}

fn happened(event: &Event, markets: &[Market]) -> Line {
    match event {
        Event::Ordered(record) => {
            let (kind, ends) = match record.status {
                OrderStatus::Denied => ("denial", " was denied"),
                _ => ("order", ""),
            };
            let what = format!("order {}: {}{ends}", record.id, order(&record.order, markets));
            Line::new(kind, what).by(record.denied_by.clone())
        }
        Event::Filled { order, fill } => {
            let told = Told(markets.get(fill.market as usize));
            let side = side(fill.side, "bought", "sold");
            let (quantity, price, fee) = (told.base(fill.quantity), told.price(fill.price), told.quote(fill.fee));
            Line::new("fill", format!("order {order}: {side} {quantity} at {price}, fee {fee}"))
        }
        Event::Ended { order, status, rule } => {
            Line::new("ended", format!("order {order}: {}", status.name())).by(rule.clone())
        }
        Event::Cancelled { client_id, .. } => Line::new("ended", format!("the strategy took `{client_id}` back")),
        Event::Denied { order, denial } => {
            Line::new("denial", format!("order {order}: {}", denial.detail)).by(Some(denial.rule.clone()))
        }
        Event::Closed(trade) => {
            let told = Told(markets.get(trade.market as usize));
            let (quantity, entry, exit) =
                (told.base(trade.quantity), told.price(trade.entry_price), told.price(trade.exit_price));
            let result = told.quote_signed(trade.pnl);
            Line::new("trade", format!("{quantity} from {entry} to {exit}: {result}"))
        }
        Event::Breached(record) => {
            Line::new("breach", format!("the strategy: {}", record.detail)).by(Some(record.breach.clone()))
        }
    }
}

fn order(order: &Order, markets: &[Market]) -> String {
    let told = Told(markets.get(order.market as usize));
    let kind = match order.kind {
        OrderKind::Market => "at market".to_owned(),
        OrderKind::Limit(price) => format!("at {} or better", told.price(price)),
        OrderKind::Stop(price) => format!("at a stop of {}", told.price(price)),
        OrderKind::TakeProfit(price) => format!("to take profit at {}", told.price(price)),
        OrderKind::Trailing(bps) => format!("at a stop {bps} bps behind"),
    };
    format!("{} {} {kind}", side(order.side, "buy", "sell"), told.base(order.quantity))
}

fn side(side: Side, buy: &'static str, sell: &'static str) -> &'static str {
    match side {
        Side::Buy => buy,
        Side::Sell => sell,
    }
}

/// Amounts of a market, in its tokens where it is known.
struct Told<'a>(Option<&'a Market>);

impl Told<'_> {
    fn base(&self, units: u64) -> String {
        self.0.map_or_else(
            || units.to_string(),
            |market| format!("{} {}", whole(units.into(), market.base.decimals), market.base.symbol),
        )
    }
    fn quote(&self, units: u64) -> String {
        self.0.map_or_else(
            || units.to_string(),
            |market| format!("{} {}", whole(units.into(), market.quote.decimals), market.quote.symbol),
        )
    }
    fn quote_signed(&self, units: i64) -> String {
        self.0.map_or_else(
            || units.to_string(),
            |market| format!("{} {}", signed(units.into(), market.quote.decimals), market.quote.symbol),
        )
    }
    fn price(&self, price: u64) -> String {
        self.0.map_or_else(|| price.to_string(), |market| whole(price.into(), market.price_decimals))
    }
}
