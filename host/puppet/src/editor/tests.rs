//! The schemas against what the program reads: the same keys, and the same slips refused.

use std::path::Path;

use puppet_packs::Manifest;
use serde_json::Value;

use super::*;
use crate::config::{check, grants_file};

fn of(name: &str) -> Value {
    schema(name).unwrap()
}

#[test]
fn the_files_of_the_docs_are_what_the_program_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/files");
    for name in NAMES {
        let (path, made) = (folder.join(format!("{name}.json")), text(&of(name)));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, made).unwrap();
        } else {
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(there == made, "{name}.json is another: run `UPDATE=1 cargo test -p puppet editor::`");
        }
    }
}

/// A text as the program reads it: what is wrong with it.
fn read(name: &str, toml: &str) -> Result<(), String> {
    let path = Path::new("file.toml");
    match name {
        "pack" => Manifest::parse(toml, path).map(drop).map_err(|error| error.to_string()),
        "grants" => grants_file::parse(toml, path).map(drop).map_err(|error| error.to_string()),
        "puppet" => check(path, toml).map_err(|error| error.to_string()),
        _ => puppet_author::scenario::Scenario::parse(toml, "file").map(drop).map_err(|error| format!("{error:?}")),
    }
}

fn holds(name: &str, toml: &str) -> bool {
    let value: toml::Value = toml::from_str(toml).unwrap();
    let validator = jsonschema::validator_for(&of(name)).unwrap();
    validator.is_valid(&serde_json::to_value(value).unwrap())
}

const PACK: &str = "id = \"lamp\"\nversion = \"0.1.0\"\ncomponent = \"lamp.wasm\"\n";
const SCENARIO: &str = "schema = \"puppet.scenario/1\"\n[[step]]\nadvance = \"1h\"\n";

/// Where a table of a schema stands in a file, and what has to be there beside it.
fn tables(name: &str) -> Vec<(&'static str, String)> {
    let pack = |more: &str| format!("{PACK}{more}");
    match name {
        "pack" => vec![
            ("", pack("")),
            ("/properties/agent", pack("[agent]\n")),
            ("/properties/agent/properties/mood_decay", pack("[agent.mood_decay]\n")),
            ("/properties/setting/additionalProperties", pack("[setting.a]\ntype = \"text\"\ndoc = \"a\"\n")),
            ("/properties/links", pack("[links]\n")),
            ("/properties/build", pack("[build]\nlang = \"rust\"\nkind = \"personality\"\n")),
            ("/properties/budget", pack("[budget]\n")),
            ("/properties/requests", pack("[requests]\n")),
            ("/properties/requests/properties/llm", pack("[requests.llm]\n")),
            ("/properties/requests/properties/llm/properties/amounts", pack("[requests.llm.amounts]\n")),
            ("/properties/requests/properties/events", pack("[requests.events]\n")),
            ("/properties/requests/properties/http", pack("[requests.http]\nhosts = [\"a.test\"]\n")),
        ],
        "grants" => vec![
            ("", String::new()),
            ("/properties/packs/additionalProperties", "[packs.a]\n".to_owned()),
            ("/properties/packs/additionalProperties/properties/tweet", "[packs.a.tweet]\n".to_owned()),
            ("/properties/packs/additionalProperties/properties/llm", "[packs.a.llm]\n".to_owned()),
            (
                "/properties/packs/additionalProperties/properties/http",
                "[packs.a.http]\nhosts = [\"a.test\"]\n".to_owned(),
            ),
            ("/properties/accounts/additionalProperties", "[accounts.a]\n".to_owned()),
            ("/properties/host", "[host]\n".to_owned()),
        ],
        _ => Vec::new(),
    }
}

/// The program names the keys that it knows where it meets one that is none.
#[test]
fn the_keys_of_a_schema_are_those_that_the_program_knows() {
    for name in ["pack", "grants"] {
        for (place, toml) in tables(name) {
            let odd = "zzzzzzzzzzzzzzzz";
            let text = if toml.contains('[') { format!("{toml}{odd} = 1\n") } else { format!("{odd} = 1\n{toml}") };
            let said = read(name, &text).unwrap_err();
            let known =
                said.split_once("use one of ").or_else(|| said.split_once("known here: ")).map(|(_, keys)| keys);
            let known = known.unwrap_or_else(|| panic!("{name} {place}: {said}"));
            let mut known: Vec<&str> = known.lines().next().unwrap().split(", ").map(str::trim).collect();
            let schema = of(name);
            let properties = schema.pointer(place).unwrap()["properties"].as_object().unwrap();
            let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
            known.sort_unstable();
            keys.sort_unstable();
            assert_eq!(keys, known, "{name} {place}");
        }
    }
}

#[test]
fn every_key_of_the_configuration_is_in_its_schema() {
    let schema = of("puppet");
    for field in crate::config::fields::FIELDS {
        let mut at = &schema;
        for part in field.key.split('.') {
            at = match part.starts_with('<') {
                true => &at["additionalProperties"],
                false => &at["properties"][part],
            };
            at = if at["anyOf"][1]["properties"].is_object() || field.key.starts_with("trading.risk.") && part == "risk"
            {
                &at["anyOf"][1]
            } else {
                at
            };
        }
        assert!(at.is_object(), "{}", field.key);
    }
}

#[test]
fn what_is_right_is_let_through_and_what_a_schema_refuses_the_program_refuses() {
    let pack = |more: &str| format!("{PACK}{more}");
    let scenario = |more: &str| SCENARIO.replace("advance = \"1h\"\n", more);
    let table = [
        ("pack", pack("[requests.llm]\namounts = { \"usd/day\" = \"0.50\" }\n"), true),
        ("pack", pack("[requests.http]\nhosts = [\"*.a.test:8443\"]\nmethods = [\"POST\"]\n"), true),
        ("pack", pack("[requests.http]\n"), false),
        ("pack", pack("[requests.http]\nhosts = [\"https://a.test\"]\n"), false),
        ("pack", pack("[requests.llm]\namounts = { \"usd/day\" = 0.5 }\n"), false),
        ("pack", pack("[requests.llm]\noperations = [\"compleet\"]\n"), false),
        ("pack", pack("[requests.log]\n"), false),
        ("pack", pack("kind = \"personality\"\n"), false),
        ("pack", pack("kinds = []\n"), false),
        ("pack", pack("plugin = \"other\"\n"), false),
        ("pack", "id = \"lamp\"\nversion = \"1\"\ncomponent = \"a.wasm\"\n".to_owned(), false),
        ("pack", "version = \"0.1.0\"\ncomponent = \"a.wasm\"\n".to_owned(), false),
        ("grants", "[packs.a]\nmode = \"approve\"\n[packs.a.tweet]\nlinks = \"strip\"\n".to_owned(), true),
        ("grants", "[packs.a.http]\nhosts = [\"a.test\"]\n".to_owned(), true),
        ("grants", "[packs.a.http]\n".to_owned(), false),
        ("grants", "[packs.a]\nmode = \"dryrun\"\n".to_owned(), false),
        ("grants", "[packs.a.llm]\nlinks = \"strip\"\n".to_owned(), false),
        ("grants", "[host.schedule.amounts]\ntimers = 1\n".to_owned(), false),
        ("grants", "[pack.a]\n".to_owned(), false),
        ("puppet", "[host]\nworkers = 8\n[generators.news]\ninterval = \"6h\"\n".to_owned(), true),
        ("puppet", "[http.credentials.a]\nhosts = [\"a.test\"]\nkey_env = \"A\"\n".to_owned(), true),
        ("puppet", "[host]\nworkers = 0\n".to_owned(), false),
        ("puppet", "[host]\nlog_level = \"loud\"\n".to_owned(), false),
        ("puppet", "[hosts]\n".to_owned(), false),
        ("puppet", "[http]\nallow_private = \"a:1\"\n".to_owned(), false),
        (
            "scenario",
            scenario("advance = \"1h\"\n  [[step.decision]]\n  kind = \"post\"\n  text = { contains = [\"a\"] }\n"),
            true,
        ),
        ("scenario", scenario("event = { kind = \"mention\" }\noutcome = \"okay\"\n"), false),
        ("scenario", scenario("evnt = { kind = \"mention\" }\n"), false),
        ("scenario", scenario("advance = 1\n"), false),
        ("scenario", SCENARIO.replace("scenario/1", "scenario/9"), false),
    ];
    for (name, toml, right) in table {
        assert_eq!(holds(name, &toml), right, "the schema of {name}: {toml}");
        assert_eq!(read(name, &toml).is_ok(), right, "{name}: {toml}\n{:?}", read(name, &toml));
    }
}

/// Whatever stands in this project.
#[test]
fn what_is_here_holds_to_the_schemas() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut looked_at = 0;
    for folder in ["plugins", "personalities", "sdk/examples", "tests/authors", "tests/http"] {
        let mut folders = vec![root.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap().map_while(Result::ok) {
                let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
                if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "toml") {
                    let toml = std::fs::read_to_string(&path).unwrap();
                    let of = match name.as_str() {
                        "pack.toml" => "pack",
                        _ if toml.contains("puppet.scenario/1") => "scenario",
                        _ => continue,
                    };
                    assert!(holds(of, &toml.replace("localhost:PORT", "localhost:1")), "{}", path.display());
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at > 20, "{looked_at}");
    for (file, text) in crate::init::templates::FILES {
        let of = file.rsplit('/').next().unwrap().trim_end_matches(".toml");
        if NAMES.contains(&of) {
            assert!(holds(of, text), "{file}");
        }
    }
}
