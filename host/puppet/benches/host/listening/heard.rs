//! How soon a mention that a stream tells is answered: from when the emulator has it until the decision to reply is
//! committed. What the guest waits for (the model, posts that it reads) is not counted.

use std::{collections::BTreeMap, time::Duration};

use puppet_store::{Filter, JournalEntry, JournalStore as _, sqlite::SqliteStore};
use puppet_types::{Decision, Outcome};
use serde_json::json;

use super::{BEGINS, Listening, until};
use crate::{
    Effort,
    table::{Limit, Row},
};

/// Accounts that hear in turn. An agent may answer sixty times an hour.
const HEARERS: usize = 50;
/// Between two mentions.
const PAUSE: Duration = Duration::from_millis(50);
/// X's ids count milliseconds from here, above so many bits.
const EPOCH_MS: i64 = 1_288_834_974_657;
const ID_BITS: u32 = 22;
/// After the last mention, until what was not answered counts as such.
const ANSWERED: Duration = Duration::from_secs(30);

/// Half of them, and nearly all.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let hearers = HEARERS.min(effort.mentions);
    // Asked for once, and then told by the stream.
    let mentions = "by = \"stream\"\nevery = \"1h\"\n[tweet.x.apps.main]\nbearer_env = \"X_BEARER\"\n";
    let listening = Listening::start(hearers, Some(mentions), &json!({}));
    let streams = || {
        let report = listening.emulating.report();
        report["streams"][0]["is_connected"] == true
            && report["streams"][0]["rules"].as_array().unwrap().len() == hearers
    };
    assert!(until(BEGINS, streams), "nobody listens to the stream");
    let post = |n: usize| {
        std::thread::sleep(PAUSE);
        let text = format!("@agent_{} what rises today? {n}", n % hearers);
        let posted = listening.emulating.asked("POST", "/2/tweets", &json!({ "text": text }));
        posted["data"]["id"].as_str().unwrap().to_owned()
    };
    let said: Vec<String> = (0..effort.mentions).map(post).collect();
    let store = SqliteStore::open_read_only(&listening.folder.path().join("data")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // One that is put off comes again.
    let filter = Filter { kind: Some("mention".to_owned()), limit: said.len() * 10, ..Filter::default() };
    let mut took = BTreeMap::new();
    until(ANSWERED, || {
        let entries = runtime.block_on(store.journal(&filter)).unwrap();
        took = entries.iter().filter_map(reply).collect();
        took.len() >= said.len()
    });
    let mut ms: Vec<f64> = said.iter().filter_map(|id| took.get(id).copied()).collect();
    ms.sort_by(f64::total_cmp);
    let share = |of: usize| ms.get(ms.len() * of / 100).copied().unwrap_or(f64::NAN);
    let row = |name: &str, value, unit, peer, against, limit| Row {
        name: format!("mention streamed, {name}"),
        value,
        unit,
        peer,
        against,
        limit,
    };
    vec![
        row("replies", ms.len() as f64, "mentions", said.len() as f64, "one for each mention", Limit::AtLeast(1.0)),
        row("to reply committed, p50", share(50), "ms", 10.0, "10 ms", Limit::AtMost(1.0)),
        row("to reply committed, p99", share(99), "ms", share(50), "p50", Limit::None),
    ]
}

/// The post that was answered, and the milliseconds that this took; none where it was not.
fn reply(entry: &JournalEntry) -> Option<(String, f64)> {
    let invocation = &entry.invocation;
    let replies = invocation.decisions.iter().any(|one| matches!(one.decision, Decision::Reply { .. }));
    if invocation.outcome != Outcome::Ok || !replies {
        return None;
    }
    let id = invocation.event.payload["post"]["id"].as_str()?.to_owned();
    let posted = i64::try_from(id.parse::<u64>().ok()? >> ID_BITS).ok()? + EPOCH_MS;
    let (waited, timing) = (invocation.at.as_millis() - posted, invocation.timing?);
    Some((id, waited as f64 + (timing.sandbox + timing.commit) as f64 / 1_000.0))
}
