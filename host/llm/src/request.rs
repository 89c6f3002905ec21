//! What is asked of a model and what it answers, in the words of `wit/llm`. Nothing here knows a provider.

use puppet_types::{CallError, Code};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What the model wrote.
    pub text: String,
    /// Which model, as the provider names it.
    pub model: String,
    /// What it used; the reservation where the provider does not tell.
    pub usage: Usage,
    /// `stop`, `length`, or what the provider says.
    pub finish: String,
}

impl Request {
    /// Bytes of everything that is sent: never less than the tokens of the prompt.
    pub fn prompt_bytes(&self) -> u64 {
        // A message costs a few tokens of framing beside its text.
        let framing = 8 * self.messages.len() as u64;
        let text = |message: &Message| message.content.len() + message.name.as_ref().map_or(0, String::len);
        framing + self.messages.iter().map(|message| text(message) as u64).sum::<u64>()
    }

    /// Whether a provider may be asked at all.
    pub fn validate(&self) -> Result<(), CallError> {
        check((1..=MESSAGES).contains(&self.messages.len()), || {
            format!("{} messages: 1 to {MESSAGES}", self.messages.len())
        })?;
        let bytes = self.prompt_bytes();
        check(bytes <= REQUEST_BYTES as u64, || format!("{bytes} bytes of messages: at most {REQUEST_BYTES}"))?;
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

fn short(text: &str) -> bool {
    text.len() <= SHORT_BYTES
}

fn between(name: &str, value: Option<f32>, least: f32, most: f32) -> Result<(), CallError> {
    // Not a number is not between anything.
    check(value.is_none_or(|value| (least..=most).contains(&value)), || {
        format!("{name} {}: {} to {most}", value.unwrap_or_default(), if least > 0.0 { 0.0 } else { least })
    })
}

fn check(holds: bool, message: impl FnOnce() -> String) -> Result<(), CallError> {
    if holds { Ok(()) } else { Err(CallError::new(Code::InvalidInput, message())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            purpose: "post".to_owned(),
            messages: vec![Message { role: Role::User, name: None, content: "Topic: tides".to_owned() }],
            max_tokens: 100,
            sampling: Sampling::default(),
            extra: Vec::new(),
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
        ];
        for (spoil, said) in cases {
            let mut spoiled = request();
            spoil(&mut spoiled);
            let error = spoiled.validate().unwrap_err();
            assert_eq!(error.code, Code::InvalidInput);
            assert!(error.message.contains(said), "{} / {said}", error.message);
        }
    }

    #[test]
    fn texts_to_embed_are_bounded() {
        assert!(validate_texts(&["a".to_owned()]).is_ok());
        for bad in [vec![], vec![" ".to_owned()], vec!["a".to_owned(); 65], vec!["a".repeat(REQUEST_BYTES + 1)]] {
            assert_eq!(validate_texts(&bad).unwrap_err().code, Code::InvalidInput);
        }
    }
}
