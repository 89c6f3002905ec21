//! From bytes to native code: inspected first, compiled one at a time, kept between runs.

use std::{path::Path, sync::Mutex};

use puppet_types::Breach;
use wasmtime::{Engine, component::Component};

use crate::{Inspection, Limits, LoadError, cache, inspect};

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

pub(crate) fn compile(
    engine: &Engine,
    limits: &Limits,
    cache_dir: Option<&Path>,
    bytes: &[u8],
) -> Result<Compiled, LoadError> {
    if bytes.len() as u64 > limits.component_bytes {
        return Err(LoadError::TooBig { bytes: bytes.len() as u64, most: limits.component_bytes });
    }
    let inspection = inspect(bytes)?;
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

/// What a component declares must fit, so that no call of it begins only to fail.
fn declared(component: &Component, limits: &Limits) -> Result<(), LoadError> {
    let Some(needs) = component.resources_required() else {
        return Err(LoadError::Link { reason: "it imports modules or components".to_owned() });
    };
    let too_large = |breach, detail| Err(LoadError::TooLarge { breach, detail });
    let memory = needs.max_initial_memory_size.unwrap_or(0);
    if memory > limits.memory_bytes {
        return too_large(Breach::OutOfMemory, format!("a memory of {memory} bytes: at most {}", limits.memory_bytes));
    }
    let table = needs.max_initial_table_size.unwrap_or(0);
    if table > limits.table_elements {
        let detail = format!("a table of {table} elements: at most {}", limits.table_elements);
        return too_large(Breach::TableTooLarge, detail);
    }
    Ok(())
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
