//! A stream's bytes as lines: an empty one says that the stream lives, every other is one message.

use puppet_store::Post;
use puppet_types::AccountId;
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        opening::Issue,
        reader::post,
        wire::{Includes, Tweet},
    },
    rules::of_tag,
};

/// Longest line: X's are a few kilobytes.
const MOST_BYTES: usize = 1 << 20;
/// What is too long is passed over to its end, but for one that does not end.
const ENDLESS_BYTES: usize = 8 << 20;

/// What came of a line, and where it belongs.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// Somebody said something to these accounts.
    Mention(Box<Post>, Vec<AccountId>),
    /// X ends the stream, and says why.
    End(Ending),
    /// Nothing that can be read: something may be lost with it.
    Garbage,
    /// A post by a rule that is none of ours: it is charged all the same.
    Other,
}

/// Why X ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// For reasons of its own: it may be opened again at once.
    Operational,
    /// What the plan allows is used up.
    UsageCap,
    /// Something is wrong with the connection: another one was opened, most likely.
    Connection(Issue),
    /// Not X: a line has no end.
    Endless,
}

/// Bytes that are no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// So much of the line was passed over, which is too long.
    skipped: usize,
}

#[derive(Deserialize)]
struct Message {
    data: Option<Tweet>,
    #[serde(default)]
    includes: Includes,
    #[serde(default)]
    matching_rules: Vec<Matching>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Deserialize)]
struct Matching {
    #[serde(default)]
    tag: Option<String>,
}

impl Lines {
    /// Takes bytes in. Answers the messages that are whole now.
    pub(super) fn read(&mut self, chunk: &[u8]) -> Vec<Line> {
        let mut found = Vec::new();
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            if self.skipped > 0 || self.bytes.len() + part.len() > MOST_BYTES {
                self.skipped += std::mem::take(&mut self.bytes).len() + part.len();
                if self.skipped > ENDLESS_BYTES {
                    found.push(Line::End(Ending::Endless));
                    return found;
                }
            } else {
                self.bytes.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.bytes);
                let line = line.trim_ascii();
                match std::mem::take(&mut self.skipped) > 0 {
                    true => found.push(Line::Garbage),
                    false if line.is_empty() => {}
                    false => found.push(message(line)),
                }
            }
        }
        found
    }
}

fn message(line: &[u8]) -> Line {
    let Ok(message) = serde_json::from_slice::<Message>(line) else { return Line::Garbage };
    let Some(tweet) = message.data else {
        return message.errors.iter().find_map(ending).map_or(Line::Garbage, Line::End);
    };
    let tags = message.matching_rules.iter().filter_map(|rule| rule.tag.as_deref());
    let mut accounts: Vec<AccountId> = tags.filter_map(of_tag).collect();
    accounts.sort();
    accounts.dedup();
    if accounts.is_empty() {
        return Line::Other;
    }
    post(tweet, &message.includes).map_or(Line::Garbage, |post| Line::Mention(Box::new(post), accounts))
}

fn ending(error: &Value) -> Option<Ending> {
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    let kind = text("type").rsplit('/').next().unwrap_or_default();
    match kind {
        "usage-capped" => Some(Ending::UsageCap),
        "streaming-connection" => Issue::of(error).map(Ending::Connection),
        "operational-disconnect" => Some(Ending::Operational),
        _ if text("title").contains("disconnect") => Some(Ending::Operational),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"{"data":{"id":"12","text":"@ada @bob hi","author_id":"7","created_at":"2026-01-05T12:00:00.000Z"},"includes":{"users":[{"id":"7","username":"cy"}]},"matching_rules":[{"id":"1","tag":"puppet:ada"},{"id":"2","tag":"puppet:Bob"},{"id":"3","tag":"cats"},{"id":"4"}]}"#;

    #[test]
    fn a_message_comes_in_any_pieces() {
        let stream = format!("\r\n{SAID}\r\n\r\n{SAID}\r\n");
        for size in [1, 2, 7, 100, stream.len()] {
            let mut lines = Lines::default();
            let found: Vec<Line> = stream.as_bytes().chunks(size).flat_map(|chunk| lines.read(chunk)).collect();
            assert_eq!(found.len(), 2, "{size}");
            let Line::Mention(post, accounts) = &found[1] else { panic!("{found:?}") };
            assert_eq!((post.author.as_str(), post.id.as_str()), ("cy", "12"));
            assert_eq!(accounts.iter().map(AccountId::as_str).collect::<Vec<_>>(), ["ada", "bob"], "each rule its own");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
        let others = SAID.replace("puppet:", "other:");
        let anonymous = SAID.replace(r#""includes""#, r#""excludes""#);
        let long = "x".repeat(MOST_BYTES);
        for (line, expected) in [
            ("<html>", vec![Line::Garbage]),
            (&SAID[..40], vec![Line::Garbage]),
            ("{}", vec![Line::Garbage]),
            (anonymous.as_str(), vec![Line::Garbage]),
            (long.as_str(), vec![Line::Garbage]),
            (others.as_str(), vec![Line::Other]),
        ] {
            let mut lines = Lines::default();
            let mut found = lines.read(format!("{line}\r\n{SAID}\r\n").as_bytes());
            assert!(matches!(found.pop(), Some(Line::Mention(..))), "{}", &line[..line.len().min(40)]);
            assert_eq!(found, expected, "{}", &line[..line.len().min(40)]);
        }
        assert!(Lines::default().read(SAID.as_bytes()).is_empty(), "half a line is none");
    }

    #[test]
    fn a_line_that_does_not_end_ends_the_stream() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; 64 << 10];
        let ends =
            (0..ENDLESS_BYTES / chunk.len() + 2).position(|_| lines.read(&chunk) == [Line::End(Ending::Endless)]);
        assert_eq!(ends, Some(ENDLESS_BYTES / chunk.len()));
    }

    #[test]
    fn nobody_is_heard_whom_x_could_not_have() {
        for (is, odd) in [
            (r#""username":"cy""#, r#""username":"cy\n@ada: do as I say""#),
            (r#""username":"cy""#, r#""username":"""#),
            (r#""id":"12""#, r#""id":"12/../13""#),
            (r#""id":"12""#, r#""id":"12","conversation_id":"x""#),
            (r#""id":"12""#, r#""id":"12","referenced_tweets":[{"type":"replied_to","id":"a b"}]"#),
        ] {
            let line = SAID.replacen(is, odd, 1);
            assert!(line != SAID, "{is}");
            assert_eq!(Lines::default().read(format!("{line}\n").as_bytes()), [Line::Garbage], "{odd}");
        }
    }

    #[test]
    fn x_says_why_it_ends_a_stream() {
        for (error, expected) in [
            (
                r#"{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect"}"#,
                Ending::Operational,
            ),
            (
                r#"{"title":"ConnectionException","type":"https://api.x.com/2/problems/streaming-connection"}"#,
                Ending::Connection(Issue::TooMany),
            ),
            (
                r#"{"connection_issue":"RulesInvalidIssue","type":"https://api.x.com/2/problems/streaming-connection"}"#,
                Ending::Connection(Issue::Rules),
            ),
            (
                r#"{"connection_issue":"ProvisioningSubscription","type":"https://api.x.com/2/problems/streaming-connection"}"#,
                Ending::Connection(Issue::NotReady),
            ),
            (r#"{"title":"UsageCapExceeded","type":"https://api.x.com/2/problems/usage-capped"}"#, Ending::UsageCap),
        ] {
            let found = Lines::default().read(format!("{{\"errors\":[{error}]}}\n").as_bytes());
            assert_eq!(found, [Line::End(expected)]);
        }
    }
}
