//! A second source of prices for the rule that compares two, `max_deviation_bps`: asked as often as the first, beside it. One
//! that fails keeps nobody from anything but what the rule says: orders without a fresh second price are denied.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;
use puppet_packs::SecretsFile;
use puppet_trade::{Pointer, Web, WebPlace, feed::Prices};
use puppet_types::{Timestamp, trade::Market};
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
    /// By number of their markets.
    sources: Vec<(u32, Market, Arc<dyn Prices>)>,
    poll: Duration,
    longest: Duration,
}

/// One price of one document.
struct OnTheWeb {
    web: Web,
    pointer: Pointer,
}

#[async_trait]
impl Prices for OnTheWeb {
    async fn price(&self, market: &Market) -> std::result::Result<(u64, Timestamp), String> {
        // As old as the question: nobody knows when it was answered.
        let asked_at = Timestamp::from_system();
        let price = self.web.price(&self.pointer, market).await;
        price.map(|price| (price, asked_at)).map_err(|error| error.to_string())
    }
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

/// What a document is asked for with.
pub fn place(setup: &Setup, secrets: &SecretsFile, source: &WebSource) -> Result<WebPlace> {
    let key = match &source.key_source {
        None => None,
        Some(key) => credentials::of_source(setup, secrets, key, source.key.as_ref())?.0,
    };
    let headers = key.map(|key| (source.key_header.clone(), key)).into_iter().collect();
    Ok(WebPlace { url: source.url.clone(), headers, timeout: Duration::from_millis(source.timeout_ms) })
}

impl Second {
    /// Those of these markets; none where the rules do not ask for any.
    pub fn of(setup: &Setup, secrets: &SecretsFile, markets: &[Market], rules: &Rules) -> Result<Option<Self>> {
        if rules.max_deviation_bps.is_none() {
            return Ok(None);
        }
        let trading = &setup.config.trading;
        let mut sources: Vec<(u32, Market, Arc<dyn Prices>)> = Vec::new();
        let mut longest = Duration::ZERO;
        for (number, market) in (0..).zip(markets) {
            let Some(SecondPrice { source, pointer }) = trading.second_prices.get(&market.id) else { continue };
            let place = place(setup, secrets, source)?;
            let web = Web::new(&place).map_err(|error| {
                let key = format!("trading.second_prices.{}.url", market.id);
                setup.config.bad_value(&key, error.to_string(), "use https; plain http reaches this machine only")
            })?;
            longest = longest.max(place.timeout);
            sources.push((number, market.clone(), Arc::new(OnTheWeb { web, pointer: pointer.clone() })));
        }
        Ok(Some(Self { sources, poll: Duration::from_millis(trading.poll_ms), longest }))
    }

    /// Tells the desk until it is gone.
    pub async fn run(self, desk: Open, name: String, out: Output) {
        let note = move |text: String| out.note(format!("{name}: {text}"));
        join_all(self.sources.iter().map(|source| self.keep_asking(source, &desk, &note))).await;
    }

    async fn keep_asking(
        &self,
        (number, market, prices): &(u32, Market, Arc<dyn Prices>),
        desk: &Open,
        note: &(dyn Fn(String) + Sync),
    ) {
        let mut is_troubled = false;
        loop {
            let asked = tokio::time::timeout(self.longest, prices.price(market)).await;
            let seen = asked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            let market = &market.id;
            match (&seen, std::mem::replace(&mut is_troubled, seen.is_err())) {
                (Err(why), false) => {
                    note(format!("no second price of {market}: {why}: orders are denied by `no-second-price`"));
                }
                (Ok(_), true) => note(format!("{market} has a second price again")),
                _ => {}
            }
            if let Ok((price, at)) = seen {
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
