//! Reads `puppet.toml`, and puts defaults, file and environment together.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_engine::{MAILBOX, OUTBOX_RULES, Overflow, Redaction, swap::RULES};
use puppet_grants::BOUNDS;

use super::{
    Api, Config, Generator, Http, Journal, LogLevel, Origin, Routing, Trading, Tweet, Warning, credentials,
    dotenv::Dotenv,
    environment,
    observed::{Log, Trace},
    overlay::{self, Environment, Lookup},
    providers::{self, ProviderDraft},
    read::{Found, Section, Source},
    settings::{in_words, known},
    suggest,
};
use crate::trouble::{Result, Trouble};

/// A configuration in the making.
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) providers: BTreeMap<String, ProviderDraft>,
}

/// [`Config::load`], with the working folder named.
pub(super) fn load_in(folder: &Path, path: Option<&Path>, env: &Environment<'_>) -> Result<(Config, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let here = folder.join("puppet.toml");
    let file = path.unwrap_or(&here);
    let text = match crate::files::text(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_none() => None,
        Err(error) => {
            return Err(Trouble::input(
                "config-file",
                format!("cannot be read: {error}"),
                "name another file with --config, or write one with `puppet init`",
            )
            .in_file(file));
        }
    };
    let beside = file.parent().unwrap_or(folder).join(".env");
    let lookup = Lookup { env, dotenv: Dotenv::read(&beside, &mut warnings)? };
    for note in environment::unused(env.get, &[]) {
        warnings.retain(|other| other.place.field != note.place.field);
        warnings.push(note);
    }

    let mut draft = Draft { config: Config::default(), providers: BTreeMap::new() };
    if let Some(text) = &text {
        draft.read(Source { file, text })?;
    }
    let config = overlay::finish(draft, &lookup, &mut warnings)?;
    Ok((config, warnings))
}

/// Whether a file may say this, as far as can be said without the environment.
///
/// # Errors
/// What is unknown or wrong, with file, line and field.
pub fn check(file: &Path, text: &str) -> Result<()> {
    Draft { config: Config::default(), providers: BTreeMap::new() }.read(Source { file, text })
}

/// What a file alone makes of it, without an environment.
#[cfg(test)]
pub fn of_file(file: &Path) -> Result<Config> {
    let nothing = Environment { get: &|_| None, names: Vec::new() };
    load_in(Path::new("."), Some(file), &nothing).map(|(config, _)| config)
}

/// Least and most time between two runs of a generator, and for the operator to approve: a second, and a year.
pub(super) const INTERVAL_MS: std::ops::RangeInclusive<u64> = 1_000..=366 * 86_400_000;

impl Draft {
    fn read(&mut self, source: Source<'_>) -> Result<()> {
        let table = source.parse()?;
        let root = Section::new(source, "", &table, &known(""))?;
        let mut lines = Vec::new();
        if let Some(host) = root.section("host", &known("host"))? {
            self.host(&host.value, source.file)?;
            lines.extend(host.value.leaves());
        }
        self.config.credentials = credentials::read(&root, source.file)?.into_iter().collect();
        if let Some((credentials, _)) = root.named("credentials")? {
            lines.extend(credentials.leaves());
        }
        if let Some(store) = root.section("store", &known("store"))? {
            let name = |text: &str| credentials::is_name(text).then(|| text.to_owned());
            let key = store.value.parsed("key", "the name of a credential (not the key itself)", name)?;
            self.config.store.key = key.map(|key| key.value);
            let mongodb = store.value.parsed("mongodb", "the name of a credential (not the address itself)", name)?;
            self.config.store.mongodb = mongodb.map(|mongodb| mongodb.value);
            lines.extend(store.value.leaves());
        }
        if let Some(api) = root.section("api", &known("api"))? {
            self.config.api = Api::read(&api.value, source.file)?;
            lines.extend(api.value.leaves());
        }
        if let Some(llm) = root.section("llm", &known("llm"))? {
            self.llm(&llm.value)?;
            lines.extend(llm.value.leaves());
        }
        if let Some(http) = root.section("http", &known("http"))? {
            self.config.http = Http::read(&http.value)?;
            lines.extend(http.value.leaves());
        }
        if let Some(memory) = root.section("memory", &known("memory"))? {
            if let Some(embeddings) = memory.value.text("embeddings", "`offline` or the name of a provider")? {
                self.config.memory.embeddings = embeddings.value;
            }
            lines.extend(memory.value.leaves());
        }
        if let Some(tweet) = root.section("tweet", &known("tweet"))? {
            self.config.tweet = Tweet::read(&tweet.value)?;
            lines.extend(tweet.value.leaves());
        }
        if let Some(generators) = root.section("generators", &known("generators"))? {
            for (name, generator) in self.config.generators.all_mut() {
                if let Some(section) = generators.value.section(name, &known("generators.news"))? {
                    read_generator(generator, &section.value)?;
                }
            }
            lines.extend(generators.value.leaves());
        }
        if let Some(approvals) = root.section("approvals", &known("approvals"))? {
            if let Some(expires) = approvals.value.parsed("expires", LENGTH, length)? {
                (self.config.approvals.expires_ms, self.config.approvals.expires) = expires.value;
            }
            lines.extend(approvals.value.leaves());
        }
        if let Some(mailbox) = root.section("mailbox", &known("mailbox"))? {
            self.mailbox(&mailbox.value)?;
            lines.extend(mailbox.value.leaves());
        }
        if let Some(outbox) = root.section("outbox", &known("outbox"))? {
            for rule in OUTBOX_RULES {
                if let Some(number) = outbox.value.integer(rule.key, rule.least..=rule.most)? {
                    *(rule.at)(&mut self.config.outbox) = number.value;
                }
            }
            lines.extend(outbox.value.leaves());
        }
        if let Some(packs) = root.section("packs", &known("packs"))? {
            if let Some(keep) = packs.value.integer("keep", 0..=1_000)? {
                self.config.packs.keep = small(keep)?;
            }
            if let Some(bytes) = packs.value.integer("bytes", 0..=1 << 50)? {
                self.config.packs.bytes = bytes.value;
            }
            lines.extend(packs.value.leaves());
        }
        if let Some(swap) = root.section("swap", &known("swap"))? {
            self.swap(&swap.value)?;
            lines.extend(swap.value.leaves());
        }
        if let Some(invocation) = root.section("invocation", &known("invocation"))? {
            self.invocation(&invocation.value)?;
            lines.extend(invocation.value.leaves());
        }
        if let Some(journal) = root.section("journal", &known("journal"))? {
            self.config.journal = read_journal(&journal.value)?;
            lines.extend(journal.value.leaves());
        }
        if let Some(log) = root.section("log", &known("log"))? {
            self.config.log = Log::read(&log.value)?;
            lines.extend(log.value.leaves());
        }
        if let Some(trace) = root.section("trace", &known("trace"))? {
            self.config.trace = Trace::read(&trace.value)?;
            lines.extend(trace.value.leaves());
        }
        if let Some(trading) = root.section("trading", &known("trading"))? {
            self.config.trading = Trading::read(&trading.value, source)?;
            lines.extend(trading.value.leaves());
        }
        if let Some(sandbox) = root.section("sandbox", &known("sandbox"))? {
            // Passed through: read again as plain data, since the spans are not needed.
            let whole: toml::Table = toml::from_str(source.text).map_err(|error| source.syntax(&error))?;
            if let Some(toml::Value::Table(sandbox)) = whole.get("sandbox") {
                self.config.sandbox = sandbox.clone();
            }
            lines.extend(sandbox.value.leaves());
        }
        for (key, line) in lines {
            self.config.origins.insert(key, Origin::File { file: source.file.to_owned(), line });
        }
        Ok(())
    }

    fn host(&mut self, section: &Section<'_>, file: &Path) -> Result<()> {
        let host = &mut self.config.host;
        let path = |text: &str| (!text.trim().is_empty()).then(|| PathBuf::from(text));
        if let Some(data) = section.parsed("data", "the path of a folder", path)? {
            host.data = file.parent().unwrap_or(Path::new("")).join(data.value);
        }
        if let Some(zone) = section.parsed("timezone", "the name of a time zone, for example Europe/Berlin", zone)? {
            host.timezone = zone.value;
        }
        if let Some(level) = section.parsed("log_level", LogLevel::EXPECTED, LogLevel::parse)? {
            host.log_level = level.value;
        }
        if let Some(workers) = section.integer("workers", 1..=1_000)? {
            host.workers = small(workers)?;
        }
        if let Some(timeout) = section.integer("stop_timeout_ms", 0..=600_000)? {
            host.stop_timeout_ms = timeout.value;
        }
        Ok(())
    }

    fn llm(&mut self, section: &Section<'_>) -> Result<()> {
        if let Some(default) = section.text("default", "the name of a provider")? {
            self.config.llm.default = default.value;
        }
        self.config.llm.routing = Routing::read(section)?;
        let Some((providers, entries)) = section.named("providers")? else { return Ok(()) };
        for entry in entries {
            let name = entry.name.as_str();
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if name.is_empty() || !plain {
                let message = "expected a name of small letters, digits and `-`";
                return Err(providers.wrong(name, entry.line, message, ""));
            }
            if name == super::Llm::OFFLINE {
                let message = "`offline` is built in and cannot be another provider";
                return Err(providers.wrong(name, entry.line, message, "choose another name"));
            }
            if ["key", "api_key", "apikey", "token", "secret"].iter().any(|key| entry.has(key)) {
                let message = "a key does not belong in this file";
                let remedy = "put it into the environment or `.env`, and name the variable: key_env = \"MY_API_KEY\"";
                return Err(providers.wrong(name, entry.line, message, remedy));
            }
            if let Some(provider) = providers.section(name, &known("llm.providers.<name>"))? {
                self.providers.insert(entry.name.clone(), providers::read(&provider.value)?);
            }
        }
        Ok(())
    }

    fn swap(&mut self, section: &Section<'_>) -> Result<()> {
        let rules = &mut self.config.swap;
        for rule in RULES {
            if let Some(number) = section.integer(rule.key, rule.least..=rule.most)? {
                *(rule.at)(rules) = number.value;
            }
        }
        if let Some(same) = section.boolean("same_decisions")? {
            rules.same_decisions = same.value;
        }
        Ok(())
    }

    fn mailbox(&mut self, section: &Section<'_>) -> Result<()> {
        if let Some(waiting) = section.integer("waiting", MAILBOX.least..=MAILBOX.most)? {
            self.config.mailbox.waiting = small(waiting)?;
        }
        if let Some(Found { value, line }) = section.text("overflow", "`oldest` or `newest`")? {
            let named = Overflow::ALL.into_iter().find(|overflow| overflow.name() == value);
            self.config.mailbox.overflow = named.ok_or_else(|| {
                let remedy = suggest::remedy(&value, &Overflow::ALL.map(Overflow::name));
                section.wrong("overflow", line, format!("`{value}` is no such word"), remedy)
            })?;
        }
        Ok(())
    }

    fn invocation(&mut self, section: &Section<'_>) -> Result<()> {
        let invocation = &mut self.config.invocation;
        for bound in BOUNDS {
            let Some(found) = section.integer(bound.name, bound.least..=bound.most)? else { continue };
            match bound.name {
                "host_calls" => invocation.host_calls = small(found)?,
                "decisions" => invocation.decisions = small(found)?,
                "deadline_ms" => invocation.deadline_ms = found.value,
                "journal_bytes" => invocation.journal_bytes = small(found)?,
                "log_lines" => invocation.log_lines = small(found)?,
                "log_line_bytes" => invocation.log_line_bytes = small(found)?,
                "log_fields" => invocation.log_fields = small(found)?,
                "hops" => invocation.hops = small(found)?,
                "relationships" => invocation.relationships = small(found)?,
                other => return Err(Trouble::internal(format!("nobody reads the bound `{other}`"))),
            }
        }
        Ok(())
    }
}

fn read_journal(section: &Section<'_>) -> Result<Journal> {
    let bound = |key, most| section.integer(key, 0..=most).map(|found| found.map_or(0, |found| found.value));
    let (keep_days, keep_bytes) = (bound("keep_days", 36_500)?, bound("keep_bytes", 1 << 50)?);
    let kept = Journal { keep_days, keep_bytes, ..Journal::default() };
    let Some(paths) = section.texts("redact")? else { return Ok(kept) };
    let redaction = Redaction::parse(&paths.value).map_err(|error| {
        let known: Vec<&str> = error.known.iter().map(String::as_str).collect();
        let remedy = match known.is_empty() {
            true => "paths are told in docs/reference/configuration.md".to_owned(),
            false => suggest::remedy(&error.word, &known),
        };
        section.wrong("redact", paths.line, error.to_string(), remedy)
    })?;
    Ok(Journal { redact: paths.value, redaction, ..kept })
}

fn zone(text: &str) -> Option<String> {
    jiff::tz::TimeZone::get(text).is_ok().then(|| text.to_owned())
}

/// What is expected of a length of time.
pub(super) const LENGTH: &str = "a length of time from 1s to 366d, for example \"6h\"";

/// Milliseconds, and as it is written.
pub(super) fn length(text: &str) -> Option<(u64, String)> {
    let millis = u64::try_from(crate::duration::parse(text).ok()?.as_millis()).ok()?;
    INTERVAL_MS.contains(&millis).then(|| (millis, text.to_owned()))
}

fn read_generator(generator: &mut Generator, section: &Section<'_>) -> Result<()> {
    if let Some(enabled) = section.boolean("enabled")? {
        generator.enabled = enabled.value;
    }
    // A bare number is milliseconds, as in the original's variables.
    if section.holds_integer("interval") {
        if let Some(interval) = section.integer("interval", INTERVAL_MS)? {
            generator.interval_ms = interval.value;
            generator.interval = in_words(interval.value);
        }
        return Ok(());
    }
    if let Some(interval) = section.parsed("interval", LENGTH, length)? {
        (generator.interval_ms, generator.interval) = interval.value;
    }
    Ok(())
}

/// What is expected of an address.
pub(super) const BASE_URL: &str = "an address that begins with http:// or https:// and holds no user or password";

/// An address without the path that the protocol adds itself.
pub(super) fn base_url(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    if host.is_empty() || host.contains('@') || text.contains(char::is_whitespace) {
        return None;
    }
    let text = text.trim_end_matches('/');
    Some(text.strip_suffix("/chat/completions").unwrap_or(text).trim_end_matches('/').to_owned())
}

/// Upper case, as variables are: so that a key that was pasted here by mistake is refused.
pub(super) fn variable(text: &str) -> Option<String> {
    let shape = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let first = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    (first && text.bytes().all(shape)).then(|| text.to_owned())
}

/// Two words or more: so that a key that was pasted here by mistake is refused.
pub(super) fn secret_name(text: &str) -> Option<String> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (text.contains('/') && text.split('/').all(part)).then(|| text.to_owned())
}

pub(super) fn small<T: TryFrom<u64>>(found: Found<u64>) -> Result<T> {
    T::try_from(found.value).map_err(|_| Trouble::internal("a bound of the configuration is wider than its type"))
}
