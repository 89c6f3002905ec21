//! Balances for people: a table for each purse.

use crate::{
    output::{List, Output, Table},
    trouble::Result,
    wallets::{
        amounts::{signed, whole},
        held::{Purse, Token},
    },
};

/// Characters of a mint without a name.
const MINT: usize = 8;

/// Prints them.
pub fn tell(purses: &[Purse], out: Output) -> Result<()> {
    if out.json {
        return out.object(&List { schema: "puppet.wallet-balance/1", items: purses.iter().collect(), next: None });
    }
    if purses.is_empty() {
        out.note("there is no wallet yet: `puppet wallet new NAME` makes one");
    }
    for (n, purse) in purses.iter().enumerate() {
        if n > 0 {
            out.line("")?;
        }
        one(purse, out)?;
    }
    Ok(())
}

fn one(purse: &Purse, out: Output) -> Result<()> {
    let place = purse.address.as_deref().unwrap_or(purse.kind);
    let network = purse.network.as_deref().map_or_else(String::new, |network| format!(" on {network}"));
    out.line(format!("{} {}", out.bold(&purse.name), out.dim(format!("{place}{network}"))))?;
    if let Some(problem) = &purse.problem {
        out.line(format!("  {}", out.bad(problem)))?;
    }
    if !purse.tokens.is_empty() {
        let mut table = Table::new(&["  token", "chain", "books", "held", "difference", ""]);
        for token in &purse.tokens {
            table.row(cells(token));
        }
        table.print(out)?;
    } else if purse.problem.is_none() {
        out.line(out.dim("  no books yet"))?;
    }
    if let Some(equity) = &purse.equity {
        let symbol = equity.symbol.clone().unwrap_or_else(|| short(&equity.mint));
        let amount = amount(&equity.amount, equity.decimals);
        out.line(format!("  all in all {amount} {symbol}, by the books"))?;
    }
    Ok(())
}

fn cells(token: &Token) -> [String; 6] {
    let name = token.symbol.clone().unwrap_or_else(|| short(&token.mint));
    let told = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| amount(text, token.decimals));
    let difference =
        token.difference.as_ref().filter(|difference| *difference != "0").map_or_else(String::new, |text| {
            match (text.parse(), token.decimals) {
                (Ok(units), Some(decimals)) => signed(units, decimals),
                _ => text.clone(),
            }
        });
    let held = told(&token.held.clone().filter(|held| held != "0"));
    [format!("  {name}"), told(&token.chain), told(&token.books), held, difference, token.flags.join(", ")]
}

/// Whole tokens where it is known how many decimals they have.
fn amount(units: &str, decimals: Option<u8>) -> String {
    match (units.parse(), decimals) {
        (Ok(units), Some(decimals)) => whole(units, decimals),
        _ => format!("{units} units"),
    }
}

fn short(mint: &str) -> String {
    let begin: String = mint.chars().take(MINT).collect();
    format!("{begin}…")
}
