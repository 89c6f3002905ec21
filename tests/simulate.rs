//! A week of virtual time: what the behaviour promises, and that it comes out the same every time.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{
    support::{self, Ran, list, millis, original_agents, report, simulate},
    weeks::{self, Week, originals, week, week_folder},
};

const HOUR: f64 = 3_600_000.0;

fn agent_files(folder: &Path) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    files
        .map(|path| {
            let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            (file["id"].as_str().unwrap().to_owned(), file)
        })
        .collect()
}

fn hours(file: &Value, key: &str, default: f64) -> f64 {
    file.pointer(&format!("/behavior/post_frequency/{key}")).and_then(Value::as_f64).unwrap_or(default)
}

fn check_gaps(report: &Value, files: &BTreeMap<String, Value>) {
    for agent in list(report, "agents") {
        let file = &files[agent["id"].as_str().unwrap()];
        let (min, max) = (hours(file, "min_hours_between_posts", 3.0), hours(file, "max_hours_between_posts", 12.0));
        let originals = list(agent, "posts").iter().filter(|post| post["kind"] == "post");
        let mut times: Vec<i64> = originals.map(|post| millis(&post["at"])).collect();
        times.sort_unstable();
        for pair in times.windows(2) {
            let gap = (pair[1] - pair[0]) as f64 / HOUR;
            assert!(gap >= min - 1e-6 && gap <= min + max + 1.0 / 60.0, "{}: {gap} h", agent["id"]);
        }
    }
}

fn count(report: &Value, id: &str, kind: &str) -> u64 {
    let agent = list(report, "agents").iter().find(|agent| agent["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    agent["counts"][kind].as_u64().unwrap()
}

fn check_events(report: &Value, agents: &[&str]) {
    let events = list(report, "events");
    let news = events.iter().filter(|event| event["kind"] == "news").count();
    assert!((27..=28).contains(&news), "news: {news}");
    for id in agents {
        let shifts = events
            .iter()
            .filter(|event| event["kind"] == "mood_shift" && list(event, "targets").iter().any(|target| target == id));
        let shifts = shifts.count();
        assert!((33..=42).contains(&shifts), "mood shifts of {id}: {shifts}");
    }
    let mut rounds: Vec<i64> =
        events.iter().filter(|event| event["kind"] == "interaction_prompt").map(|event| millis(&event["at"])).collect();
    rounds.sort_unstable();
    rounds.dedup();
    assert!((20..=21).contains(&rounds.len()), "encounter rounds: {}", rounds.len());
}

#[test]
fn posts_keep_the_distance_that_the_agent_files_ask_for() {
    check_gaps(week(), &agent_files(&support::fixtures().join("agents")));
    if let (Some(report), Some(folder)) = (originals(), original_agents()) {
        check_gaps(report, &agent_files(&folder));
    }
}

#[test]
fn original_agents_post_as_often_as_they_should() {
    let Some(report) = originals() else { return };
    for (id, least) in [("example-agent", 14), ("news-bot", 30), ("test-agent", 14), ("test-grok-agent", 33)] {
        let posts = count(report, id, "post");
        assert!(posts >= least, "{id}: {posts} posts, at least {least}");
    }
}

#[test]
fn generators_keep_their_pace() {
    check_events(week(), &["harbour-watch", "orbit-desk", "sourdough-sage", "zero-hour"]);
    if let Some(report) = originals() {
        check_events(report, &["example-agent", "news-bot", "test-agent", "test-grok-agent"]);
    }
}

#[test]
fn agents_meet_each_other() {
    for report in [Some(week()), originals()].into_iter().flatten() {
        let sum = |kind: &str| -> u64 {
            list(report, "agents").iter().map(|agent| agent["counts"][kind].as_u64().unwrap()).sum()
        };
        for kind in ["reply", "like", "quote"] {
            assert!(sum(kind) > 0, "no {kind}");
        }
        let away = list(report, "agents").iter().flat_map(|agent| list(agent, "relationships")).filter(|bond| {
            for (key, least) in [("sentiment", -1.0), ("familiarity", 0.0), ("trust", 0.0)] {
                let value = bond[key].as_f64().unwrap();
                assert!((least..=1.0).contains(&value), "{bond}");
            }
            bond["familiarity"].as_f64().unwrap() > 0.0 && bond["sentiment"].as_f64().unwrap() != 0.0
        });
        assert!(away.count() >= 2);
    }
}

#[test]
fn an_agent_with_all_probabilities_at_zero_only_posts_and_answers() {
    for kind in ["like", "quote"] {
        assert_eq!(count(week(), "zero-hour", kind), 0);
    }
    assert!(count(week(), "zero-hour", "post") > 0);
}

#[test]
fn mood_stays_in_its_range_and_every_move_has_a_cause() {
    for report in [Some(week()), originals()].into_iter().flatten() {
        for agent in list(report, "agents") {
            for point in list(agent, "mood") {
                let axis = |name: &str| point[name].as_f64().unwrap();
                assert!((-1.0..=1.0).contains(&axis("valence")));
                assert!((0.0..=1.0).contains(&axis("arousal")) && (0.0..=1.0).contains(&axis("dominance")));
                assert!(!point["cause"].as_str().unwrap().is_empty());
            }
        }
    }
}

#[test]
fn memory_keeps_its_caps() {
    for agent in list(week(), "agents") {
        let rows = |kind: &str| agent["memory"][kind].as_u64().unwrap();
        assert!(rows("event") <= 50 && rows("post") <= 20 && rows("tweet") <= 50);
        assert!(rows("general") + rows("interaction") <= 100);
    }
    let core: u64 = list(week(), "agents").iter().map(|agent| agent["memory"]["core"].as_u64().unwrap()).sum();
    assert_eq!(core, 3 + 2 + 2, "the core memories of the files");
}

fn same_bytes(week: &Week, agents: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = support::puppet(folder.path());
    command.env("TZ", "UTC").args(["simulate", "--days", "7", "--seed", "42", "--workers", "8"]);
    support::finish(command.arg("--agents").arg(agents).arg("--out").arg(&out)).exits(0);
    for name in ["report.json", "timeline.md"] {
        let [one, other] = [week.folder(), &out].map(|folder| std::fs::read(folder.join(name)).unwrap());
        assert!(one == other, "{name} of {} differs", agents.display());
    }
}

/// The weeks that all tests look at were lived in Tokyo by one worker.
#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_zone_and_the_workers() {
    same_bytes(weeks::of_fixtures(), &support::fixtures().join("agents"));
}

#[test]
fn the_original_agents_live_the_same_week_whatever_the_zone_and_the_workers() {
    if let (Some(week), Some(agents)) = (weeks::of_originals(), original_agents()) {
        same_bytes(week, &agents);
    }
}

#[test]
fn another_seed_is_another_life() {
    let folder = tempfile::tempdir().unwrap();
    let lives = ["7", "8"].map(|seed| {
        let out = folder.path().join(seed);
        simulate(&out, &support::fixtures().join("agents"), &["--days", "1", "--seed", seed]);
        report(&out)
    });
    assert!(lives[0]["agents"] != lives[1]["agents"]);
}

#[test]
fn journal_and_budgets_read_the_folder_of_a_simulation() {
    let data = week_folder().join("data");
    let data = data.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ask =
        |args: &[&str]| -> Ran { support::run(folder.path(), &[args, &["--data", data, "--json"]].concat()).exits(0) };
    let page = ask(&["journal", "--limit", "3", "--kind", "news"]).json();
    assert_eq!(list(&page, "items").len(), 3);
    assert!(page["next"].is_string());
    let id = page["items"][0]["id"].as_str().unwrap();
    let shown = ask(&["journal", "show", id]).json();
    assert_eq!(shown["event"]["kind"], "news");
    assert_eq!(shown["outcome"], "ok");
    assert!(shown["timing_us"].is_null(), "no wall time in virtual time");
    let budgets = ask(&["budgets"]).json();
    for line in list(&budgets, "items") {
        let number = |key: &str| line[key].as_u64().unwrap();
        assert_eq!(number("left"), number("limit") - number("used") - number("reserved"), "{line}");
    }
    let plugins = ask(&["plugins"]).json();
    let ids: Vec<&str> = list(&plugins, "items").iter().map(|item| item["pack"].as_str().unwrap()).collect();
    assert_eq!(ids, ["encounters", "mood-swings", "news", "standard-personality"]);
}

#[test]
fn only_what_a_simulation_wrote_makes_way() {
    let folder = tempfile::tempdir().unwrap();
    let agents = folder.path().join("agents");
    std::fs::create_dir(&agents).unwrap();
    std::fs::copy(support::fixtures().join("agents/harbour-watch.json"), agents.join("a.json")).unwrap();
    let simulated =
        |out: &str| support::run(folder.path(), &["simulate", "--agents", "agents", "--out", out, "--days", "1"]);
    let refused = |out: &str| assert!(simulated(out).exits(2).stderr.contains("error[out-folder]"), "{out}");
    refused("agents/../agents");
    assert_eq!(std::fs::read_dir(&agents).unwrap().count(), 1);

    support::run(folder.path(), &["run", "--for", "1s", "--data", "home/data"]).exits(0);
    refused("home");
    assert!(folder.path().join("home/data/puppet.db").exists(), "a host lives there");

    simulated("out").exits(0);
    simulated("out").exits(0);
    support::run(folder.path(), &["agent", "import", "agents/a.json", "--data", "out/data"]);
    support::run(folder.path(), &["run", "--for", "1s", "--data", "out/data"]).exits(0);
    refused("out");
}

#[test]
fn so_long_ago_is_before_the_last_moment_of_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    simulate(&out, &support::fixtures().join("agents"), &["--days", "1", "--start", "2026-01-05T00:00:00Z"]);
    let data = out.join("data");
    let since = |ago| {
        let journal = ["journal", "--data", data.to_str().unwrap(), "--limit", "10000", "--json"];
        support::run(folder.path(), &[&journal[..], &["--since", ago]].concat())
    };
    let (hours, weeks) = (since("12h").exits(0).json(), since("14d").exits(0).json());
    let (hours, weeks) = (list(&hours, "items"), list(&weeks, "items"));
    assert!(!hours.is_empty() && hours.len() < weeks.len(), "{} of {}", hours.len(), weeks.len());
    let noon = millis(&"2026-01-05T12:00:00Z".into());
    assert!(hours.iter().all(|item| millis(&item["at"]) >= noon - 1));
}
