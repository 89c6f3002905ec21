//! What becomes of the leaves of a file: each is named once. Paths and reasons, never a value.

use puppet_packs::import::{Carried, Ignored, ImportReport, leaves};
use serde::Serialize;
use serde_json::Value;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// `config/agents/*.json`.
    Agent,
    /// `data/memories/*.json`, or the collection.
    Memory,
    /// The collection `agent-tweets`.
    Tweets,
    /// The collection `agent-events`.
    Events,
    /// The collection `agent-tokens`.
    Tokens,
    /// `data/processed_tweets.json`.
    ProcessedTweets,
    /// `.env`.
    Env,
}

/// Leaves, by what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Fates {
    /// Taken over, with the place.
    pub carried: Vec<Carried>,
    /// Fields that a file does not set and that took a default.
    pub defaulted: Vec<String>,
    /// Known and left behind, with the reason.
    pub ignored: Vec<Ignored>,
    /// In the secrets now.
    pub secrets_moved: Vec<String>,
    /// Nobody knows them.
    pub unknown: Vec<String>,
}

impl Fates {
    /// Every leaf of a value goes below `to`.
    pub fn carried(&mut self, path: &str, value: &Value, to: &str) {
        for field in leaves(path, value) {
            let to = format!("{to}{}", &field[path.len()..]);
            self.carried.push(Carried { field, to });
        }
    }

    /// Every leaf of a value stays behind.
    pub fn ignored(&mut self, path: &str, value: &Value, reason: &str) {
        let reason = || reason.to_owned();
        self.ignored.extend(leaves(path, value).into_iter().map(|field| Ignored { field, reason: reason() }));
    }

    /// Nobody knows the leaves of a value.
    pub fn unknown(&mut self, path: &str, value: &Value) {
        self.unknown.extend(leaves(path, value));
    }

    /// The leaves of a value are in the secrets.
    pub fn moved(&mut self, path: &str, value: &Value) {
        self.secrets_moved.extend(leaves(path, value));
    }

    /// What was to be carried stays behind after all.
    pub(crate) fn left_behind(&mut self, reason: &str) {
        let left = std::mem::take(&mut self.carried).into_iter();
        self.ignored.extend(left.map(|Carried { field, .. }| Ignored { field, reason: reason.to_owned() }));
    }

    /// The same of the leaf that was to go there.
    pub(crate) fn leaf_left_behind(&mut self, to: &str, reason: &str) {
        for Carried { field, .. } in self.carried.extract_if(.., |carried| carried.to == to) {
            self.ignored.push(Ignored { field, reason: reason.to_owned() });
        }
    }

    /// How many leaves are named.
    pub fn leaves(&self) -> usize {
        self.carried.len() + self.ignored.len() + self.secrets_moved.len() + self.unknown.len()
    }

    /// By the document in which they stand; within one as they were named.
    pub(crate) fn in_order(&mut self) {
        self.carried.sort_by_key(|carried| document(&carried.field));
        self.ignored.sort_by_key(|ignored| document(&ignored.field));
        self.secrets_moved.sort_by_key(|field| document(field));
        self.unknown.sort_by_key(|field| document(field));
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.carried.extend(other.carried);
        self.defaulted.extend(other.defaulted);
        self.ignored.extend(other.ignored);
        self.secrets_moved.extend(other.secrets_moved);
        self.unknown.extend(other.unknown);
    }
}

/// Of `[3].id` the 3; fields of a file that is no list have none.
fn document(field: &str) -> Option<usize> {
    field.strip_prefix('[')?.split(']').next()?.parse().ok()
}

/// A file, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Within the deployment.
    pub file: String,
    /// What it holds.
    pub holds: Holds,
    /// Whose it is; none where it is everybody's.
    pub agent_id: Option<String>,
    /// Leaves that it has: as many as the lists name.
    pub leaves: usize,
    /// What becomes of them.
    #[serde(flatten)]
    pub fates: Fates,
}

impl FileReport {
    /// Of which nothing is said yet.
    pub fn new(file: &str, holds: Holds, agent_id: Option<String>) -> Self {
        Self { file: file.to_owned(), holds, agent_id, leaves: 0, fates: Fates::default() }
    }

    pub(crate) fn of_agent(file: &str, report: ImportReport) -> Self {
        let ImportReport { agent_id, carried, defaulted, ignored, secrets_moved, unknown } = report;
        let fates = Fates { carried, defaulted, ignored, secrets_moved, unknown };
        Self { leaves: fates.leaves(), fates, ..Self::new(file, Holds::Agent, Some(agent_id)) }
    }
}
