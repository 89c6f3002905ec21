//! Which versions of a pack stand behind its grant, in words: what runs has something, what waits asks for it.

use puppet_packs::{Entry, State};

use super::asked::Asking;
use crate::grants::Grants;

/// How the version that asks stands among those that are installed.
pub struct Standing {
    version: String,
    state: State,
    /// The version that runs, where that is another.
    runs: Option<(String, Box<Asking>)>,
}

impl Standing {
    /// Of a version, beside the one that runs.
    pub fn of(entry: &Entry, runs: Option<(&Entry, Asking)>) -> Self {
        let runs = runs.map(|(other, asking)| (other.version.to_string(), Box::new(asking)));
        Self { version: entry.version.to_string(), state: entry.state, runs }
    }
}

/// A version, and what it may do or asks for.
#[derive(Debug)]
pub struct Version {
    /// Which, and how it stands.
    pub heading: String,
    /// In words.
    pub plain: Vec<String>,
}

impl Asking {
    /// Versions of which there is more to say than what is granted to the one that asks: another one runs, or nothing is
    /// granted to it.
    pub fn versions(&self, grants: &Grants, is_held: bool) -> Vec<Version> {
        let digest = self.digest;
        let Some(Standing { version, state, runs }) = &self.standing else {
            let heading = format!("asks for this, as {digest}:");
            return if is_held { Vec::new() } else { vec![Version { heading, plain: self.plain() }] };
        };
        if is_held && runs.is_none() {
            return Vec::new();
        }
        let what_runs = runs.iter().map(|(version, asking)| Version {
            heading: format!("{version} runs, {}:", asking.digest),
            plain: asking.granted(grants).plain(),
        });
        let asks = Version {
            heading: format!("{version} {}, {digest}; it asks for this:", stands(*state)),
            plain: self.plain(),
        };
        what_runs.chain([asks]).collect()
    }
}

fn stands(state: State) -> &'static str {
    match state {
        State::Waiting => "waits for your approval",
        State::Next => "comes next",
        State::Canary => "is on trial",
        _ => "runs",
    }
}
