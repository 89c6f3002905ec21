//! `puppet test`: scenarios of packs against components in the real sandbox.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::support::{Ran, clean, finish, list, puppet, run};

fn of_project(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
}

/// A pack that runs the standard personality, with one scenario.
fn pack(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    let manifest = "id = \"keeper\"\nversion = \"0.1.0\"\ndescription = \"Keeps a door.\"\n\
                    plugin = \"standard-personality\"\npersona = \"persona.toml\"\n";
    fs::write(folder.path().join("pack.toml"), manifest).unwrap();
    fs::write(folder.path().join("persona.toml"), "goals = [\"keep the door\"]\n").unwrap();
    fs::write(folder.path().join("tests/door.toml"), format!("schema = \"puppet.scenario/1\"\n{scenario}")).unwrap();
    folder
}

fn test(pack: &Path, args: &[&str]) -> Ran {
    run(pack, &[&["test"], args].concat())
}

fn text(pack: &Path) -> String {
    fs::read_to_string(pack.join("tests/door.toml")).unwrap()
}

/// The paths of what differs in the one scenario.
fn differs(ran: &Value) -> Vec<String> {
    let diff = list(&list(ran, "scenarios")[0], "diff");
    diff.iter().map(|difference| difference["path"].as_str().unwrap().to_owned()).collect()
}

const MENTION: &str = r#"event = { kind = "mention", author = "ada", payload = { post = { id = "100", author = "ada", text = "Is the door open?", at = "2026-01-05T12:00:00Z", conversation = "100" } } }"#;

const POST: &str = "[[post]]\nid = \"100\"\nauthor = \"ada\"\ntext = \"Is the door open?\"\n";

#[test]
fn what_comes_with_the_program_does_as_its_scenarios_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut tested = 0;
    for entry in fs::read_dir(of_project("plugins")).unwrap() {
        let pack = entry.unwrap().path();
        if !pack.join("tests").is_dir() {
            continue;
        }
        let ran = run(folder.path(), &["test", pack.to_str().unwrap(), "--json"]).exits(0).json();
        assert!(list(&ran, "scenarios").iter().all(|scenario| scenario["fuel"].as_u64() > Some(0)), "{ran}");
        tested += 1;
    }
    assert!(tested >= 5, "{tested}");
}

#[test]
fn a_scenario_holds_a_plugin_to_what_it_decides_and_says_where_it_differs() {
    let scenario = format!(
        "{POST}[[answer.llm]]\npurpose = \"reply\"\ntext = \"It is, come in.\"\n\
         [[answer.llm]]\npurpose = \"relationship\"\ntext = \"nothing\"\n\
         [[step]]\n{MENTION}\ndecisions = \"contains\"\n[[step.decision]]\nkind = \"reply\"\n\
         body = {{ to = {{ id = \"100\" }} }}\ntext = {{ contains = [\"come in\"], max_weight = 280 }}\n"
    );
    let pack = pack(&scenario);
    let ran = test(pack.path(), &["--json"]).exits(0).json();
    assert_eq!((&ran["schema"], &ran["passed"], &ran["failed"]), (&"puppet.test/1".into(), &1.into(), &0.into()));
    assert!(list(&ran, "scenarios")[0]["peak_memory_bytes"].as_u64() > Some(60_000));

    fs::write(pack.path().join("tests/door.toml"), text(pack.path()).replace("come in\"]", "go away\"]")).unwrap();
    let wrong = test(pack.path(), &["--json"]).exits(1);
    assert!(wrong.stderr.contains("tests-failed"), "{wrong:?}");
    assert_eq!(differs(&wrong.json()), ["decision[1].text.contains"]);
    let people = test(pack.path(), &[]).exits(1);
    let line = 1 + text(pack.path()).lines().position(|line| line == "[[step.decision]]").unwrap();
    assert!(people.stdout.contains(&format!("tests/door.toml:{line}: decision[1].text.contains")), "{people:?}");
    assert!(people.stdout.contains("found     It is, come in."), "{people:?}");
}

#[test]
fn the_same_scenario_is_the_same_run() {
    let pack = pack(&format!("{POST}[[step]]\n{MENTION}\n"));
    let fuel = || list(&test(pack.path(), &["--json"]).exits(0).json(), "scenarios")[0]["fuel"].clone();
    assert_eq!(fuel(), fuel());
    // The seed of a scenario is a part of it.
    let decided = |seed: u64| {
        let scenario = format!("seed = {seed}\n{POST}[[step]]\n{MENTION}\ndecisions = \"exact\"\n");
        fs::write(pack.path().join("tests/door.toml"), format!("schema = \"puppet.scenario/1\"\n{scenario}")).unwrap();
        test(pack.path(), &["--json"]).exits(1).json()["scenarios"][0]["diff"].clone()
    };
    assert_eq!(decided(1), decided(1));
    assert!((2..9).any(|seed| decided(seed) != decided(1)), "another seed, other words");
}

#[test]
fn an_answer_that_is_missing_is_written_out_and_one_that_nobody_asks_for_is_told() {
    let pack = pack(&format!("{POST}[[answer.llm]]\npurpose = \"never\"\ntext = \"x\"\n[[step]]\n{MENTION}\n"));
    let ran = test(pack.path(), &["--json"]).exits(1).json();
    let diff = list(&list(&ran, "scenarios")[0], "diff").clone();
    let missing = diff.iter().find(|difference| difference["path"] == "llm.complete").expect("what is missing");
    assert!(missing["remedy"].as_str().unwrap().contains("[[answer.llm]]\npurpose = \"reply\""), "{missing}");
    assert!(differs(&ran).contains(&"answer.llm[1]".to_owned()), "{ran}");
}

#[test]
fn what_is_denied_is_denied_and_what_is_there_before_is_there() {
    let scenario = format!(
        "deny = [\"tweet.reply\"]\n{POST}[[step]]\n{MENTION}\noutcome = \"declined\"\ndeclined = {{ code = \"denied\" }}\n"
    );
    let refused = pack(&scenario);
    test(refused.path(), &["--json"]).exits(0);
    let odd = pack(&scenario.replace("tweet.reply", "tweet.repyl"));
    let ran = test(odd.path(), &["--json"]).exits(1).json();
    assert_eq!(ran["scenarios"][0]["status"], "error");
    assert!(ran["scenarios"][0]["diff"][0]["remedy"].as_str().unwrap().contains("did you mean `reply`"), "{ran}");
}

#[test]
fn time_passes_and_timers_fire() {
    let scenario = "[[step]]\nevent = { kind = \"agent_started\" }\n[[step]]\nadvance = \"2d\"\n\
                    decisions = \"contains\"\n[[step.decision]]\nkind = \"post\"\n";
    let pack = pack(scenario);
    test(pack.path(), &["--json"]).exits(0);
    // Without the time nothing is posted.
    let short = text(pack.path()).replace("2d", "1s");
    fs::write(pack.path().join("tests/door.toml"), short).unwrap();
    assert_eq!(differs(&test(pack.path(), &["--json"]).exits(1).json()), ["decision[1]"]);
}

#[test]
fn update_writes_what_happened_once_and_keeps_comments() {
    let scenario = format!(
        "{POST}[[answer.llm]]\npurpose = \"reply\"\ntext = \"It is.\"\n\
         [[answer.llm]]\npurpose = \"relationship\"\ntext = \"nothing\"\n\
         [[step]]\n# She asks.\n{MENTION}\n[[step.decision]] # What it says.\nkind = \"reply\"\ntext = {{ is = \"No.\" }}\n"
    );
    let pack = pack(&scenario);
    let refused = test(pack.path(), &["--update"]).exits(2);
    assert!(refused.stderr.contains("add --yes"), "{refused:?}");
    assert!(text(pack.path()).contains("\"No.\""), "nothing was written");
    test(pack.path(), &["--update", "--yes", "--json"]).exits(0);
    let written = text(pack.path());
    assert!(written.contains("# She asks.") && written.contains("# What it says."), "{written}");
    assert!(written.contains("text = { is = \"It is.\" }") && written.contains("kind = \"remember\""), "{written}");
    test(pack.path(), &["--json"]).exits(0);
    test(pack.path(), &["--update", "--yes", "--json"]).exits(0);
    assert_eq!(text(pack.path()), written, "the second time there is nothing to write");
}

#[test]
fn budgets_and_recorded_fuel_hold() {
    let pack = pack(&format!("budget = {{ fuel = 1000 }}\n{POST}[[step]]\n{MENTION}\nfuel = {{ recorded = 5 }}\n"));
    let ran = test(pack.path(), &["--json"]).exits(1).json();
    assert_eq!(differs(&ran), ["fuel", "budget.fuel"]);
    test(pack.path(), &["--update", "--yes"]).exits(1);
    let ran = test(pack.path(), &["--json"]).exits(1).json();
    assert_eq!(differs(&ran), ["budget.fuel"], "a bound is not what happened: it stays");
}

#[test]
fn a_slip_names_its_line_and_the_other_scenarios_run() {
    let pack = pack("[[step]]\nevnt = { kind = \"mention\" }\n");
    fs::write(
        pack.path().join("tests/other.toml"),
        format!("schema = \"puppet.scenario/1\"\n{POST}[[step]]\n{MENTION}\n"),
    )
    .unwrap();
    let junit = pack.path().join("report.xml");
    let ran = test(pack.path(), &["--json", "--junit", junit.to_str().unwrap()]).exits(1).json();
    assert_eq!((&ran["passed"], &ran["failed"]), (&1.into(), &1.into()));
    let slip = &ran["scenarios"][0]["diff"][0];
    assert_eq!(slip["line"], 3);
    assert!(slip["remedy"].as_str().unwrap().contains("did you mean `event`"), "{slip}");
    let report = fs::read_to_string(junit).unwrap();
    assert!(report.contains("<testsuites tests=\"2\" failures=\"0\" errors=\"1\""), "{report}");
    // A name picks one of them.
    let one = run(pack.path(), &["test", ".", "other", "--json"]).exits(0).json();
    assert_eq!(list(&one, "scenarios").len(), 1);
    run(pack.path(), &["test", ".", "nothing-like-it"]).exits(2);
}

#[test]
fn texts_of_a_real_model_are_recorded_once_and_not_on_a_build_server() {
    let pack = pack(&format!("{POST}[[step]]\n{MENTION}\n"));
    let offline = test(pack.path(), &["--record"]).exits(3);
    assert!(offline.stderr.contains("no-recording"), "{offline:?}");
    let mut command = clean(puppet(pack.path()), pack.path());
    let built = finish(command.env("CI", "true").args(["test", "--record"])).exits(3);
    assert!(built.stderr.contains("a build server asks no model"), "{built:?}");
}

/// A model at a port that the system chooses: it answers every question with these words.
fn model(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut asked = String::new();
            let mut buffer = [0; 65_536];
            while let Ok(n @ 1..) = socket.read(&mut buffer) {
                asked.push_str(&String::from_utf8_lossy(&buffer[..n]));
                let Some((head, body)) = asked.split_once("\r\n\r\n") else { continue };
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .map_or(0, |rest| rest.split("\r\n").next().unwrap_or_default().trim().parse().unwrap_or(0));
                if body.len() >= length {
                    break;
                }
            }
            let body = serde_json::json!({
                "id": "c1", "object": "chat.completion", "created": 1, "model": "near-1",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": words}}],
                "usage": {"prompt_tokens": 21, "completion_tokens": 4, "total_tokens": 25},
            })
            .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = socket.write_all((head + &body).as_bytes());
        }
    });
    at
}

#[test]
fn what_a_model_wrote_once_is_written_down_without_its_key() {
    const KEY: &str = "sk-very-secret-0123456789";
    let pack = pack(&format!("{POST}[[step]]\n{MENTION}\n"));
    let at = model("It is open, ask for sk-very-secret-0123456789.");
    let config = format!(
        "[llm]\ndefault = \"near\"\n[llm.providers.near]\nbase_url = \"http://{at}/v1\"\nmodel = \"near-1\"\nkey_env = \"NEAR\"\n\
         price = {{ prompt_usd_per_million = \"1.00\", completion_usd_per_million = \"1.00\" }}\n"
    );
    fs::write(pack.path().join("puppet.toml"), config).unwrap();
    let record = || finish(puppet(pack.path()).env("NEAR", KEY).args(["test", "--record", "--json"]));
    let ran = record().exits(0);
    let written = text(pack.path());
    assert!(written.contains("[[answer.llm]]") && written.contains("It is open"), "{written}");
    assert!(written.contains("usage = { prompt = 21, completion = 4 }"), "{written}");
    assert!(!written.contains(KEY) && !ran.stdout.contains(KEY) && !ran.stderr.contains(KEY), "{written}{ran:?}");
    // Now nobody is asked any more: not again, and not without the key.
    record().exits(0);
    assert_eq!(text(pack.path()), written);
    fs::remove_file(pack.path().join("puppet.toml")).unwrap();
    test(pack.path(), &["--json"]).exits(0);
}

#[test]
fn a_generator_and_its_steps() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    fs::copy(of_project("plugins/encounters/pack.toml"), folder.path().join("pack.toml")).unwrap();
    let scenario = "schema = \"puppet.scenario/1\"\n[[character]]\nid = \"iris\"\n[[character]]\nid = \"ember\"\n\
                    [[step]]\ntrigger = { kind = \"timer\", payload = { name = \"encounters\" } }\n\
                    decisions = \"contains\"\n[[step.decision]]\nkind = \"emit\"\n\
                    body = { event_kind = \"interaction_prompt\" }\n";
    fs::write(folder.path().join("tests/meets.toml"), scenario).unwrap();
    test(folder.path(), &["--json"]).exits(0);
    fs::write(folder.path().join("tests/meets.toml"), scenario.replace("trigger", "event")).unwrap();
    let ran = test(folder.path(), &["--json"]).exits(1).json();
    assert!(ran["scenarios"][0]["diff"][0]["remedy"].as_str().unwrap().contains("trigger"), "{ran}");
}

#[test]
fn what_a_journal_holds_becomes_a_scenario_that_passes_until_something_differs() {
    let pack = pack("[[step]]\nevent = { kind = \"agent_started\" }\n");
    fs::remove_file(pack.path().join("tests/door.toml")).unwrap();
    let data = crate::weeks::week_folder().join("data");
    let data = data.to_str().unwrap();
    for kind in ["mention", "timer", "interaction_prompt", "post_published"] {
        let page = run(pack.path(), &["journal", "--kind", kind, "--limit", "2", "--json", "--data", data]).json();
        for (n, item) in list(&page, "items").iter().enumerate() {
            if item["agent"].as_str().unwrap().starts_with("generator:") {
                continue;
            }
            let file = format!("tests/{kind}-{n}.toml");
            let id = item["id"].as_str().unwrap();
            run(pack.path(), &["replay", id, "--export", &file, "--data", data]).exits(0);
        }
    }
    let ran = test(pack.path(), &["--json"]);
    let told = ran.json();
    assert!(told["passed"].as_u64() >= Some(4) && told["failed"] == 0, "{told}");
    ran.exits(0);
    // A generator's, too, with those whom it could address.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    fs::copy(of_project("plugins/encounters/pack.toml"), folder.path().join("pack.toml")).unwrap();
    let page = run(folder.path(), &["journal", "--agent", "generator:encounters", "--json", "--data", data]).json();
    let fired = list(&page, "items").iter().find(|item| item["kind"] == "timer" || item["event"]["kind"] == "timer");
    let id = fired.unwrap()["id"].as_str().unwrap();
    run(folder.path(), &["replay", id, "--export", "tests/met.toml", "--data", data]).exits(0);
    test(folder.path(), &["--json"]).exits(0);
    // The words of the model are a part of it.
    let mention = fs::read_dir(pack.path().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let mention = mention.into_iter().find(|path| path.to_str().unwrap().contains("mention-0")).unwrap();
    let text = fs::read_to_string(&mention).unwrap();
    let kind = text.split("[[step.decision]]\n  kind = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let other = if kind == "like" { "post" } else { "like" };
    fs::write(
        &mention,
        text.replacen(&format!("kind = \"{kind}\"\n  body"), &format!("kind = \"{other}\"\n  body"), 1),
    )
    .unwrap();
    let ran = run(pack.path(), &["test", ".", "mention-0", "--json"]).exits(1).json();
    assert_eq!(differs(&ran), ["decision[1].kind"]);
}

#[test]
fn nothing_leads_out_of_a_pack_and_one_fault_keeps_nobody_from_being_told() {
    let pack = pack("persona = \"../outside.toml\"\n[[step]]\nevent = { kind = \"agent_started\" }\n");
    let outside = pack.path().with_extension("persona");
    fs::write(&outside, "goals = [\"wander\"]\n").unwrap();
    let good = "schema = \"puppet.scenario/1\"\n[[step]]\nevent = { kind = \"agent_started\" }\n";
    fs::write(pack.path().join("tests/good.toml"), good).unwrap();
    std::os::unix::fs::symlink(&outside, pack.path().join("link.toml")).unwrap();
    for name in [format!("../{}", outside.file_name().unwrap().to_str().unwrap()), "link.toml".to_owned()] {
        let scenario =
            format!("schema = \"puppet.scenario/1\"\npersona = \"{name}\"\n[[step]]\nevent = {{ kind = \"x\" }}\n");
        fs::write(pack.path().join("tests/door.toml"), scenario).unwrap();
        let ran = test(pack.path(), &["--json"]).exits(1).json();
        assert_eq!((&ran["passed"], &ran["scenarios"][0]["status"]), (&1.into(), &"error".into()), "{ran}");
        assert!(ran["scenarios"][0]["diff"][0]["found"].as_str().unwrap().contains("leads out of the pack"), "{ran}");
    }
    fs::remove_file(outside).unwrap();
}

#[test]
fn what_is_written_anew_stays_a_link_with_the_ends_of_its_lines_and_what_holds() {
    let pack = pack("[[step]]\nevent = { kind = \"agent_started\" }\n");
    let scenario = format!(
        "schema = \"puppet.scenario/1\"\n{POST}[[answer.llm]]\npurpose = \"reply\"\ntext = \"It is.\"\n\
         [[answer.llm]]\npurpose = \"relationship\"\ntext = \"nothing\"\n[[step]]\n{MENTION}\ndecisions = \"contains\"\n\
         reads = [\"llm.embed\"]\n[[step.decision]]\nkind = \"reply\"\ntext = {{ contains = [\"zzz\"], max_weight = 280 }}\n"
    );
    let elsewhere = pack.path().join("elsewhere.txt");
    fs::write(&elsewhere, scenario.replace('\n', "\r\n")).unwrap();
    fs::remove_file(pack.path().join("tests/door.toml")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, pack.path().join("tests/door.toml")).unwrap();
    // One that cannot be rewritten keeps nobody from it.
    let inline = format!("schema = \"puppet.scenario/1\"\nstep = [{{ {MENTION}, outcome = \"failed\" }}]\n");
    fs::write(pack.path().join("tests/a.toml"), inline).unwrap();
    let ran = test(pack.path(), &["--update", "--yes", "--json"]).exits(1).json();
    assert_eq!((&ran["passed"], &ran["scenarios"][0]["status"]), (&1.into(), &"error".into()), "{ran}");
    assert!(pack.path().join("tests/door.toml").is_symlink());
    let written = fs::read_to_string(&elsewhere).unwrap();
    assert_eq!(written.matches('\n').count(), written.matches("\r\n").count(), "{written:?}");
    assert!(written.contains("max_weight = 280") && written.contains("is = \"It is.\""), "{written}");
    assert!(!written.contains("zzz") && written.contains("\"llm.complete\""), "{written}");
}
