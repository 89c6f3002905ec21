//! A live host under load while versions of its plugin come one after the other: good ones, and ones that trap, spin,
//! burn, are half-written or older than what runs. Every event that was accepted is handled once, and well.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use puppet::control::{self, Request};
use puppet_types::{Event, Priority, ids::derive_u64};

use super::{
    ledger::Ledger,
    place::{Place, digest, event, guest},
};
use crate::{
    hostile::guest::{End, Step},
    support,
};

/// Beside the pack's own.
const OTHERS: usize = 19;
/// One event for each agent, so often: four hundred a second.
const BEAT: Duration = Duration::from_millis(50);
/// All that may follow the last version: a host that does not get through its mail in this time has lost it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every version does: it keeps whose it was, and remembers the event, so that it can be counted.
const GOOD: [Step; 3] = [Step::GetState, Step::PutState("good"), Step::RememberEventId];
const BAD: [Step; 3] = [Step::GetState, Step::PutState("bad"), Step::RememberEventId];
const BURNS: [Step; 4] = [Step::Burn(200_000), Step::GetState, Step::PutState("bad"), Step::RememberEventId];

/// Canaries and watches that have seen enough soon; so little fuel that one that spins is through with it soon.
const RULES: &str = "shadow = 5\ncanary_invocations = 10\nwatch_invocations = 20\n";
/// What is bad is found by those who meet it: by a tenth of the agents, or by all.
const BLIND: &str = "shadow = 0\ncanary_invocations = 10\nwatch_invocations = 20\n";
const BLIND_AT_ONCE: &str = "shadow = 0\ncanary_percent = 0\nwatch_invocations = 20\n";
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
    fn bad(&mut self, steps: &[Step], end: End, state: &str) {
        let bad = self.guest(steps, end);
        self.place.component(&bad);
        self.place.until(&bad, state);
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
            Kind::Trap => self.bad(&BAD, End::Trap, "refused"),
            Kind::OverFuel => self.bad(&BURNS, End::Ok, "refused"),
            Kind::TreacherousCanary => {
                self.rules(BLIND);
                self.bad(&BAD, End::ByPriority, "refused");
            }
            Kind::Treacherous => {
                self.rules(BLIND_AT_ONCE);
                self.bad(&BAD, End::ByPriority, "rolled-back");
            }
            Kind::Spin => {
                self.rules(BLIND_AT_ONCE);
                self.bad(&BAD, End::Spin, "rolled-back");
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

/// The events of one beat: one for each agent, some of them of a kind that only good versions can bear.
fn beat(n: usize, agents: &[String]) -> Vec<Event> {
    let one = |agent: &String| {
        let id = format!("evt_{n}_{agent}");
        let priority = match derive_u64(&["priority", &id]) % 20 {
            0 => Priority::Critical,
            1 | 2 => Priority::High,
            3 => Priority::Normal,
            _ => Priority::Low,
        };
        event(&id, agent, priority)
    };
    agents.iter().map(one).collect()
}

/// Sends until it is told to stop. Answers every event that the host said it has, by its agent.
fn load(place: &Place, agents: &[String], stop: &AtomicBool) -> BTreeMap<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut accepted = BTreeMap::new();
    let mut next = Instant::now();
    for n in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let events = beat(n, agents);
        let ids: Vec<_> = events.iter().map(|event| (event.id.to_string(), event.agent.to_string())).collect();
        let request = Request::Send { events, wait_ms: None };
        runtime.block_on(control::ask(&place.data(), &request)).unwrap().expect("a host runs");
        accepted.extend(ids);
        next += BEAT;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    accepted
}

#[test]
fn no_event_is_lost_doubled_or_failed_whatever_comes_into_the_folder() {
    let place = Place::new(&GOOD, End::Ok, OTHERS);
    place.rules(&format!("{RULES}{FUEL}"));
    let _host = place.host();
    let agents: Vec<String> = (0..OTHERS).map(|n| format!("other-{n:02}")).chain(["pup".to_owned()]).collect();
    let stop = AtomicBool::new(false);
    let (accepted, good) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| load(&place, &agents, &stop));
        let hammered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut hammer = Hammer { place: &place, good: guest(&GOOD, End::Ok, "first"), versions: 0 };
            for kind in order("hammer") {
                let since = Instant::now();
                hammer.strike(kind);
                println!("{kind:?}: {} ms", since.elapsed().as_millis());
            }
            hammer.good
        }));
        stop.store(true, Ordering::Release);
        let accepted = sender.join().unwrap();
        (accepted, hammered.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    println!("{} events", accepted.len());
    let ledger = Ledger::of(&place);
    support::until(PATIENCE, "mail is left", || ledger.waiting() == 0);
    ledger.each_was_handled_once(accepted.keys());
    ledger.each_effect_happened_once(accepted.keys());
    for agent in &agents {
        assert_eq!(ledger.state(agent).as_deref(), Some("good"), "{agent}");
    }
    assert_eq!(place.serving(), digest(&good));
    let running = place.lock().into_iter().filter(|(state, _)| ["current", "watched"].contains(&state.as_str()));
    assert_eq!(running.count(), 1);
}
