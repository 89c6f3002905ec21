//! The trading settings of an agent of the original engine as a file of the operator's: the rules, and a desk on paper with
//! `impulse`. Nothing reads the file by itself: whoever wants to trade by it names it with `--risk`, or takes it over
//! into `puppet.toml`.

use std::{fmt::Write as _, io, path::PathBuf};

use puppet_market::Markets;
use puppet_packs::AgentSpec;
use puppet_types::{counted, trade::Mint};
use puppet_wallet::{FromOriginal, ORIGINAL, Rules};
use serde::Serialize;

use crate::{
    files,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

/// What became of the trading settings of an agent.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Where they are, or would be; none where they cannot be read.
    file: Option<PathBuf>,
    /// Why they cannot be read: then nothing is traded by them.
    problem: Option<String>,
    /// Whether the original's flags let it trade.
    enabled: bool,
    /// Of the desk: those that are known, quoted in SOL and allowed.
    markets: Vec<String>,
    /// What went where.
    mapped: Vec<Carried>,
    /// Settings that nobody knows.
    unknown: Vec<String>,
    /// Allowed tokens that no known market trades for SOL.
    without_market: Vec<Mint>,
    /// Another file of that name is there, and stays.
    stays: bool,
    #[serde(skip)]
    text: String,
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
struct Carried {
    field: &'static str,
    to: &'static str,
}

impl Kept {
    /// Of an agent that was imported; none where its file said nothing about trading.
    pub fn of(setup: &Setup, spec: &AgentSpec) -> Result<Option<Self>> {
        let tables = serde_json::to_value(&spec.extra).map_err(Trouble::internal)?;
        let none = || Self {
            file: None,
            problem: None,
            enabled: false,
            markets: Vec::new(),
            mapped: Vec::new(),
            unknown: Vec::new(),
            without_market: Vec::new(),
            stays: false,
            text: String::new(),
        };
        let found = match Rules::from_original(&tables) {
            Ok(found) if found.mapped.is_empty() && found.unknown.is_empty() => return Ok(None),
            Ok(found) => found,
            Err(error) => return Ok(Some(Self { problem: Some(error.to_string()), ..none() })),
        };
        let known = wallets::markets(setup)?;
        let (markets, without_market) = traded(&found.rules, &known);
        let text = match text(spec.id.as_str(), &found, &markets) {
            Ok(text) => text,
            Err(problem) => return Ok(Some(Self { problem: Some(problem), ..none() })),
        };
        let file = setup.data.join("trading").join(format!("{}.toml", spec.id));
        let stays = match files::text(&file) {
            Ok(other) => other != text,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        let mapped = found.mapped.iter().map(|place| Carried { field: place.from, to: place.to }).collect();
        let (file, enabled, unknown) = (Some(file), found.rules.enabled, found.unknown);
        Ok(Some(Self { file, enabled, markets, mapped, unknown, without_market, stays, text, ..none() }))
    }

    /// Writes the file, unless one is there.
    pub fn write(&self) -> Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| !self.stays) else { return Ok(()) };
        let cannot = |error: io::Error| {
            Trouble::unreachable("data-folder", format!("cannot be written: {error}"), "check the folder").in_file(file)
        };
        file.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(cannot)?;
        files::replace(file, self.text.as_bytes(), None).map_err(cannot)
    }

    /// For people: what is where, and with `all` each setting.
    pub fn tell(&self, dry_run: bool, all: bool, out: Output) -> Result<()> {
        if let Some(problem) = &self.problem {
            return out.line(format!("  {} trading, by which nothing is traded: {problem}", out.odd("ignored")));
        }
        let Some(file) = &self.file else { return Ok(()) };
        let tables = match self.markets.is_empty() {
            true => "rules, and no desk since no known market trades an allowed token for SOL,",
            false => "rules and a desk on paper",
        };
        let what = match (self.stays, dry_run) {
            (true, _) => "another file is there and stays:".to_owned(),
            (false, true) => format!("{tables} would be in"),
            (false, false) => format!("{tables} are in"),
        };
        let settings = counted(self.mapped.len(), "setting", "settings");
        let is_on = if self.enabled { "on" } else { "off" };
        out.line(format!("  trading is {is_on}, {settings}: {what} {}", file.display()))?;
        if all {
            for Carried { field, to } in &self.mapped {
                out.line(format!("    {field}: {to}"))?;
            }
        }
        for unknown in &self.unknown {
            out.line(format!("    {} {unknown}", out.odd("unknown")))?;
        }
        for mint in &self.without_market {
            out.line(format!("    {} {mint}: no known market trades it for SOL", out.odd("not traded")))?;
        }
        Ok(())
    }
}

/// Markets that the rules allow, and allowed tokens that have none.
fn traded(rules: &Rules, known: &Markets) -> (Vec<String>, Vec<Mint>) {
    let (mut markets, mut without) = (Vec::new(), Vec::new());
    let wanted = |mint: &&Mint| !rules.deny_mints.contains(mint) && **mint != Mint::sol();
    for mint in rules.allow_mints.iter().filter(wanted) {
        let market = known.all().find(|market| market.base.mint == *mint && market.quote.mint == Mint::sol());
        match market {
            Some(market) if !markets.contains(&market.id) => markets.push(market.id.clone()),
            Some(_) => {}
            None if !without.contains(mint) => without.push(mint.clone()),
            None => {}
        }
    }
    (markets, without)
}

/// The file: the same tables as in `puppet.toml`. What is wrong with an amount is told in words.
fn text(agent: &str, found: &FromOriginal, markets: &[String]) -> std::result::Result<String, String> {
    let mut text = format!(
        "# What the agent file of {agent} said about trading (docs/trading/risk.md#from-the-original-engine). Nothing reads\n\
         # this file by itself: name it with --risk, or take it over into puppet.toml. Amounts are in lamports.\n"
    );
    // A desk's name has no points.
    let desk: String = agent.replace('.', "-");
    let list = toml::Value::from(markets.to_vec());
    let _ = match markets {
        [] => write!(text, "\n# There is no desk: no known market trades an allowed token for SOL.\n"),
        _ => write!(
            text,
            "\n[trading.desks.{desk}]\nstrategy = \"impulse\"\nmarkets = {list}\nagent = \"{agent}\"\n# On paper, until a \
             wallet is named: wallet = \"main\"\n\n[trading.desks.{desk}.params]\n"
        ),
    };
    if !markets.is_empty() {
        for (name, value) in &found.impulse {
            let _ = writeln!(text, "{name} = {value}{}", from(found, &format!("impulse.{name}")));
        }
    }
    let table = |rules: &Rules| toml::Table::try_from(rules).map_err(|error| error.to_string());
    let (rules, default) = (table(&found.rules)?, table(&Rules::default())?);
    text += "\n[trading.risk]\n";
    for (name, value) in rules.iter().filter(|(name, value)| *name == "enabled" || default.get(*name) != Some(value)) {
        let _ = writeln!(text, "{name} = {value}{}", from(found, name));
    }
    Ok(text)
}

/// Where a setting comes from, as a remark behind it.
fn from(found: &FromOriginal, name: &str) -> String {
    let is_it = |to: &str| to.split(", ").any(|to| to == name);
    let places: Vec<&str> = ORIGINAL
        .iter()
        .filter(|place| is_it(place.to) && found.mapped.contains(place))
        .map(|place| place.from)
        .collect();
    if places.is_empty() { String::new() } else { format!("  # {}", places.join(", ")) }
}

#[cfg(test)]
#[path = "original_tests.rs"]
mod tests;
