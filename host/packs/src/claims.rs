//! What a manifest says that others hold it to: what kinds of plugin it is, the contract it was built for, the component
//! that must run, who publishes it, where it is at home, and the packs that it needs.

use std::collections::BTreeMap;

use puppet_types::{Digest, PackId};
use semver::{Version, VersionReq};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    document::below,
    error::{ErrorKind, Problem, suggest},
    manifest::is_id,
    schema::{text, texts},
    signature,
};

/// The keys of this page.
pub(crate) const KEYS: [&str; 6] = ["kinds", "contract", "digest", "publisher", "links", "requires"];
/// Kinds of pages about a pack.
pub const LINKS: [&str; 4] = ["homepage", "repository", "documentation", "changelog"];

/// What a pack is, by the worlds of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A character, or what one runs.
    Personality,
    /// Makes things happen to agents.
    EventGenerator,
    /// Proposes trades.
    TradingStrategy,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Personality, Self::EventGenerator, Self::TradingStrategy];

    /// kebab-case, as the world of a component is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personality => "personality",
            Self::EventGenerator => "event-generator",
            Self::TradingStrategy => "trading-strategy",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// All of it. Nothing has to be said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// What it is; empty where it does not say.
    pub kinds: Vec<Kind>,
    /// Versions of the plugin contract that it works with.
    pub contract: Option<VersionReq>,
    /// Of the component that must run: its own, or that of the plugin that it names.
    pub digest: Option<Digest>,
    /// A minisign public key: who signs it.
    pub publisher: Option<String>,
    /// Pages about it, by kind.
    pub links: BTreeMap<String, String>,
    /// Packs that it needs.
    pub requires: BTreeMap<PackId, VersionReq>,
}

impl Claims {
    /// Reads the keys. A pack with a persona makes a character.
    pub(crate) fn read(root: &Map<String, Value>, has_persona: bool) -> Result<Self, Problem> {
        let optional = |key: &str| root.get(key).map(|value| text(key, value)).transpose();
        let kinds = root.get("kinds").map(kinds).transpose()?.unwrap_or_default();
        if has_persona && !kinds.is_empty() && !kinds.contains(&Kind::Personality) {
            let message = "a pack with a persona is a personality";
            let remedy = "add \"personality\", or leave `persona` out";
            return Err(Problem::new(ErrorKind::BadValue, "kinds", message, remedy));
        }
        Ok(Self {
            kinds,
            contract: optional("contract")?.map(|range| versions("contract", &range)).transpose()?,
            digest: optional("digest")?.map(|digest| self::digest(&digest)).transpose()?,
            publisher: optional("publisher")?.map(publisher).transpose()?,
            links: root.get("links").map(links).transpose()?.unwrap_or_default(),
            requires: root.get("requires").map(requires).transpose()?.unwrap_or_default(),
        })
    }

    /// Whether a host that serves these versions of the contract can run it.
    pub(crate) fn check_contract(&self, served: &[Version]) -> Result<(), Problem> {
        let serves = |range: &VersionReq| served.iter().any(|version| range.matches(version));
        let Some(range) = self.contract.as_ref().filter(|range| !serves(range)) else { return Ok(()) };
        let served = served.iter().map(Version::to_string).collect::<Vec<_>>().join(" and ");
        let message = format!("needs host with plugin contract {range}: this one serves {served}");
        let remedy = "use a puppet that serves it, or a version of the pack that was built for this one";
        Err(Problem::new(ErrorKind::OtherContract, "contract", message, remedy))
    }
}

fn kinds(value: &Value) -> Result<Vec<Kind>, Problem> {
    let words = texts("kinds", value)?;
    let mut kinds = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let kind = Kind::parse(word).ok_or_else(|| {
            let remedy = suggest(word, &Kind::ALL.map(Kind::name));
            Problem::new(ErrorKind::BadValue, &format!("kinds[{n}]"), format!("`{word}` is no kind of plugin"), remedy)
        })?;
        kinds.push(kind);
    }
    if kinds.is_empty() {
        let remedy = "name at least one, or leave the key out";
        return Err(Problem::new(ErrorKind::BadValue, "kinds", "no kind", remedy));
    }
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

fn versions(field: &str, range: &str) -> Result<VersionReq, Problem> {
    VersionReq::parse(range).map_err(|error| {
        let message = format!("expected a range of versions: {error}");
        Problem::new(ErrorKind::BadValue, field, message, "write it like \"^0.1\" or \">=1.2, <2\"")
    })
}

fn digest(text: &str) -> Result<Digest, Problem> {
    Digest::parse(text).ok_or_else(|| {
        let message = "expected a digest, `sha256:` and 64 hex digits";
        Problem::new(ErrorKind::BadValue, "digest", message, "`puppet pack inspect` prints that of a component")
    })
}

fn publisher(key: String) -> Result<String, Problem> {
    if signature::is_public_key(&key) {
        return Ok(key);
    }
    let message = "expected a minisign public key: one line of base64 that begins with RW";
    let remedy = "`puppet pack keygen FILE` makes one; it is the second line of FILE.pub";
    Err(Problem::new(ErrorKind::BadValue, "publisher", message, remedy))
}

fn links(value: &Value) -> Result<BTreeMap<String, String>, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type("links", "a table", value))?;
    let mut links = BTreeMap::new();
    for (key, value) in table {
        let at = below("links", key);
        if !LINKS.contains(&key.as_str()) {
            return Err(Problem::unknown_key(&at, key, &LINKS));
        }
        let link = text(&at, value)?;
        let rest = link.strip_prefix("https://").unwrap_or_default();
        let is_plain = link.len() <= 2_048 && !link.chars().any(|c| c.is_whitespace() || c.is_control());
        if rest.is_empty() || rest.starts_with('/') || !is_plain {
            let remedy = "write an address that begins with https://";
            return Err(Problem::new(ErrorKind::BadValue, &at, "expected an https address", remedy));
        }
        links.insert(key.clone(), link);
    }
    Ok(links)
}

fn requires(value: &Value) -> Result<BTreeMap<PackId, VersionReq>, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type("requires", "a table", value))?;
    let mut packs = BTreeMap::new();
    for (id, value) in table {
        let at = below("requires", id);
        if !is_id(id) {
            let remedy = "write the id as it stands in that pack's pack.toml";
            return Err(Problem::new(ErrorKind::BadValue, &at, "expected the id of a pack", remedy));
        }
        packs.insert(PackId::new(id), versions(&at, &text(&at, value)?)?);
    }
    Ok(packs)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Manifest;

    const HEAD: &str = "id = \"lamp\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\n";

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(&format!("{HEAD}{text}"), Path::new("pack.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_is_read() {
        let key = crate::signature::tests::PUBLIC;
        let digest = Digest::of(b"component");
        let claims = parse(&format!(
            "kinds = [\"personality\", \"personality\"]\ncontract = \"^0.1\"\ndigest = \"{digest}\"\npublisher = \"{key}\"\n\
             [links]\nhomepage = \"https://example.org/lamp\"\n[requires]\nstandard-personality = \"^0.1\"\n"
        ))
        .unwrap()
        .claims;
        assert_eq!((claims.kinds.as_slice(), claims.digest), (&[Kind::Personality][..], Some(digest)));
        assert_eq!((claims.publisher.as_deref(), claims.links.len()), (Some(key), 1));
        assert!(claims.requires[&PackId::new("standard-personality")].matches(&Version::new(0, 1, 7)));
        assert!(claims.check_contract(&[Version::new(0, 1, 0), Version::new(0, 2, 0)]).is_ok());
        let error = claims.check_contract(&[Version::new(0, 2, 0)]).unwrap_err();
        assert_eq!(error.message, "needs host with plugin contract ^0.1: this one serves 0.2.0");
        assert_eq!(parse("").unwrap().claims, Claims::default());
    }

    #[test]
    fn errors_name_line_field_and_remedy() {
        for (text, error) in [
            (
                "kinds = [\"personalty\"]\n",
                "pack.toml:4: kinds[0]: `personalty` is no kind of plugin: did you mean `personality`?",
            ),
            ("kinds = []\n", "pack.toml:4: kinds: no kind: name at least one, or leave the key out"),
            (
                "persona = \"p.toml\"\nkinds = [\"event-generator\"]\n",
                "pack.toml:5: kinds: a pack with a persona is a personality: add \"personality\", or leave `persona` out",
            ),
            ("contract = \"newest\"\n", "pack.toml:4: contract: expected a range of versions: "),
            ("digest = \"sha256:12\"\n", "pack.toml:4: digest: expected a digest, `sha256:` and 64 hex digits: "),
            ("publisher = \"me\"\n", "pack.toml:4: publisher: expected a minisign public key: "),
            (
                "[links]\nhomepage = \"http://example.org\"\n",
                "pack.toml:5: links.homepage: expected an https address: write an address that begins with https://",
            ),
            ("[links]\nhome = \"https://x\"\n", "pack.toml:5: links.home: `home` is not a key: use one of homepage, "),
            ("[requires]\n\"A b\" = \"1\"\n", "pack.toml:5: requires.A b: expected the id of a pack: "),
            ("[requires]\nnews = \"one\"\n", "pack.toml:5: requires.news: expected a range of versions: "),
            ("requires = [\"news\"]\n", "pack.toml:4: requires: expected a table, found a list"),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.starts_with(error), "{found}");
        }
    }
}
