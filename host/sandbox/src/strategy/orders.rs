//! From what a guest answered to orders that cannot be wrong in form; each that is wrong becomes a denial that the
//! strategy is told. Whether a right one is admitted, the risk engine says.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
};

use puppet_types::{
    Timestamp,
    trade::{Denial, Order, OrderKind, Proposal, TimeInForce},
};

use super::{
    Answer,
    limits::{BATCH_ORDERS, CLIENT_ID_BYTES, REASON_BYTES, RUN_ORDERS},
    wire,
};

/// Rules of the published list (docs/trading/risk.md). Of an order that is wrong in form.
const INVALID: &str = "invalid";
/// Of one whose client id was used before.
const DUPLICATE: &str = "duplicate";
/// Of one that answers history.
const WARM_UP: &str = "warm-up";
/// A whole, in hundredths of a percent.
const WHOLE_BPS: u32 = 10_000;

/// A rule, and what is wrong in words.
type Wrong = (&'static str, String);

/// The client ids that a run has used. Goes from an instance that was stopped to the one that takes its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientIds {
    /// A hash each: two of a million ids have the same once in thirty million runs, and then an order is denied.
    used: HashSet<u64, BuildHasherDefault<DefaultHasher>>,
}

impl ClientIds {
    /// How many.
    pub fn count(&self) -> usize {
        self.used.len()
    }

    fn hash(id: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    }

    /// Uses one, where it is new and there is room.
    fn take(&mut self, id: &str) -> Result<(), Wrong> {
        let hash = Self::hash(id);
        if self.used.contains(&hash) {
            return Err((DUPLICATE, "the client id was used before".to_owned()));
        }
        if self.used.len() >= RUN_ORDERS {
            return Err((INVALID, format!("more than {RUN_ORDERS} orders in one run")));
        }
        self.used.insert(hash);
        Ok(())
    }
}

/// Where and when orders are read.
pub(super) struct Reader<'a> {
    pub(super) at: Timestamp,
    pub(super) is_warm_up: bool,
    pub(super) markets: u32,
    pub(super) ids: &'a mut ClientIds,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, raw: Vec<wire::Order>) -> Answer {
        let mut answer = Answer::default();
        let count = raw.len();
        for (n, order) in raw.into_iter().enumerate() {
            if self.is_warm_up {
                let detail = format!("{count} orders in answer to history: none is taken");
                answer.denials.push(self.denial(&order, WARM_UP, detail));
                break;
            }
            if n == BATCH_ORDERS {
                let detail = format!("{count} orders in one batch: at most {BATCH_ORDERS}, the rest is refused");
                answer.denials.push(self.denial(&order, INVALID, detail));
                break;
            }
            match self.kind_of(&order) {
                Ok(kind) => answer.proposals.push(proposal(kind, order)),
                Err((rule, detail)) => answer.denials.push(self.denial(&order, rule, detail)),
            }
        }
        answer
    }

    fn denial(&self, order: &wire::Order, rule: &str, detail: String) -> Denial {
        let mut client_id = order.client_id.clone();
        client_id.truncate(client_id.floor_char_boundary(CLIENT_ID_BYTES));
        Denial { client_id, market: order.market, at: self.at, rule: rule.to_owned(), detail, retry_at: None }
    }

    /// What it is, where nothing of it is wrong in form; its client id is used from then on.
    fn kind_of(&mut self, raw: &wire::Order) -> Result<Asked, Wrong> {
        let asked = self.formed(raw).map_err(|detail| (INVALID, detail))?;
        if matches!(asked, Asked::Place { .. }) {
            self.ids.take(&raw.client_id)?;
        }
        Ok(asked)
    }

    fn formed(&self, raw: &wire::Order) -> Result<Asked, String> {
        let wire::Order { client_id, market, .. } = raw;
        if client_id.is_empty() || client_id.len() > CLIENT_ID_BYTES || client_id.chars().any(char::is_control) {
            return Err(format!("a client id is 1 to {CLIENT_ID_BYTES} bytes without control characters"));
        }
        if *market >= self.markets {
            return Err(format!("there is no market {market}: the run has {}", self.markets));
        }
        if raw.kind == "cancel" {
            return Ok(Asked::Cancel);
        }
        let kind = kind(raw)?;
        let time_in_force = time_in_force(&raw.time_in_force)?;
        if raw.quantity == 0 {
            return Err("the quantity is 0".to_owned());
        }
        if raw.max_slippage_bps.is_some_and(|bps| bps > WHOLE_BPS) {
            return Err(format!("`max-slippage-bps` is at most {WHOLE_BPS}"));
        }
        if raw.reason.len() > REASON_BYTES {
            return Err(format!("a reason of {} bytes: at most {REASON_BYTES}", raw.reason.len()));
        }
        let expires_at = raw.expires_at.map(|at| Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX)));
        if expires_at.is_some_and(|at| at <= self.at) {
            return Err("`expires-at` is not later than the batch".to_owned());
        }
        Ok(Asked::Place { kind, time_in_force, expires_at })
    }
}

/// What the texts of an order say.
enum Asked {
    Cancel,
    Place { kind: OrderKind, time_in_force: TimeInForce, expires_at: Option<Timestamp> },
}

fn proposal(asked: Asked, raw: wire::Order) -> Proposal {
    let wire::Order { client_id, market, side, quantity, reduce_only, max_slippage_bps, reason, .. } = raw;
    match asked {
        Asked::Cancel => Proposal::Cancel { market, client_id },
        Asked::Place { kind, time_in_force, expires_at } => Proposal::Place(Order {
            client_id,
            market,
            side: side.into(),
            kind,
            quantity,
            reduce_only,
            time_in_force,
            expires_at,
            max_slippage_bps,
            reason,
        }),
    }
}

/// The kind, with the one number that it takes and no other.
fn kind(raw: &wire::Order) -> Result<OrderKind, String> {
    let name = raw.kind.as_str();
    let made: Option<fn(u64) -> OrderKind> = match name {
        "limit" => Some(OrderKind::Limit),
        "stop" => Some(OrderKind::Stop),
        "take-profit" => Some(OrderKind::TakeProfit),
        "market" | "trailing" => None,
        _ => return Err(unknown("kind", name, "`market`, `limit`, `stop`, `take-profit`, `trailing`, `cancel`")),
    };
    let trails = name == "trailing";
    match (made, raw.price) {
        (Some(_), None | Some(0)) => return Err(format!("`{name}` needs a price above 0")),
        (None, Some(_)) => return Err(format!("`{name}` takes no price")),
        _ => {}
    }
    match raw.trail_bps {
        Some(bps) if trails && (1..WHOLE_BPS).contains(&bps) => return Ok(OrderKind::Trailing(bps)),
        _ if trails => return Err(format!("`trailing` needs `trail-bps` of 1 to {}", WHOLE_BPS - 1)),
        Some(_) => return Err(format!("`{name}` takes no `trail-bps`")),
        None => {}
    }
    Ok(match (made, raw.price) {
        (Some(made), Some(price)) => made(price),
        _ => OrderKind::Market,
    })
}

fn time_in_force(name: &str) -> Result<TimeInForce, String> {
    match name {
        "gtc" => Ok(TimeInForce::Gtc),
        "ioc" => Ok(TimeInForce::Ioc),
        "fok" => Ok(TimeInForce::Fok),
        _ => Err(unknown("time-in-force", name, "`gtc`, `ioc`, `fok`")),
    }
}

/// The guest's text is cut: it may be long, and is told to people.
fn unknown(field: &str, text: &str, known: &str) -> String {
    let text: String = text.chars().take(32).collect();
    format!("`{field}` is {text:?}: one of {known}")
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
