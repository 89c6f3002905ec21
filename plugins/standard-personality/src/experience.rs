//! What happens to the agent: news, moods, encounters (docs/reference/behaviour.md). Each leaves a memory; some lead
//! to a post.

use puppet_sdk::prelude::*;

use crate::{
    Scene, cooldown,
    grammar::{self, Action, Impression},
    post, prompt, reaction,
};

/// A mood event is remembered as this important.
const MOOD_IMPORTANCE: f64 = 0.6;

/// News: an impression, a memory, a mood, and a post where it matters or by chance.
pub fn news(scene: &mut Scene, news: &News) -> Result<(), Failure> {
    let News { headline, topic, description, url } = news;
    if headline.is_empty() && topic.is_empty() {
        return Err(Failure::declined("invalid-input", "news has neither `headline` nor `topic`", None));
    }
    let impression = impression(scene, headline, topic, description);
    let mut memory = told(memory::Kind::Event, remembered(headline, topic, &impression.memory));
    memory.importance = impression.importance;
    memory.valence = impression.valence;
    memory.metadata = vec![("topic".to_owned(), cut(topic, 200)), ("emotion".to_owned(), cut(&impression.emotion, 60))];
    keep(&memory);
    let shift =
        agent::Mood { valence: impression.valence, arousal: impression.arousal, dominance: impression.dominance };
    if shift.valence != 0.0 || shift.arousal != 0.0 || shift.dominance != 0.0 {
        agent::shift_mood(shift, &format!("news: {}", cut(headline, 100)))?;
    }
    if impression.importance > 0.7 || scene.random.chance(0.3) {
        let about = if topic.is_empty() { headline } else { topic };
        post::about(scene, about, url.as_deref())?;
    }
    Ok(())
}

/// Without a model the news is still remembered, as it was told.
fn impression(scene: &mut Scene, headline: &str, topic: &str, description: &str) -> Impression {
    let answer = llm::Prompt::new("memory")
        .system(prompt::system(scene))
        .user(prompt::impression(scene, headline, topic, description))
        .max_tokens(300)
        .temperature(0.6)
        .complete();
    match answer {
        Ok(answer) => grammar::impression(&answer.text),
        Err(error) => {
            cooldown::after_call_error(scene, &error);
            grammar::impression("")
        }
    }
}

fn remembered(headline: &str, topic: &str, memory: &str) -> String {
    let what = if headline.is_empty() { topic } else { headline };
    let mut line = cut(what, 400);
    if !topic.is_empty() && !line.to_lowercase().contains(&topic.to_lowercase()) {
        line = format!("{line} ({})", cut(topic, 200));
    }
    if memory.is_empty() { line } else { format!("{line}: {}", cut(memory, 800)) }
}

/// The mood moves: a memory, the shift, and a post where it is lively or by chance.
pub fn mood_shift(scene: &mut Scene, shift: &MoodShift) -> Result<(), Failure> {
    let reason = if shift.reason.is_empty() { "a change of mood" } else { &shift.reason };
    let mut memory = told(memory::Kind::Event, format!("Felt {}", cut(reason, 400)));
    memory.importance = MOOD_IMPORTANCE;
    memory.valence = shift.valence.clamp(-1.0, 1.0);
    keep(&memory);
    let MoodShift { valence, arousal, dominance, .. } = *shift;
    agent::shift_mood(agent::Mood { valence, arousal, dominance }, &cut(reason, 120))?;
    if arousal > 0.3 || scene.random.chance(0.2) {
        post::about(scene, "", None)?;
    }
    Ok(())
}

/// The agent turns to another: to one of its last five posts, or else to the topic with a post of its own.
pub fn interaction(scene: &mut Scene, prompt: &InteractionPrompt) -> Result<(), Failure> {
    let target = if prompt.target_handle.is_empty() { &prompt.target_id } else { &prompt.target_handle };
    let posts = tweet::posts_of(target, 5)?;
    if let Some(post) = scene.random.pick(&posts).cloned() {
        let seen = Mention {
            post: PostSeen {
                id: post.id,
                author: post.author,
                text: post.text,
                at: String::new(),
                in_reply_to: post.in_reply_to,
                quotes: post.quotes,
                conversation: post.conversation,
            },
            from_agent: Some(prompt.target_id.clone()).filter(|id| !id.is_empty()),
        };
        match reaction::react(scene, &seen)? {
            Ok(Action::Ignore) => log::info("nothing to say to what was found"),
            Ok(_) => {}
            Err(error) => {
                cooldown::after_call_error(scene, &error);
            }
        }
        return Ok(());
    }
    post::about(scene, &prompt.topic, None).map(drop)
}

/// Events of other kinds leave a trace: somebody sent them on purpose.
pub fn unknown(_scene: &mut Scene, kind: &str, event: &Event) -> Result<(), Failure> {
    let text = cut(&event.json, 400);
    match &event.author {
        Some(author) => keep(&memory::said_by(author, memory::Kind::General, format!("{kind}: {text}"))),
        None => keep(&told(memory::Kind::General, format!("{kind}: {text}"))),
    }
    Ok(())
}

/// What came from outside, or was made of it: not the character's own words, whoever wrote them.
pub(crate) fn told(kind: memory::Kind, content: String) -> memory::NewMemory {
    memory::NewMemory { trust: memory::Trust::Stranger, ..memory::own(kind, content) }
}

pub(crate) fn keep(memory: &memory::NewMemory) {
    if let Err(error) = memory::remember(memory) {
        log::with("error", error).warn("not remembered");
    }
}

pub(crate) fn cut(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars {
        line
    } else {
        line.chars().take(chars.saturating_sub(1)).collect::<String>() + "…"
    }
}
