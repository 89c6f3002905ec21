//! What is asked of a model and what it answers, in the words of `wit/llm`. Nothing here knows a provider.

use puppet_types::{CallError, Code, Tried};
use serde::{Deserialize, Serialize};

use crate::{
    Tool, ToolCall,
    schema::Schema,
    tools::{validate_message, validate_tools},
};

/// Most messages of a request, and most texts of an embedding.
pub const MESSAGES: usize = 64;
/// Most bytes of all texts of a request.
pub const REQUEST_BYTES: usize = 256 << 10;
/// Most tokens of an answer.
pub const COMPLETION_TOKENS: u32 = 16_384;
/// Most bytes of a purpose, a name or a stop text.
const SHORT_BYTES: usize = 256;
/// Most entries of `extra`, and most stop texts.
const SHORT_LIST: usize = 16;
/// Tokens that a provider may put around a tool or a schema.
const SCHEMA_FRAMING: usize = 64;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instruction.
    System,
    /// The task.
    User,
    /// An earlier answer.
    Assistant,
    /// The result of a call that the model asked for.
    Tool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Tells speakers of one role apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The text.
    pub content: String,
    /// Of an assistant: what it asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Of a tool: the call whose result this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// Of nobody by name, and of no tool.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, name: None, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    fn bytes(&self) -> usize {
        let calls: usize = self.tool_calls.iter().map(ToolCall::bytes).sum();
        self.content.len()
            + [&self.name, &self.tool_call_id].into_iter().flatten().map(String::len).sum::<usize>()
            + calls
    }

    /// How many things it is made of: each costs a few tokens of framing beside its text.
    fn parts(&self) -> usize {
        1 + self.tool_calls.len()
    }
}

/// How freely the model chooses its words; what is absent is the provider's default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sampling {
    /// 0..=2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 0..=1, not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// −2..=2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f32>,
    /// −2..=2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f32>,
    /// The answer ends before any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
}

/// A question to a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Request {
    /// What the text is for: `post`, `reply`, `reaction` and so on. Shown in the journal, never sent.
    pub purpose: String,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Upper bound of the answer, reserved before the call.
    pub max_tokens: u32,
    /// How freely.
    #[serde(default)]
    pub sampling: Sampling,
    /// What the model may ask the plugin to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// JSON schema of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<String>,
    /// For later versions of the contract; not sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<(String, String)>,
}

/// Tokens used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of the messages.
    pub prompt_tokens: u32,
    /// Of the answer.
    pub completion_tokens: u32,
}

impl Usage {
    /// Of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        let Self { prompt_tokens, completion_tokens } = other;
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(completion_tokens),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Completion {
    /// What the model wrote.
    pub text: String,
    /// Which model, as the provider names it.
    pub model: String,
    /// What it used; the reservation where the provider does not tell.
    pub usage: Usage,
    /// `stop`, `length`, `tool_calls`, or what the provider says.
    pub finish: String,
    /// What it asks the plugin to call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The provider that answered, by its name in the configuration, where there are several. For the journal alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Nobody was asked: it was answered before. For the journal alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// Those that were asked before the one that answered, and did not. For the journal alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
}

impl Request {
    /// Bytes of everything that is sent: never less than the tokens of the prompt.
    pub fn prompt_bytes(&self) -> u64 {
        let framing = 8 * self.messages.iter().map(Message::parts).sum::<usize>();
        let messages: usize = self.messages.iter().map(Message::bytes).sum();
        // The words around a schema that its provider puts into the prompt, whatever its form.
        let tools: usize = self.tools.iter().map(|tool| SCHEMA_FRAMING + tool.bytes()).sum();
        let schema = self.response_schema.as_ref().map_or(0, |schema| SCHEMA_FRAMING + schema.len());
        (framing + messages + tools + schema) as u64
    }

    /// Whether a provider may be asked at all.
    pub fn validate(&self) -> Result<(), CallError> {
        check((1..=MESSAGES).contains(&self.messages.len()), || {
            format!("{} messages: 1 to {MESSAGES}", self.messages.len())
        })?;
        let bytes = self.prompt_bytes();
        check(bytes <= REQUEST_BYTES as u64, || {
            format!("{bytes} bytes of messages, tools and schema: at most {REQUEST_BYTES}")
        })?;
        check((1..=COMPLETION_TOKENS).contains(&self.max_tokens), || {
            format!("max-tokens {}: 1 to {COMPLETION_TOKENS}", self.max_tokens)
        })?;
        check(short(&self.purpose), || "purpose: at most 256 bytes".to_owned())?;
        check(self.messages.iter().all(|message| message.name.as_deref().is_none_or(short)), || {
            "name of a message: at most 256 bytes".to_owned()
        })?;
        check(self.messages.iter().any(|message| !message.content.trim().is_empty()), || {
            "every message is empty".to_owned()
        })?;
        check(
            self.extra.len() <= SHORT_LIST && self.extra.iter().all(|(key, value)| short(key) && short(value)),
            || "extra: at most 16 entries of 256 bytes".to_owned(),
        )?;
        self.messages.iter().try_for_each(validate_message)?;
        validate_tools(&self.tools)?;
        if let Some(schema) = &self.response_schema {
            Schema::new(schema)?;
        }
        self.sampling.validate()
    }
}

impl Sampling {
    fn validate(&self) -> Result<(), CallError> {
        between("temperature", self.temperature, 0.0, 2.0)?;
        between("top-p", self.top_p, f32::MIN_POSITIVE, 1.0)?;
        between("presence-penalty", self.presence_penalty, -2.0, 2.0)?;
        between("frequency-penalty", self.frequency_penalty, -2.0, 2.0)?;
        check(self.stop.len() <= 4 && self.stop.iter().all(|stop| short(stop) && !stop.is_empty()), || {
            "stop: at most 4 texts of 1 to 256 bytes".to_owned()
        })
    }
}

/// Whether texts may be embedded.
pub(crate) fn validate_texts(texts: &[String]) -> Result<(), CallError> {
    check((1..=MESSAGES).contains(&texts.len()), || format!("{} texts: 1 to {MESSAGES}", texts.len()))?;
    check(texts.iter().all(|text| !text.trim().is_empty()), || "a text is empty".to_owned())?;
    let bytes: usize = texts.iter().map(String::len).sum();
    check(bytes <= REQUEST_BYTES, || format!("{bytes} bytes of texts: at most {REQUEST_BYTES}"))
}

pub(crate) fn short(text: &str) -> bool {
    text.len() <= SHORT_BYTES
}

fn between(name: &str, value: Option<f32>, least: f32, most: f32) -> Result<(), CallError> {
    // Not a number is not between anything.
    check(value.is_none_or(|value| (least..=most).contains(&value)), || {
        format!("{name} {}: {} to {most}", value.unwrap_or_default(), if least > 0.0 { 0.0 } else { least })
    })
}

pub(crate) fn check(holds: bool, message: impl FnOnce() -> String) -> Result<(), CallError> {
    if holds { Ok(()) } else { Err(CallError::new(Code::InvalidInput, message())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            purpose: "post".to_owned(),
            messages: vec![Message::new(Role::User, "Topic: tides")],
            max_tokens: 100,
            ..Request::default()
        }
    }

    #[test]
    fn bounds_are_named() {
        assert_eq!(request().validate(), Ok(()));
        type Spoil = fn(&mut Request);
        let cases: &[(Spoil, &str)] = &[
            (|request| request.messages.clear(), "0 messages"),
            (|request| request.messages = vec![request.messages[0].clone(); 65], "65 messages"),
            (|request| request.messages[0].content = "x".repeat(REQUEST_BYTES), "262152 bytes"),
            (|request| request.messages[0].content = " \n".into(), "empty"),
            (|request| request.max_tokens = 0, "max-tokens 0"),
            (|request| request.max_tokens = 16_385, "max-tokens 16385"),
            (|request| request.purpose = "x".repeat(257), "purpose"),
            (|request| request.sampling.temperature = Some(2.1), "temperature 2.1: 0 to 2"),
            (|request| request.sampling.temperature = Some(f32::NAN), "temperature NaN"),
            (|request| request.sampling.top_p = Some(0.0), "top-p 0: 0 to 1"),
            (|request| request.sampling.presence_penalty = Some(-2.5), "presence-penalty -2.5: -2 to 2"),
            (|request| request.sampling.frequency_penalty = Some(3.0), "frequency-penalty 3"),
            (|request| request.sampling.stop = vec!["a".into(); 5], "stop"),
            (|request| request.messages[0].role = Role::Tool, "tool-call-id"),
            (|request| request.tools = vec![a_tool("x"), a_tool("x")], "stands twice"),
            (|request| request.response_schema = Some("[]".into()), "response-schema"),
        ];
        for (spoil, said) in cases {
            let mut spoiled = request();
            spoil(&mut spoiled);
            let error = spoiled.validate().unwrap_err();
            assert_eq!(error.code, Code::InvalidInput);
            assert!(error.message.contains(said), "{} / {said}", error.message);
        }
    }

    fn a_tool(name: &str) -> Tool {
        Tool { name: name.to_owned(), description: "d".repeat(100), parameters: "{}".to_owned() }
    }

    #[test]
    fn everything_that_is_sent_counts_as_prompt() {
        let plain = request().prompt_bytes();
        assert_eq!(plain, 8 + 12);
        let tools = Request { tools: vec![a_tool("x")], ..request() };
        assert_eq!(tools.prompt_bytes() - plain, 64 + 1 + 100 + 2);
        let schema = Request { response_schema: Some("{}".into()), ..request() };
        assert_eq!(schema.prompt_bytes() - plain, 64 + 2);
        let call = ToolCall { id: "c1".into(), name: "x".into(), arguments: "{}".into() };
        let mut asked = request();
        asked.messages.push(Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") });
        asked.messages.push(Message { tool_call_id: Some("c1".into()), ..Message::new(Role::Tool, "42") });
        assert_eq!(asked.prompt_bytes() - plain, 2 * 8 + 5 + 8 + 4);
        assert_eq!(asked.validate(), Ok(()));
    }

    #[test]
    fn what_was_journaled_before_there_were_tools_is_read_and_written_the_same() {
        let old = r#"{"purpose":"post","messages":[{"role":"user","content":"x"}],"max_tokens":9,"sampling":{}}"#;
        let request: Request = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), old);
        let old = r#"{"text":"x","model":"m","usage":{"prompt_tokens":1,"completion_tokens":1},"finish":"stop"}"#;
        let completion: Completion = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&completion).unwrap(), old);
    }

    #[test]
    fn texts_to_embed_are_bounded() {
        assert!(validate_texts(&["a".to_owned()]).is_ok());
        for bad in [vec![], vec![" ".to_owned()], vec!["a".to_owned(); 65], vec!["a".repeat(REQUEST_BYTES + 1)]] {
            assert_eq!(validate_texts(&bad).unwrap_err().code, Code::InvalidInput);
        }
    }
}
