//! Language models by name: `offline`, and the endpoints of the configuration with their keys.

use std::collections::BTreeMap;

use puppet_llm::Llm;
use puppet_packs::SecretsFile;

use crate::{
    config,
    setup::Setup,
    trouble::Result,
};

/// Needs nothing, costs nothing.
pub fn offline() -> Llm {
    Llm::offline()
}

/// Everything that can be used.
pub fn of(setup: &Setup, _secrets: &SecretsFile) -> Result<BTreeMap<String, Llm>> {
    let _ = &setup.config;
    Ok(BTreeMap::from([(config::Llm::OFFLINE.to_owned(), offline())]))
}
