//! Replies. Whoever speaks to the agent is answered, whatever its probabilities, and never uses up a post slot.
//! Among agents of one host a conversation ends with a like, or without a word.

use puppet_sdk::prelude::*;

use crate::{Scene, cooldown, prompt, variety};

/// Timers that answer later, by the post's id.
pub const RETRY: &str = "mention-";

/// Somebody spoke to the agent.
pub fn to_mention(scene: &mut Scene, mention: &Mention) -> Result<(), Failure> {
    let post = &mention.post;
    if post.author == scene.character.profile.handle {
        return Ok(());
    }
    if let Some(until) = cooldown::quiet(scene) {
        return later(mention, until);
    }
    let conversation = conversation(scene, post);
    let said = conversation.iter().filter(|other| other.author == scene.character.profile.handle).count();
    if mention.from_agent.is_some() && said >= scene.character.settings.replies_per_conversation {
        let likes = scene.character.persona.behavior.interaction_patterns.like_probability;
        if scene.random.chance(likes) {
            liked(&post.id)?;
        }
        return Ok(());
    }
    let with = mention.from_agent.as_deref().unwrap_or(&post.author);
    match tried(scene, &conversation, with, false) {
        Ok(Tried { fits: Some(text), .. }) => answer(scene, post, with, &text),
        Ok(Tried { repeats, .. }) => {
            if liked(&post.id)? {
                log::warn("no reply that could be posted: liked instead");
                return Ok(());
            }
            match repeats {
                // Words that were said before are better than none.
                Some(text) => answer(scene, post, with, &text),
                None => Err(Failure::declined("no-reply", "no reply that could be posted, and no likes here", None)),
            }
        }
        Err(error) => {
            let until = cooldown::after_call_error(scene, &error);
            later(mention, until)
        }
    }
}

fn answer(scene: &mut Scene, post: &PostSeen, with: &str, text: &str) -> Result<(), Failure> {
    match tweet::reply(&PostRef::Id(post.id.clone()), text) {
        Ok(_) => {}
        // What is spent comes back, and the mention with it.
        Err(error @ CallError { retry_after_ms: Some(wait), .. }) if error.is("budget-exhausted") => {
            return Err(Failure::declined("budget-exhausted", error.to_string(), Some(scene.now.plus_millis(wait))));
        }
        // The operator does not want it.
        Err(error) if error.is("denied") => return Err(Failure::declined("denied", error.to_string(), None)),
        Err(error) => return Err(error.into()),
    }
    cooldown::over(scene);
    remember(scene, &post.author, with, &post.text, Some(text))
}

/// Likes a post. Answers whether that can be done here: not where it was not granted, nor where the network takes no likes.
pub fn liked(id: &str) -> Result<bool, Failure> {
    match tweet::like(&PostRef::Id(id.to_owned())) {
        Ok(()) => Ok(true),
        Err(error) if error.is("denied") => {
            log::with("error", error).info("no likes here");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Somebody asks for a reply to a post. Never too soon.
pub fn on_command(scene: &mut Scene, command: &CommandReply) -> Result<(), Failure> {
    if command.tweet_id.is_empty() {
        return Err(Failure::declined("invalid-input", "`tweet_id` is required", None));
    }
    let conversation = match tweet::thread_of(&command.tweet_id, scene.character.settings.context_depth) {
        Ok(conversation) => conversation,
        Err(error) => match &command.content {
            Some(content) => vec![stand_in(scene, &command.tweet_id, content)],
            None => return Err(error.into()),
        },
    };
    let author = conversation.last().map(|post| post.author.clone()).unwrap_or_default();
    match written(scene, &conversation, &author, false)? {
        Some(text) => {
            tweet::reply(&PostRef::Id(command.tweet_id.clone()), &text)?;
            Ok(())
        }
        None => {
            let tries = scene.character.settings.tries.max(1);
            let why = "each was empty, held a term to avoid, or repeated a recent post";
            Err(Failure::Failed(format!("no reply that could be posted in {tries} tries: {why}")))
        }
    }
}

/// A reply or the text of a quote; none after so many tries.
pub fn written(
    scene: &mut Scene,
    conversation: &[tweet::Post],
    with: &str,
    as_quote: bool,
) -> Result<Option<String>, CallError> {
    tried(scene, conversation, with, as_quote).map(|tried| tried.fits)
}

/// What came of some tries.
struct Tried {
    /// It can be posted.
    fits: Option<String>,
    /// Where none does: the first that is only too much like what the agent said before.
    repeats: Option<String>,
}

fn tried(scene: &mut Scene, conversation: &[tweet::Post], with: &str, as_quote: bool) -> Result<Tried, CallError> {
    let mut repeats = None;
    let mut own = variety::recent(10);
    let system = prompt::system(scene);
    for _ in 0..scene.character.settings.tries.max(1) {
        let mut task = prompt::reply(scene, conversation, with, as_quote).map_err(internal)?;
        task.push_str("Recent posts:\n");
        own.iter().take(6).for_each(|text| task.push_str(&format!("- {}\n", text::one_line(text))));
        // Mostly lively, sometimes calmer.
        let temperature = if scene.random.chance(0.6) { 1.1 } else { 0.9 };
        let purpose = if as_quote { "quote" } else { "reply" };
        let answer =
            llm::Prompt::new(purpose).system(&system).user(task).max_tokens(80).temperature(temperature).complete()?;
        let text = text::reply(&answer.text, &scene.character.persona);
        let may = !text.is_empty() && text::forbidden(&text, &scene.character.persona).is_none();
        if may && !text::repeats(&text, own.iter().map(String::as_str)) {
            return Ok(Tried { fits: Some(text), repeats: None });
        }
        if may && repeats.is_none() && !own.contains(&text) {
            repeats = Some(text.clone());
        }
        own.insert(0, text);
    }
    Ok(Tried { fits: None, repeats })
}

/// Keeps an encounter: what was said, by whom, and what it changes.
pub fn remember(
    scene: &mut Scene,
    author: &str,
    with: &str,
    said: &str,
    answered: Option<&str>,
) -> Result<(), Failure> {
    let line = match answered {
        Some(text) => format!("@{author} wrote: {said} I answered: {text}"),
        None => format!("@{author} wrote: {said} I liked it."),
    };
    let kept = memory::remember(&memory::said_by(author, memory::Kind::Interaction, line));
    if let Err(error) = kept {
        log::with("error", error).info("not remembered");
    }
    // Without an answer of the model it is an acquaintance that grows by a little.
    let answer = llm::Prompt::new("relationship")
        .system(prompt::system(scene))
        .user(prompt::bond(author, said, answered))
        .max_tokens(250)
        .temperature(0.6)
        .complete();
    let bond = match answer {
        Ok(answer) => crate::grammar::bond(&answer.text),
        Err(error) => {
            log::with("error", error).info("no word on the relationship");
            crate::grammar::Bond { sentiment: 0.0, familiarity: 0.02, trust: 0.0, note: String::new() }
        }
    };
    let change = agent::RelationshipChange {
        sentiment: bond.sentiment,
        familiarity: bond.familiarity,
        trust: bond.trust,
        interaction: Some(shortened(said)),
        note: Some(bond.note).filter(|note| !note.is_empty()).map(|note| shortened(&note)),
    };
    Ok(agent::adjust_relationship(with, &change)?)
}

fn shortened(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 120 {
        line = line.chars().take(119).collect::<String>() + "…";
    }
    line
}

/// What a post answers, oldest first; the post alone where the network does not tell.
fn conversation(scene: &Scene, post: &PostSeen) -> Vec<tweet::Post> {
    match tweet::thread_of(&post.id, scene.character.settings.context_depth) {
        Ok(conversation) if !conversation.is_empty() => conversation,
        _ => vec![as_post(scene, post)],
    }
}

/// A post of an event as the network would show it.
pub fn as_post(scene: &Scene, post: &PostSeen) -> tweet::Post {
    tweet::Post {
        id: post.id.clone(),
        author: post.author.clone(),
        text: post.text.clone(),
        at: scene.now.0,
        in_reply_to: post.in_reply_to.clone(),
        quotes: post.quotes.clone(),
        conversation: post.conversation.clone(),
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

fn stand_in(scene: &Scene, id: &str, content: &str) -> tweet::Post {
    let post = PostSeen {
        id: id.to_owned(),
        author: "unknown".to_owned(),
        text: content.to_owned(),
        at: String::new(),
        in_reply_to: None,
        quotes: None,
        conversation: id.to_owned(),
    };
    as_post(scene, &post)
}

fn later(mention: &Mention, at: Timestamp) -> Result<(), Failure> {
    let name = format!("{RETRY}{}", mention.post.id);
    Ok(schedule::once(&name, at, &serde_json::to_value(mention)?)?)
}

fn internal(failure: Failure) -> CallError {
    CallError { code: "internal".to_owned(), message: format!("{failure:?}"), retry_after_ms: None }
}
