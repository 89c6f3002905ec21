//! What a model refuses of the protocol: known by name beforehand, or learned from what it answers. What it refuses is
//! left out, with one warning for each parameter that a request really wanted. For good is learned what an error says by
//! its code; words alone may be about what a guest wrote, so they hold for that request.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// A parameter that some model somewhere refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parameter {
    Temperature,
    TopP,
    PresencePenalty,
    FrequencyPenalty,
    Stop,
    /// The bound of an answer by its old name; refused, the new one is used.
    MaxTokens,
    /// The bound by its new name; refused, the old one is used.
    MaxCompletionTokens,
    /// Names of those who speak.
    Name,
    /// `response_format` with a schema; refused, `json_object` is asked for.
    JsonSchema,
    /// `response_format` at all; refused, the prompt alone asks for JSON.
    ResponseFormat,
    StreamOptions,
    Stream,
    Store,
    EncodingFormat,
}

use Parameter::*;

/// Which models refuse what.
struct Quirk {
    /// In docs/models.md.
    name: &'static str,
    /// Of this preset alone.
    preset: Option<&'static str>,
    /// Beginnings of the models' names.
    models: &'static [&'static str],
    /// Those of them that do not; parts of their names.
    but: &'static [&'static str],
    refuses: &'static [Parameter],
}

const THINKS: &[&str] = &["o1", "o3", "o4", "gpt-5"];
const GROK_THINKS: &[&str] = &["grok-3-mini", "grok-4", "grok-code"];

const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "fixed-sampling",
        preset: None,
        models: THINKS,
        but: &["gpt-5-chat"],
        refuses: &[Temperature, TopP, PresencePenalty, FrequencyPenalty, MaxTokens],
    },
    Quirk { name: "no-stop", preset: None, models: &["o3", "o4", "gpt-5"], but: &["gpt-5-chat"], refuses: &[Stop] },
    Quirk {
        name: "grok-thinks",
        preset: None,
        models: GROK_THINKS,
        but: &["non-reasoning"],
        refuses: &[PresencePenalty, FrequencyPenalty, Stop],
    },
    // It takes these and does nothing with them.
    Quirk {
        name: "anthropic",
        preset: Some("anthropic"),
        models: &[""],
        but: &[],
        refuses: &[PresencePenalty, FrequencyPenalty, ResponseFormat, Name],
    },
    // Not among the fields that it says it reads.
    Quirk { name: "ollama", preset: Some("ollama"), models: &[""], but: &[], refuses: &[Name] },
];

/// Which protocol an endpoint is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// `/chat/completions`, which everybody speaks.
    #[default]
    Chat,
    /// `/responses`, of OpenAI.
    Responses,
}

impl Api {
    /// As `api` in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
        }
    }

    /// By name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Chat, Self::Responses].into_iter().find(|api| api.name() == name)
    }
}

/// `/responses` knows none of these.
const NOT_IN_RESPONSES: [Parameter; 4] = [PresencePenalty, FrequencyPenalty, Stop, Name];

impl Parameter {
    pub(super) const ALL: [Self; 14] = [
        Temperature,
        TopP,
        PresencePenalty,
        FrequencyPenalty,
        Stop,
        MaxTokens,
        MaxCompletionTokens,
        Name,
        JsonSchema,
        ResponseFormat,
        StreamOptions,
        Stream,
        Store,
        EncodingFormat,
    ];

    /// As it is sent.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Temperature => "temperature",
            TopP => "top_p",
            PresencePenalty => "presence_penalty",
            FrequencyPenalty => "frequency_penalty",
            Stop => "stop",
            MaxTokens => "max_tokens",
            MaxCompletionTokens => "max_completion_tokens",
            Name => "name",
            JsonSchema => "json_schema",
            ResponseFormat => "response_format",
            StreamOptions => "stream_options",
            Stream => "stream",
            Store => "store",
            EncodingFormat => "encoding_format",
        }
    }

    /// The one that an error names as not supported; `param` is the place that it points at, where it does. What is said
    /// of a schema, or of a place that is no parameter, is said of what a guest wrote: it tells nothing of the model.
    pub(super) fn refused_by(param: &str, message: &str) -> Option<Self> {
        const NOT: [&str; 9] = [
            "unsupported",
            "not supported",
            "not support",
            "unrecognized",
            "unknown",
            "not permitted",
            "not allowed",
            "extra_forbidden",
            "unexpected",
        ];
        let lower = message.to_lowercase();
        let is_of_schema = lower.contains("invalid schema") || lower.contains("in context=");
        if is_of_schema || !NOT.iter().any(|not| lower.contains(not)) {
            return None;
        }
        let place = param.rsplit(['.', ' ']).next().unwrap_or_default();
        if lower.contains("json_schema") && matches!(place, "" | "response_format" | "type" | "json_schema") {
            return Some(JsonSchema);
        }
        if !place.is_empty() {
            let place = place.to_lowercase();
            return Self::ALL.into_iter().find(|parameter| place_of(&place, parameter.name()) == Some(0));
        }
        let named = Self::ALL.into_iter().filter(|parameter| *parameter != Name);
        let named = named.filter_map(|parameter| Some((place_of(&lower, parameter.name())?, parameter)));
        named.min().map(|(_, parameter)| parameter)
    }
}

/// Where a text has a name as a word of its own, in lower case with underscores or without.
fn place_of(lower: &str, name: &str) -> Option<usize> {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let of = |name: &str| {
        lower.match_indices(name).map(|(at, _)| at).find(|at| {
            let before = lower.get(..*at).and_then(|text| text.chars().next_back());
            let after = lower.get(at + name.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    of(name).or_else(|| of(&name.replace('_', "")))
}

/// What is known of one model.
#[derive(Debug)]
pub(super) struct Quirks {
    provider: String,
    model: String,
    /// And by which quirk that is known.
    refused: Mutex<BTreeMap<Parameter, &'static str>>,
    warned: Arc<Mutex<BTreeSet<Parameter>>>,
}

/// What was refused by an error's code.
const LEARNED: &str = "learned";
/// What was refused by an error's words.
const BY_WORDS: &str = "by-words";

impl Quirks {
    /// What is known beforehand.
    pub(super) fn of(provider: &str, preset: Option<&str>, api: Api, model: &str) -> Self {
        // `openai/o3-mini`: a gateway names whose model it is.
        let bare = model.rsplit('/').next().unwrap_or(model);
        let fit = QUIRKS.iter().filter(|quirk| {
            quirk.preset.is_none_or(|of| preset == Some(of))
                && quirk.models.iter().any(|family| bare.starts_with(family))
                && !quirk.but.iter().any(|part| bare.contains(part))
        });
        let by_model = fit.flat_map(|quirk| quirk.refuses.iter().map(|parameter| (*parameter, quirk.name)));
        let by_api = NOT_IN_RESPONSES.into_iter().filter(|_| api == Api::Responses).map(|one| (one, "responses"));
        let refused = Mutex::new(by_model.chain(by_api).collect());
        Self { provider: provider.to_owned(), model: model.to_owned(), refused, warned: Arc::default() }
    }

    /// The same for one request: what it learns is its own.
    pub(super) fn of_request(&self) -> Self {
        let Self { provider, model, warned, .. } = self;
        let refused = Mutex::new(self.refused().clone());
        Self { provider: provider.clone(), model: model.clone(), refused, warned: Arc::clone(warned) }
    }

    fn refused(&self) -> MutexGuard<'_, BTreeMap<Parameter, &'static str>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it can be sent; for what a request did not ask for.
    pub(super) fn takes(&self, parameter: Parameter) -> bool {
        !self.refused().contains_key(&parameter)
    }

    /// Whether what a request asks for can be sent. Where it cannot, that is said once.
    pub(super) fn takes_wanted(&self, parameter: Parameter) -> bool {
        let Some(quirk) = self.refused().get(&parameter).copied() else { return true };
        if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(parameter) {
            let (provider, model, name) = (&self.provider, &self.model, parameter.name());
            let which = if quirk == BY_WORDS { "a request that it refuses goes" } else { "requests go" };
            tracing::warn!(quirk, "`{model}` of `{provider}` does not take `{name}`: {which} without it");
        }
        false
    }

    /// Remembers that a parameter was refused, by an error's code or by its words. False where that changes nothing: it was
    /// not sent.
    pub(super) fn learn(&self, parameter: Parameter, by_code: bool) -> bool {
        let mut refused = self.refused();
        // An answer without a bound has no price: one of the two names stays.
        let other = match parameter {
            MaxTokens => Some(MaxCompletionTokens),
            MaxCompletionTokens => Some(MaxTokens),
            _ => None,
        };
        if other.is_some_and(|other| refused.contains_key(&other)) || refused.contains_key(&parameter) {
            return false;
        }
        refused.insert(parameter, if by_code { LEARNED } else { BY_WORDS });
        true
    }
}

#[cfg(test)]
#[path = "quirks_tests.rs"]
mod tests;
