//! `[trading.desks.<name>]`: what `puppet run` trades by itself.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::AgentId;

use super::{
    super::{
        read::{Found, Section},
        settings::known,
    },
    Trading,
};
use crate::trouble::Result;

/// A desk: one strategy, or none, on one purse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// A strategy that comes with the program, a pack's folder or a component; none: only what its agent asks for is
    /// traded.
    pub strategy: Option<String>,
    /// Which wallet; none: on paper.
    pub wallet: Option<String>,
    /// Ids of markets: `SOL/USDC`.
    pub markets: Vec<String>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// Who is told of its trades, and whose own swaps go here.
    pub agent: Option<AgentId>,
    /// Of everything random.
    pub seed: u64,
    /// Of the strategy, as whole numbers.
    pub parameters: Vec<(String, i64)>,
}

impl Desk {
    /// Length of a bar where nothing is said.
    pub const BAR_SECONDS: u32 = 60;
    /// Where nothing is said.
    pub const SEED: u64 = 42;
    const LONGEST_BAR: u64 = 7 * 86_400;

    /// All of them. One purse has one desk, and one agent too.
    pub(super) fn read_all(trading: &Section<'_>) -> Result<BTreeMap<String, Self>> {
        let mut desks = BTreeMap::new();
        let Some((table, entries)) = trading.named("desks")? else { return Ok(desks) };
        let (mut wallets, mut agents) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            let name = entry.name.as_str();
            if !Trading::is_name(name) {
                let message = format!("expected a name of 1 to {} letters, digits, `-` and `_`", Trading::NAME_BYTES);
                return Err(table.wrong(name, entry.line, message, ""));
            }
            let Some(found) = table.section(name, &known("trading.desks.<name>"))? else { continue };
            let desk = Self::read(&table, name, &found)?;
            if desk.wallet.as_ref().is_some_and(|wallet| !wallets.insert(wallet.clone())) {
                let message = "another desk trades on the same wallet";
                return Err(table.wrong(name, entry.line, message, "one wallet has one desk: take one of them out"));
            }
            if desk.agent.as_ref().is_some_and(|agent| !agents.insert(agent.clone())) {
                let message = "another desk is of the same agent";
                return Err(table.wrong(name, entry.line, message, "an agent has one desk: take one of them out"));
            }
            desks.insert(entry.name, desk);
        }
        Ok(desks)
    }

    fn read(table: &Section<'_>, name: &str, found: &Found<Section<'_>>) -> Result<Self> {
        let section = &found.value;
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        let strategy = section.parsed("strategy", "the name of a strategy, or a path", text)?;
        let wallet_name = |text: &str| Trading::is_name(text).then(|| text.to_owned());
        let wallet = section.parsed("wallet", "the name of a wallet", wallet_name)?;
        let agent = section.parsed("agent", "the id of an agent", |text| AgentId::parse(text).ok())?;
        if strategy.is_none() && agent.is_none() {
            let remedy = "set strategy, or agent: then its swaps are traded here";
            return Err(table.wrong(name, found.line, "nobody trades on this desk", remedy));
        }
        let Some(markets) = section.texts("markets")? else {
            let remedy = "for example markets = [\"SOL/USDC\"]";
            return Err(table.wrong(name, found.line, "names no market", remedy));
        };
        if markets.value.is_empty() || !markets.value.iter().all(|id| Self::is_market(id)) {
            let remedy = "for example markets = [\"SOL/USDC\"]";
            return Err(section.wrong("markets", markets.line, "expected ids of markets, at least one", remedy));
        }
        let unique: BTreeSet<&String> = markets.value.iter().collect();
        if unique.len() < markets.value.len() {
            return Err(section.wrong("markets", markets.line, "a market is named twice", "name each once"));
        }
        let bar = section.parsed("bar", "the length of a bar from 1s to 7d, for example \"1m\"", bar_seconds)?;
        let seed = section.integer("seed", 0..=i64::MAX.unsigned_abs())?;
        let mut parameters = Vec::new();
        if let Some((params, entries)) = section.named("params")? {
            if strategy.is_none() {
                return Err(section.wrong("params", found.line, "there is no strategy that has them", "set strategy"));
            }
            for entry in entries {
                if let Some(number) = params.signed(&entry.name)? {
                    parameters.push((entry.name, number.value));
                }
            }
        }
        Ok(Self {
            strategy: strategy.map(|found| found.value),
            wallet: wallet.map(|found| found.value),
            markets: markets.value,
            bar_seconds: bar.map_or(Self::BAR_SECONDS, |found| found.value),
            agent: agent.map(|found| found.value),
            seed: seed.map_or(Self::SEED, |found| found.value),
            parameters,
        })
    }

    /// Whether a market may be called so.
    pub(super) fn is_market(id: &str) -> bool {
        id.split_once('/').is_some_and(|(base, quote)| !base.is_empty() && !quote.is_empty())
    }

    /// The name of its purse.
    pub fn purse(&self, name: &str) -> String {
        self.wallet.clone().unwrap_or_else(|| format!("paper/{name}"))
    }
}

fn bar_seconds(text: &str) -> Option<u32> {
    let length = crate::duration::parse(text).ok()?;
    let whole = length.subsec_nanos() == 0 && (1..=Desk::LONGEST_BAR).contains(&length.as_secs());
    whole.then(|| u32::try_from(length.as_secs()).ok()).flatten()
}
