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
pub fn load<T: DeserializeOwned>(version: u32) -> Answer<Option<T>> {
    match get()? {
        Some(blob) if blob.version == version => serde_json::from_slice(&blob.data).map(Some).map_err(not_json),
        _ => Ok(None),
    }
}
/// Decision: at most 64 KiB of JSON.
pub fn save<T: Serialize>(version: u32, state: &T) -> Answer<()> {
    let data = serde_json::to_vec(state).map_err(not_json)?;
    put(&Blob { version, data })
}
/// A blob that was saved as JSON, as a value: for [`crate::Migration`].
pub fn read<T: DeserializeOwned>(blob: &Blob) -> Result<T, String> {
    serde_json::from_slice(&blob.data).map_err(|error| format!("state of version {}: {error}", blob.version))
}
/// A value as the blob that [`load`] reads: for [`crate::Migration`].
pub fn blob<T: Serialize>(version: u32, state: &T) -> Result<Blob, String> {
    serde_json::to_vec(state).map(|data| Blob { version, data }).map_err(|error| format!("state: {error}"))
}
/// The blob as it is.
pub fn get() -> Answer<Option<Blob>> {
    answer(sys::get())
}
/// Decision.
pub fn put(blob: &Blob) -> Answer<()> {
    answer(sys::put(blob))
}
/// Decision.
pub fn clear() -> Answer<()> {
    answer(sys::clear())
}

fn not_json(error: serde_json::Error) -> CallError {
    CallError { code: "invalid-input".to_owned(), message: format!("state: {error}"), retry_after_ms: None }
}
