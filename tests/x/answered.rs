//! Three agents are spoken to on an X where a tenth of all posts and of all looks for mentions goes wrong, in every way that
//! may be mended, while their host is killed twice: whoever spoke is answered once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Emulating, asked, heard, says};
use crate::support::{self, Running, list, run, until};

const AGENTS: [&str; 3] = ["harbour-watch", "orbit-desk", "sourdough-sage"];
/// Before the first kill, while the host is gone, and after that again: 504 in three runs. An agent answers no more than 60 times
/// in an hour.
const MENTIONS: usize = 56;
const LIMIT: Duration = Duration::from_secs(120);

fn account(agent: &str) -> String {
    agent.replace('-', "_")
}

/// Each of twelve faults strikes nine of a thousand requests of an agent that those before it have spared: 1 - 0.991 ^ 12 is a
/// tenth. None of them is X's last word on a post: of those that are an agent hears, and leaves it at that.
fn plan(seed: u64) -> Value {
    let kinds = [
        json!({ "kind": "lost-answer" }),
        json!({ "kind": "closed" }),
        json!({ "kind": "rate-limited", "reset_s": 1 }),
        json!({ "kind": "failed", "status": 503 }),
        json!({ "kind": "failed", "status": 500, "done": true }),
        json!({ "kind": "late", "ms": 300 }),
        json!({ "kind": "truncated" }),
        json!({ "kind": "cut-short" }),
        json!({ "kind": "stall" }),
        json!({ "kind": "wrong-type" }),
        json!({ "kind": "garbage" }),
        json!({ "kind": "redirect" }),
    ];
    let mut faults = Vec::new();
    for (agent, operation) in AGENTS.iter().flat_map(|agent| ["create-post", "mentions"].map(|one| (agent, one))) {
        for kind in &kinds {
            let mut fault = kind.clone();
            let narrowed = json!({ "operation": operation, "account": account(agent), "per_mille": 9 });
            fault.as_object_mut().unwrap().extend(narrowed.as_object().unwrap().clone());
            faults.push(fault);
        }
    }
    json!({ "seed": seed, "faults": faults })
}

fn folder(emulating: &Emulating, by: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut config = format!(
        "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\ntimeout_ms = 1000\nsettle_ms = 200\n\
         [tweet.x.plan]\nno_likes = false\n\
         [tweet.x.apps.main]\nbearer_env = \"BEARER\"\n[tweet.x.mentions]\nby = \"{by}\"\nevery = \"1s\"\n",
        emulating.url("x")
    );
    let mut dotenv = "BEARER=emulated-main-bearer\nMODEL=emulated-model\n".to_owned();
    for (agent, account) in AGENTS.map(|agent| (agent, account(agent))) {
        let token = format!("TOKEN_{}", account.to_uppercase());
        write!(config, "[tweet.x.accounts.{account}]\ntoken_env = \"{token}\"\n").unwrap();
        writeln!(dotenv, "{token}=emulated-{account}").unwrap();
        let file = support::fixtures().join(format!("agents/{agent}.json"));
        run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    }
    write!(
        config,
        "[llm]\ndefault = \"home\"\n[llm.providers.home]\nbase_url = \"{}\"\nmodel = \"m\"\nkey_env = \"MODEL\"\n\
         price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n\
         [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n\
         [outbox]\nattempts = 9\nbackoff_ms = 100\nbackoff_most_ms = 500\nlook_after_ms = 1500\nbreaker_probe_ms = 500\n",
        emulating.url("llm")
    )
    .unwrap();
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    super::private(&folder.path().join(".env"), &dotenv);
    folder
}

/// How many posts of the agents answer each post. A like is an answer too: of a model that gave no text that could be posted.
fn answers(emulating: &Emulating) -> BTreeMap<String, usize> {
    let report = emulating.report();
    let mut answers = BTreeMap::new();
    for account in list(&report, "accounts") {
        let replies = list(account, "posts").iter().filter_map(|post| post["in_reply_to"].as_str());
        // Twice is the same as once.
        let likes: BTreeSet<&str> = list(account, "likes").iter().filter_map(|like| like["post"].as_str()).collect();
        replies.chain(likes).for_each(|id| *answers.entry(id.to_owned()).or_default() += 1);
    }
    answers
}

/// Somebody speaks to each agent in turn.
fn speak(emulating: &Emulating, said: &mut Vec<String>) {
    for _ in 0..MENTIONS {
        let n = said.len();
        let to = account(AGENTS[n % AGENTS.len()]);
        said.push(says(emulating, &format!("visitor_{n}"), &format!("@{to} what does number {n} tell you today?")));
    }
}

/// How often a request of this kind went wrong.
fn struck(emulating: &Emulating, operation: &str) -> u64 {
    let report = emulating.report();
    let of = list(&report, "faults").iter().filter(|fault| fault["operation"] == operation);
    of.map(|fault| fault["struck"].as_u64().unwrap()).sum()
}

/// Effects whose end is not known, or that came to nothing.
fn open(folder: &Path) -> Vec<Value> {
    let outbox = run(folder, &["outbox", "list", "--limit", "1000", "--json"]).exits(0).json();
    list(&outbox, "items").iter().filter(|effect| effect["state"] != "done").cloned().collect()
}

#[test]
fn whoever_speaks_is_answered_once_though_much_goes_wrong_and_the_host_is_killed() {
    for (seed, by, counted) in [(7, "poll", "mentions"), (8, "stream", "stream"), (9, "auto", "stream")] {
        let here = tempfile::tempdir().unwrap();
        let emulating = Emulating::start(here.path(), &[]);
        let folder = folder(&emulating, by);
        let data = folder.path().join(".puppet");
        let host = Running::start(folder.path(), &data, &[]);
        let counts = |what: &str| emulating.report()["counts"][what].as_u64().unwrap_or(0);
        until(LIMIT, "nobody listens", || counts("mentions") >= AGENTS.len() as u64 && counts(counted) > 0);
        emulating.misbehave(&plan(seed));
        let mut said = Vec::new();
        speak(&emulating, &mut said);
        until(LIMIT, "nobody answers", || answers(&emulating).len() >= MENTIONS / 3);
        host.kill();

        speak(&emulating, &mut said);
        let host = Running::start(folder.path(), &data, &[]);
        until(LIMIT, "nobody answers any more", || answers(&emulating).len() >= MENTIONS * 4 / 3);
        until(LIMIT, "no post goes wrong", || struck(&emulating, "create-post") > 0);
        // A stream is not asked for each mention.
        until(LIMIT, "no look for mentions goes wrong", || by != "poll" || struck(&emulating, "mentions") > 0);
        host.kill();

        speak(&emulating, &mut said);
        let host = Running::start(folder.path(), &data, &[]);
        // What is in doubt might still be done once more.
        let end = Instant::now() + LIMIT;
        while (answers(&emulating).len() < said.len() || !open(folder.path()).is_empty()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(250));
        }
        let (answers, open) = (answers(&emulating), open(folder.path()));
        let wrong: Vec<_> = said.iter().filter(|id| answers.get(*id) != Some(&1)).collect();
        assert!(wrong.is_empty() && open.is_empty(), "{by}: not answered once: {wrong:?} of {answers:?}; {open:?}");
        assert_eq!(heard(folder.path()), said, "{by}: each is heard once");
        assert_eq!(host.stop(), 0);
        let counts = asked(emulating.url("counts"), "GET", "");
        assert_eq!(counts["duplicates"], 0, "{by}: {counts}");
        let wrong = struck(&emulating, "create-post");
        let tried = emulating.report()["counts"]["create-post"].as_u64().unwrap() - said.len() as u64;
        assert!(
            (50..=160).contains(&(wrong * 1_000 / tried)),
            "{by}: {wrong} of {tried} posts went wrong: a tenth is meant"
        );
    }
}
