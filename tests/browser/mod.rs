//! The dashboard in a real browser, before a real host: what an operator sees and does there.

mod accessible;
mod cdp;
mod describing;
mod keyboard;
mod operating;
mod swapping;
mod watching;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use crate::{
    client::key,
    support::{self, Running, run},
};
use cdp::Page;

/// Whatever has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(120);
const DESK: (u32, u32) = (1400, 900);

/// A host with an agent, and a page of its dashboard that is signed in.
struct Stage {
    page: Page,
    url: String,
    host: Running,
    folder: PathBuf,
    /// Goes with it.
    _kept: Option<tempfile::TempDir>,
}

impl Stage {
    /// Over a folder that was made ready. None where there is no browser.
    fn over(folder: tempfile::TempDir, role: &str) -> Option<Self> {
        let stage = Self::at(folder.path(), role)?;
        Some(Self { _kept: Some(folder), ..stage })
    }

    /// Over somebody else's folder.
    fn at(folder: &Path, role: &str) -> Option<Self> {
        let (mut stage, key) = Self::outside(folder, role)?;
        stage.page.write("login-key", &key);
        stage.page.press("login-submit");
        stage.page.until(PATIENCE, &live());
        Some(stage)
    }

    /// Before its door, with a key of this role.
    fn outside(folder: &Path, role: &str) -> Option<(Self, String)> {
        let program = cdp::program()?;
        let data = folder.join(".puppet");
        let host = Running::start(folder, &data, &[]);
        let ready = std::fs::read_to_string(data.join("run.json")).unwrap();
        let url = serde_json::from_str::<Value>(&ready).unwrap()["api_url"].as_str().unwrap().to_owned();
        let key = key(folder, &["--role", role]);
        let mut page = Page::open(&program, DESK);
        page.go(&url);
        Some((Self { page, url, host, folder: folder.to_owned(), _kept: None }, key))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    /// Goes to a page by its address within the dashboard: nothing is loaded anew.
    fn to(&mut self, hash: &str) {
        self.page.eval(&format!("void (location.hash = {})", Value::from(hash)));
    }

    /// What the API answers to the session of the page.
    fn api(&mut self, path: &str) -> Value {
        self.page.eval(&format!("fetch('/api/v1{path}').then((answer) => answer.json())"))
    }
}

/// The page is signed in and hears what happens.
fn live() -> String {
    format!("{}?.dataset.state === 'live'", Page::by("live-state"))
}

/// A folder with an agent that answers whoever speaks to it.
fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json").to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &file]).exits(0);
    folder
}

/// One more agent in a folder, whose name has no end and no place to break.
fn long_named(folder: &Path) {
    let text = std::fs::read_to_string(support::fixtures().join("agents/orbit-desk.json")).unwrap();
    let mut agent: Value = serde_json::from_str(&text).unwrap();
    agent["id"] = "an-agent-whose-id-is-as-long-as-an-id-may-be-and-a-little-more".into();
    agent["name"] = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch".into();
    let file = folder.join("long.json");
    std::fs::write(&file, agent.to_string()).unwrap();
    run(folder, &["agent", "import", file.to_str().unwrap()]).exits(0);
}
