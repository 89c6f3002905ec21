//! What a server is made of, and its settings.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use puppet_engine::Host;
use puppet_store::Store;
use puppet_tweet::Local;
use tokio::sync::watch;

use crate::{auth::Keys, operations::Operations};

/// What a server is made of.
pub struct Parts {
    /// The host.
    pub host: Arc<Host>,
    /// What only the program can do.
    pub operations: Arc<dyn Operations>,
    /// Rows: those of the host.
    pub store: Arc<dyn Store>,
    /// Who may ask.
    pub keys: Arc<Keys>,
    /// The local timeline, where agents live on one.
    pub local: Option<Arc<Local>>,
    /// As configured.
    pub settings: Settings,
    /// The host's own; keys of the server are derived from it.
    pub secret: [u8; 32],
    /// When the program started.
    pub started: Instant,
    /// Whether the host is ready.
    pub ready: watch::Receiver<bool>,
    /// Whether the host is being stopped.
    pub stop: watch::Receiver<bool>,
}

/// `[api]` of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where it listens; port 0: any.
    pub listen: SocketAddr,
    /// Whether the 13 routes of the original are served without a key.
    pub legacy_open: bool,
    /// How long a request may wait for what it began, in milliseconds.
    pub wait_ms: u64,
    /// Other origins whose pages may ask.
    pub cors_origins: Vec<String>,
    /// Whether a peer in a private network is a proxy that tells whom it asks for.
    pub behind_proxy: bool,
    /// Whether `GET /metrics` wants no key.
    pub open_metrics: bool,
    /// Requests a minute by one key.
    pub rate_per_minute: u32,
    /// Requests a minute from one address.
    pub rate_per_minute_per_address: u32,
    /// Requests at once, of either.
    pub burst: u32,
    /// Longest body in bytes.
    pub max_body: usize,
    /// Longest pack in bytes.
    pub max_upload: usize,
    /// Connections at once.
    pub connections: usize,
    /// Readers of the live stream at once.
    pub live_readers: usize,
    /// Waiting events above which no more are accepted.
    pub backlog: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            legacy_open: false,
            wait_ms: 120_000,
            cors_origins: Vec::new(),
            behind_proxy: false,
            open_metrics: false,
            rate_per_minute: 600,
            rate_per_minute_per_address: 1_200,
            burst: 100,
            max_body: 1 << 20,
            max_upload: 64 << 20,
            connections: 2_048,
            live_readers: 1_024,
            backlog: 100_000,
        }
    }
}
