//! `grants.toml` as `simulate --grants FILE` and `run` read it: what the operator leaves of what packs request.
//! It can only cut. Not here: the cutting, and the operations a capability has (`check_operations` is told them).

use std::{collections::BTreeMap, path::Path};

use puppet_types::{Capability, PackId};

use super::{
    money,
    read::{Found, Section, Source},
    suggest,
};
use crate::trouble::Result;

/// What is left of one request of one pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantCut {
    /// Whose request.
    pub pack: PackId,
    /// For what.
    pub capability: Capability,
    /// Only these operations; `None`: all that it requests. Never empty.
    pub operations: Option<Vec<String>>,
    /// The most of each amount, by keys like `tokens/day`; dollars in micro-dollars.
    pub amounts: BTreeMap<String, u64>,
    /// Line of the `[[grant]]`, or of its `operations` where it has them.
    pub line: usize,
}

const KEYS: [&str; 5] = ["pack", "capability", "operations", "amounts", "mode"];
/// The amounts of `puppet_grants::Amount`.
const AMOUNTS: [&str; 10] =
    ["tokens", "usd", "posts", "replies", "likes", "deletes", "events", "rows", "bytes", "timers"];
const PERIODS: [&str; 2] = ["hour", "day"];

/// Reads the text of a grants file; `path` is for errors.
///
/// # Errors
/// What is unknown, wrong, missing or said twice, with line and field.
pub fn parse(text: &str, path: &Path) -> Result<Vec<GrantCut>> {
    let source = Source { file: path, text };
    let table = source.parse()?;
    let root = Section::new(source, "", &table, &["grant"])?;
    let mut cuts: Vec<(usize, GrantCut)> = Vec::new();
    for grant in root.sections("grant", &KEYS)? {
        let cut = read(&grant)?;
        if let Some((first, _)) =
            cuts.iter().find(|(_, other)| other.pack == cut.pack && other.capability == cut.capability)
        {
            let message = format!("`{}` for `{}` is granted already on line {first}", cut.capability, cut.pack);
            return Err(grant.value.wrong("capability", grant.line, message, "make one [[grant]] of the two"));
        }
        cuts.push((grant.line, cut));
    }
    Ok(cuts.into_iter().map(|(_, cut)| cut).collect())
}

/// Checks the operations against those that each capability has; `None` for one that cannot be granted.
///
/// # Errors
/// The first that does not exist, with the nearest that does.
pub fn check_operations<'a>(
    cuts: &[GrantCut],
    path: &Path,
    known: impl Fn(Capability) -> Option<&'a [&'a str]>,
) -> Result<()> {
    let source = Source { file: path, text: "" };
    let wrong = |cut: &GrantCut, field: &str, message: String, remedy: String| {
        source.trouble("bad-value", cut.line, field, message, remedy)
    };
    for cut in cuts {
        let Some(operations) = known(cut.capability) else {
            let message = format!("`{}` cannot be granted yet", cut.capability);
            return Err(wrong(cut, "grant.capability", message, "take this [[grant]] out".to_owned()));
        };
        let unknown = cut.operations.iter().flatten().find(|name| !operations.contains(&name.as_str()));
        if let Some(name) = unknown {
            let message = format!("`{name}` is no operation of `{}`", cut.capability);
            return Err(wrong(cut, "grant.operations", message, suggest::remedy(name, operations)));
        }
    }
    Ok(())
}

fn read(grant: &Found<Section<'_>>) -> Result<GrantCut> {
    let section = &grant.value;
    let missing = |key: &str, remedy: &str| section.wrong(key, grant.line, "is missing", remedy);
    let pack = section
        .parsed("pack", "the id of a pack: letters, digits, `-`, `_` or `.`", pack_id)?
        .ok_or_else(|| missing("pack", "name the pack that this is about: pack = \"ember\""))?;
    let named = section
        .text("capability", "the name of a capability")?
        .ok_or_else(|| missing("capability", "name what it may use: capability = \"llm\""))?;
    let capability = match Capability::parse(&named.value) {
        Some(capability) if capability.comes_with_every_plugin() => {
            let message = format!("`{capability}` comes with every plugin: there is nothing to grant");
            return Err(section.wrong("capability", named.line, message, "take this [[grant]] out"));
        }
        Some(capability) => capability,
        None => {
            let known: Vec<&str> = Capability::ALL
                .iter()
                .filter(|capability| !capability.comes_with_every_plugin())
                .map(|capability| capability.name())
                .collect();
            let message = format!("`{}` is no capability", named.value);
            return Err(section.wrong("capability", named.line, message, suggest::remedy(&named.value, &known)));
        }
    };
    check_mode(section)?;
    let operations = section.texts("operations")?;
    if let Some(Found { value, line }) = &operations
        && value.is_empty()
    {
        let message = "expected at least one operation";
        let remedy = "leave the key out for all of them; to forbid all, set the amounts to 0";
        return Err(section.wrong("operations", *line, message, remedy));
    }
    let line = operations.as_ref().map_or(grant.line, |operations| operations.line);
    let operations = operations.map(|operations| operations.value);
    let mut amounts = BTreeMap::new();
    if let Some((table, entries)) = section.named("amounts")? {
        for entry in entries {
            let amount = known_amount(&entry.name).ok_or_else(|| {
                let known: Vec<String> = AMOUNTS
                    .iter()
                    .flat_map(|amount| PERIODS.iter().map(move |period| format!("{amount}/{period}")))
                    .collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let message = format!("`{}` is no amount", entry.name);
                table.wrong(&entry.name, entry.line, message, suggest::remedy(&entry.name, &known))
            })?;
            let most = if amount == "usd" {
                table.parsed(&entry.name, "dollars as a text, for example \"0.50\"", money::parse_usd_micros)?
            } else {
                table.integer(&entry.name, 0..=i64::MAX.unsigned_abs())?
            };
            amounts.extend(most.map(|most| (entry.name.clone(), most.value)));
        }
    }
    if operations.is_none() && amounts.is_empty() {
        return Err(missing("amounts", "say what is left: amounts = { \"tokens/day\" = 100000 }"));
    }
    Ok(GrantCut { pack: pack.value, capability, operations, amounts, line })
}

/// Effects leave as they are decided. Whoever asks for anything else must not believe that it is so.
fn check_mode(section: &Section<'_>) -> Result<()> {
    let Some(Found { value, line }) = section.text("mode", "`live`")? else { return Ok(()) };
    let (message, remedy) = match value.as_str() {
        "live" => return Ok(()),
        "approve" => (
            "`approve` is not there yet: nobody would be asked before something leaves",
            "set the amounts to 0 to let nothing leave, or take the mode out",
        ),
        "dry-run" => (
            "`dry-run` is not there yet: everything would leave",
            "set the amounts to 0, or try it with `puppet simulate`",
        ),
        _ => ("expected `live`", "take the mode out"),
    };
    Err(section.wrong("mode", line, message, remedy))
}

fn pack_id(text: &str) -> Option<PackId> {
    let shape = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(shape)).then(|| PackId::new(text))
}

fn known_amount(key: &str) -> Option<&'static str> {
    let (amount, period) = key.split_once('/')?;
    PERIODS.contains(&period).then_some(())?;
    AMOUNTS.into_iter().find(|known| *known == amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<GrantCut>> {
        super::parse(text, Path::new("grants.toml"))
    }

    #[test]
    fn amounts_and_operations_are_read() {
        let cuts = parse(
            "[[grant]]\npack = \"ember\"\ncapability = \"llm\"\namounts = { \"tokens/day\" = 100000, \"usd/day\" = \"0.50\" }\n\n\
             [[grant]]\npack = \"ember\"\ncapability = \"tweet\"\noperations = [\"reply\"]\n",
        )
        .unwrap();
        assert_eq!(cuts.len(), 2);
        assert_eq!((cuts[0].pack.as_str(), cuts[0].capability, cuts[0].line), ("ember", Capability::Llm, 1));
        assert_eq!(cuts[0].amounts, BTreeMap::from([("tokens/day".into(), 100_000), ("usd/day".into(), 500_000)]));
        assert_eq!(cuts[0].operations, None);
        assert_eq!((cuts[1].operations.as_deref(), cuts[1].line), (Some(&["reply".to_owned()][..]), 9));
        let live = "[[grant]]\npack = \"ember\"\ncapability = \"llm\"\nmode = \"live\"\noperations = [\"embed\"]\n";
        assert_eq!(parse(live).unwrap().len(), 1);
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn errors_name_line_field_and_remedy() {
        let grant = "[[grant]]\npack = \"ember\"\n";
        for (text, expected) in [
            (
                "[[grants]]\npack = \"x\"\n",
                "grants.toml:1: grants: `grants` is not a key\n  help: did you mean `grant`?",
            ),
            (
                &format!("{grant}capability = \"lmm\"\n"),
                "grants.toml:3: grant.capability: `lmm` is no capability\n  help: did you mean `llm`?",
            ),
            (
                &format!("{grant}capability = \"log\"\n"),
                "grants.toml:3: grant.capability: `log` comes with every plugin",
            ),
            (
                &format!("{grant}capability = \"llm\"\namounts = {{ \"token/day\" = 1 }}\n"),
                "grants.toml:4: grant.amounts.token/day: `token/day` is no amount\n  help: did you mean `tokens/day`?",
            ),
            (
                &format!("{grant}capability = \"llm\"\namounts = {{ \"usd/day\" = 1 }}\n"),
                "grants.toml:4: grant.amounts.usd/day: expected dollars as a text, for example \"0.50\", found a whole number",
            ),
            (
                &format!("{grant}capability = \"llm\"\namounts = {{ \"tokens/day\" = -1 }}\n"),
                "grants.toml:4: grant.amounts.tokens/day: expected a whole number from 0",
            ),
            (
                &format!("{grant}capability = \"llm\"\noperations = []\n"),
                "grants.toml:4: grant.operations: expected at least",
            ),
            (&format!("{grant}capability = \"llm\"\n"), "grants.toml:1: grant.amounts: is missing"),
            (
                &format!("{grant}capability = \"tweet\"\nmode = \"approve\"\namounts = {{ \"posts/day\" = 1 }}\n"),
                "grants.toml:4: grant.mode: `approve` is not there yet: nobody would be asked",
            ),
            (
                &format!("{grant}capability = \"tweet\"\nmode = \"dry-run\"\n"),
                "grants.toml:4: grant.mode: `dry-run` is not there yet",
            ),
            (&format!("{grant}capability = \"tweet\"\nmode = \"aprove\"\n"), "grant.mode: expected `live`"),
            ("[[grant]]\ncapability = \"llm\"\n", "grants.toml:1: grant.pack: is missing"),
            (
                &format!("{grant}capability = \"llm\"\noperations = [\"embed\"]\n").repeat(2),
                "grants.toml:5: grant.capability: `llm` for `ember` is granted already on line 1",
            ),
            ("[grant]\npack = \"ember\"\n", "grants.toml:1: grant: expected an array of tables"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }

    #[test]
    fn operations_are_checked_against_what_there_is() {
        let cuts = parse("[[grant]]\npack = \"ember\"\ncapability = \"tweet\"\noperations = [\"repl\"]\n").unwrap();
        let path = Path::new("grants.toml");
        let known: &[&str] = &["post", "reply"];
        let error = check_operations(&cuts, path, |_| Some(known)).unwrap_err().to_string();
        assert!(error.contains("grants.toml:4: grant.operations: `repl` is no operation of `tweet`"), "{error}");
        assert!(error.contains("did you mean `reply`?"), "{error}");
        assert!(check_operations(&cuts, path, |_| None).is_err());
        assert!(check_operations(&cuts, path, |_| Some(&["repl"])).is_ok());
    }
}
