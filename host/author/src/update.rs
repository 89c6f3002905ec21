//! Writes into a scenario what happened: the decisions, the end and the fuel of steps that differ. Comments, order and
//! everything that still holds stay as they are.

use serde_json::Value;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table};

use crate::{
    Fault,
    found::{self, Led, said, wrong_text},
    scenario::{Match, Scenario, Step},
};
use puppet_types::Outcome;

/// The text with the steps of these numbers (from 0) as they happened. `weigh` is the weighted length.
///
/// # Errors
/// The text is no TOML.
pub fn rewritten(
    text: &str,
    scenario: &Scenario,
    happened: &[(usize, &Led)],
    weigh: fn(&str) -> u32,
) -> Result<String, Fault> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| Fault::new(error.message().to_owned(), ""))?;
    let steps = document.get_mut("step").and_then(Item::as_array_of_tables_mut);
    let Some(steps) = steps else {
        return Err(Fault::new("steps that are not written as [[step]] are not rewritten", "write [[step]]").of("step"));
    };
    for (n, led) in happened {
        if let (Some(table), Some(step)) = (steps.get_mut(*n), scenario.step.get(*n)) {
            one(table, step.get_ref(), led, weigh);
        }
    }
    Ok(with_ends_of(text, document.to_string()))
}

/// Lines end as they did.
fn with_ends_of(text: &str, whole: String) -> String {
    if text.contains("\r\n") { whole.replace("\r\n", "\n").replace('\n', "\r\n") } else { whole }
}

/// The text with these orders of its strategy.
///
/// # Errors
/// The text is no TOML.
pub fn rewritten_orders(text: &str, orders: &[String]) -> Result<String, Fault> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| Fault::new(error.message().to_owned(), ""))?;
    let mut list: Array = orders.iter().map(String::as_str).collect();
    for order in list.iter_mut() {
        order.decor_mut().set_prefix("\n    ");
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    if let Some(strategy) = document.get_mut("strategy").and_then(Item::as_table_like_mut) {
        strategy.insert("orders", toml_edit::value(list));
    }
    Ok(with_ends_of(text, document.to_string()))
}

/// The text with more answers at its end, each with the list that it belongs to (`llm`, `http`) and its keys.
pub fn with_answers(text: &str, answers: &[(&str, Vec<(&str, toml_edit::Value)>)]) -> String {
    let mut whole = text.trim_end().to_owned();
    for (list, keys) in answers {
        let mut table = Table::new();
        for (key, value) in keys {
            table.insert(key, toml_edit::value(value.clone()));
        }
        whole.push_str(&format!("\n\n[[answer.{list}]]\n"));
        whole.push_str(table.to_string().trim_end());
    }
    whole.push('\n');
    whole
}

fn one(table: &mut Table, step: &Step, led: &Led, weigh: fn(&str) -> u32) {
    end(table, step, led);
    if step.fuel.as_ref().is_some_and(|fuel| fuel.recorded != Some(led.fuel()))
        && let Some(fuel) = table.get_mut("fuel").and_then(Item::as_table_like_mut)
    {
        fuel.insert("recorded", whole(led.fuel()));
    }
    let asked = led.reads();
    if step.reads.as_ref().is_some_and(|reads| *reads != asked) {
        table.insert("reads", toml_edit::value(asked.iter().map(String::as_str).collect::<Array>()));
    }
    let decided = led.decisions();
    // What holds stays as it is, also where not all that is decided is written down.
    if found::compared(step) == Match::Any || found::decided(step, &decided, weigh) {
        return;
    }
    let old = table.remove("decision").and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default();
    if decided.is_empty() {
        // That nothing is decided has to be said.
        table.insert("decisions", toml_edit::value("exact"));
        return;
    }
    let mut tables = ArrayOfTables::new();
    let mut left: Vec<(Table, usize)> = old.into_iter().enumerate().map(|(n, table)| (table, n)).collect();
    for decision in &decided {
        let kind = decision["kind"].as_str().unwrap_or_default();
        // The next one of that kind keeps what holds of it.
        let at = left.iter().position(|(table, _)| table.get("kind").and_then(Item::as_str) == Some(kind));
        let mut table = match at {
            Some(at) => {
                let (table, n) = left.remove(at);
                left.drain(..at);
                let text = step.decision.get(n).and_then(|decision| decision.get_ref().text.clone());
                kept(table, text.as_ref(), decision, weigh)
            }
            None => fresh(kind, decision),
        };
        table.set_implicit(false);
        tables.push(table);
    }
    table.insert("decision", Item::ArrayOfTables(tables));
}

fn end(table: &mut Table, step: &Step, led: &Led) {
    let Some(own) = led.invocations.first() else { return };
    let implied = step.breach.is_some() || step.declined.is_some() || step.failed_contains.is_some();
    let expected = step.outcome.as_deref();
    if (expected.is_some() && expected != Some(own.outcome.name())) || implied || !matches!(own.outcome, Outcome::Ok) {
        for key in ["breach", "declined", "failed_contains"] {
            table.remove(key);
        }
        match &own.outcome {
            Outcome::Ok => {
                table.remove("outcome");
            }
            other => {
                table.insert("outcome", toml_edit::value(other.name()));
            }
        }
        match &own.outcome {
            Outcome::Declined(declined) => {
                let mut said = InlineTable::new();
                said.insert("code", declined.code.as_str().into());
                if let Some(at) = declined.retry_at {
                    said.insert("retry_at", at.to_string().into());
                }
                table.insert("declined", toml_edit::value(said));
            }
            Outcome::Breach(breach, _) => {
                table.insert("breach", toml_edit::value(breach.code()));
            }
            Outcome::Failed(message) => {
                table.insert("failed_contains", toml_edit::value(message.as_str()));
            }
            Outcome::Ok => {}
        }
    }
}

/// A decision that was written down: what holds stays, the rest is as it happened.
fn kept(
    mut table: Table,
    text: Option<&crate::scenario::TextExpected>,
    decision: &Value,
    weigh: fn(&str) -> u32,
) -> Table {
    if let Some(text) = text
        && let Some(said) = said(decision)
    {
        let wrong = wrong_text(text, &said, weigh);
        if let Some(conditions) = table.get_mut("text").and_then(Item::as_table_like_mut) {
            // Those that hold stay.
            for (key, _) in &wrong {
                conditions.remove(key);
            }
            if !wrong.is_empty() {
                conditions.insert("is", toml_edit::value(said.as_str()));
            }
        }
    }
    if let Some(body) = table.get_mut("body").and_then(Item::as_table_like_mut) {
        correct(body, &decision["body"]);
    }
    table
}

fn correct(named: &mut dyn toml_edit::TableLike, found: &Value) {
    let keys: Vec<String> = named.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        let Some(is) = found.get(&key) else {
            named.remove(&key);
            continue;
        };
        match named.get_mut(&key) {
            Some(item) if item.is_table_like() && is.is_object() => {
                if let Some(inner) = item.as_table_like_mut() {
                    correct(inner, is);
                }
            }
            Some(item) if same(item, is) => {}
            _ => {
                if let Some(value) = toml(is) {
                    named.insert(&key, Item::Value(value));
                } else {
                    named.remove(&key);
                }
            }
        }
    }
}

fn same(item: &Item, is: &Value) -> bool {
    match (item.as_value(), toml(is)) {
        (Some(item), Some(is)) => item.to_string().trim() == is.to_string().trim(),
        _ => false,
    }
}

/// A decision that was not written down.
fn fresh(kind: &str, decision: &Value) -> Table {
    let mut table = Table::new();
    table.insert("kind", toml_edit::value(kind));
    if let Some(text) = said(decision) {
        table.insert("text", is(&text));
    }
    let mut body = InlineTable::new();
    for (key, value) in decision["body"].as_object().into_iter().flatten() {
        // The words stand in `text`; ids and times of a memory are the host's.
        let skipped = ["text", "parts", "memory", "cause"].contains(&key.as_str());
        let empty = value.as_array().is_some_and(Vec::is_empty);
        if !skipped
            && !empty
            && let Some(value) = toml(value)
        {
            body.insert(key, value);
        }
    }
    if !body.is_empty() {
        table.insert("body", toml_edit::value(body));
    }
    table
}

fn is(text: &str) -> Item {
    let mut said = InlineTable::new();
    said.insert("is", text.into());
    toml_edit::value(said)
}

fn whole(number: u64) -> Item {
    toml_edit::value(i64::try_from(number).unwrap_or(i64::MAX))
}

/// As TOML has it; none for null.
fn toml(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().filter_map(toml).collect::<Array>().into(),
        Value::Object(map) => {
            let mut table = InlineTable::new();
            for (key, value) in map {
                if let Some(value) = toml(value) {
                    table.insert(key, value);
                }
            }
            table.into()
        }
    })
}
