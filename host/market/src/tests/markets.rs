use puppet_types::trade::Mint;

use super::*;

const OWN: &str = r#"
[[market]]
id = "ABC/USDC"
base = { mint = "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", symbol = "ABC", decimals = 8 }
quote = { mint = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", symbol = "USDC", decimals = 6 }
price_decimals = 6
min_quantity = 1000
"#;

/// How many bytes a text of base58 is.
fn bytes(mint: &str) -> usize {
    const LETTERS: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = Vec::<u8>::new();
    for letter in mint.chars() {
        let mut carry = LETTERS.find(letter).unwrap();
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry % 256).unwrap();
            carry /= 256;
        }
        if carry > 0 {
            bytes.insert(0, u8::try_from(carry).unwrap());
        }
    }
    bytes.len() + mint.chars().take_while(|letter| *letter == '1').count()
}

#[test]
fn the_markets_that_come_with_the_program_are_real_ones() {
    let markets = Markets::built_in();
    let sol = markets.get("SOL/USDC").unwrap();
    assert_eq!((sol.base.mint.as_str(), sol.base.decimals), (Mint::SOL, 9));
    assert_eq!((sol.quote.mint.as_str(), sol.quote.decimals, sol.price_decimals), (Mint::USDC, 6, 9));
    assert_eq!(markets.get("BONK/USDC").unwrap().base.decimals, 5);
    assert_eq!(markets.get("SOL/USDT").unwrap().quote.symbol, "USDT");
    assert_eq!(markets.all().count(), 8);
    // What the rules of the original engine are for: they count in SOL.
    let usdc = markets.get("USDC/SOL").unwrap();
    assert_eq!((usdc.quote.mint.as_str(), usdc.price_decimals), (Mint::SOL, 12));
    for market in markets.all() {
        assert_eq!((bytes(market.base.mint.as_str()), bytes(market.quote.mint.as_str())), (32, 32), "{}", market.id);
    }
}

#[test]
fn a_token_is_found_by_its_mint_or_by_a_symbol_that_only_it_has() {
    let markets = Markets::with_file(&OWN.replace("\"ABC", "\"BONK")).unwrap();
    assert_eq!(markets.token(Mint::USDC).unwrap().symbol, "USDC");
    assert_eq!(markets.token("SOL").unwrap().decimals, 9);
    assert_eq!(markets.token("NOPE"), None);
    // The operator's market took the place of the other one: its mint is the only BONK left.
    assert_eq!(markets.token("BONK").unwrap().decimals, 8);
    let two = OWN.to_owned() + &OWN.replace("ABC/USDC", "ABC/OTHER").replace("\"USDC\"", "\"OTHER\"");
    assert_eq!(Markets::with_file(&two).unwrap_err(), MarketsError::Contradiction(Mint::USDC.into()));
    let shared =
        OWN.replace("ABC", "XYZ").replace("7vf", "8vf").replace("XYZ/USDC", "SOL/USDC").replace("\"XYZ\"", "\"SOL\"");
    assert_eq!(Markets::with_file(&shared).unwrap().token("SOL"), None, "two mints share the symbol");
}

#[test]
fn a_file_of_markets_adds_to_them() {
    let markets = Markets::with_file(OWN).unwrap();
    let own = markets.get("ABC/USDC").unwrap();
    assert_eq!((own.base.decimals, own.price_decimals, own.min_quantity), (8, 6, 1_000));
    assert!(markets.get("SOL/USDC").is_some());
    assert_eq!(Markets::with_file("").unwrap(), Markets::built_in());
}

#[test]
fn a_file_of_markets_that_is_wrong_says_where() {
    for (old, new, said) in [
        ("id = \"ABC/USDC\"", "id = \"ABC\"", "id: write it as SOL/USDC"),
        ("symbol = \"ABC\"", "symbol = \"abc\"", "market `ABC/USDC`: base.symbol: `abc`, where the id says `ABC`"),
        ("decimals = 8", "decimals = 19", "base.decimals: 19"),
        ("7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", "0xabc", "base.mint: `0xabc` is none"),
        ("7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", Mint::USDC, "is told in two ways"),
        ("price_decimals = 6", "price_decimals = 13", "price_decimals: 13"),
        ("min_quantity = 1000", "min_quantity = 0", "min_quantity: it is 1"),
        ("min_quantity = 1000", "min_quantity = -1", "invalid value"),
        ("min_quantity = 1000", "", "missing field `min_quantity`"),
        ("min_quantity = 1000", "min_quantity = 1\nmax = 1", "unknown field `max`"),
    ] {
        assert!(OWN.contains(old));
        let error = Markets::with_file(&OWN.replace(old, new)).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said) || (said.contains("two ways") && error.contains("quote.mint")), "{new}: {error}");
    }
    assert_eq!(Markets::with_file(&OWN.repeat(2)).unwrap_err(), MarketsError::Twice("ABC/USDC".into()));
}

#[test]
fn made_up_tokens_are_to_be_told_from_real_ones() {
    let read = read_text("time,open,high,low,close\n1767571200,1,1,1,1\n1767571260,1,1,1,1\n").unwrap();
    let (base, quote) = (&read.market.base, &read.market.quote);
    assert!(base.mint.as_str().starts_with("MadeUp") && base.mint != quote.mint);
    assert_eq!((bytes(base.mint.as_str()), bytes(quote.mint.as_str())), (32, 32));
}

#[test]
fn an_unknown_market_takes_the_tokens_that_are_known() {
    let of = |market: &str| {
        let options = ReadOptions { market: Some(market.into()), ..ReadOptions::default() };
        let read = read_with("time,open,high,low,close\n1767571200,1,1,1,1\n1767571260,1,1,1,1\n", &options).unwrap();
        (read.market, read.quality.details.made_up_tokens)
    };
    // What two markets are paid with is one token.
    let (market, is_made_up) = of("btc/usdc");
    assert_eq!((market.id.as_str(), market.quote.mint.as_str(), is_made_up), ("btc/USDC", Mint::USDC, true));
    let (market, is_made_up) = of("bonk/sol");
    assert_eq!((market.id.as_str(), market.base.decimals, market.quote.decimals), ("BONK/SOL", 5, 9));
    assert!(!is_made_up);
    // One symbol with two numbers of decimals is two tokens.
    let (one, two) = (of("ETH/BTC").0.quote, of("BTC/USDC").0.base);
    assert!(one.symbol == two.symbol && one.decimals != two.decimals && one.mint != two.mint);
}

/// What stands in the docs in a block of this kind, the first that has a word in it.
fn in_docs(kind: &str, word: &str) -> &'static str {
    let docs = include_str!("../../../../docs/trading/data.md");
    let mut blocks = docs.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(kind));
    blocks.find(|block| block.contains(word)).unwrap()
}

#[test]
fn the_examples_of_the_docs_are_read() {
    let markets = Markets::with_file(in_docs("toml", "[[market]]")).unwrap();
    assert_eq!(markets.get("JTO/USDC").unwrap().base.decimals, 9);
    let quality = read_text(in_docs("text", "open_time")).unwrap().quality;
    assert_eq!((quality.bars, quality.bad_rows), (2, 0));
}
