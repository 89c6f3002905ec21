//! Language models by name: `offline`, and the endpoints of the configuration with their keys. One of them may make
//! the vectors of memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use puppet_engine::LlmEmbedder;

use puppet_llm::{
    Moderator, Price,
    openai::{EMBEDDING_MODEL, Endpoint, OpenAi, Preset, Secret},
    route::{Guarded, Link, Rules, Teller, Word},
};
use puppet_memory::{Embedder, VectorTerms};
use puppet_packs::SecretsFile;
use serde::{Deserialize, Serialize};

use crate::{
    config::{self, Provider},
    control, credentials,
    output::Output,
    routes::{self, Routes},
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Everything that can be used. An endpoint without its key is left out and said.
pub fn of(setup: &Setup, secrets: &SecretsFile, out: Output) -> Result<Routes> {
    let (routes, left_out) = made(setup, secrets, out)?;
    left_out.into_iter().for_each(|line| out.note(line));
    Ok(routes)
}

/// The same, with what is said of those that are left out.
pub fn made(setup: &Setup, secrets: &SecretsFile, out: Output) -> Result<(Routes, Vec<String>)> {
    let mut left_out = Vec::new();
    let mut models = BTreeMap::from([(config::Llm::OFFLINE.to_owned(), routes::offline())]);
    let rules = rules(setup);
    for (name, provider) in &setup.config.llm.providers {
        let key = match key(setup, provider, secrets)? {
            Key::Found(key) => key,
            Key::NotSet(wanted) => {
                left_out.push(format!("`{name}` cannot be used: {wanted} is not set"));
                continue;
            }
        };
        let endpoint = endpoint(setup, name, provider, key);
        let provider = OpenAi::new(endpoint).map_err(|error| {
            let remedy = "give its price (0 for a model of your own): docs/reference/configuration.md";
            setup.config.bad_value(&format!("llm.providers.{name}.model"), error.to_string(), remedy)
        })?;
        let terms = provider.terms();
        let provider = Arc::new(Guarded::new(name, Arc::new(provider), rules, teller(setup, name, out)));
        models.insert(name.clone(), Link { name: name.clone(), provider, terms });
    }
    let default = &setup.config.llm.default;
    if !models.contains_key(default) {
        let known: Vec<&str> = models.keys().map(String::as_str).collect();
        let message = format!("`{default}` is no model that can be used");
        let remedy = format!("use one of {}, or set its key", known.join(", "));
        return Err(setup.config.bad_value("llm.default", message, remedy));
    }
    Ok((Routes::new(models, &setup.config.llm), left_out))
}

/// Says once that a provider begins to fail, and once that it is back.
fn teller(setup: &Setup, name: &str, out: Output) -> Teller {
    let name = name.to_owned();
    let routing = &setup.config.llm.routing;
    let has_others = routing.fallback.iter().chain(routing.agents.values().flatten()).any(|other| *other != name);
    let meanwhile = match has_others {
        true => "where `fallback` has another one, that is asked in its place",
        false => "nobody is asked in its place: `fallback` of [llm] names who would be",
    };
    Box::new(move |word| match word {
        Word::Fails(error) => out.note(format!("the model provider `{name}` fails: {error}; {meanwhile}")),
        Word::Answers => out.note(format!("the model provider `{name}` answers again")),
    })
}

/// How each endpoint is used.
fn rules(setup: &Setup) -> Rules {
    let routing = &setup.config.llm.routing;
    Rules {
        concurrency: routing.concurrency,
        patience: share(setup).mul_f64(PATIENCE),
        breaker: routing.breaker.rules(),
        cache: routing.cache.rules(),
    }
}

/// The part of its time that a request waits for its turn at most; what is left is for attempts.
const PATIENCE: f64 = 0.2;

/// The time that a request has at one endpoint: those that may be asked for it share what an invocation may take, and
/// end before that does.
fn share(setup: &Setup) -> Duration {
    Duration::from_millis(setup.config.invocation.deadline_ms).mul_f64(0.9) / setup.config.llm.routing.longest()
}

/// Which models can be used, and who writes for agents that name none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Usable {
    default: String,
    names: BTreeSet<String>,
}

impl Usable {
    /// Those that a host has.
    pub fn of_host(models: &Routes, default: &str) -> Self {
        Self { default: default.to_owned(), names: models.names() }
    }

    /// Those of the host that runs here; where none does, those that the next one will have.
    pub async fn here(setup: &Setup) -> Result<Self> {
        if let Some(answer) = control::ask(setup, &control::Request::Models).await? {
            return serde_json::from_value(answer).map_err(Trouble::internal);
        }
        let secrets = credentials::secrets(setup)?;
        let llm = &setup.config.llm;
        let with_key = llm.providers.iter().filter(|(_, provider)| has_key(setup, provider, &secrets));
        let names = with_key.map(|(name, _)| name.clone()).chain([config::Llm::OFFLINE.to_owned()]);
        Ok(Self { default: llm.default.clone(), names: names.collect() })
    }

    /// Who writes for an agent that asks for this model: where it cannot be used, the default.
    pub fn for_agent<'a>(&'a self, wanted: Option<&'a str>) -> &'a str {
        wanted.filter(|name| self.names.contains(*name)).unwrap_or(&self.default)
    }

    /// The same for people: marked where it is not what the agent asks for, and where it cannot be used either.
    pub fn in_words(&self, wanted: Option<&str>) -> String {
        let used = self.for_agent(wanted);
        let unusable = if self.names.contains(used) { "" } else { " (cannot be used)" };
        match wanted.filter(|wanted| *wanted != used) {
            Some(wanted) => format!("{used}{unusable} (instead of {wanted}, which cannot be used)"),
            None => format!("{used}{unusable}"),
        }
    }
}

/// A model that makes vectors, and its terms.
pub type Embedding = (Arc<dyn Embedder>, VectorTerms);

/// Whoever makes the vectors of memory; none where they are hashed.
pub fn embedding(setup: &Setup, secrets: &SecretsFile) -> Result<Option<Embedding>> {
    let name = &setup.config.memory.embeddings;
    let Some(provider) = setup.config.llm.providers.get(name) else { return Ok(None) };
    let bad = |message: String, remedy: &str| setup.config.bad_value("memory.embeddings", message, remedy);
    let key = match key(setup, provider, secrets)? {
        Key::Found(key) => key,
        Key::NotSet(wanted) => {
            return Err(bad(format!("`{name}` cannot be used: {wanted} is not set"), "set it, or use `offline`"));
        }
    };
    let endpoint = endpoint(setup, name, provider, key);
    let model = format!("{name}/{}", endpoint.embedding_model);
    let provider = OpenAi::new(endpoint).map_err(|error| bad(error.to_string(), "correct it, or use `offline`"))?;
    let terms = provider.terms();
    let (embedder, terms) = LlmEmbedder::new(Arc::new(provider), &terms, model);
    Ok(Some((embedder, terms)))
}

/// Whoever looks at texts before they leave; none where nobody is named.
pub fn moderator(setup: &Setup, secrets: &SecretsFile) -> Result<Option<Arc<dyn Moderator>>> {
    let config = &setup.config;
    let Some(name) = &config.llm.routing.moderation else { return Ok(None) };
    let Some(provider) = config.llm.providers.get(name) else { return Ok(None) };
    let bad = |message: String, remedy: &str| config.bad_value("llm.moderation", message, remedy);
    let key = match key(setup, provider, secrets)? {
        Key::Found(key) => key,
        Key::NotSet(wanted) => {
            return Err(bad(format!("`{name}` cannot be used: {wanted} is not set"), "set it, or use `off`"));
        }
    };
    let endpoint = endpoint(setup, name, provider, key);
    let moderator = OpenAi::new(endpoint).map_err(|error| bad(error.to_string(), "correct it, or use `off`"))?;
    Ok(Some(Arc::new(moderator)))
}

enum Key {
    /// It, or that none is wanted.
    Found(Option<Secret>),
    /// The name of what is missing.
    NotSet(String),
}

fn key(setup: &Setup, provider: &Provider, secrets: &SecretsFile) -> Result<Key> {
    let Some(source) = &provider.key_source else { return Ok(Key::Found(None)) };
    let (found, name) = credentials::of_source(setup, secrets, source, provider.key.as_ref())?;
    Ok(if found.is_some() { Key::Found(found) } else { Key::NotSet(name) })
}

/// Whether a host would find the key, as far as can be said without looking into files or running programs.
pub fn has_key(setup: &Setup, provider: &Provider, secrets: &SecretsFile) -> bool {
    let source = provider.key_source.as_ref();
    source.is_none_or(|source| credentials::is_set(setup, secrets, source, provider.key.as_ref()))
}

/// Where a provider is and how it is asked; none while its key is not set.
pub fn endpoint_of(setup: &Setup, secrets: &SecretsFile, name: &str, provider: &Provider) -> Result<Option<Endpoint>> {
    Ok(match key(setup, provider, secrets)? {
        Key::Found(key) => Some(endpoint(setup, name, provider, key)),
        Key::NotSet(_) => None,
    })
}

fn endpoint(setup: &Setup, name: &str, provider: &Provider, key: Option<Secret>) -> Endpoint {
    Endpoint {
        key,
        preset: provider.preset.and_then(Preset::named),
        api: provider.api,
        stream: provider.stream,
        idle_timeout: Duration::from_millis(provider.idle_timeout_ms),
        timeout: Duration::from_millis(provider.timeout_ms),
        retries: provider.retries,
        total: share(setup).mul_f64(1.0 - PATIENCE),
        headers: provider.headers.clone(),
        embedding_model: provider.embedding_model.clone().unwrap_or_else(|| EMBEDDING_MODEL.to_owned()),
        price: provider.price.map(|price| Price {
            prompt_usd_micros_per_million: price.prompt_usd_micros_per_million,
            completion_usd_micros_per_million: price.completion_usd_micros_per_million,
        }),
        ..Endpoint::new(name, &provider.base_url, &provider.model)
    }
}

/// Agents whose model is not there, as lines for people.
pub fn missing<'a>(models: &BTreeSet<String>, agents: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Vec<String> {
    let without =
        agents.filter_map(|(id, wanted)| wanted.filter(|name| !models.contains(*name)).map(|name| (id, name)));
    without
        .map(|(id, name)| format!("{id} asks for `{name}`, which is not configured: the default writes for it"))
        .collect()
}
