//! From bytes to native code: inspected first, compiled one at a time, kept between runs.

use std::{path::Path, sync::Mutex};

use puppet_types::Breach;
use wasmtime::{Engine, component::Component};

use crate::{Inspection, Limits, LoadError, cache, inspect, limiter::PAGE};

/// A component as native code, with what was read from its binary.
#[derive(Clone)]
pub struct Compiled {
    pub(crate) component: Component,
    inspection: Inspection,
}

impl Compiled {
    /// What the binary says about itself.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("inspection", &self.inspection).finish_non_exhaustive()
    }
}

/// One compilation at a time: a Python component takes hundreds of megabytes while it is compiled, and uses all cores.
static TURN: Mutex<()> = Mutex::new(());

/// Reads what a component says of itself, where it is not too large.
fn inspected(limits: &Limits, bytes: &[u8]) -> Result<Inspection, LoadError> {
    if bytes.len() as u64 > limits.component_bytes {
        return Err(LoadError::TooBig { bytes: bytes.len() as u64, most: limits.component_bytes });
    }
    inspect(bytes)
}

/// From the cache alone.
pub(crate) fn kept(
    engine: &Engine,
    limits: &Limits,
    cache_dir: Option<&Path>,
    bytes: &[u8],
) -> Result<Option<Compiled>, LoadError> {
    let inspection = inspected(limits, bytes)?;
    let Some(component) = cache_dir.and_then(|dir| cache::load(engine, dir, &inspection.digest)) else {
        return Ok(None);
    };
    declared(&component, limits)?;
    Ok(Some(Compiled { component, inspection }))
}

pub(crate) fn compile(
    engine: &Engine,
    limits: &Limits,
    cache_dir: Option<&Path>,
    bytes: &[u8],
) -> Result<Compiled, LoadError> {
    let inspection = inspected(limits, bytes)?;
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let kept = cache_dir.and_then(|dir| cache::load(engine, dir, &inspection.digest));
    let component = match kept {
        Some(component) => component,
        None => {
            let component = Component::new(engine, bytes).map_err(|error| refusal(&error))?;
            if let Some(dir) = cache_dir
                && let Err(error) = cache::keep(engine, dir, &inspection.digest, &component)
            {
                tracing::warn!(%error, dir = %dir.display(), "native code is not kept: it is compiled again next time");
            }
            component
        }
    };
    drop(turn);
    declared(&component, limits)?;
    Ok(Compiled { component, inspection })
}

/// What a component declares must fit, so that no call of it begins only to fail. The pool has refused most of what does
/// not ([`refusal`]); of a memory's limit it only knows what is left when that is rounded up to pages of the system.
fn declared(component: &Component, limits: &Limits) -> Result<(), LoadError> {
    let Some(memory) = initial_memory(component) else {
        return Err(LoadError::Link { reason: "it imports modules or components".to_owned() });
    };
    if memory > limits.memory_bytes {
        let detail = format!("a memory of {memory} bytes: at most {}", limits.memory_bytes);
        return Err(LoadError::TooLarge { breach: Breach::OutOfMemory, detail });
    }
    Ok(())
}

/// Bytes of the largest memory that a component begins with: wasmtime tells pages. `None` where that depends on what it
/// imports.
pub(crate) fn initial_memory(component: &Component) -> Option<u64> {
    let pages = component.resources_required()?.max_initial_memory_size.unwrap_or(0);
    Some(pages.saturating_mul(PAGE))
}

/// The compiler's refusal as ours. The pool counts instances, memories and tables before any of them is made.
fn refusal(error: &wasmtime::Error) -> LoadError {
    let reason = error.root_cause().to_string();
    let table: &[(&str, Breach)] = &[
        ("core module instances, which exceeds", Breach::TooManyInstances),
        ("Wasm linear memories, which exceeds", Breach::TooManyInstances),
        ("tables, which exceeds", Breach::TooManyInstances),
        ("defined memories count", Breach::TooManyInstances),
        ("defined tables count", Breach::TooManyInstances),
        ("memory has a minimum byte size", Breach::OutOfMemory),
        ("has a minimum element size", Breach::TableTooLarge),
        ("which exceeds the configured maximum", Breach::TooManyInstances),
    ];
    match table.iter().find(|(part, _)| reason.contains(part)) {
        Some((_, breach)) => LoadError::TooLarge { breach: *breach, detail: reason },
        None => LoadError::Compile { reason },
    }
}
