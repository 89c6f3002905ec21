//! What a manifest says to those who make the pack: how its component is built, and what it may take. A host that runs the
//! pack looks at none of it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    claims::Kind,
    document::below,
    error::{ErrorKind, Problem, suggest},
    paths,
    schema::{text, texts},
};

/// The keys of this page.
pub(crate) const KEYS: [&str; 2] = ["build", "budget"];
const BUILD: [&str; 4] = ["lang", "kind", "entry", "command"];
const BUDGET: [&str; 2] = ["fuel", "bytes"];

/// What a component is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// cargo builds it.
    Rust,
    /// componentize-py builds it.
    Python,
    /// jco builds it.
    Js,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Js];

    /// In `pack.toml` and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.name() == name)
    }
}

/// `[build]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// What it is written in.
    pub lang: Lang,
    /// The world of its component.
    pub kind: Kind,
    /// Of Python and JavaScript: the file with the exports.
    pub entry: Option<String>,
    /// In the place of the way of its language: a program and its arguments, run in the pack's folder. It has to write
    /// `component`.
    pub command: Vec<String>,
}

/// `[budget]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// The most instructions of any event of a scenario.
    pub fuel: Option<u64>,
    /// The most bytes of the component.
    pub bytes: Option<u64>,
}

/// Both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workshop {
    /// How it is built; none where its component comes from elsewhere.
    pub build: Option<Build>,
    /// What it may take.
    pub budget: Budget,
}

impl Workshop {
    pub(crate) fn read(root: &Map<String, Value>) -> Result<Self, Problem> {
        Ok(Self {
            build: root.get("build").map(build).transpose()?,
            budget: root.get("budget").map(budget).transpose()?.unwrap_or_default(),
        })
    }
}

fn build(value: &Value) -> Result<Build, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type("build", "a table", value))?;
    let (mut lang, mut kind, mut entry, mut command) = (None, None, None, Vec::new());
    for (key, value) in table {
        let at = below("build", key);
        let bad = |message: String, remedy: String| Problem::new(ErrorKind::BadValue, &at, message, remedy);
        match key.as_str() {
            "lang" => {
                let name = text(&at, value)?;
                let known = || {
                    bad(
                        format!("`{name}` is no language that is built here"),
                        suggest(&name, &Lang::ALL.map(Lang::name)),
                    )
                };
                lang = Some(Lang::parse(&name).ok_or_else(known)?);
            }
            "kind" => {
                let name = text(&at, value)?;
                let known =
                    || bad(format!("`{name}` is no kind of plugin"), suggest(&name, &Kind::ALL.map(Kind::name)));
                kind = Some(Kind::parse(&name).ok_or_else(known)?);
            }
            "entry" => {
                let file = text(&at, value)?;
                if paths::check(&file).is_err() {
                    return Err(bad(
                        "expected a file of the pack".to_owned(),
                        "write a path below its folder".to_owned(),
                    ));
                }
                entry = Some(file);
            }
            "command" => command = texts(&at, value)?,
            _ => return Err(Problem::unknown_key(&at, key, &BUILD)),
        }
    }
    let missing = |key: &str, remedy: &str| {
        Problem::new(ErrorKind::Missing, &below("build", key), "is missing", remedy.to_owned())
    };
    Ok(Build {
        lang: lang.ok_or_else(|| missing("lang", "write lang = \"rust\", \"python\" or \"js\""))?,
        kind: kind.ok_or_else(|| missing("kind", "write kind = \"personality\""))?,
        entry,
        command,
    })
}

fn budget(value: &Value) -> Result<Budget, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type("budget", "a table", value))?;
    let mut budget = Budget::default();
    for (key, value) in table {
        let at = below("budget", key);
        let number = || {
            value.as_u64().filter(|number| *number > 0).ok_or_else(|| {
                Problem::new(ErrorKind::BadValue, &at, "expected a whole number above 0", "write it without quotes")
            })
        };
        match key.as_str() {
            "fuel" => budget.fuel = Some(number()?),
            "bytes" => budget.bytes = Some(number()?),
            _ => return Err(Problem::unknown_key(&at, key, &BUDGET)),
        }
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Manifest;

    const PACK: &str = "id = \"hello\"\nversion = \"0.1.0\"\ncomponent = \"hello.wasm\"\n[build]\nlang = \"python\"\nkind = \"personality\"\nentry = \"app.py\"\n[budget]\nfuel = 5\nbytes = 6\n";

    #[test]
    fn how_it_is_built_and_what_it_may_take_is_read() {
        let manifest = Manifest::parse(PACK, Path::new("pack.toml")).unwrap();
        let build = manifest.workshop.build.unwrap();
        assert_eq!((build.lang, build.kind, build.entry.as_deref()), (Lang::Python, Kind::Personality, Some("app.py")));
        assert_eq!(manifest.workshop.budget, Budget { fuel: Some(5), bytes: Some(6) });
    }

    #[test]
    fn a_slip_is_answered_with_its_line() {
        let cases = [
            ("\"python\"", "\"pyhton\"", 5, "did you mean `python`"),
            ("\"personality\"", "\"personalty\"", 6, "did you mean `personality`"),
            ("\"app.py\"", "\"../app.py\"", 7, "a file of the pack"),
            ("fuel = 5", "fuel = -5", 9, "above 0"),
            ("bytes", "byets", 10, "did you mean `bytes`"),
            ("entry", "enrty", 7, "did you mean `entry`"),
            ("lang = \"python\"", "", 4, "is missing"),
        ];
        for (from, to, line, said) in cases {
            let error = Manifest::parse(&PACK.replacen(from, to, 1), Path::new("pack.toml")).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(said), "{to}: {text}");
            assert_eq!(error.line, Some(line), "{to}: {text}");
        }
    }
}
