//! `doctor` as operators use it: what no host would start with fails here too, and beside a host that emulates what that is on
//! is looked at.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::support::{self, list, puppet, run, until};

const LIMIT: Duration = Duration::from_secs(60);
const FAR: &str = "[llm.providers.far]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nembedding_model = \"e\"\n\
                   key_env = \"NO_SUCH_KEY\"\n\
                   price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }\n";

/// A host, until it is dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Status, detail and remedy of the checks of a name.
fn checks(folder: &Path, name: &str) -> Vec<[String; 3]> {
    let doctor = run(folder, &["doctor", "--json"]).json();
    let of = list(&doctor, "checks").iter().filter(|check| check["name"] == name);
    of.map(|check| ["status", "detail", "remedy"].map(|key| check[key].as_str().unwrap().to_owned())).collect()
}

fn fails(folder: &Path, name: &str) -> Vec<String> {
    checks(folder, name).into_iter().filter(|check| check[0] == "fail").map(|check| check[1].clone()).collect()
}

#[test]
fn what_a_host_refuses_at_its_start_the_doctor_fails_for() {
    for (settings, name, said) in [
        ("[llm]\ndefault = \"far\"\n", "model", "`far` is no model that can be used"),
        ("[llm]\nmoderation = \"far\"\n", "model", "`far` cannot be used: NO_SUCH_KEY is not set"),
        ("[memory]\nembeddings = \"far\"\n", "memory", "`far` cannot be used: NO_SUCH_KEY is not set"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("puppet.toml"), format!("{settings}{FAR}")).unwrap();
        let refused = run(folder.path(), &["run", "--for", "1ms"]).exits(2).stderr;
        assert!(refused.contains(said), "{refused}");
        let failed = fails(folder.path(), name);
        assert!(failed.len() == 1 && failed[0].ends_with(said), "{settings}: {failed:?}");
        run(folder.path(), &["doctor"]).exits(1);
        // What it needs is there, and both are content.
        fs::write(folder.path().join(".env"), "NO_SUCH_KEY=k\n").unwrap();
        fs::set_permissions(folder.path().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(fails(folder.path(), name).iter().all(|detail| !detail.contains(said)), "{settings}");
    }
}

#[test]
fn packs_that_a_host_leaves_as_they_were_are_named_once_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("agents/ember");
    fs::create_dir_all(&pack).unwrap();
    let head = "id = \"ember\"\nversion = \"0.1.0\"\npersona = \"persona.toml\"\nplugin = \"standard-personality\"\n";
    fs::write(pack.join("pack.toml"), head).unwrap();
    fs::write(pack.join("persona.toml"), "goals = 3\n").unwrap();
    let failed = fails(folder.path(), "agents folder");
    assert!(failed.len() == 1 && failed[0].contains("persona.toml"), "{failed:?}");
    let mut command = puppet(folder.path());
    let ran = support::finish(command.args(["run", "--for", "3s"])).exits(0);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(told.lines().filter(|line| line.contains("goals")).count(), 1, "{told}");
}

#[test]
fn beside_a_host_that_emulates_what_it_is_on_is_told_and_who_joins_without_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = "[generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n";
    fs::write(folder.path().join("puppet.toml"), format!("{quiet}{FAR}")).unwrap();
    let agent = |name: &str| support::fixtures().join(format!("agents/{name}.json")).to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &agent("harbour-watch")]).exits(0);
    let (data, log) = (folder.path().join(".puppet"), folder.path().join("log"));
    let mut command = puppet(folder.path());
    command.args(["run", "--emulate", "x,llm"]);
    let _host = Host(command.stderr(fs::File::create(&log).unwrap()).stdout(Stdio::null()).spawn().unwrap());
    until(LIMIT, "the host is not ready", || {
        fs::read_to_string(data.join("run.json")).is_ok_and(|text| text.contains("\"llm\":\"http"))
    });
    let said = || fs::read_to_string(&log).unwrap();
    let ready: Value = serde_json::from_str(&fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
    let x = ready["emulators"]["x"].as_str().unwrap();
    let told = checks(folder.path(), "emulators");
    assert!(told.len() == 1 && told[0][1].contains(&format!("X at {x} and models at http://")), "{told:?}");
    let posts = checks(folder.path(), "posts");
    assert!(
        posts[0][1] == format!("they go to the emulated X at {x}") && posts.iter().all(|it| it[0] == "ok"),
        "{posts:?}"
    );
    let models = checks(folder.path(), "model");
    assert!(models.iter().all(|check| check[0] == "ok"), "{models:?}");
    assert!(models.iter().any(|check| check[1].contains("`emulated` writes")), "{models:?}");

    // Its accounts are those of its start.
    run(folder.path(), &["agent", "import", &agent("orbit-desk")]).exits(0);
    until(LIMIT, "it is not said", || {
        said().contains("it posts as @orbit_desk, which has no token for X in this host")
    });
    let failed = fails(folder.path(), "posts");
    assert_eq!(failed, ["orbit-desk posts as @orbit_desk, which the host that runs here does not know"]);
    let post = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "orbit-desk", "--wait"];
    run(folder.path(), &post);
    let spent = run(folder.path(), &["budgets", "--json"]).exits(0).json();
    let of_tweet = list(&spent, "items")
        .iter()
        .filter(|item| item["agent"] == "orbit-desk" && item["capability"] == "tweet" && item["unit"] == "usd_micros");
    assert!(
        of_tweet.into_iter().all(|item| item["used"] == 0 || item["used"] == 15_000),
        "no read is charged: {spent}"
    );

    // A change is told as it is taken up, also here.
    fs::write(folder.path().join("puppet.toml"), format!("{quiet}{FAR}[tweet.policy]\nduplicate_days = 3\n")).unwrap();
    until(LIMIT, "it is not taken up", || said().contains("tweet.policy.duplicate_days holds from now on"));
    assert!(!said().contains("restart"), "{}", said());
}

#[test]
fn of_the_server_it_is_told_where_it_answers_what_stands_in_its_way_and_who_may_ask() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    let api = |name: &str| checks(folder, name);
    // A port that another program has.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let doctor = support::finish(puppet(folder).env("ENGINE_PORT", &port).args(["doctor"])).exits(1);
    assert!(doctor.stdout.contains(&format!("api: somebody else listens on 127.0.0.1:{port}")), "{}", doctor.stdout);
    // One that none may have.
    let toml = folder.join("puppet.toml");
    fs::write(&toml, "[api]\nlisten = \"0.0.0.0:0\"\n").unwrap();
    let open = fails(folder, "api");
    assert!(open.len() == 1 && open[0].contains("puppet.toml:2") && open[0].contains("is not loopback"), "{open:?}");
    fs::write(&toml, "[api]\nlegacy_open = true\n[api.tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"\n").unwrap();
    let told = api("api");
    assert_eq!(told.iter().map(|check| check[0].as_str()).collect::<Vec<_>>(), ["ok", "warn"], "{told:?}");
    assert!(fails(folder, "api certificate")[0].contains("none.pem cannot be read"));
    fs::remove_file(&toml).unwrap();

    let host = support::Running::start(folder, &data, &[]);
    let ready: Value = serde_json::from_str(&fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
    let at = format!("the host that runs here answers at {}/", ready["api_url"].as_str().unwrap());
    assert_eq!(api("api"), [["ok".to_owned(), at, String::new()]]);
    let keys = api("api keys");
    assert!(keys[0][0] == "ok" && keys[0][1] == "1 key can be used, of them 1 admin's", "{keys:?}");
    let first = run(folder, &["api", "key", "list", "--json"]).exits(0).json();
    run(folder, &["api", "key", "revoke", list(&first, "items")[0]["id"].as_str().unwrap()]).exits(0);
    let keys = api("api keys");
    assert!(keys[0][0] == "warn" && keys[0][2].contains("--role admin"), "{keys:?}");
    assert_eq!(host.stop(), 0);
}
