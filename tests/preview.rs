//! `puppet preview`: a week before anything is granted, what it says, and that the grant it suggests is neither too little
//! nor too much.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{
    hostile::guest::{End, Step, component},
    support::{fixtures, list, original_agents, puppet, report, run, simulate},
};

/// The four characters that come with the program.
fn personalities() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities");
    subjects(&folder, |path| path.join("pack.toml").is_file())
}

fn subjects(folder: &Path, is_one: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_one(path)).collect();
    paths.sort();
    assert_eq!(paths.len(), 4, "{}", folder.display());
    paths
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "json")
}

fn previewed(folder: &Path, path: &Path, args: &[&str]) -> Value {
    run(folder, &[&["preview", path.to_str().unwrap(), "--json"], args].concat()).exits(0).json()
}

/// A folder with that one alone, as `simulate` takes it.
fn alone(folder: &Path, path: &Path) -> PathBuf {
    let agents = folder.join("agents");
    let home = agents.join(path.file_name().unwrap());
    if path.is_dir() {
        std::fs::create_dir_all(&home).unwrap();
        for name in ["pack.toml", "persona.toml"] {
            std::fs::copy(path.join(name), home.join(name)).unwrap();
        }
    } else {
        std::fs::create_dir_all(&agents).unwrap();
        std::fs::copy(path, home).unwrap();
    }
    agents
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("`{key}` is no number in {value}"))
}

#[test]
fn a_preview_is_the_week_that_simulate_would_give_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixtures().join("agents/orbit-desk.json");
    let preview = previewed(folder.path(), &file, &["--days", "3", "--seed", "5"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no data folder");
    let mut elsewhere = puppet(folder.path());
    elsewhere.env("TZ", "Asia/Tokyo").args(["preview", file.to_str().unwrap(), "--days", "3", "--seed", "5", "--json"]);
    let again: Value = serde_json::from_slice(&elsewhere.output().unwrap().stdout).unwrap();
    assert_eq!(again, preview, "the same bytes wherever it runs");

    let out = folder.path().join("out");
    simulate(&out, &alone(folder.path(), &file), &["--days", "3", "--seed", "5"]);
    let week = report(&out);
    let agent = &week["agents"][0];
    for kind in ["post", "thread", "reply", "quote", "like"] {
        assert_eq!(preview["totals"][kind], agent["counts"][kind], "{kind}");
        let days: u64 = list(&preview, "by_day").iter().map(|day| number(day, kind)).sum();
        assert_eq!(days, number(&preview["totals"], kind), "the days add up to it: {kind}");
        let average = (days as f64 / 3.0 * 1e6).round() / 1e6;
        assert_eq!(preview["per_day"][kind], json!(average), "{kind}");
    }
    assert!(number(&preview["totals"], "post") > 3);
    assert_eq!(
        number(&preview, "tokens"),
        number(&agent["llm"], "prompt_tokens") + number(&agent["llm"], "completion_tokens")
    );
    assert_eq!(preview["usd_micros"], agent["llm"]["usd_micros"]);
    assert_eq!(preview["mood"], agent["mood"]);
    let data = out.join("data");
    let journal = ["journal", "--agent", "orbit-desk", "--limit", "10000", "--json", "--data", data.to_str().unwrap()];
    let journal = run(folder.path(), &journal).exits(0).json();
    let decisions = list(&journal, "items").iter().flat_map(|item| list(item, "decisions"));
    let set = decisions.filter(|decision| decision["kind"] == "set_timer").count() as u64;
    let fired = list(&journal, "items").iter().filter(|item| item["event"]["kind"] == "timer").count() as u64;
    assert_eq!((number(&preview, "timers"), number(&preview, "timers_fired")), (set, fired));
    let memories: u64 = agent["memory"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(number(&preview, "memory_rows"), memories);
    let last = list(&preview, "by_day").last().unwrap();
    assert_eq!(last["memory_bytes"], preview["memory_bytes"]);
    assert!(number(&preview, "memory_bytes") > number(&preview, "memory_bytes_at_start"));
    for sample in list(&preview, "samples") {
        let of = |post: &&Value| post["at"] == sample["at"] && post["text"] == sample["text"];
        let post = list(agent, "posts").iter().find(of).unwrap_or_else(|| panic!("{sample} was never posted"));
        assert_eq!((&post["kind"], &post["weighted_length"]), (&sample["kind"], &sample["weight"]));
    }
    let days: std::collections::BTreeSet<&str> =
        list(&preview, "samples").iter().map(|sample| &sample["at"].as_str().unwrap()[..10]).collect();
    assert_eq!(days.len(), 3, "samples of every day");
}

/// Amounts of a grant, halved.
fn halved(grant: &str) -> String {
    let line = |line: &str| {
        let Some((key, rest)) = line.split_once(" = ").filter(|(key, _)| key.starts_with('"')) else {
            return line.to_owned();
        };
        let amount = rest.split(" #").next().unwrap().trim();
        let half = match amount.strip_prefix('"') {
            Some(dollars) => format!("\"{:.6}\"", dollars.trim_end_matches('"').parse::<f64>().unwrap() / 2.0),
            None => (amount.parse::<u64>().unwrap() / 2).to_string(),
        };
        format!("{key} = {half}")
    };
    grant.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// How many calls are refused when the week is lived under a grant.
fn denied_under(folder: &Path, agents: &Path, name: &str, grant: &str) -> u64 {
    let file = folder.join(format!("{name}.toml"));
    std::fs::write(&file, grant).unwrap();
    let out = folder.join(name);
    simulate(&out, agents, &["--grants", file.to_str().unwrap()]);
    let denied = report(&out)["totals"]["denied"].clone();
    denied.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

fn is_enough_and_half_is_not(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let preview = previewed(folder.path(), path, &[]);
    assert_eq!(preview["denied"], json!({}), "{}", path.display());
    let grant = preview["suggested_grant"].as_str().unwrap();
    // Of a pack it can be pasted: it is bound to what was looked at. An agent file is nothing that one could bind.
    assert_eq!(grant.contains("]\ndigest = \"sha256:"), path.is_dir(), "{grant}");
    assert!(grant.contains("as requested, since it grows with time"), "{grant}");
    let agents = alone(folder.path(), path);
    assert_eq!(denied_under(folder.path(), &agents, "whole", grant), 0, "{}:\n{grant}", path.display());
    let half = halved(grant);
    assert_ne!(half, grant);
    assert!(denied_under(folder.path(), &agents, "half", &half) > 0, "{}:\n{half}", path.display());
    // The tokens bite by themselves.
    let tokens = |line: &&str| line.starts_with("\"tokens/day\"");
    let (old, new) = (grant.lines().find(tokens).unwrap(), half.lines().find(tokens).unwrap());
    let fewer = grant.replace(old, new);
    assert!(denied_under(folder.path(), &agents, "fewer", &fewer) > 0, "{}:\n{fewer}", path.display());
}

#[test]
fn a_suggested_grant_is_enough_for_the_week_and_half_of_it_is_not() {
    let mut paths = personalities();
    if let Some(folder) = original_agents() {
        paths.extend(subjects(&folder, is_json));
    }
    std::thread::scope(|scope| {
        for pair in paths.chunks(4) {
            scope.spawn(move || pair.iter().for_each(|path| is_enough_and_half_is_not(path)));
        }
    });
}

/// A pack with a component of its own, from calls that it makes on every event.
fn stranger(folder: &Path, steps: &[Step], end: End, requests: &str) -> PathBuf {
    let pack = folder.join("stranger");
    std::fs::create_dir_all(&pack).unwrap();
    std::fs::write(pack.join("own.wasm"), component(steps, end)).unwrap();
    let manifest =
        format!("id = \"stranger\"\nversion = \"1.2.0\"\nname = \"Stranger\"\ncomponent = \"own.wasm\"\n{requests}");
    std::fs::write(pack.join("pack.toml"), manifest).unwrap();
    pack
}

/// A preview has no purse and no prices. Who asks for them is told of, and is not suggested a right to what was never tried.
#[test]
fn of_a_character_that_trades_the_refusals_are_told_and_no_wallet_is_suggested() {
    let folder = tempfile::tempdir().unwrap();
    let steps = [Step::Balances, Step::Price, Step::Swap(50_000_000), Step::Post("a good moment")];
    let requests = "[requests.tweet]\n[requests.wallet]\n[requests.market]\n";
    let preview = previewed(folder.path(), &stranger(folder.path(), &steps, End::Ok, requests), &["--days", "1"]);
    assert!(number(&preview["totals"], "post") > 0, "it goes on without: {}", preview["totals"]);
    let denied = &preview["denied"];
    assert!(number(denied, "wallet") >= 2 && number(denied, "market") >= 1, "{denied}");
    let grant = preview["suggested_grant"].as_str().unwrap();
    assert!(grant.contains("stranger.tweet]"), "{grant}");
    assert!(!grant.contains("wallet") && !grant.contains("market"), "{grant}");
}

#[test]
fn a_pack_with_a_component_of_its_own_is_previewed_with_what_x_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let requests = "[requests.tweet]\namounts = { \"likes/hour\" = 1 }\n";
    let pack = stranger(folder.path(), &[Step::Post("$SOL and $ETH")], End::Ok, requests);
    let first = previewed(folder.path(), &pack, &["--days", "1"]);
    let at: jiff::Timestamp = list(&first, "samples")[0]["at"].as_str().unwrap().parse().unwrap();
    // Ids of the local timeline grow with time.
    let epoch: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let id: &str = (((at.as_millisecond() - epoch.as_millisecond()) as u64) << 8).to_string().leak();
    let steps = [Step::Post("$SOL and $ETH"), Step::Like(id), Step::Quote(id), Step::Reply(id)];
    stranger(folder.path(), &steps, End::Ok, requests);
    let preview = previewed(folder.path(), &pack, &["--days", "1"]);
    assert_eq!((&preview["agent"]["plugin"], &preview["agent"]["version"]), (&"stranger".into(), &"1.2.0".into()));
    let totals = &preview["totals"];
    for kind in ["post", "like", "quote", "reply"] {
        assert!(number(totals, kind) > 0, "{kind}: {totals}");
    }
    let refused = json!({
        "like-not-allowed": totals["like"], "quote-not-allowed": totals["quote"], "too-many-cashtags": totals["post"],
        // The same words each time; its own thread it may answer.
        "same-text-again": number(totals, "reply") - 1,
    });
    assert_eq!(preview["refused_by_platform"], refused, "{totals}");
    assert!(number(&preview["denied"], "tweet") > 0, "more than one like an hour was not asked for");
    let kinds: Vec<&str> = list(&preview, "samples").iter().map(|sample| sample["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"reply") && kinds.contains(&"post"), "{kinds:?}");
    let peak = |amount: &str| {
        let of = |peak: &&Value| peak["amount"] == amount && peak["period"] == "hour";
        let peak = list(&preview, "peaks").iter().find(of).unwrap();
        (number(peak, "peak"), number(peak, "requested"))
    };
    assert_eq!((peak("likes"), peak("posts").0 > 1, peak("deletes").0), ((1, 1), true, 0));
    assert!(
        preview["suggested_grant"]
            .as_str()
            .unwrap()
            .contains("operations = [\"like\", \"post\", \"quote\", \"reply\"]")
    );
}

/// X is never reached.
#[test]
fn where_posts_go_to_x_no_account_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("puppet.toml"), "[tweet]\nprovider = \"x\"\n").unwrap();
    let path = personalities().remove(0);
    let told = run(folder.path(), &["preview", path.to_str().unwrap(), "--days", "1"]).exits(0).stdout;
    assert!(told.contains("X would refuse"), "{told}");
    assert!(told.contains("the local timeline is free, and X is not"), "{told}");
    let refused = run(folder.path(), &["config"]).exits(2);
    assert!(refused.stderr.contains("no account has a token for X"), "{refused:?}");
}

#[test]
fn breaches_are_told_and_do_not_end_the_preview() {
    let folder = tempfile::tempdir().unwrap();
    let pack = stranger(folder.path(), &[Step::Log("here")], End::Trap, "");
    let preview = previewed(folder.path(), &pack, &["--days", "1"]);
    let breaches = list(&preview, "breaches");
    assert!(!breaches.is_empty() && breaches.iter().all(|row| row["breach"] == "trap"), "{breaches:?}");
    assert_eq!((number(&preview["totals"], "post"), list(&preview, "samples").len()), (0, 0));
    let told = run(folder.path(), &["preview", "stranger", "--days", "1"]).exits(0).stdout;
    assert!(told.contains("`stranger` ran into a limit: trap"), "{told}");
}

#[test]
fn a_preview_stands_beside_one_that_lives_here() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["harbour-watch", "orbit-desk"].map(|name| fixtures().join(format!("agents/{name}.json")));
    run(folder.path(), &["agent", "import", old.to_str().unwrap()]).exits(0);
    let alone = previewed(folder.path(), &new, &["--days", "2"]);
    let other = previewed(folder.path(), &old, &["--days", "2"]);
    let both = previewed(folder.path(), &new, &["--days", "2", "--against", "harbour-watch"]);
    let against = &both["against"];
    for key in ["per_day", "totals", "tokens", "timers", "memory_bytes", "samples", "refused_by_platform"] {
        assert_eq!(both[key], alone[key], "{key}");
        assert_eq!(against[key], other[key], "{key}");
    }
    for key in ["tokens", "timers", "memory_bytes"] {
        let difference = number(&alone, key) as i64 - number(&other, key) as i64;
        assert_eq!(against["differences"][key], json!(difference), "{key}");
    }
    assert_ne!(against["differences"]["tokens"], json!(0));
    let told = run(folder.path(), &["preview", new.to_str().unwrap(), "--days", "2", "--against", "harbour-watch"]);
    assert!(told.stdout.contains("difference") && told.stdout.contains("harbour-watch"), "{}", told.stdout);
    // It may also stand in `agents/`, where no host has run yet.
    std::fs::remove_dir_all(folder.path().join(".puppet")).unwrap();
    std::fs::create_dir(folder.path().join("agents")).unwrap();
    std::fs::copy(&old, folder.path().join("agents/harbour.json")).unwrap();
    let configured = previewed(folder.path(), &new, &["--days", "2", "--against", "harbour-watch"]);
    assert_eq!(configured["against"], *against);
    let nobody = run(folder.path(), &["preview", new.to_str().unwrap(), "--against", "nobody"]).exits(2);
    assert!(nobody.stderr.contains("there is no agent `nobody`"), "{}", nobody.stderr);
}

/// Names of elements that were opened and not closed.
fn open_elements(html: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let (before, rest) = html.split_once("<script").unwrap();
    let after = rest.split_once("</script>").unwrap().1;
    let texts = [before, after].concat();
    for tag in texts.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("`<{tag}` does not end"));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed in order");
        } else if !tag.ends_with('/') && !tag.starts_with('!') && name != "meta" {
            open.push(name.to_owned());
        }
    }
    open
}

#[test]
fn the_page_has_its_charts_and_its_data_and_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixtures().join("agents/orbit-desk.json");
    let hostile = std::fs::read_to_string(&file).unwrap();
    let mut hostile: Value = serde_json::from_str(&hostile).unwrap();
    hostile["name"] = "</script><img onerror=alert(1)> & \"Co\" a\"key<of&8digits".into();
    hostile["twitter_credentials"] = json!({ "api_key": "a\"key<of&8digits" });
    let file = folder.path().join("hostile.json");
    std::fs::write(&file, hostile.to_string()).unwrap();
    let preview = previewed(folder.path(), &file, &["--html", "page.html"]);
    let html = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert_eq!(open_elements(&html), Vec::<String>::new());
    let data = html.split("<script type=\"application/json\" id=\"data\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!(data, preview, "what it was drawn from is what `--json` prints");
    let charts: Vec<&str> = html.split("<svg ").skip(1).map(|rest| rest.split("</svg>").next().unwrap()).collect();
    assert!(charts.len() >= 4, "{}", charts.len());
    for chart in &charts {
        for part in ["class=\"axis\"", "class=\"unit\"", "class=\"tick\"", "<title>", "<desc>", "role=\"img\""] {
            assert!(chart.contains(part), "{part}: {chart}");
        }
    }
    for title in ["Posts, replies and likes per day", "Tokens per day", "Memory", "Mood", "Peak of each budget"] {
        assert!(html.contains(&format!("<figcaption>{title}")), "{title}");
    }
    for loads in ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "<iframe", "<img"] {
        assert!(!html.contains(loads), "{loads}");
    }
    assert_eq!(html.matches("</script").count(), 1);
    assert!(html.contains("&lt;/script&gt;&lt;img onerror=alert(1)&gt; &amp; &quot;Co&quot;"));
    assert!(preview["agent"]["name"].as_str().unwrap().ends_with("Co\" ********"), "{}", preview["agent"]["name"]);
    assert!(!html.contains("8digits"), "nor is a credential shown, however it is written");
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("width=device-width"));
    let first = &list(&preview, "by_day")[0];
    let tokens = first["tokens"].as_u64().unwrap();
    assert!(
        html.contains(&format!("<td>{},{:03}</td>", tokens / 1_000, tokens % 1_000)),
        "{tokens} stands in the table"
    );
}

#[test]
fn what_cannot_be_previewed_is_told_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, text: &str| {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("pack.toml"), text).unwrap();
    };
    make("makes-news", "id = \"makes-news\"\nversion = \"0.1.0\"\nplugin = \"news\"\n");
    make("half", "id = \"half\"\nversion = \"0.1.0\"\ncomponent = \"half.wasm\"\n");
    std::fs::write(folder.path().join("half/half.wasm"), "\0asm").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (path, says) in [
        ("nowhere", "neither a pack's folder or archive nor an agent file"),
        ("nowhere.json", "cannot be read"),
        ("empty", "pack.toml"),
        ("makes-news", "event-generator"),
        ("half", "truncated at byte 4"),
    ] {
        let ran = run(folder.path(), &["preview", path]).exits(2);
        assert!(ran.stderr.contains(says), "{path}: {}", ran.stderr);
    }
    let file = fixtures().join("agents/orbit-desk.json");
    let nowhere = run(folder.path(), &["preview", file.to_str().unwrap(), "--days", "1", "--html", "no/page.html"]);
    assert!(nowhere.exits(4).stderr.contains("cannot be written"));
}
