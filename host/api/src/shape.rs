//! Shapes of ids, times and names that requests hold, for the description of the API alone: what reads them is in `extract`,
//! in `page` and in the handlers. Also which shape a place of a path and a parameter of a query has.

use puppet_store::EffectState;
use puppet_types::{Capability, ids::AGENT_ID_MAX};
use serde_json::{Value, json};
use utoipa::ToSchema;

macro_rules! shapes {
    ($($(#[doc = $about:literal])* $type:ident = $schema:expr;)*) => {
        $(
            $(#[doc = $about])*
            #[derive(ToSchema)]
            #[allow(dead_code, reason = "it is for the description")]
            pub struct $type(String);
        )*

        /// All of them, by name.
        pub fn all() -> impl Iterator<Item = (&'static str, Value)> {
            let whole = |mut schema: Value, about: &str| {
                if schema["anyOf"].is_null() {
                    schema["type"] = json!("string");
                }
                schema["description"] = about.trim().into();
                schema
            };
            [$((stringify!($type), whole($schema, concat!($($about),*)))),*].into_iter()
        }
    };
}

shapes! {
    /// The id of an agent.
    AgentId = json!({ "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "maxLength": AGENT_ID_MAX });
    /// The id of an agent or of a generator, as records have it.
    MailboxId = json!({ "pattern": "^(generator:.+|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$" });
    /// An id as the lists give it: visible, without slashes, quotes and `<>`, and not of dots alone.
    Id = json!({ "pattern": r"^\.*[!#-&(-\-0-;=?-\[\]-_a-~][!#-&(-.0-;=?-\[\]-_a-~]*$", "maxLength": 128 });
    /// The name of a wallet, or `paper/NAME` of a purse of paper: `paper%2FNAME` in a path.
    WalletId = json!({
        "pattern": r"^(paper/)?\.*[!#-&(-\-0-;=?-\[\]-_a-~][!#-&(-.0-;=?-\[\]-_a-~]*$", "maxLength": 128,
    });
    /// RFC 3339: `2026-01-05T12:00:00Z`.
    Moment = json!({ "format": "date-time" });
    /// `sha256:` and 64 digits.
    Digest = json!({ "pattern": "^sha256:[0-9a-f]{64}$" });
    /// The number of a version, or the first digits of its digest.
    Version = json!({ "pattern": r"^[A-Za-z0-9.+:-]{1,128}$" });
    /// `next` of the page before.
    Cursor = json!({ "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 1024 });
    /// A text that is not blank.
    Said = json!({ "pattern": r"[^\s]" });
    /// A name that stands on one line of a list.
    Name = json!({
        "minLength": 1, "pattern": r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+$",
    });
    /// What a pack can be granted.
    CapabilityName = json!({ "enum": Capability::ALL.iter().map(|one| one.name()).collect::<Vec<_>>() });
    /// A kind of memory.
    KindOfMemory = json!({ "enum": ["core", "event", "interaction", "general", "post", "tweet"] });
    /// A kind of memory that is not kept by the host.
    KindToKeep = json!({ "enum": ["core", "event", "interaction", "general"] });
    /// What comes first.
    Urgency = json!({ "enum": ["low", "normal", "high", "critical"] });
    /// How an invocation ended.
    End = json!({ "enum": ["ok", "declined", "failed", "breach"] });
    /// How far an effect is.
    Stage = json!({ "enum": EffectState::ALL.map(EffectState::name) });
    /// An account that nobody here has, with or without `@`.
    Account = json!({ "pattern": "^@?[A-Za-z0-9_]{1,15}$" });
    /// A text, a whole number, true or false, or texts; null for the default.
    Setting = json!({ "anyOf": [
        { "type": "string" }, { "type": "integer" }, { "type": "boolean" }, { "type": "null" },
        { "type": "array", "items": { "type": "string" } },
    ] });
    /// The id of a post: JavaScript writes short ones as numbers.
    OriginalPostId = json!({ "anyOf": [{ "$ref": "#/components/schemas/Id" }, { "type": "integer", "minimum": 0, "maximum": u64::MAX }] });
    /// A text, or a list of texts.
    OriginalTexts = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] });
    /// What comes first, by its word or by its rank: 0 is `low`.
    OriginalPriority = json!({ "anyOf": [{ "$ref": "#/components/schemas/Urgency" }, { "enum": [0, 1, 2, 3] }] });
    /// What an agent is made from: a pack that is installed, or a file of the original engine.
    NewAgent = new_agent();
}

/// A file has no field `pack`, and has more than an id.
fn new_agent() -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let or_none = |name: &str| json!({ "anyOf": [reference(name), { "type": "null" }] });
    let of_pack = json!({
        "type": "object", "description": "Of a pack that is installed.", "required": ["pack"], "additionalProperties": false,
        "properties": { "pack": reference("Id"), "id": or_none("AgentId"), "name": or_none("Name") },
    });
    let more = [
        "name",
        "description",
        "personality",
        "style_guide",
        "behavior",
        "initial_memory",
        "goals",
        "custom_system_prompt",
    ];
    let more = more.map(|name| json!({ "required": [name] }));
    let file = json!({
        "description": "A file of the original engine, as it is.", "not": { "required": ["pack"] },
        "allOf": [reference("OriginalAgentFile"), { "anyOf": more }],
    });
    json!({ "anyOf": [of_pack, file] })
}

/// The shape of a place of a path or of a parameter of a query; none where it may be any text, or is no text.
pub fn of_parameter(path: &str, place: &str, name: &str) -> Option<&'static str> {
    Some(match (place, name) {
        ("path", "agent") => "AgentId",
        ("path", "capability") => "CapabilityName",
        ("path", "pack" | "effect" | "invocation" | "post" | "key" | "memory" | "hash" | "trade") => "Id",
        ("path", "wallet") => "WalletId",
        ("query", "agent") if path.ends_with("/audit") || path.ends_with("/diff") => "AgentId",
        ("query", "agent") if !path.ends_with("/live") && !path.ends_with("/ws") => "MailboxId",
        ("query", "cursor") => "Cursor",
        ("query", "since" | "until") => "Moment",
        ("query", "old" | "new" | "version") => "Version",
        ("query", "outcome") => "End",
        ("query", "state") => "Stage",
        ("query", "kind") if path.contains("/memory") => "KindOfMemory",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{PathId, WalletName, is_id};

    fn takes(name: &str, text: &str) -> bool {
        let (_, schema) = all().find(|(of, _)| *of == name).unwrap();
        jsonschema::validator_for(&schema).unwrap().is_valid(&json!(text))
    }

    #[test]
    fn ids_are_described_as_they_are_read() {
        let texts = [
            "",
            ".",
            "..",
            "...",
            ".a",
            "a.",
            "..a",
            "a",
            "a/b",
            "a\\b",
            "a b",
            "a\"",
            "a'",
            "<a",
            "a>",
            "`",
            "ä",
            "~",
            "!",
            "a\n",
            "generator:x",
            "-a",
            "_",
            "a_b-c.d",
            "sha256:00",
            "%2e",
            "a?b#c",
            "[a]",
            "a^b",
            "{a}",
            "\u{7f}",
            "\t",
        ];
        let long = ["a".repeat(64), "a".repeat(65), "a".repeat(128), "a".repeat(129), ".".repeat(128)];
        for text in texts.into_iter().chain(long.iter().map(String::as_str)) {
            assert_eq!(takes("Id", text), is_id(text), "{text:?}");
            for wallet in [text.to_owned(), format!("paper/{text}")] {
                assert_eq!(takes("WalletId", &wallet), WalletName::parse(&wallet).is_some(), "{wallet:?}");
            }
            assert_eq!(takes("AgentId", text), <puppet_types::AgentId as PathId>::parse(text).is_some(), "{text:?}");
        }
        assert!(takes("MailboxId", "generator:x") && !takes("MailboxId", "../x"));
    }

    #[test]
    fn cursors_digests_and_names_are_described_as_they_are_read() {
        assert!(takes("Cursor", &crate::page::cursor("journal", &(7, "x"))));
        assert!(takes("Digest", &puppet_types::Digest::of(b"x").to_string()));
        assert!(takes("CapabilityName", "llm") && !takes("CapabilityName", "lmm"));
        for text in ["Zoë <b> 👩\u{200d}🚀", "a\n", "\u{7f}", "\u{85}", "\u{200f}b", "\u{202e}", "\u{2066}", "\u{feff}"]
        {
            assert_eq!(takes("Name", text), !text.chars().any(puppet_types::is_odd), "{text:?}");
        }
        assert!(takes("Said", " a ") && !takes("Said", " \n"));
    }
}
