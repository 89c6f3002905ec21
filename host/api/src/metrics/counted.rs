//! What the host's tally has counted.

use std::collections::BTreeMap;

use puppet_engine::{
    Host,
    tally::{Histogram, OfVersion, Seen, StoreWork},
};

use super::{
    names::{BREACHES, DECISIONS, EFFECTS, FUEL, INVOCATIONS, MEMORY, Metric, READS, SECONDS, STORE, SWAPS},
    text::{Family, Page},
    version,
};

/// Stages at which a version did not come through. They are told from 0 on, since the first one of all is worth an alert.
const SETBACKS: [&str; 2] = ["refused", "rolled-back"];

/// Microseconds in a second.
pub(super) const MICROS: f64 = 1e6;

/// Of a version; and in what its unit is counted.
const HISTOGRAMS: [(Metric, OfCalls, f64); 3] =
    [(SECONDS, OfVersion::time, MICROS), (FUEL, OfVersion::fuel, 1.0), (MEMORY, OfVersion::memory, 1.0)];

/// One of the histograms of a version.
type OfCalls = fn(&OfVersion) -> &Histogram;

pub(super) fn write(family: &mut Family<'_>, labels: &[&str], seen: &Seen, unit: f64) {
    let within = seen.within.iter().map(|(bound, count)| (*bound as f64 / unit, *count));
    family.histogram(labels, within, seen.count, seen.sum as f64 / unit);
}

/// Of each version.
pub fn of_versions(page: &mut Page, host: &Host) {
    let versions: Vec<(String, String, _)> = {
        let tally = host.tally.versions().into_iter();
        tally.map(|(pack, digest, of)| (pack.as_str().to_owned(), version(digest), of)).collect()
    };
    let mut family = page.of(INVOCATIONS);
    for (pack, version, of) in &versions {
        for (outcome, count) in of.outcomes() {
            family.sample(&[pack, version, outcome], count);
        }
    }
    for (metric, histogram, unit) in HISTOGRAMS {
        let mut family = page.of(metric);
        for (pack, version, of) in &versions {
            write(&mut family, &[pack, version], &histogram(of).seen(), unit);
        }
    }
    let mut family = page.of(BREACHES);
    for (pack, version, of) in &versions {
        for (breach, count) in of.breaches() {
            family.sample(&[pack, version, breach.code()], count);
        }
    }
    // Of all versions of a pack together.
    let (mut reads, mut decisions) = (BTreeMap::new(), BTreeMap::new());
    for (pack, _, of) in &versions {
        for (capability, status, count) in of.reads() {
            *reads.entry((pack.as_str(), capability.name(), status.name())).or_insert(0) += count;
        }
        for (kind, count) in of.decisions() {
            *decisions.entry((pack.as_str(), kind)).or_insert(0) += count;
        }
    }
    let mut family = page.of(READS);
    for ((pack, capability, status), count) in reads.into_iter().filter(|(_, count)| *count > 0) {
        family.sample(&[pack, capability, status], count);
    }
    let mut family = page.of(DECISIONS);
    for ((pack, kind), count) in decisions.into_iter().filter(|(_, count)| *count > 0) {
        family.sample(&[pack, kind], count);
    }
}

/// Stages that versions came to.
pub fn swaps(page: &mut Page, host: &Host) {
    let mut counts: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for pack in host.plugins().keys() {
        counts.extend(SETBACKS.map(|stage| ((pack.as_str().to_owned(), stage), 0)));
    }
    for (pack, stage, count) in host.tally.swaps() {
        counts.insert((pack.as_str().to_owned(), stage), count);
    }
    let mut family = page.of(SWAPS);
    for ((pack, stage), count) in counts {
        family.sample(&[&pack, stage], count);
    }
}

/// What attempts at effects came to.
pub fn effects(page: &mut Page, host: &Host) {
    let mut family = page.of(EFFECTS);
    for (kind, state, count) in host.tally.effects() {
        family.sample(&[kind, state.name()], count);
    }
}

/// How long the store took.
pub fn store(page: &mut Page, host: &Host) {
    let mut family = page.of(STORE);
    for work in StoreWork::ALL {
        write(&mut family, &[work.name()], &host.tally.store(work), MICROS);
    }
}
