//! Runs every command with `--json` once, in folders of its own, and keeps what it printed with the name of its schema.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    sync::LazyLock,
};

use puppet_solana::Network;
use serde_json::{Value, json};

use super::errors;
use crate::{
    approvals,
    hostile::guest,
    migrate, outbox, sign_in,
    support::{self, Ran, Running, granted, list, puppet, run},
    wallet,
};

/// What was printed or written.
pub struct Output {
    /// File in docs/schemas, without its ending.
    pub schema: &'static str,
    /// Where it came from.
    pub what: String,
    pub text: String,
    pub value: Value,
}

/// All of them, made once.
pub fn outputs() -> &'static [Output] {
    static OUTPUTS: LazyLock<Vec<Output>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Seen { folder: folder.path().to_owned(), outputs: Vec::new() };
        seen.still();
        seen.simulated();
        seen.invoked();
        seen.authored();
        seen.traded();
        seen.held_in_wallets();
        seen.emulated();
        seen.packed();
        seen.alive();
        errors::provoke(&mut seen);
        seen.outputs
    });
    &OUTPUTS
}

/// What was seen so far, and where commands run.
pub struct Seen {
    pub folder: std::path::PathBuf,
    outputs: Vec<Output>,
}

impl Seen {
    /// Runs a command with `--json`.
    pub fn run(&mut self, schema: &'static str, code: i32, args: &[&str]) -> Value {
        let ran = run(&self.folder, &[args, &["--json"]].concat()).exits(code);
        self.keep(schema, &args.join(" "), ran.stdout)
    }

    /// Keeps one object.
    pub fn keep(&mut self, schema: &'static str, what: &str, text: String) -> Value {
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
        self.outputs.push(Output { schema, what: what.to_owned(), text, value: value.clone() });
        value
    }

    /// Keeps the error of a command that failed.
    pub fn error(&mut self, what: &str, code: &str, ran: &Ran) -> Value {
        let line = ran.stderr.lines().rfind(|line| line.starts_with("{\"error\"")).unwrap_or_else(|| panic!("{ran:?}"));
        let value = self.keep("error", what, line.to_owned());
        assert_eq!(value["error"]["code"], code, "{what}: {line}");
        value["error"]["where"].clone()
    }

    fn file(&mut self, schema: &'static str, path: &Path) -> Value {
        let text = std::fs::read_to_string(path).unwrap();
        self.keep(schema, &path.display().to_string(), text)
    }

    /// Before any host has run: a folder, its configuration, agents, an event that waits.
    fn still(&mut self) {
        self.run("plugins", 0, &["plugins"]);
        self.run("doctor", 0, &["doctor"]);
        self.run("limits", 0, &["doctor", "--limits"]);
        self.run("config", 0, &["config"]);
        self.run("openapi", 0, &["api", "openapi"]);
        self.run("init", 0, &["init", "first"]);
        self.run("demo", 0, &["demo", "--for", "1s"]);
        let mut files: Vec<_> = std::fs::read_dir(agents()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in &files {
            self.run("agent-import", 0, &["agent", "import", "--dry-run", file.to_str().unwrap()]);
            self.run("agent-import", 0, &["agent", "import", file.to_str().unwrap()]);
        }
        self.imported();
        let agents = self.run("agent-list", 0, &["agent", "list"]);
        assert_eq!(list(&agents, "items").len(), files.len());
        self.run("agent-show", 0, &["agent", "show", "harbour-watch"]);
        let two_days = ["preview", files[1].to_str().unwrap(), "--days", "2"];
        let alone = self.run("preview", 0, &two_days);
        assert!(alone["against"].is_null() && !list(&alone, "samples").is_empty() && !list(&alone, "mood").is_empty());
        let beside = self.run("preview", 0, &[&two_days[..], &["--against", "harbour-watch"]].concat());
        assert_eq!(beside["against"]["agent"]["id"], "harbour-watch");
        self.run("budgets", 0, &["budgets"]);
        self.granted();
        self.held();
        self.run("doctor", 0, &["doctor"]);
        let sent = self.run("event-send", 0, &["event", "send", "news", "--payload", "{\"topic\": \"rain\"}"]);
        assert_eq!(sent["outcome"], "accepted");
        std::fs::write(self.folder.join("off.toml"), "[generators.news]\nenabled = false\n").unwrap();
        let plugins = self.run("plugins", 0, &["plugins", "--config", "off.toml"]);
        let state =
            |pack: &str| list(&plugins, "items").iter().find(|item| item["pack"] == pack).unwrap()["state"].clone();
        assert_eq!((state("news"), state("standard-personality")), ("installed".into(), "live".into()));
    }

    /// A wallet with a purse, on a node of its own, with every word about it.
    fn held_in_wallets(&mut self) {
        let folder = self.folder.join("purse");
        std::fs::create_dir(&folder).unwrap();
        let (url, _) = wallet::node::node(wallet::node::Chain::of(Network::Devnet));
        std::fs::write(folder.join("puppet.toml"), wallet::on(Network::Devnet, &url)).unwrap();
        let home = std::mem::replace(&mut self.folder, folder.clone());
        let made = self.run("wallet-new", 0, &["wallet", "new", "main"]);
        let (data, address) = (folder.join(".puppet"), made["address"].as_str().unwrap().to_owned());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            wallet::kept::purse(&data, "main", true).await;
            wallet::kept::asks(&data, wallet::kept::HASH, &address, 600).await;
        });
        self.run("wallets", 0, &["wallet", "list"]);
        self.run("wallet-balance", 0, &["wallet", "balance"]);
        self.run("wallet-airdrop", 0, &["wallet", "airdrop", "main", "1"]);
        self.run("wallet-new", 0, &["wallet", "new", "spare"]);
        let usdc = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
        std::fs::write(folder.join("risk.toml"), format!("[trading.risk]\nenabled = true\nquote = \"{usdc}\"\n"))
            .unwrap();
        let trade = ["trade", "sma-cross", "--wallet", "spare", "--market", "SOL/USDC", "--risk", "risk.toml"];
        self.run("trade", 0, &[&trade[..], &["--for", "1s"]].concat());
        self.run("wallet-word", 0, &["wallet", "halt", "main", "--reason", "lunch"]);
        self.run("wallets", 0, &["wallet", "list"]);
        self.run("wallet-word", 0, &["wallet", "resume", "--all"]);
        self.run("wallet-history", 0, &["wallet", "history", "main"]);
        self.run("wallet-approvals", 0, &["wallet", "approvals"]);
        self.run("wallet-approval", 0, &["wallet", "approve", wallet::kept::HASH]);
        self.run("wallet-approval", 0, &["wallet", "reject", wallet::kept::HASH]);
        self.run("doctor", 0, &["doctor"]);
        self.folder = home;
    }

    /// A strategy over candles that were made up, with everything that a report can have.
    fn traded(&mut self) {
        self.run("market-synth", 0, &["market", "synth", "--out", "SOL-USDC.csv", "--bars", "3000"]);
        let text = std::fs::read_to_string(self.folder.join("SOL-USDC.csv")).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        // A gap, the same again, and what is no bar.
        lines.remove(900);
        lines.insert(500, lines[499]);
        lines.insert(100, "soon,1,2,3,4,5");
        std::fs::write(self.folder.join("SOL-USDC.csv"), lines.join("\n") + "\n").unwrap();
        let checked = self.run("market-check", 0, &["market", "check", "SOL-USDC.csv"]);
        assert_eq!((&checked["items"][0]["gaps"], &checked["items"][0]["bad_rows"]), (&json!(1), &json!(1)));
        let run = ["backtest", "sma-cross", "--data", "SOL-USDC.csv", "--param", "slow=80"];
        // Nobody else lives where it trades on paper.
        let folder = self.folder.join("desk");
        std::fs::create_dir(&folder).unwrap();
        let home = std::mem::replace(&mut self.folder, folder);
        let paper = ["paper", "sma-cross", "--data", "../SOL-USDC.csv", "--to", "2026-01-01T12:00:00Z"];
        let traded = self.run("paper", 0, &paper);
        assert!(traded["since_start"]["batches"].as_u64().unwrap() > 100);
        crate::desks::kept(&self.folder, &home.join("SOL-USDC.csv"));
        self.run("market-list", 0, &["market", "list"]);
        self.folder = home;
        let sweep = ["--sweep", "fast=10,20", "--walk-forward", "2", "--monte-carlo", "50"];
        let swept = self.run("backtest", 0, &[&run[..], &sweep].concat());
        assert!(!list(&swept, "trades").is_empty());
        self.run("backtest", 0, &[&run[..], &["--param", "fast=10", "--check-lookahead"]].concat());
        std::fs::write(
            self.folder.join("no-risk.toml"),
            "[trading.risk]\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n",
        )
        .unwrap();
        let denied = self.run("backtest", 0, &[&run[..], &["--risk", "no-risk.toml", "--fee-bps", "30"]].concat());
        assert!(list(&denied, "trades").is_empty() && !list(&denied, "denials").is_empty());
        let dca = puppet::firstparty::strategies().into_iter().find(|one| one.manifest.id.as_str() == "dca").unwrap();
        let pack = self.folder.join("drip");
        std::fs::create_dir(&pack).unwrap();
        std::fs::write(pack.join("drip.wasm"), dca.component).unwrap();
        let manifest = "id = \"drip\"\nversion = \"0.1.0\"\ncomponent = \"drip.wasm\"\n";
        std::fs::write(pack.join("pack.toml"), manifest).unwrap();
        self.run("install", 0, &["install", "drip", "--allow-unsigned"]);
        let plugins = self.run("plugins", 0, &["plugins"]);
        let drip = list(&plugins, "items").iter().find(|item| item["pack"] == "drip").unwrap();
        assert_eq!(drip["world"], "trading-strategy");
        self.run("backtest", 0, &["backtest", "drip", "--data", "SOL-USDC.csv"]);
        self.run("remove", 0, &["remove", "drip"]);
    }

    /// A whole deployment, in a folder of its own: as it is, and with a file that is cut off.
    fn imported(&mut self) {
        let home = self.folder.join("moved");
        std::fs::create_dir(&home).unwrap();
        migrate::deployment(&home.join("old"));
        let import = ["import", "old", "--json"];
        for args in [&[&import[..], &["--dry-run"]].concat()[..], &import] {
            let ran = run(&home, args).exits(0);
            self.keep("import", &args.join(" "), ran.stdout);
        }
        let history = run(&home, &["event", "history", "--json"]).exits(0);
        assert_eq!(list(&self.keep("event-history", "event history", history.stdout), "items").len(), 6);
        std::fs::write(home.join("old/data/memories/tide-clerk.json"), "{").unwrap();
        let ran = run(&home, &["import", "old", "--json", "--dry-run"]).exits(2);
        assert_eq!(list(&self.keep("import", "import of a cut file", ran.stdout.clone()), "problems").len(), 2);
        let place = self.error("import of a cut file", "bad-deployment", &ran);
        assert!(place["file"].is_string() && place["line"] == 1, "{place}");
        let said = r#"{"post": {"id": "1985500000000000102"}}"#;
        let ran = run(&home, &["event", "send", "mention", "--payload", said, "--json"]).exits(3);
        self.error("a mention that was seen to", "already-seen", &ran);
    }

    /// Grants, written and taken back; what a later run needs is granted in the end.
    fn granted(&mut self) {
        let pack = "standard-personality";
        self.run("grants", 0, &["grants", "show"]);
        let shown = self.run("grant", 0, &["grants", "show", pack]);
        assert!(shown["approved_digest"].is_null() && shown["unchanged"] == true);
        let digest = shown["digest"].as_str().unwrap().to_owned();
        let approve = ["grants", "approve", pack, "--yes", "--digest", &digest];
        assert_eq!(self.run("grant", 0, &approve)["approved_digest"], digest);
        let terms = ["--mode", "dry-run", "--agent", "nobody", "--expires", "2099-01-31T00:00:00Z"];
        let set = self.run("grant", 0, &[&["grants", "set", pack, "llm.usd/day=0.25"], &terms[..]].concat());
        assert_eq!((&set["mode"], &set["expires_at"]), (&"dry-run".into(), &"2099-01-31T00:00:00.000Z".into()));
        let revoked = self.run("grant", 0, &["grants", "revoke", pack, "memory"]);
        assert!(list(&revoked, "widened").len() >= 2, "{revoked}");
        self.run("shared-grants", 0, &["grants", "set", "@harbour_watch", "tweet.posts/hour=3"]);
        let shared = self.run("shared-grants", 0, &["grants", "set", "host", "llm.usd/day=7"]);
        assert_eq!(
            (&shared["accounts"]["harbour_watch"][0]["limit"], &shared["host"][0]["limit"]),
            (&3.into(), &7_000_000.into())
        );
        self.run("grants", 0, &["grants", "show"]);
        std::fs::remove_file(self.folder.join("grants.toml")).unwrap();
    }

    /// Effects that wait for the operator, and a stop.
    fn held(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(approvals::hold(&self.folder.join(".puppet"), &approvals::three()));
        let waiting = self.run("approvals", 0, &["approvals", "list"]);
        assert_eq!(list(&waiting, "items").len(), 3);
        for args in [["approvals", "list"], ["approvals", "approve"]] {
            let none = ["--agent", "generator:news"];
            let all: &[&str] = if args[1] == "list" { &[] } else { &["--all"] };
            let schema = if args[1] == "list" { "approvals" } else { "approval" };
            let nothing = self.run(schema, 0, &[&args[..], all, &none].concat());
            assert!(list(&nothing, "items").is_empty());
        }
        self.run("approval", 0, &["approvals", "reject", "eff_a", "--reason", "no"]);
        self.run("halt", 0, &["halt", "--reason", "a look at it"]);
        let paused = self.run("agent-pause", 0, &["agent", "pause", "harbour-watch", "--reason", "tea"]);
        assert_eq!((&paused["paused"]["by"], &paused["paused"]["reason"]), (&json!("cli"), &json!("tea")));
        assert_eq!(self.run("agent-pause", 0, &["agent", "pause", "harbour-watch"]), paused, "it stays as it was");
        self.run("agent-pause", 0, &["agent", "resume", "harbour-watch"]);
        let nobody = run(&self.folder, &["agent", "pause", "nobody", "--json"]).exits(2);
        self.error("an agent that is not there", "unknown-agent", &nobody);
        self.run("approval", 0, &["approvals", "approve", "--all"]);
        self.run("outbox", 0, &["outbox", "list", "--limit", "2"]);
        self.run("outbox", 0, &["outbox", "list", "--state", "rejected"]);
        runtime.block_on(approvals::hold(&self.folder.join(".puppet"), &outbox::one_of_each()));
        for id in ["eff_b", "eff_failed", "eff_lost", "eff_asked"] {
            self.run("effect", 0, &["outbox", "show", id]);
        }
        assert_eq!(self.run("effect", 0, &["outbox", "retry", "eff_lost", "--sure"])["state"], "waiting");
        let asked = run(&self.folder, &["outbox", "retry", "eff_asked", "--json"]).exits(3);
        self.error("an effect whose provider is asked", "not-yet", &asked);
        assert_eq!(self.run("effect", 0, &["outbox", "drop", "eff_asked", "--reason", "no"])["state"], "failed");
        let unknown = run(&self.folder, &["approvals", "approve", "eff_none", "--json"]).exits(2);
        self.error("an effect that is not there", "unknown-effect", &unknown);
        let spoken = run(&self.folder, &["approvals", "approve", "eff_a", "--json"]).exits(3);
        self.error("an effect that was rejected", "not-waiting", &spoken);
        self.run("halt", 0, &["resume"]);
    }

    /// Virtual time: the report is printed as it is written; what the operator forbids is counted.
    fn simulated(&mut self) {
        let few = granted("tweet", "\"replies/hour\" = 0, \"likes/hour\" = 0");
        std::fs::write(self.folder.join("few.toml"), few).unwrap();
        let agents = agents();
        let simulate = ["simulate", "--agents", agents.to_str().unwrap(), "--out", "out", "--days", "2"];
        let printed = self.run("simulate", 0, &[&simulate[..], &["--grants", "few.toml"]].concat());
        let out = self.folder.join("out");
        assert_eq!(printed, self.file("simulate", &out.join("report.json")));
        let denied = printed["totals"]["denied"]["tweet"].as_u64().unwrap();
        assert!(denied > 0 && printed["totals"]["decisions"]["reply"].is_null(), "{denied} calls were refused");
        self.file("build", &out.join("build.json"));
        let journal = self.run("journal", 0, &["journal", "--data", "out/data", "--limit", "40"]);
        let newest = list(&journal, "items").first().unwrap();
        assert!(newest["timing_us"].is_null() && journal["next"].is_string());
        let decided = list(&journal, "items").iter().find(|item| !list(item, "decisions").is_empty()).unwrap();
        self.run("invocation", 0, &["journal", "show", decided["id"].as_str().unwrap(), "--data", "out/data"]);
        self.run("journal", 0, &["journal", "--data", "out/data", "--text", "nobody says this"]);
        self.forgotten(decided["id"].as_str().unwrap());
        self.differing();
        self.replayed();
        self.run("agent-show", 0, &["agent", "show", "orbit-desk", "--data", "out/data"]);
        self.run("budgets", 0, &["budgets", "--data", "out/data"]);
        self.run("store-copy", 0, &["store", "copy", "--from", "sqlite:out/data", "--to", "sqlite:out-copied"]);
        self.recovered();
        self.pruned();
        let plugins = self.run("plugins", 0, &["plugins", "--data", "out/data"]);
        assert!(list(&plugins, "items").iter().all(|item| item["invocations"].as_u64().unwrap() > 0));
    }

    /// Two versions on what was recorded, of which one record was forgotten.
    fn differing(&mut self) {
        let name = "standard-personality";
        let differ = ["diff-behaviour", name, name, "--last", "10000", "--data", "out/data"];
        let same = self.run("diff-behaviour", 0, &differ);
        assert_eq!((&same["changed"], list(&same, "left_out").len()), (&0.into(), 1));
        std::fs::write(self.folder.join("mute.wasm"), guest::component(&[], guest::End::Trap)).unwrap();
        let differ = run(&self.folder, &["diff-behaviour", name, "mute.wasm", "--data", "out/data", "--json"]).exits(1);
        self.error("two versions", "behaviour-differs", &differ);
        let told = self.keep("diff-behaviour", "the same versions", differ.stdout);
        assert_eq!((&told["new"]["traps"], &told["items"][0]["new"]["breach"]), (&told["replayed"], &"trap".into()));
    }

    /// Records run again, of which one was forgotten; a case; and a build that does something else.
    fn replayed(&mut self) {
        let all = ["replay", "--since", "2026-01-01T00:00:00Z", "--data", "out/data"];
        let told = self.run("replay", 0, &all);
        assert_eq!((&told["diverged"], &told["unreplayable"]), (&0.into(), &1.into()));
        let same = |item: &&Value| item["same"] == true && item["plugin"]["id"] == "standard-personality";
        let id = list(&told, "items").iter().find(same).unwrap()["id"].as_str().unwrap().to_owned();
        let case = self.run("case", 0, &["replay", &id, "--export", "case.json", "--data", "out/data"]);
        assert_eq!(self.file("case", &self.folder.join("case.json")), case);
        let generated = |item: &&Value| item["agent"] == "generator:news";
        let news = list(&told, "items").iter().find(generated).unwrap()["id"].as_str().unwrap().to_owned();
        self.run("case", 0, &["replay", &news, "--export", "news.json", "--data", "out/data"]);
        self.run("replay", 0, &["replay", "news.json"]);
        let differ = run(&self.folder, &["replay", "case.json", "--with", "mute.wasm", "--json"]).exits(1);
        self.error("a record on another build", "diverged", &differ);
        self.keep("replay", "the same record", differ.stdout);
        std::fs::write(self.folder.join("no.json"), "{}").unwrap();
        let wrong = run(&self.folder, &["replay", "no.json", "--json"]).exits(2);
        self.error("a file that is no case", "case", &wrong);
    }

    /// A record that is forgotten, and an event that cannot be, since it waits.
    fn forgotten(&mut self, id: &str) {
        let forget = ["journal", "forget", "--data", "out/data"];
        let told = self.run("forget", 0, &[&forget[..], &[id, "--yes"]].concat());
        assert_eq!(list(&told, "forgotten"), &[Value::from(id)]);
        let record = self.run("invocation", 0, &["journal", "show", id, "--data", "out/data"]);
        assert!(record["unreplayable"].is_string());
        std::fs::write(self.folder.join("forgotten.json"), record.to_string()).unwrap();
        let again = run(&self.folder, &["invoke", "x.wasm", "--answers", "forgotten.json", "--json"]).exits(3);
        self.error("a record that was forgotten", "unreplayable", &again);
        let nobody = run(&self.folder, &[&forget[..], &[id, "--json"]].concat()).exits(3);
        self.error("nobody to ask", "not-confirmed", &nobody);
        let payload = "{\"topic\": \"an unheard-of thing\"}";
        let sent = ["event", "send", "news", "--payload", payload, "--agent", "orbit-desk", "--data", "out/data"];
        self.run("event-send", 0, &sent);
        let waits = run(&self.folder, &[&forget[..], &["--text", "unheard-of", "--yes", "--json"]].concat()).exits(3);
        self.error("an event that waits", "not-ended", &waits);
        assert_eq!(list(&self.keep("forget", "the same event", waits.stdout), "refused").len(), 1);
    }

    /// What would go of more records than stay in any case, if nearly nothing were kept.
    fn pruned(&mut self) {
        let db = rusqlite::Connection::open(self.folder.join("out-copied/puppet.db")).unwrap();
        db.execute_batch("CREATE TEMP TABLE one AS SELECT * FROM journal LIMIT 1").unwrap();
        for n in 0..100 {
            let more = format!("UPDATE one SET seq = NULL, id = 'more_{n}'; INSERT INTO journal SELECT * FROM one");
            db.execute_batch(&more).unwrap();
        }
        std::fs::write(self.folder.join("small.toml"), "[journal]\nkeep_bytes = 1\n").unwrap();
        let prune = ["journal", "prune", "--dry-run", "--config", "small.toml", "--data", "out-copied"];
        assert!(!list(&self.run("prune", 0, &prune), "agents").is_empty());
    }

    /// The emulators, for a moment: with everything, and without one of them.
    fn emulated(&mut self) {
        self.run("emulate", 0, &["emulate", "--for", "1ms"]);
        assert!(self.run("emulate", 0, &["emulate", "--llm", "--for", "1ms"])["x"].is_null());
        // Somebody signs in to X, and out.
        let place = sign_in::Place::new(self.folder.join("signs-in"));
        let status = |seen: &mut Self| {
            let ran = place.run(&["x", "status", "--json"]).exits(0);
            seen.keep("x-accounts", "x status", ran.stdout)
        };
        assert_eq!(status(self)["items"][0]["state"], "signed-out");
        let nobody = place.run(&["x", "logout", "ada", "--json"]).exits(2);
        self.error("nobody signed in", "sign-in", &nobody);
        let login = place.login(&["--json"], Some("ada")).exits(0);
        assert!(self.keep("x-login", "x login", login.stdout)["host"].is_null());
        assert_eq!(status(self)["items"][0]["state"], "ready");
        self.keep("x-logout", "x logout", place.run(&["x", "logout", "ada", "--json"]).exits(0).stdout);
        let capped = "[tweet]\nprovider = \"x\"\n[tweet.x.accounts.ada]\ntoken_env = \"KEY\"\n[tweet.x.plan]\nusd_per_day = \"1\"\nreads_per_month = 5\n";
        std::fs::write(self.folder.join("signs-in/puppet.toml"), capped).unwrap();
        let file = support::fixtures().join("agents/harbour-watch.json");
        place.run(&["agent", "import", file.to_str().unwrap()]).exits(0);
        let budgets = self.keep("budgets", "budgets", place.run(&["budgets", "--json"]).exits(0).stdout);
        assert_eq!(list(&budgets, "caps").len(), 2, "{budgets}");
    }

    /// One event: answered, refused what it does not request, and stopped by a limit.
    fn invoked(&mut self) {
        let plugin = puppet::firstparty::plugins()
            .into_iter()
            .find(|plugin| plugin.manifest.id.as_str() == "standard-personality");
        let pack = self.folder.join("quiet");
        std::fs::create_dir(&pack).unwrap();
        std::fs::write(pack.join("quiet.wasm"), plugin.unwrap().component).unwrap();
        let manifest = "id = \"quiet\"\nversion = \"0.1.0\"\nname = \"Quiet\"\ndescription = \"May not speak.\"\n\
                        component = \"quiet.wasm\"\n[requests.llm]\nreason = \"It thinks.\"\n\
                        [requests.memory]\nreason = \"It remembers.\"\n[requests.schedule]\nreason = \"It waits.\"\n\
                        [requests.state]\nreason = \"It knows when it spoke.\"\n\
                        [requests.tweet]\noperations = [\"like\"]\nreason = \"It likes, and no more.\"\n";
        std::fs::write(pack.join("pack.toml"), manifest).unwrap();
        let event = json!({"kind": "command_post", "payload": {"topic": "rain", "force": true}}).to_string();
        let invoke = |target: &'static str, event: &str| ["invoke", target, "--event", event].map(str::to_owned);
        let done = invoke("quiet/quiet.wasm", &event);
        let done = self.run("invoke", 0, &done.each_ref().map(String::as_str));
        assert!(list(&done, "denied").is_empty() && done["outcome"] == "ok");
        let denied = invoke("quiet", &event);
        let denied = self.run("invoke", 0, &denied.each_ref().map(String::as_str));
        assert!(list(&denied, "denied").iter().any(|call| call["capability"] == "tweet"), "{denied}");
        std::fs::write(self.folder.join("short.toml"), "[invocation]\ndecisions = 1\n").unwrap();
        let args = ["invoke", "quiet/quiet.wasm", "--event", &event, "--config", "short.toml"];
        let stopped = self.run("invoke", 1, &args);
        assert_eq!(stopped["breach"], "too-many-decisions");
        let preview = self.run("preview", 0, &["preview", "quiet", "--days", "1"]);
        assert!(preview["denied"]["tweet"].as_u64().unwrap() > 0, "{preview}");
        let stopped = self.run("preview", 0, &["preview", "quiet", "--days", "1", "--config", "short.toml"]);
        assert_eq!(list(&stopped, "breaches")[0]["breach"], "too-many-decisions");
    }

    /// A pack that is begun, and one that is built by a command of its own.
    fn authored(&mut self) {
        self.run("new", 0, &["new", "begun", "--kind", "personality", "--lang", "rust"]);
        let pack = self.folder.join("quiet");
        let manifest = std::fs::read_to_string(pack.join("pack.toml")).unwrap();
        let build = "[build]\nlang = \"rust\"\nkind = \"personality\"\ncommand = [\"true\"]\n[requests.llm]";
        std::fs::write(pack.join("pack.toml"), manifest.replacen("[requests.llm]", build, 1)).unwrap();
        self.run("built", 0, &["build", "quiet"]);
        let none = run(&self.folder, &["test", "quiet", "--json"]).exits(2);
        self.error("no scenario", "scenario", &none);
        std::fs::create_dir(pack.join("tests")).unwrap();
        let scenario = "schema = \"puppet.scenario/1\"\n[[step]]\nevent = { kind = \"agent_started\" }\n";
        std::fs::write(pack.join("tests/starts.toml"), scenario).unwrap();
        self.run("test", 0, &["test", "quiet"]);
        self.run("check", 0, &["check", "quiet"]);
        std::fs::write(pack.join("tests/starts.toml"), format!("{scenario}outcome = \"failed\"\n")).unwrap();
        let failed = run(&self.folder, &["test", "quiet", "--json"]).exits(1);
        self.error("a scenario that fails", "tests-failed", &failed);
        self.keep("test", "a scenario that fails", failed.stdout);
        let wrong = run(&self.folder, &["check", "quiet", "--json"]).exits(1);
        self.error("a pack with a fault", "check-failed", &wrong);
        self.keep("check", "a pack with a fault", wrong.stdout);
        std::fs::remove_dir_all(pack.join("tests")).unwrap();
        std::fs::remove_dir_all(pack.join(".puppet-sdk")).unwrap();
        std::fs::write(pack.join("pack.toml"), manifest).unwrap();
    }

    /// Packs as their author makes them.
    fn packed(&mut self) {
        let key = self.run("pack-key", 0, &["pack", "keygen", "ann.key", "--unencrypted"])["publisher"].clone();
        let manifest = self.folder.join("quiet/pack.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let more = format!(
            "publisher = {key}\nkinds = [\"personality\"]\nauthors = [\"Ann\"]\ncontract = \"^0.1\"\n\
             links = {{ homepage = \"https://example.org\" }}\nrequires = {{ news = \"^0.1\" }}\n[requests.llm]"
        );
        std::fs::write(&manifest, text.replacen("[requests.llm]", &more, 1)).unwrap();
        std::fs::write(self.folder.join("quiet/notes.txt"), "not of the pack").unwrap();
        self.run("pack-inspect", 0, &["pack", "inspect", "quiet"]);
        self.run("pack-build", 0, &["pack", "build", "quiet", "-o", "quiet.puppet"]);
        std::fs::write(self.folder.join("quiet/README.md"), "Quiet.\n").unwrap();
        self.run("pack-build", 0, &["pack", "build", "quiet", "-o", "signed.puppet"]);
        self.run("pack-sign", 0, &["pack", "sign", "signed.puppet", "--key", "ann.key"]);
        self.run("pack-inspect", 0, &["pack", "inspect", "signed.puppet"]);
        let differ = run(&self.folder, &["pack", "diff", "quiet.puppet", "signed.puppet", "--json"]).exits(1);
        self.error("two packs", "packs-differ", &differ);
        self.keep("pack-diff", "the same packs", differ.stdout);
        self.run("pack-diff", 0, &["pack", "diff", "signed.puppet", "signed.puppet"]);
        self.run("packs", 0, &["packs"]);
        let unsigned = run(&self.folder, &["install", "quiet.puppet", "--json"]).exits(3);
        self.error("an unsigned pack", "unsigned", &unsigned);
        assert_eq!(self.keep("install", "the same pack", unsigned.stdout)["status"], "refused");
        let waits = run(&self.folder, &["install", "signed.puppet", "--json"]).exits(3);
        self.error("a pack that waits", "asks-for-more", &waits);
        self.keep("install", "a pack that waits", waits.stdout);
        let shown = self.run("grant", 0, &["grants", "show", "quiet"]);
        self.run("grants", 0, &["grants", "show"]);
        let digest = shown["digest"].as_str().unwrap();
        let approved = self.run("grant", 0, &["grants", "approve", "quiet", "--yes", "--digest", digest]);
        assert_eq!(approved["unchanged"], true, "{approved}");
        assert_eq!(self.run("install", 0, &["install", "signed.puppet"])["state"], "current");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replace("version = \"0.1.0\"", "version = \"0.2.0\"")).unwrap();
        self.run("pack-build", 0, &["pack", "build", "quiet", "-o", "later.puppet"]);
        self.run("pack-sign", 0, &["pack", "sign", "later.puppet", "--key", "ann.key"]);
        assert_eq!(self.run("install", 0, &["upgrade", "later.puppet"])["state"], "next");
        self.run("rollback", 0, &["rollback", "quiet", "0.2.0"]);
        self.run("packs", 0, &["packs"]);
        self.run("remove", 0, &["remove", "quiet"]);
        std::fs::remove_file(self.folder.join("grants.toml")).unwrap();
        std::fs::write(self.folder.join("cut.puppet"), b"MANIFEST").unwrap();
        let cut = run(&self.folder, &["pack", "inspect", "cut.puppet", "--json"]).exits(2);
        self.error("half an archive", "bad-archive", &cut);
    }

    /// A running host: answered, declined, followed, and a plugin that runs into a limit and is backed off.
    fn alive(&mut self) {
        let data = self.folder.join(".puppet");
        // One key asks for everything, as fast as it is answered.
        let file = self.folder.join("puppet.toml");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(!before.contains("[api]"), "{before}");
        let often = "[api]\nburst = 10000\nrate_per_minute = 100000\nrate_per_minute_per_address = 100000\n";
        std::fs::write(&file, format!("{before}\n{often}")).unwrap();
        let host = Running::start(&self.folder, &data, &[]);
        self.file("run", &data.join("run.json"));
        let news =
            ["event", "send", "news", "--payload", "{\"topic\": \"rain\"}", "--agent", "harbour-watch", "--wait"];
        assert_eq!(self.run("event-send", 0, &news)["outcome"], "ok");
        let post =
            ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
        self.run("event-send", 0, &post);
        let again = ["event", "send", "command_post", "--agent", "harbour-watch", "--wait"];
        assert_eq!(self.run("event-send", 0, &again)["outcome"], "declined");
        let mention = ["event", "send", "mention", "--payload", "{\"text\": \"hello\"}", "--agent", "orbit-desk"];
        self.run("event-send", 0, &mention);
        let own = "{\"text\": \"hello\", \"author\": \"orbit_desk\"}";
        let own = ["event", "send", "mention", "--payload", own, "--agent", "orbit-desk", "--json"];
        let alone = run(&self.folder, &own).exits(2);
        self.error("a mention of oneself", "bad-value", &alone);
        self.run("agent-show", 0, &["agent", "show", "harbour-watch"]);
        self.run("budgets", 0, &["budgets"]);
        self.run("plugins", 0, &["plugins"]);
        self.run("doctor", 0, &["doctor"]);
        let declined = self.run("journal", 0, &["journal", "--outcome", "declined"]);
        let id = list(&declined, "items").first().unwrap()["id"].as_str().unwrap().to_owned();
        assert!(self.run("invocation", 0, &["journal", "show", &id])["timing_us"].is_object());
        self.followed();
        self.served();
        let locked = run(&self.folder, &["run", "--for", "1s", "--json"]).exits(4);
        self.error("a second host", "data-locked", &locked);
        assert_eq!(host.stop(), 0);

        std::fs::create_dir(self.folder.join("strict")).unwrap();
        std::fs::write(self.folder.join("strict/puppet.toml"), "[invocation]\ndecisions = 1\n").unwrap();
        let _host = Running::start(&self.folder, &data, &["--config", "strict/puppet.toml"]);
        let ran = run(&self.folder, &[&news[..], &["--json"]].concat()).exits(1);
        self.error("an event that ends as a breach", "event-failed", &ran);
        assert_eq!(self.keep("event-send", "the same event", ran.stdout)["outcome"], "breach");
        let plugins = self.run("plugins", 0, &["plugins"]);
        let one = list(&plugins, "items").iter().find(|item| item["pack"] == "standard-personality").unwrap();
        assert_eq!((&one["state"], &one["last_breach"]), (&"backed-off".into(), &"too-many-decisions".into()));
        assert!(one["backoff_until"].is_string() && one["strikes"].as_u64().unwrap() > 0, "{one}");
        let breached = self.run("journal", 0, &["journal", "--outcome", "breach"]);
        let dead = self.run("dead-letters", 0, &["journal", "dead"]);
        assert!(!list(&dead, "items").is_empty());
        let id = list(&breached, "items").first().unwrap()["id"].as_str().unwrap().to_owned();
        self.run("invocation", 0, &["journal", "show", &id]);
        let released = self.run("release", 0, &["plugins", "release", "standard-personality"]);
        assert_eq!(released["was"], "backed-off");
    }

    /// `journal -f`: one object per line. It tells what comes after it started, so events are sent until it does.
    fn followed(&mut self) {
        let child = puppet(&self.folder).args(["journal", "-f", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut follower = Follower(child);
        let lines = BufReader::new(follower.0.stdout.take().unwrap());
        let (tell, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(lines.lines().next()));
        let args = ["event", "send", "news", "--payload", "{\"topic\": \"fog\"}", "--agent", "zero-hour", "--wait"];
        let line = (0..200).find_map(|_| {
            run(&self.folder, &args).exits(0);
            heard.try_recv().ok()
        });
        let line = line.expect("an event that was followed").expect("a line").unwrap();
        self.keep("invocation", "a line of journal -f", line + "\n");
    }
}

/// Ends when it is dropped.
struct Follower(Child);

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn agents() -> std::path::PathBuf {
    support::fixtures().join("agents")
}
