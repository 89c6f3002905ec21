//! Hostile plugins: a guest per limit and per trick, each as a stranger's file through the real program. The tables say
//! guest → the breach, the refusal or the nothing that comes of it.
//! Not here: the same limits at the sandbox's own edge (`host/sandbox/tests/hostile.rs`).

mod beside;
mod boundary;
mod breaches;
mod bytes;
mod calls;
mod injected;
mod neighbours;
mod page;
mod probes;
mod refused;
mod stranger;
mod text;
mod words;

#[path = "../../host/sandbox/tests/guest/mod.rs"]
pub(crate) mod bare;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../host/engine/tests/rules/contract.rs"]
pub(crate) mod contract;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../host/engine/tests/rules/guest.rs"]
pub(crate) mod guest;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../host/engine/tests/rules/providers.rs"]
mod providers;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../host/engine/tests/rules/scene.rs"]
mod scene;

use stranger::{End, Stranger};

/// Every row of every table.
fn all() -> impl Iterator<Item = &'static Stranger> {
    [breaches::ALL, boundary::ALL, calls::ALL, probes::ALL, refused::ALL].into_iter().flatten()
}

/// Bounds of what follows from a call: one call by itself ends at neither.
const OF_MANY_CALLS: [&str; 2] = ["hops", "relationships"];

/// The limits of one call that the program knows, with their breaches.
fn limits() -> impl Iterator<Item = (&'static str, Option<puppet_types::Breach>)> {
    let of_sandbox = puppet_sandbox::LIMITS.iter().map(|limit| (limit.name, limit.breach));
    let bounds = puppet_grants::BOUNDS.iter().filter(|bound| !OF_MANY_CALLS.contains(&bound.name));
    of_sandbox.chain(bounds.map(|bound| (bound.name, bound.breach)))
}

#[test]
fn every_limit_has_a_stranger_that_ends_with_its_breach() {
    for (limit, breach) in limits() {
        let hits: Vec<&Stranger> = all().filter(|stranger| stranger.limit == Some(limit)).collect();
        assert!(!hits.is_empty(), "no guest of tests/hostile names `{limit}`");
        for Stranger { name, end, .. } in hits {
            let ends = match (end, breach) {
                (End::Breach(met, _) | End::TooMuch(met, _), Some(breach)) => *met == breach,
                (End::Refused(_) | End::Harmless(_), None) => true,
                _ => false,
            };
            assert!(ends, "`{name}` does not end with the breach of `{limit}`: {breach:?}");
        }
    }
    let known: Vec<&str> = limits().map(|(limit, _)| limit).collect();
    for stranger in all().filter_map(|stranger| stranger.limit) {
        assert!(known.contains(&stranger), "there is no limit `{stranger}`");
    }
}
