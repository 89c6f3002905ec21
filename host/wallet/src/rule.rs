//! The published list of rules: the code that a denial carries, the setting behind it, its default, and what it
//! protects from. `docs/trading/risk.md` holds the same table, and a test compares them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a rule is about, for the table of the docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// As a denial and the docs write it.
    pub code: &'static str,
    /// Which keys of `[trading.risk]` decide; empty where none does.
    pub settings: &'static str,
    /// What holds where the key is absent.
    pub default: &'static str,
    /// Whether an exit (an order marked reduce-only) is measured by it, too.
    pub binds_exits: bool,
    /// What it denies, in plain words.
    pub denies: &'static str,
}

macro_rules! rules {
    ($($name:ident $code:literal, $settings:literal, $default:literal, $exits:literal, $denies:literal;)*) => {
        /// Why an order was denied or ended. The order is that of the checks: the first that denies is told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule {
            $(#[doc = $denies] $name,)*
        }

        impl Rule {
            /// All of them, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What it is about.
            pub const fn about(self) -> About {
                match self {
                    $(Self::$name => About {
                        code: $code, settings: $settings, default: $default, binds_exits: $exits, denies: $denies,
                    },)*
                }
            }
        }
    };
}

rules! {
    Disabled "disabled", "enabled", "false", true, "Trading is not switched on.";
    KillSwitch "kill-switch", "", "", true, "The operator halted trading.";
    Halted "halted", "max_drawdown_bps, on_drawdown", "2000; reducing", true, "The state is HALTED: nothing is admitted.";
    Reducing "reducing", "max_drawdown_bps, on_drawdown", "2000; reducing", false, "The state is REDUCING: only exits are admitted.";
    Gift "gift", "ignore_gifts", "true", true, "A token that somebody sent is behind the order.";
    HumanRequest "human-request", "ignore_human_requests", "true", true, "Somebody's words are behind the order.";
    AutonomousOnly "autonomous-only", "autonomous_only", "true", true, "Neither a strategy nor the character's own idea is behind the order.";
    UnknownMarket "unknown-market", "", "", true, "No such market is traded here.";
    MintNotAllowed "mint-not-allowed", "allow_mints", "empty: no mint", true, "One of the two tokens is not on the allow list.";
    MintDenied "mint-denied", "deny_mints", "empty", true, "One of the two tokens is on the deny list.";
    NotTrending "not-trending", "always_tradable, consider_trending, require_trending, max_trending_age_seconds", "every allowed mint is always tradable; false; true; 600", false, "The token is not always tradable, and no fresh list says that it is trending.";
    Invalid "invalid", "", "", true, "The order makes no sense: nothing to trade, a price of zero, a trail of everything, over at once.";
    NoPrice "no-price", "", "", true, "There is no price to measure the order by.";
    StaleQuote "stale-quote", "max_quote_age_seconds", "60", true, "The price is too old, or from the future.";
    NoSecondPrice "no-second-price", "max_deviation_bps, max_quote_age_seconds", "not asked for; 60", true, "A second price is asked for, and there is none that is fresh.";
    PriceDeviation "price-deviation", "max_deviation_bps", "not asked for", true, "The two prices are too far apart.";
    Slippage "slippage", "max_slippage_bps", "100", true, "The order accepts a worse price than the operator does.";
    MinQuantity "min-quantity", "quantity.\"MARKET\".min", "the market's own", true, "The order is too small.";
    MaxQuantity "max-quantity", "quantity.\"MARKET\".max", "none", true, "The order is too large.";
    ReduceOnly "reduce-only", "", "", true, "An order marked reduce-only would open or turn a position.";
    NoPosition "no-position", "sell_holdings", "false", true, "More would be sold than was bought here.";
    TooLarge "too-large", "", "", true, "What the order is worth does not fit into 64 bits.";
    MaxOrderNotional "max-order-notional", "max_order_notional", "0: nothing", false, "The order is worth too much.";
    MaxOrderShare "max-order-share", "max_order_share_bps", "10000", false, "The order takes too much of the balance that it spends.";
    MaxHourNotional "max-hour-notional", "max_hour_notional", "as max_day_notional", false, "The orders of this hour (UTC) would be worth too much.";
    MaxDayNotional "max-day-notional", "max_day_notional", "0: nothing", false, "The orders of this day (UTC) would be worth too much.";
    InsufficientFunds "insufficient-funds", "max_fee_bps", "100", true, "The worst case is not covered by what is free.";
    Reserve "reserve", "reserve_quote", "0", false, "Less than the reserve of the quote token would be left.";
    FeeReserve "fee-reserve", "reserve_lamports", "50000000", true, "Fewer lamports than are kept for fees would be left. An exit is measured only where it sells lamports. On paper it is asked where `quote` is SOL.";
    MaxPosition "max-position", "max_position_notional", "none", false, "The position would be worth too much.";
    MaxPositionShare "max-position-share", "max_position_share_bps", "10000", false, "The position would be too much of all that is there.";
    OrderRate "order-rate", "max_orders_per_minute", "60", true, "Too many orders within 60 seconds.";
    OpenOrders "open-orders", "max_open_orders", "100", true, "Too many orders are open.";
    MinGap "min-gap", "min_gap_seconds", "0", false, "The last trade is too recent, or one is under way.";
    DailyTrades "daily-trades", "max_daily_trades", "100", false, "Too many trades on this day (UTC).";
    CoolDown "cool-down", "cool_down_seconds", "0", false, "The last loss is too recent.";
    StopGuard "stop-guard", "stop_guard", "none", false, "Too many sales at a loss within a time.";
    LowProfit "low-profit", "low_profit", "none", false, "The last trades of this market made too little.";
    WarmUp "warm-up", "", "", true, "The order answers to history. Told by whoever runs the strategy.";
    Duplicate "duplicate", "", "", true, "The client id was used before. Told by whoever runs the strategy.";
    Expired "expired", "", "", true, "The order ended before it was filled. Told by whoever carries it out.";
    NotFilled "not-filled", "", "", true, "What was to be filled at once was not. Told by whoever carries it out.";
    Failed "failed", "", "", true, "The exchange or the chain refused the order. Told by whoever carries it out.";
}

impl Rule {
    /// As a denial carries it.
    pub const fn code(self) -> &'static str {
        self.about().code
    }
    /// Of a code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
