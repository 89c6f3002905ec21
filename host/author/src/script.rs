//! The answers of a scenario while it runs: which one is for which question, which were used, and what nobody answered.

use std::fmt::Write as _;

use puppet_types::CallError;

use crate::scenario::{Answers, CallFault, EmbedAnswer, HttpAnswer, LlmAnswer, MarketAnswer};

/// See the head of this file.
#[derive(Debug)]
pub struct Script {
    answers: Answers,
    used: Used,
    /// What was asked and had no answer, each with the lines that would answer it.
    pub missing: Vec<Missing>,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `llm.complete`.
    pub call: String,
    /// To be put into the scenario.
    pub paste: String,
}

#[derive(Debug)]
struct Used {
    llm: Vec<bool>,
    embed: Vec<bool>,
    http: Vec<bool>,
    market: Vec<bool>,
}

/// A question to a model, as far as a scenario looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What the text is for.
    pub purpose: &'a str,
    /// All messages, one after the other.
    pub prompt: &'a str,
}

/// A request of a page, as far as a scenario looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// All of it.
    pub url: &'a str,
    /// As text.
    pub body: &'a str,
}

impl Script {
    /// Nothing was asked yet.
    pub fn new(answers: Answers) -> Self {
        let used = Used {
            llm: vec![false; answers.llm.len()],
            embed: vec![false; answers.embed.len()],
            http: vec![false; answers.http.len()],
            market: vec![false; answers.market.len()],
        };
        Self { answers, used, missing: Vec::new() }
    }

    /// Whether any text of a model is written down: without one the offline model answers.
    pub fn has_texts(&self) -> bool {
        !self.answers.llm.is_empty()
    }

    /// The same of vectors.
    pub fn has_vectors(&self) -> bool {
        !self.answers.embed.is_empty()
    }

    /// The text for a question.
    pub fn llm(&mut self, asked: Asked<'_>) -> Option<LlmAnswer> {
        let fits = |answer: &LlmAnswer| {
            answer.purpose.as_ref().is_none_or(|purpose| purpose == asked.purpose)
                && answer.prompt_contains.iter().all(|part| asked.prompt.contains(part))
        };
        let found = next(&self.answers.llm, &mut self.used.llm, fits, |answer| answer.repeat);
        if found.is_none() {
            let paste = format!("[[answer.llm]]\npurpose = {}\ntext = \"\"\n", quoted(asked.purpose));
            self.lack("llm.complete", paste);
        }
        found
    }

    /// Vectors for texts.
    pub fn embed(&mut self, texts: usize) -> Option<EmbedAnswer> {
        let fits = |answer: &EmbedAnswer| answer.error.is_some() || answer.vectors.len() == texts;
        let found = next(&self.answers.embed, &mut self.used.embed, fits, |answer| answer.repeat);
        if found.is_none() {
            self.lack("llm.embed", format!("[[answer.embed]]\nvectors = [] # {texts} of them\n"));
        }
        found
    }

    /// The page for a request.
    pub fn http(&mut self, asked: Fetched<'_>) -> Option<HttpAnswer> {
        let fits = |answer: &HttpAnswer| {
            answer.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(asked.method))
                && answer.url.as_ref().is_none_or(|url| url == asked.url)
                && answer.url_prefix.as_ref().is_none_or(|prefix| asked.url.starts_with(prefix))
                && answer.body_contains.as_ref().is_none_or(|part| asked.body.contains(part))
        };
        let found = next(&self.answers.http, &mut self.used.http, fits, |answer| answer.repeat);
        if found.is_none() {
            let paste = format!(
                "[[answer.http]]\nmethod = {}\nurl = {}\nstatus = 200\nbody = \"\"\n",
                quoted(asked.method),
                quoted(asked.url)
            );
            self.lack("http.fetch", paste);
        }
        found
    }

    /// An answer of `market`; `about` is the market or the token that is asked about.
    pub fn market(&mut self, operation: &str, about: &str) -> Option<MarketAnswer> {
        let fits = |answer: &MarketAnswer| {
            let names = |name: &Option<String>| name.as_ref().is_none_or(|name| name == about);
            answer.operation == operation && names(&answer.market) && names(&answer.token)
        };
        let found = next(&self.answers.market, &mut self.used.market, fits, |answer| answer.repeat);
        if found.is_none() {
            let key = if operation == "token-info" { "token" } else { "market" };
            let mut paste = format!("[[answer.market]]\noperation = {}\n", quoted(operation));
            if !about.is_empty() {
                let _ = writeln!(paste, "{key} = {}", quoted(about));
            }
            paste.push_str("value = {}\n");
            self.lack(&format!("market.{operation}"), paste);
        }
        found
    }

    /// Answers that nobody asked for, by their place in the file: `answer.llm[2]`, from 1.
    pub fn unused(&self) -> Vec<String> {
        let of = |name: &str, used: &[bool], repeats: Vec<bool>| -> Vec<String> {
            let left = used.iter().zip(repeats).enumerate().filter(|(_, (used, repeats))| !**used && !*repeats);
            left.map(|(place, _)| format!("answer.{name}[{}]", place + 1)).collect()
        };
        let Answers { llm, embed, http, market, .. } = &self.answers;
        [
            of("llm", &self.used.llm, llm.iter().map(|answer| answer.repeat).collect()),
            of("embed", &self.used.embed, embed.iter().map(|answer| answer.repeat).collect()),
            of("http", &self.used.http, http.iter().map(|answer| answer.repeat).collect()),
            of("market", &self.used.market, market.iter().map(|answer| answer.repeat).collect()),
        ]
        .concat()
    }

    fn lack(&mut self, call: &str, paste: String) {
        let missing = Missing { call: call.to_owned(), paste };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }
}

impl CallFault {
    /// As the guest sees it.
    pub fn error(&self) -> CallError {
        let message = if self.message.is_empty() { "the scenario says so" } else { &self.message };
        CallError { retry_after_ms: self.retry_after_ms, ..CallError::new(self.code, message) }
    }
}

/// The first that fits and was not used, or serves for ever.
fn next<T: Clone>(
    answers: &[T],
    used: &mut [bool],
    fits: impl Fn(&T) -> bool,
    repeats: impl Fn(&T) -> bool,
) -> Option<T> {
    let (answer, used) =
        answers.iter().zip(used).find(|(answer, used)| (!**used || repeats(answer)) && fits(answer))?;
    *used = true;
    Some(answer.clone())
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        Script::new(toml::from_str(text).unwrap())
    }

    #[test]
    fn the_first_answer_that_fits_and_was_not_used_is_given_and_the_rest_is_told() {
        let mut script = script(
            "[[llm]]\npurpose = \"reply\"\nprompt_contains = [\"tide\"]\ntext = \"one\"\n\
             [[llm]]\npurpose = \"reply\"\ntext = \"two\"\n\
             [[llm]]\npurpose = \"post\"\ntext = \"for ever\"\nrepeat = true\n\
             [[llm]]\npurpose = \"memory\"\ntext = \"never\"\n",
        );
        let mut ask = |purpose, prompt| script.llm(Asked { purpose, prompt }).and_then(|answer| answer.text);
        assert_eq!(ask("reply", "the moon").as_deref(), Some("two"));
        assert_eq!(ask("reply", "the tide").as_deref(), Some("one"));
        assert_eq!(ask("post", "").as_deref(), Some("for ever"));
        assert_eq!(ask("post", "").as_deref(), Some("for ever"));
        assert_eq!(ask("reply", "the tide"), None);
        assert_eq!(ask("reply", "again"), None);
        assert_eq!(script.unused(), ["answer.llm[4]"]);
        assert_eq!(script.missing.len(), 1, "the same question is told once");
        assert!(script.missing[0].paste.contains("purpose = \"reply\""));
    }

    #[test]
    fn pages_are_found_by_method_address_and_body() {
        let mut script = script(
            "[[http]]\nurl_prefix = \"https://a.example/\"\nbody = \"a\"\n\
             [[http]]\nmethod = \"POST\"\nurl = \"https://b.example/x\"\nbody_contains = \"hello\"\nstatus = 201\n",
        );
        let mut fetch = |method, url, body| script.http(Fetched { method, url, body }).is_some();
        assert!(!fetch("POST", "https://b.example/x", "bye"));
        assert!(fetch("POST", "https://b.example/x", "hello you"));
        assert!(fetch("GET", "https://a.example/page", ""));
        assert!(!fetch("GET", "https://a.example/page", ""), "it was used");
        assert_eq!(script.missing[1].paste.lines().nth(2), Some("url = \"https://a.example/page\""));
    }

    #[test]
    fn prices_are_found_by_operation_and_market() {
        let mut script = script("[[market]]\noperation = \"quote\"\nmarket = \"SOL/USDC\"\nvalue = {}\n");
        assert!(script.market("candles", "SOL/USDC").is_none());
        assert!(script.market("quote", "BONK/USDC").is_none());
        assert!(script.market("quote", "SOL/USDC").is_some());
        assert_eq!(script.missing[1].call, "market.quote");
    }
}
