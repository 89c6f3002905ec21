//! `GET /metrics`: what the host counted, and how it stands now, for Prometheus.

mod counted;
pub mod names;
mod process;
mod requests;
#[cfg(test)]
mod tests;
mod text;

pub use process::begun;
pub use requests::Requests;
pub(crate) use requests::count_each;

use std::sync::{Arc, atomic::Ordering};

use axum::{extract::State, http::header, response::IntoResponse};
use puppet_engine::{Host, report::budget_row};
use puppet_sandbox::Standing;
use puppet_store::StoreError;
use puppet_types::Digest;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, fault::Result, policy::Policy, trace::COUNTS};
use names::{
    AGENTS, BUDGET_LIMIT, BUDGET_RESERVED, BUDGET_USED, BUILD, DISK, HALTED, IN_DOUBT, MAIL, MAIL_DEFERRED,
    MAIL_OLDEST, OUTBOX, PLUGIN, READERS, READERS_DROPPED, SPANS,
};
use text::{CONTENT_TYPE, Page};

/// Where they are.
const PATH: &str = "/metrics";

/// So much of a digest is unlike others'.
const VERSION_CHARS: usize = 12;

/// States of a version that runs.
const STATES: [&str; 4] = ["live", "canary", "backed-off", "quarantined"];

/// Whether a policy is that of the metrics, and they want no key.
pub(crate) fn is_open(app: &App, policy: &Policy) -> bool {
    policy.path == PATH && app.settings.open_metrics
}

/// Its route.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// What the host counted, and how it stands, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "system", responses(
    (status = 200, description = "A page of metrics.", content_type = "text/plain", body = String),
))]
async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse> {
    let mut page = Page::default();
    page.of(BUILD).sample(&[env!("CARGO_PKG_VERSION")], 1);
    let host = &app.host;
    stands(&mut page, host);
    counted::of_versions(&mut page, host);
    plugins(&mut page, host);
    counted::swaps(&mut page, host);
    budgets(&mut page, host).await?;
    queues(&mut page, host);
    counted::effects(&mut page, host);
    counted::store(&mut page, host);
    app.requests.write(&mut page);
    page.one(READERS, app.live.readers());
    page.one(READERS_DROPPED, app.live.dropped());
    traces(&mut page);
    process::write(&mut page);
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], page.end()))
}

/// How it stands.
fn stands(page: &mut Page, host: &Host) {
    let ids = host.agents.ids();
    let paused = ids.iter().filter(|id| host.paused(id).is_some()).count();
    let mut agents = page.of(AGENTS);
    agents.sample(&["live"], ids.len() - paused);
    agents.sample(&["paused"], paused);
    page.one(HALTED, u8::from(host.halted().is_some()));
    page.one(DISK, u8::from(host.disk.fault().is_some()));
}

/// Versions that run, and in which state.
fn plugins(page: &mut Page, host: &Host) {
    let now = host.now();
    let mut plugins = page.of(PLUGIN);
    for (pack, plugin) in host.plugins().iter() {
        let trial = host.trial(pack).map(|trial| trial.plugin);
        for (plugin, otherwise) in [(Some(Arc::clone(plugin)), "live"), (trial, "canary")] {
            let Some(plugin) = plugin else { continue };
            let state = match plugin.standing(now) {
                Standing::Good => otherwise,
                Standing::BackOff { .. } => "backed-off",
                Standing::Quarantined => "quarantined",
            };
            let version = version(plugin.digest());
            for known in STATES {
                plugins.sample(&[pack.as_str(), &version, known], u8::from(known == state));
            }
        }
    }
}

/// A version as its label has it: the beginning of its digest.
fn version(digest: Digest) -> String {
    let mut hex = digest.hex();
    hex.truncate(VERSION_CHARS);
    hex
}

async fn budgets(page: &mut Page, host: &Host) -> std::result::Result<(), StoreError> {
    let rows: Vec<_> = host.budget_lines().await?.iter().map(budget_row).collect();
    for metric in [BUDGET_LIMIT, BUDGET_USED, BUDGET_RESERVED] {
        let mut family = page.of(metric);
        for row in &rows {
            let name = |of: &Option<String>| of.clone().unwrap_or_default();
            let (agent, account, pack) = (name(&row.agent), name(&row.account), name(&row.pack));
            let period = row.period.unwrap_or("at-once");
            let labels = [row.scope, &agent, &account, &pack, row.capability, row.amount, period];
            let value = match metric.name {
                name if name == BUDGET_LIMIT.name => row.limit,
                name if name == BUDGET_USED.name => row.used,
                _ => row.reserved,
            };
            family.sample(&labels, value);
        }
    }
    Ok(())
}

/// What waits.
fn queues(page: &mut Page, host: &Host) {
    let gauges = host.gauges();
    let waited = gauges.oldest.map_or(0, |oldest| host.now().millis_since(oldest));
    page.one(MAIL, gauges.waiting);
    page.one(MAIL_OLDEST, waited as f64 / 1e3);
    page.one(MAIL_DEFERRED, gauges.deferred);
    let mut effects = page.of(OUTBOX);
    effects.sample(&["waiting"], gauges.effects_waiting);
    effects.sample(&["waiting-for-approval"], gauges.effects_for_approval);
    page.one(IN_DOUBT, gauges.in_doubt);
}

/// What became of spans.
fn traces(page: &mut Page) {
    let mut family = page.of(SPANS);
    family.sample(&["sent"], COUNTS.sent.load(Ordering::Relaxed));
    family.sample(&["dropped"], COUNTS.dropped.load(Ordering::Relaxed));
}
