//! What is fetched, and who fetches it.

use async_trait::async_trait;
use puppet_grants::{Answer, Failure, Used, Web};
use puppet_types::{CallError, Code, PackId, StateBytes};
use serde::{Deserialize, Serialize};

use crate::Ask;

/// A request that passed the gate.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Whose.
    pub pack: PackId,
    /// It.
    pub ask: Ask,
    /// What the pack may reach: redirects are held against it.
    pub web: Web,
    /// The most bytes of its answer.
    pub most_bytes: u64,
}

/// An answer, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Of HTTP.
    pub status: u16,
    /// Where it came from.
    pub url: String,
    /// In lower case, those that a plugin gets to see.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub body: StateBytes,
    /// What was kept of it is still right.
    #[serde(default)]
    pub is_cached: bool,
}

/// Who fetches.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Asks for one.
    ///
    /// # Errors
    /// There is no answer: `denied` (a redirect to where it was not granted, a private address), `too-long`, `timeout`,
    /// `rate-limited`, `provider-unavailable`, `invalid-answer`.
    async fn fetch(&self, of: &Fetch) -> Result<Answer<Page>, Failure>;
}

/// Where nothing is fetched: in virtual time, in a rehearsal, in a preview.
#[derive(Debug, Clone, Copy)]
pub struct NoPages;

#[async_trait]
impl Pages for NoPages {
    async fn fetch(&self, _: &Fetch) -> Result<Answer<Page>, Failure> {
        let error = CallError::new(Code::ProviderUnavailable, "nothing is fetched here: there is no network");
        Err(Failure { error, used: Used::Nothing })
    }
}
