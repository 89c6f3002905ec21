//! `doctor`: who writes, and whether each endpoint answers with its key and has its model. Each is asked for its list of
//! models, once, all at the same time; nothing else is sent and nothing is billed.

use std::time::Duration;

use futures::future::join_all;
use puppet_packs::SecretsFile;
use puppet_types::counted;

use super::{Check, NO_KEY, check, of_trouble};
use crate::{
    config::{Provider, nearest},
    credentials, models, records,
    setup::Setup,
};

/// For one endpoint to answer.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) async fn models(setup: &Setup) -> Vec<Check> {
    let llm = &setup.config.llm;
    // What is wrong with them has a check of its own.
    let secrets = credentials::secrets(setup).ok();
    let default = check("model", "ok", format!("`{}` writes for agents that name none", llm.default), "");
    let endpoints = llm.providers.iter().map(|(name, provider)| endpoint(setup, secrets.as_ref(), name, provider));
    let asked = join_all(endpoints).await;
    // What is wrong with agents has a check of its own.
    let agents = records::all_agents(setup).await;
    let here = agents.map(|agents| agents.into_iter().map(|spec| spec.id).collect()).ok();
    let unknown = here.iter().flat_map(|here| llm.routing.unknown(here));
    let unknown = unknown.map(|line| check("model", "warn", line, "correct the name, or take the section out"));
    [default].into_iter().chain(unknown).chain(asked).chain([vectors(setup, secrets.as_ref())]).collect()
}

fn has_key(setup: &Setup, secrets: Option<&SecretsFile>, provider: &Provider) -> bool {
    match secrets {
        Some(secrets) => models::has_key(setup, provider, secrets),
        None => provider.key_source.is_none() || provider.key.is_some(),
    }
}

async fn endpoint(setup: &Setup, secrets: Option<&SecretsFile>, name: &str, provider: &Provider) -> Check {
    let at = format!("{name}: {} at {}", provider.model, provider.base_url);
    let endpoint = match secrets.map(|secrets| models::endpoint_of(setup, secrets, name, provider)) {
        Some(Ok(Some(endpoint))) => endpoint,
        Some(Err(trouble)) => return of_trouble("model", "fail", &trouble),
        Some(Ok(None)) | None => return check("model", "warn", format!("{at}: its key is not set"), NO_KEY),
    };
    match endpoint.listed(ANSWER).await {
        Ok(listed) if listed.has_model => check("model", "ok", format!("{at}: answers and has it"), ""),
        Ok(listed) => {
            let known: Vec<&str> = listed.models.iter().map(String::as_str).collect();
            let remedy = match nearest(&provider.model, &known) {
                Some(near) => format!("correct `model`: did you mean `{near}`?"),
                None => "correct `model`, unless it is one that the endpoint does not list".to_owned(),
            };
            let models = counted(known.len(), "model", "models");
            check("model", "warn", format!("{at}: answers, and does not list it among {models}"), remedy)
        }
        // What may pass by itself is no fault of the configuration.
        Err(trouble) => {
            let status = if trouble.is_passing { "warn" } else { "fail" };
            check("model", status, format!("{at}: {}", trouble.cause), trouble.remedy)
        }
    }
}

/// Who makes the vectors of memory.
fn vectors(setup: &Setup, secrets: Option<&SecretsFile>) -> Check {
    let name = &setup.config.memory.embeddings;
    let Some(provider) = setup.config.llm.providers.get(name) else {
        return check("memory", "ok", "`offline` makes vectors: hashed words, nothing leaves this machine", "");
    };
    let model = provider.embedding_model.as_deref().unwrap_or_default();
    let detail = format!("`{name}` makes vectors: {model} at {}", provider.base_url);
    match has_key(setup, secrets, provider) {
        true => check("memory", "ok", detail, ""),
        false => check("memory", "warn", detail, NO_KEY),
    }
}
