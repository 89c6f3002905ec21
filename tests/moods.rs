//! Moods move through what the journal says, and through nothing else: they are added up anew from its decisions, and
//! held against what plugins read, what the report shows, and what is stored at the end.

use std::collections::BTreeMap;

use puppet_store::{AgentStore as _, SqliteStore};
use puppet_types::{AgentId, Decision, Invocation, Mood, Outcome, Timestamp};
use serde_json::Value;

use crate::{
    replay::journal,
    support::list,
    weeks::{self, Week},
};

/// Where every mood begins: contract §4.
const BASELINE: [f64; 3] = [0.0, 0.0, 0.5];

/// The shifts are added, each axis is clamped: contract §4. Six decimals are kept.
fn shifted(mood: [f64; 3], shift: [f64; 3]) -> [f64; 3] {
    let [valence, arousal, dominance] = [0, 1, 2].map(|axis| mood[axis] + shift[axis]);
    [valence.clamp(-1.0, 1.0), arousal.clamp(0.0, 1.0), dominance.clamp(0.0, 1.0)].map(|x| (x * 1e6).round() / 1e6)
}

#[track_caller]
fn same(mood: [f64; 3], other: &Value, what: &str) {
    for (axis, name) in ["valence", "arousal", "dominance"].iter().enumerate() {
        let other = other[name].as_f64().unwrap_or_else(|| panic!("{what}: {other}"));
        assert!((mood[axis] - other).abs() < 1e-9, "{what}: {name} is {}, and it says {other}", mood[axis]);
    }
}

/// What moved a mood, in the order of the journal.
#[derive(Default)]
struct Life {
    moves: Vec<(Timestamp, [f64; 3], String)>,
    /// Moods that the plugin read after the first move.
    reads: usize,
}

impl Life {
    fn mood(&self) -> [f64; 3] {
        self.moves.last().map_or(BASELINE, |(_, mood, _)| *mood)
    }

    /// A plugin that asks is told the mood as it stands before this invocation; nobody moved means nothing stored.
    fn check_reads(&mut self, invocation: &Invocation) {
        for read in invocation.reads.iter().filter(|read| read.operation == "get-mood") {
            let answer: Value = read.answer.parse().unwrap();
            match self.moves.last() {
                None => assert!(answer.is_null(), "{}: {answer}", invocation.id),
                Some((_, mood, _)) => {
                    same(*mood, &answer[0], invocation.id.as_str());
                    self.reads += 1;
                }
            }
        }
    }

    fn take(&mut self, invocation: &Invocation) {
        for numbered in &invocation.decisions {
            let Decision::ShiftMood { valence, arousal, dominance, cause } = &numbered.decision else { continue };
            assert_eq!(invocation.outcome, Outcome::Ok, "{}", invocation.id);
            let shift = [*valence, *arousal, *dominance];
            check_source(invocation, shift);
            self.moves.push((invocation.at, shifted(self.mood(), shift), cause.clone()));
        }
    }
}

/// A shift is that of its event, or what a piece of news did, which is bounded: contract §4.
fn check_source(invocation: &Invocation, shift: [f64; 3]) {
    match invocation.event.kind.as_str() {
        "mood_shift" => same(shift, &invocation.event.payload, invocation.id.as_str()),
        "news" => assert!(shift.iter().all(|axis| axis.abs() <= 0.5), "{}: {shift:?}", invocation.id),
        other => panic!("{}: a mood moved by {other}", invocation.id),
    }
}

async fn lives(store: &SqliteStore) -> BTreeMap<AgentId, Life> {
    let mut lives: BTreeMap<AgentId, Life> = BTreeMap::new();
    for invocation in journal(store).await.iter().filter(|invocation| !invocation.agent.is_generator()) {
        let life = lives.entry(invocation.agent.clone()).or_default();
        life.check_reads(invocation);
        life.take(invocation);
    }
    lives
}

/// The points of the report are the moves, one by one.
fn check_report(agent: &Value, life: &Life) {
    let points = list(agent, "mood");
    assert_eq!(points.len(), life.moves.len(), "{}", agent["id"]);
    for (point, (at, mood, cause)) in points.iter().zip(&life.moves) {
        assert_eq!((&point["at"], &point["cause"]), (&at.to_string().into(), &cause.as_str().into()));
        assert!(!cause.is_empty());
        same(*mood, point, &format!("{} at {at}", agent["id"]));
    }
}

async fn check(week: &Week) {
    let store = SqliteStore::open_read_only(&week.folder().join("data")).unwrap();
    let lives = lives(&store).await;
    for agent in list(week.report(), "agents") {
        let id = AgentId::new(agent["id"].as_str().unwrap());
        let life = &lives[&id];
        check_report(agent, life);
        let (Mood { valence, arousal, dominance }, at) = store.mood(&id).await.unwrap().unwrap();
        assert_eq!(([valence, arousal, dominance], at), (life.mood(), life.moves.last().unwrap().0), "{id}");
        assert!(life.moves.len() >= 33 && life.reads >= 33, "{id}: {} moves, {} reads", life.moves.len(), life.reads);
    }
}

#[tokio::test]
async fn moods_move_only_through_what_the_journal_says() {
    check(weeks::of_fixtures()).await;
}

#[tokio::test]
async fn moods_of_the_original_agents_move_only_through_what_the_journal_says() {
    if let Some(week) = weeks::of_originals() {
        check(week).await;
    }
}
