//! A second source of prices for the rule that compares two, `max_deviation_bps`: asked as often as the first, beside it. One
//! that fails keeps nobody from anything but what the rule says: orders without a fresh second price are denied.

use std::time::Duration;

use futures::future::join_all;
use puppet_packs::SecretsFile;
use puppet_trade::{Pointer, Web, WebPlace};
use puppet_types::{Secret, Timestamp, trade::Market};
use puppet_wallet::Rules;

use super::open::Open;
use crate::{
    config::{SecondPrice, WebSource, lacks_second, second_remedy},
    credentials,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// See the head of this file.
pub struct Second {
    sources: Vec<Source>,
    poll: Duration,
}

/// One price of one document.
struct Source {
    number: u32,
    market: Market,
    web: Web,
    pointer: Pointer,
}

/// Whether every market has one, where the rules ask for it.
///
/// # Errors
/// One has none: every order would be denied.
pub fn is_there(setup: &Setup, markets: &[Market], rules: &Rules) -> Result<()> {
    let configured = &setup.config.trading.second_prices;
    let asked = rules.max_deviation_bps.is_some();
    match markets.iter().find(|market| asked && !configured.contains_key(&market.id)) {
        Some(market) => Err(Trouble::input("no-second-price", lacks_second(&market.id), second_remedy(&market.id))),
        None => Ok(()),
    }
}

/// Recorded candles have one price.
///
/// # Errors
/// The rules compare two.
pub fn none_recorded(rules: &Rules) -> Result<()> {
    if rules.max_deviation_bps.is_none() {
        return Ok(());
    }
    let message = "`max_deviation_bps` compares two prices, and recorded candles are of one source";
    let remedy = "name a file of rules without it with --risk; with prices of now it holds";
    Err(Trouble::input("no-second-price", message, remedy))
}

/// A document of the web as it is configured at `key`: asked for with its key, and with more headers.
///
/// # Errors
/// Its address cannot be used, or its key cannot be had.
pub fn document(
    setup: &Setup,
    secrets: &SecretsFile,
    (key, source): (&str, &WebSource),
    more: &[(&str, &str)],
) -> Result<Web> {
    let secret = match &source.key_source {
        None => None,
        Some(from) => credentials::of_source(setup, secrets, from, source.key.as_ref())?.0,
    };
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
    let headers = secret.map(|secret| (source.key_header.clone(), secret)).into_iter().chain(more).collect();
    let place = WebPlace { url: source.url.clone(), headers, timeout: Duration::from_millis(source.timeout_ms) };
    Web::new(&place).map_err(|error| {
        let remedy = "use https; plain http reaches this machine only";
        setup.config.bad_value(&format!("{key}.url"), error.to_string(), remedy)
    })
}

impl Second {
    /// Those of these markets; none where the rules do not ask for any.
    pub fn of(setup: &Setup, secrets: &SecretsFile, markets: &[Market], rules: &Rules) -> Result<Option<Self>> {
        if rules.max_deviation_bps.is_none() {
            return Ok(None);
        }
        let trading = &setup.config.trading;
        let mut sources = Vec::new();
        for (number, market) in (0..).zip(markets) {
            let Some(SecondPrice { source, pointer }) = trading.second_prices.get(&market.id) else { continue };
            let key = format!("trading.second_prices.{}", market.id);
            let web = document(setup, secrets, (&key, source), &[])?;
            sources.push(Source { number, market: market.clone(), web, pointer: pointer.clone() });
        }
        Ok(Some(Self { sources, poll: Duration::from_millis(trading.poll_ms) }))
    }

    /// Tells the desk until it is gone.
    pub async fn run(self, desk: Open, name: String, out: Output) {
        let note = move |text: String| out.note(format!("{name}: {text}"));
        join_all(self.sources.iter().map(|source| self.keep_asking(source, &desk, &note))).await;
    }

    async fn keep_asking(&self, source: &Source, desk: &Open, note: &(dyn Fn(String) + Sync)) {
        let Source { number, market, web, pointer } = source;
        let mut is_troubled = false;
        loop {
            // As old as the question: nobody knows when it was answered.
            let at = Timestamp::from_system();
            let seen = web.price(pointer, market).await;
            let market = &market.id;
            match (&seen, std::mem::replace(&mut is_troubled, seen.is_err())) {
                (Err(why), false) => {
                    note(format!("no second price of {market}: {why}: orders are denied by `no-second-price`"));
                }
                (Ok(_), true) => note(format!("{market} has a second price again")),
                _ => {}
            }
            if let Ok(price) = seen {
                let told = match desk.get() {
                    Some(desk) => desk.second(at, vec![(*number, price)]).await,
                    None => return,
                };
                if told.is_err() {
                    return;
                }
            }
            tokio::time::sleep(self.poll).await;
        }
    }
}
