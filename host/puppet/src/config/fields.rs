//! The table of what `puppet.toml` may hold. The keys that are accepted, the reference in the docs and the defaults
//! that tests compare come from here.

mod api;
mod http;
mod living;
mod llm;
mod observed;
mod trading;
mod tweet;

use self::{api::API, http::HTTP, living::LIVING, llm::LLM, observed::OBSERVED, trading::TRADING, tweet::TWEET};

/// A key of `puppet.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Full name; `<name>` stands for one that the operator chooses.
    pub key: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// Where nothing is said; empty where there is none.
    pub default: &'static str,
    /// The variable that wins over it; empty where there is none.
    pub variable: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn field(
    key: &'static str,
    holds: &'static str,
    default: &'static str,
    variable: &'static str,
    meaning: &'static str,
) -> Field {
    Field { key, holds, default, variable, meaning }
}

/// Every key.
pub const FIELDS: &[Field] = &{
    let parts = [GENERAL, API, LLM, HTTP, LIVING, TWEET, TRADING, OBSERVED];
    let mut all = [GENERAL[0];
        GENERAL.len()
            + API.len()
            + LLM.len()
            + HTTP.len()
            + LIVING.len()
            + TWEET.len()
            + TRADING.len()
            + OBSERVED.len()];
    let (mut part, mut n, mut at) = (0, 0, 0);
    while part < parts.len() {
        while n < parts[part].len() {
            all[at] = parts[part][n];
            n += 1;
            at += 1;
        }
        n = 0;
        part += 1;
    }
    all
};

/// What a host is, and what it keeps.
const GENERAL: &[Field] = &[
    field(
        "host.data",
        "folder",
        "./.puppet",
        "PUPPET_DATA",
        "Where everything is kept. Relative to `puppet.toml`. `--data` wins over it.",
    ),
    field("host.timezone", "IANA name", "UTC", "", "Time zone of agents that have none of their own."),
    field(
        "host.log_level",
        "off, error, warn, info, debug or trace",
        "info",
        "ENGINE_LOG_LEVEL",
        "How much the host logs.",
    ),
    field("host.workers", "1 to 1000", "256", "", "Invocations at the same time, each of another account."),
    field(
        "host.stop_timeout_ms",
        "0 to 600000",
        "10000",
        "",
        "How long what is under way may take to end once the host is told to stop; what has not ended then is left to the next start.",
    ),
    field(
        "credentials.<name>.env",
        "name of a variable",
        "",
        "",
        "The credential is the value of this environment variable, of `.env` too. Each credential has one of `env`, `file` and `command`.",
    ),
    field(
        "credentials.<name>.file",
        "path",
        "",
        "",
        "It is the content of this file, which nobody but its owner may read (`chmod 600`). Relative to `puppet.toml`.",
    ),
    field(
        "credentials.<name>.command",
        "list of texts",
        "",
        "",
        "It is what this program prints: run once, when it is first needed, for at most 10 seconds and 64 KiB. What it says on stderr is not shown.",
    ),
    field(
        "store.key",
        "name of a credential",
        "",
        "",
        "The secrets of the data folder are encrypted under it: a passphrase, or an identity of age (`AGE-SECRET-KEY-1…`). Without it they are in clear text.",
    ),
    field(
        "store.mongodb",
        "name of a credential",
        "",
        "",
        "The rows are in the MongoDB database whose address this credential is (`mongodb://…`). Without it they are in the data folder, which keeps packs and secrets either way.",
    ),
];

/// The table as it stands in docs/reference/configuration.md.
pub fn markdown() -> String {
    let mut out = String::new();
    let mut section = "";
    for field in FIELDS {
        let (of, key) = split(field.key);
        if of != section {
            section = of;
            out.push_str(&format!(
                "\n### `[{of}]`\n\n| key | holds | default | variable | what it does |\n| --- | --- | --- | --- | --- |\n"
            ));
        }
        let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let variable = match field.variable.split_once(" (") {
            Some(_) => field.variable.to_owned(),
            None => code(field.variable),
        };
        let default = code(field.default);
        out.push_str(&format!("| `{key}` | {} | {default} | {variable} | {} |\n", field.holds, field.meaning));
    }
    out.push('\n');
    out
}

fn split(key: &'static str) -> (&'static str, &'static str) {
    // `price` stands with its provider.
    let cut = if key.contains(".price.") { key.find(".price.") } else { key.rfind('.') };
    cut.map_or(("", key), |at| (&key[..at], &key[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, environment::golden};

    /// Without a default, and without a row where it is not set.
    fn is_optional(field: &Field) -> bool {
        field.default.is_empty()
            && ["api.tls.", "store.", "trace.", "trading.", "tweet."].iter().any(|of| field.key.starts_with(of))
    }

    #[test]
    fn defaults_in_the_table_are_the_defaults() {
        let defaults = Config::default().effective();
        // Neither a table of free names nor a key that is not set has a row.
        for field in FIELDS.iter().filter(|field| !field.key.contains('<') && !is_optional(field)) {
            let setting = defaults.iter().find(|setting| setting.key == field.key);
            let value = setting.map(|setting| setting.value.as_str());
            let expected = if field.default.is_empty() { "as many as there are cores" } else { field.default };
            assert_eq!(value, Some(expected), "{}", field.key);
        }
    }

    #[test]
    fn bounds_of_an_invocation_are_those_of_the_gate() {
        for bound in puppet_grants::BOUNDS {
            let field = FIELDS.iter().find(|field| field.key == bound.config_key).unwrap();
            let holds = format!("{} to {}", bound.least, bound.most);
            assert_eq!(
                (field.holds, field.default),
                (holds.as_str(), bound.value.to_string().as_str()),
                "{}",
                field.key
            );
        }
    }

    #[test]
    fn the_reference_shows_the_table() {
        golden("configuration.md", "<!-- fields: begin -->\n", "<!-- fields: end -->", &markdown());
    }
}
