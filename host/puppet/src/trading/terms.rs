//! On what terms a strategy trades: what it begins with, what trading costs, and the rules of the risk engine.

use std::path::Path;

use puppet_backtest::{BadSlippage, Models, Slippage, parameters::ParameterError};
use puppet_market::Markets;
use puppet_types::trade::{Market, Token};
use puppet_wallet::Rules;

use crate::{
    cli::Costs,
    config,
    trouble::{Result, Trouble},
};

/// What trading costs: what `base` says, and what flags say otherwise.
pub fn models(base: Models, costs: &Costs) -> Result<Models> {
    let mut models = base;
    if let Some(fee_bps) = costs.fee_bps {
        models.fee_bps = fee_bps;
    }
    if let Some(text) = &costs.slippage {
        models.slippage = slippage(text)?;
    }
    if let Some(latency_ms) = costs.latency_ms {
        (models.latency_ms, models.latency_jitter_ms) = (latency_ms.into(), 0);
    }
    if let Some(participation) = costs.participation_bps {
        models.fill.participation_bps = (participation > 0).then_some(participation);
    }
    Ok(models)
}

fn slippage(text: &str) -> Result<Slippage> {
    text.parse().map_err(|error: BadSlippage| {
        let remedy = format!("write {}", Slippage::EXPECTED);
        Trouble::input("bad-value", error.to_string(), remedy).of_field("--slippage")
    })
}

/// An amount in whole tokens as the smallest unit of one, to the last digit.
pub fn amount(text: &str, token: &Token) -> Result<u64> {
    let wrong = || {
        let message = format!("`{text}` is no amount of {} with at most {} decimals", token.symbol, token.decimals);
        Trouble::input("bad-value", message, "write for example 10000 or 12.5").of_field("--balance")
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let decimals = usize::from(token.decimals);
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > decimals || text.ends_with('.') {
        return Err(wrong());
    }
    let amount: u64 = format!("{whole}{part:0<decimals$}").parse().map_err(|_| wrong())?;
    if amount == 0 { Err(wrong()) } else { Ok(amount) }
}

/// `--param`, as often as it is given.
pub fn parameters(texts: &[String]) -> Result<Vec<(String, i64)>> {
    let parsed = |text: &String| {
        puppet_backtest::parameters::parse(text).map_err(|error| {
            let remedy = match text.split_once('=') {
                Some((name, values)) if values.contains([',', ':']) || values.contains("..") => {
                    format!("give one number, --param {name}=5; `puppet backtest --sweep {text}` tries several")
                }
                _ => "give --param NAME=NUMBER within the strategy's ranges".to_owned(),
            };
            Trouble::input("bad-value", error.to_string(), remedy).of_field("--param")
        })
    };
    texts.iter().map(parsed).collect()
}

/// A parameter that the strategy does not take, by its name.
pub fn of_parameter(error: &ParameterError) -> Trouble {
    use puppet_sandbox::ParameterError::{Range, Twice, Unknown};
    let field = match error {
        ParameterError::Settling(Unknown { name, .. } | Twice { name } | Range { name, .. })
        | ParameterError::Twice(name) => format!("--param {name}"),
        _ => "--param".to_owned(),
    };
    let remedy = "give --param NAME=NUMBER within the strategy's ranges";
    Trouble::input("bad-value", error.to_string(), remedy).of_field(field)
}

/// The rules as they are in these markets: those of the quantity in other markets that are known do nothing here. A market that
/// nobody knows stays, and is refused.
pub fn in_markets(mut rules: Rules, markets: &[Market], known: &Markets) -> Rules {
    let is_here = |id: &String| markets.iter().any(|market| market.id == *id);
    rules.quantity.retain(|id, _| is_here(id) || known.get(id).is_none());
    rules
}

/// What the rules deny whatever comes, as a line at the start; none where nothing is closed. `unlisted`: why nobody tells what
/// is trending.
pub fn closed(rules: &Rules, markets: &[Market], unlisted: Option<&str>) -> Option<String> {
    let closed = rules.closed(markets, unlisted);
    (!closed.is_empty()).then(|| format!("by these rules of risk {} (docs/trading/risk.md)", closed.join("; and ")))
}

/// Why nobody tells what was trending when candles were recorded.
pub const RECORDED: &str = "recorded candles come without a list of what is trending";

/// A market that nobody knows, with the one that was meant.
pub fn unknown_market(id: &str, known: &[&str]) -> Trouble {
    let remedy = match config::nearest(id, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}, or tell of it in a file (docs/trading/data.md)", known.join(", ")),
    };
    Trouble::input("unknown-market", format!("there is no market `{id}`"), remedy)
}

/// The operator's rules; without a file whatever can be paid is admitted, in these markets only.
pub fn rules(path: Option<&Path>, markets: &[Market]) -> Result<Rules> {
    path.map_or_else(|| Ok(Rules::for_backtest(markets)), config::rules_file)
}

#[cfg(test)]
mod tests {
    use puppet_types::trade::Mint;

    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_digit_and_never_rounded() {
        let usdc = Token { mint: Mint::parse(Mint::USDC).unwrap(), symbol: "USDC".into(), decimals: 6 };
        for (text, amount) in [("10000", 10_000_000_000), ("12.5", 12_500_000), ("0.000001", 1)] {
            assert_eq!(super::amount(text, &usdc).unwrap(), amount);
        }
        for bad in ["", "0", "-1", "1.", ".5", "1e3", "0.0000001", "99999999999999999999", "1,5"] {
            assert!(super::amount(bad, &usdc).is_err(), "{bad}");
        }
    }

    #[test]
    fn slippage_is_a_kind_and_a_number() {
        assert_eq!(slippage("none").unwrap(), Slippage::Fixed { bps: 0 });
        assert_eq!(slippage("volume:1000").unwrap(), Slippage::VolumeShare { bps: 1_000 });
        for bad in ["", "fixed", "fixed:", "fixed:-1", "fixed:10001", "wide:5"] {
            assert!(slippage(bad).is_err(), "{bad}");
        }
    }
}
