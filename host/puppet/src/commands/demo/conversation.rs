//! The person's own conversation in the live view. It stands by itself: what characters say to each other would
//! carry their answers away.

use std::collections::{BTreeSet, VecDeque};

use puppet_engine::Happening;
use puppet_types::{EventId, Timestamp};
use ratatui::{
    Frame,
    layout::Rect,
    style::Stylize as _,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::PERSON;
use crate::feed::{self, Entry};

/// Entries kept.
const KEPT: usize = 12;
/// Columns before the second line of a text.
const INDENT: usize = 11;

/// What the person said, and what came back.
#[derive(Debug, Default)]
pub struct Conversation {
    entries: VecDeque<Said>,
    /// Mentions that nobody has taken up yet.
    open: BTreeSet<EventId>,
}

#[derive(Debug)]
struct Said {
    at: Timestamp,
    name: String,
    /// `reply`, `like`; empty for the person's own words and for notes.
    kind: &'static str,
    text: String,
}

impl Conversation {
    /// The person speaks; mentions come of it.
    pub fn said(&mut self, at: Timestamp, text: &str, mentions: Vec<EventId>) {
        self.open.extend(mentions);
        self.push(Said { at, name: PERSON.to_owned(), kind: "", text: text.to_owned() });
    }

    /// Takes in what concerns the person: answers and likes.
    pub fn shown(&mut self, entry: &Entry) {
        if let Entry::Effect { at, name, kind, text, about: Some(about) } = entry
            && about.author == PERSON
        {
            let text = if text.is_empty() { &about.beginning } else { text };
            self.push(Said { at: *at, name: name.clone(), kind, text: text.clone() });
        }
    }

    /// An agent took a mention up, or it was given up. Whoever does not answer is told of, too.
    pub fn handled(&mut self, name: &str, happening: &Happening) {
        let (at, event, silence) = match happening {
            Happening::Invoked { again: true, .. } | Happening::Effect { .. } => return,
            Happening::Undecidable { .. } | Happening::Unreached { .. } | Happening::Held { .. } => return,
            Happening::Accepted { .. } | Happening::Approved { .. } | Happening::Paused { .. } => return,
            Happening::Quarantined { .. }
            | Happening::Kept { .. }
            | Happening::Budget { .. }
            | Happening::Swap { .. }
            | Happening::Posted { .. }
            | Happening::Halted { .. } => {
                return;
            }
            Happening::Invoked { at, event, outcome: ("ok", _), decisions, .. } => {
                let answers = decisions.iter().any(|kind| ["reply", "quote", "like"].contains(kind));
                (at, event, (!answers).then(|| "reads it and does not answer".to_owned()))
            }
            Happening::Invoked { at, event, outcome: (outcome, detail), .. } => {
                (at, event, Some(format!("does not answer: {outcome} {detail}")))
            }
            Happening::DeadLettered { at, event, reason, .. } => (at, event, Some(format!("was not asked: {reason}"))),
        };
        if let (true, Some(text)) = (self.open.remove(event), silence) {
            self.push(Said { at: *at, name: name.to_owned(), kind: "", text });
        }
    }

    fn push(&mut self, said: Said) {
        self.entries.push_back(said);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// What is shown in frames of this width.
    fn lines(&self, width: u16) -> Vec<Line<'_>> {
        let inner = usize::from(width.saturating_sub(2));
        self.entries.iter().flat_map(|said| said.lines(inner)).collect()
    }

    /// Lines that it takes within a frame of this width; none before the person has spoken.
    pub fn height(&self, width: u16) -> u16 {
        if self.entries.is_empty() {
            return 0;
        }
        u16::try_from(self.lines(width).len()).unwrap_or(u16::MAX).saturating_add(2)
    }

    /// Shows the end of it.
    pub fn paint(&self, frame: &mut Frame<'_>, area: Rect) {
        let title = if self.open.is_empty() { " you and they " } else { " you and they · an answer is on its way " };
        let mut lines = self.lines(area.width);
        let hidden = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
        frame.render_widget(Paragraph::new(lines.split_off(hidden)).block(Block::bordered().title(title)), area);
    }
}

impl Said {
    /// Who and what on the first line, more of the text below it.
    fn lines(&self, width: usize) -> Vec<Line<'_>> {
        let gap = if self.kind.is_empty() { "" } else { " " };
        let mut head = Line::from(vec![
            Span::from(format!("{}  ", feed::clock(self.at))).dim(),
            Span::from(self.name.as_str()).bold(),
            Span::from(format!("{gap}{}  ", self.kind)).dim(),
        ]);
        let mut rows = rows(&self.text, width.saturating_sub(head.width()), width.saturating_sub(INDENT)).into_iter();
        head.push_span(rows.next().unwrap_or_default());
        std::iter::once(head).chain(rows.map(|row| Line::from(format!("{:INDENT$}{row}", "")))).collect()
    }
}

/// A text in rows of whole words; a word that is wider than a row stands in one of its own.
fn rows(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split_whitespace() {
        let room = if rows.len() == 1 { first } else { others };
        match rows.last_mut() {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if Line::from(row.as_str()).width() + 1 + Line::from(word).width() <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use puppet_types::{AgentId, Digest, InvocationId, PackId, PluginRef};
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::feed::About;

    fn at() -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn effect(kind: &'static str, text: &str, to: &str) -> Entry {
        let about = About { author: to.to_owned(), beginning: "what you said".to_owned() };
        Entry::Effect { at: at(), name: "Nino".to_owned(), kind, text: text.to_owned(), about: Some(about) }
    }

    fn taken(event: &str, outcome: (&'static str, String), decisions: Vec<&'static str>) -> Happening {
        Happening::Invoked {
            at: at(),
            agent: AgentId::new("nino"),
            event: EventId::new(event),
            kind: "mention".to_owned(),
            invocation: InvocationId::new("i"),
            outcome,
            again: false,
            decisions,
            mood: None,
            plugin: PluginRef { id: PackId::new("p"), version: "1.0.0".to_owned(), digest: Digest::of(b"") },
            fuel: 0,
            peak_memory_bytes: 0,
            timing: None,
        }
    }

    fn painted(talk: &Conversation, width: u16, most: u16) -> String {
        let height = talk.height(width).min(most);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| talk.paint(frame, frame.area())).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn answers_stay_whatever_else_is_said() {
        let mut talk = Conversation::default();
        assert_eq!(talk.height(60), 0, "no room is taken before the person speaks");
        talk.said(at(), "is the coffee good?", vec![EventId::new("e")]);
        assert!(painted(&talk, 60, 20).contains("an answer is on its way"));
        talk.handled("Nino", &taken("e", ("ok", String::new()), vec!["reply"]));
        talk.shown(&effect("reply", "The best on the square.", PERSON));
        for n in 0..100 {
            talk.shown(&effect("reply", &format!("chatter {n}"), "ray"));
            talk.shown(&Entry::Effect { at: at(), name: "Ray".into(), kind: "post", text: "tea".into(), about: None });
        }
        let shown = painted(&talk, 60, 20);
        assert!(shown.contains("you  is the coffee good?") && shown.contains("Nino reply  The best on"), "{shown}");
        assert!(!shown.contains("chatter") && !shown.contains("tea") && !shown.contains("on its way"), "{shown}");
    }

    #[test]
    fn silence_is_told_and_the_end_is_what_is_seen() {
        let mut talk = Conversation::default();
        talk.said(at(), "hello", vec![EventId::new("a"), EventId::new("b"), EventId::new("c")]);
        talk.handled("Nino", &taken("a", ("ok", String::new()), vec!["remember"]));
        talk.handled("Ray", &taken("b", ("declined", "asleep".to_owned()), vec![]));
        talk.handled("Ada", &taken("other", ("ok", String::new()), vec![]));
        talk.handled("Petra", &taken("c", ("ok", String::new()), vec!["like"]));
        talk.shown(&effect("like", "", PERSON));
        let shown = painted(&talk, 70, 20);
        for part in ["Nino  reads it and does not answer", "Ray  does not answer: declined asleep", "what you said"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("Ada") && !shown.contains("on its way"), "{shown}");
        talk.said(at(), &"a long story ".repeat(12), Vec::new());
        assert_eq!(painted(&talk, 40, 30).matches("story").count(), 12, "{}", painted(&talk, 40, 30));
        let cut = painted(&talk, 70, 4);
        assert!(cut.contains("story") && !cut.contains("hello"), "{cut}");
    }
}
