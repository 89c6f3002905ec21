//! A desk as it is asked for, on the command line or in `[trading.desks]`: everything that can be wrong about it is found
//! before a host is started for it.

use puppet_backtest::{Bar, Models, Strategies};
use puppet_market::Markets;
use puppet_trade::{DeskError, begins, feed::Pace, fits};
use puppet_types::{AgentId, counted, trade::Market};
use puppet_wallet::{Risk, Rules};

use super::{
    candles::{self, Asked, Reading},
    second,
    strategy::{self, Chosen},
    terms,
};
use crate::{
    cli::{DeskTerms, Paper, Trade},
    config::{Trading, trading::Desk},
    output::Output,
    setup::Setup,
    strategies,
    trouble::{Place, Result, Trouble},
    wallets,
};

/// Where its orders go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nowhere: they are filled by a model.
    Paper {
        /// What trading costs.
        models: Models,
        /// In the smallest unit of the quote token.
        start_balance: u64,
    },
    /// To the market, with the money of a wallet.
    Live {
        /// Which.
        wallet: String,
        /// Mainnet is said to be meant.
        is_understood: bool,
    },
}

/// See the head of this file.
pub struct Wanted {
    /// What it is called.
    pub name: String,
    /// Who trades; none: only what its agent asks for is traded.
    pub strategy: Option<Chosen>,
    /// Where its orders go.
    pub kind: Kind,
    /// By number.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// Of the strategy.
    pub parameters: Vec<(String, i64)>,
    /// Of everything that is drawn.
    pub seed: u64,
    /// Who is told.
    pub agent: Option<AgentId>,
    /// What is admitted.
    pub rules: Rules,
    /// Bars that end; none: the prices of now.
    pub recorded: Option<(Vec<Bar>, Pace)>,
}

impl Wanted {
    /// That of `puppet paper`.
    pub async fn on_paper(setup: &Setup, args: &Paper, out: Output) -> Result<Self> {
        let terms = &args.desk;
        let chosen = strategy::choose(setup, &terms.strategy, 1)?;
        let mut models = terms::models(setup.config.trading.paper.models(), &args.costs)?;
        let (markets, all, bar_seconds, recorded) = match &args.data {
            None => (known(setup, &terms.market)?, wallets::markets(setup)?, bar_seconds(terms)?, None),
            Some(data) => {
                let asked = Asked {
                    data,
                    reading: Reading {
                        markets: args.markets.as_deref(),
                        stamp: args.stamp,
                        tz: &args.tz,
                        max_bad_rows: args.max_bad_rows,
                    },
                    markets: &terms.market,
                    from: args.from.as_deref(),
                    to: args.to.as_deref(),
                    bar: terms.bar.as_deref(),
                };
                let data = candles::read(setup, &asked, out).await?;
                if !terms.market.is_empty() {
                    all_known(&data.known, &data.markets)?;
                }
                if !data.has_volume {
                    models = models.without_volume();
                }
                let pace = args.speed.map_or(Pace::Free, Pace::Times);
                (data.markets, data.known, data.bar_seconds, Some((data.bars, pace)))
            }
        };
        if recorded.is_none() {
            // A quote tells no volume.
            models = models.without_volume();
        }
        let kind = Kind::Paper { models, start_balance: start_balance(setup, args.balance.as_deref(), &markets)? };
        let rules = match (&terms.risk, &setup.config.trading.risk) {
            (None, Some(rules)) => rules.clone(),
            (file, _) => terms::rules(file.as_deref(), &markets)?,
        };
        let rules = terms::in_markets(rules, &markets, &all);
        match recorded {
            Some(_) => second::none_recorded(&rules)?,
            None => second::is_there(setup, &markets, &rules)?,
        }
        let wanted = Self::of_command(terms, chosen, kind, (markets, bar_seconds), rules.on_paper(), recorded)?;
        wanted.tell_closed(setup, out);
        Ok(wanted)
    }

    /// That of `puppet trade`.
    pub fn with_money(setup: &Setup, args: &Trade, out: Output) -> Result<Self> {
        candles::is_data_folder(&setup.data)?;
        let terms = &args.desk;
        let chosen = strategy::choose(setup, &terms.strategy, 1)?;
        let markets = known(setup, &terms.market)?;
        let rules = match &terms.risk {
            Some(file) => terms::rules(Some(file), &markets)?,
            None => rules_of(setup)?,
        };
        let rules = terms::in_markets(rules, &markets, &wallets::markets(setup)?);
        second::is_there(setup, &markets, &rules)?;
        let kind = Kind::Live { wallet: args.wallet.clone(), is_understood: args.i_understand };
        let wanted = Self::of_command(terms, chosen, kind, (markets, bar_seconds(terms)?), rules, None)?;
        wanted.tell_closed(setup, out);
        Ok(wanted)
    }

    /// Says what its rules deny whatever comes, before somebody waits for trades.
    fn tell_closed(&self, setup: &Setup, out: Output) {
        let unlisted = match (&self.recorded, &setup.config.trading.trending) {
            (Some(_), _) => Some(terms::RECORDED),
            (None, None) => Some("no `[trading.trending]` names a list of what is trending"),
            (None, Some(_)) => None,
        };
        let closed = terms::closed(&self.rules, &self.markets, unlisted);
        closed.into_iter().for_each(|closed| out.note(format!("{}: {closed}", self.name)));
    }

    fn of_command(
        terms: &DeskTerms,
        chosen: Chosen,
        kind: Kind,
        (markets, bar_seconds): (Vec<Market>, u32),
        rules: Rules,
        recorded: Option<(Vec<Bar>, Pace)>,
    ) -> Result<Self> {
        let name = terms.name.clone().unwrap_or_else(|| chosen.id.pack.clone());
        if !Trading::is_name(&name) {
            let message = format!("`{name}` is no name of a desk");
            let remedy = format!("1 to {} letters, digits, `-` and `_`", Trading::NAME_BYTES);
            return Err(Trouble::input("bad-value", message, remedy).of_field("--name"));
        }
        let parameters = terms::parameters(&terms.param)?;
        // What it is was asked before; where it does not say so now, the desk says why.
        if let Ok(about) = chosen.strategies.fresh().and_then(|mut fresh| fresh.describe()) {
            puppet_backtest::parameters::settle(&about, &parameters).map_err(|error| terms::of_parameter(&error))?;
        }
        let agent = terms.agent.as_deref().map(AgentId::parse).transpose();
        let agent = agent.map_err(|error| {
            Trouble::input("bad-value", error.to_string(), "`puppet agent list` lists them").of_field("--agent")
        })?;
        let (seed, strategy) = (terms.seed, Some(chosen));
        Ok(Self { name, strategy, kind, markets, bar_seconds, parameters, seed, agent, rules, recorded })
    }

    /// Those of `[trading.desks]`. What is wrong with any of them is told of all of them: none trades otherwise than it is
    /// written there.
    pub fn of_config(setup: &Setup, out: Output) -> Result<Vec<Self>> {
        let wanted = Self::configured(setup)?;
        wanted.iter().for_each(|desk| desk.tell_closed(setup, out));
        Ok(wanted)
    }

    /// The same without a word.
    pub fn configured(setup: &Setup) -> Result<Vec<Self>> {
        let of_desk = |(name, desk): (&String, &Desk)| {
            Self::of_desk(setup, name, desk).and_then(Self::sound).map_err(|trouble| match trouble.place.field {
                None => trouble.of_field(format!("trading.desks.{name}")),
                Some(field) if field.starts_with("--") => Trouble { place: Place::default(), ..trouble }
                    .of_field(format!("trading.desks.{name}.{}", field.trim_start_matches('-'))),
                Some(_) => trouble,
            })
        };
        let (mut wanted, mut wrong) = (Vec::new(), Vec::new());
        for desk in &setup.config.trading.desks {
            match of_desk(desk) {
                Ok(desk) => wanted.push(desk),
                Err(trouble) => wrong.push(trouble),
            }
        }
        all_of(wrong).map_or(Ok(wanted), Err)
    }

    /// Whether a desk can be opened like that, as far as nothing outside is asked.
    fn sound(self) -> Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| {
            Trouble::input("bad-value", error.to_string(), "docs/trading/paper.md says what a desk takes")
        };
        Risk::new(self.rules.clone(), self.markets.clone(), &[]).map_err(|error| wrong(&error))?;
        if let Some(chosen) = &self.strategy {
            let asked = strategies::on_a_stack(chosen.stack_bytes, || self.fits(&chosen.strategies));
            asked.map_err(|reason| wrong(&reason))?.map_err(|error| match error {
                DeskError::Strategy(_) => wrong(&error).of_field(format!("trading.desks.{}.params", self.name)),
                error => wrong(&error),
            })?;
        }
        Ok(self)
    }

    /// Whether a strategy can trade here, and begins.
    pub(super) fn fits(&self, strategies: &dyn Strategies) -> std::result::Result<(), DeskError> {
        let models = match &self.kind {
            Kind::Paper { models, .. } => Some(models),
            Kind::Live { .. } => None,
        };
        let on = (self.markets.as_slice(), self.bar_seconds);
        let (_, parameters) = fits(strategies, on, &self.parameters, (models, &self.rules))?;
        let (markets, bar_seconds, seed) = (self.markets.clone(), self.bar_seconds, self.seed);
        begins(strategies, &puppet_backtest::Setup { parameters, markets, bar_seconds, seed })
    }

    fn of_desk(setup: &Setup, name: &str, desk: &Desk) -> Result<Self> {
        let strategy = desk.strategy.as_deref().map(|strategy| strategy::choose(setup, strategy, 1)).transpose()?;
        let markets = known(setup, &desk.markets)?;
        let trading = &setup.config.trading;
        let (kind, rules) = match &desk.wallet {
            Some(wallet) => (Kind::Live { wallet: wallet.clone(), is_understood: false }, rules_of(setup)?),
            None => {
                let models = trading.paper.models().without_volume();
                let start_balance = start_balance(setup, None, &markets)?;
                let rules = trading.risk.clone().unwrap_or_else(|| Rules::for_backtest(&markets));
                (Kind::Paper { models, start_balance }, rules.on_paper())
            }
        };
        let rules = terms::in_markets(rules, &markets, &wallets::markets(setup)?);
        Ok(Self {
            name: name.to_owned(),
            strategy,
            kind,
            markets,
            bar_seconds: desk.bar_seconds,
            parameters: desk.parameters.clone(),
            seed: desk.seed,
            agent: desk.agent.clone(),
            rules,
            recorded: None,
        })
    }

    /// Whose money it trades.
    pub fn wallet(&self) -> Option<&str> {
        match &self.kind {
            Kind::Paper { .. } => None,
            Kind::Live { wallet, .. } => Some(wallet),
        }
    }

    /// The name of its purse.
    pub fn purse(&self) -> String {
        match &self.kind {
            Kind::Paper { .. } => format!("paper/{}", self.name),
            Kind::Live { wallet, .. } => wallet.clone(),
        }
    }
}

/// Several troubles as one; none where there are none.
pub fn all_of(mut wrong: Vec<Trouble>) -> Option<Trouble> {
    if wrong.len() < 2 {
        return wrong.pop();
    }
    let lines: Vec<String> = wrong.iter().map(Trouble::in_a_line).collect();
    let remedy = "no desk trades before all of them can: mend them, or take them out of [trading.desks]";
    let message = format!("{} do not start:\n  {}", counted(lines.len(), "desk", "desks"), lines.join("\n  "));
    Some(Trouble::input("bad-value", message, remedy))
}

fn bar_seconds(terms: &DeskTerms) -> Result<u32> {
    terms.bar.as_deref().map_or(Ok(Desk::BAR_SECONDS), candles::seconds)
}

/// Markets by their ids, which have to be known: with prices of now nothing about a token is made up.
fn known(setup: &Setup, ids: &[String]) -> Result<Vec<Market>> {
    let known = wallets::markets(setup)?;
    let names: Vec<&str> = known.all().map(|market| market.id.as_str()).collect();
    if ids.is_empty() {
        let message = "no market is named, and prices of now are of some market";
        let remedy = "add --market SOL/USDC; or --data for recorded candles, where it is on paper";
        return Err(Trouble::input("bad-value", message, remedy).of_field("--market"));
    }
    ids.iter().map(|id| known.get(id).cloned().ok_or_else(|| terms::unknown_market(id, &names))).collect()
}

/// What is said to be traded has to be known on paper, too: a slip of the pen is no market of its own.
fn all_known(known: &Markets, traded: &[Market]) -> Result<()> {
    let names: Vec<&str> = known.all().map(|market| market.id.as_str()).collect();
    let unknown = traded.iter().find(|market| known.get(&market.id).is_none());
    unknown.map_or(Ok(()), |market| Err(terms::unknown_market(&market.id, &names)))
}

/// What a desk on paper begins with: what was said, or what the configuration says.
fn start_balance(setup: &Setup, said: Option<&str>, markets: &[Market]) -> Result<u64> {
    let Some(market) = markets.first() else { return Ok(0) };
    let configured = &setup.config.trading.paper.balance;
    terms::amount(said.unwrap_or(configured), &market.quote).map_err(|wrong| match said {
        Some(_) => wrong,
        None => setup.config.bad_value("trading.paper.balance", wrong.message, wrong.remedy),
    })
}

/// Real money is traded by rules that somebody wrote.
fn rules_of(setup: &Setup) -> Result<Rules> {
    setup.config.trading.risk.clone().ok_or_else(|| {
        let message = "there are no rules of risk, and without them nothing may be traded with money";
        Trouble::refused("no-rules", message, "write [trading.risk] (docs/trading/risk.md), or name a file with --risk")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_told_by_where_it_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        std::fs::write(&file, "[trading.paper]\nbalance = \"1.1234567\"\n").unwrap();
        let common =
            crate::cli::Common { config: Some(file), data: Some(folder.path().join("data")), json: false, log: None };
        let setup = Setup::new(&common).unwrap();
        let markets = vec![Markets::built_in().get("SOL/USDC").unwrap().clone()];
        let field = |said: Option<&str>| start_balance(&setup, said, &markets).unwrap_err().place;
        assert_eq!((field(None).field.as_deref(), field(None).line), (Some("trading.paper.balance"), Some(2)));
        assert_eq!(field(Some("1.1234567")).field.as_deref(), Some("--balance"));
        assert_eq!(start_balance(&setup, Some("1.5"), &markets).unwrap(), 1_500_000);
    }

    #[test]
    fn several_troubles_are_told_line_by_line() {
        let trouble = |desk: &str| Trouble::input("bad-value", "is no market", "name one").of_field(desk);
        assert!(all_of(Vec::new()).is_none());
        assert_eq!(all_of(vec![trouble("trading.desks.a")]).unwrap().message, "is no market");
        let both = all_of(vec![trouble("trading.desks.a"), trouble("trading.desks.b")]).unwrap();
        let lines: Vec<&str> = both.message.lines().collect();
        let line = |desk: &str| format!("  trading.desks.{desk}: is no market: name one");
        assert_eq!(lines, ["2 desks do not start:", &line("a"), &line("b")]);
    }
}
