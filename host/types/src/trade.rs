//! Words of trading: mints, markets, candles, orders, fills, denials. Amounts are integers in a token's smallest unit, and
//! how many decimals a token or a price has is the host's word. No policy: who may trade what is `puppet-wallet`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The address of a token: base58 of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mint(String);

impl Mint {
    /// Wrapped SOL.
    pub const SOL: &'static str = "So11111111111111111111111111111111111111112";
    /// USDC on mainnet.
    pub const USDC: &'static str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

    /// Of a text that spells 32 bytes in base58.
    pub fn parse(text: &str) -> Option<Self> {
        let is_base58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
        ((32..=44).contains(&text.len()) && text.bytes().all(is_base58)).then(|| Self(text.to_owned()))
    }
    /// Wrapped SOL, and what lamports are of.
    pub fn sol() -> Self {
        Self(Self::SOL.to_owned())
    }
    /// USDC on mainnet.
    pub fn usdc() -> Self {
        Self(Self::USDC.to_owned())
    }
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token, as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token {
    /// Its address.
    pub mint: Mint,
    /// How people call it. Anybody can call a token anything: never a key.
    pub symbol: String,
    /// Digits after the point of a whole token.
    pub decimals: u8,
}

/// What is traded against what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Market {
    /// `SOL/USDC`.
    pub id: String,
    /// What is bought and sold.
    pub base: Token,
    /// What it is paid with.
    pub quote: Token,
    /// A price is quote per whole base token, times ten to this.
    pub price_decimals: u8,
    /// The least that an order may be of, in the smallest unit of the base token.
    pub min_quantity: u64,
}

/// How a division that does not come out is rounded: always against whoever trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// What is received.
    Down,
    /// What is paid, and what a limit is compared with.
    Up,
}

impl Market {
    /// What so much of the base token is worth in the smallest unit of the quote token; none where 64 bits do not hold it.
    pub fn notional(&self, quantity: u64, price: u64, rounding: Rounding) -> Option<u64> {
        self.worth(u128::from(quantity) * u128::from(price), rounding)
    }

    /// The same of a sum of quantities times prices: what many parts are worth, rounded once.
    pub fn worth(&self, product: u128, rounding: Rounding) -> Option<u64> {
        let (base, price, quote) =
            (u32::from(self.base.decimals), u32::from(self.price_decimals), u32::from(self.quote.decimals));
        let value = match (base + price).checked_sub(quote) {
            Some(digits) => {
                let unit = 10_u128.checked_pow(digits)?;
                match rounding {
                    Rounding::Down => product / unit,
                    Rounding::Up => product.div_ceil(unit),
                }
            }
            None => product.checked_mul(10_u128.checked_pow(quote - base - price)?)?,
        };
        u64::try_from(value).ok()
    }
}

/// A closed bar. Prices as [`Market::price_decimals`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Candle {
    /// When it closed.
    pub at: Timestamp,
    /// The first price.
    pub open: u64,
    /// The highest.
    pub high: u64,
    /// The lowest.
    pub low: u64,
    /// The last.
    pub close: u64,
    /// In the smallest unit of the base token.
    pub volume: u64,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Base for quote.
    Buy,
    /// Quote for base.
    Sell,
}

/// How an order is filled. Prices as [`Market::price_decimals`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderKind {
    /// At what is to be had.
    Market,
    /// At this price or a better one.
    Limit(u64),
    /// As `Market`, once the price has moved against the position to this.
    Stop(u64),
    /// As `Market`, once the price has moved in its favour to this.
    TakeProfit(u64),
    /// A stop that follows the best price so far, in hundredths of a percent.
    Trailing(u32),
}

impl OrderKind {
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit(_) => "limit",
            Self::Stop(_) => "stop",
            Self::TakeProfit(_) => "take-profit",
            Self::Trailing(_) => "trailing",
        }
    }
}

/// How long an order waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeInForce {
    /// Until it is cancelled.
    Gtc,
    /// What can be had at the next bar.
    Ioc,
    /// All of it at the next bar, or nothing.
    Fok,
}

/// What somebody wants. Whether it is admitted, the risk engine says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// The strategy's own name of it, once per run.
    pub client_id: String,
    /// Place of the market in the run's list.
    pub market: u32,
    /// Which way.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// Never opens or turns a position.
    pub reduce_only: bool,
    /// How long it waits.
    pub time_in_force: TimeInForce,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// At most as much worse than expected, in hundredths of a percent.
    pub max_slippage_bps: Option<u32>,
    /// For people.
    pub reason: String,
}

/// What a strategy answers to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposal {
    /// A new order.
    Place(Order),
    /// Takes back the open order of this client id.
    Cancel {
        /// Place of the market in the run's list.
        market: u32,
        /// Its name.
        client_id: String,
    },
}

/// An order that was carried out, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fill {
    /// Of which order.
    pub client_id: String,
    /// Place of the market in the run's list.
    pub market: u32,
    /// Which way.
    pub side: Side,
    /// When.
    pub at: Timestamp,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// As [`Market::price_decimals`] says.
    pub price: u64,
    /// In the smallest unit of the quote token.
    pub fee: u64,
    /// What is still open of the order.
    pub remaining: u64,
}

/// An order that was not admitted, or ended without being filled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Denial {
    /// Of which order.
    pub client_id: String,
    /// Place of the market in the run's list.
    pub market: u32,
    /// When.
    pub at: Timestamp,
    /// From the published list of rules.
    pub rule: String,
    /// For people.
    pub detail: String,
    /// When asking again may help.
    pub retry_at: Option<Timestamp>,
}

/// What is behind an order or a swap. Whoever calls has to know; what cannot be told is `HumanRequest`. Later ones are
/// trusted less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A trading strategy, from candles alone.
    Strategy,
    /// The character's own idea: a timer, a mood, news of the market.
    Own,
    /// The operator, by command or API.
    Operator,
    /// Somebody's words: a mention, a reply, a message, and whatever such an event led to.
    HumanRequest,
    /// A token or a gift that arrived from outside.
    Gift,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Strategy, Self::Own, Self::Operator, Self::HumanRequest, Self::Gift];
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::Own => "own",
            Self::Operator => "operator",
            Self::HumanRequest => "human-request",
            Self::Gift => "gift",
        }
    }
    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// What a character wants swapped. Whether it is, the risk engine says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SwapIntent {
    /// What is given.
    pub in_mint: Mint,
    /// What is taken.
    pub out_mint: Mint,
    /// Of what is given, in its smallest unit. A decimal text in JSON: 64 bits do not fit into every reader's numbers.
    #[serde(with = "as_text")]
    pub amount: u64,
    /// How much less may come out than is quoted, in hundredths of a percent.
    pub max_slippage_bps: u32,
    /// For people.
    pub reason: String,
}

impl fmt::Display for SwapIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { in_mint, out_mint, amount, max_slippage_bps, reason } = self;
        write!(f, "{amount} of {in_mint} for {out_mint}, at most {max_slippage_bps} bps worse: {reason}")
    }
}

/// For `#[serde(with)]`: an amount as a decimal text.
pub mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes it.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(amount: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }
    /// Reads it.
    ///
    /// # Errors
    /// It is no text of digits, or more than 64 bits hold.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.parse().ok().filter(|_| is_plain);
        amount.ok_or_else(|| D::Error::custom(format!("`{text}` is no amount: digits alone, within 64 bits")))
    }
}

/// What is held in one market. Nothing is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// The average of what it was opened with.
    pub entry_price: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(base: u8, quote: u8, price_decimals: u8) -> Market {
        let token = |symbol: &str, decimals| Token {
            mint: Mint::parse(Mint::SOL).unwrap(),
            symbol: symbol.to_owned(),
            decimals,
        };
        Market { id: "A/B".into(), base: token("A", base), quote: token("B", quote), price_decimals, min_quantity: 1 }
    }

    #[test]
    fn what_a_quantity_is_worth_is_rounded_against_whoever_trades() {
        use Rounding::{Down, Up};
        // (decimals of base, quote, price; quantity, price; down, up)
        for (decimals, quantity, price, down, up) in [
            ((9, 6, 9), 1_000_000_000, 150_123_456_789, Some(150_123_456), Some(150_123_457)),
            ((9, 6, 9), 1, 150_000_000_000, Some(0), Some(1)),
            ((0, 6, 0), 3, 2, Some(6_000_000), Some(6_000_000)),
            ((9, 6, 9), 0, 5, Some(0), Some(0)),
            ((0, 0, 0), u64::MAX, 2, None, None),
            ((0, 18, 0), u64::MAX, u64::MAX, None, None),
        ] {
            let market = market(decimals.0, decimals.1, decimals.2);
            assert_eq!(market.notional(quantity, price, Down), down, "{decimals:?}");
            assert_eq!(market.notional(quantity, price, Up), up, "{decimals:?}");
        }
    }

    #[test]
    fn an_intent_is_written_with_its_amount_as_text_and_reads_back() {
        let intent = SwapIntent {
            in_mint: Mint::parse(Mint::SOL).unwrap(),
            out_mint: Mint::parse(Mint::USDC).unwrap(),
            amount: u64::MAX,
            max_slippage_bps: 50,
            reason: "a test".into(),
        };
        let written = serde_json::to_value(&intent).unwrap();
        assert_eq!(written["amount"], "18446744073709551615");
        assert_eq!(serde_json::from_value::<SwapIntent>(written.clone()).unwrap(), intent);
        for bad in [serde_json::json!("+5"), serde_json::json!(""), serde_json::json!("1.0"), serde_json::json!(5)] {
            let mut other = written.clone();
            other["amount"] = bad.clone();
            assert!(serde_json::from_value::<SwapIntent>(other).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_read_back_by_its_name() {
        for origin in Origin::ALL {
            assert_eq!(Origin::parse(origin.name()), Some(origin));
            assert_eq!(serde_json::to_value(origin).unwrap(), origin.name());
        }
        assert_eq!(Origin::parse("stranger"), None);
        assert!(Origin::Own < Origin::HumanRequest && Origin::HumanRequest < Origin::Gift);
    }

    #[test]
    fn a_mint_is_base58_of_its_length() {
        for good in [Mint::SOL, Mint::USDC] {
            assert_eq!(Mint::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "SOL", "0x0000000000000000000000000000000000000000", &"1".repeat(45), &"O".repeat(40)] {
            assert_eq!(Mint::parse(bad), None, "{bad}");
        }
    }
}
