//! The environment variables: those of the original engine and our own, which of them are used, and
//! what they set. docs/reference/environment.md is made from this table.

use super::origin::{Level, Origin, Warning};

/// An environment variable that is understood.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name. `<id>` stands for an agent's id, `<ID>` for the same in upper case with `_` for `-`.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Whether it has an effect today.
    pub used: bool,
    /// The key of `puppet.toml` that it wins over; empty where there is none.
    pub maps_to: &'static str,
}

const fn used(name: &'static str, maps_to: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning, used: true, maps_to }
}

const fn understood(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning, used: false, maps_to: "" }
}

/// Every variable.
pub const ENVIRONMENT: &[Variable] = &[
    used("PUPPET_DATA", "host.data", "The data folder. `--data` wins over it."),
    used("ENGINE_LOG_LEVEL", "host.log_level", "How much the host logs."),
    used("ENGINE_PORT", "api.listen", "Port of the server; 0: one that is free."),
    used("NEWS_EVENT_INTERVAL", "generators.news.interval", "Milliseconds between news."),
    used("MOOD_EVENT_INTERVAL", "generators.mood-swings.interval", "Milliseconds between mood swings."),
    used("INTERACTION_EVENT_INTERVAL", "generators.encounters.interval", "Milliseconds between encounters."),
    used("OPENAI_API_KEY", "llm.providers.openai.key_env", "Key of OpenAI; makes the provider `openai`."),
    used("OPENAI_MODEL", "llm.providers.openai.model", "Its model."),
    used("GROK_API_KEY", "llm.providers.grok.key_env", "Key of xAI; makes the provider `grok`."),
    used("GROK_API_ENDPOINT", "llm.providers.grok.base_url", "Its address, with or without `/chat/completions`."),
    used("GROK_MODEL", "llm.providers.grok.model", "Its model."),
    used("OPENROUTER_API_KEY", "llm.providers.<name>.key_env", "Key of OpenRouter, for the preset `openrouter`."),
    used("ANTHROPIC_API_KEY", "llm.providers.<name>.key_env", "Key of Anthropic, for the preset `anthropic`."),
    used(
        "SOLANA_PRIVATE_KEY",
        "trading.wallets.shared.key_env",
        "Key of a wallet that all agents share; makes the wallet `shared`.",
    ),
    used(
        "SOLANA_PRIVATE_KEY_<ID>",
        "trading.wallets.<name>.key_env",
        "Key of one agent's wallet; makes the wallet that is named like the agent.",
    ),
    used("SOLANA_RPC_URL", "trading.rpc_env", "Address of a Solana node, where the file names none."),
    used("RPC_URL", "trading.rpc_env", "The same, where `SOLANA_RPC_URL` is not set."),
    used(
        "BIRDEYE_API_KEY",
        "trading.trending.key_env",
        "Key of Birdeye, where `[trading.trending]` is there and names none.",
    ),
    understood("MONGODB_URI", "The database. Rows are in MongoDB where `[store] mongodb` names a credential."),
    understood("DEFAULT_AGENT_MEMORY_LIMIT", "Memories per agent."),
    understood("TWITTER_API_KEY", "Account that agents without their own post from: API key."),
    understood("TWITTER_API_KEY_SECRET", "The same: secret of the API key."),
    understood("TWITTER_ACCESS_TOKEN", "The same: access token."),
    understood("TWITTER_ACCESS_TOKEN_SECRET", "The same: secret of the access token."),
    understood("TWITTER_BEARER_TOKEN", "The same: bearer token."),
    understood(
        "USE_TWITTER_API",
        "`false`: no use of the API. Refused where posts go to X, and by `puppet import`: its terms allow no other way.",
    ),
    understood("USE_TWITTER_STREAMING", "`false`: poll for mentions."),
    understood("MENTION_POLLING_INTERVAL", "Milliseconds between two looks for mentions."),
    understood("ENABLE_RATE_LIMIT_PROTECTION", "`false`: no pause after errors."),
    understood("TWITTER_USERNAME_<id>", "Account name of one agent."),
    understood("TWITTER_PASSWORD_<id>", "Its password."),
    understood("SOLANA_SIMULATION_MODE", "Trade on paper."),
    understood("TOKEN_LAUNCH_DELAY_MINUTES", "Of the token launcher, which the original had switched off."),
    understood("TOKEN_PRELAUNCH_TWEET", "Of the same."),
    understood("ENGINE_POST_INTERVAL", "Documented by the original and never read; agents have their own interval."),
    understood("DRY_RUN", "Post nothing (of a fork)."),
    understood("CUSTOM_SYSTEM_PROMPT", "Of older versions; agents have their own prompt."),
];

impl Variable {
    /// The name for one agent, where it stands for many.
    pub fn for_agent(&self, agent: &str) -> Option<String> {
        if let Some(prefix) = self.name.strip_suffix("<id>") {
            Some(format!("{prefix}{agent}"))
        } else {
            let prefix = self.name.strip_suffix("<ID>")?;
            Some(format!("{prefix}{}", agent.to_ascii_uppercase().replace('-', "_")))
        }
    }

    /// Whether this is its name, for some agent.
    pub fn is_named(&self, name: &str) -> bool {
        match self.name.split_once('<') {
            Some((prefix, _)) => name.len() > prefix.len() && name.starts_with(prefix),
            None => self.name == name,
        }
    }
}

/// A note for every variable that is set, understood and without effect. Those that stand for many are looked up for
/// these agents: an environment can be asked for a name, not for all of them.
pub fn unused(env: &dyn Fn(&str) -> Option<String>, agents: &[&str]) -> Vec<Warning> {
    let mut notes = Vec::new();
    for variable in ENVIRONMENT.iter().filter(|variable| !variable.used) {
        if variable.name.contains('<') {
            let names = agents.iter().filter_map(|agent| variable.for_agent(agent));
            notes.extend(names.filter(|name| is_set(env, name)).map(|name| note(name, None)));
        } else if is_set(env, variable.name) {
            notes.push(note(variable.name.to_owned(), None));
        }
    }
    notes
}

/// An empty variable is one that is not set.
fn is_set(env: &dyn Fn(&str) -> Option<String>, name: &str) -> bool {
    env(name).is_some_and(|value| !value.trim().is_empty())
}

pub(super) fn note(name: String, dotenv: Option<std::path::PathBuf>) -> Warning {
    let place = Origin::Environment { name, dotenv }.place("");
    Warning {
        level: Level::Note,
        code: "variable-not-used",
        message: "understood, not used yet".to_owned(),
        place,
        remedy: String::new(),
    }
}

/// The whole of docs/reference/environment.md.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Environment variables

The names of the original engine are understood. A variable wins over `puppet.toml`; an empty one counts as not set.

A file `.env` beside `puppet.toml` (or in the working folder, where there is no `puppet.toml`) is read too. The real
environment wins over it, nothing in it is handed to other processes, and `puppet` warns if others can read it:
`chmod 600 .env`. `puppet config` shows which value is in effect and where it comes from; secrets are masked.

`<id>` is an agent's id; `<ID>` is the same in upper case with `_` for `-`.

## Used

| variable | sets | meaning |
| --- | --- | --- |
",
    );
    for variable in ENVIRONMENT.iter().filter(|variable| variable.used) {
        out.push_str(&format!("| `{}` | `{}` | {} |\n", variable.name, variable.maps_to, variable.meaning));
    }
    out.push_str(
        "\n## Understood, not used yet\n\n`puppet config` and `puppet doctor` say so when one of these is set; other commands go on without a word.\n\n| variable | meaning |\n| --- | --- |\n",
    );
    for variable in ENVIRONMENT.iter().filter(|variable| !variable.used) {
        out.push_str(&format!("| `{}` | {} |\n", variable.name, variable.meaning));
    }
    out
}

/// Compares a part of a page of docs/reference with what it is made from; with `UPDATE=1` in the environment, writes it.
#[cfg(test)]
pub(super) fn golden(page: &str, begin: &str, end: &str, expected: &str) {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = manifest.join("../../docs/reference").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let from = if begin.is_empty() { 0 } else { text.find(begin).expect("the beginning is marked") + begin.len() };
    let to = if end.is_empty() { text.len() } else { text.find(end).expect("the end is marked") };
    if &text[from..to] == expected {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{}{expected}{}", &text[..from], &text[to..])).expect("the page can be written");
    } else {
        panic!("{page} is not what the table says: run `UPDATE=1 cargo test -p puppet config::`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fields::FIELDS;

    #[test]
    fn the_page_shows_the_table() {
        golden("environment.md", "", "", &markdown());
    }

    #[test]
    fn what_is_used_sets_a_key_that_exists() {
        for variable in ENVIRONMENT {
            let general = variable.maps_to.replace(".openai.", ".<name>.").replace(".grok.", ".<name>.");
            let general = general.replace(".shared.", ".<name>.");
            let known = FIELDS.iter().any(|field| field.key == general);
            assert_eq!(known, variable.used, "{}", variable.name);
        }
    }

    #[test]
    fn names_per_agent_follow_the_original() {
        let name = |of: &str| ENVIRONMENT.iter().find(|variable| variable.name == of).unwrap().for_agent("news-bot");
        assert_eq!(name("TWITTER_USERNAME_<id>").as_deref(), Some("TWITTER_USERNAME_news-bot"));
        assert_eq!(name("SOLANA_PRIVATE_KEY_<ID>").as_deref(), Some("SOLANA_PRIVATE_KEY_NEWS_BOT"));
        assert_eq!(name("RPC_URL"), None);
    }

    #[test]
    fn what_is_set_without_effect_is_said() {
        let env = |name: &str| match name {
            "ENGINE_POST_INTERVAL" | "TWITTER_PASSWORD_news-bot" | "RPC_URL" => Some("hidden".to_owned()),
            "DRY_RUN" => Some(String::new()),
            _ => None,
        };
        let notes: Vec<String> = unused(&env, &["news-bot", "ember"]).iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "note[variable-not-used]: TWITTER_PASSWORD_news-bot: understood, not used yet",
                "note[variable-not-used]: ENGINE_POST_INTERVAL: understood, not used yet",
            ]
        );
    }
}
