//! `report.json`: totals are sums, edges take time, and nothing of the machine or of a secret is in it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    support::{list, millis, report, run, simulate},
    weeks::{week, week_folder},
};

#[test]
fn totals_are_the_sums_over_agents() {
    let report = week();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for agent in list(report, "agents") {
        for kind in ["post", "thread", "reply", "quote", "like"] {
            *sums.entry(kind).or_default() += agent["counts"][kind].as_u64().unwrap();
        }
    }
    for (kind, sum) in &sums {
        let decided = report["totals"]["decisions"][kind].as_u64().unwrap_or(0);
        assert!(decided >= *sum, "{kind}: {decided} decided, {sum} done");
    }
    let invocations = &report["totals"]["invocations"];
    let number = |key: &str| invocations[key].as_u64().unwrap();
    let breaches: u64 = invocations["breach"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(number("total"), number("ok") + number("declined") + number("failed") + breaches);
    assert_eq!((number("failed"), breaches), (0, 0));
    let declined: u64 = list(report, "agents").iter().map(|agent| agent["counts"]["declined"].as_u64().unwrap()).sum();
    assert_eq!(number("declined"), declined);
    assert_eq!(report["totals"]["effects"]["done"].as_u64(), Some(sums.values().sum()));
    let tokens: u64 = list(report, "agents").iter().map(|agent| agent["llm"]["prompt_tokens"].as_u64().unwrap()).sum();
    assert_eq!(report["totals"]["tokens"]["prompt"].as_u64().unwrap(), tokens);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for event in list(report, "events") {
        *kinds.entry(event["kind"].as_str().unwrap()).or_default() += 1;
    }
    for (kind, n) in kinds {
        assert_eq!(report["totals"]["events"][kind].as_u64(), Some(n), "{kind}");
    }
}

#[test]
fn what_a_budget_says_is_used_is_what_the_journal_says_it_cost() {
    let data = week_folder().join("data");
    for agent in list(week(), "agents") {
        let day = |budget: &&Value| budget["capability"] == "llm" && budget["amount"] == "tokens";
        let budget = list(agent, "budgets").iter().find(day).unwrap();
        let since = jiff::Timestamp::from_millisecond(millis(&budget["resets_at"]) - 86_400_000).unwrap().to_string();
        let args =
            ["journal", "--agent", agent["id"].as_str().unwrap(), "--since", &since, "--limit", "10000", "--json"];
        let journal = run(week_folder(), &[&args[..], &["--data", data.to_str().unwrap()]].concat()).exits(0).json();
        let reads = list(&journal, "items").iter().flat_map(|item| list(item, "reads"));
        let cost: u64 = reads.map(|read| read["cost"]["tokens"].as_u64().unwrap()).sum();
        assert_eq!(budget["used"].as_u64(), Some(cost), "{}", agent["id"]);
        assert!(cost > 0);
    }
}

#[test]
fn a_mood_that_goes_back_goes_back_in_the_report_too() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "home"]).exits(0);
    let pack = folder.path().join("home/agents/ember/pack.toml");
    // Half of the way in 3.6 seconds: nothing is left of a mood when the next shift comes.
    let text = std::fs::read_to_string(&pack).unwrap() + "\n[agent.mood_decay]\nhalf_life_hours = 0.001\n";
    std::fs::write(&pack, text).unwrap();
    let out = folder.path().join("out");
    simulate(&out, &folder.path().join("home/agents"), &["--days", "2"]);
    let report = report(&out);
    let args = ["journal", "--text", "shift_mood", "--agent", "ember", "--data", "out/data", "--json"];
    let journal = run(folder.path(), &args).exits(0).json();
    // Newest first.
    let mut decided = list(&journal, "items").iter().flat_map(|item| list(item, "decisions").iter().rev());
    let shift = decided.find(|decision| decision["kind"] == "shift_mood").unwrap();
    let last = list(&report["agents"][0], "mood").last().unwrap();
    assert_eq!(last["valence"], shift["body"]["valence"], "{shift} leads to {last}");
    let shown = run(folder.path(), &["agent", "show", "ember", "--data", "out/data", "--json"]).exits(0).json();
    assert_eq!(shown["mood"], serde_json::json!({"valence": 0.0, "arousal": 0.0, "dominance": 0.5}));
}

#[test]
fn an_effect_reaches_others_a_second_later_at_least() {
    let report = week();
    let posts: BTreeMap<&str, i64> = list(report, "agents")
        .iter()
        .flat_map(|agent| list(agent, "posts"))
        .map(|post| (post["id"].as_str().unwrap(), millis(&post["at"])))
        .collect();
    for agent in list(report, "agents") {
        for like in list(agent, "likes") {
            if let Some(posted) = posts.get(like["post"].as_str().unwrap()) {
                assert!(millis(&like["at"]) >= posted + 1_000, "{like}");
            }
        }
        for reply in list(agent, "posts").iter().filter(|post| post["kind"] == "reply") {
            let parent = posts.get(reply["in_reply_to"].as_str().unwrap()).expect("the post that was answered");
            assert!(millis(&reply["at"]) >= parent + 1_000, "{reply}");
        }
    }
}

#[test]
fn no_credential_and_no_path_is_anywhere_below_out() {
    let mut folders = vec![week_folder().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("do-not-print"), "{}", path.display());
            files += 1;
            if path.extension().is_some_and(|ext| ext == "md") || path.ends_with("report.json") {
                assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{}", path.display());
            }
        }
    }
    assert!(files >= 4, "report, timeline, build and data");
}

#[test]
fn fields_come_in_the_order_of_the_schema() {
    let text = std::fs::read_to_string(week_folder().join("report.json")).unwrap();
    let keys = [
        "schema",
        "version",
        "seed",
        "start",
        "end",
        "days",
        "tz",
        "inputs",
        "plugins",
        "generators",
        "totals",
        "agents",
        "events",
    ];
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], "puppet.simulate/1");
    let places: Vec<usize> = keys.iter().map(|key| text.find(&format!("\n  \"{key}\":")).expect(key)).collect();
    assert!(places.is_sorted());
    assert!(text.ends_with("}\n"));
}
