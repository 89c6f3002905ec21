//! Effects leave the process: a host that posts to X, and an emulator of X that is another process and outlives it.

mod answered;
mod capped;
mod ruled;
mod searched;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    faults::kills,
    support::{self, Running, list, puppet, run, until},
};

/// Of the account of the first test.
const TOKEN: &str = "emulated-harbour_watch";
const LIMIT: Duration = Duration::from_secs(60);

/// `puppet emulate` until it is dropped.
pub struct Emulating {
    child: Child,
    told: Value,
}

impl Emulating {
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        let mut command = puppet(folder);
        let mut child = command.args(["emulate", "--json"]).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, told: serde_json::from_str(&line).unwrap() }
    }

    pub fn url(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }

    fn report(&self) -> Value {
        asked(self.url("report"), "GET", "")
    }

    /// From now on.
    pub fn misbehave(&self, plan: &Value) {
        assert_eq!(asked(self.url("faults"), "POST", &plan.to_string()), json!({}));
    }

    /// What an account has posted.
    pub fn posts(&self, account: &str) -> Vec<Value> {
        let report = self.report();
        let accounts = list(&report, "accounts").iter().filter(|one| one["account"] == account);
        accounts.flat_map(|one| list(one, "posts").clone()).collect()
    }
}

impl Drop for Emulating {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an address of this machine answers.
fn asked(url: &str, method: &str, body: &str) -> Value {
    kills::asked(url, method, body).unwrap()
}

/// A file that its owner alone reads.
fn private(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A folder with one agent that posts to the emulated X, and is written for by the emulated model.
fn folder(emulating: &Emulating, handle: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\n[tweet.x.accounts.{handle}]\ntoken_env = \"TOKEN\"\n\
         [llm]\ndefault = \"home\"\n[llm.providers.home]\nbase_url = \"{}\"\nmodel = \"m\"\nkey_env = \"TOKEN\"\n\
         price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n\
         [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n\
         [outbox]\nlook_after_ms = 0\n",
        emulating.url("x"),
        emulating.url("llm")
    );
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    private(&folder.path().join(".env"), &format!("TOKEN=emulated-{handle}\n"));
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    folder
}

/// Lets the agent post, and answers the effect once it is no longer on its way.
pub fn posted(folder: &Path) -> Value {
    let args =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    run(folder, &args).exits(0);
    let mut last = Value::Null;
    until(LIMIT, "the effect does not end", || {
        let outbox = run(folder, &["outbox", "list", "--json"]).exits(0).json();
        let posts = list(&outbox, "items").iter().find(|item| item["kind"] == "post" || item["kind"] == "thread");
        last = posts.cloned().unwrap_or_default();
        !last.is_null() && !["waiting", "sent"].contains(&last["state"].as_str().unwrap())
    });
    last
}

/// What X charges the agent's account in this month; null where nothing.
fn charged(folder: &Path) -> Value {
    let budgets = run(folder, &["budgets", "--json"]).exits(0).json();
    let month = |row: &&Value| row["account"] == "@harbour_watch" && row["period"] == "month";
    list(&budgets, "bill").iter().find(month).cloned().unwrap_or_default()
}

#[test]
fn what_an_agent_posts_is_on_x_once_and_stays_when_the_host_is_killed() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &[]);
    let folder = folder(&emulating, "harbour_watch");
    let data = folder.path().join(".puppet");
    // It is refused once and lets wait a second: the second attempt is the first that does anything.
    let limited = json!({ "kind": "rate-limited", "reset_s": 1, "operation": "create-post", "times": 1 });
    emulating.misbehave(&json!({ "faults": [limited] }));
    let host = Running::start(folder.path(), &data, &[]);
    let effect = posted(folder.path());
    assert_eq!((&effect["state"], &effect["attempts"]), (&"done".into(), &2.into()), "{effect}");
    let posts = emulating.posts("harbour_watch");
    assert_eq!(posts.len(), 1, "{posts:?}");
    let report = emulating.report();
    assert_eq!(report["counts"]["create-post"], 2);
    assert!(report["llm"]["requests"].as_u64() > Some(0), "{}", report["llm"]);
    let shown = run(folder.path(), &["agent", "show", "harbour-watch", "--json"]).exits(0).json();
    assert_eq!((&shown["memory"]["tweet"], &shown["memory"]["post"]), (&1.into(), &1.into()), "{}", shown["memory"]);
    let month = charged(folder.path());
    // The post, and each time that was asked whose the signature is.
    let asked = month["reads"].as_u64().unwrap();
    assert!(month["posts"] == 1 && asked > 0 && month["usd_micros"] == 15_000 + 10_000 * asked, "{month}");
    host.kill();

    let host = Running::start(folder.path(), &data, &[]);
    assert_eq!(emulating.posts("harbour_watch"), posts, "the emulator lives on, and nothing is posted again");
    until(LIMIT, "nothing is charged", || charged(folder.path())["reads"].as_u64() > Some(0));
    let journal = run(folder.path(), &["journal", "--kind", "post_published", "--json"]).exits(0).json();
    assert!(journal.to_string().contains(posts[0]["id"].as_str().unwrap()) || list(&journal, "items").is_empty());
    let month = charged(folder.path());
    assert_eq!(host.stop(), 0);
    assert_eq!(charged(folder.path()), month, "a host that is stopped has written it down");
    for file in std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        let held = bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
        assert!(!held, "the token is in {}", file.display());
    }
}

#[test]
fn an_answer_that_is_lost_does_not_post_twice() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &["--x", "--llm", "--seed", "7"]);
    let folder = folder(&emulating, "harbour_watch");
    // The token may also be in a file of its own.
    let config = std::fs::read_to_string(folder.path().join("puppet.toml")).unwrap();
    let config = config.replacen("token_env = \"TOKEN\"", "token_credential = \"of-x\"", 1);
    let credentials = "[credentials]\nof-x = { file = \"token\" }\n";
    std::fs::write(folder.path().join("puppet.toml"), config + credentials).unwrap();
    private(&folder.path().join("token"), &format!("{TOKEN}\n"));
    let lost = json!({ "kind": "lost-answer", "operation": "create-post", "times": 1 });
    emulating.misbehave(&json!({ "faults": [lost] }));
    let _host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let effect = posted(folder.path());
    is_found(folder.path(), &emulating, effect["id"].as_str().unwrap());
    assert_eq!(emulating.report()["faults"][0]["struck"], 1);
}

/// X is asked what became of an effect, and has its post: it counts as published, and is there once.
fn is_found(folder: &Path, emulating: &Emulating, id: &str) {
    let shown = || run(folder, &["outbox", "show", id, "--json"]).exits(0).json();
    until(LIMIT, "X is asked what became of it", || shown()["state"] == "done");
    let (shown, posts) = (shown(), emulating.posts("harbour_watch"));
    assert_eq!((posts.len(), &posts[0]["id"], &shown["attempts"]), (1, &shown["provider_id"], &1.into()), "{shown}");
    until(LIMIT, "the agent hears of it", || {
        let heard = run(folder, &["journal", "--kind", "post_published", "--json"]).exits(0).json();
        list(&heard, "items").iter().any(|item| item["event"]["payload"]["id"] == posts[0]["id"])
    });
}

#[test]
fn a_host_that_is_killed_before_x_answers_does_not_post_twice() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &["--x", "--llm"]);
    let folder = folder(&emulating, "harbour_watch");
    let data = folder.path().join(".puppet");
    let late = json!({ "kind": "late", "ms": 600_000, "operation": "create-post", "times": 1 });
    emulating.misbehave(&json!({ "faults": [late] }));
    let host = Running::start(folder.path(), &data, &[]);
    run(
        folder.path(),
        &["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch"],
    )
    .exits(0);
    until(LIMIT, "it is not posted", || emulating.posts("harbour_watch").len() == 1);
    host.kill();
    let sent = run(folder.path(), &["outbox", "list", "--state", "sent", "--json"]).exits(0).json();
    let id = list(&sent, "items")[0]["id"].as_str().unwrap().to_owned();
    let _host = Running::start(folder.path(), &data, &[]);
    is_found(folder.path(), &emulating, &id);
}

#[test]
fn a_thread_goes_on_behind_its_last_part_when_the_host_is_killed() {
    for heard_of in [0, 1] {
        let here = tempfile::tempdir().unwrap();
        let emulating = Emulating::start(here.path(), &["--x", "--llm"]);
        let folder = folder(&emulating, "harbour_watch");
        let data = folder.path().join(".puppet");
        // The part behind those is there, and nobody hears of it.
        let late = json!({ "kind": "late", "ms": 600_000, "operation": "create-post", "skip": heard_of, "times": 1 });
        emulating.misbehave(&json!({ "faults": [late] }));
        let host = Running::start(folder.path(), &data, &[]);
        let payload = json!({ "force": true, "topic": "the tide", "thread_length": 3 }).to_string();
        let post = ["event", "send", "command_post", "--payload", &payload, "--agent", "harbour-watch"];
        run(folder.path(), &post).exits(0);
        until(LIMIT, "a part is not there", || emulating.posts("harbour_watch").len() == heard_of + 1);
        host.kill();
        let sent = run(folder.path(), &["outbox", "list", "--state", "sent", "--json"]).exits(0).json();
        let id = list(&sent, "items")[0]["id"].as_str().unwrap().to_owned();
        let shown = || run(folder.path(), &["outbox", "show", &id, "--json"]).exits(0).json();
        let first = emulating.posts("harbour_watch")[0]["id"].clone();
        let known = if heard_of == 0 { Value::Null } else { first.clone() };
        assert_eq!((&shown()["kind"], &shown()["provider_id"]), (&"thread".into(), &known), "{}", shown());

        let _host = Running::start(folder.path(), &data, &[]);
        until(LIMIT, "it does not go on", || shown()["state"] == "done");
        let (shown, posts) = (shown(), emulating.posts("harbour_watch"));
        let parts: Vec<&Value> = posts.iter().map(|post| &post["text"]).collect();
        assert_eq!(list(&shown["body"], "parts").iter().collect::<Vec<_>>(), parts, "each once");
        let ids: Vec<&str> = posts.iter().map(|post| post["id"].as_str().unwrap()).collect();
        assert_eq!(shown["provider_id"].as_str(), Some(&*ids.join(",")));
        let answers: Vec<Option<&str>> = posts.iter().map(|post| post["in_reply_to"].as_str()).collect();
        assert_eq!(answers[0], None);
        let before: Vec<Option<&str>> = ids.iter().map(|id| Some(*id)).take(ids.len() - 1).collect();
        assert_eq!(answers[1..], before);
        until(LIMIT, "the agent hears of it", || {
            let heard = run(folder.path(), &["journal", "--kind", "post_published", "--json"]).exits(0).json();
            list(&heard, "items").iter().any(|item| item["event"]["payload"]["id"] == first)
        });
    }
}

#[test]
fn an_agent_without_a_token_posts_nothing_and_everybody_says_why() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &[]);
    let folder = folder(&emulating, "somebody_else");
    let doctor = run(folder.path(), &["doctor", "--json"]).exits(1).json();
    let of = |status: &str| {
        let checks = list(&doctor, "checks").iter().filter(|one| one["name"] == "posts" && one["status"] == status);
        checks.map(|one| format!("{} {}", one["detail"], one["remedy"])).collect::<String>()
    };
    assert!(of("ok").contains("X knows @somebody_else"), "{doctor}");
    assert!(
        of("fail").contains("@harbour_watch") && of("fail").contains("[tweet.x.accounts.harbour_watch]"),
        "{doctor}"
    );

    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let _host = Running::start_with(puppet(folder.path()), &folder.path().join(".puppet"), log);
    let said = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(said.contains("harbour-watch posts as @harbour_watch, which has no token for X"), "{said}");
    let post =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    // It writes without its own posts, which nobody can read; what it wrote goes nowhere.
    let failed = run(folder.path(), &post).exits(0);
    assert!(failed.stdout.contains("@harbour_watch has no token for X"), "{}", failed.stdout);
    // X was asked whose token it is, and nothing else; its neighbour, by the doctor, which models it has.
    let asked = emulating.report();
    assert!(
        list(&asked, "requests").iter().all(|one| ["me", "models", "chat"].iter().any(|op| one["operation"] == *op)),
        "{asked}"
    );
    // People write to the local timeline, which is not where these agents are.
    let mention = ["event", "send", "mention", "--payload", "{\"text\": \"hello\"}", "--agent", "harbour-watch"];
    let refused = run(folder.path(), &mention).exits(2);
    assert!(
        refused.stderr.contains("error[not-here]") && refused.stderr.contains("say it on X, where it is heard"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("agents post on X here"), "{}", refused.stderr);
}

#[test]
fn settings_of_x_are_checked_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    for (config, said) in [
        ("[tweet]\nprovider = \"y\"\n", "puppet.toml:2: tweet.provider: `y` is no such word"),
        ("[tweet]\nprovider = \"x\"\n", "puppet.toml:2: tweet.provider: no account has a token for X"),
        ("[tweet.x]\nendpoint = \"here\"\n", "puppet.toml:2: tweet.x.endpoint"),
        ("[tweet.x.accounts.a-b]\ntoken_env = \"T\"\n", "expected an account"),
        ("[tweet.x.accounts.ada]\ntoken = \"canary\"\n", "a token does not belong in this file"),
        ("[tweet.x.accounts.ada]\ntoken_env = \"canary\"\n", "not the token itself"),
        ("[tweet.x.accounts]\nada = {}\n", "names nothing to sign with"),
        ("[tweet.x.accounts]\nada = { token_env = \"A\" }\nAda = { token_env = \"B\" }\n", "this is the account `ada`"),
        ("[tweet.x.accounts.ada]\ntoken_env = \"A\"\ntoken_secret = \"x/ada\"\n", "are both set"),
        ("[tweet.x.accounts.ada]\ntoken_credential = \"none\"\n", "there is no credential `none`"),
    ] {
        std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
        let refused = run(folder.path(), &["config"]).exits(2);
        assert!(refused.stderr.contains(said), "{config}: {}", refused.stderr);
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    }
    let clear = "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"http://x.example\"\n[tweet.x.accounts.ada]\ntoken_env = \"T\"\n";
    std::fs::write(folder.path().join("puppet.toml"), clear).unwrap();
    let refused = run(folder.path(), &["run", "--for", "1s"]).exits(2);
    assert!(refused.stderr.contains("puppet.toml:4") && refused.stderr.contains("plain http"), "{}", refused.stderr);
    let shown = run(folder.path(), &["config"]).exits(0).stdout;
    assert!(shown.contains("tweet.x.accounts.ada.token_env") && shown.contains("not set"), "{shown}");
    let doctor = run(folder.path(), &["doctor", "--json"]).exits(1).json();
    let in_clear =
        |check: &&Value| check["status"] == "fail" && check["detail"].as_str().unwrap().contains("plain http");
    assert_eq!(list(&doctor, "checks").iter().filter(in_clear).count(), 1, "{doctor}");
    std::fs::write(folder.path().join("puppet.toml"), clear.replace("endpoint = \"http://x.example\"\n", "")).unwrap();
    let doctor = run(folder.path(), &["doctor", "--json"]).exits(0).json();
    let unset = |check: &&Value| check["status"] == "warn" && check["detail"] == "@ada posts nothing: T is not set";
    assert!(list(&doctor, "checks").iter().any(|check| unset(&check)), "{doctor}");
}

#[test]
fn the_emulator_says_where_it_is_and_takes_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("faults.json");
    std::fs::write(&plan, "{\"limit\": 0}").unwrap();
    let x = Emulating::start(folder.path(), &["--x", "--faults", plan.to_str().unwrap()]);
    assert!(x.told["llm"].is_null() && x.url("x").starts_with("http://127.0.0.1:"), "{}", x.told);
    assert_eq!(asked(&format!("{}/2/users/me", x.url("x")), "GET", "")["status"], 401);
    std::fs::write(&plan, "{\"faults\": [{\"kind\": \"fire\"}]}").unwrap();
    let refused = run(folder.path(), &["emulate", "--faults", plan.to_str().unwrap()]).exits(2);
    assert!(refused.stderr.contains("unknown variant `fire`"), "{}", refused.stderr);
    let told = run(folder.path(), &["emulate", "--for", "1ms"]).exits(0).stdout;
    let first: Vec<&str> = told.lines().take(2).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(first, ["x:", "llm:"], "{told}");
}

#[test]
fn a_host_emulates_x_and_models_in_its_own_process() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is where the configuration says that models are: the emulated one stands in for it.
    let config = "[llm]\ndefault = \"home\"\n[llm.providers.home]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n\
                  price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }\n\
                  [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n";
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &["--emulate", "x,llm"]);
    let ready: Value = serde_json::from_str(&std::fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
    let at = |name: &str| ready["emulators"][name].as_str().unwrap().to_owned();
    let counts = |name: &str| asked(&format!("{}/_emulator/counts", at(name)), "GET", "");
    let effect = posted(folder.path());
    assert_eq!(effect["state"], "done", "{effect}");
    let (x, llm) = (counts("x"), counts("llm"));
    assert_eq!((&x["effects"]["post"], &x["duplicates"], &x["faults"]), (&1.into(), &0.into(), &0.into()), "{x}");
    assert!(llm["effects"]["completion"].as_u64() > Some(0) && llm["effects"]["post"].is_null(), "{llm}");
    let report = asked(&format!("{}/_emulator/report", at("x")), "GET", "");
    assert_eq!(report["accounts"][0]["account"], "harbour_watch");
    assert_eq!((&ready["emulators"]["solana"], &ready["emulators"]["jupiter"]), (&Value::Null, &Value::Null));
    assert_eq!(host.stop(), 0);
}

/// Somebody posts, with a token of the emulator. Answers the id.
fn says(emulating: &Emulating, account: &str, text: &str) -> String {
    let address = emulating.url("x").strip_prefix("http://").unwrap();
    let body = json!({ "text": text }).to_string();
    let head = format!(
        "POST /2/tweets HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer emulated-{account}"
    );
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let posted: Value = serde_json::from_str(body).unwrap();
    posted["data"]["id"].as_str().unwrap().to_owned()
}

/// Posts of the mentions that were handled, in order.
fn heard(folder: &Path) -> Vec<String> {
    let journal = run(folder, &["journal", "--kind", "mention", "--limit", "1000", "--json"]).exits(0).json();
    let mut ids: Vec<String> = list(&journal, "items")
        .iter()
        .map(|item| {
            assert_eq!(item["event"]["source"], "x", "{item}");
            item["event"]["payload"]["post"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    ids.sort();
    ids
}

/// By asking alone, and by a stream.
#[test]
fn what_is_said_on_x_reaches_the_agent_once_though_its_host_is_killed() {
    for (by, counted) in [("poll", "mentions"), ("stream", "stream")] {
        let here = tempfile::tempdir().unwrap();
        let emulating = Emulating::start(here.path(), &[]);
        let folder = folder(&emulating, "harbour_watch");
        let config = std::fs::read_to_string(folder.path().join("puppet.toml")).unwrap();
        let mentions = format!(
            "[tweet.x.apps.main]\nbearer_env = \"BEARER\"\n[tweet.x.mentions]\nby = \"{by}\"\nevery = \"1s\"\n"
        );
        std::fs::write(folder.path().join("puppet.toml"), config + &mentions).unwrap();
        let dotenv = "TOKEN=emulated-harbour_watch\nBEARER=emulated-main-bearer\n";
        std::fs::write(folder.path().join(".env"), dotenv).unwrap();
        let data = folder.path().join(".puppet");
        let counts = |what: &str| emulating.report()["counts"][what].as_u64().unwrap_or(0);
        says(&emulating, "ann", "@harbour_watch nobody listens yet");
        std::thread::sleep(Duration::from_millis(5));

        let host = Running::start(folder.path(), &data, &[]);
        until(LIMIT, "nobody listens", || counts("mentions") > 0 && counts(counted) > 0);
        let mut said = vec![says(&emulating, "ann", "@harbour_watch what do you see?")];
        says(&emulating, "harbour_watch", "@harbour_watch to itself");
        until(LIMIT, "it is not heard", || heard(folder.path()) == said);
        said.push(says(&emulating, "ben", "@harbour_watch and now?"));
        host.kill();
        said.push(says(&emulating, "cora", "@harbour_watch are you there?"));
        let host = Running::start(folder.path(), &data, &[]);
        until(LIMIT, "what was said meanwhile is not heard", || heard(folder.path()).len() >= said.len());
        said.push(says(&emulating, "ann", "@harbour_watch good night"));
        until(LIMIT, "it is not heard any more", || heard(folder.path()).len() >= said.len());
        assert_eq!(heard(folder.path()), said, "{by}: each once");
        assert_eq!(host.stop(), 0);
        let replies = emulating.posts("harbour_watch");
        let mut answered: Vec<&str> = replies.iter().filter_map(|post| post["in_reply_to"].as_str()).collect();
        let all = answered.len();
        answered.sort_unstable();
        answered.dedup();
        assert_eq!(answered.len(), all, "{by}: one answer each: {replies:?}");
        let doctor = run(folder.path(), &["doctor", "--json"]).json();
        let told = list(&doctor, "checks").iter().find(|check| check["name"] == "mentions").unwrap();
        assert!(
            told["detail"].as_str().unwrap().starts_with(&format!("heard on X ({by}): @harbour_watch up to 20")),
            "{told}"
        );
    }
}
