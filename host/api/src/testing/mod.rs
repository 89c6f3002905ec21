//! For tests: a server over a host without plugins, a store in memory, and operations that answer what a test prepared.
//!
//! ```ignore
//! let scene = Scene::new().await;
//! scene.stub.will("agents", Ok(Told::new(json!({ … }))));
//! scene.get(Some(Role::Viewer), "/api/v1/agents").await.is("agent-list", 200);
//! assert_eq!(scene.stub.asked(), [("agents", json!(null))]);
//! ```

mod asked;
mod host;
mod stub;

pub use asked::{Asked, Got, hold};
pub use stub::Stub;

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use axum::Router;
use puppet_engine::Host;
use puppet_store::SqliteStore;
use puppet_tweet::Local;
use puppet_types::AgentId;
use tokio::sync::watch;

use crate::{
    app::App,
    auth::{Keys, Principal, PrincipalKind, Role},
    parts::{Parts, Settings},
    router,
};

/// A server, and what is behind it.
pub struct Scene {
    pub app: Arc<App>,
    pub host: Arc<Host>,
    pub store: SqliteStore,
    pub stub: Arc<Stub>,
    router: Router,
    ready: watch::Sender<bool>,
    _stop: watch::Sender<bool>,
}

impl Scene {
    /// As it is configured where nothing is.
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// As configured.
    pub async fn with(settings: Settings) -> Self {
        Self::over(SqliteStore::in_memory().unwrap(), settings).await
    }

    /// The same after another start.
    pub async fn again(self) -> Self {
        let settings = self.app.settings.clone();
        Self::over(self.store, settings).await
    }

    /// Over rows that are there: as after a start.
    pub async fn over(store: SqliteStore, settings: Settings) -> Self {
        let (host, local) = host::bare(&store).await;
        let stub = Arc::new(Stub::default());
        let (ready, is_ready) = watch::channel(true);
        let (stop, is_stopping) = watch::channel(false);
        let keys = Arc::new(Keys::open(Arc::new(store.clone())).await.unwrap());
        let parts = Parts {
            host: Arc::clone(&host),
            operations: Arc::clone(&stub) as _,
            store: Arc::new(store.clone()),
            local: Some(Arc::clone(&local)),
            settings,
            secret: [7; 32],
            keys: Arc::clone(&keys),
            started: Instant::now(),
            ready: is_ready,
            stop: is_stopping,
        };
        let app = Arc::new(App::new(parts).unwrap());
        let router = router::build(Arc::clone(&app));
        Self { app, host, store, stub, router, ready, _stop: stop }
    }

    /// The local timeline.
    pub fn local(&self) -> &Arc<Local> {
        self.app.local.as_ref().unwrap()
    }

    /// Whether the host is ready.
    pub fn be_ready(&self, is_ready: bool) {
        self.ready.send_replace(is_ready);
    }

    /// A request to be filled in.
    pub fn request(&self, method: &str, path: &str) -> Asked {
        Asked::new(self.router.clone(), Arc::clone(&self.app), method, path)
    }

    /// Looks, as somebody of a role.
    pub async fn get(&self, role: Option<Role>, path: &str) -> Got {
        self.request("GET", path).maybe(role).send().await
    }

    /// Sends JSON, as somebody of a role.
    pub async fn post(&self, role: Role, path: &str, body: serde_json::Value) -> Got {
        self.request("POST", path).role(role).json(&body).send().await
    }
}

/// Somebody of a role, bound to agents or not.
pub fn somebody(role: Role, agents: Option<&[&str]>) -> Principal {
    let agents = agents.map(|agents| Arc::new(agents.iter().copied().map(AgentId::from).collect::<BTreeSet<_>>()));
    let bound: String = agents.iter().flat_map(|agents| agents.iter()).map(AgentId::as_str).collect();
    let id = format!("{:08x}", puppet_types::ids::derive_u64(&[role.name(), &bound]) as u32);
    let name = role.name().to_owned();
    Principal { id, kind: PrincipalKind::Key, name, role, agents, session: None }
}
