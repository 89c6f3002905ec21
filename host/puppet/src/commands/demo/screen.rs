//! The live view: a feed, the agents with their moods, and a line to speak to them.

use std::{collections::VecDeque, time::Duration};

use puppet_engine::Happening;
use puppet_types::counted;
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize as _},
    text::{Line, Span, Text},
    widgets::{Block, Paragraph, Wrap},
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
            Happening::Kept { effect, .. } => stage.name(&effect.agent),
            Happening::DeadLettered { .. } | Happening::Halted { .. } => "somebody",
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

    fn lines(&self) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for entry in &self.entries {
            match entry {
                Entry::Note { at, name, text } => {
                    lines.push(Line::from(format!("{}  {name} {text}", feed::clock(*at))).dim());
                }
                Entry::Kept { at, name, kind, state, text, .. } => {
                    lines.push(Line::from(format!("{}  {name} {kind} [{state}] {text}", feed::clock(*at))).dim());
                }
                Entry::Word { at, text } => lines.push(Line::from(format!("{}  {text}", feed::clock(*at))).dim()),
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
                    lines.extend(text.lines().map(|line| Line::from(format!("           {line}"))));
                }
            }
        }
        lines
    }
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
    let typed = Paragraph::new(format!("{}▏", view.typed)).block(Block::bordered().title_bottom(hint));
    frame.render_widget(typed, prompt);
}

fn paint_feed(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let now = view.stage.host.now();
    let title = format!(" puppet · {} · {} s per second ", now.to_jiff().strftime("%A %H:%M"), view.stage.speed);
    let text = Text::from(view.lines());
    let feed = Paragraph::new(text).wrap(Wrap { trim: false }).block(Block::bordered().title(title.bold()));
    // Wrapped height is not known beforehand: count what every line takes.
    let width = usize::from(area.width.saturating_sub(2)).max(1);
    let height: usize = view.lines().iter().map(|line| line.width().div_ceil(width).max(1)).sum();
    let hidden = height.saturating_sub(usize::from(area.height.saturating_sub(2)));
    frame.render_widget(feed.scroll((u16::try_from(hidden).unwrap_or(u16::MAX), 0)), area);
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
