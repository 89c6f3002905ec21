//! The original's bodies.

use puppet_store::Relationship;
use puppet_types::{AgentId, Memory, MemoryKind, Mood, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// One of `GET /api/agents`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalAgentRow)]
pub(super) struct AgentRow {
    #[schema(value_type = String)]
    pub id: AgentId,
    pub name: String,
    pub description: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_post_time: Option<Timestamp>,
    pub mood: Feeling,
}

/// `GET /api/agents/{agent}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalAgent)]
pub(super) struct AgentWhole {
    #[schema(value_type = String)]
    pub id: AgentId,
    pub name: String,
    pub description: String,
    #[schema(value_type = Object)]
    pub personality: Value,
    #[schema(value_type = Object)]
    pub style_guide: Value,
    #[schema(value_type = Object)]
    pub behavior: Value,
    pub current_mood: Feeling,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_post_time: Option<Timestamp>,
    pub goals: Vec<String>,
}

/// A mood.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = OriginalMood)]
pub(super) struct Feeling {
    pub valence: f64,
    pub arousal: f64,
    pub dominance: f64,
}

impl From<Mood> for Feeling {
    fn from(Mood { valence, arousal, dominance }: Mood) -> Self {
        Self { valence, arousal, dominance }
    }
}

/// One memory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalMemory)]
pub(super) struct Item {
    pub id: String,
    pub content: String,
    #[schema(value_type = String)]
    pub r#type: MemoryKind,
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    pub importance: f64,
    pub emotional_valence: f64,
    pub associations: Vec<String>,
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

impl From<Memory> for Item {
    fn from(memory: Memory) -> Self {
        let Memory { id, kind, content, at, importance, valence, associations, metadata, .. } = memory;
        let metadata = metadata.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        Self {
            id,
            content,
            r#type: kind,
            timestamp: at,
            importance,
            emotional_valence: valence,
            associations,
            metadata,
        }
    }
}

/// How an agent stands to another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalRelationship)]
pub(super) struct Bond {
    pub target_agent_id: String,
    pub sentiment: f64,
    pub familiarity: f64,
    pub trust: f64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_interaction_date: Option<Timestamp>,
    pub recent_interactions: Vec<String>,
    /// Always empty: what two share is among the notes.
    pub shared_experiences: Vec<String>,
    pub notes: Vec<String>,
}

impl From<Relationship> for Bond {
    fn from(bond: Relationship) -> Self {
        let Relationship {
            target, sentiment, familiarity, trust, last_interaction, recent_interactions, notes, ..
        } = bond;
        Self {
            target_agent_id: target,
            sentiment,
            familiarity,
            trust,
            last_interaction_date: last_interaction,
            recent_interactions,
            shared_experiences: Vec::new(),
            notes,
        }
    }
}

/// The same tree with names in camelCase.
pub(super) fn camel(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().map(|(key, value)| (camel_name(&key), camel(value))).collect(),
        Value::Array(list) => list.into_iter().map(camel).collect(),
        other => other,
    }
}

fn camel_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut parts = name.split('_');
    out.extend(parts.next());
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// A part of a persona; an empty object where it has none.
pub(super) fn part(persona: &Value, name: &str) -> Value {
    let part = persona.get(name).filter(|part| part.is_object()).cloned();
    camel(part.unwrap_or_else(|| json!({})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_camel_case_at_every_depth_and_texts_are_left_alone() {
        let given = json!({"style_guide": {"uses_hashtags": [{"peak_posting_hours": "a_b"}]}, "voice": 1});
        let wanted = json!({"styleGuide": {"usesHashtags": [{"peakPostingHours": "a_b"}]}, "voice": 1});
        assert_eq!(camel(given), wanted);
        assert_eq!(part(&json!({"behavior": 3}), "behavior"), json!({}));
    }
}
