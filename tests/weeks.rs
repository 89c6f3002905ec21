//! Weeks of virtual time that several tests look at: each is lived once, in Tokyo, by one worker.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use serde_json::Value;

use crate::support::{self, Kept, original_agents, report};

/// A simulated week.
pub struct Week {
    folder: Kept,
    report: Value,
}

impl Week {
    fn of(agents: &Path, name: &str) -> Self {
        let folder = Kept::new(fresh(name));
        let mut command = support::puppet(folder.path().parent().unwrap());
        command.env("TZ", "Asia/Tokyo").args(["simulate", "--days", "7", "--seed", "42", "--workers", "1"]);
        support::finish(command.arg("--agents").arg(agents).arg("--out").arg(folder.path())).exits(0);
        let report = report(folder.path());
        Self { folder, report }
    }

    /// Report, timeline and data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `report.json`.
    pub fn report(&self) -> &Value {
        &self.report
    }
}

fn fresh(name: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    out
}

static FIXTURES: LazyLock<Week> = LazyLock::new(|| Week::of(&support::fixtures().join("agents"), "week"));

static ORIGINALS: LazyLock<Option<Week>> = LazyLock::new(|| Some(Week::of(&original_agents()?, "originals")));

/// One week of the fixture agents.
pub fn of_fixtures() -> &'static Week {
    &FIXTURES
}

/// One week of the original agents, where they are there.
pub fn of_originals() -> Option<&'static Week> {
    ORIGINALS.as_ref()
}

/// The report of the fixtures.
pub fn week() -> &'static Value {
    of_fixtures().report()
}

/// The folder of the fixtures.
pub fn week_folder() -> &'static Path {
    of_fixtures().folder()
}

/// The report of the original agents.
pub fn originals() -> Option<&'static Value> {
    of_originals().map(Week::report)
}
