//! Packs installed, upgraded, brought back and removed, by command alone.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Desk;
use crate::support::{Running, list, puppet, run};

impl Desk {
    /// The versions of a pack that are installed, with their states.
    fn states(&self) -> Vec<(String, String)> {
        let packs = self.run(&["packs", "--json"]).exits(0).json();
        let of = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        list(&packs, "items").iter().map(|item| (of(item, "version"), of(item, "state"))).collect()
    }

    /// Installs a pack that waits, and grants it what it asks for.
    fn approved(&self, archive: &str, args: &[&str]) -> Value {
        let told = self.run(&[&["install", archive, "--json"], args].concat()).exits(3).json();
        assert_eq!(told["status"], "waiting");
        let id = told["pack"].as_str().unwrap();
        let shown = self.run(&["grants", "show", id, "--json"]).exits(0).json();
        let digest = shown["digest"].as_str().unwrap();
        self.run(&["grants", "approve", id, "--yes", "--digest", digest]).exits(0);
        told
    }

    fn refused(&self, args: &[&str], code: &str, said: &str) {
        let told = self.run(&[args, &["--json"]].concat()).exits(3);
        let reasons = told.json();
        assert_eq!((&reasons["status"], &reasons["reasons"][0]["code"]), (&"refused".into(), &code.into()), "{told:?}");
        let reason = &reasons["reasons"][0];
        assert!(reason["message"].as_str().unwrap().contains(said), "{reason}");
        assert!(!reason["remedy"].as_str().unwrap().is_empty(), "{reason}");
    }
}

fn said(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(version, state)| ((*version).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn a_pack_waits_for_the_operator_and_an_upgrade_that_asks_for_no_more_does_not() {
    let desk = Desk::new();
    let first = desk.built("lamp", "0.1.0", 4, "");
    desk.refused(&["install", &first], "unsigned", "nobody vouches for it");
    assert!(desk.states().is_empty());
    let waits = desk.run(&["install", &first, "--allow-unsigned"]).exits(3);
    assert!(waits.stdout.contains("may post up to 4 times an hour as @lamp"), "{}", waits.stdout);
    assert!(waits.stderr.contains("puppet grants approve lamp --yes --digest sha256:"), "{}", waits.stderr);
    assert_eq!(desk.states(), said(&[("0.1.0", "waiting")]));
    let early = desk.run(&["grants", "set", "lamp", "tweet.posts/hour=1"]).exits(3);
    assert!(early.stderr.contains("`lamp` was granted nothing so far"), "{}", early.stderr);
    let diff = desk.run(&["grants", "diff", "lamp"]).exits(3);
    assert!(diff.stdout.contains("tweet: asked for, not granted"), "{}", diff.stdout);
    let told = desk.approved(&first, &["--unsigned"]);
    assert_eq!(desk.states(), said(&[("0.1.0", "current")]));
    let shown = desk.run(&["grants", "show", "lamp", "--json"]).exits(0).json();
    assert!(shown["unchanged"] == true && told["diff"]["from"].is_null(), "{shown}");

    // What runs is not made to wait by another install of it; that it was granted less since is told.
    desk.run(&["grants", "set", "lamp", "tweet.posts/hour=1"]).exits(0);
    let told = desk.run(&["install", &first, "--unsigned", "--json"]).exits(3).json();
    assert_eq!((&told["status"], &told["state"]), (&"waiting".into(), &"current".into()));
    assert!(told["diff"]["widened"].to_string().contains("tweet.posts/hour: asks for 4, was granted 1"), "{told}");
    // Taken out and brought again it runs at once: of this very content the operator has said how much it may.
    desk.run(&["remove", "lamp"]).exits(0);
    let told = desk.run(&["install", &first, "--unsigned", "--json"]).exits(0).json();
    assert_eq!((&told["status"], &told["state"]), (&"installed".into(), &"current".into()));
    desk.run(&["grants", "set", "lamp", "tweet.posts/hour=4"]).exits(0);

    // No more, other words: it comes next, and the grant is bound to it. The operator's comments stay.
    let grants = desk.path().join("grants.toml");
    let text = fs::read_to_string(&grants).unwrap().replace("[packs.lamp]", "# My lamp.\n[packs.lamp]");
    fs::write(&grants, &text).unwrap();
    let second = desk.built_otherwise("lamp", "0.2.0", 3);
    let told = desk.run(&["upgrade", &second, "--allow-unsigned", "--json"]).exits(0).json();
    assert_eq!(
        (&told["status"], &told["state"], &told["diff"]["from"]),
        (&"installed".into(), &"next".into(), &"0.1.0".into())
    );
    assert_eq!(desk.states(), said(&[("0.1.0", "current"), ("0.2.0", "next")]));
    let bound = fs::read_to_string(&grants).unwrap();
    let component =
        desk.run(&["packs", "--json"]).exits(0).json()["items"][1]["component"].as_str().unwrap().to_owned();
    assert!(bound.contains("# My lamp.") && bound.contains(&format!("digest = \"{component}\"")), "{bound}");
    assert!(bound.contains("previous = [\"sha256:"), "{bound}");

    // More: it waits, and what runs goes on.
    let third = desk.built("lamp", "0.3.0", 9, "");
    let told = desk.run(&["upgrade", &third, "--allow-unsigned", "--json"]).exits(3).json();
    assert_eq!((&told["status"], &told["reasons"][0]["code"]), (&"waiting".into(), &"asks-for-more".into()));
    assert_eq!(list(&told["diff"], "widened"), &["tweet.posts/hour: asks for 9, was granted 4"]);
    assert_eq!(desk.states(), said(&[("0.1.0", "current"), ("0.2.0", "refused"), ("0.3.0", "waiting")]));
    assert_eq!(fs::read_to_string(&grants).unwrap(), bound, "nothing is granted by itself");
    // The grant has ended: nothing comes in on it.
    desk.run(&["grants", "set", "lamp", "--expires", "2020-01-01T00:00:00Z"]).exits(0);
    let told =
        desk.run(&["upgrade", &desk.built("lamp", "0.4.0", 4, ""), "--allow-unsigned", "--json"]).exits(3).json();
    assert_eq!(list(&told["diff"], "widened"), &["its grant ended at 2020-01-01T00:00:00.000Z"]);
    let nothing = desk.run(&["upgrade", &desk.built("glow", "0.1.0", 1, ""), "--allow-unsigned"]).exits(2);
    assert!(nothing.stderr.contains("not-installed"), "{}", nothing.stderr);
}

#[test]
fn a_publisher_is_pinned_by_the_approval() {
    let desk = Desk::new();
    let (ann, bob) = (desk.keys("ann.key"), desk.keys("bob.key"));
    let signed = |version: &str, posts: u32, key: &str, file: &str| {
        let archive = desk.built("lamp", version, posts, &format!("publisher = \"{key}\"\n# {version}"));
        desk.run(&["pack", "sign", &archive, "--key", file]).exits(0);
        let name = format!("{version}-{file}.puppet");
        fs::rename(desk.path().join(archive), desk.path().join(&name)).unwrap();
        name
    };
    desk.approved(&signed("0.1.0", 4, &ann, "ann.key"), &[]);
    let text = fs::read_to_string(desk.path().join("grants.toml")).unwrap();
    assert!(text.contains(&format!("publisher = \"{ann}\"")), "{text}");
    desk.refused(&["upgrade", &signed("0.2.0", 4, &bob, "bob.key")], "other-publisher", &bob);
    let unsigned = desk.built("lamp", "0.2.0", 4, "");
    desk.refused(&["upgrade", &unsigned, "--allow-unsigned"], "other-publisher", "is not signed, and so far it was");
    let next = signed("0.2.0", 4, &ann, "ann.key");
    let told = desk.run(&["upgrade", &next, "--json"]).exits(0).json();
    assert_eq!((&told["status"], &told["state"]), (&"installed".into(), &"next".into()));
    let packs = desk.run(&["packs", "--json"]).exits(0).json();
    assert!(list(&packs, "items").iter().all(|item| item["signer"] == ann.as_str()), "{packs}");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_left_behind() {
    let desk = Desk::new();
    let args = |archive: &str| ["install".to_owned(), archive.to_owned(), "--allow-unsigned".to_owned()];
    let refused = |archive: &str, code: &str, said: &str| {
        desk.refused(&args(archive).each_ref().map(String::as_str), code, said);
    };
    let install = |archive: &str| desk.run(&args(archive).each_ref().map(String::as_str));
    let lamp = desk.built("lamp", "0.2.0", 4, "");
    desk.approved(&lamp, &["--allow-unsigned"]);
    desk.write("lamp/CHANGELOG.md", "other");
    refused(&desk.built("lamp", "0.2.0", 3, ""), "same-version", "is installed already, with other content");
    refused(&desk.built("lamp", "0.1.0", 4, ""), "downgrade", "0.1.0 is older than the 0.2.0 that runs");
    refused(&desk.built("glow", "0.1.0", 4, "requires = { shade = \"^1\" }"), "missing-pack", "needs `shade` ^1");
    refused(&desk.built("glow", "0.1.0", 4, "requires = { lamp = \"^1\" }"), "pack-conflict", "and 0.2.0 is installed");
    refused(&desk.built("glow", "0.1.0", 4, "requires = { news = \"^7\" }"), "pack-conflict", "needs `news` ^7");
    let before = fs::read_to_string(desk.path().join(".puppet/puppet.lock")).unwrap();
    desk.write("torn.puppet", &fs::read(desk.path().join(&lamp)).unwrap()[..2_000]);
    assert!(install("torn.puppet").exits(2).stderr.contains("bad-archive"));
    // Settings that the plugin does not declare, or of another type.
    desk.write("words/pack.toml", "id = \"words\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\n[settings]\nthread_probability = \"often\"\n");
    assert!(install("words").exits(2).stderr.contains("settings.thread_probability"));
    assert_eq!(fs::read_to_string(desk.path().join(".puppet/puppet.lock")).unwrap(), before);
    assert_eq!(fs::read_dir(desk.path().join(".puppet/packs/.staging")).unwrap().count(), 0);
    desk.run(&["install", &desk.built("lamp", "0.1.0", 4, ""), "--allow-unsigned", "--force-downgrade"]).exits(0);
    assert_eq!(desk.states(), said(&[("0.1.0", "next"), ("0.2.0", "current")]));
}

#[test]
fn packs_that_need_each_other() {
    let desk = Desk::new();
    let lamp = desk.built("lamp", "0.1.0", 4, "");
    desk.approved(&lamp, &["--allow-unsigned"]);
    desk.approved(&desk.built("glow", "1.0.0", 4, "requires = { lamp = \"^0.1\" }"), &["--allow-unsigned"]);
    let circle = desk.built("lamp", "0.1.1", 4, "requires = { glow = \"*\" }");
    desk.refused(&["upgrade", &circle, "--allow-unsigned"], "pack-cycle", "`lamp` needs `glow` needs `lamp`");
    let newer = desk.built("lamp", "0.2.0", 4, "");
    desk.refused(&["upgrade", &newer, "--allow-unsigned"], "pack-conflict", "`glow` 1.0.0 needs `lamp` ^0.1");
    let needed = desk.run(&["remove", "lamp"]).exits(3);
    assert!(needed.stderr.contains("error[pack-needed]: `glow` 1.0.0 needs `lamp` ^0.1"), "{}", needed.stderr);
    desk.run(&["remove", "glow"]).exits(0);
    // Nor does a version come back that somebody cannot do with.
    desk.run(&["upgrade", &newer, "--allow-unsigned"]).exits(0);
    desk.run(&["rollback", "lamp", "0.2.0"]).exits(0);
    desk.approved(&desk.built("shade", "1.0.0", 4, "requires = { lamp = \"^0.2\" }"), &["--allow-unsigned"]);
    let needed = desk.run(&["rollback", "lamp", "0.1.0"]).exits(3);
    assert!(needed.stderr.contains("error[pack-conflict]: `shade` 1.0.0 needs `lamp` ^0.2"), "{}", needed.stderr);
    desk.run(&["remove", "shade"]).exits(0);
    desk.run(&["remove", "lamp"]).exits(0);
    assert!(desk.states().is_empty());
    let gone = desk.run(&["remove", "lamp"]).exits(2);
    assert!(gone.stderr.contains("`lamp` is not installed"), "{}", gone.stderr);
}

#[test]
fn nobody_takes_over_what_lives_from_the_operators_folder() {
    let desk = Desk::new();
    desk.run(&["init", "home"]).exits(0);
    let archive = desk.built("ember", "9.0.0", 1, "");
    let home = desk.path().join("home");
    let install = || run(&home, &["install", &format!("../{archive}"), "--allow-unsigned"]).exits(3).stderr;
    assert!(install().contains("error[pack-in-use]: `ember` lives from the folder `agents/ember`"), "{}", install());
    // Also once it lives here, and is bound to what was approved.
    run(&home, &["run", "--for", "1s"]).exits(0);
    let shown = run(&home, &["grants", "show", "ember", "--json"]).exits(0).json();
    let digest = shown["digest"].as_str().unwrap();
    run(&home, &["grants", "approve", "ember", "--yes", "--digest", digest]).exits(0);
    assert!(install().contains("error[pack-in-use]"), "{}", install());
    let stays = run(&home, &["remove", "ember"]).exits(3);
    assert!(stays.stderr.contains("error[pack-in-use]: `ember` is run by ember"), "{}", stays.stderr);
}

#[test]
fn an_earlier_version_comes_back_with_what_it_was_granted() {
    let desk = Desk::new();
    let first = desk.built("lamp", "0.1.0", 4, "");
    desk.approved(&first, &["--allow-unsigned"]);
    let none = desk.run(&["rollback", "lamp"]).exits(2);
    assert!(none.stderr.contains("no version of `lamp` that ran before"), "{}", none.stderr);
    let second = desk.built("lamp", "0.2.0", 3, "");
    desk.run(&["upgrade", &second, "--allow-unsigned"]).exits(0);
    // No host runs: named, the one that would come next takes its place at once.
    desk.run(&["rollback", "lamp", "0.2.0"]).exits(0);
    assert_eq!(desk.states(), said(&[("0.1.0", "rolled-back"), ("0.2.0", "current")]));
    let back = desk.run(&["rollback", "lamp", "0.1.0", "--json"]).exits(0).json();
    assert_eq!((&back["from"], &back["to"], &back["state"]), (&"0.2.0".into(), &"0.1.0".into(), &"current".into()));
    assert_eq!(desk.states(), said(&[("0.1.0", "current"), ("0.2.0", "rolled-back")]));
    let shown = desk.run(&["grants", "show", "lamp"]).exits(0);
    assert!(shown.stdout.contains("may post up to 4 times an hour"), "{}", shown.stdout);
    let checked = desk.run(&["doctor", "--json"]).exits(0).json();
    let of = |checks: &Value| {
        list(checks, "checks").iter().find(|check| check["name"] == "packs").unwrap()["status"].clone()
    };
    assert_eq!(of(&checked), "ok");
    // What was changed on the disk does not come back.
    let packs = desk.path().join(".puppet/packs/lamp");
    let mut folder = fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path());
    let folder = folder.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("0.2.0")).unwrap();
    fs::write(folder.join("README.md"), "changed").unwrap();
    let changed = desk.run(&["rollback", "lamp", "0.2.0"]).exits(4);
    assert!(changed.stderr.contains("error[pack-changed]"), "{}", changed.stderr);
    desk.run(&["remove", "lamp", "0.2.0"]).exits(0);
    assert_eq!(desk.states(), said(&[("0.1.0", "current")]));
    let folder = fs::read_dir(&packs).unwrap().next().unwrap().unwrap().path();
    fs::write(folder.join("more"), "x").unwrap();
    let checked = desk.run(&["doctor", "--json"]).exits(1).json();
    assert_eq!(of(&checked), "fail");
    // Another version takes the place of a damaged one, on the same grant; the same version anew mends it.
    desk.run(&["upgrade", &desk.built_otherwise("lamp", "0.3.0", 4), "--allow-unsigned"]).exits(0);
    desk.run(&["remove", "lamp", "0.3.0"]).exits(0);
    desk.run(&["install", &first, "--allow-unsigned"]).exits(0);
    assert_eq!(of(&desk.run(&["doctor", "--json"]).exits(0).json()), "ok");
    assert_eq!(desk.states(), said(&[("0.1.0", "current")]));
}

#[test]
fn what_is_kept_is_what_the_configuration_says() {
    let desk = Desk::new();
    desk.write("puppet.toml", "[packs]\nkeep = 1\n");
    desk.approved(&desk.built("lamp", "0.1.0", 4, ""), &["--allow-unsigned"]);
    for version in ["0.2.0", "0.3.0", "0.4.0"] {
        desk.run(&["upgrade", &desk.built("lamp", version, 4, ""), "--allow-unsigned"]).exits(0);
        desk.run(&["rollback", "lamp", version]).exits(0);
    }
    desk.run(&["upgrade", &desk.built("lamp", "0.5.0", 4, ""), "--allow-unsigned"]).exits(0);
    assert_eq!(desk.states(), said(&[("0.3.0", "rolled-back"), ("0.4.0", "current"), ("0.5.0", "next")]));
}

/// A host that runs is told, and goes on.
#[test]
fn a_running_host_takes_a_new_version() {
    let desk = Desk::new();
    desk.approved(&desk.built("lamp", "0.1.0", 4, ""), &["--allow-unsigned"]);
    let host = Running::start(desk.path(), &desk.path().join(".puppet"), &["--quiet"]);
    let told = desk.run(&["upgrade", &desk.built("lamp", "0.2.0", 4, ""), "--allow-unsigned"]).exits(0);
    assert!(told.stderr.is_empty(), "the host understood: {}", told.stderr);
    assert_eq!(host.stop(), 0);
}

/// Killed at any point of an install, what is installed is what was, or what was to be, and whole.
#[test]
fn an_install_that_is_killed_leaves_the_old_or_the_new() {
    let desk = Desk::new();
    let first = desk.built("lamp", "0.1.0", 4, "");
    desk.approved(&first, &["--allow-unsigned"]);
    // So long that a kill meets every stage: what is written is synchronised.
    for n in 0..60 {
        desk.write(&format!("lamp/assets/{n}.png"), vec![7; 20_000]);
    }
    let second = desk.built("lamp", "0.2.0", 4, "");
    let old = said(&[("0.1.0", "current")]);
    let new = said(&[("0.1.0", "current"), ("0.2.0", "next")]);
    let start = || {
        let mut command = puppet(desk.path());
        command.args(["install", &second, "--allow-unsigned"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    // How long one takes that nobody kills.
    let begun = Instant::now();
    assert!(start().wait().unwrap().success());
    let whole = begun.elapsed();
    assert_eq!(desk.states(), new);
    desk.run(&["remove", "lamp", "0.2.0"]).exits(0);
    let data = desk.path().join(".puppet");
    let (mut olds, mut news) = (0, 0);
    let mut chance = 0x2545_f491_u64;
    for round in 0..20_usize {
        let (lock, lamp) = (fs::metadata(data.join("puppet.lock")).unwrap().ino(), data.join("packs/lamp"));
        let mut child = start();
        if round % 2 == 0 {
            // Growing, and somewhere within each step.
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let part = (round as f64 + (chance >> 40) as f64 / f64::from(1 << 24)) / 18.0;
            std::thread::sleep(whole.mul_f64(part).min(Duration::from_secs(5)));
        } else {
            // The moment that it comes to a step.
            let has = |folder: &Path, n: usize| fs::read_dir(folder).is_ok_and(|entries| entries.count() >= n);
            let steps: [&dyn Fn() -> bool; 5] = [
                &|| has(&data.join("packs/.staging"), 1),
                &|| has(&lamp, 2),
                &|| data.join(".puppet.lock.new").exists(),
                &|| fs::metadata(data.join("puppet.lock")).is_ok_and(|now| now.ino() != lock),
                &|| fs::metadata(data.join("puppet.lock")).is_ok_and(|now| now.ino() != lock),
            ];
            while !steps[round / 2 % 5]() && child.try_wait().unwrap().is_none() {}
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let states = desk.states();
        assert!(states == old || states == new, "{round}: {states:?}");
        // What the lock file names is whole: it opens with every digest.
        desk.run(&["grants", "show", "lamp"]).exits(0);
        if states == new {
            news += 1;
            desk.run(&["rollback", "lamp", "0.2.0"]).exits(0);
            desk.run(&["rollback", "lamp", "0.1.0"]).exits(0);
            desk.run(&["remove", "lamp", "0.2.0"]).exits(0);
        } else {
            olds += 1;
        }
    }
    assert!(olds > 0 && news > 0, "{olds} {news}");
    // What was left lying about goes with the next.
    assert!(start().wait().unwrap().success());
    assert_eq!(desk.states(), new);
    assert_eq!(fs::read_dir(desk.path().join(".puppet/packs/.staging")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(desk.path().join(".puppet/packs/lamp")).unwrap().count(), 2);
}
