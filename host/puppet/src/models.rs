//! Language models by name: `offline`, and the endpoints of the configuration with their keys. One of them may make
//! the vectors of memory.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use puppet_engine::LlmEmbedder;

use puppet_llm::{
    Llm, Price,
    openai::{EMBEDDING_MODEL, Endpoint, OpenAi, Secret},
};
use puppet_memory::{Embedder, VectorTerms};
use puppet_packs::SecretsFile;

use crate::{
    config::{self, KeySource, Provider},
    output::Output,
    setup::Setup,
    trouble::Result,
};

/// Needs nothing, costs nothing.
pub fn offline() -> Llm {
    Llm::offline()
}

/// Everything that can be used. An endpoint without its key is left out and said.
pub fn of(setup: &Setup, secrets: &SecretsFile, out: Output) -> Result<BTreeMap<String, Llm>> {
    let mut models = BTreeMap::from([(config::Llm::OFFLINE.to_owned(), offline())]);
    for (name, provider) in &setup.config.llm.providers {
        let key = match key(provider, secrets) {
            Ok(key) => key,
            Err(wanted) => {
                out.note(format!("`{name}` cannot be used: {wanted} is not set"));
                continue;
            }
        };
        let endpoint = endpoint(setup, name, provider, key);
        let llm = Llm::openai(endpoint).map_err(|error| {
            let remedy = "give its price (0 for a model of your own): docs/reference/configuration.md";
            setup.config.bad_value(&format!("llm.providers.{name}.model"), error.to_string(), remedy)
        })?;
        models.insert(name.clone(), llm);
    }
    let default = &setup.config.llm.default;
    if !models.contains_key(default) {
        let known: Vec<&str> = models.keys().map(String::as_str).collect();
        let message = format!("`{default}` is no model that can be used");
        let remedy = format!("use one of {}, or set its key", known.join(", "));
        return Err(setup.config.bad_value("llm.default", message, remedy));
    }
    Ok(models)
}

/// A model that makes vectors, and its terms.
pub type Embedding = (Arc<dyn Embedder>, VectorTerms);

/// Whoever makes the vectors of memory; none where they are hashed.
pub fn embedding(setup: &Setup, secrets: &SecretsFile) -> Result<Option<Embedding>> {
    let name = &setup.config.memory.embeddings;
    let Some(provider) = setup.config.llm.providers.get(name) else { return Ok(None) };
    let bad = |message: String, remedy: &str| setup.config.bad_value("memory.embeddings", message, remedy);
    let key = key(provider, secrets)
        .map_err(|wanted| bad(format!("`{name}` cannot be used: {wanted} is not set"), "set it, or use `offline`"))?;
    let endpoint = endpoint(setup, name, provider, key);
    let model = format!("{name}/{}", endpoint.embedding_model);
    let provider = OpenAi::new(endpoint).map_err(|error| bad(error.to_string(), "correct it, or use `offline`"))?;
    let terms = provider.terms();
    let (embedder, terms) = LlmEmbedder::new(Arc::new(provider), &terms, model);
    Ok(Some((embedder, terms)))
}

/// The key, or the name of what is missing.
fn key(provider: &Provider, secrets: &SecretsFile) -> std::result::Result<Option<Secret>, String> {
    match &provider.key_source {
        None => Ok(None),
        Some(KeySource::Environment(name)) => match &provider.key {
            Some(key) => Ok(Some(key.clone())),
            None => Err(name.clone()),
        },
        Some(KeySource::Secret(name)) => match secrets.get(name) {
            Some(key) => Ok(Some(key.clone())),
            None => Err(format!("secret `{name}`")),
        },
    }
}

fn endpoint(setup: &Setup, name: &str, provider: &Provider, key: Option<Secret>) -> Endpoint {
    let deadline = Duration::from_millis(setup.config.invocation.deadline_ms);
    Endpoint {
        key,
        timeout: Duration::from_millis(provider.timeout_ms),
        retries: provider.retries,
        // Retries end before the invocation's deadline does.
        total: deadline.mul_f64(0.9),
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
pub fn missing<'a>(
    models: &BTreeMap<String, Llm>,
    agents: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Vec<String> {
    let without =
        agents.filter_map(|(id, wanted)| wanted.filter(|name| !models.contains_key(*name)).map(|name| (id, name)));
    without
        .map(|(id, name)| format!("{id} asks for `{name}`, which is not configured: the default writes for it"))
        .collect()
}
