//! Two markets against one token, in which a whole token is one unit: a quantity times a price is its worth.

use puppet_types::{
    Timestamp,
    trade::{Fill, Market, Mint, Order, OrderKind, Side, TimeInForce, Token},
};

use crate::{Origin, ReservationId, Risk, Rules, Seen, Settled};

pub const DAY: i64 = 86_400_000;
/// What the quote token is there of.
pub const CASH: u64 = 1_000_000;
pub const PRICE: u64 = 100;

pub fn mint(letter: char) -> Mint {
    Mint::parse(&letter.to_string().repeat(40)).unwrap()
}

pub fn token(letter: char) -> Token {
    Token { mint: mint(letter), symbol: letter.to_string(), decimals: 0 }
}

pub fn market(base: Token, quote: Token) -> Market {
    let id = format!("{}/{}", base.symbol, quote.symbol);
    Market { id, base, quote, price_decimals: 0, min_quantity: 2 }
}

pub fn markets() -> Vec<Market> {
    vec![market(token('A'), token('Q')), market(token('B'), token('Q'))]
}

pub fn sol() -> Token {
    Token { mint: Mint::parse(Mint::SOL).unwrap(), symbol: "SOL".into(), decimals: 0 }
}

/// Noon of a day.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000 * DAY + DAY / 2 + millis)
}

/// Nothing is in the way but what a test sets: neither slippage nor fees are reckoned with.
pub fn rules() -> Rules {
    Rules { max_slippage_bps: 0, max_fee_bps: 0, ..Rules::for_backtest(&markets()) }
}

pub fn risk(rules: Rules) -> Risk {
    Risk::new(rules, markets(), &[(mint('Q'), CASH)]).unwrap()
}

pub fn buy(quantity: u64) -> Order {
    Order {
        client_id: "o".into(),
        market: 0,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity,
        reduce_only: false,
        time_in_force: TimeInForce::Ioc,
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    }
}

pub fn sell(quantity: u64) -> Order {
    Order { side: Side::Sell, ..buy(quantity) }
}

pub fn exit(quantity: u64) -> Order {
    Order { reduce_only: true, ..sell(quantity) }
}

pub fn seen(millis: i64) -> Seen {
    Seen::at(at(millis), PRICE)
}

pub fn fill(risk: &Risk, id: ReservationId, millis: i64, quantity: u64, price: u64, fee: u64) -> Fill {
    let held = risk.held(id).unwrap();
    let (client_id, market, side) = (held.client_id.clone(), held.market, held.side);
    Fill { client_id, market, side, at: at(millis), quantity, price, fee, remaining: held.quantity - quantity }
}

pub trait Trading {
    fn ask(&mut self, order: &Order, seen: &Seen) -> Result<ReservationId, String>;
    fn fills(&mut self, id: ReservationId, millis: i64, quantity: u64, price: u64, fee: u64) -> Settled;
    /// Admitted and filled whole.
    fn trade(&mut self, order: &Order, millis: i64, price: u64) -> Settled;
}

impl Trading for Risk {
    fn ask(&mut self, order: &Order, seen: &Seen) -> Result<ReservationId, String> {
        self.admit(order, Origin::Strategy, seen).map_err(|denial| denial.rule)
    }
    fn fills(&mut self, id: ReservationId, millis: i64, quantity: u64, price: u64, fee: u64) -> Settled {
        let fill = fill(self, id, millis, quantity, price, fee);
        self.filled(id, &fill).unwrap()
    }
    fn trade(&mut self, order: &Order, millis: i64, price: u64) -> Settled {
        let id = self.ask(order, &Seen::at(at(millis), price)).unwrap();
        self.fills(id, millis, order.quantity, price, 0)
    }
}
