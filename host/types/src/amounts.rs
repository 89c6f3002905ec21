//! Amounts and prices for people: integers of the smallest unit as whole tokens, to the last digit, with their unit. What
//! machines read stays an integer.

use crate::trade::{Market, Token};

/// `12500000` with 6 decimals as `12.5`.
pub fn whole(units: u128, decimals: u8) -> String {
    let places = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

impl Token {
    /// `12500000` of USDC as `12.5 USDC`.
    pub fn said(&self, units: u64) -> String {
        format!("{} {}", whole(units.into(), self.decimals), self.symbol)
    }
}

impl Market {
    /// A price of one whole base token as `150.25 USDC`.
    pub fn price_said(&self, price: u64) -> String {
        format!("{} {}", whole(price.into(), self.price_decimals), self.quote.symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trade::Mint;

    #[test]
    fn amounts_are_written_to_the_last_digit() {
        for (amount, decimals, text) in
            [(12_500_000, 6, "12.5"), (1, 9, "0.000000001"), (0, 6, "0"), (7, 0, "7"), (1_000_000_000, 9, "1")]
        {
            assert_eq!(whole(amount, decimals), text);
        }
        let token = |symbol: &str, mint, decimals| Token { mint, symbol: symbol.to_owned(), decimals };
        let (base, quote) = (token("SOL", Mint::sol(), 9), token("USDC", Mint::usdc(), 6));
        assert_eq!(
            (base.said(83_333_333), quote.said(u64::MAX)),
            ("0.083333333 SOL".into(), "18446744073709.551615 USDC".into())
        );
        let market = Market { id: "SOL/USDC".to_owned(), base, quote, price_decimals: 9, min_quantity: 1 };
        assert_eq!(market.price_said(150_250_000_000), "150.25 USDC");
    }
}
