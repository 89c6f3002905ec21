//! Schemas of the files that people write, for editors: made of the tables and types that the program reads those files by.
//! What they refuse the program refuses, too; what they let through it may still refuse. docs/schemas/files holds them as
//! files.

mod configuration;
mod grants;
mod pack;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

/// The files that have one, by the names of their schemas.
pub const NAMES: [&str; 4] = ["pack", "grants", "puppet", "scenario"];

/// The schema of a file; none where there is none of that name.
pub fn schema(name: &str) -> Option<Value> {
    let (title, mut schema) = match name {
        "pack" => ("A pack (pack.toml)", pack::schema()),
        "grants" => ("What packs may do (grants.toml)", grants::schema()),
        "puppet" => ("The configuration (puppet.toml)", configuration::schema()),
        "scenario" => return Some(puppet_author::scenario::schema()),
        _ => return None,
    };
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    Some(schema)
}

/// The text of the file that holds it.
pub fn text(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
