//! What names say: which hold a credential, which belong together, which are known and not taken over.

use crate::schema;

/// `apiKey` as `api_key`.
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
        before = c;
    }
    out
}

/// Parts of a name, without separators, that say "credential".
const PARTS: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "passphrase",
    "mnemonic",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "accesstoken",
    "bearertoken",
    "authtoken",
    "refreshtoken",
    "oauthtoken",
    "sessiontoken",
    "bottoken",
    "clienttoken",
    "apitoken",
    "signingkey",
    "encryptionkey",
    "consumerkey",
    "walletkey",
    "masterkey",
    "authkey",
    "sshkey",
    "seedphrase",
    "recoveryphrase",
    "keypair",
    "cookie",
];
/// Whole names that do.
const WHOLE: &[&str] = &["key", "keys", "token", "auth", "authorization", "bearer", "pin", "jwt"];

/// Whether a field of this name holds a credential.
pub fn is_secret(name: &str) -> bool {
    let compact: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WHOLE.contains(&compact.as_str()) || PARTS.iter().any(|part| compact.contains(part))
}

/// Whether a text is an address with a credential in it: `https://user:word@host`, `https://host/?api-key=…`.
pub fn is_secret_address(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let named = |pair: &str| pair.split_once('=').is_some_and(|(name, value)| !value.is_empty() && is_secret(name));
    authority.contains('@') || query.split(['&', '#']).any(named)
}

/// The name of a credential among the secrets: `x/<agent>/api_key`.
pub(super) fn secret(agent: &str, path: &str) -> String {
    let (section, rest) = path.split_once('.').unwrap_or(("", path));
    let (space, rest) = match section {
        "twitter_credentials" | "twitterCredentials" => ("x", rest),
        "solana_integration" | "solanaIntegration" => ("solana", rest),
        _ => ("agent", path),
    };
    let rest: Vec<String> = rest.split('.').map(snake).collect();
    format!("{space}/{agent}/{}", rest.join("/"))
}

/// Sections that a later release uses, kept as they are, with their place.
pub(super) const KEPT: &[(&str, &str)] = &[
    ("behavior.trading_behavior", "trading_behavior"),
    ("solana_integration", "solana_integration"),
    ("agent_kit_integration", "agent_kit_integration"),
    ("trade_safety", "trade_safety"),
];

/// Fields that are known from documents of the original and have no place here.
pub(super) const IGNORED: &[(&str, &str)] = &[
    ("llm_config", "models and their parameters belong to the providers in puppet.toml"),
    ("personality.emotional_range", "moods move only through events"),
    ("behavior.retweet_probability", "there are quotes, and no bare reposts"),
    ("behavior.interaction_patterns.retweet_probability", "there are quotes, and no bare reposts"),
    ("behavior.mention_response_time", "a mention is answered at once"),
    ("behavior.interaction_patterns.mention_response_time", "a mention is answered at once"),
    ("behavior.original_content_ratio", "posts and replies have rates of their own"),
    ("behavior.content_preferences.original_content_ratio", "posts and replies have rates of their own"),
    ("language_constraints", "use style_guide.vocabulary and topics_to_avoid"),
    ("knowledge_base", "use initial_memory.core_memories"),
];

/// Parts of a relationship or of a remembered event that are known and not taken over.
pub(super) const HISTORY: &[&str] = &[
    "targetAgentId",
    "target_agent_id",
    "lastInteractionDate",
    "last_interaction_date",
    "recentInteractions",
    "recent_interactions",
    "id",
    "type",
    "emotionalValence",
    "emotional_valence",
    "associations",
    "metadata",
];

/// Fields at the top of an agent file beside the sections of a persona.
const TOP: &[&str] = &["name", "description", "llm_provider", "agent_type", "event_handlers"];

/// Whether a field at the top of a file is one that agent files have, or a credential.
pub(super) fn is_of_an_agent(key: &str) -> bool {
    let name = snake(key);
    let begins = |path: &str| path.split('.').next() == Some(&name);
    let mut known = schema::FIELDS.iter().map(|(path, _)| *path);
    let mut others = KEPT.iter().chain(IGNORED).map(|(path, _)| *path);
    TOP.contains(&name.as_str()) || known.any(begins) || others.any(begins) || is_secret(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_known() {
        for name in [
            "apiKey",
            "api_key",
            "APIKEY",
            "apiKeySecret",
            "accessToken",
            "private_key",
            "SOLANA_PRIVATE_KEY",
            "password",
            "bearerToken",
            "twitter_credentials",
            "walletSecret",
            "mnemonic",
            "token",
            "key",
            "client-secret",
            "auth_token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "key_terms",
            "max_tokens",
            "allowed_tokens",
            "token_in",
            "monkey",
            "id",
            "wallet_address",
            "rpc_url",
            "keyboard",
            "traits",
            "network",
            "author",
            "spin",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn addresses_can_hold_credentials() {
        for address in ["https://a:b@host/", "https://host/?api-key=abc", "wss://host/x?y=1&token=abc"] {
            assert!(is_secret_address(address), "{address}");
        }
        for address in
            ["https://host/", "https://host/?cluster=main", "https://host/?api-key=", "https://host/@me", "a?key=1"]
        {
            assert!(!is_secret_address(address), "{address}");
        }
    }

    #[test]
    fn credentials_have_names_of_their_own() {
        assert_eq!(secret("a", "twitter_credentials.apiKeySecret"), "x/a/api_key_secret");
        assert_eq!(secret("a", "solana_integration.private_key"), "solana/a/private_key");
        assert_eq!(secret("a", "more.deeply.apiKey"), "agent/a/more/deeply/api_key");
        assert_eq!(secret("a", "password"), "agent/a/password");
    }
}
