//! What a running host does when `grants.toml` or `puppet.toml` changes: grants hold at once, rules of swaps too; what
//! else has changed is named, and holds from the next start.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    config::Config,
    grants::Grants,
    output::Output,
    setup::Setup,
    swaps::{Files, Swaps},
};

/// The files.
pub struct Watched {
    swaps: Arc<Swaps>,
    grants: (Arc<Grants>, PathBuf),
    config: PathBuf,
    out: Output,
    said: Mutex<Said>,
}

/// What was read last, and said of it.
#[derive(Default)]
struct Said {
    settings: BTreeMap<String, String>,
    grants: Option<String>,
    trouble: BTreeMap<&'static str, String>,
}

fn settings(config: &Config) -> BTreeMap<String, String> {
    config.effective().into_iter().map(|setting| (setting.key, setting.value)).collect()
}

impl Watched {
    /// As they were at the start.
    pub fn new(setup: &Setup, swaps: &Arc<Swaps>, grants: (Arc<Grants>, PathBuf), out: Output) -> Self {
        let said = Said {
            settings: settings(&setup.config),
            grants: std::fs::read_to_string(&grants.1).ok(),
            ..Said::default()
        };
        let config = setup.home.join("puppet.toml");
        Self { swaps: Arc::clone(swaps), grants, config, out, said: Mutex::new(said) }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fault is told once.
    fn fault_of(&self, file: &'static str, fault: Option<String>) {
        let mut said = self.said();
        match fault {
            None => drop(said.trouble.remove(file)),
            Some(fault) => {
                if said.trouble.insert(file, fault.clone()).as_ref() != Some(&fault) {
                    self.out.note(fault);
                }
            }
        }
    }
}

impl Files for Watched {
    fn grants(&self) {
        let (grants, file) = &self.grants;
        let text = std::fs::read_to_string(file).ok();
        if self.said().grants == text {
            return;
        }
        match Grants::at(file) {
            Ok(new) => {
                self.said().grants = text;
                self.fault_of("grants", None);
                let host = &self.swaps.context().host;
                grants.replace(new, &host.ledger);
                host.recast();
                self.swaps.look_at_all();
                self.out.note("grants.toml has changed: it holds from now on");
            }
            Err(trouble) => self.fault_of("grants", Some(format!("{trouble}: the grants before it go on"))),
        }
    }

    fn config(&self) {
        let env = |name: &str| std::env::var(name).ok();
        match Config::load(Some(&self.config), &env) {
            Ok((config, _)) => {
                self.fault_of("config", None);
                self.swaps.context().set_rules(config.swap.clone());
                let new = settings(&config);
                let mut said = self.said();
                let keys = new.keys().chain(said.settings.keys());
                let mut changed: Vec<String> =
                    keys.filter(|key| new.get(*key) != said.settings.get(*key)).cloned().collect();
                changed.sort();
                changed.dedup();
                said.settings = new;
                drop(said);
                let (now, later): (Vec<String>, _) = changed.into_iter().partition(|key| key.starts_with("swap."));
                for (keys, when) in [(now, "holds from now on"), (later, "needs a restart")] {
                    if !keys.is_empty() {
                        self.out.note(format!("puppet.toml has changed: {} {when}", keys.join(", ")));
                    }
                }
            }
            Err(trouble) => self.fault_of("config", Some(format!("{trouble}: the configuration before it goes on"))),
        }
    }
}
