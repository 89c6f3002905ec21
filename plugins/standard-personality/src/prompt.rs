//! What the model is told (docs/reference/behaviour.md): who it is, in the order rotating > custom > generated, then
//! the task with what is known of the moment. A custom prompt replaces who it is, never the task.

use std::fmt::Write as _;

use puppet_sdk::{llm::fence, prelude::*};

use crate::{
    Scene,
    persona::{Character, Persona},
    variety,
};

/// What the model is to be: one of the rotating prompts, else the custom one, else one made from the persona.
pub fn system(scene: &mut Scene) -> String {
    let persona = &scene.character.persona;
    if let Some(prompt) = scene.random.pick(&persona.rotating_system_prompts) {
        return prompt.clone();
    }
    match &persona.custom_system_prompt {
        Some(prompt) if !prompt.trim().is_empty() => prompt.clone(),
        _ => generated(&scene.character),
    }
}

/// Sections in the order of the contract; empty ones are left out.
pub fn generated(character: &Character) -> String {
    let Character { name, description, persona, .. } = character;
    let mut out = format!("You are {name}.");
    if !description.is_empty() {
        let _ = write!(out, " {description}");
    }
    out.push('\n');
    list(&mut out, "Traits", &persona.personality.traits);
    list(&mut out, "Values", &persona.personality.values);
    line(&mut out, "You speak like this", &persona.personality.speaking_style);
    list(&mut out, "Interests", &persona.personality.interests);
    list(&mut out, "Goals", &persona.goals);
    style(&mut out, persona);
    list(&mut out, "Never write about", &persona.style_guide.topics_to_avoid);
    out
}

fn style(out: &mut String, persona: &Persona) {
    let guide = &persona.style_guide;
    let formatting = &guide.formatting;
    line(out, "Voice", &guide.voice);
    line(out, "Tone", &guide.tone);
    let hashtags = if formatting.uses_hashtags { formatting.hashtag_style.as_str() } else { "none, avoid them" };
    line(out, "Hashtags", if hashtags.is_empty() { "a few" } else { hashtags });
    let emojis = if formatting.uses_emojis { formatting.emoji_frequency.as_str() } else { "none, avoid them" };
    line(out, "Emojis", if emojis.is_empty() { "a few" } else { emojis });
    line(out, "Capitalization", &formatting.capitalization);
    line(out, "Sentence length", &formatting.sentence_length);
    if formatting.avoid_hyphens {
        line(out, "Hyphens and dashes", "none");
    }
    list(out, "Words you like", &guide.vocabulary.key_terms);
    list(out, "Words you never use", &guide.vocabulary.avoid_terms);
    let samples: Vec<String> = persona.sample_lines.iter().take(5).cloned().collect();
    bullets(out, "Lines you might have written", samples.iter().map(String::as_str));
}

/// What a post is about.
#[derive(Debug, Clone)]
pub enum Topic {
    /// An interest of the persona, or what the operator asks for.
    Own(String),
    /// What something from outside was about.
    Theirs(String),
}

impl Topic {
    pub fn text(&self) -> &str {
        let (Self::Own(text) | Self::Theirs(text)) = self;
        text
    }
}

/// What memory has about a topic.
#[derive(Debug, Default)]
pub struct Known {
    pub own: Vec<String>,
    /// What was read or came in.
    pub told: Vec<String>,
}

/// What a post is about and what it must look like.
pub struct PostTask<'a> {
    pub topic: Option<&'a Topic>,
    /// Part k of n of a thread, with the parts before it.
    pub part: Option<(u32, u32, &'a [String])>,
    pub may_link: bool,
    pub recent: &'a [String],
    pub known: &'a Known,
}

/// The task of a post.
pub fn post(scene: &Scene, task: &PostTask<'_>) -> Result<String, Failure> {
    let preferences = &scene.character.persona.behavior.content_preferences;
    let mut out = match task.part {
        Some((part, of, _)) => format!("Write part {part} of {of} of a thread of your own.\n"),
        None => "Write one post of your own.\n".to_owned(),
    };
    match task.topic {
        Some(Topic::Own(topic)) => line(&mut out, "Topic", &fence::line(topic)),
        Some(Topic::Theirs(topic)) => {
            let _ = writeln!(out, "It is about this. {}\n{}", fence::RULE, fence::topic(topic));
        }
        None => {}
    }
    line(&mut out, "Your mood", mood_word(&agent::mood()?));
    bullets(&mut out, "What you know about it", task.known.own.iter().map(String::as_str));
    if !task.known.told.is_empty() {
        let _ = writeln!(out, "What you heard about it. {}", fence::RULE);
    }
    for told in &task.known.told {
        let _ = writeln!(out, "{}", fence::note(told));
    }
    if let Some((_, _, earlier)) = task.part {
        bullets(&mut out, "The parts before", earlier.iter().map(String::as_str));
    }
    let recent = task.recent.iter().map(String::as_str);
    bullets(&mut out, "Recent posts", recent.clone().take(10));
    let worn = variety::recent_topics(recent, 12);
    list(&mut out, "Used a lot lately, leave out", &worn);
    let limit = preferences.limit();
    let typical = preferences.typical_post_length.clamp(1, limit);
    let _ = writeln!(out, "About {typical} characters, never more than {limit}.");
    out.push_str(if task.may_link { "You may share a link.\n" } else { "No links.\n" });
    out.push_str("Say something new. Answer with the text alone: no quotation marks, no label.\n");
    Ok(out)
}

/// The task of a reply. `conversation` is oldest first; its last post is the one that is answered.
pub fn reply(scene: &Scene, conversation: &[tweet::Post], with: &str, asked_to_quote: bool) -> Result<String, Failure> {
    let mut out = format!("A conversation, oldest first. {}\n", fence::RULE);
    let (latest, earlier) = match conversation.split_last() {
        Some(split) => split,
        None => return Err(Failure::Failed("a reply without a post to answer".to_owned())),
    };
    for post in earlier {
        if post.author == scene.character.handle {
            let _ = writeln!(out, "You wrote: {}", one_line(&post.text));
        } else {
            let _ = writeln!(out, "{}", fence::post(&post.author, &post.text));
        }
    }
    let _ = writeln!(out, "The latest, to which you answer:\n{}", fence::post(&latest.author, &latest.text));
    line(&mut out, "Your mood", mood_word(&agent::mood()?));
    if let Some(relationship) = agent::relationship(with)?.filter(|bond| bond.familiarity > 0.2) {
        line(&mut out, "You and the author", &relationship_line(&relationship));
    }
    out.push_str(if asked_to_quote {
        "Write a post that quotes it and adds something of your own.\n"
    } else {
        "Write a reply: short, the way one types to an acquaintance, and about what was said.\n"
    });
    out.push_str("Do not ask which post is meant. Never name the author or an account. Do not repeat yourself.\n");
    out.push_str("Answer with the text alone: no quotation marks, no label.\n");
    Ok(out)
}

/// The task of a reaction: answers in the grammar of `crate::grammar`.
pub fn reaction(scene: &Scene, post: &PostSeen, with: &str) -> Result<String, Failure> {
    let mut out = format!("Somebody wrote this. {}\n{}\n", fence::RULE, fence::post(&post.author, &post.text));
    line(&mut out, "Your mood", mood_word(&agent::mood()?));
    list(&mut out, "Your interests", &scene.character.persona.personality.interests);
    if let Some(relationship) = agent::relationship(with)?.filter(|bond| bond.familiarity > 0.2) {
        line(&mut out, "You and the author", &relationship_line(&relationship));
    }
    out.push_str(
        "What do you do? Answer in exactly these lines:\n\
         REACTION: what you feel about it\n\
         ACTION: 1 reply, 2 quote, 3 like, or 4 ignore\n\
         CONTENT: what you write, for 1 and 2\n\
         REASONING: why\n",
    );
    Ok(out)
}

/// What a model makes of something that happened.
pub fn impression(scene: &Scene, headline: &str, topic: &str, description: &str) -> String {
    let report = fence::note(&format!("{headline}\n{description}"));
    let mut out = format!("This happened. {}\n{report}\n", fence::RULE);
    if !topic.is_empty() {
        let _ = writeln!(out, "{}", fence::topic(topic));
    }
    list(&mut out, "Your interests", &scene.character.persona.personality.interests);
    out.push_str(
        "What stays with you? Answer in exactly these lines:\n\
         MEMORY: one sentence, as you remember it\n\
         IMPORTANCE: 0 to 1\n\
         EMOTION: one word\n\
         VALENCE_SHIFT: -0.5 to 0.5\n\
         AROUSAL_SHIFT: -0.5 to 0.5\n\
         DOMINANCE_SHIFT: -0.5 to 0.5\n",
    );
    out
}

/// How an encounter changes a relationship.
pub fn bond(author: &str, said: &str, answered: Option<&str>) -> String {
    let mut out = format!("You met somebody. {}\n{}\n", fence::RULE, fence::post(author, said));
    match answered {
        Some(text) => {
            let _ = writeln!(out, "You answered: {}", one_line(text));
        }
        None => out.push_str("You liked it.\n"),
    }
    out.push_str(
        "How does that change what you feel for them? Answer in exactly these lines:\n\
         SENTIMENT_CHANGE: -0.2 to 0.2\n\
         FAMILIARITY_CHANGE: 0 to 0.1\n\
         TRUST_CHANGE: -0.2 to 0.2\n\
         NOTE: one short sentence\n",
    );
    out
}

/// A word by the sign of valence, as in the original; a stronger one where it is far from neutral.
pub fn mood_word(mood: &agent::Mood) -> &'static str {
    match mood.valence {
        v if v > 0.5 => "Very positive",
        v if v > 0.0 => "Positive",
        v if v < -0.5 => "Very negative",
        v if v < 0.0 => "Negative",
        _ => "Neutral",
    }
}

fn relationship_line(bond: &agent::Relationship) -> String {
    let feeling = match bond.sentiment {
        s if s > 0.3 => "you like them",
        s if s < -0.3 => "you do not like them",
        _ => "you have no strong feeling",
    };
    let trust = if bond.trust > 0.5 { "you trust them" } else { "you are not sure of them" };
    format!("you have met {} times, {feeling}, {trust}", bond.interactions)
}

fn line(out: &mut String, title: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "{title}: {text}");
    }
}

fn list(out: &mut String, title: &str, items: &[String]) {
    line(out, title, &items.join(", "));
}

fn bullets<'a>(out: &mut String, title: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        let _ = writeln!(out, "{title}:");
    }
    for item in items {
        let _ = writeln!(out, "- {}", one_line(item));
    }
}

/// What the agent wrote itself, on one line: a model may have been talked into it.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_come_in_the_order_of_the_contract() {
        let persona = serde_json::from_value(json!({
            "personality": {"traits": ["patient"], "values": ["tides"], "speaking_style": "plain", "interests": ["maps"]},
            "style_guide": {"voice": "low", "topics_to_avoid": ["war"], "vocabulary": {"avoid_terms": ["synergy"]}},
            "goals": ["finish the chart"],
        }))
        .unwrap();
        let character = Character {
            name: "Ada".into(),
            handle: "ada".into(),
            description: "Keeps a lighthouse.".into(),
            persona,
            settings: Default::default(),
        };
        let text = generated(&character);
        let sections = [
            "You are Ada. Keeps",
            "Traits: patient",
            "Values: tides",
            "speak like this: plain",
            "Interests: maps",
            "Goals: finish",
            "Voice: low",
            "Hashtags: none",
            "Emojis: none",
            "never use: synergy",
            "Never write about: war",
        ];
        let places: Vec<_> = sections.iter().map(|section| text.find(section).expect(section)).collect();
        assert!(places.is_sorted(), "{text}");
    }
}
