//! A strategy that somebody else made: installed, tried over candles by its name, upgraded, brought back and removed, with
//! a host and without one. No agent runs it, and nobody's events go to it.

mod desks;

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{
    hostile::bare::strategy::Strategist,
    support::{self, Ran, Running, list, run},
};

/// An operator's folder, with candles and packs of a strategy in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.run(&["market", "synth", "--out", "SOL-USDC.csv", "--bars", "300", "--seed", "7"]).exits(0);
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Ran {
        run(self.path(), args)
    }

    /// The archive of a version; answers its name and the digest of its component.
    fn version(&self, version: &str, component: &[u8]) -> (String, String) {
        self.folder("trend", version, component, "kinds = [\"trading-strategy\"]\n");
        let archive = format!("trend-{version}.puppet");
        self.run(&["pack", "build", "trend", "-o", &archive]).exits(0);
        (archive, puppet_types::Digest::of(component).to_string())
    }

    fn folder(&self, folder: &str, version: &str, component: &[u8], more: &str) {
        let path = self.path().join(folder);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("trend.wasm"), component).unwrap();
        let text = format!("id = \"trend\"\nversion = \"{version}\"\ncomponent = \"trend.wasm\"\n{more}");
        fs::write(path.join("pack.toml"), text).unwrap();
    }

    fn brings(&self, command: &str, archive: &str) -> Ran {
        self.run(&[command, archive, "--allow-unsigned", "--json"])
    }

    /// The versions of the pack, with their states.
    fn packs(&self) -> Vec<(String, String)> {
        let packs = self.run(&["packs", "--json"]).exits(0).json();
        let of = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        let of_it = list(&packs, "items").iter().filter(|item| item["pack"] == "trend");
        of_it.map(|item| (of(item, "version"), of(item, "state"))).collect()
    }

    /// What `puppet plugins` says of a version.
    fn plugin(&self, version: &str) -> Option<Value> {
        let plugins = self.run(&["plugins", "--json"]).exits(0).json();
        list(&plugins, "items").iter().find(|item| item["pack"] == "trend" && item["version"] == version).cloned()
    }

    fn backtest(&self, strategy: &str) -> Ran {
        self.run(&["backtest", strategy, "--data", "SOL-USDC.csv", "--json"])
    }

    /// Which version a run by the pack's name is of.
    fn runs(&self) -> (String, String) {
        let ran = self.backtest("trend").exits(0);
        let strategy = &ran.json()["strategy"];
        assert!(ran.stderr.contains("as it is installed, sha256:"), "{}", ran.stderr);
        let of = |key: &str| strategy[key].as_str().unwrap().to_owned();
        assert_eq!(of("pack"), "trend");
        (of("version"), of("digest"))
    }
}

fn said(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(version, state)| ((*version).to_owned(), (*state).to_owned())).collect()
}

fn first() -> Vec<u8> {
    Strategist::default().bytes()
}

/// Another component that does the same.
fn second() -> Vec<u8> {
    Strategist { pages: 2, ..Strategist::default() }.bytes()
}

/// One that traps when it is asked what it is.
fn mute() -> Vec<u8> {
    Strategist { bodies: &[("describe", "unreachable")], ..Strategist::default() }.bytes()
}

#[test]
fn a_strategy_is_installed_tried_by_its_name_upgraded_brought_back_and_removed() {
    let place = Place::new();
    let (one, one_digest) = place.version("1.0.0", &first());
    let unknown = place.backtest("trendy").exits(2);
    assert!(unknown.stderr.contains("unknown-strategy"), "{}", unknown.stderr);
    let told = place.brings("install", &one).exits(0).json();
    assert_eq!((&told["status"], &told["state"]), (&"installed".into(), &"current".into()), "{told}");
    assert_eq!(place.packs(), said(&[("1.0.0", "current")]));
    let plugin = place.plugin("1.0.0").unwrap();
    let stands = (&plugin["world"], &plugin["state"], &plugin["share"], &plugin["digest"]);
    assert_eq!(stands, (&"trading-strategy".into(), &"installed".into(), &0.into(), &one_digest.as_str().into()));
    assert_eq!((list(&plugin, "agents").len(), &plugin["reason"]), (0, &Value::Null));
    // The installed one, and not the folder of its name that lies here.
    assert_eq!(place.runs(), ("1.0.0".to_owned(), one_digest.clone()));

    // It traps when it is asked what it is: nothing of it is kept, and what was there stays.
    let (mutes, _) = place.version("1.1.0", &mute());
    let refused = place.brings("upgrade", &mutes).exits(2);
    let error: Value = serde_json::from_str(refused.stderr.trim()).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert_eq!(error["error"]["code"], "strategy", "{error}");
    assert!(message.contains("`trend`") && message.contains("does not say what it is"), "{message}");
    assert!(error["error"]["remedy"].as_str().unwrap().contains("docs/trading/strategies.md"), "{error}");
    assert_eq!(place.packs(), said(&[("1.0.0", "current")]));

    // Nobody is served by it, so that without a host it is the version at once.
    let (two, two_digest) = place.version("1.2.0", &second());
    let differs = place.run(&["pack", "diff", &one, &two]).stdout;
    assert!(differs.contains("trend.wasm"), "{differs}");
    let inspected = place.run(&["pack", "inspect", &two, "--json"]).exits(0).stdout;
    assert!(inspected.contains("trading-strategy") && inspected.contains(&two_digest), "{inspected}");
    let told = place.brings("upgrade", &two).exits(0).json();
    assert_eq!((&told["state"], &told["diff"]["from"]), (&"current".into(), &"1.0.0".into()), "{told}");
    assert_eq!(place.packs(), said(&[("1.0.0", "kept"), ("1.2.0", "current")]));
    assert_eq!(place.runs(), ("1.2.0".to_owned(), two_digest));

    place.run(&["rollback", "trend"]).exits(0);
    assert_eq!(place.packs(), said(&[("1.0.0", "current"), ("1.2.0", "rolled-back")]));
    assert_eq!(place.runs(), ("1.0.0".to_owned(), one_digest));
    assert!(place.run(&["grants", "show", "trend"]).exits(0).stdout.contains("trend"));
    place.run(&["remove", "trend"]).exits(0);
    assert_eq!((place.packs(), place.plugin("1.0.0")), (said(&[]), None));
}

#[test]
fn an_installed_one_stands_before_the_programs_own_of_its_name_and_one_that_does_not_run_before_neither() {
    let place = Place::new();
    let own = place.backtest("dca").exits(0).json()["strategy"]["digest"].clone();
    place.folder("dca-pack", "9.0.0", &first(), "");
    let manifest = place.path().join("dca-pack/pack.toml");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace("\"trend\"", "\"dca\"")).unwrap();
    place.brings("install", "dca-pack").exits(0);
    let ran = place.backtest("dca").exits(0).json();
    assert_eq!(ran["strategy"]["version"], "9.0.0");
    place.run(&["remove", "dca"]).exits(0);
    assert_eq!(place.backtest("dca").exits(0).json()["strategy"]["digest"], own);

    // What agents run does not become a strategy.
    let text = fs::read_to_string(&manifest).unwrap().replace("\"dca\"", "\"standard-personality\"");
    fs::write(&manifest, text).unwrap();
    let told = place.brings("install", "dca-pack").exits(3).json();
    let reason = &told["reasons"][0];
    assert_eq!((&told["status"], &reason["code"]), (&"refused".into(), &"pack-in-use".into()), "{told}");
    assert!(reason["message"].as_str().unwrap().contains("of `trading-strategy`"), "{reason}");

    // And no other pack borrows a strategy.
    let (one, _) = place.version("1.0.0", &first());
    place.brings("install", &one).exits(0);
    fs::write(&manifest, "id = \"borrows\"\nversion = \"1.0.0\"\nplugin = \"trend\"\n").unwrap();
    fs::remove_file(place.path().join("dca-pack/trend.wasm")).unwrap();
    let refused = place.brings("install", "dca-pack").exits(2).stderr;
    assert!(refused.contains("`trend` is a trading strategy"), "{refused}");
}

#[test]
fn a_running_host_takes_a_new_version_up_and_runs_none_of_it() {
    let place = Place::new();
    let (one, one_digest) = place.version("1.0.0", &first());
    let (two, two_digest) = place.version("1.2.0", &second());
    place.brings("install", &one).exits(0);
    // In a folder of the operator's lies another one, which the host proves when it runs.
    place.folder("agents/own", "0.1.0", &mute(), "");
    let manifest = place.path().join("agents/own/pack.toml");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace("\"trend\"", "\"own\"")).unwrap();

    let host = Running::start(place.path(), &place.path().join(".puppet"), &[]);
    let stands = |version: &str, state: &str| {
        support::until(Duration::from_secs(120), &format!("{version} never is {state}"), || {
            place.plugin(version).is_some_and(|plugin| plugin["state"] == state)
        });
        place.plugin(version).unwrap()
    };
    assert_eq!(stands("1.0.0", "installed")["share"], 0);
    place.brings("upgrade", &two).exits(0);
    let plugin = stands("1.2.0", "settled");
    assert_eq!((&plugin["share"], &plugin["digest"]), (&0.into(), &two_digest.as_str().into()), "{plugin}");
    assert_eq!(place.packs(), said(&[("1.0.0", "kept"), ("1.2.0", "current")]));
    assert_eq!(place.runs(), ("1.2.0".to_owned(), two_digest.clone()));

    // Back and forth: the host follows.
    place.run(&["rollback", "trend"]).exits(0);
    stands("1.0.0", "settled");
    place.run(&["rollback", "trend", "1.2.0"]).exits(0);
    stands("1.2.0", "settled");
    place.run(&["rollback", "trend", "1.0.0"]).exits(0);
    stands("1.0.0", "settled");
    assert_eq!(place.runs(), ("1.0.0".to_owned(), one_digest));

    // What traps when it is asked does not come in by a folder either.
    let own = || {
        let packs = place.run(&["packs", "--json"]).exits(0).json();
        list(&packs, "items").iter().find(|item| item["pack"] == "own").cloned().unwrap()
    };
    support::until(Duration::from_secs(120), "it is never refused", || own()["state"] == "refused");
    assert!(own()["reason"].as_str().unwrap().contains("does not say what it is"), "{}", own());

    place.run(&["remove", "trend"]).exits(0);
    support::until(Duration::from_secs(120), "it is still told of", || place.plugin("1.0.0").is_none());
    let printed = host.printed();
    let steps: Vec<&str> = printed.lines().filter(|line| line.contains("trend 1.2.0")).collect();
    for (step, stage) in steps.iter().zip(["staged", "verified", "compiled", "settled"]) {
        assert!(step.contains(stage), "{steps:?}");
    }
    assert!(!printed.contains("trend 1.2.0 live") && steps.len() == 8, "twice it was taken up: {steps:?}");
}
