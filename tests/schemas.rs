//! Every `--json` output of the built program, and every file it writes for scripts, against docs/schemas: each is
//! what its schema says, no schema is without a use or a word in the docs, and a schema refuses what is not whole.

mod errors;
mod outputs;
mod recovered;
mod served;
pub mod shapes;

use std::collections::BTreeSet;

use serde_json::Value;

use self::{
    outputs::outputs,
    shapes::{folder, of_code, schemas},
};
use crate::support::list;

#[test]
fn every_output_is_what_its_schema_says() {
    for output in outputs() {
        let wrong = schemas()[output.schema].errors(&output.value);
        assert!(wrong.is_empty(), "{} is not {}.json: {wrong:#?}", output.what, output.schema);
    }
}

#[test]
fn every_object_ends_with_a_line_and_comes_alone() {
    for output in outputs().iter().filter(|output| output.schema != "error") {
        let text = &output.text;
        assert!(text.starts_with('{') && text.ends_with("}\n") && !text.contains('\r'), "{}: {text}", output.what);
    }
}

#[test]
fn numbers_have_six_decimals_at_most_and_none_is_undefined() {
    fn check(value: &Value, what: &str) {
        match value {
            Value::Number(number) => {
                let text = number.to_string();
                // `3e-6` is written so.
                let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
                let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                let decimals = i64::try_from(decimals).unwrap() - power.parse::<i64>().unwrap();
                assert!(decimals <= 6, "{what}: {text}");
            }
            Value::String(text) => assert!(!["NaN", "inf", "-inf"].contains(&text.as_str()), "{what}: {text}"),
            Value::Array(items) => items.iter().for_each(|item| check(item, what)),
            Value::Object(map) => map.values().for_each(|item| check(item, what)),
            Value::Null | Value::Bool(_) => {}
        }
    }
    for output in outputs() {
        check(&output.value, &output.what);
    }
}

#[test]
fn every_schema_is_used() {
    let mut used: BTreeSet<&str> = outputs().iter().map(|output| output.schema).collect();
    // Answers that no command prints: tests of the server hold them.
    used.extend(puppet_api::schema::FILES.iter().map(|(name, _)| *name));
    let known: BTreeSet<&str> = schemas().keys().map(String::as_str).collect();
    assert_eq!(used, known);
}

#[test]
fn every_schema_is_listed_in_the_docs() {
    let docs = folder().join("..");
    let page = std::fs::read_to_string(docs.join("reference/schemas.md")).unwrap();
    for name in schemas().keys() {
        assert!(page.contains(&format!("](../schemas/{name}.json)")), "{name}");
    }
    for link in page.split("](../schemas/").skip(1) {
        let file = link.split(')').next().unwrap();
        assert!(folder().join(file).is_file(), "{file} is listed and not there");
    }
    assert!(std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap().contains("(reference/schemas.md)"));
}

#[test]
fn schemas_are_valid_and_strict() {
    for (name, schema) in schemas() {
        if let Err(error) = jsonschema::meta::validate(&schema.text) {
            panic!("{name}.json is no schema: {error}");
        }
        let loose = schema.loose();
        assert!(loose.is_empty(), "{name}.json lets fields come or go: {loose:?}");
    }
}

#[test]
fn what_several_schemas_define_is_the_same_in_each() {
    let all: Vec<_> = schemas().iter().collect();
    for (name, schema) in &all {
        for (other_name, other) in &all {
            for (key, definition) in schema.definitions() {
                let same = other.definitions().all(|(other_key, other)| key != other_key || definition == other);
                assert!(same, "{key} in {name}.json and {other_name}.json");
            }
        }
    }
    let listed = schemas()["journal"].text.pointer("/$defs/invocation").unwrap();
    for part in ["required", "properties", "additionalProperties"] {
        assert_eq!(listed[part], schemas()["invocation"].text[part]);
    }
}

#[test]
fn codes_of_the_schemas_are_those_of_the_program() {
    for (name, codes) in of_code() {
        let defined = schemas().values().filter_map(|schema| schema.text["$defs"][name]["enum"].as_array());
        let mut found = 0;
        for written in defined {
            let written: BTreeSet<&str> = written.iter().map(|code| code.as_str().unwrap()).collect();
            assert_eq!(written, codes.iter().map(String::as_str).collect(), "{name}");
            found += 1;
        }
        assert!(found > 0, "{name} is in no schema");
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    for output in outputs() {
        let schema = &schemas()[output.schema];
        let broken = schema.broken(&output.value);
        assert!(!broken.is_empty(), "{}: nothing to break", output.what);
        for (how, value) in broken {
            assert!(!schema.errors(&value).is_empty(), "{}: accepted {how}", output.what);
        }
    }
    // Not only shapes: words and times count.
    let journal = outputs().iter().find(|output| output.schema == "invocation").unwrap();
    let wrong =
        [("outcome", "fine"), ("breach", "too-slow"), ("at", "2026-01-05 00:00:00"), ("settings_digest", "abc")];
    for (field, word) in wrong {
        let mut value = journal.value.clone();
        value[field] = word.into();
        assert!(!schemas()["invocation"].errors(&value).is_empty(), "accepted {field} = {word}");
    }
}

#[test]
fn every_budget_adds_up() {
    let mut seen = 0;
    for output in outputs() {
        let budgets: Vec<&Value> = match output.schema {
            "budgets" => list(&output.value, "items").iter().collect(),
            "simulate" => list(&output.value, "agents").iter().flat_map(|agent| list(agent, "budgets")).collect(),
            _ => continue,
        };
        for budget in budgets {
            let number = |key: &str| budget[key].as_u64().unwrap();
            // No file here forbids anything: what has a counter has a right to something.
            assert!(output.schema != "budgets" || number("limit") > 0, "{}: {budget}", output.what);
            assert_eq!(number("left") + number("used") + number("reserved"), number("limit"), "{budget}");
            seen += 1;
        }
    }
    assert!(seen > 50);
}
