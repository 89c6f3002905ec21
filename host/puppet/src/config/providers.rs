//! `[llm.providers.<name>]`: what the file says, over what the preset knows, under the environment.

use std::collections::BTreeMap;

use puppet_llm::{
    Price as ListPrice,
    openai::{Api, MOST_RETRIES, PRESETS, Preset},
};
use puppet_types::Timestamp;

use super::{
    Config, KeySource, Origin, Price, Provider, Secret, key_source,
    load::{BASE_URL, Draft, base_url, small},
    money,
    origin::{Level, Warning},
    overlay::Lookup,
    read::{Found, Section},
    suggest,
};
use crate::trouble::{Place, Result, Trouble};

/// What a provider is said to be, before presets and environment have had their say.
#[derive(Default)]
pub(super) struct ProviderDraft {
    pub(super) preset: Option<&'static Preset>,
    pub(super) api: Option<Api>,
    pub(super) stream: Option<bool>,
    pub(super) idle_timeout_ms: Option<u64>,
    pub(super) base_url: Option<String>,
    pub(super) key_source: Option<KeySource>,
    pub(super) model: Option<String>,
    pub(super) embedding_model: Option<String>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) retries: Option<u32>,
    pub(super) headers: BTreeMap<String, Secret>,
    pub(super) price: Option<Price>,
}

/// What the file says of one.
pub(super) fn read(section: &Section<'_>) -> Result<ProviderDraft> {
    let mut draft = ProviderDraft::default();
    if let Some(Found { value, line }) = section.text("preset", "the name of a known provider")? {
        draft.preset = Some(Preset::named(&value).ok_or_else(|| {
            let remedy = suggest::remedy(&value, &PRESETS.map(|preset| preset.name));
            section.wrong("preset", line, format!("no provider is known as `{value}`"), remedy)
        })?);
    }
    draft.api = section.parsed("api", "`chat` or `responses`", Api::named)?.map(|found| found.value);
    draft.stream = section.boolean("stream")?.map(|found| found.value);
    draft.idle_timeout_ms = section.integer("idle_timeout_ms", 100..=600_000)?.map(|found| found.value);
    section.parsed("kind", "\"openai\", the only kind there is", |kind| (kind == "openai").then_some(()))?;
    draft.base_url = section.parsed("base_url", BASE_URL, base_url)?.map(|found| found.value);
    let name = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    draft.model = section.parsed("model", "the name of a model", name)?.map(|found| found.value);
    draft.embedding_model = section.parsed("embedding_model", "the name of a model", name)?.map(|found| found.value);
    draft.timeout_ms = section.integer("timeout_ms", 100..=600_000)?.map(|found| found.value);
    draft.retries = section.integer("retries", 0..=MOST_RETRIES.into())?.map(small).transpose()?;
    draft.key_source = key_source::read(section, "key")?;
    if let Some((headers, entries)) = section.named("headers")? {
        for entry in entries {
            let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if entry.name.is_empty() || !entry.name.bytes().all(token) {
                return Err(headers.wrong(&entry.name, entry.line, "expected the name of an HTTP header", ""));
            }
            let line = |text: &str| (!text.contains(['\r', '\n', '\0'])).then(|| Secret::new(text));
            if let Some(value) = headers.parsed(&entry.name, "a text of one line", line)? {
                draft.headers.insert(entry.name, value.value);
            }
        }
    }
    if let Some(price) = section.section("price", &PRICE)? {
        draft.price = Some(read_price(&price)?);
    }
    Ok(draft)
}

const PRICE: [&str; 2] = ["prompt_usd_per_million", "completion_usd_per_million"];

fn read_price(section: &Found<Section<'_>>) -> Result<Price> {
    let read = |key: &str| {
        let price = section.value.parsed(key, "dollars as a text, for example \"0.15\"", money::parse_usd_micros)?;
        price.map(|found| found.value).ok_or_else(|| {
            section.value.wrong(
                key,
                section.line,
                "is missing",
                "a price has both: for the prompt, and for the completion",
            )
        })
    };
    Ok(Price { prompt_usd_micros_per_million: read(PRICE[0])?, completion_usd_micros_per_million: read(PRICE[1])? })
}

/// A provider that exists as soon as its key is set, and the variables that win over the file.
struct ByKey {
    preset: &'static str,
    model_variable: &'static str,
    base_url_variable: Option<&'static str>,
}

/// As in the original engine (docs/reference/environment.md).
const BY_KEY: [ByKey; 2] = [
    ByKey { preset: "openai", model_variable: "OPENAI_MODEL", base_url_variable: None },
    ByKey { preset: "grok", model_variable: "GROK_MODEL", base_url_variable: Some("GROK_API_ENDPOINT") },
];

/// The variable that makes a provider of that name.
pub(super) fn key_of(name: &str) -> Option<&'static str> {
    BY_KEY.iter().find(|by_key| by_key.preset == name).and_then(|_| Preset::named(name)?.key_env)
}

/// Puts what the environment says into the draft, and what presets know under it.
pub(super) fn apply(draft: &mut Draft, lookup: &Lookup<'_>) -> Result<()> {
    for by_key in &BY_KEY {
        from_environment(by_key, draft, lookup)?;
    }
    for (name, provider) in &mut draft.providers {
        if let Some(preset) = provider.preset.or_else(|| Preset::named(name)) {
            under(preset, provider);
        }
    }
    Ok(())
}

fn from_environment(by_key: &ByKey, draft: &mut Draft, lookup: &Lookup<'_>) -> Result<()> {
    let name = by_key.preset;
    let has_key = || key_of(name).is_some_and(|variable| lookup.get(variable).is_some());
    if !draft.providers.contains_key(name) && !has_key() {
        return Ok(());
    }
    let provider = draft.providers.entry(name.to_owned()).or_default();
    let key = |of: &str| format!("llm.providers.{name}.{of}");
    if let Some((model, origin)) = lookup.get(by_key.model_variable) {
        provider.model = Some(model.trim().to_owned());
        draft.config.origins.insert(key("model"), origin);
    }
    if let Some(variable) = by_key.base_url_variable
        && let Some((url, origin)) = lookup.parsed(variable, BASE_URL, base_url)?
    {
        provider.base_url = Some(url);
        draft.config.origins.insert(key("base_url"), origin);
    }
    Ok(())
}

fn under(preset: &'static Preset, provider: &mut ProviderDraft) {
    provider.preset = Some(preset);
    provider.base_url.get_or_insert_with(|| preset.base_url.to_owned());
    provider.model = provider.model.take().or(preset.model.map(str::to_owned));
    provider.embedding_model = provider.embedding_model.take().or(preset.embedding_model.map(str::to_owned));
    let variable = preset.key_env.map(|variable| KeySource::Environment(variable.to_owned()));
    provider.key_source = provider.key_source.take().or(variable);
    if preset.is_free {
        provider.price.get_or_insert(Price { prompt_usd_micros_per_million: 0, completion_usd_micros_per_million: 0 });
    }
}

/// The whole of one.
pub(super) fn complete(
    name: &str,
    draft: ProviderDraft,
    config: &mut Config,
    lookup: &Lookup<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Provider> {
    let field = |of: &str| format!("llm.providers.{name}.{of}");
    // The line of the provider: the first of its keys.
    let prefix = field("");
    let origin = config
        .origins
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .map(|(_, origin)| origin)
        .min_by_key(|origin| if let Origin::File { line, .. } = origin { *line } else { usize::MAX })
        .cloned()
        .unwrap_or_default();
    let missing = |of: &str, remedy: &str| {
        let mut trouble = Trouble::input("missing-key", "is missing", remedy);
        trouble.place = origin.place(&field(of));
        trouble.place.field = Some(field(of));
        trouble
    };
    let base_url =
        draft.base_url.ok_or_else(|| missing("base_url", "for example base_url = \"http://127.0.0.1:8080/v1\""))?;
    let model = draft.model.ok_or_else(|| missing("model", "name the model that the endpoint is to use"))?;
    let mut key = None;
    if let Some(KeySource::Environment(variable)) = &draft.key_source {
        match lookup.get(variable) {
            Some((value, origin)) => {
                key = Some(Secret::new(value.trim()));
                config.origins.insert(field("key"), origin);
            }
            None => warnings.push(Warning {
                level: Level::Warning,
                code: "key-not-set",
                message: format!("the variable {variable} is not set: the provider is left out"),
                place: origin.place(&field("key_env")),
                remedy: format!("set {variable} in the environment or in `.env`"),
            }),
        }
    }
    if draft.price.is_none() && ListPrice::listed(&model, Timestamp::from_system()).is_none() {
        let remedy = format!("set prompt_usd_per_million and completion_usd_per_million in [{}]", field("price"));
        warnings.push(Warning {
            level: Level::Note,
            code: "no-price",
            message: format!("`{model}` has no price of its own, and is not on the list: it is refused"),
            place: Place { field: Some(field("price")), ..Default::default() },
            remedy,
        });
    }
    Ok(Provider {
        preset: draft.preset.map(|preset| preset.name),
        api: draft.api.unwrap_or_default(),
        stream: draft.stream.unwrap_or(true),
        idle_timeout_ms: draft.idle_timeout_ms.unwrap_or(Provider::IDLE_TIMEOUT_MS),
        base_url,
        key_source: draft.key_source,
        key,
        model,
        embedding_model: draft.embedding_model,
        timeout_ms: draft.timeout_ms.unwrap_or(Provider::TIMEOUT_MS),
        retries: draft.retries.unwrap_or(Provider::RETRIES),
        headers: draft.headers,
        price: draft.price,
    })
}
