//! Providers that are known by name: where they are, which variable holds their key, and how they differ from the rest
//! (`quirks.rs`).

/// A provider that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// As `preset` in the configuration, and as the name of a provider.
    pub name: &'static str,
    /// Where it is, where no other address is given.
    pub base_url: &'static str,
    /// The variable of its key; none where it wants none.
    pub key_env: Option<&'static str>,
    /// Its model, where none is named.
    pub model: Option<&'static str>,
    /// Its model of vectors, where none is named.
    pub embedding_model: Option<&'static str>,
    /// On one's own machine: tokens cost nothing, where no price is given.
    pub is_free: bool,
    /// Its key is wanted in `x-api-key` too, where models are listed.
    pub(super) lists_by_own_header: bool,
}

const KNOWN: Preset = Preset {
    name: "",
    base_url: "",
    key_env: None,
    model: None,
    embedding_model: None,
    is_free: false,
    lists_by_own_header: false,
};

/// All of them. The models of `openai` and `grok` are those of the original engine (docs/reference/environment.md).
pub const PRESETS: [Preset; 7] = [
    Preset {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        key_env: Some("OPENAI_API_KEY"),
        model: Some("gpt-4o"),
        embedding_model: Some("text-embedding-3-small"),
        ..KNOWN
    },
    Preset {
        name: "grok",
        base_url: "https://api.x.ai/v1",
        key_env: Some("GROK_API_KEY"),
        model: Some("grok-1"),
        ..KNOWN
    },
    Preset {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        key_env: Some("OPENROUTER_API_KEY"),
        ..KNOWN
    },
    Preset {
        name: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        key_env: Some("ANTHROPIC_API_KEY"),
        lists_by_own_header: true,
        ..KNOWN
    },
    Preset { name: "ollama", base_url: "http://127.0.0.1:11434/v1", is_free: true, ..KNOWN },
    Preset { name: "llamacpp", base_url: "http://127.0.0.1:8080/v1", is_free: true, ..KNOWN },
    Preset { name: "vllm", base_url: "http://127.0.0.1:8000/v1", is_free: true, ..KNOWN },
];

impl Preset {
    /// By name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}
