//! What a running host does when `grants.toml` or `puppet.toml` changes: grants hold at once, and so do the settings of
//! `at_once`; what else has changed is named, and holds from the next start.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use puppet_tweet::X;

use super::at_once::{AtOnce, is_at_once, is_of_commands};
use crate::{
    config::Config,
    grants::Grants,
    output::Output,
    setup::Setup,
    swaps::{Files, Swaps},
    trouble::Trouble,
};

/// What it means that nobody grants anything any more: see [`Grants`].
const GONE: &str = "grants.toml is gone: what is installed, and components of your own folders, may do nothing from now \
                    on; all others may do what they ask for, within the ceilings";

/// The files.
pub struct Watched {
    swaps: Arc<Swaps>,
    grants: (Arc<Grants>, PathBuf),
    x: Option<Arc<X>>,
    config: PathBuf,
    /// What the host started with where there was no file.
    without: Option<Config>,
    out: Output,
    said: Mutex<Said>,
}

/// What is in force, and what was said last.
#[derive(Default)]
struct Said {
    /// Settings that the host runs with: of the start, and those that have held since.
    running: BTreeMap<String, String>,
    /// Settings of the file that are others, and wait for a restart.
    waiting: BTreeMap<String, Option<String>>,
    grants: Option<String>,
    trouble: BTreeMap<&'static str, String>,
}

fn settings(config: &Config) -> BTreeMap<String, String> {
    config.effective().into_iter().map(|setting| (setting.key, setting.value)).collect()
}

impl Watched {
    /// As they were at the start.
    ///
    /// `written`: the configuration as it was read, which is not all in force where something is emulated.
    pub fn new(
        (setup, written): (&Setup, &Config),
        swaps: &Arc<Swaps>,
        grants: (Arc<Grants>, PathBuf),
        x: Option<Arc<X>>,
        out: Output,
    ) -> Self {
        let said =
            Said { running: settings(written), grants: std::fs::read_to_string(&grants.1).ok(), ..Said::default() };
        let config = setup.home.join("puppet.toml");
        let without = (!config.exists()).then(|| written.clone());
        Self { swaps: Arc::clone(swaps), grants, x, config, without, out, said: Mutex::new(said) }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fault is told once, with what goes on meanwhile.
    fn fault_of(&self, file: &'static str, trouble: &Trouble, meanwhile: &str) {
        let fault = format!("{}; {meanwhile}", trouble.in_a_line());
        if self.said().trouble.insert(file, fault.clone()).as_ref() != Some(&fault) {
            self.out.note(fault);
        }
    }

    /// That it is gone is told once, too.
    fn no_fault_of(&self, file: &'static str) {
        if self.said().trouble.remove(file).is_some() {
            self.out.note(format!("{file} is fine again"));
        }
    }

    /// Of what the file says now: what holds from now on, and what waits for a restart, where that was not said yet.
    fn changes(&self, new: &BTreeMap<String, String>) -> Vec<String> {
        let mut said = self.said();
        let keys: BTreeSet<&String> = new.keys().chain(said.running.keys()).collect();
        let other = keys.into_iter().filter(|key| new.get(*key) != said.running.get(*key));
        let other = other.filter(|key| !is_of_commands(key));
        let (now, later): (Vec<String>, Vec<String>) = other.cloned().partition(|key| is_at_once(key));
        for key in &now {
            match new.get(key) {
                Some(value) => said.running.insert(key.clone(), value.clone()),
                None => said.running.remove(key),
            };
        }
        let waiting: BTreeMap<_, _> = later.iter().map(|key| (key.clone(), new.get(key).cloned())).collect();
        let before = std::mem::replace(&mut said.waiting, waiting);
        let mut notes = Vec::new();
        if !now.is_empty() {
            notes.push(format!("puppet.toml has changed: {} holds from now on", now.join(", ")));
        }
        if before != said.waiting {
            notes.push(match later.is_empty() {
                true => "puppet.toml says again what runs: nothing needs a restart".to_owned(),
                false => format!("puppet.toml has changed: {} needs a restart", later.join(", ")),
            });
        }
        notes
    }
}

impl Files for Watched {
    fn grants(&self) {
        let (grants, file) = &self.grants;
        let text = std::fs::read_to_string(file).ok();
        if self.said().grants == text {
            // What could not be read is no text, as no file is.
            if text.is_some() || !file.exists() {
                self.no_fault_of("grants.toml");
            }
            return;
        }
        match Grants::at(file) {
            Ok(new) => {
                self.no_fault_of("grants.toml");
                let is_gone = text.is_none();
                self.said().grants = text;
                let host = &self.swaps.context().host;
                grants.replace(new, &host.ledger);
                host.recast();
                self.swaps.look_at_all();
                self.out.note(if is_gone { GONE } else { "grants.toml has changed: it holds from now on" });
            }
            Err(trouble) => self.fault_of("grants.toml", &trouble, "the grants before it go on"),
        }
    }

    fn config(&self) {
        let read = match &self.without {
            Some(config) if !self.config.exists() => Ok(config.clone()),
            _ => Config::of_process(Some(&self.config)).map(|(config, _)| config),
        };
        let read = read.and_then(|config| config.check_accounts().map(|()| config));
        match read {
            Ok(config) => {
                self.no_fault_of("puppet.toml");
                AtOnce::of(&config).hold(&self.swaps, self.x.as_deref());
                self.changes(&settings(&config)).into_iter().for_each(|note| self.out.note(note));
            }
            Err(trouble) => self.fault_of("puppet.toml", &trouble, "the configuration before it goes on"),
        }
    }
}
