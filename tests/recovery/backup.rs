//! `puppet backup` and `puppet restore`: a deployment is brought back as it was, and nothing is done twice for it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use puppet_store::{Change, CommitStore as _, Effect, EffectState, Options, OutboxStore as _, SqliteStore};
use puppet_types::{Decision, Timestamp};
use serde_json::Value;

use super::{imported, lived, value};
use crate::support::{Running, finish, list, run, until};

fn backup(folder: &Path, data: &Path, to: &str) -> Value {
    run(folder, &["backup", to, "--json", "--data", data.to_str().unwrap()]).exits(0).json()
}

fn journal(folder: &Path, data: &str) -> Vec<Value> {
    let told = run(folder, &["journal", "--limit", "10000", "--json", "--data", data]).exits(0).json();
    list(&told, "items").clone()
}

#[test]
fn what_was_backed_up_is_brought_back_and_holds_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    let told = backup(folder.path(), lived(), "week.tar");
    let paths: Vec<&str> = list(&told, "files").iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["puppet.db", "simulated.json"]);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().join("week.tar")), 0o600, "it holds what others must not read");
    let restored = run(folder.path(), &["restore", "week.tar", "--json", "--data", "back"]).exits(0).json();
    assert_eq!((&restored["files"], &restored["halted"]), (&told["files"], &Value::Bool(true)));
    assert_eq!(journal(folder.path(), "back"), journal(folder.path(), lived().to_str().unwrap()));
    assert_eq!(mode(folder.path().join("back/puppet.db")), 0o600);
    assert_eq!(mode(folder.path().join("back")), 0o700);
    run(folder.path(), &["verify", "--data", "back"]).exits(0);
    // Nothing else is left: no copy of the database, no folder that was on its way.
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["back", "week.tar"]);
}

#[test]
fn a_backup_of_a_host_at_work_holds_all_that_was_answered_before() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let news = |n: u32| {
        let payload = format!("{{\"topic\": \"storm {n}\"}}");
        let sent = run(folder.path(), &["event", "send", "news", "--payload", &payload, "--json"]).exits(0).json();
        sent["event_id"].as_str().unwrap().to_owned()
    };
    fs::create_dir(folder.path().join("backups")).unwrap();
    let mut sent = Vec::new();
    let mut backups = Vec::new();
    for n in 0..3 {
        sent.push(news(n));
        let told = backup(folder.path(), &data, "backups");
        backups.push((told["file"].as_str().unwrap().to_owned(), sent.clone()));
        let files = list(&told, "files");
        assert!(files.iter().any(|file| file["path"] == "host.secret"), "{told}");
        assert_eq!(told["secrets"][0], "host.secret");
        assert!(files.iter().all(|file| !file["path"].as_str().unwrap().starts_with("control")), "{told}");
        // One that is made in the same second has another name.
        let at = Timestamp::from_system();
        until(Duration::from_secs(5), "the clock stands", || {
            Timestamp::from_system().as_millis() / 1_000 > at.as_millis() / 1_000
        });
    }
    let secret = fs::read(data.join("host.secret")).unwrap();
    host.kill();
    for (n, (file, sent)) in backups.iter().enumerate() {
        let name = format!("back{n}");
        let told = run(folder.path(), &["restore", file, "--data", &name]).exits(0).stdout;
        assert!(
            told.contains("halted: nothing leaves. Look at `puppet outbox list`, then say `puppet resume`"),
            "{told}"
        );
        let back = folder.path().join(&name);
        for id in sent {
            let there: u32 = value(&back, &format!("SELECT count(*) FROM events WHERE id = '{id}'"));
            assert_eq!(there, 1, "{id}");
        }
        assert_eq!(fs::read(back.join("host.secret")).unwrap(), secret);
        let mode = fs::metadata(back.join("host.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        run(folder.path(), &["verify", "--data", &name]).exits(0);
    }
    // It starts and goes on.
    let host = Running::start(folder.path(), &folder.path().join("back0"), &[]);
    until(Duration::from_secs(120), "what waited is not handled", || {
        value::<u32>(&folder.path().join("back0"), "SELECT count(*) FROM events WHERE state = 'waiting'") == 0
    });
    assert_eq!(host.stop(), 0);
}

/// An effect that somebody decided on.
fn effect(n: u32, state: EffectState) -> Change {
    Change::Effect(Effect {
        id: format!("eff_{n}").into(),
        seq: 0,
        agent: "harbour-watch".into(),
        account: "harbour_watch".into(),
        invocation: "inv_7".into(),
        n,
        not_before: Timestamp::default(),
        hops: 0,
        body: Decision::Post { text: format!("number {n}"), images: Vec::new() },
        state,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    })
}

#[tokio::test]
async fn what_may_have_left_since_is_not_sent_again() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let store = SqliteStore::open(&data, Options::default()).unwrap();
    let all = [EffectState::Waiting, EffectState::Sent, EffectState::Done, EffectState::Failed];
    store.apply(all.iter().zip(0..).map(|(state, n)| effect(n, *state)).collect()).await.unwrap();
    store.close();
    backup(folder.path(), &data, "old.tar");
    let told = run(folder.path(), &["restore", "old.tar", "--data", "back"]).exits(0).stdout;
    assert!(told.contains("2 effects that had not ended then are in doubt now"), "{told}");
    let back = folder.path().join("back");
    let states = async || {
        let store = SqliteStore::open_read_only(&back).unwrap();
        let effects = store.effects_after(0, 9).await.unwrap();
        effects.into_iter().map(|effect| effect.state).collect::<Vec<_>>()
    };
    let held = [EffectState::InDoubt, EffectState::InDoubt, EffectState::Done, EffectState::Failed];
    assert_eq!(states().await, held);
    // A host that is halted leaves them alone, whatever else it does.
    let host = Running::start(folder.path(), &back, &[]);
    let news = ["event", "send", "news", "--payload", "{\"topic\": \"x\"}", "--wait", "--data", "back"];
    run(folder.path(), &news).exits(0);
    assert_eq!(host.stop(), 0);
    assert_eq!(states().await[..4], held);
    let posts = || value::<u32>(&back, "SELECT count(*) FROM posts WHERE effect IN ('eff_0', 'eff_1')");
    assert_eq!(posts(), 0);
    // Once it is resumed their provider is asked; the local timeline is as old as the folder, and never had them.
    run(folder.path(), &["resume", "--data", "back"]).exits(0);
    let host = Running::start(folder.path(), &back, &[]);
    let done = "SELECT count(*) FROM outbox WHERE id IN ('eff_0', 'eff_1') AND state = 'done'";
    until(Duration::from_secs(120), "nobody asks for them", || value::<u32>(&back, done) == 2);
    assert_eq!(host.stop(), 0);
    assert_eq!(posts(), 2, "each once");
}

#[test]
fn a_name_that_ends_in_a_slash_is_a_folders() {
    let folder = tempfile::tempdir().unwrap();
    for count in 1..=2 {
        run(folder.path(), &["backup", &"backups/".repeat(count), "--data", lived().to_str().unwrap()]).exits(0);
    }
    let within = |path: &str| fs::read_dir(folder.path().join(path)).unwrap().count();
    assert_eq!((within("backups"), within("backups/backups")), (2, 1), "a file and a folder; a file");
    let mode = fs::metadata(folder.path().join("backups")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn what_is_no_whole_backup_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    backup(folder.path(), lived(), "whole.tar");
    let whole = fs::read(folder.path().join("whole.tar")).unwrap();
    let refused = |name: &str, bytes: &[u8], says: &str| {
        fs::write(folder.path().join(name), bytes).unwrap();
        let ran = run(folder.path(), &["restore", name, "--data", "back"]).exits(2);
        assert!(ran.stderr.contains("error[bad-backup]") && ran.stderr.contains(says), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        assert!(!folder.path().join("back").exists() && !folder.path().join(".back.restoring").exists(), "{name}");
    };
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    refused("empty.tar", b"", "is no backup");
    refused("text.tar", b"hello", "is no backup");
    refused("database.tar", &fs::read(lived().join("puppet.db")).unwrap(), "is no backup");
    refused("listing.tar", &changed(600), "its MANIFEST is missing, or not the one that was written");
    refused("damaged.tar", &changed(whole.len() / 2), "`puppet.db` is sha256:");
    refused("cut.tar", &whole[..whole.len() / 2], "is damaged: `puppet.db`");
    refused("short.tar", &whole[..2_048], "is damaged");
    refused("long.tar", &[&whole[..whole.len() - 1_024], &whole[..]].concat(), "it goes on after its last file");
    refused("second.tar", &[&whole[..], &whole[..]].concat(), "it goes on after its end");
    refused("noise.tar", &[&whole[..], &[7; 100_000]].concat(), "it goes on after its end");
    refused("byte.tar", &[&whole[..], &[0; 9_999], b"x"].concat(), "it goes on after its end");
    // Nobody writes into it: whoever opened it would wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe.tar")).status().unwrap().success());
    for (name, says) in [("pipe.tar", "is no file"), (".", "is no file"), ("none.tar", "cannot be read")] {
        let ran = run(folder.path(), &["restore", name, "--data", "back"]).exits(2);
        assert!(ran.stderr.contains("error[bad-backup]") && ran.stderr.contains(says), "{name}: {}", ran.stderr);
    }
    // Other programs fill a tar up to whole records.
    fs::write(folder.path().join("whole.tar"), [&whole[..], &[0; 10_240]].concat()).unwrap();
    run(folder.path(), &["restore", "whole.tar", "--data", "back"]).exits(0);
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    backup(folder.path(), lived(), "whole.tar");
    let again = run(folder.path(), &["backup", "whole.tar", "--data", lived().to_str().unwrap()]).exits(2);
    assert!(again.stderr.contains("error[file-exists]"), "{}", again.stderr);
    fs::create_dir(folder.path().join("taken")).unwrap();
    fs::write(folder.path().join("taken/mine"), "mine").unwrap();
    let taken = run(folder.path(), &["restore", "whole.tar", "--data", "taken"]).exits(2);
    assert!(taken.stderr.contains("error[file-exists]") && taken.stderr.contains("taken"), "{}", taken.stderr);
    assert_eq!(fs::read_dir(folder.path().join("taken")).unwrap().count(), 1);
    fs::create_dir(folder.path().join("empty")).unwrap();
    run(folder.path(), &["restore", "whole.tar", "--data", "empty"]).exits(0);
    let nothing = run(folder.path(), &["backup", "none.tar", "--data", "nowhere"]).exits(4);
    assert!(nothing.stderr.contains("nothing has lived"), "{}", nothing.stderr);
    assert!(!folder.path().join("none.tar").exists());
}

#[test]
fn installed_packs_are_in_it() {
    let desk = crate::packs::Desk::new();
    let archive = desk.built("lamp", "0.1.0", 4, "");
    desk.run(&["install", &archive, "--allow-unsigned"]).exits(3);
    desk.run(&["run", "--for", "1s"]).exits(0);
    desk.run(&["backup", "desk.tar"]).exits(0);
    // What is on its way there is no part of it.
    std::fs::create_dir_all(desk.path().join(".puppet/packs/.staging/half")).unwrap();
    std::fs::write(desk.path().join(".puppet/packs/.staging/half/x"), "x").unwrap();
    let told = desk.run(&["backup", "again.tar", "--json"]).exits(0).json();
    let paths: Vec<&str> = list(&told, "files").iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"puppet.lock") && paths.iter().all(|path| !path.contains("/.")), "{paths:?}");
    desk.run(&["restore", "desk.tar", "--data", "back"]).exits(0);
    let packs = |data: &str| list(&desk.run(&["packs", "--json", "--data", data]).exits(0).json(), "items").clone();
    assert_eq!(packs("back"), packs(".puppet"));
    assert_eq!(packs("back").len(), 1);
    let told = desk.run(&["verify", "--json", "--data", "back"]).exits(0).json();
    let packs = list(&told, "rules").iter().find(|rule| rule["rule"] == "packs-are-what-was-installed").unwrap();
    assert_eq!(packs["checked"], 1);
}

#[test]
fn a_place_without_room_is_what_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let limited = |args: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -f 64; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_puppet")]);
        finish(command.args(args).current_dir(folder.path()))
    };
    let names = || {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let data = lived().to_str().unwrap();
    let full = limited(&["backup", "whole.tar", "--data", data]).exits(2);
    assert!(full.stderr.contains("error[cannot-write]") && full.stderr.contains("whole.tar"), "{}", full.stderr);
    assert_eq!(names(), [""; 0], "nothing of it is left");
    backup(folder.path(), lived(), "whole.tar");
    let full = limited(&["restore", "whole.tar", "--data", "back"]).exits(2);
    assert!(full.stderr.contains("error[cannot-write]") && full.stderr.contains("puppet.db"), "{}", full.stderr);
    assert_eq!(names(), ["whole.tar"], "nothing of it is left");
}
