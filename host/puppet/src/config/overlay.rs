//! Lays the environment over what the file says, and checks what only the whole can tell.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    Config, CredentialPlace, Http, KeySource, Llm, LogLevel, NamedKey, Origin, Provider, Secret, TweetProvider, XSigns,
    api,
    dotenv::Dotenv,
    load::{Draft, INTERVAL_MS},
    origin::{Level, Warning},
    providers,
    settings::in_words,
    suggest, trading,
};
use crate::trouble::{Result, Trouble};

/// The environment of a process: asked by name, and the names as far as they are known.
pub(super) struct Environment<'a> {
    pub(super) get: &'a dyn Fn(&str) -> Option<String>,
    pub(super) names: Vec<String>,
}

/// The environment, and under it `.env`.
pub(super) struct Lookup<'a> {
    pub(super) env: &'a Environment<'a>,
    pub(super) dotenv: Dotenv,
}

impl Lookup<'_> {
    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<(String, Origin)> {
        let real =
            (self.env.get)(name).map(|value| (value, Origin::Environment { name: name.to_owned(), dotenv: None }));
        let set = |found: &(String, Origin)| !found.0.trim().is_empty();
        real.filter(set).or_else(|| self.dotenv.get(name).filter(set))
    }

    /// Names of variables, as far as they are known, each once.
    pub(super) fn names(&self) -> Vec<String> {
        let all = self.env.names.iter().map(String::as_str).chain(self.dotenv.names());
        let all: BTreeSet<&str> = all.collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// A variable that a function reads; its value is not quoted in errors.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<(T, Origin)>> {
        let Some((text, origin)) = self.get(name) else { return Ok(None) };
        match read(text.trim()) {
            Some(value) => Ok(Some((value, origin))),
            None => {
                let mut trouble =
                    Trouble::input("bad-variable", format!("expected {expected}"), "correct it, or unset it");
                trouble.place = origin.place(name);
                Err(trouble)
            }
        }
    }
}

/// Makes the configuration of a draft.
pub(super) fn finish(mut draft: Draft, lookup: &Lookup<'_>, warnings: &mut Vec<Warning>) -> Result<Config> {
    host(&mut draft.config, lookup)?;
    api::port(&mut draft.config, lookup)?;
    generators(&mut draft.config, lookup)?;
    providers::apply(&mut draft, lookup)?;
    let Draft { mut config, providers } = draft;
    for (name, provider) in providers {
        let provider = providers::complete(&name, provider, &mut config, lookup, warnings)?;
        config.llm.providers.insert(name, provider);
    }
    tokens(&mut config, lookup, warnings);
    trading::finish(&mut config, lookup, warnings);
    Http::finish(&mut config, lookup, warnings);
    credentials(&mut config, lookup);
    check_credentials(&config)?;
    check_default(&config)?;
    check_fallback(&config)?;
    check_embeddings(&config)?;
    check_x(&config)?;
    check_scraping(&config, lookup)?;
    Ok(config)
}

fn host(config: &mut Config, lookup: &Lookup<'_>) -> Result<()> {
    if let Some((data, origin)) = lookup.get("PUPPET_DATA") {
        config.host.data = PathBuf::from(data);
        config.origins.insert("host.data".to_owned(), origin);
    }
    if let Some((level, origin)) = lookup.parsed("ENGINE_LOG_LEVEL", LogLevel::EXPECTED, LogLevel::parse)? {
        config.host.log_level = level;
        config.origins.insert("host.log_level".to_owned(), origin);
    }
    Ok(())
}

fn generators(config: &mut Config, lookup: &Lookup<'_>) -> Result<()> {
    let variables = ["NEWS_EVENT_INTERVAL", "MOOD_EVENT_INTERVAL", "INTERACTION_EVENT_INTERVAL"];
    let mut origins = Vec::new();
    for ((name, generator), variable) in config.generators.all_mut().into_iter().zip(variables) {
        let expected = format!("milliseconds from {} to {}", INTERVAL_MS.start(), INTERVAL_MS.end());
        let read = |text: &str| text.parse().ok().filter(|millis| INTERVAL_MS.contains(millis));
        if let Some((millis, origin)) = lookup.parsed(variable, &expected, read)? {
            generator.interval_ms = millis;
            generator.interval = in_words(millis);
            origins.push((format!("generators.{name}.interval"), origin));
        }
    }
    config.origins.extend(origins);
    Ok(())
}

/// Keys and tokens for X that the environment holds.
fn tokens(config: &mut Config, lookup: &Lookup<'_>, warnings: &mut Vec<Warning>) {
    let mut values = Vec::new();
    for NamedKey { section, what, key } in config.tweet.x.keys() {
        let KeySource::Environment(variable) = &key.source else {
            values.push(None);
            continue;
        };
        let found = lookup.get(variable);
        if found.is_none() {
            let field = format!("{section}.{what}_env");
            let whose = match section.strip_prefix("tweet.x.accounts.") {
                Some(account) => format!("nothing is posted as @{account}"),
                None => format!("what needs it of [{section}] is left out"),
            };
            warnings.push(Warning {
                level: Level::Warning,
                code: "token-not-set",
                message: format!("the variable {variable} is not set: {whose}"),
                place: config.origins.get(&field).cloned().unwrap_or_default().place(&field),
                remedy: format!("set {variable} in the environment or in `.env`"),
            });
        }
        values.push(found.map(|(value, origin)| (format!("{section}.{what}"), Secret::new(value.trim()), origin)));
    }
    for (key, found) in config.tweet.x.keys_mut().into_iter().zip(values) {
        if let Some((field, value, origin)) = found {
            key.value = Some(value);
            config.origins.insert(field, origin);
        }
    }
}

/// Values that the environment holds.
fn credentials(config: &mut Config, lookup: &Lookup<'_>) {
    for credential in config.credentials.values_mut() {
        if let CredentialPlace::Env(variable) = &credential.place {
            credential.value = lookup.get(variable).map(|(value, _)| Secret::new(value.trim()));
        }
    }
}

/// Whoever names a credential names one that there is.
fn check_credentials(config: &Config) -> Result<()> {
    let of_provider = |(name, provider): (&String, &Provider)| match &provider.key_source {
        Some(KeySource::Credential(credential)) => {
            Some((format!("llm.providers.{name}.key_credential"), credential.clone()))
        }
        _ => None,
    };
    let of_x = config.tweet.x.keys().into_iter().filter_map(|NamedKey { section, what, key }| match &key.source {
        KeySource::Credential(credential) => Some((format!("{section}.{what}_credential"), credential.clone())),
        _ => None,
    });
    let of_store = [("store.key", &config.store.key), ("store.mongodb", &config.store.mongodb)];
    let of_store = of_store.into_iter().filter_map(|(key, name)| Some((key.to_owned(), name.clone()?)));
    let of_providers = config.llm.providers.iter().filter_map(of_provider);
    let of_trading = trading::credentials(config);
    for (key, name) in of_providers.chain(of_x).chain(of_store).chain(of_trading) {
        if !config.credentials.contains_key(&name) {
            let known: Vec<&str> = config.credentials.keys().map(String::as_str).collect();
            let remedy = match suggest::nearest(&name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write [credentials] and below it {name} = {{ env = \"VARIABLE\" }}"),
            };
            return Err(config.bad_value(&key, format!("there is no credential `{name}`"), remedy));
        }
    }
    Ok(())
}

fn check_default(config: &Config) -> Result<()> {
    let wanted = config.llm.default.as_str();
    if wanted == Llm::OFFLINE || config.llm.providers.contains_key(wanted) {
        return Ok(());
    }
    Err(no_provider(config, "llm.default", wanted, |_| true))
}

/// Whoever is asked instead is there, and whoever looks at texts.
fn check_fallback(config: &Config) -> Result<()> {
    let known = |name: &str| name == Llm::OFFLINE || config.llm.providers.contains_key(name);
    for (key, list) in config.llm.routing.lists() {
        if let Some(unknown) = list.iter().find(|name| !known(name)) {
            return Err(no_provider(config, &key, unknown, |_| true));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = list.iter().find(|name| !seen.insert(*name)) {
            return Err(config.bad_value(&key, format!("`{twice}` is named twice"), "name each once"));
        }
    }
    let cache = &config.llm.routing.cache;
    if cache.entries > 0 && cache.bytes == 0 {
        let message = "nothing can be kept in 0 bytes";
        return Err(config.bad_value("llm.cache.bytes", message, "give it room, or set llm.cache.entries = 0"));
    }
    match &config.llm.routing.moderation {
        Some(name) if name == Llm::OFFLINE => {
            let message = "`offline` is no judge of texts";
            Err(config.bad_value("llm.moderation", message, "name a provider that has /moderations, or `off`"))
        }
        Some(name) if !config.llm.providers.contains_key(name) => {
            Err(no_provider(config, "llm.moderation", name, |_| true))
        }
        _ => Ok(()),
    }
}

/// Whoever makes vectors is there and has a model for it.
fn check_embeddings(config: &Config) -> Result<()> {
    const KEY: &str = "memory.embeddings";
    let wanted = config.memory.embeddings.as_str();
    if wanted == Llm::OFFLINE {
        return Ok(());
    }
    match config.llm.providers.get(wanted) {
        None => Err(no_provider(config, KEY, wanted, |provider| provider.embedding_model.is_some())),
        Some(provider) if provider.embedding_model.is_none() => {
            let message = format!("`{wanted}` has no model that makes vectors");
            Err(config.bad_value(KEY, message, format!("set embedding_model in [llm.providers.{wanted}]")))
        }
        Some(_) => Ok(()),
    }
}

impl Config {
    /// Whoever posts to X has an account there. Not asked of what never reaches X.
    ///
    /// # Errors
    /// It has none.
    pub fn check_accounts(&self) -> Result<()> {
        if self.tweet.provider == TweetProvider::X && self.tweet.x.accounts.is_empty() {
            let remedy = "name each, and what it signs with, as docs/x.md shows: [tweet.x.accounts.HANDLE]";
            return Err(self.bad_value("tweet.provider", "no account has a token for X", remedy));
        }
        Ok(())
    }
}

/// An account has the keys of an app that it signs with.
fn check_x(config: &Config) -> Result<()> {
    let x = &config.tweet.x;
    for (name, account) in &x.accounts {
        let key = format!("tweet.x.accounts.{name}.app");
        let wrong = |message: String, remedy: &str| Err(config.bad_value(&key, message, remedy));
        let app = x.app_of(account);
        if let (Some(wanted), None) = (&account.app, app) {
            let known: Vec<&str> = x.apps.keys().map(String::as_str).collect();
            return wrong(format!("there is no app `{wanted}`"), &suggest::remedy(wanted, &known));
        }
        match (&account.signs, app) {
            (XSigns::Token(_), _) => {}
            (_, None) => {
                let known: Vec<String> = x.apps.keys().map(|app| format!("app = \"{app}\"")).collect();
                let (message, remedy) = match known.as_slice() {
                    [] => {
                        let message = format!("@{name} signs in the name of an app, and there is none");
                        (message, "write [tweet.x.apps.NAME] with the keys of your app".to_owned())
                    }
                    several => {
                        let message = format!(
                            "there are {} apps, and @{name} does not say in whose name it signs",
                            several.len()
                        );
                        (message, format!("write {} there", several.join(" or ")))
                    }
                };
                return wrong(message, &remedy);
            }
            (XSigns::OAuth1(..), Some((app, found))) if found.consumer.is_none() => {
                let remedy = "set consumer_key_… and consumer_secret_… there: the API key of the app, and its secret";
                return wrong(
                    format!("@{name} signs by OAuth 1.0a, and [tweet.x.apps.{app}] has no consumer key"),
                    remedy,
                );
            }
            (XSigns::OAuth2, Some((app, found))) if found.client_id.is_none() => {
                let remedy = "set client_id there: it is no secret";
                return wrong(format!("@{name} signs by OAuth 2, and [tweet.x.apps.{app}] has no client id"), remedy);
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the original did where it was told not to use X's API.
pub const NO_SCRAPING: &str =
    "without X's API one could but act as a browser does, which X's terms forbid: puppet has no such mode";

/// Nobody goes to X by another way than its API.
fn check_scraping(config: &Config, lookup: &Lookup<'_>) -> Result<()> {
    const VARIABLE: &str = "USE_TWITTER_API";
    let Some((value, origin)) = lookup.get(VARIABLE).filter(|_| config.tweet.provider == TweetProvider::X) else {
        return Ok(());
    };
    if !value.trim().eq_ignore_ascii_case("false") {
        return Ok(());
    }
    let mut trouble =
        Trouble::input("bad-variable", NO_SCRAPING, "unset it; [tweet.x.accounts] says how each account signs");
    trouble.place = origin.place(VARIABLE);
    Err(trouble)
}

/// A name that no provider has; those that would do are suggested.
fn no_provider(config: &Config, key: &str, wanted: &str, will_do: impl Fn(&Provider) -> bool) -> Trouble {
    let remedy = match providers::key_of(wanted) {
        Some(variable) => format!("set {variable} in the environment or in `.env`"),
        None => {
            let providers = config.llm.providers.iter().filter(|(_, provider)| will_do(provider));
            let known: Vec<&str> =
                std::iter::once(Llm::OFFLINE).chain(providers.map(|(name, _)| name.as_str())).collect();
            suggest::remedy(wanted, &known)
        }
    };
    config.bad_value(key, format!("there is no provider `{wanted}`"), remedy)
}
