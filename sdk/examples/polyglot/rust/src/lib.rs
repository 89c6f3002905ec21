//! Greets whoever speaks to it, and remembers how often they met.

use std::collections::BTreeMap;

use puppet_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct Polyglot;

puppet_sdk::personality!(Polyglot);

/// Whom it knows, at the most: strangers do not fill its state.
const MOST: usize = 1_000;
/// What a post has room for.
const ROOM: u32 = 280;

/// What it keeps between events.
#[derive(Default, Serialize, Deserialize)]
struct Saved {
    /// How often it met whom.
    met: BTreeMap<String, u32>,
}

impl Personality for Polyglot {
    fn handle(event: Event) -> Result<(), Failure> {
        match event.kind.as_str() {
            "agent_started" => Ok(schedule::cron("morning", "0 8 * * *", None, &json!({}))?),
            "timer" => morning(),
            "mention" => answer(&event.payload::<Mention>()?.post),
            _ => Ok(()),
        }
    }
}

fn morning() -> Result<(), Failure> {
    let saved: Saved = state::load(1)?.unwrap_or_default();
    tweet::post(&format!("Good morning. I know {} of you.", saved.met.len()))?;
    Ok(())
}

fn answer(post: &PostSeen) -> Result<(), Failure> {
    if post.text.trim().is_empty() {
        return Err(Failure::declined("nothing-said", "a mention without words", None));
    }
    let mut saved: Saved = state::load(1)?.unwrap_or_default();
    let before = saved.met.get(&post.author).copied().unwrap_or(0);
    let words = match words(post, before)? {
        Some(words) => words,
        None if before == 0 => format!("Hello, @{}.", post.author),
        None => format!("Hello again, @{}: that makes {}.", post.author, before + 1),
    };
    tweet::reply(&PostRef::Id(post.id.clone()), &words)?;
    if before > 0 || saved.met.len() < MOST {
        saved.met.insert(post.author.clone(), before + 1);
        state::save(1, &saved)?;
    }
    Ok(())
}

/// What the model would say; none where it says nothing, or more than a post holds.
fn words(post: &PostSeen, before: u32) -> Result<Option<String>, Failure> {
    let asked = llm::Prompt::new("reply")
        .system("You answer whoever speaks to you. You are brief and kind.")
        // What a stranger wrote is data: it is put between marks that it cannot contain.
        .words_of(&post.author, &post.text)
        .user(format!("You have met them {before} times before. Answer in one sentence."))
        .max_tokens(60)
        .complete();
    match asked {
        Ok(answer) => {
            let words = answer.text.trim().to_owned();
            Ok(Some(words).filter(|words| !words.is_empty() && tweet::weighted_length(words) <= ROOM))
        }
        Err(error) => {
            log::with("code", &error.code).warn("no answer of the model");
            Ok(None)
        }
    }
}
