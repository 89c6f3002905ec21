//! A line per effect, also of one that is only shown or waits for approval, for terminals and files.

use puppet_engine::{Happening, Host};
use puppet_types::{AgentId, Timestamp, counted};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use super::{About, Entry, Feed};
use crate::output::Output;

/// How lines tell times and agents.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// Of a time.
    pub clock: fn(Timestamp) -> String,
    /// Of an agent.
    pub name: &'a (dyn Fn(&AgentId) -> String + Send + Sync),
    /// Where to: it says what is a colour there.
    pub out: Output,
}

/// What happens, until somebody says stop.
pub struct Source {
    /// What happens.
    pub watcher: broadcast::Receiver<Happening>,
    /// Then what has happened is shown, and no more.
    pub stop: watch::Receiver<bool>,
}

impl Source {
    /// The next; none where nothing more is to be shown.
    async fn next(&mut self, out: Output) -> Option<Happening> {
        loop {
            let received = tokio::select! {
                biased;
                received = self.watcher.recv() => received,
                _ = self.stop.wait_for(|stopped| *stopped) => return None,
            };
            match received {
                Ok(happening) => return Some(happening),
                Err(RecvError::Lagged(missed)) => {
                    out.note(format!(
                        "more happens than can be shown: {} left out",
                        counted(missed, "thing", "things")
                    ));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Hands on a line for each effect, until `line` says that nobody reads any more.
pub async fn each(
    host: &Host,
    feed: &mut Feed,
    mut source: Source,
    manner: Manner<'_>,
    mut line: impl FnMut(String) -> bool,
) {
    while let Some(happening) = source.next(manner.out).await {
        for entry in feed.take(host, manner.name, happening).await {
            if !told(&entry, manner).is_none_or(&mut line) {
                return;
            }
        }
    }
}

/// An effect on one line: when, who, what, about whom.
fn told(entry: &Entry, manner: Manner<'_>) -> Option<String> {
    let (at, name, kind, text, about) = match entry {
        Entry::Effect { at, name, kind, text, about } => (at, name, (*kind).to_owned(), text, about),
        Entry::Kept { at, name, kind, state, text, about } => {
            (at, name, format!("{kind} {}", mark(state, manner)), text, about)
        }
        Entry::Word { at, text } => return Some(format!("{} {text}", manner.out.dim((manner.clock)(*at)))),
        Entry::Note { .. } => return None,
    };
    let about = about.as_ref().map(|About { author, beginning }| match text.is_empty() {
        true => format!(" @{author}: {beginning}"),
        false => format!(" (@{author})"),
    });
    let gap = if text.is_empty() { "" } else { " " };
    let text = text.replace('\n', " ");
    let at = manner.out.dim((manner.clock)(*at));
    Some(format!("{at} {} {kind}{gap}{text}{}", manner.out.bold(name), about.unwrap_or_default()))
}

/// The mark of what does not leave.
fn mark(state: &str, manner: Manner<'_>) -> String {
    manner.out.odd(format!("[{state}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_like_tells_whose_post() {
        let manner = Manner { clock: crate::feed::clock, name: &|id| id.to_string(), out: Output::new(true) };
        let about = Some(About { author: "ada".to_owned(), beginning: "Three hours…".to_owned() });
        let effect = |kind, text: &str, about: &Option<About>| {
            let at = Timestamp::parse("2026-01-05T09:41:00Z").unwrap();
            let entry =
                Entry::Effect { at, name: "Ember".to_owned(), kind, text: text.to_owned(), about: about.clone() };
            told(&entry, manner).unwrap()
        };
        assert_eq!(effect("like", "", &about), "Mon 09:41 Ember like @ada: Three hours…");
        assert_eq!(effect("like", "", &None), "Mon 09:41 Ember like");
        assert_eq!(effect("reply", "Yes.\nOf course.", &about), "Mon 09:41 Ember reply Yes. Of course. (@ada)");
        assert_eq!(effect("post", "Tea.", &None), "Mon 09:41 Ember post Tea.");
    }

    #[test]
    fn what_does_not_leave_is_marked() {
        let manner = Manner { clock: crate::feed::clock, name: &|id| id.to_string(), out: Output::new(true) };
        let at = Timestamp::parse("2026-01-05T09:41:00Z").unwrap();
        let kept = |kind, text: &str, about| Entry::Kept {
            at,
            name: "Ember".to_owned(),
            kind,
            state: "dry-run",
            text: text.to_owned(),
            about,
        };
        let about = Some(About { author: "ada".to_owned(), beginning: "Three…".to_owned() });
        assert_eq!(told(&kept("post", "Tea.", None), manner).unwrap(), "Mon 09:41 Ember post [dry-run] Tea.");
        assert_eq!(told(&kept("like", "", about), manner).unwrap(), "Mon 09:41 Ember like [dry-run] @ada: Three…");
        let word = Entry::Word { at, text: "halted".to_owned() };
        assert_eq!(told(&word, manner).unwrap(), "Mon 09:41 halted");
    }
}
