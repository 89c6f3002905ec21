//! `pack.toml`.

use puppet_grants::{Amount, CEILINGS, Ceiling, METHODS, MOST_HOSTS};
use puppet_packs::{Holds, Kind, Lang};
use puppet_types::Capability;
use serde_json::{Value, json};

use super::shape::{by_name, dollars, from, list, of_form, one_of, said, some, table, text, within};

/// An id of a pack.
pub const ID: &str = "^[a-z0-9][a-z0-9-]{0,63}$";
/// A semantic version.
const VERSION: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";
/// A digest.
pub const DIGEST: &str = "^sha256:[0-9a-f]{64}$";
/// A public key of minisign.
pub const PUBLISHER: &str = "^RW[A-Za-z0-9+/]{54}$";

/// See the head of this file.
pub fn schema() -> Value {
    let mut schema = table(
        [
            ("id", said(of_form(ID), "What the pack is called; also the id of the agent that it makes.")),
            ("version", said(of_form(VERSION), "A semantic version.")),
            ("name", said(text(), "For people; the id where it is left out.")),
            ("description", said(text(), "One line about it.")),
            ("license", said(text(), "An SPDX expression.")),
            ("authors", said(list(text()), "Who wrote it.")),
            ("plugin", said(of_form(ID), "The plugin that it runs with, where it brings no component.")),
            ("component", said(text(), "The component, a file of the pack.")),
            ("persona", said(text(), "The file of the persona: the pack is a character.")),
            ("agent", said(agent(), "What the agent starts with.")),
            ("setting", said(by_name(setting()), "The settings that the plugin has.")),
            ("settings", said(json!({ "type": "object" }), "What is set of them.")),
            ("requests", said(requests(), "What the plugin asks for, by capability.")),
            ("kinds", said(some(one_of(Kind::ALL.map(Kind::name))), "What it is.")),
            ("contract", said(text(), "A range of versions of the contract, for example \"^0.1\".")),
            ("digest", said(of_form(DIGEST), "Of the component that has to run.")),
            ("publisher", said(of_form(PUBLISHER), "Who signs it: a minisign public key.")),
            ("links", said(links(), "Pages about it.")),
            ("requires", said(by_name(text()), "Packs that it needs, with ranges of versions.")),
            ("build", said(build(), "How the component is built; for those who make the pack.")),
            ("budget", said(budget(), "What it may take; for those who make the pack.")),
        ],
        &["id", "version"],
    );
    schema["oneOf"] = json!([{ "required": ["plugin"] }, { "required": ["component"] }]);
    schema
}

fn agent() -> Value {
    let baseline =
        table([("valence", within(-1.0, 1.0)), ("arousal", within(0.0, 1.0)), ("dominance", within(0.0, 1.0))], &[]);
    let hours = json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 8_766 });
    let decay = table([("half_life_hours", hours), ("baseline", baseline)], &["half_life_hours"]);
    table(
        [
            ("handle", said(of_form("^[A-Za-z0-9_]{1,15}$"), "Account name without `@`.")),
            ("timezone", said(text(), "An IANA name, for example \"Europe/Berlin\".")),
            ("llm", said(text(), "The name of a configured provider.")),
            ("mood_decay", said(decay, "How moods go back to where they were.")),
        ],
        &[],
    )
}

fn setting() -> Value {
    table(
        [
            ("type", said(one_of(Holds::NAMES.map(|(name, _)| name)), "What it holds.")),
            ("default", json!({ "description": "What holds where nothing is set." })),
            ("doc", said(text(), "What it does.")),
        ],
        &["type", "doc"],
    )
}

fn links() -> Value {
    table(puppet_packs::LINKS.map(|link| (link, of_form(r"^https://\S+$"))), &[])
}

fn build() -> Value {
    table(
        [
            ("lang", said(one_of(Lang::ALL.map(Lang::name)), "What it is written in.")),
            ("kind", said(one_of(Kind::ALL.map(Kind::name)), "The world of its component.")),
            ("entry", said(text(), "Of Python and JavaScript: the file with the exports.")),
            ("command", said(list(text()), "In the place of the language's own way: it has to write `component`.")),
        ],
        &["lang", "kind"],
    )
}

fn budget() -> Value {
    table(
        [
            ("fuel", said(from(1), "The most instructions of a call in any scenario.")),
            ("bytes", said(from(1), "The most bytes of the component.")),
        ],
        &[],
    )
}

fn requests() -> Value {
    table(CEILINGS.iter().map(|most| (most.capability.name(), request(most))), &[])
}

fn request(most: &Ceiling) -> Value {
    let mut keys = vec![
        ("operations", said(some(one_of(most.operations.iter().copied())), "Functions; left out: all of them.")),
        ("amounts", said(amounts(most, |_| true), "The most per agent; what is not named takes the ceiling.")),
        ("reason", said(text(), "What for, in plain words, for the operator.")),
        ("optional", said(json!({ "type": "boolean" }), "The plugin copes without.")),
    ];
    let mut required: &[&str] = &[];
    if most.capability == Capability::Events {
        keys.push((
            "kinds",
            said(list(of_form("^[a-z0-9_.-]{1,64}$")), "Kinds of events besides those under its own id."),
        ));
    }
    if most.capability == Capability::Http {
        keys.extend(web());
        required = &["hosts"];
    }
    table(keys, required)
}

/// What may be reached of the web.
pub fn web() -> [(&'static str, Value); 3] {
    let host = r"^(http://)?(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[1-9][0-9]{0,4})?$";
    let mut hosts = some(of_form(host));
    hosts["maxItems"] = json!(MOST_HOSTS);
    [
        ("hosts", said(hosts, "`api.example.org`, or `*.example.org` for every host below it.")),
        ("methods", said(list(one_of(METHODS)), "GET where it is left out.")),
        ("credentials", said(list(of_form("^[a-z0-9_-]{1,64}$")), "Names of the operator's keys that go along.")),
    ]
}

/// The amounts that a capability counts, over the periods that may stand here.
pub fn amounts(most: &Ceiling, may: impl Fn(&str) -> bool) -> Value {
    let keys = most.keys().into_iter().filter(|key| may(key));
    let of: Vec<(String, Value)> = keys
        .map(|key| {
            let is_usd = most.amount(&key).is_some_and(|(amount, _)| amount == Amount::Usd);
            (key, if is_usd { dollars() } else { from(0) })
        })
        .collect();
    table(of.iter().map(|(key, of)| (key.as_str(), of.clone())), &[])
}
