//! `[sandbox]` of the configuration as the sandbox's own: unknown keys and values out of range are errors at
//! their line.

use puppet_grants::CallBounds;
use puppet_sandbox::{Limits, Pool, Sandbox, SandboxConfig, StrikeRules};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    setup::Setup,
    trouble::{Result, Trouble},
};

/// The sandbox's configuration.
pub fn config(setup: &Setup) -> Result<SandboxConfig> {
    let limits: Limits = section(setup, "limits")?;
    let pool: Pool = section(setup, "pool")?;
    let strikes: StrikeRules = section(setup, "strikes")?;
    let checked = limits.check().and_then(|()| pool.check()).and_then(|()| strikes.check());
    checked.map_err(|error| {
        let remedy = format!("write a number between {} and {}", error.least, error.most);
        setup.config.bad_value(error.key, error.to_string(), remedy)
    })?;
    Ok(SandboxConfig { limits, pool, strikes, cache_dir: setup.cache.clone() })
}

/// A sandbox.
pub fn open(setup: &Setup) -> Result<Sandbox> {
    open_with(config(setup)?)
}

/// The same of a configuration that was changed.
pub fn open_with(config: SandboxConfig) -> Result<Sandbox> {
    Sandbox::new(config).map_err(|error| {
        let remedy = "lower `sandbox.pool.slots`, or raise the limit of address space of this machine";
        Trouble::unreachable("sandbox", error.to_string(), remedy)
    })
}

/// Bounds that the gate counts.
pub fn bounds(setup: &Setup) -> CallBounds {
    let invocation = &setup.config.invocation;
    CallBounds {
        host_calls: invocation.host_calls,
        decisions: invocation.decisions,
        journal_bytes: invocation.journal_bytes,
        log_lines: invocation.log_lines,
        log_line_bytes: invocation.log_line_bytes,
        log_fields: invocation.log_fields,
        deadline: std::time::Duration::from_millis(invocation.deadline_ms),
        hops: invocation.hops,
        relationships: invocation.relationships,
    }
}

fn section<T: DeserializeOwned + Serialize + Default>(setup: &Setup, name: &str) -> Result<T> {
    let Some(value) = setup.config.sandbox.get(name) else { return Ok(T::default()) };
    let known = serde_json::to_value(T::default()).map_err(Trouble::internal)?;
    let known: Vec<&str> = known.as_object().into_iter().flat_map(|map| map.keys()).map(String::as_str).collect();
    for key in value.as_table().into_iter().flat_map(|table| table.keys()) {
        if !known.contains(&key.as_str()) {
            return Err(setup.config.unknown_key(&format!("sandbox.{name}.{key}"), &known));
        }
        let one: toml::Table = [(key.clone(), value[key].clone())].into_iter().collect();
        if let Err(error) = one.try_into::<T>() {
            let field = format!("sandbox.{name}.{key}");
            let remedy = "write a whole number, or a list of them where the default is one";
            return Err(setup.config.bad_value(&field, error.to_string().trim().to_owned(), remedy));
        }
    }
    value.clone().try_into().map_err(|error: toml::de::Error| {
        setup.config.bad_value(&format!("sandbox.{name}"), error.to_string().trim().to_owned(), "write it as a table")
    })
}
