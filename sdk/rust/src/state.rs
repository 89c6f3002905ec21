//! A small blob of the plugin's own, one per plugin and agent, kept as versioned JSON.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    CallError,
    bindings::imports::puppet::state::state as wit,
    failure::{Answer, answer},
};
pub use wit::Blob;

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::state as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// What was saved last under this schema version. A blob of another version counts as none: see [`crate::Migration`].
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     #[derive(serde::Serialize, serde::Deserialize, Default)]
///     struct Saved { visitors: u32 }
///     let mut saved: Saved = state::load(1)?.unwrap_or_default();
///     saved.visitors += 1;
///     state::save(1, &saved)?;
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn load<T: DeserializeOwned>(version: u32) -> Answer<Option<T>> {
    match get()? {
        Some(blob) if blob.version == version => serde_json::from_slice(&blob.data).map(Some).map_err(not_json),
        _ => Ok(None),
    }
}
/// Decision: at most 64 KiB of JSON.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     state::save(1, &json!({ "visitors": 3 }))?;
///     assert_eq!(state::load(1)?, Some(json!({ "visitors": 3 })));
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn save<T: Serialize>(version: u32, state: &T) -> Answer<()> {
    let data = serde_json::to_vec(state).map_err(not_json)?;
    put(&Blob { version, data })
}
/// A blob that was saved as JSON, as a value: for [`crate::Migration`].
///
/// ```
/// use puppet_sdk::state;
///
/// let blob = state::blob(1, &vec![1, 2])?;
/// assert_eq!(state::read::<Vec<u8>>(&blob)?, [1, 2]);
/// # Ok::<(), String>(())
/// ```
pub fn read<T: DeserializeOwned>(blob: &Blob) -> Result<T, String> {
    serde_json::from_slice(&blob.data).map_err(|error| format!("state of version {}: {error}", blob.version))
}
/// A value as the blob that [`load`] reads: for [`crate::Migration`].
///
/// ```
/// use puppet_sdk::state;
///
/// assert_eq!(state::blob(2, &7)?.version, 2);
/// # Ok::<(), String>(())
/// ```
pub fn blob<T: Serialize>(version: u32, state: &T) -> Result<Blob, String> {
    serde_json::to_vec(state).map(|data| Blob { version, data }).map_err(|error| format!("state: {error}"))
}
/// The blob as it is.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert!(state::get()?.is_none());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn get() -> Answer<Option<Blob>> {
    answer(sys::get())
}
/// Decision.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     state::put(&state::Blob { version: 1, data: vec![1, 2, 3] })?;
///     assert_eq!(state::get()?.map(|blob| blob.data), Some(vec![1, 2, 3]));
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn put(blob: &Blob) -> Answer<()> {
    answer(sys::put(blob))
}
/// Decision.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     state::save(1, &1)?;
///     state::clear()?;
///     assert!(state::get()?.is_none());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn clear() -> Answer<()> {
    answer(sys::clear())
}

fn not_json(error: serde_json::Error) -> CallError {
    CallError { code: "invalid-input".to_owned(), message: format!("state: {error}"), retry_after_ms: None }
}
