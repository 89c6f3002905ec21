//! The table of prices, and what one token is worth in another.

use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_address::Address;

use super::{Exchange, Malice};
use crate::chain::{Chain, ChainError, ROUTER, TokenProgram, rate_account};

/// Wrapped SOL, which stands for lamports.
pub const SOL: Address = Address::from_str_const("So11111111111111111111111111111111111111112");
/// USD Coin.
pub const USDC: Address = Address::from_str_const("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
const BONK: Address = Address::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
const PYUSD: Address = Address::from_str_const("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo");

/// A token that is traded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What people call it.
    pub symbol: String,
    /// Its mint.
    #[serde(with = "base58")]
    pub mint: Address,
    /// Of its amounts.
    pub decimals: u8,
    /// Which program keeps it.
    #[serde(default)]
    pub program: TokenProgram,
    /// Millionths of a dollar for a whole token.
    pub price: u64,
}

/// What is traded from the beginning: mints are those of the main network, prices are round.
pub(super) fn first() -> Vec<Token> {
    use TokenProgram as P;
    let token = |symbol: &str, mint, decimals, program, price| Token {
        symbol: symbol.to_owned(),
        mint,
        decimals,
        program,
        price,
    };
    vec![
        token("SOL", SOL, 9, P::Token, 150_000_000),
        token("USDC", USDC, 6, P::Token, 1_000_000),
        token("BONK", BONK, 5, P::Token, 20),
        token("PYUSD", PYUSD, 6, P::Token2022, 1_000_000),
    ]
}

/// So many out for so many in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    out: u128,
    per: u128,
}

impl Rate {
    fn between(input: &Token, output: &Token) -> Self {
        let ten = |decimals: u8| 10_u128.pow(u32::from(decimals.min(18)));
        Self {
            out: u128::from(input.price) * ten(output.decimals),
            per: u128::from(output.price) * ten(input.decimals),
        }
    }

    /// What comes out, cut to whole units. None: it cannot be counted, or the other token is worth nothing.
    pub(super) fn of(self, amount: u64) -> Option<u64> {
        u64::try_from(u128::from(amount).checked_mul(self.out)?.checked_div(self.per)?).ok()
    }
}

/// So many ten-thousandths of an amount, cut to whole units.
pub(super) fn part(amount: u64, bps: u32) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(bps) / 10_000).unwrap_or(u64::MAX)
}

impl Exchange {
    pub(super) fn rate(&self, input: &Address, output: &Address) -> Option<Rate> {
        Some(Rate::between(self.tokens.get(input)?, self.tokens.get(output)?))
    }

    /// What of the quoted is really paid, in ten-thousandths.
    pub(super) fn paid_bps(&self) -> u32 {
        let drifted = 10_000 - u32::from(self.drift_bps);
        match self.malice {
            Some(Malice::WorseRate { percent }) => drifted * u32::from(percent.min(100)) / 100,
            _ => drifted,
        }
    }

    /// Rates are on the chain, where the router reads them.
    pub(super) fn write_rates(&self, chain: &mut Chain) -> Result<(), ChainError> {
        for (input, of) in &self.tokens {
            for (_, into) in self.tokens.iter().filter(|(output, _)| *output != input) {
                self.write_rate(chain, of, into)?;
            }
        }
        Ok(())
    }

    pub(super) fn write_rate(&self, chain: &mut Chain, of: &Token, into: &Token) -> Result<Rate, ChainError> {
        let rate = Rate::between(of, into);
        let bps = match self.malice {
            Some(Malice::QuoteChanged { percent }) => self.paid_bps() * u32::from(percent.min(100)) / 100,
            _ => self.paid_bps(),
        };
        let (out, per) = (rate.out * u128::from(bps), rate.per * 10_000);
        let mut data = [out.to_le_bytes(), per.to_le_bytes()].concat();
        data.extend([of.decimals, into.decimals]);
        let lamports = chain.rent(data.len());
        let account = Account { lamports, data, owner: ROUTER, executable: false, rent_epoch: u64::MAX };
        chain.put(rate_account(&of.mint, &into.mint), account)?;
        Ok(rate)
    }
}

/// Addresses as people write them.
pub(super) mod base58 {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use solana_address::Address;

    pub(crate) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(address)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_rate_knows_decimals_and_cuts_to_whole_units() {
        let tokens = first();
        let [sol, usdc, bonk] = [&tokens[0], &tokens[1], &tokens[2]];
        assert_eq!(Rate::between(sol, usdc).of(1_000_000_000), Some(150_000_000));
        assert_eq!(Rate::between(usdc, sol).of(1), Some(6), "0.000001 / 150 SOL are 6.67 lamports");
        assert_eq!(Rate::between(usdc, bonk).of(1_000_000), Some(5_000_000_000), "50,000 BONK for a dollar");
        assert_eq!(Rate::between(&Token { price: u64::MAX, ..sol.clone() }, bonk).of(u64::MAX), None);
        assert_eq!(Rate::between(sol, &Token { price: 0, ..usdc.clone() }).of(1), None);
    }

    #[test]
    fn addresses_are_read_and_written_in_base58() {
        let token = first().remove(1);
        let text = serde_json::to_string(&token).unwrap();
        assert!(text.contains(r#""mint":"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v""#), "{text}");
        assert_eq!(serde_json::from_str::<Token>(&text).unwrap(), token);
    }
}
