//! Events for all agents of a place, four hundred a second for twenty of them, every id known.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use puppet::control::{self, Request};
use puppet_types::{Event, Priority, ids::derive_u64};

use super::place::{Place, event};

/// One event for each agent, so often.
const BEAT: Duration = Duration::from_millis(50);

/// The pack's own agent, and so many others.
pub fn agents(others: usize) -> Vec<String> {
    (0..others).map(|n| format!("other-{n:02}")).chain(["pup".to_owned()]).collect()
}

/// Who gets them.
pub struct Load {
    name: String,
    pub agents: Vec<String>,
}

impl Load {
    /// The name makes the ids.
    pub fn new(name: &str, agents: Vec<String>) -> Self {
        Self { name: name.to_owned(), agents }
    }

    /// One for each agent, some of them of a kind that only good versions can bear.
    fn beat(&self, n: usize) -> Vec<Event> {
        let one = |agent: &String| {
            let id = format!("evt_{}_{n}_{agent}", self.name);
            let priority = match derive_u64(&["priority", &id]) % 20 {
                0 => Priority::Critical,
                1 | 2 => Priority::High,
                3 => Priority::Normal,
                _ => Priority::Low,
            };
            event(&id, agent, priority)
        };
        self.agents.iter().map(one).collect()
    }

    /// Sends them while this goes on, and as long as a host is there. Answers those that the host said it has.
    pub fn during<T>(&self, place: &Place, goes_on: impl FnOnce() -> T) -> (Vec<String>, T) {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| self.send(place, &stop));
            let ended = catch_unwind(AssertUnwindSafe(goes_on));
            stop.store(true, Ordering::Release);
            let accepted = sender.join().unwrap();
            (accepted, ended.unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }

    fn send(&self, place: &Place, stop: &AtomicBool) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (mut accepted, mut next) = (Vec::new(), Instant::now());
        for n in 0.. {
            if stop.load(Ordering::Acquire) {
                break;
            }
            let events = self.beat(n);
            let ids: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
            // Where the host dies in the middle of a word, nobody has said that they are accepted.
            let answer = runtime.block_on(control::ask_at(&place.data(), &Request::Send { events, wait_ms: None }));
            let Ok(Some(_)) = answer else { break };
            accepted.extend(ids);
            next += BEAT;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        accepted
    }
}
