//! A pack under its author's hands, from nothing to a host that runs it: `new`, `build`, `check`, `dev`. Beginnings in Rust are
//! built with what is here already: no test asks a registry. Those in Python and JavaScript are built where their tools are
//! (docs/testing.md).

mod languages;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Ran, finish, list, puppet, run, until};

const KINDS: [&str; 3] = ["personality", "event-generator", "trading-strategy"];

/// A command in a pack's folder. What was built for one pack is there for the next.
pub fn author(folder: &Path, args: &[&str]) -> Ran {
    finish(&mut author_command(folder, args))
}

fn author_command(folder: &Path, args: &[&str]) -> Command {
    let mut command = puppet(folder);
    command.args(args).env("CARGO_NET_OFFLINE", "true");
    for name in ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A pack that has just been begun.
fn begun(folder: &Path, kind: &str, lang: &str) -> PathBuf {
    // To cargo two crates of one name in one target folder are the same.
    static PACKS: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{lang}-{kind}-{}", PACKS.fetch_add(1, Ordering::Relaxed));
    let made = run(folder, &["new", &name, "--kind", kind, "--lang", lang, "--json"]).exits(0).json();
    assert_eq!(made["schema"], "puppet.new/1");
    assert!(list(&made, "next").iter().any(|step| step == "puppet test"), "{made}");
    let pack = folder.join(name);
    for file in list(&made, "files") {
        assert!(pack.join(file.as_str().unwrap()).is_file(), "{file}");
    }
    // Dependencies are compiled once for all.
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
    fs::create_dir_all(&shared).unwrap();
    std::os::unix::fs::symlink(shared, pack.join("target")).unwrap();
    pack
}

/// It is built, its scenarios pass, and nothing is found wrong with it. Answers what was found.
fn whole(pack: &Path) -> Value {
    let checked = author(pack, &["check", "--deny-warnings", "--json"]).exits(0).json();
    assert_eq!((&checked["ok"], list(&checked, "findings").len()), (&true.into(), 0), "{checked}");
    let fuel = checked["fuel"]["worst"].as_u64().unwrap();
    assert!(fuel > 0 && fuel <= checked["fuel"]["budget"].as_u64().unwrap(), "{checked}");
    let tested = author(pack, &["test", "--no-build", "--json"]).exits(0).json();
    assert_eq!(tested["failed"], 0, "{tested}");
    checked
}

#[test]
fn each_beginning_in_rust_is_built_and_tested_and_nothing_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut packs = Vec::new();
    for kind in KINDS {
        let pack = begun(folder.path(), kind, "rust");
        let checked = whole(&pack);
        assert_eq!((&checked["component"]["world"], &checked["component"]["lang"]), (&kind.into(), &"rust".into()));
        let archive = folder.path().join(format!("{kind}.puppet"));
        author(&pack, &["pack", "build", ".", "-o", archive.to_str().unwrap()]).exits(0);
        let listed = finish(Command::new("tar").arg("tf").arg(&archive));
        assert!(!listed.stdout.contains("puppet-sdk") && !listed.stdout.contains("target"), "{listed:?}");
        packs.push(pack);
    }
    // Unit tests run natively.
    let mut command = Command::new("cargo");
    let command = command.args(["test", "--offline", "--quiet"]).current_dir(&packs[0]).env_remove("CARGO_TARGET_DIR");
    let tested = finish(command);
    assert_eq!(tested.code, 0, "{tested:?}");
}

/// A folder with the tool of a language: `PUPPET_TEST_PYTHON_TOOLS` has `bin/componentize-py`, `PUPPET_TEST_JS_TOOLS` has
/// `.bin/jco`. Without it a test says that it skips, unless it has to be there.
pub fn tools(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        assert!(std::env::var_os("PUPPET_TEST_AUTHORS_REQUIRED").is_none(), "{variable} is not set");
        println!("skipped: {variable} names no folder with the tool");
    }
    folder
}

fn each_beginning(lang: &str, variable: &str, place: &str) {
    let Some(tools) = tools(variable) else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let pack = begun(folder.path(), kind, lang);
        std::os::unix::fs::symlink(&tools, pack.join(place)).unwrap();
        let checked = whole(&pack);
        assert_eq!(checked["component"]["world"], kind);
        // It imports no more than its pack asks for: whole interfaces are cut.
        let imports = list(&checked["component"], "imports").len();
        let asked = fs::read_to_string(pack.join("pack.toml")).unwrap().matches("[requests.").count();
        assert!(imports <= asked + 2, "{checked}");
    }
}

#[test]
fn each_beginning_in_python_is_built_and_tested_and_nothing_is_wrong_with_it() {
    each_beginning("python", "PUPPET_TEST_PYTHON_TOOLS", ".venv");
}

#[test]
fn each_beginning_in_javascript_is_built_and_tested_and_nothing_is_wrong_with_it() {
    each_beginning("js", "PUPPET_TEST_JS_TOOLS", "node_modules");
}

#[test]
fn the_same_seed_draws_the_same_in_every_language() {
    let (Some(python), Some(js)) = (tools("PUPPET_TEST_PYTHON_TOOLS"), tools("PUPPET_TEST_JS_TOOLS")) else { return };
    let words: Vec<String> = (0..1_000).map(|n| format!("\"w{n}\"")).collect();
    let scenario = format!(
        "schema = \"puppet.scenario/1\"\nsettings = {{ words = [{}] }}\n[[character]]\nid = \"iris\"\n\
         [[step]]\ntrigger = {{ kind = \"timer\", payload = {{ name = \"word\" }} }}\n\
         [[step.decision]]\nkind = \"emit\"\nbody = {{ payload = {{ word = \"?\" }} }}\n",
        words.join(", ")
    );
    let mut drawn = Vec::new();
    for (lang, tools) in [("rust", None), ("python", Some((&python, ".venv"))), ("js", Some((&js, "node_modules")))] {
        let folder = tempfile::tempdir().unwrap();
        // What is drawn follows from the pack's id, too.
        let kind = ["--kind", "event-generator", "--lang", lang];
        run(folder.path(), &[&["new", "one-word"], &kind[..]].concat()).exits(0);
        let pack = folder.path().join("one-word");
        if let Some((tools, place)) = tools {
            std::os::unix::fs::symlink(tools, pack.join(place)).unwrap();
        }
        fs::remove_dir_all(pack.join("tests")).unwrap();
        fs::create_dir(pack.join("tests")).unwrap();
        fs::write(pack.join("tests/draws.toml"), &scenario).unwrap();
        let ran = author(&pack, &["test", "--json"]).exits(1).json();
        let differs = &ran["scenarios"][0]["diff"][0];
        assert_eq!(differs["path"], "decision[1].body.payload.word", "{ran}");
        drawn.push(differs["found"].clone());
    }
    assert!(drawn[0].as_str().unwrap().starts_with('w') && drawn.iter().all(|word| *word == drawn[0]), "{drawn:?}");
}

#[test]
fn the_types_of_the_javascript_sdk_are_those_of_a_plugin_that_uses_it() {
    let Some(tools) = tools("PUPPET_TEST_JS_TOOLS") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/js/tests");
    let checked = finish(Command::new(tools.join(".bin/tsc")).args(["-p", "."]).current_dir(&folder));
    assert_eq!(checked.code, 0, "{checked:?}");
    // A wrong one is found.
    let wrong = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(folder.join("types.ts")).unwrap();
    let sdk = folder.join("..").canonicalize().unwrap();
    let text = text.replace("'../", &format!("'{}/", sdk.display())).replace("const n: number", "const n: string");
    fs::write(wrong.path().join("types.ts"), text).unwrap();
    fs::copy(folder.join("tsconfig.json"), wrong.path().join("tsconfig.json")).unwrap();
    let found = finish(Command::new(tools.join(".bin/tsc")).args(["-p", "."]).current_dir(wrong.path()));
    assert!(found.stdout.contains("'number' is not assignable to type 'string'"), "{found:?}");
}

/// Every example of `sdk/examples` in a folder of its own, with the tool of its language.
fn examples(lang: &str, tools: Option<(&Path, &str)>) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/examples");
    let mut tested = 0;
    for entry in fs::read_dir(place).unwrap() {
        let from = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(from.join("pack.toml")) else { continue };
        if !manifest.contains(&format!("lang = \"{lang}\"")) {
            continue;
        }
        let pack = folder.path().join(from.file_name().unwrap());
        copied(&from, &pack);
        if let Some((tools, place)) = tools {
            std::os::unix::fs::symlink(tools, pack.join(place)).unwrap();
        } else {
            let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
            fs::create_dir_all(&shared).unwrap();
            std::os::unix::fs::symlink(shared, pack.join("target")).unwrap();
        }
        whole(&pack);
        tested += 1;
    }
    tested
}

/// What is under version control of a pack: nothing that is built.
pub fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let built =
            name.starts_with('.') || name.ends_with(".wasm") || ["target", "node_modules"].contains(&name.as_str());
        if entry.path().is_dir() && !built {
            copied(&entry.path(), &to.join(name));
        } else if !built {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_examples_do_as_their_scenarios_say() {
    assert!(examples("rust", None) >= 1);
    if let Some(tools) = tools("PUPPET_TEST_PYTHON_TOOLS") {
        assert!(examples("python", Some((&tools, ".venv"))) >= 1);
    }
    if let Some(tools) = tools("PUPPET_TEST_JS_TOOLS") {
        assert!(examples("js", Some((&tools, "node_modules"))) >= 1);
    }
}

#[test]
fn nothing_is_overwritten_and_a_slip_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    fs::write(folder.path().join("taken/x"), "mine").unwrap();
    let new = |args: &[&str]| run(folder.path(), &[&["new"], args].concat()).exits(2).stderr;
    let kind = ["--kind", "personality", "--lang", "rust"];
    assert!(new(&[&["taken"], &kind[..]].concat()).contains("folder-not-empty"));
    for name in ["Night", "-x", "x-", "a/b", "../x"] {
        assert!(new(&["--kind=personality", "--lang=rust", "--", name]).contains("bad-name"), "{name}");
    }
    assert!(new(&["x", "--kind", "personalty", "--lang", "rust"]).contains("did you mean `personality`"));
    assert!(new(&["x", "--kind", "personality"]).contains("nobody is there to be asked"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else was made");
}

#[test]
fn a_tool_that_is_not_here_is_named_with_what_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, tool, gets) in [("js", "jco", "npm install"), ("python", "componentize-py", "pip install")] {
        let pack = begun(folder.path(), "personality", lang);
        let empty = folder.path().join("empty");
        fs::create_dir_all(&empty).unwrap();
        let ran = finish(author_command(&pack, &["build"]).env("PATH", &empty)).exits(4);
        assert!(ran.stderr.contains("missing-tool") && ran.stderr.contains(tool), "{ran:?}");
        assert!(ran.stderr.contains(gets), "{ran:?}");
        // One of a version that nobody tried is not used.
        let place = empty.join(tool);
        fs::write(&place, "#!/bin/sh\necho 9.9.9\n").unwrap();
        Command::new("chmod").arg("+x").arg(&place).status().unwrap();
        let ran = finish(author_command(&pack, &["build"]).env("PATH", format!("{}:/bin", empty.display()))).exits(2);
        assert!(ran.stderr.contains("tool-version") && ran.stderr.contains("9.9.9"), "{ran:?}");
    }
}

#[test]
fn an_export_that_is_not_there_is_told_before_a_tool_leaves_it_out() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, file, from, to) in
        [("js", "app.js", "const handler", "const hander"), ("python", "app.py", "class Handler", "class Hander")]
    {
        let pack = begun(folder.path(), "personality", lang);
        let tool = folder.path().join(format!("{lang}-tool"));
        let (place, name, version) = if lang == "js" {
            ("node_modules", ".bin/jco", "1.35.0")
        } else {
            (".venv", "bin/componentize-py", "0.25.1")
        };
        fs::create_dir_all(tool.join(name).parent().unwrap()).unwrap();
        fs::write(tool.join(name), format!("#!/bin/sh\necho {version}\n")).unwrap();
        Command::new("chmod").arg("+x").arg(tool.join(name)).status().unwrap();
        std::os::unix::fs::symlink(&tool, pack.join(place)).unwrap();
        let source = fs::read_to_string(pack.join(file)).unwrap();
        fs::write(pack.join(file), source.replace(from, to)).unwrap();
        let ran = author(&pack, &["build"]).exits(1);
        assert!(ran.stderr.contains("build-failed") && ran.stderr.contains(file), "{ran:?}");
        assert!(ran.stderr.contains(from.split(' ').next_back().unwrap()), "{ran:?}");
    }
}

/// What `check` finds in a pack that was changed: `code: file:line`.
fn findings(pack: &Path, code: i32) -> Vec<String> {
    let checked = author(pack, &["check", "--json"]).exits(code).json();
    let found = |finding: &Value| {
        let line = finding["where"]["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
        assert!(finding["message"] != "" && finding["level"] != Value::Null, "{finding}");
        format!("{}{line}", finding["code"].as_str().unwrap())
    };
    list(&checked, "findings").iter().map(found).collect()
}

#[test]
fn what_is_wrong_with_a_pack_is_found_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let pack = begun(folder.path(), "personality", "rust");
    let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
    let line = |part: &str| 1 + manifest.lines().position(|line| line.contains(part)).unwrap();
    let change = |from: &str, to: &str| {
        assert!(manifest.contains(from), "{from}");
        fs::write(pack.join("pack.toml"), manifest.replace(from, to)).unwrap();
    };
    change("fuel = 1000000", "fuel = 1000");
    assert_eq!(findings(&pack, 1), [format!("over-fuel:{}", line("fuel = "))]);
    change("bytes = 400000", "bytes = 4000");
    assert_eq!(findings(&pack, 1), [format!("too-big:{}", line("bytes = "))]);
    change("kind = \"personality\"", "kind = \"event-generator\"");
    assert_eq!(findings(&pack, 1), [format!("world-mismatch:{}", line("kind = "))]);
    change("license = \"MIT OR Apache-2.0\"\n", "");
    assert_eq!(findings(&pack, 0), ["no-licence"]);
    change("reason = \"It counts its visitors.\"", "reason = \"\"");
    assert_eq!(findings(&pack, 0), [format!("no-reason:{}", line("[requests.state]"))]);
    change(
        "[requests.state]",
        "[requests.memory]\noperations = [\"recall\"]\nreason = \"It would.\"\n[requests.state]",
    );
    assert_eq!(findings(&pack, 1), [format!("request-not-imported:{}", line("[requests.state]"))]);
    change("[requests.state]\noperations = [\"get\", \"put\"]\nreason = \"It counts its visitors.\"\n", "");
    assert_eq!(findings(&pack, 1), ["import-not-requested"]);
    fs::write(pack.join("pack.toml"), &manifest).unwrap();
    fs::rename(pack.join("README.md"), pack.join("about.txt")).unwrap();
    fs::rename(pack.join("tests"), pack.join("tests-away")).unwrap();
    assert_eq!(findings(&pack, 0), ["no-readme", "no-tests"]);
    author(&pack, &["check", "--deny-warnings", "--json"]).exits(1);
    fs::rename(pack.join("tests-away"), pack.join("tests")).unwrap();
    // An error of the compiler is its own, with file and line.
    let source = fs::read_to_string(pack.join("src/lib.rs")).unwrap();
    fs::write(pack.join("src/lib.rs"), source.replace("saved.visitors += 1;", "saved.visitors += \"1\";")).unwrap();
    let failed = author(&pack, &["build"]).exits(1);
    let at = 1 + source.lines().position(|line| line.contains("saved.visitors += 1;")).unwrap();
    assert!(
        failed.stderr.contains(&format!("src/lib.rs:{at}")) && failed.stderr.contains("build-failed"),
        "{failed:?}"
    );
    // A panic says where it was.
    fs::write(pack.join("src/lib.rs"), source.replace("saved.visitors += 1;", "panic!(\"no more visitors\");"))
        .unwrap();
    let panicked = author(&pack, &["test"]).exits(1);
    assert!(panicked.stdout.contains("breach: trap"), "{panicked:?}");
    assert!(panicked.stdout.contains(&format!("src/lib.rs:{at}")), "{panicked:?}");
}

/// A process whose lines are read while it runs.
struct Living {
    child: Child,
    said: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Living {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |mut from: Box<dyn std::io::Read + Send>, to: std::sync::Arc<std::sync::Mutex<String>>| {
            std::thread::spawn(move || {
                let mut bytes = [0; 4_096];
                while let Ok(n @ 1..) = from.read(&mut bytes) {
                    to.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
                }
            });
        };
        read(Box::new(stdout), std::sync::Arc::clone(&said));
        read(Box::new(stderr), std::sync::Arc::clone(&said));
        Self { child, said }
    }

    /// Waits until so many of these were said.
    fn says(&mut self, what: &str, times: usize) {
        let said = || self.said.lock().unwrap().clone();
        until(Duration::from_secs(240), what, || {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", said());
            said().matches(what).count() >= times
        });
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_changed_serves_at_once_and_what_was_kept_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pack = begun(folder.path(), "personality", "rust");
    let event = r#"{"kind": "mention", "payload": {"post": {"id": "7", "author": "ada", "text": "hello?", "at": "2026-01-05T00:00:00Z", "conversation": "7"}}}"#;
    let mut dev = Living::start(author_command(&pack, &["dev", "--event", event]));
    dev.says(r#"{\"visitors\":1}"#, 1);
    let source = fs::read_to_string(pack.join("src/lib.rs")).unwrap();
    // What does not build leaves the one before where it is.
    fs::write(pack.join("src/lib.rs"), source.replace("saved.visitors += 1;", "saved.visitors += \"1\";")).unwrap();
    dev.says("what was there goes on", 1);
    fs::write(
        pack.join("src/lib.rs"),
        source.replace("saved.visitors += 1;", "log::info(\"counted\"); saved.visitors += 1;"),
    )
    .unwrap();
    dev.says("log info: counted", 1);
    dev.says(r#"{\"visitors\":2}"#, 1);
    drop(dev);
    let ended = fs::read_dir(pack.join(".puppet-dev")).unwrap().count();
    assert!(ended > 0, "its folder stays for the next time");
}

#[test]
fn a_strategy_is_tested_whenever_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let pack = begun(folder.path(), "trading-strategy", "rust");
    let mut dev = Living::start(author_command(&pack, &["dev"]));
    dev.says("1 passed, 0 failed", 1);
    let source = fs::read_to_string(pack.join("src/lib.rs")).unwrap();
    fs::write(pack.join("src/lib.rs"), source.replace("Order::buy(", "Order::sell(")).unwrap();
    dev.says("0 passed, 1 failed", 1);
}
