//! The live view: a feed, the agents with their moods, and a line to speak to them.

use std::{collections::VecDeque, time::Duration};

use puppet_engine::Happening;
use puppet_types::{Timestamp, counted};
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize as _},
    text::{Line, Span, Text},
    widgets::{Block, Paragraph},
};
use tokio::sync::{broadcast, mpsc};

use super::{PERSON, Stage, conversation::Conversation};
use crate::{
    feed::{self, Entry, Feed},
    trouble::{Result, Trouble},
};

/// Lines kept.
const KEPT: usize = 400;
/// Time between two drawings.
const FRAME: Duration = Duration::from_millis(80);
/// Where texts begin: below the name, after the time.
const INDENT: &str = "           ";
const COLOURS: [Color; 6] = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Blue, Color::LightRed];

struct View<'a> {
    stage: &'a Stage,
    feed: Feed,
    entries: VecDeque<Entry>,
    talk: Conversation,
    typed: String,
    said: Option<String>,
}

/// Shows it until the person leaves.
pub async fn show(stage: &Stage, mut watcher: broadcast::Receiver<Happening>) -> Result<()> {
    let mut terminal = ratatui::try_init()
        .map_err(|error| Trouble::unreachable("terminal", format!("no live view here: {error}"), "use --plain"))?;
    let mut keys = keys();
    let mut view = View {
        stage,
        feed: Feed::default(),
        entries: VecDeque::new(),
        talk: Conversation::default(),
        typed: String::new(),
        said: None,
    };
    let mut tick = tokio::time::interval(FRAME);
    loop {
        tokio::select! {
            _ = tick.tick() => draw(&mut terminal, &view)?,
            happening = watcher.recv() => match happening {
                Ok(happening) => view.take(happening).await,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            key = keys.recv() => match key {
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                    let leaves = key.code == KeyCode::Esc
                        || (key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c'));
                    if leaves {
                        return Ok(());
                    }
                    view.key(key.code).await;
                }
                Some(_) => {}
                None => return Ok(()),
            },
        }
    }
}

/// Gives the terminal back.
pub fn restore() {
    ratatui::restore();
}

/// Keys from a thread of their own: reading them blocks.
fn keys() -> mpsc::Receiver<Event> {
    let (send, keys) = mpsc::channel(64);
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if send.blocking_send(event).is_err() {
                break;
            }
        }
    });
    keys
}

impl View<'_> {
    async fn take(&mut self, happening: Happening) {
        let stage = self.stage;
        let who = match &happening {
            Happening::Invoked { agent, .. } | Happening::Effect { agent, .. } => stage.name(agent),
            Happening::Kept { effect, .. } | Happening::Undecidable { effect, .. } => stage.name(&effect.agent),
            Happening::Approved { effect, .. } => stage.name(&effect.agent),
            Happening::Paused { agent, .. } => stage.name(agent),
            Happening::Accepted { .. }
            | Happening::Posted { .. }
            | Happening::Quarantined { .. }
            | Happening::DeadLettered { .. }
            | Happening::Unreached { .. }
            | Happening::Held { .. }
            | Happening::Budget { .. }
            | Happening::Swap { .. }
            | Happening::Halted { .. } => "somebody",
        };
        self.talk.handled(who, &happening);
        for entry in self.feed.take(&stage.host, |agent| stage.name(agent).to_owned(), happening).await {
            self.talk.shown(&entry);
            self.push(entry);
        }
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    async fn key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.typed.push(c),
            KeyCode::Backspace => {
                self.typed.pop();
            }
            KeyCode::Enter if !self.typed.trim().is_empty() => {
                let text = std::mem::take(&mut self.typed);
                match self.stage.say(text.trim()).await {
                    Ok(mentions) => {
                        self.said = None;
                        let at = self.stage.host.now();
                        self.talk.said(at, text.trim(), mentions);
                        self.push(Entry::Effect { at, name: PERSON.to_owned(), kind: "post", text, about: None });
                    }
                    Err(trouble) => {
                        self.typed = text;
                        self.said = Some(trouble.message);
                    }
                }
            }
            _ => {}
        }
    }

    fn colour(&self, name: &str) -> Color {
        let place = self.stage.specs.iter().position(|spec| spec.name == name);
        place.map_or(Color::White, |place| COLOURS[place % COLOURS.len()])
    }

    /// What happened, a row of the screen each, none of them wider than this.
    fn lines(&self, width: usize) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for entry in &self.entries {
            let quiet = |at: Timestamp, text: String| {
                let text = format!("{}  {text}", feed::clock(at));
                wrapped(&text, "", width).into_iter().map(|row| Line::from(row).dim())
            };
            match entry {
                Entry::Note { at, name, text } => lines.extend(quiet(*at, format!("{name} {text}"))),
                Entry::Kept { at, name, kind, state, text, .. } => {
                    lines.extend(quiet(*at, format!("{name} {kind} [{state}] {text}")));
                }
                Entry::Word { at, text } => lines.extend(quiet(*at, text.clone())),
                Entry::Effect { at, name, kind, text, about } => {
                    let colour = self.colour(name);
                    let mut head = vec![
                        Span::from(format!("{}  ", feed::clock(*at))).dim(),
                        Span::styled(name.clone(), Style::new().fg(colour).add_modifier(Modifier::BOLD)),
                        Span::from(format!(" {kind}")).dim(),
                    ];
                    if let Some(about) = about {
                        let of = if text.is_empty() { format!(": {}", about.beginning) } else { String::new() };
                        head.push(Span::from(format!(" → @{}{of}", about.author)).dim());
                    }
                    lines.push(Line::from(head));
                    lines.extend(text.lines().flat_map(|line| wrapped(line, INDENT, width)).map(Line::from));
                }
            }
        }
        lines
    }
}

/// In rows of at most this width; those after the first stand below the text, and so does the first where it is told to.
fn wrapped(text: &str, first: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width.max(INDENT.len() + 10)).initial_indent(first).subsequent_indent(INDENT);
    textwrap::wrap(text, options).into_iter().map(|row| row.into_owned()).collect()
}

/// The end of a text, as much of it as fits.
fn tail(text: &str, width: usize) -> &str {
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let fits = starts.find(|at| textwrap::core::display_width(&text[*at..]) <= width);
    &text[fits.unwrap_or(text.len())..]
}

fn draw(terminal: &mut DefaultTerminal, view: &View<'_>) -> Result<()> {
    terminal.draw(|frame| paint(frame, view)).map(drop).map_err(|error| Trouble::internal(error.to_string()))
}

fn paint(frame: &mut Frame<'_>, view: &View<'_>) {
    let whole = frame.area();
    let talk = Constraint::Length(view.talk.height(whole.width).min(whole.height / 3));
    let [body, talk, prompt] = Layout::vertical([Constraint::Min(5), talk, Constraint::Length(3)]).areas(whole);
    view.talk.paint(frame, talk);
    let [left, right] = Layout::horizontal([Constraint::Min(30), Constraint::Length(34)]).areas(body);
    paint_feed(frame, left, view);
    paint_agents(frame, right, view);
    let hint = match &view.said {
        Some(said) => Line::from(said.as_str()).red(),
        None => Line::from(" type to speak, @account to choose whom · Enter sends · Esc leaves ").dim(),
    };
    // The end of what is typed, where the cursor is.
    let room = usize::from(prompt.width.saturating_sub(3));
    let typed = Paragraph::new(format!("{}▏", tail(&view.typed, room))).block(Block::bordered().title_bottom(hint));
    frame.render_widget(typed, prompt);
}

fn paint_feed(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let now = view.stage.host.now();
    let title = format!(" puppet · {} · {} s per second ", now.to_jiff().strftime("%A %H:%M"), view.stage.speed);
    let mut lines = view.lines(usize::from(area.width.saturating_sub(2)));
    // The newest that there is room for.
    let hidden = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
    let feed = Paragraph::new(Text::from(lines.split_off(hidden)));
    frame.render_widget(feed.block(Block::bordered().title(title.bold())), area);
}

fn paint_agents(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let mut lines = Vec::new();
    for spec in &view.stage.specs {
        let mood = view.feed.moods.get(&spec.id).copied().unwrap_or_default();
        let (posts, replies, likes) = view.feed.counts.get(&spec.id).copied().unwrap_or_default();
        lines.push(Line::from(vec![
            Span::styled(spec.name.clone(), Style::new().fg(view.colour(&spec.name)).bold()),
            Span::from(format!(" @{}", spec.handle)).dim(),
        ]));
        lines.push(Line::from(
            [counted(posts, "post", "posts"), counted(replies, "reply", "replies"), counted(likes, "like", "likes")]
                .join(" · "),
        ));
        lines.push(Line::from(format!("mood    {}", bar((mood.valence + 1.0) / 2.0))));
        lines.push(Line::from(format!("energy  {}", bar(mood.arousal))));
        lines.push(Line::from(format!("command {}", bar(mood.dominance))));
        lines.push(Line::default());
    }
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" characters ")), area);
}

/// 0..1 as a bar of 20.
fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * 20.0).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(20 - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_indent_and_their_width() {
        let rows = wrapped("espresso is a short conversation, cappuccino is a long one", INDENT, 30);
        assert!(
            rows.len() > 2 && rows.iter().all(|row| row.starts_with(INDENT) && row.chars().count() <= 30),
            "{rows:?}"
        );
        assert_eq!(wrapped("09:41  Nino rests", "", 30), ["09:41  Nino rests"]);
    }

    #[test]
    fn of_what_is_typed_the_end_is_seen() {
        assert_eq!((tail("hello", 9), tail("hello", 3), tail("", 3)), ("hello", "llo", ""));
        assert_eq!(tail("日本語", 4), "本語", "two columns each");
    }
}
