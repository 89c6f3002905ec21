//! The original engine's trading settings as rules: `behavior.trading_behavior`, `solana_integration` and
//! `agent_kit_integration` of an agent's file, or the same tables as an imported pack keeps them. What it only declared
//! is enforced here. How often and how much a character wants to trade becomes the parameters of `impulse`.

use std::{collections::BTreeMap, ops::RangeInclusive};

use puppet_types::trade::Mint;
use serde_json::{Map, Value};

use crate::{BPS, Rules};

/// How many digits a SOL has after the point.
const SOL_DECIMALS: u32 = 9;
/// Amounts of `impulse` are in hundredths of the quote token, which is SOL.
const HUNDREDTH_SOL: u64 = 10_000_000;

/// What the settings of the original came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromOriginal {
    /// In lamports: for markets that are quoted in SOL.
    pub rules: Rules,
    /// Parameters of the strategy `impulse`, by name, each within its range: what the rules would deny is not proposed.
    pub impulse: BTreeMap<String, i64>,
    /// What its model was allowed to ask for, except the swap: to be granted as `market` and `wallet`, or not.
    pub reads: Vec<String>,
    /// What went where, in the order of the original.
    pub mapped: Vec<Mapped>,
    /// Keys of these tables that mean nothing here.
    pub unknown: Vec<String>,
}

/// One setting and where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Its path in the original.
    pub from: &'static str,
    /// A setting of `trading.risk`, `impulse.NAME`, or what else it is.
    pub to: &'static str,
}

/// Settings that cannot be read. None of them is guessed: a rule that is dropped in silence protects from nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginalError {
    /// Not what it should be.
    #[error("`{path}` is {found}, and should be {wanted}")]
    Value {
        /// Which.
        path: String,
        /// What it is.
        found: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A symbol or something else in a list of mints.
    #[error("`{path}` has `{text}`, which is no mint; a symbol is none: anybody can call a token anything")]
    Mint {
        /// Which list.
        path: String,
        /// What stands there.
        text: String,
    },
}

/// Every setting that is known, and where it goes. `docs/trading/risk.md` has the same table.
pub const ORIGINAL: &[Mapped] = &[
    to("trading_behavior.trading_frequency.min_hours_between_trades", "min_gap_seconds, impulse.min_hours"),
    to("trading_behavior.trading_frequency.max_hours_between_trades", "impulse.max_hours"),
    to("trading_behavior.trading_frequency.random_probability", "impulse.probability"),
    to("trading_behavior.trade_decision_factors", "left to the strategy"),
    to("trading_behavior.trade_tweet_probability", "tell_trades_bps"),
    to("trading_behavior.allowed_tokens.always_tradable", "allow_mints, always_tradable"),
    to("trading_behavior.allowed_tokens.consider_trending", "consider_trending"),
    to("trading_behavior.allowed_tokens.blacklist", "deny_mints"),
    to("trading_behavior.max_trade_amount_per_transaction", "max_order_notional, impulse.max_amount"),
    to("solana_integration.trading_enabled", "enabled"),
    to("solana_integration.trade_safety.max_trade_amount_sol", "max_order_notional, impulse.max_amount"),
    to("solana_integration.trade_safety.max_trade_amount_per_transaction", "max_order_notional, impulse.max_amount"),
    to("solana_integration.trade_safety.min_wallet_balance_sol", "reserve_lamports, impulse.keep"),
    to("solana_integration.trade_safety.max_slippage_percent", "max_slippage_bps, impulse.max_slippage_bps"),
    to("solana_integration.trade_safety.max_daily_trades", "max_daily_trades, impulse.max_trades_per_day"),
    to("solana_integration.trade_safety.max_daily_volume_sol", "max_day_notional"),
    to("solana_integration.wallet_address", "the wallet's settings"),
    to("solana_integration.private_key", "the host's secrets"),
    to("solana_integration.network", "the wallet's settings"),
    to("solana_integration.rpc_url", "the wallet's settings"),
    to("agent_kit_integration.enabled", "enabled"),
    to("agent_kit_integration.methods.allowed", "enabled, and grants of market and wallet"),
    to("agent_kit_integration.methods.autonomous_only", "autonomous_only"),
    to("agent_kit_integration.autonomy_rules.ignore_human_trading_requests", "ignore_human_requests"),
    to("agent_kit_integration.autonomy_rules.max_daily_trades", "max_daily_trades, impulse.max_trades_per_day"),
    to("agent_kit_integration.autonomy_rules.max_single_trade_amount_sol", "max_order_notional, impulse.max_amount"),
    to(
        "agent_kit_integration.autonomy_rules.max_trade_amount_per_transaction",
        "max_order_notional, impulse.max_amount",
    ),
    to("agent_kit_integration.autonomy_rules.require_trending_validation", "require_trending"),
];

/// The method that trades.
const SWAP: &str = "swapTokens";

const fn to(from: &'static str, to: &'static str) -> Mapped {
    Mapped { from, to }
}

impl Rules {
    /// From the original's file of an agent, or from what an import kept of it. Absent settings have the closed default.
    /// Of several caps on one amount the least holds. Without a volume of the day, as many trades as the day may have
    /// may each be as large as one may be.
    pub fn from_original(file: &Value) -> Result<FromOriginal, OriginalError> {
        let mut found = Found::of(file)?;
        let mut rules = Self { quote: Mint::parse(Mint::SOL), ..Self::default() };
        let mut impulse = BTreeMap::new();
        let mut wish = |name: &str, value: u64, range: RangeInclusive<u64>| {
            let value = value.clamp(*range.start(), *range.end());
            impulse.insert(name.to_owned(), i64::try_from(value).unwrap_or(i64::MAX));
        };
        let (mut is_enabled, mut trades) = (false, None);
        let mut reads = Vec::new();
        for Mapped { from, .. } in ORIGINAL {
            let Some(value) = found.take(from) else { continue };
            let read = At { path: from, value: &value };
            let key = from.rsplit_once('.').map_or(*from, |(_, key)| key);
            match key {
                "min_hours_between_trades" => {
                    rules.min_gap_seconds = read.scaled(3_600, 0, Towards::Up)?;
                    wish("min_hours", read.scaled(1, 0, Towards::Up)?, 0..=720);
                }
                "max_hours_between_trades" => {
                    let hours = read.scaled(1, 0, Towards::Down)?;
                    // 0 is never there.
                    wish("max_hours", hours.max(1), 1..=8_760);
                }
                "random_probability" => wish("probability", read.part()?.into(), 0..=BPS.into()),
                "trade_tweet_probability" => rules.tell_trades_bps = read.part()?,
                "always_tradable" => {
                    rules.allow_mints = read.mints()?;
                    rules.always_tradable = Some(rules.allow_mints.clone());
                }
                "consider_trending" => rules.consider_trending = read.is_true()?,
                "blacklist" => rules.deny_mints = read.mints()?,
                "max_trade_amount_per_transaction" | "max_trade_amount_sol" | "max_single_trade_amount_sol" => {
                    let lamports = read.scaled(1, SOL_DECIMALS, Towards::Down)?;
                    let least = rules.max_order_notional.unwrap_or(u64::MAX).min(lamports);
                    rules.max_order_notional = Some(least);
                }
                "max_daily_volume_sol" => {
                    rules.max_day_notional = Some(read.scaled(1, SOL_DECIMALS, Towards::Down)?);
                }
                "min_wallet_balance_sol" => {
                    rules.reserve_lamports = read.scaled(1, SOL_DECIMALS, Towards::Up)?;
                    wish("keep", rules.reserve_lamports.div_ceil(HUNDREDTH_SOL), 0..=100_000_000);
                }
                "max_slippage_percent" => {
                    let bps = read.scaled(100, 0, Towards::Down)?;
                    rules.max_slippage_bps = u32::try_from(bps)
                        .ok()
                        .filter(|bps| *bps <= BPS)
                        .ok_or_else(|| read.wrong("a percentage up to 100"))?;
                    wish("max_slippage_bps", rules.max_slippage_bps.into(), 1..=5_000);
                }
                "max_daily_trades" => {
                    let most = read.scaled(1, 0, Towards::Down)?;
                    let most = u32::try_from(most).map_err(|_| read.wrong("a count"))?;
                    let least = trades.unwrap_or(u32::MAX).min(most);
                    trades = Some(least);
                    wish("max_trades_per_day", least.into(), 0..=1_000);
                }
                "trading_enabled" => is_enabled = read.is_true()?,
                "enabled" => is_enabled &= read.is_true()?,
                "allowed" => {
                    let methods = read.texts()?;
                    is_enabled &= methods.iter().any(|method| method == SWAP);
                    reads = methods.into_iter().filter(|method| method != SWAP).collect();
                }
                "autonomous_only" => rules.autonomous_only = read.texts()?.iter().any(|method| method == SWAP),
                "ignore_human_trading_requests" => rules.ignore_human_requests = read.is_true()?,
                "require_trending_validation" => rules.require_trending = read.is_true()?,
                // Where it is now is in the table; there is nothing to read in it here.
                _ => {}
            }
        }
        if let Some(most) = rules.max_order_notional {
            // An order is measured at its worst price.
            let worst = u128::from(BPS + rules.max_slippage_bps);
            let amount = u128::from(most) * u128::from(BPS) / worst / u128::from(HUNDREDTH_SOL);
            wish("max_amount", u64::try_from(amount).unwrap_or(u64::MAX), 1..=100_000_000);
        }
        rules.enabled = is_enabled;
        if let Some(trades) = trades {
            rules.max_daily_trades = trades;
        }
        // The original had no volume of a day in its code: this is the most that it could have traded.
        if let (None, Some(order), Some(trades)) = (rules.max_day_notional, rules.max_order_notional, trades) {
            rules.max_day_notional = Some(order.saturating_mul(trades.into()));
        }
        Ok(FromOriginal { rules, impulse, reads, mapped: found.mapped, unknown: found.unknown })
    }
}

/// The settings that are there, by path.
struct Found {
    values: BTreeMap<String, Value>,
    mapped: Vec<Mapped>,
    unknown: Vec<String>,
}

impl Found {
    fn of(file: &Value) -> Result<Self, OriginalError> {
        let (nested, beside) = (file.pointer("/behavior/trading_behavior"), file.get("trading_behavior"));
        if let (Some(_), Some(value)) = (nested, beside) {
            return Err(At { path: "trading_behavior", value }.wrong("there once: `behavior` has it, too"));
        }
        let mut values = BTreeMap::new();
        let tables = [
            ("trading_behavior", nested.or(beside)),
            ("solana_integration", file.get("solana_integration")),
            ("agent_kit_integration", file.get("agent_kit_integration")),
            // Only a part of the original's documents had it here; nothing read it, and it is not passed over in silence.
            ("trade_safety", file.get("trade_safety")),
        ];
        for (name, table) in tables {
            match table {
                None | Some(Value::Null) => {}
                Some(Value::Object(table)) => flatten(name, table, &mut values),
                // A table that says something in another way: nobody knows what it was to forbid.
                Some(value) => return Err(At { path: name, value }.wrong("a table")),
            }
        }
        let is_known = |path: &&String| ORIGINAL.iter().any(|known| known.from == path.as_str());
        let unknown = values.keys().filter(|path| !is_known(path)).cloned().collect();
        Ok(Self { values, mapped: Vec::new(), unknown })
    }
    fn take(&mut self, path: &'static str) -> Option<Value> {
        let value = self.values.remove(path)?;
        self.mapped.extend(ORIGINAL.iter().find(|known| known.from == path).cloned());
        Some(value)
    }
}

/// Each setting by its path. A key with a point in it is none of them, and is unknown as it stands.
fn flatten(path: &str, table: &Map<String, Value>, values: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = if key.contains('.') { format!("{path}.\"{key}\"") } else { format!("{path}.{key}") };
        match value {
            Value::Object(table) if !table.is_empty() => flatten(&key, table, values),
            // As if it were not there.
            Value::Null => {}
            Value::Object(_) if ORIGINAL.iter().any(|known| known.from.starts_with(&format!("{key}."))) => {}
            _ => {
                values.insert(key, value.clone());
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Towards {
    Up,
    Down,
}

/// A value and where it stands.
struct At<'a> {
    path: &'a str,
    value: &'a Value,
}

impl At<'_> {
    fn wrong(&self, wanted: &'static str) -> OriginalError {
        let mut found = self.value.to_string();
        // A key that was put into the wrong place is not printed whole.
        if let Some((end, _)) = found.char_indices().nth(40) {
            found.truncate(end);
            found.push('…');
        }
        OriginalError::Value { path: self.path.to_owned(), found, wanted }
    }
    fn is_true(&self) -> Result<bool, OriginalError> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false"))
    }
    fn texts(&self) -> Result<Vec<String>, OriginalError> {
        let texts =
            self.value.as_array().map(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.flatten().ok_or_else(|| self.wrong("a list of texts"))
    }
    fn mints(&self) -> Result<Vec<Mint>, OriginalError> {
        let mint =
            |text: String| Mint::parse(&text).ok_or_else(|| OriginalError::Mint { path: self.path.to_owned(), text });
        self.texts()?.into_iter().map(mint).collect()
    }
    /// A number from 0 to 1, in hundredths of a percent.
    fn part(&self) -> Result<u32, OriginalError> {
        let bps = self.scaled(u64::from(BPS), 0, Towards::Down)?;
        u32::try_from(bps).ok().filter(|bps| *bps <= BPS).ok_or_else(|| self.wrong("a number from 0 to 1"))
    }
    /// The number times `factor` times ten to `digits`, exactly, digit by digit as it is written.
    fn scaled(&self, factor: u64, digits: u32, towards: Towards) -> Result<u64, OriginalError> {
        let wrong = || self.wrong("a number that is not below 0");
        let Value::Number(number) = self.value else { return Err(wrong()) };
        decimal(&number.to_string(), factor, digits, towards).ok_or_else(wrong)
    }
}

/// Reads `12.5`, `1e-7`, … exactly.
fn decimal(text: &str, factor: u64, digits: u32, towards: Towards) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = number.checked_mul(u128::from(factor))?;
    let shift = exponent.checked_add(i32::try_from(digits).ok()?)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = 10_u128.checked_pow(shift.unsigned_abs());
    let value = match (u32::try_from(shift), power) {
        (Ok(_), power) => scaled.checked_mul(power?)?,
        // Smaller than anything that can be counted.
        (Err(_), None) => u128::from(matches!(towards, Towards::Up)),
        (Err(_), Some(power)) => match towards {
            Towards::Up => scaled.div_ceil(power),
            Towards::Down => scaled / power,
        },
    };
    u64::try_from(value).ok()
}
