//! The configuration as the host has it, and the settings of it that can be changed while it runs.

use async_trait::async_trait;
use puppet_api::{
    fault::Fault,
    operations::{Answer, ConfigOperations},
};
use serde_json::{Map, Value};

use super::{Door, fault, told};
use crate::{
    commands::{config::in_effect, run::is_at_once},
    config::{Config, change, fields::FIELDS, remedy},
    setup::Setup,
    trouble::{Result, Trouble},
};

#[async_trait]
impl ConfigOperations for Door {
    async fn config(&self) -> Answer {
        told(&shown(&self.setup).map_err(fault)?)
    }

    async fn set_config(&self, changes: Map<String, Value>) -> Answer {
        let setup = std::sync::Arc::clone(&self.setup);
        // It waits for whoever else changes a file of this folder.
        let done = tokio::task::spawn_blocking(move || set(&setup, &changes));
        done.await.map_err(Fault::internal)?.map_err(fault)?;
        self.config().await
    }
}

/// What the host has: of the start, and what was taken up from the file since.
fn shown(setup: &Setup) -> Result<crate::commands::config::InEffect> {
    let mut shown = in_effect(setup)?;
    let file = setup.home.join("puppet.toml");
    // What does not read is not taken up either; the host has said so.
    if let Some(Ok((now, _))) = file.exists().then(|| Config::of_process(Some(&file))) {
        shown.items.retain(|setting| !is_at_once(&setting.key));
        shown.items.extend(now.effective().into_iter().filter(|setting| is_at_once(&setting.key)));
    }
    Ok(shown)
}

fn set(setup: &Setup, changes: &Map<String, Value>) -> Result<()> {
    let file = setup.home.join("puppet.toml");
    for key in changes.keys() {
        if !is_at_once(key) {
            return Err(not_now(key, &file.display().to_string()));
        }
    }
    change(&file, changes)
}

/// A key that nobody knows, or that a host reads at its start alone.
fn not_now(key: &str, file: &str) -> Trouble {
    let is_known = FIELDS.iter().any(|field| is_of(field.key, key));
    if !is_known {
        let known: Vec<&str> = FIELDS.iter().map(|field| field.key).filter(|key| is_at_once(key)).collect();
        return Trouble::input("unknown-key", format!("there is no setting `{key}`"), remedy(key, &known))
            .of_field(key);
    }
    let remedy = format!("write it into {file}, and start the host anew");
    Trouble::refused("needs-restart", format!("a host reads `{key}` when it starts"), remedy).of_field(key)
}

/// Whether a key is one of a field, whose free names stand in angle brackets.
fn is_of(field: &str, key: &str) -> bool {
    let (mut parts, mut named) = (field.split('.'), key.split('.'));
    loop {
        match (parts.next(), named.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if part == name || (part.starts_with('<') && !name.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_from_the_next_start_alone_is_told_so() {
        let code = |key: &str| not_now(key, "puppet.toml").code;
        assert_eq!((code("host.timezone"), code("llm.providers.far.model")), ("needs-restart", "needs-restart"));
        assert_eq!((code("host.timezones"), code("llm.providers.far")), ("unknown-key", "unknown-key"));
    }
}
