//! `[trading]` as `puppet config` shows it.

use std::collections::BTreeMap;

use puppet_wallet::Rules;

use super::{super::effective::Rows, Desk, RpcPlace, Trading, WebSource};

impl Rows<'_> {
    /// Every value of the section in effect.
    pub(in super::super) fn trading(&mut self, trading: &Trading) {
        self.add("trading.network", trading.network.name().to_owned());
        match &trading.rpc {
            RpcPlace::Public => self.add("trading.rpc_url", trading.network.endpoint().to_owned()),
            RpcPlace::Url(url) => self.add("trading.rpc_url", url.clone()),
            RpcPlace::Kept { source, value } => self.source("trading", "rpc", source, value.is_some()),
        }
        if let Some(markets) = &trading.markets {
            self.add("trading.markets", markets.display().to_string());
        }
        self.add("trading.poll_ms", trading.poll_ms.to_string());
        self.add("trading.via", Trading::via_name(trading.via).to_owned());
        for (mint, amount) in trading.approve_above.iter().flatten() {
            self.add(&format!("trading.approve_above.{mint}"), amount.to_string());
        }
        self.add("trading.approve_within", trading.approve_within.clone());
        self.add("trading.jupiter.endpoint", trading.jupiter.endpoint.clone());
        if let Some(source) = &trading.jupiter.key_source {
            self.source("trading.jupiter", "key", source, trading.jupiter.key.is_some());
        }
        for (name, wallet) in &trading.wallets {
            self.source(&format!("trading.wallets.{name}"), "key", &wallet.key_source, wallet.key.is_some());
        }
        for (market, second) in &trading.second_prices {
            let at = format!("trading.second_prices.{market}");
            self.web(&at, &second.source);
            self.add(&format!("{at}.pointer"), second.pointer.to_string());
        }
        if let Some(trending) = &trading.trending {
            self.web("trading.trending", &trending.source);
            self.add("trading.trending.tokens", trending.tokens.to_string());
        }
        let paper = &trading.paper;
        self.add("trading.paper.balance", paper.balance.clone());
        self.add("trading.paper.fee_bps", paper.fee_bps.to_string());
        self.add("trading.paper.slippage", paper.slippage_text.clone());
        if let Some(latency) = paper.latency_ms {
            self.add("trading.paper.latency_ms", latency.to_string());
        }
        self.add("trading.paper.participation_bps", paper.participation_bps.to_string());
        for (name, desk) in &trading.desks {
            self.desk(&format!("trading.desks.{name}"), desk);
        }
        self.rules(trading.risk.as_ref());
    }

    fn web(&mut self, at: &str, source: &WebSource) {
        self.add(&format!("{at}.url"), source.url.clone());
        if let Some(key) = &source.key_source {
            self.source(at, "key", key, source.key.is_some());
            self.add(&format!("{at}.key_header"), source.key_header.clone());
        }
        self.add(&format!("{at}.timeout_ms"), source.timeout_ms.to_string());
    }

    fn desk(&mut self, at: &str, desk: &Desk) {
        let Desk { strategy, wallet, markets, bar_seconds, agent, seed, parameters } = desk;
        if let Some(strategy) = strategy {
            self.add(&format!("{at}.strategy"), strategy.clone());
        }
        self.add(&format!("{at}.wallet"), wallet.clone().unwrap_or_else(|| "on paper".to_owned()));
        self.add(&format!("{at}.markets"), format!("{markets:?}"));
        self.add(&format!("{at}.bar"), super::super::settings::in_words(u64::from(*bar_seconds) * 1_000));
        if let Some(agent) = agent {
            self.add(&format!("{at}.agent"), agent.to_string());
        }
        self.add(&format!("{at}.seed"), seed.to_string());
        for (name, number) in parameters {
            self.add(&format!("{at}.params.{name}"), number.to_string());
        }
    }

    /// Every rule in force: what is not written has its default.
    fn rules(&mut self, rules: Option<&Rules>) {
        let all = rules.and_then(|rules| serde_json::to_value(rules).ok());
        let all: BTreeMap<String, serde_json::Value> =
            all.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default();
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_null()) {
            self.rule(&format!("trading.risk.{name}"), &value);
        }
    }

    fn rule(&mut self, at: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(below) => {
                below
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .for_each(|(name, value)| self.rule(&format!("{at}.{name}"), value));
            }
            serde_json::Value::String(text) => self.add(at, text.clone()),
            other => self.add(at, other.to_string()),
        }
    }
}
