//! What clients of the original send, for the description alone: [`Body`](super::asked::Body) reads it. Fields that are not
//! named here are left alone, and null is a field that is not there.

use serde_json::Value;
use utoipa::ToSchema;

use crate::shape;

/// A post that is wished.
#[derive(ToSchema)]
#[schema(as = OriginalPost, rename_all = "camelCase")]
pub struct Post {
    /// About what; else what the agent likes.
    #[schema(max_length = 10000)]
    topic: Option<String>,
    /// So many parts.
    #[schema(minimum = 1, maximum = 25)]
    thread_length: Option<u32>,
    /// Also where it is too soon after the last one.
    force: Option<bool>,
}

/// A reply that is wished.
#[derive(ToSchema)]
#[schema(as = OriginalReply, rename_all = "camelCase")]
pub struct Reply {
    /// The post that is answered.
    #[schema(value_type = shape::OriginalPostId)]
    tweet_id: String,
    /// What that says, for the case that it cannot be read.
    #[schema(max_length = 10000)]
    content: Option<String>,
}

/// What is added to a mood.
#[derive(ToSchema)]
#[schema(as = OriginalShift, rename_all = "camelCase")]
pub struct Shift {
    #[schema(minimum = -2, maximum = 2)]
    valence_shift: Option<f64>,
    #[schema(minimum = -2, maximum = 2)]
    arousal_shift: Option<f64>,
    #[schema(minimum = -2, maximum = 2)]
    dominance_shift: Option<f64>,
}

/// What is to be remembered.
#[derive(ToSchema)]
#[schema(as = OriginalNewMemory)]
pub struct NewMemory {
    #[schema(min_length = 1, max_length = 2000, pattern = r"[^\s]")]
    content: String,
    /// `general` where it is left out. Names that are no kind of memory are kept beside it.
    r#type: Option<String>,
    /// 0.5 where it is left out.
    #[schema(minimum = 0, maximum = 1)]
    importance: Option<f64>,
}

/// An event that is sent.
#[derive(ToSchema)]
#[schema(as = OriginalNewEvent, rename_all = "camelCase")]
pub struct NewEvent {
    #[schema(max_length = 60, pattern = r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]
    r#type: String,
    #[schema(value_type = Object)]
    data: Value,
    /// Nobody: everybody.
    #[schema(value_type = Option<Vec<shape::AgentId>>)]
    target_agent_ids: Option<Vec<String>>,
    #[schema(value_type = Option<shape::OriginalPriority>)]
    priority: Option<String>,
    /// In milliseconds.
    #[schema(minimum = 0, maximum = 31622400000_u64)]
    delay: Option<f64>,
}

/// An agent, as the original kept it in a file. Everything that such a file can hold is in the documentation, under "agent files";
/// what is not known is told of.
#[derive(ToSchema)]
#[schema(as = OriginalAgentFile)]
pub struct AgentFile {
    #[schema(value_type = shape::AgentId)]
    id: String,
    /// The id where it is left out.
    #[schema(value_type = Option<shape::Name>)]
    name: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<Object>)]
    personality: Option<Value>,
    #[schema(value_type = Option<Object>)]
    style_guide: Option<Value>,
    #[schema(value_type = Option<Object>)]
    behavior: Option<Value>,
    #[schema(value_type = Option<Object>)]
    initial_memory: Option<Value>,
    #[schema(value_type = Option<shape::OriginalTexts>)]
    goals: Option<Value>,
    custom_system_prompt: Option<String>,
}
