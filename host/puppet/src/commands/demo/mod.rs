//! `demo`: four characters live on a clock of their own, with no key, no service and nothing left behind.

mod conversation;
mod screen;

use std::{collections::BTreeMap, io::IsTerminal as _, sync::Arc};

use puppet_engine::{Host, Live, ScaledClock};
use puppet_packs::AgentSpec;
use puppet_store::sqlite::SqliteStore;
use puppet_tweet::Local;
use puppet_types::{AgentId, EventId, Timestamp};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    agents::{self, Found, NewAgent},
    assembly::{self, Assembly, Plan},
    cli::Demo,
    commands::run::told_to_stop,
    control::Said,
    feed::{
        self, Feed,
        plain::{self, Manner, Source},
    },
    firstparty,
    output::Output,
    routes::Routes,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// A Monday morning.
const START: &str = "2026-01-05T08:00:00Z";
/// The account of the person who watches.
const PERSON: &str = "you";

/// Runs it.
pub async fn run(setup: &Setup, args: &Demo, out: Output) -> Result<()> {
    let found = characters(args)?;
    let more: Vec<String> = found.generators().collect();
    let Found { specs, brought, .. } = found;
    let start = Timestamp::parse(START).unwrap_or_default();
    let clock = Arc::new(ScaledClock::new(start, args.speed));
    let generators: BTreeMap<String, u64> = setup
        .config
        .generators
        .all()
        .iter()
        .filter(|(_, generator)| generator.enabled)
        .map(|(name, generator)| ((*name).to_owned(), generator.interval_ms))
        .collect();
    let plan = Plan {
        store: SqliteStore::in_memory()?.into(),
        clock,
        secret: assembly::seeded("demo", args.seed),
        generators: generators.clone(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: "UTC".to_owned(),
        markets: None,
        pages: None,
    };
    let Assembly { host, local, .. } = assembly::assemble_with(setup, plan, &brought)?;
    host.load().await?;
    let at = host.now();
    for spec in &specs {
        agents::introduce(&host, spec);
        host.apply(NewAgent { spec: spec.clone() }.changes(at)?).await?;
    }
    host.show();
    let watcher = host.watch();
    agents::take_up(&host, generators.into_keys().chain(more), |_| {}).await?;
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&host), stopped.clone()));
    let stage = Stage { host, local, specs, speed: args.speed };
    let live = !args.plain && !out.json && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let mut feed = Feed::default();
    let shown = tokio::select! {
        shown = async {
            if live {
                screen::show(&stage, watcher).await
            } else {
                plain(&stage, &mut feed, Source { watcher, stop: stopped }, out).await
            }
        } => shown,
        () = told_to_stop(args.length) => Ok(()),
    };
    if live {
        screen::restore();
    }
    let _ = stop.send(true);
    driver.await.map_err(Trouble::internal)?.map_err(Trouble::from)?;
    shown?;
    if out.json { summary(&stage, &feed, out) } else { Ok(()) }
}

/// What came of it, for scripts.
fn summary(stage: &Stage, feed: &Feed, out: Output) -> Result<()> {
    let of = |spec: &AgentSpec| {
        let (posts, replies, likes) = feed.counts.get(&spec.id).copied().unwrap_or_default();
        json!({ "id": spec.id, "name": spec.name, "posts": posts, "replies": replies, "likes": likes })
    };
    let agents: Vec<_> = stage.specs.iter().map(of).collect();
    out.object(&json!({ "schema": "puppet.demo/1", "agents": agents }))
}

/// What both views show.
struct Stage {
    host: Arc<Host>,
    local: Arc<Local>,
    specs: Vec<AgentSpec>,
    speed: u64,
}

impl Stage {
    fn name<'a>(&'a self, agent: &'a AgentId) -> &'a str {
        self.specs.iter().find(|spec| spec.id == *agent).map_or(agent.as_str(), |spec| spec.name.as_str())
    }

    /// The person speaks: to those named with `@`, or to whoever comes first.
    /// Answers the mentions that come of it.
    async fn say(&self, text: &str) -> Result<Vec<EventId>> {
        let lower = text.to_lowercase();
        let named: Vec<AgentId> = self
            .specs
            .iter()
            .filter(|spec| lower.contains(&format!("@{}", spec.handle.to_lowercase())))
            .map(|spec| spec.id.clone())
            .collect();
        let spoken_to =
            if named.is_empty() { self.specs.iter().take(1).map(|spec| spec.id.clone()).collect() } else { Vec::new() };
        let said = Said { to: spoken_to, ..Said::plainly(PERSON, text) };
        let events = said.write(&self.host, &self.local).await?;
        let mentions = events.iter().map(|event| event.id.clone()).collect();
        self.host.submit(events).await?;
        Ok(mentions)
    }
}

fn characters(args: &Demo) -> Result<Found> {
    let found = match &args.packs {
        Some(folder) => agents::find(folder, Vec::new())?,
        None => Found {
            specs: firstparty::personalities()?.iter().filter_map(AgentSpec::from_pack).collect(),
            ..Found::default()
        },
    };
    if found.specs.is_empty() {
        return Err(Trouble::input("no-agents", "there is no character in that folder", "name a folder with packs"));
    }
    Ok(found)
}

/// A line per effect; for scripts they are only counted.
async fn plain(stage: &Stage, feed: &mut Feed, source: Source, out: Output) -> Result<()> {
    let name = |agent: &AgentId| stage.name(agent).to_owned();
    let manner = Manner { clock: feed::clock, name: &name, out };
    let mut printed = Ok(());
    let line = |line: String| {
        if !out.json {
            printed = out.line(line);
        }
        printed.is_ok()
    };
    plain::each(&stage.host, feed, source, manner, line).await;
    printed
}
