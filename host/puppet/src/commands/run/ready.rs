//! `run.json`: where a running host can be reached; there while it runs.

use std::path::{Path, PathBuf};

use puppet_types::Timestamp;
use serde::Deserialize;

use crate::{
    emulated::{Chain, Services},
    files,
    trouble::{Result, Trouble},
};

const READY: &str = "run.json";

/// Where a running host has what it emulates.
#[derive(Debug, Default, Deserialize)]
pub struct Emulators {
    /// What stands for X.
    pub x: Option<String>,
    /// What stands for every provider of models.
    pub llm: Option<String>,
}

impl Emulators {
    /// Of the host with this pid; nothing where it does not say so, or emulates nothing.
    pub fn of_host(data: &Path, pid: u32) -> Self {
        #[derive(Deserialize)]
        struct Written {
            pid: u32,
            emulators: Emulators,
        }
        let text = std::fs::read_to_string(data.join(READY)).unwrap_or_default();
        let written = serde_json::from_str::<Written>(&text).ok().filter(|written| written.pid == pid);
        written.map(|written| written.emulators).unwrap_or_default()
    }
}

/// Where the host with this pid answers requests; none where it does not say so.
pub fn url_of_host(data: &Path, pid: u32) -> Option<String> {
    #[derive(Deserialize)]
    struct Written {
        pid: u32,
        api_url: Option<String>,
    }
    let text = std::fs::read_to_string(data.join(READY)).ok()?;
    serde_json::from_str::<Written>(&text).ok().filter(|written| written.pid == pid)?.api_url
}

/// `run.json`, gone when the host is.
pub struct Ready(PathBuf);

impl Ready {
    /// What a host that was killed left there speaks of another process.
    pub fn forget(data: &Path) {
        // There may be none.
        let _ = std::fs::remove_file(data.join(READY));
    }

    /// From now on.
    pub fn write(data: &Path, services: &Services, chain: Option<&Chain>, api_url: Option<&str>) -> Result<Self> {
        let path = data.join(READY);
        let ready = serde_json::json!({
            "pid": std::process::id(), "ready_at": Timestamp::from_system(), "api_url": api_url,
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
