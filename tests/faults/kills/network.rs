//! The emulated network and model: a process that outlives every host, counts, and misbehaves. What it has at the end is
//! held against what the host says that it did.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use super::Program;

/// Until it is dropped.
pub struct Network {
    child: Child,
    told: Value,
}

impl Network {
    /// Answers are lost, connections closed, requests refused for a while: some of a thousand each.
    pub fn start(program: &Program, folder: &Path, seed: u64) -> Result<Self, String> {
        let mut command = program(folder);
        command.args(["emulate", "--json", "--seed", &seed.to_string()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut line = String::new();
        let said = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let network = Self { child, told: serde_json::from_str(&line).map_err(|error| format!("{said:?} {error}"))? };
        let post =
            |kind: &str, per_mille: u32| json!({ "kind": kind, "operation": "create-post", "per_mille": per_mille });
        let mut done = post("failed", 20);
        (done["status"], done["done"]) = (500.into(), true.into());
        network.plan(&json!({ "seed": seed, "limit": 1_000_000, "faults": [
            post("lost-answer", 60),
            post("truncated", 30),
            done,
            { "kind": "rate-limited", "reset_s": 1, "per_mille": 10 },
            { "kind": "failed", "status": 503, "per_mille": 20 },
            { "kind": "late", "ms": 40, "per_mille": 100 },
            { "kind": "closed", "per_mille": 20 },
        ] }))?;
        Ok(network)
    }

    /// From now on all goes well.
    pub fn behave(&self) -> Result<(), String> {
        self.plan(&json!({ "limit": 1_000_000, "faults": [] }))
    }

    fn plan(&self, plan: &Value) -> Result<(), String> {
        match asked(self.url("faults")?, "POST", &plan.to_string())? {
            Value::Object(told) if told.is_empty() => Ok(()),
            other => Err(format!("the emulator takes no such plan: {other}")),
        }
    }

    fn url(&self, name: &str) -> Result<&str, String> {
        self.told[name].as_str().ok_or_else(|| format!("no {name} in {}", self.told))
    }

    /// Lets the agents of a folder post there, each as an account of its own, and soon again after a fault.
    pub fn configure(&self, folder: &Path, agents: &[String]) -> Result<(), String> {
        let mut config = format!(
            "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\ntimeout_ms = 2000\nsettle_ms = 200\n",
            self.url("x")?
        );
        let mut tokens = "TOKEN_MODEL=emulated-model\n".to_owned();
        for account in agents.iter().map(|agent| account(agent)) {
            let _ = writeln!(config, "[tweet.x.accounts.{account}]\ntoken_env = \"TOKEN_{}\"", account.to_uppercase());
            let _ = writeln!(tokens, "TOKEN_{}=emulated-{account}", account.to_uppercase());
        }
        let _ = write!(
            config,
            "[llm]\ndefault = \"home\"\n[llm.providers.home]\nbase_url = \"{}\"\nmodel = \"m\"\nkey_env = \"TOKEN_MODEL\"\n\
             price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n\
             [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n\
             [outbox]\nattempts = 9\nbackoff_ms = 100\nbackoff_most_ms = 500\nlook_after_ms = 2500\nbreaker_probe_ms = 500\n",
            self.url("llm")?
        );
        for (name, text) in [("puppet.toml", config), (".env", tokens)] {
            std::fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Holds its posts and its model's questions against the rows of the host: how many posts there are.
    ///
    /// # Errors
    /// A post that is no effect's, or two effects'; an effect that is done and has no post; more questions than are booked.
    pub fn agrees(&self, db: &rusqlite::Connection) -> Result<usize, String> {
        let told = asked(self.url("report")?, "GET", "")?;
        let accounts = told["accounts"].as_array().into_iter().flatten();
        let posts = accounts.flat_map(|account| account["posts"].as_array().into_iter().flatten());
        let there: Vec<String> = posts.filter_map(|post| post["id"].as_str()).map(str::to_owned).collect();
        posts_agree(&there, db)?;
        let counted = |key: &str| told["llm"][key].as_i64().unwrap_or(0);
        let used = counted("prompt_tokens") + counted("completion_tokens");
        const BOOKED: &str = "SELECT coalesce(sum(used + overrun), 0) FROM budgets \
                              WHERE scope = 'agent' AND capability = 'llm' AND amount = 'tokens' AND period = 'day'";
        let booked = db.query_row(BOOKED, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string())?;
        if used == 0 || used > booked {
            return Err(format!("the model has written {used} tokens, and {booked} are booked"));
        }
        Ok(there.len())
    }
}

/// Each post is one effect's, and each effect has the posts that its row says. One in doubt that nobody can tell of may have
/// made one more.
///
/// # Errors
/// What is there twice, or not at all.
pub fn posts_agree(there: &[String], db: &rusqlite::Connection) -> Result<(), String> {
    const SQL: &str = "SELECT id, state, coalesce(provider_id, '') FROM outbox WHERE json_extract(body, '$.kind') \
                       IN ('post', 'thread', 'reply', 'quote')";
    let read = || {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        db.prepare(SQL)?.query_map([], row)?.collect::<rusqlite::Result<Vec<(String, String, String)>>>()
    };
    let (mut of_post, mut doubtful) = (BTreeMap::new(), 0);
    for (effect, state, posts) in read().map_err(|error| error.to_string())? {
        doubtful += usize::from(state == "in-doubt");
        for post in posts.split(',').filter(|post| !post.is_empty()) {
            if let Some(other) = of_post.insert(post.to_owned(), effect.clone()) {
                return Err(format!("post {post} is taken for {effect} and for {other}"));
            }
        }
    }
    if let Some((post, effect)) = of_post.iter().find(|(post, _)| !there.contains(post)) {
        return Err(format!("{effect} has posted, and its post {post} is not there"));
    }
    let nobodys: BTreeSet<&String> = there.iter().filter(|post| !of_post.contains_key(*post)).collect();
    if nobodys.len() > doubtful {
        return Err(format!(
            "{} posts are no effect's, and {doubtful} effects are in doubt: {nobodys:?}",
            nobodys.len()
        ));
    }
    Ok(())
}

/// Of the threads that are asked for.
const PARTS: usize = 2;

/// What an agent is asked to post. Every fifth is a thread; every seventh says nothing of its own, so that the same words come again.
pub fn asked_for(id: &str, n: usize) -> Value {
    match n {
        n if n % 7 == 0 => json!({ "force": true }),
        n if n % 5 == 0 => json!({ "force": true, "topic": format!("tide {id}"), "thread_length": PARTS }),
        _ => json!({ "force": true, "topic": format!("tide {id}") }),
    }
}

/// Whom an agent posts as.
fn account(agent: &str) -> String {
    agent.replace('-', "_")
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an address of this machine answers.
pub fn asked(url: &str, method: &str, body: &str) -> Result<Value, String> {
    let bad = |error: &dyn std::fmt::Display| format!("{url}: {error}");
    let address = url.strip_prefix("http://").and_then(|url| url.split_once('/'));
    let (host, path) = address.ok_or_else(|| bad(&"no address"))?;
    let mut socket = TcpStream::connect(host).map_err(|error| bad(&error))?;
    let head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close");
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).map_err(|error| bad(&error))?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).map_err(|error| bad(&error))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).map_err(|error| bad(&error))
}
