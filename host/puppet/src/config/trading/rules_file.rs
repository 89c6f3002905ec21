//! A file of rules that `--risk` or `[trading] risk` names: TOML with `[trading.risk]`, or an agent file of the original
//! engine, whose trading settings are its rules (docs/trading/risk.md).

use std::path::Path;

use puppet_wallet::Rules;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    files,
    trouble::{Result, Trouble},
};

const REMEDY: &str = "name a file with `[trading.risk]`, or an agent file of the original (docs/trading/risk.md)";
const PAGE: &str = "docs/trading/risk.md lists every rule";

/// What else stands in the file is somebody else's: it may be a whole configuration.
#[derive(Deserialize)]
struct File {
    trading: Option<Trading>,
}

#[derive(Deserialize)]
struct Trading {
    risk: Option<Rules>,
}

/// The rules of a file.
///
/// # Errors
/// It cannot be read, or a setting in it cannot be meant or is not known: a rule that is passed over protects from nothing.
pub fn rules_file(path: &Path) -> Result<Rules> {
    let text = files::text(path)
        .map_err(|error| Trouble::input("risk-file", format!("cannot be read: {error}"), REMEDY).in_file(path))?;
    let text = text.trim_start_matches('\u{feff}');
    // No TOML begins so.
    if text.trim_start().starts_with('{') { of_agent(text, path) } else { of_toml(text, path) }
}

fn of_toml(text: &str, path: &Path) -> Result<Rules> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let trouble = Trouble::input("bad-value", error.message(), PAGE).in_file(path);
        match line {
            Some(line) => trouble.on_line(line),
            None => trouble,
        }
    })?;
    file.trading
        .and_then(|trading| trading.risk)
        .ok_or_else(|| Trouble::input("risk-file", "there is no `[trading.risk]` in it", REMEDY).in_file(path))
}

fn of_agent(text: &str, path: &Path) -> Result<Rules> {
    let file: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("is not JSON: {error}");
        Trouble::input("risk-file", message, REMEDY).in_file(path).on_line(error.line())
    })?;
    let found = Rules::from_original(&file).map_err(|error| {
        let remedy = "docs/trading/risk.md#from-the-original-engine lists every setting";
        Trouble::input("bad-value", error.to_string(), remedy).in_file(path)
    })?;
    if let Some(unknown) = found.unknown.first() {
        let message = "is no trading setting of the original: what it was to forbid would not be forbidden";
        let remedy = "take it out of a copy of the file, and name the copy";
        return Err(Trouble::input("unknown-key", message, remedy).in_file(path).of_field(unknown));
    }
    if found.mapped.is_empty() {
        let message = "holds no trading settings: no trading_behavior, solana_integration or agent_kit_integration";
        return Err(Trouble::input("risk-file", message, REMEDY).in_file(path));
    }
    Ok(found.rules)
}
