//! The schema files: read, compiled, looked into, and what a value of theirs looks like when it is broken.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use jsonschema::Validator;
use puppet_grants::Amount;
use puppet_types::{Breach, Capability};
use serde_json::{Map, Value};

/// One file.
pub struct Schema {
    pub text: Value,
    validator: Validator,
}

/// docs/schemas.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// All files, by name without its ending.
pub fn schemas() -> &'static BTreeMap<String, Schema> {
    static SCHEMAS: LazyLock<BTreeMap<String, Schema>> = LazyLock::new(|| {
        let read = |path: PathBuf| {
            let text: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let validator = jsonschema::draft202012::new(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), Schema { text, validator })
        };
        // Those of files that people write lie in a folder of their own.
        let paths = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_file()).map(read).collect()
    });
    &SCHEMAS
}

/// Enumerations that are the program's, by the name of their definition.
pub fn of_code() -> [(&'static str, Vec<String>); 4] {
    let decisions = include_str!("../../host/types/src/decision.rs");
    let kinds = decisions.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    [
        ("decision_kind", kinds.map(str::to_owned).collect()),
        ("breach", Breach::ALL.iter().map(|breach| breach.code().to_owned()).collect()),
        ("capability", Capability::ALL.iter().map(|capability| capability.name().to_owned()).collect()),
        ("amount_name", Amount::ALL.iter().map(|amount| amount.name().to_owned()).collect()),
    ]
}

impl Schema {
    /// What is wrong with a value, each with its place.
    pub fn errors(&self, value: &Value) -> Vec<String> {
        self.validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// What it defines for its own use.
    pub fn definitions(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.text["$defs"].as_object().into_iter().flatten()
    }

    /// Objects whose fields are not all required, or that let others in.
    pub fn loose(&self) -> Vec<String> {
        let mut found = Vec::new();
        loose(&self.text, "", &mut found);
        found
    }

    /// The value with one required field gone, or one unknown field more, wherever an object stands in it.
    pub fn broken(&self, value: &Value) -> Vec<(String, Value)> {
        let mut places = Vec::new();
        self.objects(&self.text, value, String::new(), &mut places);
        let mut broken = Vec::new();
        for (place, required) in places {
            let edit = |how: &dyn Fn(&mut Map<String, Value>)| {
                let mut value = value.clone();
                how(value.pointer_mut(&place).unwrap().as_object_mut().unwrap());
                value
            };
            for field in required {
                let gone = edit(&|map| assert!(map.remove(&field).is_some(), "{place}/{field}"));
                broken.push((format!("without {place}/{field}"), gone));
            }
            let more = edit(&|map| drop(map.insert("surprise".to_owned(), Value::Null)));
            broken.push((format!("{place}/surprise"), more));
        }
        broken
    }

    /// Places of objects with their required fields; of a list its first item.
    fn objects(&self, schema: &Value, value: &Value, place: String, out: &mut Vec<(String, Vec<String>)>) {
        let schema = self.resolved(schema);
        if let Some(Value::Array(either)) = schema.get("anyOf") {
            if !value.is_null() {
                self.objects(&either[0], value, place, out);
            }
            return;
        }
        match value {
            Value::Object(map) => {
                let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
                for (key, inner) in properties {
                    if let Some(value) = map.get(key) {
                        self.objects(inner, value, format!("{place}/{key}"), out);
                    }
                }
                out.push((place, properties.keys().cloned().collect()));
            }
            Value::Array(items) => {
                if let (Some(inner), Some(first)) = (schema.get("items"), items.first()) {
                    self.objects(inner, first, format!("{place}/0"), out);
                }
            }
            _ => {}
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(to) => self.text.pointer(to.trim_start_matches('#')).unwrap_or_else(|| panic!("{to}")),
            None => schema,
        }
    }
}

fn loose(schema: &Value, place: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                let required: Vec<&str> =
                    map["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let all = properties.keys().all(|key| required.contains(&key.as_str()));
                if !all || required.len() != properties.len() || map.get("additionalProperties") != Some(&false.into())
                {
                    found.push(place.to_owned());
                }
            }
            for (key, inner) in map {
                loose(inner, &format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| loose(inner, place, found)),
        _ => {}
    }
}
