//! Which fields of an agent file are known, and where they go.

/// Fields that are carried, without list positions. `*` stands for any name.
const CARRIED: &[&str] = &[
    "id",
    "name",
    "description",
    "timezone",
    "goals",
    "sample_lines",
    "custom_system_prompt",
    "rotating_system_prompts",
    "personality.traits",
    "personality.values",
    "personality.interests",
    "personality.speaking_style",
    "style_guide.voice",
    "style_guide.tone",
    "style_guide.topics_to_avoid",
    "style_guide.formatting.uses_hashtags",
    "style_guide.formatting.hashtag_style",
    "style_guide.formatting.uses_emojis",
    "style_guide.formatting.emoji_frequency",
    "style_guide.formatting.capitalization",
    "style_guide.formatting.sentence_length",
    "style_guide.formatting.avoid_hyphens",
    "style_guide.vocabulary.key_terms",
    "style_guide.vocabulary.avoid_terms",
    "initial_memory.core_memories",
    "initial_memory.recent_events",
    "initial_memory.recent_events.content",
    "initial_memory.recent_events.timestamp",
    "initial_memory.recent_events.importance",
    "initial_memory.relationships",
    "initial_memory.relationships.*",
    "initial_memory.relationships.*.sentiment",
    "initial_memory.relationships.*.familiarity",
    "initial_memory.relationships.*.trust",
    "initial_memory.relationships.*.shared_experiences",
    "initial_memory.relationships.*.notes",
    "behavior.post_frequency.min_hours_between_posts",
    "behavior.post_frequency.max_hours_between_posts",
    "behavior.post_frequency.peak_posting_hours",
    "behavior.post_frequency.timezone",
    "behavior.interaction_patterns.reply_probability",
    "behavior.interaction_patterns.quote_tweet_probability",
    "behavior.interaction_patterns.like_probability",
    "behavior.content_preferences.max_thread_length",
    "behavior.content_preferences.typical_post_length",
    "behavior.content_preferences.max_post_length",
    "behavior.content_preferences.link_sharing_frequency",
];

/// Sections that are kept as they are, for plugins that trade.
const KEPT: &[&str] = &["behavior.trading_behavior", "solana_integration", "agent_kit_integration"];

/// The names of the manager are understood as well: camelCase, and two of its own.
pub(super) fn plain(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut in_index = false;
    for c in path.chars() {
        match c {
            '[' => in_index = true,
            ']' => in_index = false,
            _ if in_index => {}
            _ => out.push(c),
        }
    }
    out.replace("coreMemories", "core_memories")
        .replace("recentEvents", "recent_events")
        .replace("sharedExperiences", "shared_experiences")
}

/// Where a field goes: into the persona or the agent.
pub(super) fn destination(path: &str) -> Option<String> {
    let plain = plain(path);
    let known = CARRIED.iter().any(|pattern| matches(pattern, &plain));
    known.then(|| match plain.as_str() {
        "id" | "name" | "description" | "timezone" => plain.clone(),
        "behavior.post_frequency.timezone" => "timezone".to_owned(),
        _ => format!("persona.{}", with_index(path)),
    })
}

fn with_index(path: &str) -> String {
    path.replace("coreMemories", "core_memories")
        .replace("recentEvents", "recent_events")
        .replace("sharedExperiences", "shared_experiences")
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('.'), path.split('.'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if part == "*" || part == name => {}
            _ => return false,
        }
    }
}

/// Whether a field is kept as it is.
pub(super) fn is_kept(path: &str) -> bool {
    let plain = plain(path);
    KEPT.iter().any(|section| plain == *section || plain.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
}

/// Whether a value is a credential by the name of its field.
pub(super) fn is_secret(path: &str) -> bool {
    if path.starts_with("twitter_credentials.") {
        return true;
    }
    const NAMES: [&str; 10] = [
        "privatekey", "secretkey", "secret", "password", "apikey", "accesstoken", "bearertoken", "authtoken", "mnemonic", "seedphrase",
    ];
    let plain = plain(path);
    let name: String = plain.rsplit('.').next().unwrap_or("").chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|known| name.ends_with(known))
}

/// Fields whose default is taken where the file has none.
pub(super) const DEFAULTED: &[&str] = &[
    "name",
    "description",
    "llm_provider",
    "behavior.post_frequency.min_hours_between_posts",
    "behavior.post_frequency.max_hours_between_posts",
    "behavior.post_frequency.peak_posting_hours",
    "behavior.interaction_patterns.reply_probability",
    "behavior.interaction_patterns.quote_tweet_probability",
    "behavior.interaction_patterns.like_probability",
    "behavior.content_preferences.max_thread_length",
    "behavior.content_preferences.typical_post_length",
    "behavior.content_preferences.link_sharing_frequency",
];
