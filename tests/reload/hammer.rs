//! A live host under load while versions of its plugin come one after the other: good ones, and ones that trap, spin,
//! burn, are half-written or older than what runs. Every event that was accepted is handled once, and well.

use std::time::Duration;

use puppet_types::ids::derive_u64;

use super::{
    ledger::Ledger,
    load::{Load, agents},
    place::{Place, digest, guest},
};
use crate::{
    hostile::guest::{End, Step},
    support,
};

/// Beside the pack's own.
const OTHERS: usize = 19;
/// All that may follow the last version: a host that does not get through its mail in this time has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

/// What every version does: it keeps whose it was, and remembers the event, so that it can be counted.
const GOOD: [Step; 3] = [Step::GetState, Step::PutState("good"), Step::RememberEventId];
const BAD: [Step; 3] = [Step::GetState, Step::PutState("bad"), Step::RememberEventId];
const BURNS: [Step; 4] = [Step::Burn(200_000), Step::GetState, Step::PutState("bad"), Step::RememberEventId];

/// Canaries and watches that have seen enough soon; so little fuel that one that spins is through with it soon.
const RULES: &str = "shadow = 5\ncanary_invocations = 10\nwatch_invocations = 20\n";
/// What is bad is found by those who meet it: by a tenth of the agents, or by all.
const BLIND: &str = "shadow = 0\ncanary_invocations = 10\nwatch_invocations = 1000\n";
const BLIND_AT_ONCE: &str = "shadow = 0\ncanary_percent = 0\nwatch_invocations = 1000\n";
const FUEL: &str = "[sandbox.limits]\nfuel = 3000000\n";

/// What comes into the folder.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Good,
    /// And another one before it has come far.
    GoodTwice,
    Trap,
    OverFuel,
    Spin,
    /// Good for some events, bad for others, which nothing recorded tells.
    TreacherousCanary,
    Treacherous,
    HalfWritten,
    Older,
}

const KINDS: [Kind; 9] = [
    Kind::Good,
    Kind::GoodTwice,
    Kind::Trap,
    Kind::OverFuel,
    Kind::Spin,
    Kind::TreacherousCanary,
    Kind::Treacherous,
    Kind::HalfWritten,
    Kind::Older,
];

/// Each kind three times, in a drawn order, and a good one at the end.
fn order(seed: &str) -> Vec<Kind> {
    let mut drawn: Vec<(u64, Kind)> = Vec::new();
    for round in ["a", "b", "c"] {
        drawn.extend(KINDS.iter().map(|kind| (derive_u64(&[seed, round, &format!("{kind:?}")]), *kind)));
    }
    drawn.sort_unstable_by_key(|(drawn, _)| *drawn);
    drawn.into_iter().map(|(_, kind)| kind).chain([Kind::Good]).collect()
}

/// What is written there, and what has come of it so far.
struct Hammer<'a> {
    place: &'a Place,
    good: Vec<u8>,
    versions: usize,
}

impl Hammer<'_> {
    fn guest(&mut self, steps: &[Step], end: End) -> Vec<u8> {
        self.versions += 1;
        guest(steps, end, &format!("v{}", self.versions))
    }

    fn rules(&self, text: &str) {
        self.place.rules(&format!("{text}{FUEL}"));
    }

    /// One that is to serve in the end.
    fn good(&mut self) {
        let good = self.guest(&GOOD, End::Ok);
        self.place.component(&good);
        self.place.until(&good, "settled");
        self.good = good;
    }

    /// One that must not.
    fn bad(&mut self, steps: &[Step], end: End, states: &[&str]) {
        let bad = self.guest(steps, end);
        self.place.component(&bad);
        support::until(PATIENCE, &format!("{bad:?} comes to none of {states:?}", bad = self.versions), || {
            let told = self.place.told();
            told["digest"] == digest(&bad) && states.iter().any(|state| told["state"] == *state)
        });
    }

    fn strike(&mut self, kind: Kind) {
        let pause = Duration::from_millis(20 + derive_u64(&["pause", &self.versions.to_string()]) % 200);
        self.rules(RULES);
        match kind {
            Kind::Good => self.good(),
            Kind::GoodTwice => {
                let overtaken = self.guest(&GOOD, End::Ok);
                self.place.component(&overtaken);
                // Into whichever stage it has come to.
                std::thread::sleep(pause);
                self.good();
            }
            Kind::Trap => self.bad(&BAD, End::Trap, &["refused"]),
            Kind::OverFuel => self.bad(&BURNS, End::Ok, &["refused"]),
            Kind::TreacherousCanary => {
                self.rules(BLIND);
                // Where the canary's agents have met nothing that it cannot bear, all of them meet it.
                self.bad(&BAD, End::ByPriority, &["refused", "rolled-back"]);
            }
            Kind::Treacherous => {
                self.rules(BLIND_AT_ONCE);
                self.bad(&BAD, End::ByPriority, &["rolled-back"]);
            }
            Kind::Spin => {
                self.rules(BLIND_AT_ONCE);
                self.bad(&BAD, End::Spin, &["rolled-back"]);
            }
            Kind::HalfWritten => {
                let whole = self.guest(&GOOD, End::Ok);
                std::fs::write(self.place.path().join("agents/pup/pup.wasm"), &whole[..whole.len() / 2]).unwrap();
                std::thread::sleep(pause);
            }
            Kind::Older => {
                self.place.versioned("0.0.9");
                let older = self.guest(&GOOD, End::Ok);
                self.place.component(&older);
                std::thread::sleep(pause);
                self.place.component(&self.good);
                self.place.versioned("0.1.0");
            }
        }
        assert_eq!(self.place.serving(), digest(&self.good), "after {kind:?}");
    }
}

#[test]
fn no_event_is_lost_doubled_or_failed_whatever_comes_into_the_folder() {
    let place = Place::new(&GOOD, End::Ok, OTHERS);
    place.rules(&format!("{RULES}{FUEL}"));
    let _host = place.host();
    let load = Load::new("hammer", agents(OTHERS));
    let (accepted, good) = load.during(&place, || {
        let mut hammer = Hammer { place: &place, good: guest(&GOOD, End::Ok, "first"), versions: 0 };
        order("hammer").into_iter().for_each(|kind| hammer.strike(kind));
        hammer.good
    });
    assert!(accepted.len() > 500, "{} events are no load", accepted.len());
    let ledger = Ledger::of(&place);
    support::until(PATIENCE, "mail is left", || ledger.waiting() == 0);
    ledger.each_was_handled_once(&accepted);
    ledger.each_effect_happened_once(&accepted);
    for agent in &load.agents {
        assert_eq!(ledger.state(agent).as_deref(), Some("good"), "{agent}");
    }
    assert_eq!(place.serving(), digest(&good));
    let running = place.lock().into_iter().filter(|(state, _)| ["current", "watched"].contains(&state.as_str()));
    assert_eq!(running.count(), 1);
}
