//! `run.json`: where a running host can be reached; there while it runs.

use std::path::{Path, PathBuf};

use puppet_types::Timestamp;

use crate::{
    emulated::{Chain, Services},
    files,
    trouble::{Result, Trouble},
};

const READY: &str = "run.json";

/// `run.json`, gone when the host is.
pub struct Ready(PathBuf);

impl Ready {
    /// What a host that was killed left there speaks of another process.
    pub fn forget(data: &Path) {
        // There may be none.
        let _ = std::fs::remove_file(data.join(READY));
    }

    /// From now on.
    pub fn write(data: &Path, services: &Services, chain: Option<&Chain>) -> Result<Self> {
        let path = data.join(READY);
        let ready = serde_json::json!({
            "pid": std::process::id(), "ready_at": Timestamp::from_system(), "api_url": null,
            "emulators": {
                "x": services.x(), "llm": services.llm(), "solana": chain.map(Chain::solana), "jupiter": chain.map(Chain::jupiter),
            },
        });
        files::replace(&path, format!("{ready}\n").as_bytes(), None).map_err(|error| {
            let message = format!("cannot be written: {error}");
            Trouble::unreachable("data-folder", message, "check the data folder").in_file(&path)
        })?;
        Ok(Self(path))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}
