//! The table of what `puppet.toml` may hold. The keys that are accepted, the reference in the docs and the defaults
//! that tests compare come from here.

mod trading;
mod tweet;

use self::{trading::TRADING, tweet::TWEET};

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
    let parts = [GENERAL, TWEET, TRADING];
    let mut all = [GENERAL[0]; GENERAL.len() + TWEET.len() + TRADING.len()];
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

/// All but those of posts and of trading.
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
    field("llm.default", "name of a provider", "offline", "", "Who writes for agents that name no provider."),
    field(
        "llm.fallback",
        "list of names of providers",
        "[]",
        "",
        "Who is asked, in this order, where an agent's model cannot answer: it is away, too busy, or left alone. `offline` as the last always answers. Each is named once.",
    ),
    field(
        "llm.agents.<name>.fallback",
        "list of names of providers",
        "",
        "",
        "The same for the agent of this id, in place of `llm.fallback`; `[]`: nobody else is asked.",
    ),
    field(
        "llm.moderation",
        "off, or the name of a provider other than offline",
        "off",
        "",
        "Who looks at the text of posts, replies, quotes and threads before they leave, with `POST /moderations`. What is flagged is refused; while nobody answers, everything that has a text waits.",
    ),
    field(
        "llm.concurrency",
        "1 to 1000",
        "16",
        "",
        "Requests that one provider is asked at a time. Others wait, and agents take turns.",
    ),
    field(
        "llm.breaker.failures",
        "0 to 1000",
        "5",
        "",
        "After so many failures in a row a provider is left alone for a while; 0: never.",
    ),
    field(
        "llm.breaker.open",
        "length of time",
        "30s",
        "",
        "For how long. Then one request tries it: if that fails, it is left alone as long again.",
    ),
    field(
        "llm.cache.entries",
        "0 to 1000000",
        "0",
        "",
        "Answers kept, of each provider, for requests at temperature 0 that are asked again word for word, by any agent; 0: none.",
    ),
    field(
        "llm.cache.bytes",
        "0 to 4294967296",
        "16777216",
        "",
        "Most bytes of them, of each provider; 0 only where none is kept.",
    ),
    field("llm.cache.ttl", "length of time", "1h", "", "How long one is kept."),
    field("llm.providers.<name>.kind", "openai", "openai", "", "The family of protocols: OpenAI's."),
    field(
        "llm.providers.<name>.preset",
        "openai, grok, openrouter, anthropic, ollama, llamacpp or vllm",
        "",
        "",
        "A known provider: what is not given is filled in, and what it refuses is not sent ([more](../models.md)). A provider that is named like a preset has it.",
    ),
    field(
        "llm.providers.<name>.api",
        "chat or responses",
        "chat",
        "",
        "`/chat/completions`, or OpenAI's newer `/responses`.",
    ),
    field(
        "llm.providers.<name>.stream",
        "true or false",
        "true",
        "",
        "Answers come in pieces, so that one that stops in the middle is noticed.",
    ),
    field(
        "llm.providers.<name>.idle_timeout_ms",
        "100 to 600000",
        "30000",
        "",
        "Longest pause of an answer that has begun to come in pieces.",
    ),
    field(
        "llm.providers.<name>.base_url",
        "http(s) address",
        "",
        "GROK_API_ENDPOINT (grok)",
        "Without `/chat/completions`. Needed, except with a preset.",
    ),
    field(
        "llm.providers.<name>.key_env",
        "name of a variable",
        "",
        "",
        "The environment variable that holds the key; a preset names one. The key itself never stands in this file.",
    ),
    field(
        "llm.providers.<name>.key_secret",
        "name of a secret",
        "",
        "",
        "The same for the secrets of the data folder.",
    ),
    field("llm.providers.<name>.key_credential", "name of a credential", "", "", "The same for `[credentials]`."),
    field(
        "llm.providers.<name>.model",
        "text",
        "",
        "OPENAI_MODEL (openai), GROK_MODEL (grok)",
        "The model. Needed, except for `openai` (gpt-4o) and `grok` (grok-1).",
    ),
    field(
        "llm.providers.<name>.embedding_model",
        "text",
        "",
        "",
        "The model that makes vectors of texts, for `memory.embeddings`. `openai` has text-embedding-3-small. It costs its list price; where it is not listed, what prompts cost.",
    ),
    field("llm.providers.<name>.timeout_ms", "100 to 600000", "60000", "", "Time for one attempt."),
    field("llm.providers.<name>.retries", "0 to 3", "2", "", "Attempts after the first."),
    field(
        "llm.providers.<name>.headers",
        "table of texts",
        "",
        "",
        "Sent with every request. Shown masked by `puppet config`.",
    ),
    field(
        "llm.providers.<name>.price.prompt_usd_per_million",
        "dollars as text, \"0.15\"",
        "",
        "",
        "What a million tokens of prompt cost, where that is not the list price.",
    ),
    field(
        "llm.providers.<name>.price.completion_usd_per_million",
        "dollars as text, \"0.60\"",
        "",
        "",
        "The same for completions.",
    ),
    field(
        "memory.embeddings",
        "offline, or the name of a provider",
        "offline",
        "",
        "Who makes the vectors by which recall finds what is said in other words. `offline`: hashed words, nothing leaves the machine. A provider needs an `embedding_model` and gets the text of every memory and question.",
    ),
    field("generators.news.enabled", "true or false", "true", "", "Whether invented news happen."),
    field("generators.news.interval", "length of time, 1s to 366d", "6h", "NEWS_EVENT_INTERVAL (ms)", "How often."),
    field("generators.mood-swings.enabled", "true or false", "true", "", "Whether moods shift by themselves."),
    field(
        "generators.mood-swings.interval",
        "length of time, 1s to 366d",
        "4h",
        "MOOD_EVENT_INTERVAL (ms)",
        "How often; up to an hour is added by chance.",
    ),
    field("generators.encounters.enabled", "true or false", "true", "", "Whether agents are prompted to meet."),
    field(
        "generators.encounters.interval",
        "length of time, 1s to 366d",
        "8h",
        "INTERACTION_EVENT_INTERVAL (ms)",
        "How often.",
    ),
    field(
        "approvals.expires",
        "length of time, 1s to 366d",
        "24h",
        "",
        "How long an effect of a pack whose mode is `approve` waits for the operator. Then it is `expired`, and never leaves.",
    ),
    field(
        "mailbox.waiting",
        "1 to 1000000",
        "10000",
        "",
        "Events per agent that are kept while its plugin may not run: backed off or quarantined. What is crowded out is dead-lettered as `mailbox-full`.",
    ),
    field(
        "mailbox.overflow",
        "oldest or newest",
        "oldest",
        "",
        "Which event makes way then: of those with the lowest priority, the oldest or the newest.",
    ),
    field(
        "outbox.attempts",
        "1 to 100",
        "5",
        "",
        "Tries before an effect fails for good. [The chapter about it](../outbox.md).",
    ),
    field(
        "outbox.backoff_ms",
        "1 to 3600000",
        "2000",
        "",
        "The wait after the first try that did not reach the provider; it doubles with each, and up to a half is added by chance.",
    ),
    field("outbox.backoff_most_ms", "1 to 86400000", "300000", "", "No wait is longer, before chance is added."),
    field("outbox.min_gap_ms", "0 to 86400000", "0", "", "Between the beginnings of two attempts of one account."),
    field(
        "outbox.look_after_ms",
        "0 to 86400000",
        "30000",
        "",
        "After the beginning of an attempt whose answer was lost, before its provider is asked what became of it: what is on its way must have arrived.",
    ),
    field(
        "outbox.breaker_failures",
        "1 to 1000",
        "5",
        "",
        "So many failures in a row to reach the provider of an account, and it is left alone.",
    ),
    field(
        "outbox.breaker_probe_ms",
        "1 to 86400000",
        "60000",
        "",
        "For so long; then one try shows whether it is back.",
    ),
    field(
        "outbox.held_probe_ms",
        "1000 to 86400000",
        "900000",
        "",
        "An account whose provider does not take what it signs with, or has suspended it, is tried once in so long.",
    ),
    field(
        "packs.keep",
        "0 to 1000",
        "3",
        "",
        "Versions of each installed pack that are kept and do not run: the newest.",
    ),
    field(
        "packs.bytes",
        "bytes",
        "1073741824",
        "",
        "Of all installed versions together. Old ones go first; what runs, waits or comes next stays.",
    ),
    field(
        "swap.shadow",
        "0 to 1000",
        "20",
        "",
        "Recorded invocations of each agent that a new version runs again before it serves. Nothing of that is kept or done.",
    ),
    field("swap.shadow_most", "0 to 100000", "2000", "", "The same of all agents together."),
    field(
        "swap.fuel_percent",
        "100 to 10000",
        "200",
        "",
        "A version that burns more than so many percent of what was recorded does not serve.",
    ),
    field(
        "swap.same_decisions",
        "true or false",
        "false",
        "",
        "Whether recorded invocations that decide otherwise stop a version, too.",
    ),
    field(
        "swap.canary_percent",
        "0 to 99",
        "10",
        "",
        "Percent of the agents that a new version serves first. Where that is less than one agent, it serves all at once.",
    ),
    field("swap.canary_invocations", "1 to 1000000", "20", "", "Invocations before it serves the others."),
    field("swap.canary_success_percent", "1 to 100", "95", "", "Percent of them that must end well."),
    field("swap.canary_error_percent", "0 to 99", "5", "", "More percent that fail or break a limit take it back."),
    field("swap.watch_invocations", "0 to 1000000", "100", "", "Invocations after the switch that are watched."),
    field("swap.watch_ms", "0 to 2592000000", "600000", "", "No longer than so."),
    field("swap.watch_strikes", "0 to 1000", "0", "", "More strikes than these while it is watched take it back."),
    field("swap.compile_ms", "100 to 3600000", "60000", "", "How long a component may take to compile."),
    field("swap.compile_bytes", "67108864 to 68719476736", "2147483648", "", "How much memory that may take."),
    field(
        "sandbox.limits.<limit>",
        "whole number",
        "",
        "",
        "A limit of one invocation; `puppet doctor --limits` lists them with least and most.",
    ),
    field("sandbox.pool.<setting>", "whole number", "", "", "Room for instances, all together."),
    field(
        "sandbox.strikes.<setting>",
        "whole number, or a list",
        "",
        "",
        "When a version backs off or is quarantined.",
    ),
    field("invocation.host_calls", "1 to 1000000", "1000", "", "Calls per capability in one invocation."),
    field("invocation.decisions", "1 to 100000", "256", "", "Decisions in one invocation."),
    field("invocation.deadline_ms", "100 to 3600000", "120000", "", "Time for one invocation, providers included."),
    field(
        "invocation.journal_bytes",
        "65536 to 8388608",
        "4194304",
        "",
        "Bytes of questions and answers that the journal keeps of one invocation.",
    ),
    field("invocation.log_lines", "0 to 100000", "200", "", "Lines of the plugin's log kept per invocation."),
    field("invocation.log_line_bytes", "16 to 65536", "4096", "", "Bytes kept of one line of the plugin's log."),
    field("invocation.log_fields", "0 to 256", "16", "", "Fields kept of one line of the plugin's log."),
    field(
        "invocation.hops",
        "1 to 64",
        "8",
        "",
        "Events of our own between an event and the outside. One beyond it is dead-lettered as `loop`.",
    ),
    field(
        "invocation.relationships",
        "1 to 100000",
        "1000",
        "",
        "Others that an agent knows. Beyond it, who was not met for longest makes way.",
    ),
    field(
        "journal.keep_days",
        "0 to 36500",
        "0",
        "",
        "Days that records of the journal are kept for ([what goes](data-folder.md#retention)). 0: for ever.",
    ),
    field(
        "journal.keep_bytes",
        "0 to 1125899906842624",
        "0",
        "",
        "Bytes of records that are kept of each agent: the oldest go first. 0: all.",
    ),
    field(
        "journal.redact",
        "list of paths",
        "[]",
        "",
        "Values that are never kept in the journal: `event.payload.FIELD`, `reads.CAPABILITY.OPERATION.answer` (or `request`), `decisions.KIND.body.FIELD` ([how](#redaction)).",
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
        field.default.is_empty() && ["store.", "trading.", "tweet."].iter().any(|of| field.key.starts_with(of))
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
