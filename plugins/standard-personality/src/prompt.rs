//! What the model is told (docs/reference/behaviour.md): who it is, in the order rotating > custom > generated, then
//! the task with what is known of the moment. A custom prompt replaces who it is, never the task.

use puppet_sdk::{
    llm::fence,
    persona::{Sections, mood_word, relationship_line},
    prelude::*,
};

use crate::{Scene, persona::Character};

/// What the model is to be: one of the rotating prompts, else the custom one, else one made from the persona.
pub fn system(scene: &mut Scene) -> String {
    let Character { profile, persona, .. } = &scene.character;
    persona.system(profile, &mut scene.random)
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
    let mut out = Sections::new().text(&match task.part {
        Some((part, of, _)) => format!("Write part {part} of {of} of a thread of your own."),
        None => "Write one post of your own.".to_owned(),
    });
    out = match task.topic {
        Some(Topic::Own(topic)) => out.line("Topic", &fence::line(topic)),
        Some(Topic::Theirs(topic)) => {
            out.text(&format!("It is about this. {}", fence::RULE)).text(&fence::topic(topic))
        }
        None => out,
    };
    out = out
        .line("Your mood", mood_word(&agent::mood()?))
        .bullets("What you know about it", task.known.own.iter().map(String::as_str));
    if !task.known.told.is_empty() {
        out = out.text(&format!("What you heard about it. {}", fence::RULE));
    }
    for told in &task.known.told {
        out = out.text(&fence::note(told));
    }
    if let Some((_, _, earlier)) = task.part {
        out = out.bullets("The parts before", earlier.iter().map(String::as_str));
    }
    let recent = task.recent.iter().map(String::as_str);
    let worn = text::topics(recent.clone(), 12);
    let limit = preferences.limit();
    let typical = preferences.typical_post_length.clamp(1, limit);
    Ok(out
        .bullets("Recent posts", recent.take(10))
        .list("Used a lot lately, leave out", &worn)
        .text(&format!("About {typical} characters, never more than {limit}."))
        .text(if task.may_link { "You may share a link." } else { "No links." })
        .text("Say something new. Answer with the text alone: no quotation marks, no label.")
        .end())
}

/// The task of a reply. `conversation` is oldest first; its last post is the one that is answered.
pub fn reply(scene: &Scene, conversation: &[tweet::Post], with: &str, asked_to_quote: bool) -> Result<String, Failure> {
    let Some((latest, earlier)) = conversation.split_last() else {
        return Err(Failure::Failed("a reply without a post to answer".to_owned()));
    };
    let mut out = Sections::new().text(&format!("A conversation, oldest first. {}", fence::RULE));
    for post in earlier {
        out = if post.author == scene.character.profile.handle {
            out.text(&format!("You wrote: {}", text::one_line(&post.text)))
        } else {
            out.text(&fence::post(&post.author, &post.text))
        };
    }
    out = out
        .text("The latest, to which you answer:")
        .text(&fence::post(&latest.author, &latest.text))
        .line("Your mood", mood_word(&agent::mood()?));
    Ok(you_and(out, with)?
        .text(if asked_to_quote {
            "Write a post that quotes it and adds something of your own."
        } else {
            "Write a reply: short, the way one types to an acquaintance, and about what was said."
        })
        .text("Do not ask which post is meant. Never name the author or an account. Do not repeat yourself.")
        .text("Answer with the text alone: no quotation marks, no label.")
        .end())
}

/// How it stands to the author, where they have met.
fn you_and(out: Sections, with: &str) -> Result<Sections, Failure> {
    let bond = agent::relationship(with)?.filter(|bond| bond.familiarity > 0.2);
    Ok(bond
        .map(|bond| relationship_line(&bond))
        .into_iter()
        .fold(out, |out, line| out.line("You and the author", &line)))
}

/// The task of a reaction: answers in the grammar of `crate::grammar`.
pub fn reaction(scene: &Scene, post: &PostSeen, with: &str) -> Result<String, Failure> {
    let out = Sections::new()
        .text(&format!("Somebody wrote this. {}", fence::RULE))
        .text(&fence::post(&post.author, &post.text))
        .line("Your mood", mood_word(&agent::mood()?))
        .list("Your interests", &scene.character.persona.personality.interests);
    Ok(you_and(out, with)?
        .text(
            "What do you do? Answer in exactly these lines:\n\
             REACTION: what you feel about it\n\
             ACTION: 1 reply, 2 quote, 3 like, or 4 ignore\n\
             CONTENT: what you write, for 1 and 2\n\
             REASONING: why",
        )
        .end())
}

/// What a model makes of something that happened.
pub fn impression(scene: &Scene, headline: &str, topic: &str, description: &str) -> String {
    let topic = if topic.is_empty() { String::new() } else { fence::topic(topic) };
    Sections::new()
        .text(&format!("This happened. {}", fence::RULE))
        .text(&fence::note(&format!("{headline}\n{description}")))
        .text(&topic)
        .list("Your interests", &scene.character.persona.personality.interests)
        .text(
            "What stays with you? Answer in exactly these lines:\n\
             MEMORY: one sentence, as you remember it\n\
             IMPORTANCE: 0 to 1\n\
             EMOTION: one word\n\
             VALENCE_SHIFT: -0.5 to 0.5\n\
             AROUSAL_SHIFT: -0.5 to 0.5\n\
             DOMINANCE_SHIFT: -0.5 to 0.5",
        )
        .end()
}

/// How an encounter changes a relationship.
pub fn bond(author: &str, said: &str, answered: Option<&str>) -> String {
    let out = Sections::new().text(&format!("You met somebody. {}", fence::RULE)).text(&fence::post(author, said));
    let out = match answered {
        Some(text) => out.text(&format!("You answered: {}", text::one_line(text))),
        None => out.text("You liked it."),
    };
    out.text(
        "How does that change what you feel for them? Answer in exactly these lines:\n\
         SENTIMENT_CHANGE: -0.2 to 0.2\n\
         FAMILIARITY_CHANGE: 0 to 0.1\n\
         TRUST_CHANGE: -0.2 to 0.2\n\
         NOTE: one short sentence",
    )
    .end()
}
