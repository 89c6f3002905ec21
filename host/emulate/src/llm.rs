//! `/v1/chat/completions`: a text that follows from the seed and the conversation alone, and its tokens, counted as four
//! bytes each. It is no language model and says nothing of the question.

use puppet_types::ids::derive_u64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::reply::Reply;

const BEGINNINGS: [&str; 8] = [
    "The tide is early",
    "Nobody asked the gulls",
    "There is fog on the pier",
    "The kettle is on",
    "A ferry is late again",
    "The market opens quietly",
    "Somebody left the lamp on",
    "The ledger balances",
];
const MIDDLES: [&str; 8] = [
    "and the harbour knows it",
    "which is how mornings begin",
    "so the ropes stay tied",
    "and that is fine by me",
    "while the bells take their time",
    "as it did last week",
    "and no chart says why",
    "so we wait a little",
];
const ENDS: [&str; 8] = [
    "More at noon.",
    "Write it down.",
    "Ask me tomorrow.",
    "The rest is weather.",
    "Keep your coat on.",
    "Tell the others.",
    "It will pass.",
    "That is all for now.",
];

/// Bytes of one token.
const TOKEN_BYTES: usize = 4;

/// What has been asked of it.
#[derive(Debug, Default)]
pub(crate) struct Model {
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct Chat {
    model: String,
    messages: Vec<Message>,
    #[serde(default, alias = "max_completion_tokens")]
    max_tokens: Option<usize>,
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

impl Model {
    pub(crate) fn chat(&mut self, seed: u64, body: &[u8]) -> Reply {
        let chat: Chat = match serde_json::from_slice(body) {
            Ok(chat) => chat,
            Err(error) => return refused(&error.to_string()),
        };
        if chat.messages.is_empty() || chat.stream {
            return refused("messages are needed, and streams are not emulated");
        }
        let said: Vec<String> =
            chat.messages.iter().map(|message| format!("{}:{}", message.role, message.content)).collect();
        let id = number(seed, "id", &said);
        let (text, finish) = cut(text(seed, &said), chat.max_tokens);
        let prompt = tokens(said.iter().map(String::len).sum());
        let completion = tokens(text.len());
        self.requests += 1;
        self.prompt_tokens += prompt;
        self.completion_tokens += completion;
        let message = json!({ "role": "assistant", "content": text, "refusal": null });
        Reply::new(
            200,
            json!({
                "id": format!("chatcmpl-{id:016x}"), "object": "chat.completion", "created": 0, "model": chat.model,
                "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }],
                "usage": {
                    "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
                },
            }),
        )
    }

    pub(crate) fn report(&self) -> Value {
        json!({
            "requests": self.requests, "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        })
    }
}

fn number(seed: u64, purpose: &str, said: &[String]) -> u64 {
    let seed = seed.to_string();
    let parts: Vec<&str> = ["chat", purpose, &seed].into_iter().chain(said.iter().map(String::as_str)).collect();
    derive_u64(&parts)
}

/// A number in it keeps texts of different conversations apart.
fn text(seed: u64, said: &[String]) -> String {
    let one_of = |purpose: &str, list: &[&'static str; 8]| list[(number(seed, purpose, said) % 8) as usize];
    let mark = number(seed, "mark", said) % 1_000_000;
    let (begin, middle, end) = (one_of("begin", &BEGINNINGS), one_of("middle", &MIDDLES), one_of("end", &ENDS));
    format!("{begin}, {middle}. Note {mark}. {end}")
}

/// So many tokens at most, and why it ends there.
fn cut(mut text: String, most: Option<usize>) -> (String, &'static str) {
    let bytes = most.unwrap_or(usize::MAX).saturating_mul(TOKEN_BYTES);
    if text.len() <= bytes {
        return (text, "stop");
    }
    text.truncate(bytes);
    (text, "length")
}

fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(TOKEN_BYTES) as u64
}

fn refused(message: &str) -> Reply {
    let error = json!({ "message": message, "type": "invalid_request_error", "param": null, "code": null });
    Reply::new(400, json!({ "error": error }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(seed: u64, content: &str, max_tokens: usize) -> Value {
        let body = json!({
            "model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": max_tokens,
        });
        Model::default().chat(seed, body.to_string().as_bytes()).body
    }

    #[test]
    fn a_text_follows_from_seed_and_conversation() {
        assert_eq!(ask(1, "rain", 200), ask(1, "rain", 200));
        assert_ne!(ask(1, "rain", 200)["choices"], ask(2, "rain", 200)["choices"]);
        assert_ne!(ask(1, "rain", 200)["choices"], ask(1, "snow", 200)["choices"]);
        let short = ask(1, "rain", 3);
        assert_eq!(short["choices"][0]["message"]["content"].as_str().unwrap().len(), 12);
        assert_eq!(short["choices"][0]["finish_reason"], "length");
        assert_eq!((&short["usage"]["prompt_tokens"], &short["usage"]["completion_tokens"]), (&3.into(), &3.into()));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bad in ["{", "{}", r#"{"model": "m", "messages": []}"#] {
            assert_eq!(Model::default().chat(1, bad.as_bytes()).status, 400, "{bad}");
        }
    }
}
