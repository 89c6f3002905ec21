//! What components say of themselves, read once: to validate one is milliseconds of work, and it says the same as long as its
//! bytes are the same. Whoever lists plugins every few seconds pays for that once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use puppet_sandbox::Inspection;
use puppet_types::Digest;

use crate::trouble::{Result, Trouble};

/// As many as are kept; with one more all are read anew.
const MOST: usize = 256;

static KNOWN: Mutex<BTreeMap<Digest, Arc<Inspection>>> = Mutex::new(BTreeMap::new());

/// Of the component with this digest.
///
/// # Errors
/// It is none.
pub fn inspected(bytes: &[u8], digest: Digest) -> Result<Arc<Inspection>> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(inspection) = known().get(&digest) {
        return Ok(Arc::clone(inspection));
    }
    let inspection = puppet_sandbox::inspect(bytes).map_err(|error| Trouble::internal(error.to_string()))?;
    let inspection = Arc::new(inspection);
    let mut known = known();
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(digest, Arc::clone(&inspection));
    Ok(inspection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firstparty;

    #[test]
    fn a_component_is_read_once_and_what_is_none_is_refused_each_time() {
        let plugin = firstparty::plugins().into_iter().next().unwrap();
        let digest = Digest::of(plugin.component);
        let first = inspected(plugin.component, digest).unwrap();
        assert_eq!(*first, puppet_sandbox::inspect(plugin.component).unwrap());
        // By its digest alone: the bytes are not looked at again.
        assert!(Arc::ptr_eq(&first, &inspected(b"", digest).unwrap()));
        for _ in 0..2 {
            assert!(inspected(b"none", Digest::of(b"none")).is_err());
        }
    }
}
