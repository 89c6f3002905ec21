//! Which packs need which others, in which versions: what is missing, what does not fit, and who needs one that is to
//! go. Pure: what is installed comes from the caller.

use std::collections::BTreeMap;

use puppet_types::PackId;
use semver::{Version, VersionReq};

use crate::Manifest;

/// A pack that is there, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its id.
    pub id: PackId,
    /// Its version.
    pub version: Version,
    /// What it needs.
    pub requires: BTreeMap<PackId, VersionReq>,
}

impl Present {
    /// Of its manifest. A pack needs the plugin that it names, too.
    pub fn of(manifest: &Manifest) -> Self {
        let mut requires = manifest.claims.requires.clone();
        let plugin = manifest.plugin();
        if *plugin != manifest.id {
            requires.entry(plugin.clone()).or_insert(VersionReq::STAR);
        }
        Self { id: manifest.id.clone(), version: manifest.version.clone(), requires }
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// `missing-pack`, `pack-conflict`, `pack-cycle` or `pack-needed`.
    pub code: &'static str,
    /// In one sentence, with both packs.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What stands against a version among others; one of the same pack gives way to it.
pub fn unmet(new: &Present, others: &[Present]) -> Vec<Unmet> {
    let others: Vec<&Present> = others.iter().filter(|other| other.id != new.id).collect();
    let find = |id: &PackId| others.iter().find(|other| other.id == *id);
    let Present { id, version, requires } = new;
    let mut all = Vec::new();
    for (need, range) in requires {
        let found = if need == id { Some(new) } else { find(need).copied() };
        match found {
            None => all.push(Unmet {
                code: "missing-pack",
                message: format!("`{id}` {version} needs `{need}` {range}, which is not installed"),
                remedy: format!("install `{need}` in a version of {range} first"),
            }),
            Some(found) if !range.matches(&found.version) => all.push(Unmet {
                code: "pack-conflict",
                message: format!("`{id}` {version} needs `{need}` {range}, and {} is installed", found.version),
                remedy: format!("bring `{need}` to a version of {range} first"),
            }),
            Some(_) => {}
        }
    }
    for other in &others {
        if let Some(range) = other.requires.get(id).filter(|range| !range.matches(version)) {
            all.push(Unmet {
                code: "pack-conflict",
                message: format!("`{}` {} needs `{id}` {range}, which {version} is not", other.id, other.version),
                remedy: format!("upgrade `{}` first, or use a version of `{id}` of {range}", other.id),
            });
        }
    }
    if let Some(circle) = circle(new, &others) {
        let names: Vec<String> = circle.iter().map(|id| format!("`{id}`")).collect();
        all.push(Unmet {
            code: "pack-cycle",
            message: format!("packs need each other in a circle: {}", names.join(" needs ")),
            remedy: format!("use a version of one of them that does without: of `{id}`, one before {version}"),
        });
    }
    all
}

/// What stands against taking a pack away: those that need it.
pub fn needed(id: &PackId, others: &[Present]) -> Vec<Unmet> {
    let needing = others.iter().filter(|other| other.id != *id);
    let needing = needing.filter_map(|other| Some((other, other.requires.get(id)?)));
    let told = needing.map(|(other, range)| Unmet {
        code: "pack-needed",
        message: format!("`{}` {} needs `{id}` {range}", other.id, other.version),
        remedy: format!("remove `{}` first", other.id),
    });
    told.collect()
}

/// The way from a pack back to itself.
fn circle(new: &Present, others: &[&Present]) -> Option<Vec<PackId>> {
    let mut ways = vec![vec![new.id.clone()]];
    let mut seen = Vec::new();
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        let at = if *last == new.id { Some(new) } else { others.iter().find(|other| other.id == *last).copied() };
        for need in at.into_iter().flat_map(|at| at.requires.keys()) {
            let further: Vec<PackId> = way.iter().cloned().chain([need.clone()]).collect();
            if *need == new.id {
                return Some(further);
            }
            if !seen.contains(need) {
                seen.push(need.clone());
                ways.push(further);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(id: &str, version: &str, requires: &[(&str, &str)]) -> Present {
        let requires =
            requires.iter().map(|(id, range)| (PackId::new(id), VersionReq::parse(range).unwrap())).collect();
        Present { id: id.into(), version: Version::parse(version).unwrap(), requires }
    }

    #[test]
    fn what_does_not_fit_is_said_in_one_sentence_each() {
        let glow = present("glow", "1.2.0", &[]);
        let bulb = present("bulb", "0.3.0", &[("lamp", "^0.1")]);
        // (the new one, what is there, codes, a part of what is said)
        for (new, others, codes, said) in [
            (present("lamp", "0.1.0", &[]), vec![], vec![], ""),
            (present("lamp", "0.1.0", &[("glow", "^1.1")]), vec![glow.clone()], vec![], ""),
            (
                present("lamp", "0.1.0", &[("glow", "^1")]),
                vec![],
                vec!["missing-pack"],
                "`lamp` 0.1.0 needs `glow` ^1, which is not installed",
            ),
            (
                present("lamp", "0.1.0", &[("glow", "^2")]),
                vec![glow.clone()],
                vec!["pack-conflict"],
                "`lamp` 0.1.0 needs `glow` ^2, and 1.2.0 is installed",
            ),
            (
                present("lamp", "0.2.0", &[]),
                vec![bulb.clone()],
                vec!["pack-conflict"],
                "`bulb` 0.3.0 needs `lamp` ^0.1, which 0.2.0 is not",
            ),
            (
                present("lamp", "0.1.5", &[("bulb", "*")]),
                vec![bulb.clone(), present("lamp", "0.1.0", &[])],
                vec!["pack-cycle"],
                "circle: `lamp` needs `bulb` needs `lamp`",
            ),
            (
                present("a", "1.0.0", &[("b", "1")]),
                vec![present("b", "1.0.0", &[("c", "1")]), present("c", "1.0.0", &[("b", "1"), ("a", "1")])],
                vec!["pack-cycle"],
                "`a` needs `b` needs `c` needs `a`",
            ),
        ] {
            let told = unmet(&new, &others);
            assert_eq!(told.iter().map(|one| one.code).collect::<Vec<_>>(), codes, "{told:?}");
            assert!(told.iter().all(|one| one.message.contains(said) && !one.remedy.is_empty()), "{told:?}");
        }
        let told = needed(&"lamp".into(), &[glow, bulb]);
        assert!(told.len() == 1 && told[0].message == "`bulb` 0.3.0 needs `lamp` ^0.1", "{told:?}");
    }

    #[test]
    fn a_pack_needs_the_plugin_that_it_names() {
        let text = "id = \"ember\"\nversion = \"0.1.0\"\nplugin = \"glow\"\n";
        let manifest = Manifest::parse(text, std::path::Path::new("pack.toml")).unwrap();
        assert_eq!(Present::of(&manifest), present("ember", "0.1.0", &[("glow", "*")]));
        let own = text.replace("\"glow\"", "\"ember\"");
        assert!(Present::of(&Manifest::parse(&own, std::path::Path::new("pack.toml")).unwrap()).requires.is_empty());
    }
}
