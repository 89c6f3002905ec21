//! Bars as a CSV that this and other programs read: prices and volumes as exact decimal numbers.

use std::io::{self, Write};

use puppet_types::trade::Market;

use crate::Candles;

/// Writes a header and a line per bar. The time is that of the open in UTC, as exchanges export it, and its column says so.
pub fn write_csv(candles: &Candles, market: &Market, to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "open_time,open,high,low,close,volume")?;
    let mut line = String::new();
    for bar in candles.bars() {
        line.clear();
        line.push_str(&candles.opened(bar).to_string());
        for price in [bar.open, bar.high, bar.low, bar.close] {
            line.push(',');
            decimal(&mut line, price, candles.price_decimals());
        }
        line.push(',');
        decimal(&mut line, bar.volume, market.base.decimals);
        line.push('\n');
        to.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// `15025` with two decimals is `150.25`; zeros at the end are left out.
fn decimal(line: &mut String, units: u64, decimals: u8) {
    let digits = units.to_string();
    let decimals = usize::from(decimals);
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, rest) = padded.split_at(padded.len() - decimals);
    line.push_str(whole);
    let rest = rest.trim_end_matches('0');
    if !rest.is_empty() {
        line.push('.');
        line.push_str(rest);
    }
}
