//! `doctor`: who writes, and whether each endpoint answers with its key and has its model. Each is asked for its list of
//! models, once, all at the same time; nothing else is sent and nothing is billed.

use std::time::Duration;

use futures::future::join_all;
use puppet_packs::SecretsFile;
use puppet_types::counted;

use super::{Check, NO_KEY, check, of_trouble};
use crate::{
    config::{Provider, nearest},
    credentials, models,
    output::Output,
    records,
    setup::Setup,
};

/// For one endpoint to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What names of models of an emulator begin with.
const EMULATED: &str = "emulated-";

pub(super) async fn models(setup: &Setup, out: Output) -> Vec<Check> {
    let llm = &setup.config.llm;
    // What is wrong with them has a check of its own.
    let secrets = credentials::secrets(setup).ok();
    let refused = secrets.as_ref().map_or_else(Vec::new, |secrets| refused(setup, secrets, out));
    let default = check("model", "ok", format!("`{}` writes for agents that name none", llm.default), "");
    let default = Some(default).filter(|_| refused.iter().all(|check| check.name != "model"));
    let endpoints = llm.providers.iter().map(|(name, provider)| endpoint(setup, secrets.as_ref(), name, provider));
    let asked = join_all(endpoints).await;
    // What is wrong with agents has a check of its own.
    let agents = records::all_agents(setup).await;
    let here = agents.map(|agents| agents.into_iter().map(|spec| spec.id).collect()).ok();
    let unknown = here.iter().flat_map(|here| llm.routing.unknown(here));
    let unknown = unknown.map(|line| check("model", "warn", line, "correct the name, or take the section out"));
    default.into_iter().chain(refused).chain(unknown).chain(asked).chain(vectors(setup, secrets.as_ref())).collect()
}

/// What a host refuses to start with.
fn refused(setup: &Setup, secrets: &SecretsFile, out: Output) -> Vec<Check> {
    let all = [
        models::made(setup, secrets, out).err().map(|trouble| of_trouble("model", "fail", &trouble)),
        models::moderator(setup, secrets).err().map(|trouble| of_trouble("model", "fail", &trouble)),
        models::embedding(setup, secrets).err().map(|trouble| of_trouble("memory", "fail", &trouble)),
    ];
    all.into_iter().flatten().collect()
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
        // Those of an emulator answer to any name.
        Ok(listed) if listed.models.iter().all(|model| model.starts_with(EMULATED)) && !listed.models.is_empty() => {
            check("model", "ok", format!("{at}: an emulator answers"), "")
        }
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
fn vectors(setup: &Setup, secrets: Option<&SecretsFile>) -> Option<Check> {
    let name = &setup.config.memory.embeddings;
    let Some(provider) = setup.config.llm.providers.get(name) else {
        let detail = "`offline` makes vectors: hashed words, nothing leaves this machine";
        return Some(check("memory", "ok", detail, ""));
    };
    let model = provider.embedding_model.as_deref().unwrap_or_default();
    let detail = format!("`{name}` makes vectors: {model} at {}", provider.base_url);
    // Without its key no host starts, which is told above.
    has_key(setup, secrets, provider).then(|| check("memory", "ok", detail, ""))
}
