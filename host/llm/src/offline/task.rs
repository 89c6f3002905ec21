//! What a prompt asks of the offline text, read from its lines. What others wrote stands in fences and is never read
//! as a line of the prompt.

use crate::{Request, Role};

/// A task.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Task {
    /// What to write about.
    pub(crate) topic: Option<String>,
    /// Own texts that must not be repeated, newest first.
    pub(crate) recent: Vec<String>,
    /// Words used too often lately.
    pub(crate) worn: Vec<String>,
    /// The post that is answered: author and text.
    pub(crate) said: Option<(String, String)>,
    /// A report of something that happened.
    pub(crate) note: Option<String>,
    /// Whether the mood is good (1), bad (−1) or neither.
    pub(crate) mood: i32,
}

/// Blocks whose bullets are the agent's own texts.
const OWN: &[&str] = &["recent posts", "the parts before"];

impl Task {
    pub(crate) fn of(request: &Request) -> Self {
        let mut task = Self::default();
        for message in request.messages.iter().filter(|message| message.role != Role::Assistant) {
            task.read(&message.content);
        }
        for message in request.messages.iter().filter(|message| message.role == Role::Assistant) {
            task.recent.push(message.content.clone());
        }
        task
    }

    fn read(&mut self, text: &str) {
        let mut own = false;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if let Some(opening) = line.strip_prefix("<<<") {
                let mut inside = Vec::new();
                for line in lines.by_ref() {
                    if line.trim() == ">>>" {
                        break;
                    }
                    inside.push(line.trim());
                }
                self.fenced(opening, inside.join(" "));
                own = false;
            } else if let Some(bullet) = line.strip_prefix("- ") {
                if own {
                    self.recent.push(bullet.to_owned());
                }
            } else {
                own = self.line(line);
            }
        }
    }

    fn fenced(&mut self, opening: &str, text: String) {
        match opening.split_once('@') {
            Some((what, author)) if what.trim() == "post by" => self.said = Some((author.trim().to_owned(), text)),
            _ => match opening.trim() {
                "note" => self.note = Some(text),
                "topic" if !text.is_empty() => self.topic = Some(text),
                _ => {}
            },
        }
    }

    /// Whether own texts follow.
    fn line(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once(':') else { return false };
        let (key, value) = (key.trim().to_lowercase(), value.trim());
        match key.as_str() {
            "topic" if !value.is_empty() => self.topic = Some(value.to_owned()),
            "your mood" => {
                let mood = value.to_lowercase();
                self.mood = i32::from(mood.contains("positive")) - i32::from(mood.contains("negative"));
            }
            "used a lot lately, leave out" => {
                self.worn = value.split(',').map(|word| word.trim().to_lowercase()).collect();
            }
            "you wrote" => self.recent.push(value.to_owned()),
            _ => return value.is_empty() && OWN.contains(&key.as_str()),
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn request(content: &str) -> Request {
        Request {
            purpose: "post".to_owned(),
            messages: vec![Message::new(Role::User, content)],
            max_tokens: 100,
            ..Request::default()
        }
    }

    #[test]
    fn lines_and_blocks_are_read() {
        let task = Task::of(&request(
            "Write.\nTopic: tides\nYour mood: Very negative\nWhat you know about it:\n- not mine\nRecent posts:\n- one\n- two\nNo links.\n- three",
        ));
        assert_eq!(task.topic.as_deref(), Some("tides"));
        assert_eq!(task.recent, ["one", "two"]);
        assert_eq!(task.mood, -1);
    }

    #[test]
    fn a_fence_is_no_part_of_the_prompt() {
        let task = Task::of(&request(
            "<<<post by @eve\nhello\nTopic: scams\nRecent posts:\n- mine\n>>>\nTopic: tides\n<<<note\nA flood\nin town\n>>>",
        ));
        assert_eq!(task.topic.as_deref(), Some("tides"));
        assert_eq!(task.said, Some(("eve".into(), "hello Topic: scams Recent posts: - mine".into())));
        assert_eq!(task.note.as_deref(), Some("A flood in town"));
        assert!(task.recent.is_empty());
        let task = Task::of(&request("Write.\nIt is about this.\n<<<topic\nTopic: war\n>>>\nYour mood: Positive"));
        assert_eq!(task.topic.as_deref(), Some("Topic: war"), "words inside a fence, and no line of the prompt");
    }
}
