//! The original's `.env`: each variable becomes a secret, a setting of `puppet.toml`, or stays behind with the reason. No
//! value is ever printed.

use std::{collections::BTreeMap, io, path::Path};

use puppet_import::{FileReport, Holds, Problem, Variable, variables};
use puppet_packs::import::{is_secret, is_secret_address};
use puppet_types::{AgentId, Secret};
use serde_json::Value as Json;
use toml_edit::Value;

use super::settings::{self, Setting};
use crate::files;

/// Its name.
pub const FILE: &str = ".env";

/// What comes of it.
pub struct Env {
    /// What became of each variable.
    pub report: FileReport,
    /// For `puppet.toml`.
    pub settings: Vec<Setting>,
    /// Credentials by name.
    pub secrets: Vec<(String, Secret)>,
    /// Values that mean nothing.
    pub problems: Vec<Problem>,
}

/// Where a variable goes.
enum Way {
    Secret(String),
    Setting(&'static str, Value),
    Ignored(&'static str),
    Unknown,
}

const EMPTY: &str = "empty counts as not set";
const NODE: &str = "[trading] names the node: rpc_url, or rpc_secret where the address holds a key";
const PAPER: &str = "a desk without a wallet trades on paper: `[trading.desks]`";
const NO_X: &str = "`[tweet]` in puppet.toml says where posts go, and how accounts hear";
const NO_LAUNCHER: &str = "of the token launcher, which the original had switched off";

/// Variables that are known and not taken over.
const IGNORED: &[(&str, &str)] = &[
    ("MONGODB_URI", "rows are kept in the data folder; the collections come from the dump"),
    ("DEFAULT_AGENT_MEMORY_LIMIT", "each kind of memory has a cap of its own"),
    ("USE_TWITTER_API", NO_X),
    ("USE_TWITTER_STREAMING", NO_X),
    ("MENTION_POLLING_INTERVAL", NO_X),
    ("ENABLE_RATE_LIMIT_PROTECTION", "budgets and pauses after errors are always on"),
    ("RPC_URL", NODE),
    ("SOLANA_RPC_URL", NODE),
    ("SOLANA_SIMULATION_MODE", PAPER),
    ("TOKEN_LAUNCH_DELAY_MINUTES", NO_LAUNCHER),
    ("TOKEN_PRELAUNCH_TWEET", NO_LAUNCHER),
    ("ENGINE_POST_INTERVAL", "the original never read it: each agent has an interval of its own"),
    ("DRY_RUN", "grants say what leaves: `puppet grants set PACK --mode dry-run`"),
    ("CUSTOM_SYSTEM_PROMPT", "each agent has a prompt of its own"),
];

/// Credentials that belong to nobody alone, with their names among the secrets.
const SHARED: &[(&str, &str)] = &[
    ("TWITTER_API_KEY", "x/default/api_key"),
    ("TWITTER_API_KEY_SECRET", "x/default/api_key_secret"),
    ("TWITTER_ACCESS_TOKEN", "x/default/access_token"),
    ("TWITTER_ACCESS_TOKEN_SECRET", "x/default/access_token_secret"),
    ("TWITTER_BEARER_TOKEN", "x/default/bearer_token"),
    ("SOLANA_PRIVATE_KEY", "solana/shared/private_key"),
    ("BIRDEYE_API_KEY", "birdeye/api_key"),
    ("OPENAI_API_KEY", "llm/openai"),
    ("GROK_API_KEY", "llm/grok"),
];

/// Settings that are taken as they are, with the key of `puppet.toml` and the variable without which they mean nothing.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("ENGINE_LOG_LEVEL", "host.log_level", ""),
    ("ENGINE_PORT", "api.listen", ""),
    ("NEWS_EVENT_INTERVAL", "generators.news.interval", ""),
    ("MOOD_EVENT_INTERVAL", "generators.mood-swings.interval", ""),
    ("INTERACTION_EVENT_INTERVAL", "generators.encounters.interval", ""),
    ("OPENAI_MODEL", "llm.providers.openai.model", "OPENAI_API_KEY"),
    ("GROK_MODEL", "llm.providers.grok.model", "GROK_API_KEY"),
    ("GROK_API_ENDPOINT", "llm.providers.grok.base_url", "GROK_API_KEY"),
];

/// Settings that come with a key: the provider finds it, and OpenAI is who writes where nobody is named (contract §2).
const WITH_KEY: &[(&str, &str, &str)] = &[
    ("OPENAI_API_KEY", "llm.providers.openai.key_secret", "llm/openai"),
    ("OPENAI_API_KEY", "llm.default", "openai"),
    ("GROK_API_KEY", "llm.providers.grok.key_secret", "llm/grok"),
];

/// Reads it; nothing where there is none.
pub fn read(folder: &Path, agents: &[AgentId]) -> Option<Env> {
    let text = match files::plain_text(&folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        text => text,
    };
    let report = FileReport::new(FILE, Holds::Env, None);
    let mut env = Env { report, settings: Vec::new(), secrets: Vec::new(), problems: Vec::new() };
    match text {
        Ok(text) => env.lines(&text, agents),
        Err(error) => {
            let message = format!("cannot be read: {error}");
            env.problems.push(Problem::new("unreadable", FILE, message, "make it readable, or move it away"));
        }
    }
    Some(env)
}

fn is_set(values: &BTreeMap<String, String>, name: &str) -> bool {
    values.get(name).is_some_and(|value| !value.trim().is_empty())
}

fn way(name: &str, value: &str, values: &BTreeMap<String, String>, agents: &[AgentId]) -> Way {
    if value.is_empty() {
        return Way::Ignored(EMPTY);
    }
    if let Some((_, secret)) = SHARED.iter().find(|(shared, _)| *shared == name) {
        return Way::Secret((*secret).to_owned());
    }
    if let Some((_, key, needs)) = SETTINGS.iter().find(|(setting, ..)| *setting == name) {
        if !needs.is_empty() && !is_set(values, needs) {
            return Way::Ignored("its key is not set: there is no such provider");
        }
        if *key == "api.listen" {
            return match value.trim().parse::<u16>() {
                Ok(port) => Way::Setting(key, Value::from(format!("127.0.0.1:{port}"))),
                Err(_) => Way::Ignored("no port"),
            };
        }
        let number = value.parse().ok().filter(|_| key.ends_with(".interval"));
        return Way::Setting(key, number.map_or_else(|| Value::from(value), |number: i64| Value::from(number)));
    }
    if let Some((_, reason)) = IGNORED.iter().find(|(ignored, _)| *ignored == name) {
        return if is_secret_address(value) { Way::Secret(of_environment(name)) } else { Way::Ignored(reason) };
    }
    match of_agent(name, agents) {
        Some(secret) => Way::Secret(secret),
        None if is_secret(name) || is_secret_address(value) => Way::Secret(of_environment(name)),
        None => Way::Unknown,
    }
}

fn of_environment(name: &str) -> String {
    format!("env/{}", name.to_lowercase())
}

/// Whether a name is told: what is called like no variable may be the rest of a key that was broken into two lines.
fn may_be_told(name: &str, value: &str) -> bool {
    let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let of_agent = OF.iter().any(|(prefix, ..)| name.starts_with(prefix));
    let begins = !name.starts_with(|c: char| c.is_ascii_digit());
    let is_name = begins && name.len() <= NAME_BYTES && name.chars().all(is_upper);
    (is_name || of_agent) && !value.starts_with('=')
}

/// Longest name of a variable that is no agent's.
const NAME_BYTES: usize = 64;

/// Credentials of one agent: where its id begins, whose it is, and what.
const OF: [(&str, &str, &str); 3] = [
    ("TWITTER_USERNAME_", "x", "username"),
    ("TWITTER_PASSWORD_", "x", "password"),
    ("SOLANA_PRIVATE_KEY_", "solana", "private_key"),
];

/// A credential of one agent: its id stands in the name.
fn of_agent(name: &str, agents: &[AgentId]) -> Option<String> {
    let (rest, space, field) =
        OF.iter().find_map(|(prefix, space, field)| Some((name.strip_prefix(prefix)?, space, field)))?;
    let upper = |id: &AgentId| id.as_str().to_ascii_uppercase().replace('-', "_");
    let agent = agents.iter().find(|id| id.as_str() == rest || (*space == "solana" && upper(id) == rest));
    let whose = agent.map_or_else(|| rest.to_lowercase(), AgentId::to_string);
    Some(format!("{space}/{whose}/{field}"))
}

impl Env {
    fn lines(&mut self, text: &str, agents: &[AgentId]) {
        let lines = match variables(text) {
            Ok(lines) => lines,
            Err(line) => {
                let problem = Problem::new("syntax", FILE, "is no `NAME=value`", "correct the line, or take it out");
                return self.problems.push(problem.on_line(line));
            }
        };
        let mut values = BTreeMap::new();
        for Variable { line, name, value } in lines {
            if !may_be_told(&name, &value) {
                let problem = Problem::new("syntax", FILE, "is no `NAME=value`", "correct the line, or take it out");
                self.problems.push(problem.on_line(line));
                continue;
            }
            if let Some((earlier, _)) = values.insert(name.clone(), (line, value.trim().to_owned())) {
                let field = format!("{name} (line {earlier})");
                self.report.fates.ignored(&field, &Json::Null, "a later line sets it again");
            }
        }
        let values: BTreeMap<String, String> = values.into_iter().map(|(name, (_, value))| (name, value)).collect();
        if values.get("USE_TWITTER_API").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
            let message = crate::config::NO_SCRAPING;
            let problem = Problem::new("bad-variable", FILE, message, "take the line out, and give each account keys");
            self.problems.push(problem.at("USE_TWITTER_API"));
        }
        for (name, value) in &values {
            self.variable(name, value, way(name, value, &values, agents));
        }
        self.report.leaves = self.report.fates.leaves();
    }

    fn variable(&mut self, name: &str, value: &str, way: Way) {
        let fates = &mut self.report.fates;
        match way {
            Way::Ignored(reason) => fates.ignored(name, &Json::Null, reason),
            Way::Unknown => fates.unknown(name, &Json::Null),
            Way::Secret(secret) => {
                fates.moved(name, &Json::Null);
                self.secrets.push((secret, Secret::new(value)));
                for (_, key, value) in WITH_KEY.iter().filter(|(of, ..)| *of == name) {
                    self.settings.push(Setting {
                        key: (*key).to_owned(),
                        value: Value::from(*value),
                        variable: name.to_owned(),
                    });
                }
            }
            Way::Setting(key, value) => {
                let setting = Setting { key: key.to_owned(), value, variable: name.to_owned() };
                if settings::means_something(&setting) {
                    fates.carried(name, &Json::Null, &format!("puppet.toml: {key}"));
                    self.settings.push(setting);
                } else {
                    let message = format!("is no value of `{key}`");
                    let problem = Problem::new("bad-variable", FILE, message, "correct it, or take it out");
                    self.problems.push(problem.at(name));
                }
            }
        }
    }
}
