//! Lists of tokens that many trade, in the shape that Birdeye's `token_trending` has: what is on one, and what of it is left
//! out. Whatever they say of a token is somebody's word: nothing is verified by it.

use puppet_market::{Decimal, MAX_PRICE_DECIMALS, MAX_TOKEN_DECIMALS};
use puppet_types::trade::Mint;

use super::{Pointer, Web, WebError, counted, pointer::Written};

/// So many of a list are looked at.
const MOST: usize = 200;
/// Shorter than this a symbol is (contract §9).
const SYMBOL: usize = 10;
/// Characters of a name.
const NAME: usize = 40;

/// A token of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its address.
    pub mint: Mint,
    /// How it calls itself.
    pub symbol: String,
    /// In full.
    pub name: String,
    /// Digits after the point of a whole token, as the list says.
    pub decimals: u8,
    /// In dollars, and with how many decimals; none where it cannot be counted.
    pub price: Option<(u64, u8)>,
    /// Change within 24 hours, in hundredths of a percent.
    pub change_bps: i32,
}

impl Web {
    /// The tokens of the list that stands at a place of the document, in its order. What calls itself by an address, by a text
    /// of ten characters or more, or with a space in it, is left out, as is what has no address of a mint.
    ///
    /// # Errors
    /// There is no document, or no list in it.
    pub async fn listed(&self, at: &Pointer) -> Result<Vec<Listed>, WebError> {
        listed(&self.get().await?, at).map_err(WebError::Unread)
    }
}

pub(super) fn listed(document: &[u8], at: &Pointer) -> Result<Vec<Listed>, String> {
    let rows = at.find(document)?.list().ok_or_else(|| format!("there is no list at `{at}`"))?;
    let mut tokens: Vec<Listed> = Vec::new();
    for token in rows.into_iter().take(MOST).filter_map(token) {
        if !tokens.iter().any(|other| other.mint == token.mint) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

fn token(row: Written<'_>) -> Option<Listed> {
    let text = |name: &str| row.below(name)?.text();
    let mint = Mint::parse(&text("address")?)?;
    let symbol = text("symbol")?;
    let is_symbol = (1..SYMBOL).contains(&symbol.chars().count())
        && !symbol.contains(|character: char| character.is_whitespace() || character.is_control())
        && !symbol.to_ascii_lowercase().starts_with("0x")
        && symbol != mint.as_str();
    let decimals = row.below("decimals")?.digits()?.parse().ok().filter(|decimals| *decimals <= MAX_TOKEN_DECIMALS)?;
    let name = text("name").unwrap_or_default();
    let name: String = name.chars().filter(|character| !character.is_control()).take(NAME).collect();
    let price = row.below("price").and_then(Written::digits).and_then(|digits| finest(&digits));
    let change = row.below("price24hChangePercent").and_then(Written::digits);
    let change_bps = change.as_deref().and_then(bps).unwrap_or(0);
    is_symbol.then_some(Listed { mint, symbol, name, decimals, price, change_bps })
}

/// With as many decimals as 64 bits hold.
fn finest(digits: &str) -> Option<(u64, u8)> {
    (0..=MAX_PRICE_DECIMALS).rev().find_map(|decimals| Some((counted(digits, decimals)?, decimals)))
}

/// Percent as hundredths of one, towards zero; as far as 32 bits go.
fn bps(digits: &str) -> Option<i32> {
    let (is_negative, digits) = digits.strip_prefix('-').map_or((false, digits), |digits| (true, digits));
    let units = Decimal::parse(digits.as_bytes()).ok()?.to_units_down(2)?.units;
    let bps = i32::try_from(units).unwrap_or(i32::MAX);
    Some(if is_negative { -bps } else { bps })
}
