//! Days of virtual time, then every invocation of them again: the same plugins make the same decisions, and a record
//! that was changed is told.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use puppet::{
    agents,
    assembly::{self, Assembly, Plan},
    config::Config,
    routes::Routes,
    setup::Setup,
};
use puppet_engine::{Divergence, Replayed, VirtualClock, replay};
use puppet_store::{AgentStore as _, Filter, JournalStore, SqliteStore};
use puppet_types::{Invocation, ReadStatus, Timestamp};

use crate::{support, weeks};

/// The host of a simulated folder, as it stands at the end. Its store cannot be written: a replay that changes
/// something fails.
async fn host_of(folder: &Path, seed: u64) -> Assembly {
    let data = folder.join("data");
    let store = SqliteStore::open_read_only(&data).unwrap();
    let config = Config::default();
    let generators = config.generators.all().map(|(name, generator)| (name.to_owned(), generator.interval_ms));
    let plan = Plan {
        store: store.clone().into(),
        clock: Arc::new(VirtualClock::new(Timestamp::parse("2030-01-01T00:00:00Z").unwrap())),
        secret: assembly::seeded("simulation", seed),
        generators: generators.into(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: "UTC".to_owned(),
        markets: None,
        pages: None,
    };
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("native"));
    let setup = Setup {
        config,
        home: PathBuf::new(),
        data,
        warnings: Vec::new(),
        resolved: Default::default(),
        cache,
        inside: None,
    };
    let assembly = assembly::assemble(&setup, plan).unwrap();
    for row in store.agents().await.unwrap() {
        agents::introduce(&assembly.host, &agents::spec_of(&row).unwrap());
    }
    assembly
}

/// Everything that ran, oldest first.
pub async fn journal(store: &dyn JournalStore) -> Vec<Invocation> {
    let filter = Filter { oldest_first: true, limit: 1_000_000, ..Filter::default() };
    store.journal(&filter).await.unwrap().into_iter().map(|entry| entry.invocation).collect()
}

async fn again(assembly: &Assembly, recorded: &Invocation) -> Option<Divergence> {
    let Replayed { divergence, .. } = replay(&assembly.host, recorded).await.unwrap().expect("it can be run again");
    divergence
}

async fn all_again(assembly: &Assembly) -> Vec<Invocation> {
    let journal = journal(&*assembly.store).await;
    for recorded in &journal {
        let divergence = again(assembly, recorded).await;
        let Invocation { id, agent, event, .. } = recorded;
        assert_eq!(divergence, None, "{id} of {agent} on {}", event.kind);
    }
    journal
}

#[tokio::test]
async fn a_week_runs_again_decision_by_decision() {
    let week = host_of(weeks::week_folder(), 42).await;
    let journal = all_again(&week).await;
    let report = weeks::week();
    assert_eq!(report["totals"]["invocations"]["total"], journal.len());
    for plugin in ["standard-personality", "news", "mood-swings", "encounters"] {
        assert!(journal.iter().any(|recorded| recorded.plugin.id.as_str() == plugin), "{plugin} was at work");
    }
}

#[tokio::test]
async fn days_full_of_refusals_run_again_with_more_to_spend() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("refused-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    std::fs::create_dir_all(&out).unwrap();
    let grants = out.join("grants.toml");
    let cut = support::granted("tweet", r#""posts/day" = 1, "replies/hour" = 1, "likes/hour" = 0"#);
    std::fs::write(&grants, cut).unwrap();
    let args = ["--days", "3", "--seed", "5", "--grants", grants.to_str().unwrap()];
    support::simulate(&out, &support::fixtures().join("agents"), &args);
    // Nothing is cut here: what was refused then would be admitted now.
    let days = host_of(&out, 5).await;
    let journal = all_again(&days).await;
    let reads = journal.iter().flat_map(|recorded| &recorded.reads);
    let refused = reads.filter(|read| read.status == ReadStatus::Budget).count();
    assert!(refused > 0, "there were refusals");
    std::fs::remove_dir_all(&out).unwrap();
}

#[tokio::test]
async fn a_week_that_was_tampered_with_is_told() {
    let week = host_of(weeks::week_folder(), 42).await;
    let journal = journal(&*week.store).await;
    let written = journal.iter().find(|recorded| {
        let asked = recorded.reads.iter().any(|read| read.operation == "complete");
        asked && recorded.decisions.iter().any(|numbered| numbered.decision.kind() == "post")
    });
    let recorded = written.unwrap();
    let at = recorded.reads.iter().position(|read| read.operation == "complete").unwrap();

    let mut answer = recorded.clone();
    let mut completion: serde_json::Value = answer.reads[at].answer.parse().unwrap();
    completion["text"] = "Something that nobody ever wrote about the weather.".into();
    answer.reads[at].answer = puppet_types::Json::of(&completion);
    let told = again(&week, &answer).await;
    assert!(matches!(told, Some(Divergence::Decision { .. } | Divergence::Read { .. })), "an answer: {told:?}");

    let mut question = recorded.clone();
    question.reads[at].request = puppet_types::Json::of("something else");
    let told = again(&week, &question).await;
    assert!(matches!(told, Some(Divergence::Read { n, .. }) if n == at as u32), "a question: {told:?}");

    let mut decision = recorded.clone();
    decision.decisions.pop();
    let told = again(&week, &decision).await;
    assert!(matches!(told, Some(Divergence::Decision { recorded: None, .. })), "a decision: {told:?}");

    let mut seed = recorded.clone();
    seed.seed = seed.seed.map(|seed| seed ^ 1);
    assert!(again(&week, &seed).await.is_some(), "what was drawn depends on the seed");
}
