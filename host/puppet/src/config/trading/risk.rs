//! `[trading.risk]`: the rules of the risk engine, read by its own crate; what is wrong is told at its line and key. Or
//! `risk = "FILE"`: they are in a file of their own.

use std::path::PathBuf;

use puppet_wallet::{Rules, RulesError};
use serde::Deserialize;

use super::{
    super::{
        read::{Section, Source},
        suggest,
    },
    Trading, rules_file,
};
use crate::trouble::{Result, Trouble};

/// Where every rule is told.
const PAGE: &str = "docs/trading/risk.md lists every rule";

/// The file, without what is read elsewhere.
#[derive(Deserialize)]
struct File {
    trading: InTrading,
}

#[derive(Deserialize)]
struct InTrading {
    risk: Rules,
}

/// Every rule's name.
pub(super) fn rules() -> Vec<String> {
    let all = serde_json::to_value(Rules::default()).unwrap_or_default();
    all.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The rules; none where the table is not there.
pub(super) fn read(trading: &Section<'_>, source: Source<'_>) -> Result<Option<Rules>> {
    if trading.holds_text("risk") {
        let path = |text: &str| (!text.trim().is_empty()).then(|| PathBuf::from(text));
        let Some(path) = trading.parsed("risk", "the path of a file of rules", path)? else { return Ok(None) };
        let file = Trading::beside(source.file, path.value);
        let rules = rules_file::rules_file(&file)?;
        rules.checked().map_err(|error| Trouble::input("bad-value", error.to_string(), PAGE).in_file(&file))?;
        return Ok(Some(rules));
    }
    let names = rules();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(section) = trading.section("risk", &known)? else { return Ok(None) };
    let lines = section.value.leaves();
    let File { trading: InTrading { risk } } = toml::from_str(source.text).map_err(|error| {
        let line = error.span().map_or(section.line, |span| source.line(span.start));
        // A table within a line has its own line's key; one that lacks something has the line of its name.
        let key = lines.iter().rfind(|(_, at)| *at == line).map_or("trading.risk", |(key, _)| key);
        let (code, remedy) = match error.message().starts_with("unknown field") {
            true => ("unknown-key", unknown(error.message())),
            false => ("bad-value", PAGE.to_owned()),
        };
        Trouble { code, ..source.trouble("bad-value", line, key, error.message().to_owned(), remedy) }
    })?;
    risk.checked().map_err(|error| {
        let key = match &error {
            RulesError::NoQuote => "trading.risk.quote".to_owned(),
            RulesError::Mint { key, .. } => format!("trading.risk.{key}"),
            RulesError::Range { key, .. } => format!("trading.risk.{}", key.replace('"', "")),
            _ => "trading.risk".to_owned(),
        };
        let line = lines.iter().find(|(name, _)| *name == key).map_or(section.line, |(_, line)| *line);
        source.trouble("bad-value", line, &key, error.to_string(), PAGE.to_owned())
    })?;
    Ok(Some(risk))
}

/// The nearest of the names that the reader's words hold: unknown field `x`, expected `a` or `b`.
fn unknown(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match words.split_first() {
        Some((word, known)) => suggest::remedy(word, known),
        None => PAGE.to_owned(),
    }
}
