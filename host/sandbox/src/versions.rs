//! Which versions of which packages this host serves (wit/VERSIONING.md). A component says in its binary which version
//! of each interface it was built against; one that is not here is refused with words that say who has to move.

use semver::Version;

/// A version of a package of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Without `puppet:`.
    pub package: &'static str,
    /// What is served: whoever was built against it, or against an earlier compatible one.
    pub version: &'static str,
    /// The first host that did.
    pub since: &'static str,
}

const fn served(package: &'static str, version: &'static str, since: &'static str) -> Served {
    Served { package, version, since }
}

/// The table: by package, the latest version last. All but the latest are served by forwarding modules, or by the latest
/// where that only adds to them.
pub const SERVED: &[Served] = &[
    served("agent", "0.1.0", "0.1.0"),
    served("events", "0.1.0", "0.1.0"),
    served("http", "0.1.0", "0.1.0"),
    served("llm", "0.1.0", "0.1.0"),
    served("llm", "0.2.0", "0.1.0"),
    served("log", "0.1.0", "0.1.0"),
    served("log", "0.2.0", "0.1.0"),
    served("market", "0.1.0", "0.1.0"),
    served("memory", "0.1.0", "0.1.0"),
    served("migration", "0.1.0", "0.1.0"),
    served("plugin", "0.1.0", "0.1.0"),
    served("schedule", "0.1.0", "0.1.0"),
    served("state", "0.1.0", "0.1.0"),
    served("trading", "0.1.0", "0.1.0"),
    served("tweet", "0.1.0", "0.1.0"),
    served("tweet", "0.1.1", "0.1.0"),
    served("types", "0.1.0", "0.1.0"),
    served("wallet", "0.1.0", "0.1.0"),
];

/// The latest version that any package of the contract has.
pub const CONTRACT: &str = "0.2.0";

/// Why a version is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// It is later than all that are: the host is too old.
    Newer,
    /// It is not one of those any more.
    Gone,
}

/// The versions of a package that are served; none where nobody knows it.
pub(crate) fn versions(package: &str) -> Vec<&'static str> {
    SERVED.iter().filter(|served| served.package == package).map(|served| served.version).collect()
}

/// Whether one of the served versions serves a component that was built against this one.
pub(crate) fn check(version: &Version, served: &[&str]) -> Result<(), Skew> {
    let served: Vec<Version> = served.iter().filter_map(|served| Version::parse(served).ok()).collect();
    let serves = |one: &Version| track(one) == track(version) && version <= one && version.pre.is_empty();
    if served.iter().any(serves) {
        Ok(())
    } else if served.iter().all(|one| one < version) {
        Err(Skew::Newer)
    } else {
        Err(Skew::Gone)
    }
}

/// Versions of one track differ in additions only: before 1.0 the second number breaks, from then on the first.
fn track(version: &Version) -> (u64, u64, u64) {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

#[cfg(test)]
#[path = "versions_tests.rs"]
mod tests;
