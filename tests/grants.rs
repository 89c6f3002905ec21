//! Grants as an operator writes them: approved with the digest, cut, taken back under a running host, told in words.

use std::{path::Path, time::Duration};

use crate::support::{Running, list, run, until};

fn shown(folder: &Path) -> String {
    run(folder, &["grants", "show", "ember"]).exits(0).stdout
}

fn home(folder: &Path) -> std::path::PathBuf {
    run(folder, &["init", "home"]).exits(0);
    folder.join("home")
}

#[test]
fn what_a_pack_may_do_is_said_in_words_and_changed_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let said = shown(&home);
    for line in ["may post up to 4 times an hour as @ember", "may spend up to $0.50 a day on language models"] {
        assert!(said.contains(line), "{said}");
    }
    run(&home, &["grants", "set", "ember", "tweet.posts/hour=1", "llm.usd/day=0.07", "tweet.likes/hour=0"]).exits(0);
    let said = shown(&home);
    for line in ["may post once an hour as @ember", "may spend up to $0.07 a day", "may not like"] {
        assert!(said.contains(line), "{said}");
    }
    let text = std::fs::read_to_string(home.join("grants.toml")).unwrap();
    assert!(text.contains("# Amounts are per agent") && text.contains("\"posts/hour\" = 1"), "comments stay: {text}");
    // It asks for more, and waits for the operator.
    let diff = run(&home, &["grants", "diff", "ember"]).exits(3);
    assert!(diff.stdout.contains("llm.usd/day: asks for $5.00, was granted $0.07"), "{}", diff.stdout);
    run(&home, &["grants", "revoke", "ember", "llm"]).exits(0);
    assert!(shown(&home).contains("may not spend anything on language models"));
    run(&home, &["grants", "revoke", "ember"]).exits(0);
    assert!(!shown(&home).lines().skip(1).any(|line| !line.contains("may not")), "{}", shown(&home));
}

#[test]
fn an_approval_names_what_it_approves() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let before = std::fs::read_to_string(home.join("grants.toml")).unwrap();
    let refused = run(&home, &["grants", "approve", "ember"]).exits(3);
    assert!(refused.stderr.contains("--yes --digest sha256:"), "{}", refused.stderr);
    run(&home, &["grants", "approve", "ember", "--yes"]).exits(3);
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = run(&home, &["grants", "approve", "ember", "--yes", "--digest", &other]).exits(3);
    assert!(refused.stderr.contains(&other), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(home.join("grants.toml")).unwrap(), before, "nothing was approved");
    let digest =
        run(&home, &["grants", "show", "ember", "--json"]).exits(0).json()["digest"].as_str().unwrap().to_owned();
    run(&home, &["grants", "approve", "ember", "--yes", "--digest", &digest]).exits(0);
    let diff = run(&home, &["grants", "diff", "ember", "--json"]).exits(0).json();
    assert_eq!((&diff["unchanged"], &diff["approved_digest"]), (&true.into(), &digest.as_str().into()));
    // Another component was approved: it is said, by doctor too.
    let file = home.join("grants.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace(&digest, &other)
        .replace("packs.ember", "packs.standard-personality");
    std::fs::write(&file, text).unwrap();
    let checks = run(&home, &["doctor", "--json"]).exits(0).json();
    let grants = list(&checks, "checks").iter().find(|check| check["name"] == "grants").unwrap();
    assert!(grants["status"] == "warn" && grants["detail"].as_str().unwrap().contains("has changed"), "{grants}");
}

#[test]
fn what_texts_may_hold_is_set_by_grant_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let marks = |answer: &serde_json::Value| [answer["links"].clone(), answer["mentions"].clone()];
    let show = || run(&home, &["grants", "show", "ember", "--json"]).exits(0).json();
    assert_eq!(marks(&show()), ["allow", "allow"]);
    let set = ["grants", "set", "ember", "tweet.links=strip", "tweet.mentions=refuse", "--json"];
    assert_eq!(marks(&run(&home, &set).exits(0).json()), ["strip", "refuse"]);
    assert_eq!(marks(&show()), ["strip", "refuse"]);
    let diff = run(&home, &["grants", "diff", "ember"]);
    let said = "links are taken out of its texts; a text with names with `@` is refused";
    assert!(diff.stdout.contains(said), "{diff:?}");
    // The plugin's own entry narrows, and widens nothing.
    let set = ["grants", "set", "standard-personality", "tweet.links=refuse", "tweet.mentions=allow"];
    run(&home, &set).exits(0);
    assert_eq!(marks(&show()), ["refuse", "refuse"]);
}

#[test]
fn slips_are_told_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let before = std::fs::read_to_string(home.join("grants.toml")).unwrap();
    for (args, expected) in [
        (&["show", "embr"][..], "did you mean `ember`?"),
        (&["revoke", "ember", "lmm"], "did you mean `llm`?"),
        (&["set", "ember", "llm.usd/dy=1"], "did you mean `usd/day`?"),
        (&["set", "ember", "llm.usd/day=cheap"], "expected dollars as a text"),
        (&["set", "ember", "llm.tokens/day=-1"], "`-1` is no whole number"),
        (&["set", "ember", "tokens"], "write it like llm.usd/day=0.50"),
        (&["set", "ember"], "name what is to change"),
        (&["set", "ember", "tweet.links=stripped"], "known here: allow, strip, refuse"),
        (&["set", "ember", "llm.links=strip"], "`links` is no amount of `llm`"),
        (&["set", "@ember", "tweet.links=strip"], "`links` is not a key"),
        (&["set", "ember", "--mode", "alive"], "live"),
        (&["set", "ember", "--expires", "soon"], "write a time like"),
    ] {
        let ran = run(&home, &[&["grants"], args].concat()).exits(2);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(home.join("grants.toml")).unwrap(), before);
}

/// A mention that ember answers, as long as it may.
fn mentioned(home: &Path, n: u32) -> serde_json::Value {
    let text = format!("{{\"text\": \"what do you mend on day {n}?\", \"author\": \"ann{n}\"}}");
    let args = ["event", "send", "mention", "--agent", "ember", "--wait", "--json", "--payload", &text];
    run(home, &args).exits(0).json()
}

/// The states of what it decided of this kind.
fn states(answer: &serde_json::Value, kind: &str) -> Vec<String> {
    let decisions = list(answer, "ended").iter().flat_map(|one| list(one, "decisions"));
    let of_kind = decisions.filter(|decision| decision["kind"] == kind);
    of_kind.map(|decision| decision["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_decided_leaves_as_the_mode_says() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    run(&home, &["grants", "set", "ember", "--mode", "dry-run"]).exits(0);
    let data = home.join(".puppet");
    let _host = Running::start(&home, &data, &[]);
    assert_eq!(states(&mentioned(&home, 1), "reply"), ["dry-run"]);
    let kept = run(&home, &["outbox", "list", "--state", "dry-run", "--json"]).exits(0).json();
    let counted = (kept["dry_run"]["effects"].as_u64(), kept["dry_run"]["not_known"].as_u64());
    assert_eq!(counted, (Some(list(&kept, "items").len() as u64), Some(0)), "{kept}");
    // One that waits for a yes leaves with it.
    run(&home, &["grants", "set", "ember", "--mode", "approve"]).exits(0);
    assert_eq!(states(&mentioned(&home, 2), "reply"), ["waiting-for-approval"]);
    let waiting = run(&home, &["approvals", "list", "--json"]).exits(0).json();
    let id = list(&waiting, "items")[0]["id"].as_str().unwrap().to_owned();
    run(&home, &["approvals", "approve", &id]).exits(0);
    until(Duration::from_secs(120), "it does not leave", || {
        let done = run(&home, &["outbox", "list", "--state", "done", "--json"]).exits(0).json();
        list(&done, "items").iter().any(|effect| effect["id"] == id.as_str())
    });
    run(&home, &["grants", "set", "ember", "--mode", "live"]).exits(0);
    assert_eq!(states(&mentioned(&home, 3), "reply"), ["done"]);
}

/// What is taken back from a running host is missing at the next call.
#[test]
fn a_running_host_takes_changes_up_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let data = home.join(".puppet");
    let _host = Running::start(&home, &data, &[]);
    let tweets = || {
        let budgets = run(&home, &["budgets", "--json"]).exits(0).json();
        let of_ember = |item: &&serde_json::Value| item["agent"] == "ember" && item["capability"] == "tweet";
        list(&budgets, "items").iter().filter(of_ember).count()
    };
    assert_eq!(states(&mentioned(&home, 1), "reply"), ["done"]);
    assert!(tweets() > 0);
    run(&home, &["grants", "revoke", "ember", "tweet"]).exits(0);
    assert!(states(&mentioned(&home, 2), "reply").is_empty());
    let journal = run(&home, &["journal", "--json", "--limit", "1"]).exits(0).json();
    let refused = list(&list(&journal, "items")[0], "reads").iter().find(|read| read["status"] == "denied").unwrap();
    assert_eq!(refused["capability"], "tweet");
    assert_eq!(tweets(), 0, "what is not granted has no budget");
    run(&home, &["grants", "set", "ember", "tweet.replies/hour=9"]).exits(0);
    assert!(tweets() > 0);
}

#[test]
fn what_an_account_and_the_host_may_do_is_set_and_holds_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let data = home.join(".puppet");
    let host = Running::start(&home, &data, &[]);
    assert_eq!(states(&mentioned(&home, 1), "reply"), ["done"]);
    // One is used up already; a second would be the third of what two agents of this account may do.
    let set = run(&home, &["grants", "set", "@ember", "tweet.replies/hour=1"]).exits(0);
    assert!(set.stdout.contains("@ember") && set.stdout.contains("may reply once an hour"), "{}", set.stdout);
    let args = ["event", "send", "mention", "--agent", "ember", "--wait", "--payload"];
    let refused = run(&home, &[&args[..], &["{\"text\": \"and now?\", \"author\": \"bob\"}"]].concat()).exits(0);
    assert!(refused.stdout.contains("declined budget-exhausted"), "{}", refused.stdout);
    assert!(refused.stdout.contains("of all that post as @ember: 0 of 1 left"), "{}", refused.stdout);
    let budgets = run(&home, &["budgets", "--json"]).exits(0).json();
    let of = |scope: &str, amount: &str| {
        list(&budgets, "items").iter().find(|item| item["scope"] == scope && item["amount"] == amount).cloned().unwrap()
    };
    let replies = of("account", "replies");
    let known = |key: &str| replies[key].clone();
    assert_eq!(
        (known("account"), known("agent"), known("pack")),
        ("ember".into(), None::<u8>.into(), None::<u8>.into())
    );
    assert_eq!((known("limit"), known("used"), known("state")), (1.into(), 1.into(), "spent".into()));
    let timers = list(&budgets, "items").iter().find(|item| item["amount"] == "timers" && item["period"].is_null());
    let timers = timers.unwrap();
    assert!(timers["used"].as_u64() > Some(0) && timers["resets_at"].is_null(), "{timers}");
    let printed = host.printed();
    assert!(printed.contains("the budget tweet.replies/hour of @ember is spent"), "{printed}");
    // What may not stand there is told, and the file stays.
    let before = std::fs::read_to_string(home.join("grants.toml")).unwrap();
    for (target, change) in [("@ember", "llm.usd/day=1"), ("host", "memory.rows=1"), ("host", "tweet.posts/week=1")] {
        run(&home, &["grants", "set", target, change]).exits(2);
    }
    run(&home, &["grants", "set", "host", "--mode", "live"]).exits(2);
    assert_eq!(std::fs::read_to_string(home.join("grants.toml")).unwrap(), before);
    assert!(run(&home, &["grants", "show"]).exits(0).stdout.contains("all that post as it, together"));
    run(&home, &["grants", "revoke", "@nobody"]).exits(2);
    run(&home, &["grants", "revoke", "@ember"]).exits(0);
    assert!(!run(&home, &["grants", "show"]).exits(0).stdout.contains("together"));
}

/// What is shown of a pack is what holds: also what the entry of its plugin leaves, and nothing once it has ended.
#[test]
fn what_is_shown_is_what_holds() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    run(&home, &["grants", "set", "standard-personality", "--mode", "dry-run", "tweet.posts/hour=2"]).exits(0);
    let said = shown(&home);
    assert!(said.contains("ember  dry-run") && said.contains("may post up to 2 times an hour"), "{said}");
    run(&home, &["grants", "set", "ember", "llm.usd/hour=0.05"]).exits(0);
    assert!(shown(&home).contains("may spend up to $0.05 an hour"), "{}", shown(&home));
    let diff = run(&home, &["grants", "diff", "ember", "--json"]);
    assert!(!diff.stdout.contains("usd/hour:"), "{}", diff.stdout);
    run(&home, &["grants", "set", "ember", "--expires", "2020-01-01T00:00:00Z"]).exits(0);
    let said = shown(&home);
    assert!(
        said.contains("ended at 2020-01-01") && !said.lines().skip(1).any(|line| !line.contains("may not")),
        "{said}"
    );
}

/// A file that cannot be read grants nothing, also where a host runs: only where nothing is there has nobody said anything.
#[test]
fn what_stands_in_the_place_of_the_file_is_never_taken_for_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let file = home.join("grants.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("gone", &file).unwrap();
    for command in [&["grants", "show"][..], &["run"], &["grants", "set", "host", "llm.usd/day=1"]] {
        assert!(run(&home, command).exits(2).stderr.contains("grants.toml"));
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(run(&home, &["grants", "show"]).exits(2).stderr.contains("is no file"));
    std::fs::remove_dir(&file).unwrap();
    // A link to the file stays one, and what it leads to is changed.
    std::fs::write(home.join("kept.toml"), text).unwrap();
    std::os::unix::fs::symlink("kept.toml", &file).unwrap();
    run(&home, &["grants", "set", "host", "llm.usd/day=1"]).exits(0);
    assert!(file.symlink_metadata().unwrap().is_symlink());
    assert!(std::fs::read_to_string(home.join("kept.toml")).unwrap().contains("[host.llm]"));
}

/// Of commands that come at once none undoes another.
#[test]
fn changes_that_come_at_once_are_all_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let amounts = ["posts/hour", "posts/day", "replies/hour", "likes/hour", "deletes/hour"];
    std::thread::scope(|scope| {
        for (n, amount) in amounts.iter().enumerate() {
            let home = &home;
            scope.spawn(move || run(home, &["grants", "set", "@ember", &format!("tweet.{amount}={n}")]).exits(0));
        }
    });
    let text = std::fs::read_to_string(home.join("grants.toml")).unwrap();
    for (n, amount) in amounts.iter().enumerate() {
        assert!(text.contains(&format!("\"{amount}\" = {n}")), "{amount}: {text}");
    }
    let unknown = run(&home, &["grants", "set", "@embers", "tweet.posts/hour=0"]).exits(2);
    assert!(
        unknown.stderr.contains("nobody posts as `@embers`") && unknown.stderr.contains("ember"),
        "{}",
        unknown.stderr
    );
}
