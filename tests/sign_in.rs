//! An account signs in to X and out of it, and everybody says what is wrong where it cannot.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    support::{self, Ran, Running, ended, list, puppet, until},
    x::{Emulating, posted},
};

const LIMIT: Duration = Duration::from_secs(60);

/// A folder with accounts on an emulated X.
pub struct Place {
    pub emulating: Emulating,
    folder: PathBuf,
}

impl Place {
    /// With the account `ada`, which signs in.
    pub fn new(folder: PathBuf) -> Self {
        let accounts = "[tweet.x.accounts.ada]\noauth2 = true\n";
        Self::with(folder, accounts, &[])
    }

    fn with(folder: PathBuf, accounts: &str, env: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let emulating = Emulating::start(&folder, &[]);
        let config = format!(
            "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\n[tweet.x.apps.main]\nclient_id = \"emulated-client\"\n\
             client_secret_env = \"CLIENT_SECRET\"\nconsumer_key_env = \"KEY\"\nconsumer_secret_env = \"SECRET\"\n{accounts}\
             [llm]\ndefault = \"home\"\n[llm.providers.home]\nbase_url = \"{}\"\nmodel = \"m\"\nkey_env = \"CLIENT_SECRET\"\n\
             price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n\
             [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n",
            emulating.url("x"),
            emulating.url("llm"),
        );
        std::fs::write(folder.join("puppet.toml"), config).unwrap();
        let own =
            [("CLIENT_SECRET", "emulated-client-secret"), ("KEY", "emulated-main"), ("SECRET", "emulated-main-secret")];
        let lines: String = own.iter().chain(env).map(|(name, value)| format!("{name}={value}\n")).collect();
        let dotenv = folder.join(".env");
        std::fs::write(&dotenv, lines).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&dotenv, std::fs::Permissions::from_mode(0o600)).unwrap();
        Self { emulating, folder }
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        support::run(&self.folder, args)
    }

    /// Begins to sign in, and answers the address to open.
    fn begun(&self, args: &[&str]) -> (Child, String, BufReader<ChildStderr>) {
        let mut command = puppet(&self.folder);
        command.args(["x", "login", "ada"]).args(args);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.trim().starts_with("http://") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended: {:?}", child.wait_with_output());
        }
        (child, line.trim().to_owned(), said)
    }

    /// Signs in as an account that says yes in its browser; none: it says no.
    pub fn login(&self, args: &[&str], account: Option<&str>) -> Ran {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let (child, address, mut said) = self.begun(&[&["--port", &port], args].concat());
        let answer = account.map_or("deny=1".to_owned(), |account| format!("account={account}"));
        let back = sent_to(&visited(&format!("{address}&{answer}")));
        // Somebody else comes by first, and is sent away.
        let origin = back.split_once("/callback").unwrap().0;
        assert!(visited(&format!("{origin}/favicon.ico")).starts_with("HTTP/1.1 404"));
        assert!(visited(&format!("{origin}/callback?code=theirs&state=theirs")).starts_with("HTTP/1.1 400"));
        assert!(visited(&back).contains("can be closed"));
        let mut ran = ended(child, LIMIT);
        said.read_to_string(&mut ran.stderr).unwrap();
        ran
    }

    fn accounts(&self) -> Value {
        self.run(&["x", "status", "--json"]).exits(0).json()
    }

    /// What `doctor` says of accounts, with its status.
    fn doctor(&self) -> Vec<(String, String)> {
        let doctor = self.run(&["doctor", "--json"]).json();
        let posts = list(&doctor, "checks").iter().filter(|one| one["name"] == "posts");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        posts.map(|one| (text(&one["status"]), format!("{} {}", text(&one["detail"]), text(&one["remedy"])))).collect()
    }
}

/// What an address answers, whole.
fn visited(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Where a redirect leads.
fn sent_to(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("location: "));
    line.unwrap_or_else(|| panic!("{answer}")).split_once(": ").unwrap().1.trim().to_owned()
}

#[test]
fn an_account_signs_in_while_its_host_runs_posts_and_signs_out() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = "[tweet.x.accounts.harbour_watch]\noauth2 = true\n[tweet.x.accounts.ada]\noauth2 = true\n";
    let place = Place::with(folder.path().to_owned(), accounts, &[]);
    // A token ends as soon as it is given: each request asks for the next.
    place.emulating.misbehave(&json!({ "access_token_s": 30 }));
    let file = support::fixtures().join("agents/harbour-watch.json");
    place.run(&["agent", "import", file.to_str().unwrap()]).exits(0);
    let log = folder.path().join("log");
    let host = Running::start_with(
        puppet(folder.path()),
        &folder.path().join(".puppet"),
        std::fs::File::create(&log).unwrap(),
    );
    let said = || std::fs::read_to_string(&log).unwrap();
    let expected = "@harbour_watch posts nothing: nobody has signed in with it yet";
    until(LIMIT, "the host does not say who posts nothing", || said().contains(expected));
    assert!(said().contains("`puppet x login harbour_watch`"), "{}", said());

    // By the agent's name; and with the address that was pasted.
    let mut command = puppet(folder.path());
    command.args(["x", "login", "harbour-watch", "--no-browser", "--json"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.trim().starts_with("http://") {
        line.clear();
        assert!(errors.read_line(&mut line).unwrap() > 0);
    }
    let back = sent_to(&visited(&format!("{}&account=harbour_watch", line.trim())));
    assert!(back.starts_with("http://127.0.0.1:8731/callback?"), "{back}");
    writeln!(child.stdin.take().unwrap(), "{back}").unwrap();
    let ran = ended(child, LIMIT).exits(0);
    assert_eq!(ran.json()["host"], "the host that runs here posts as @harbour_watch from now on", "{ran:?}");

    let effect = posted(folder.path());
    assert_eq!(effect["state"], "done", "{effect}");
    assert_eq!(place.emulating.posts("harbour_watch").len(), 1);
    let row = |accounts: &Value| {
        list(accounts, "items").iter().find(|one| one["account"] == "harbour_watch").unwrap().clone()
    };
    let accounts = row(&place.accounts());
    assert_eq!(
        (&accounts["state"], &accounts["signs"], &accounts["renews"]),
        (&"ready".into(), &"oauth2".into(), &true.into())
    );
    // The host and a command renew the same tokens, one after the other.
    let doctor = place.doctor();
    assert!(
        doctor.contains(&("ok".to_owned(), "X knows @harbour_watch, which signs by OAuth 2 ".to_owned())),
        "{doctor:?}"
    );
    let secrets = std::fs::read_to_string(folder.path().join(".puppet/secrets.toml")).unwrap();
    assert!(secrets.contains("\"x/harbour_watch/oauth2\"") && secrets.contains("oauth2-refresh-"), "they are kept");

    place.run(&["x", "logout", "@Harbour_Watch"]).exits(0);
    assert_eq!(row(&place.accounts())["state"], "signed-out");
    let doctor = place.doctor();
    assert!(
        doctor.iter().any(|(status, said)| status == "fail" && said.contains("nobody has signed in")),
        "{doctor:?}"
    );
    assert_eq!(host.stop(), 0);
    // No token was ever said or written elsewhere.
    for file in std::fs::read_dir(folder.path().join(".puppet")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() && !file.ends_with("secrets.toml") {
            let bytes = std::fs::read(&file).unwrap();
            assert!(
                !bytes.windows(14).any(|part| part == b"oauth2-access-" || part == b"oauth2-refresh"),
                "{}",
                file.display()
            );
        }
    }
    assert!(![said(), ran.stdout, ran.stderr].concat().contains("oauth2-"), "a token was printed");
}

#[test]
fn whether_x_takes_the_tokens_of_apps_is_told_by_doctor_and_by_whoever_starts() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = "bearer_env = \"RIGHT\"\n[tweet.x.apps.wrong]\nbearer_env = \"WRONG\"\n\
                    [tweet.x.apps.hers]\nbearer_env = \"HERS\"\n[tweet.x.apps.unset]\nbearer_env = \"UNSET\"\n\
                    [tweet.x.accounts.ada]\ntoken_env = \"HERS\"\n";
    let keys = [("RIGHT", "emulated-main-bearer"), ("WRONG", "of-nobody-canary"), ("HERS", "emulated-ada")];
    let place = Place::with(folder.path().to_owned(), accounts, &keys);
    let says = |status: &str, parts: &[&str]| {
        let doctor = place.doctor();
        let is_it = |(is, said): &(String, String)| is == status && parts.iter().all(|part| said.contains(part));
        assert!(doctor.iter().any(is_it), "{status} {parts:?}: {doctor:?}");
    };
    says("ok", &["X knows the app `main`, which may stream"]);
    says("fail", &["the app `wrong`: X does not accept its token", "copy its bearer token"]);
    says("fail", &["the app `hers`: X does not let the app act so", "put the app's own bearer token there"]);
    says("warn", &["nothing is read with the app `unset`: UNSET is not set"]);
    assert!(place.run(&["x", "status"]).exits(0).stdout.contains("ada"), "the account is another matter");
    // What passes is no failure, and what does not says what to do.
    place.emulating.misbehave(&json!({ "streams": false }));
    says("ok", &["X does not let the app `main` stream: its plan has no streams"]);
    for (problem, status, remedy) in
        [("usage-cap", "warn", "wait until 20"), ("credits-depleted", "fail", "add credit")]
    {
        let refused = |operation: &str| json!({ "operation": operation, "kind": "refused", "with": problem });
        place.emulating.misbehave(&json!({ "faults": [refused("rules"), refused("me")] }));
        says(status, &["the app `main`", remedy]);
        says(status, &["@ada", remedy]);
    }
    place.emulating.misbehave(&json!({}));
    let log = folder.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let host = Running::start_with(puppet(folder.path()), &folder.path().join(".puppet"), file);
    let said = || std::fs::read_to_string(&log).unwrap();
    until(LIMIT, "the start does not say which token is wrong", || {
        said().contains("the app `wrong` reads nothing: X does not accept its token")
    });
    assert_eq!(host.stop(), 0);
    assert!(!said().contains("canary") && !said().contains("the app `main` reads"), "{}", said());
}

#[test]
fn nothing_is_kept_of_another_account_of_a_no_and_of_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().to_owned());
    let other = place.login(&[], Some("bob")).exits(3);
    assert!(
        other.stderr.contains("error[sign-in]") && other.stderr.contains("signed in to X as @bob, not as @ada"),
        "{other:?}"
    );
    assert!(other.stderr.contains("change to @ada in that browser"), "{other:?}");
    let no = place.login(&[], None).exits(3);
    assert!(no.stderr.contains("X did not let the app in: access_denied"), "{no:?}");
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port().to_string();
    let taken = place.run(&["x", "login", "ada", "--port", &number]).exits(4);
    assert!(taken.stderr.contains("error[no-port]") && taken.stderr.contains("--no-browser"), "{taken:?}");
    drop(port);
    let nobody = place.run(&["x", "login", "ada", "--port", &number, "--timeout", "50ms"]).exits(3);
    assert!(nobody.stderr.contains("nobody came back"), "{nobody:?}");
    // Ctrl-C is heard.
    let (child, ..) = place.begun(&["--port", &number]);
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(ended(child, LIMIT).code, 3);
    let (mut child, address, _said) = place.begun(&["--no-browser"]);
    let back = sent_to(&visited(&format!("{address}&account=ada"))).replace("state=", "state=x");
    writeln!(child.stdin.take().unwrap(), "{back}").unwrap();
    assert_eq!(ended(child, LIMIT).code, 3);
    assert!(!folder.path().join(".puppet/secrets.toml").exists());
    let unknown = place.run(&["x", "login", "aad"]).exits(2);
    assert!(unknown.stderr.contains("error[unknown-account]") && unknown.stderr.contains("`ada`"), "{unknown:?}");
}

#[test]
fn what_x_did_not_give_is_told_wherever_an_account_is() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().to_owned());
    let state = |place: &Place| place.accounts()["items"][0].clone();
    let login = place.login(&[], Some("ada&scope=tweet.read%20users.read%20like.write%20media.write")).exits(0);
    let told = ["without tweet.write nothing is posted", "without offline.access", "`puppet x login ada`"];
    for said in told {
        assert!(login.stderr.contains(said), "{said}: {login:?}");
    }
    let row = state(&place);
    assert_eq!((&row["state"], &row["lacks"]), (&"lacking".into(), &json!(["tweet.write", "offline.access"])), "{row}");
    let shown = place.run(&["x", "status"]).exits(0);
    assert!(shown.stdout.contains("lacking: tweet.write, offline.access"), "{shown:?}");
    assert!(told.iter().all(|said| shown.stderr.contains(said)), "{shown:?}");
    let doctor = place.doctor();
    let has = |status: &str, doctor: &[(String, String)], said: &[&str]| {
        doctor.iter().any(|(found, words)| found == status && said.iter().all(|said| words.contains(said)))
    };
    assert!(has("fail", &doctor, &told), "nothing can be posted: {doctor:?}");

    // Something else can be done all the same.
    place.login(&[], Some("ada&scope=tweet.read%20users.read%20tweet.write%20like.write%20offline.access")).exits(0);
    let doctor = place.doctor();
    assert!(has("warn", &doctor, &["without media.write no post has images"]), "{doctor:?}");
    let whole = place.login(&["--json"], Some("ada")).exits(0);
    assert_eq!(whole.json()["lacks"], json!([]));
    assert!(state(&place)["state"] == "ready" && !format!("{:?}", place.doctor()).contains("without"));
    // Without this X does not say whose the tokens are.
    let least = place.login(&[], Some("ada&scope=tweet.write%20tweet.read")).exits(3);
    assert!(least.stderr.contains("not given users.read"), "{least:?}");
    assert_eq!(state(&place)["state"], "ready", "what was there is kept");
}

#[test]
fn the_address_to_open_is_whole_whatever_is_secret() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = "[tweet.x.accounts.ada]\noauth2 = true\n[tweet.x.accounts.bob]\ntoken_env = \"SAME\"\n";
    // Of an app that has the same name everywhere.
    let place = Place::with(folder.path().to_owned(), accounts, &[("SAME", "emulated-client")]);
    let (mut child, address, _said) = place.begun(&["--no-browser"]);
    assert!(address.contains("client_id=emulated-client&"), "{address}");
    let back = sent_to(&visited(&format!("{address}&account=ada")));
    writeln!(child.stdin.take().unwrap(), "{back}").unwrap();
    assert_eq!(ended(child, LIMIT).code, 0);

    let config = std::fs::read_to_string(folder.path().join("puppet.toml")).unwrap();
    let config = config.replace("client_id = \"emulated-client\"", "client_id = \"emulated-client-secret\"");
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    let refused = place.run(&["x", "login", "ada"]).exits(2);
    assert!(refused.stderr.contains("this is the app's client secret"), "{refused:?}");
    assert!(!refused.stderr.contains("emulated-client"), "{refused:?}");
}

#[test]
fn doctor_says_what_is_wrong_with_each_account() {
    let folder = tempfile::tempdir().unwrap();
    let keys = |name: &str, token: &str| {
        format!("[tweet.x.accounts.{name}]\naccess_token_env = \"{token}\"\naccess_secret_env = \"{token}_S\"\n")
    };
    let accounts = [keys("ada", "ADA"), keys("bob", "BOB"), keys("cat", "ADA"), keys("dan", "NONE")].concat();
    let env = [
        ("ADA", "emulated-ada"),
        ("ADA_S", "emulated-ada-secret"),
        ("BOB", "emulated-bob"),
        ("BOB_S", "canary-of-another"),
    ];
    let place = Place::with(folder.path().to_owned(), &accounts, &env);
    let doctor = place.doctor();
    let has = |status: &str, parts: &[&str]| {
        let fits = |(found, said): &&(String, String)| found == status && parts.iter().all(|part| said.contains(part));
        assert!(doctor.iter().any(|one| fits(&one)), "{status} {parts:?}: {doctor:#?}");
    };
    has("ok", &["X knows @ada, which signs by OAuth 1.0a"]);
    has("fail", &["@bob: X does not accept its keys (OAuth 1.0a)", "developer portal"]);
    has("fail", &["@cat: it signs with the token of @ada", "[tweet.x.accounts.ada]"]);
    has("warn", &["@dan posts nothing: NONE is not set"]);
    assert!(!format!("{doctor:?}").contains("canary"));
    // What the host says of the same.
    let log = folder.path().join("log");
    let _host = Running::start_with(
        puppet(folder.path()),
        &folder.path().join(".puppet"),
        std::fs::File::create(&log).unwrap(),
    );
    let said = || std::fs::read_to_string(&log).unwrap();
    until(LIMIT, "the host does not say who posts nothing", || {
        said().contains("@bob posts nothing: X does not accept its keys") && said().contains("@cat posts nothing")
    });
    assert!(!said().contains("canary") && !said().contains("@ada posts"), "{}", said());
}

#[test]
fn an_address_that_is_not_xs_is_told_from_one_where_nobody_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = |endpoint: &str| {
        format!(
            "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{endpoint}\"\n[tweet.x.accounts.ada]\ntoken_env = \"PATH\"\n"
        )
    };
    let check = |folder: &Path, endpoint: &str| {
        std::fs::write(folder.join("puppet.toml"), text(endpoint)).unwrap();
        let doctor = support::run(folder, &["doctor", "--json"]).exits(1).json();
        let failed = list(&doctor, "checks").iter().find(|one| one["name"] == "posts" && one["status"] == "fail");
        failed.unwrap_or_else(|| panic!("{doctor}"))["detail"].as_str().unwrap().to_owned()
    };
    let emulating = Emulating::start(folder.path(), &["--x"]);
    let elsewhere = format!("{}/nowhere", emulating.url("x"));
    let said = check(folder.path(), &elsewhere);
    assert!(said.starts_with(&format!("@ada: what answers at {} is not X", emulating.url("x"))), "{said}");
    let secure = emulating.url("x").replace("http:", "https:");
    let said = check(folder.path(), &secure);
    let insecure =
        format!("@ada: X cannot be reached at {secure}: there is no secure connection: no TLS is spoken there");
    assert_eq!(said, insecure);
    drop(emulating);
    let gone = secure.replace("https:", "http:");
    let refused = format!("@ada: X cannot be reached at {gone}: the connection was refused: nobody listens there");
    assert_eq!(check(folder.path(), &gone), refused);
    // A token goes in clear to this machine only: that is told once, however many accounts there are.
    let clear = text("http://x.example") + "[tweet.x.accounts.bob]\ntoken_env = \"PATH\"\n";
    std::fs::write(folder.path().join("puppet.toml"), clear).unwrap();
    let doctor = support::run(folder.path(), &["doctor", "--json"]).exits(1).json();
    let told = list(&doctor, "checks").iter().filter(|one| one["detail"].as_str().unwrap().contains("plain http"));
    let told: Vec<&str> = told.map(|one| one["detail"].as_str().unwrap()).collect();
    assert!(
        matches!(told.as_slice(), [one] if one.contains("puppet.toml:4") || one.contains("tweet.x.endpoint")),
        "{doctor}"
    );
}
