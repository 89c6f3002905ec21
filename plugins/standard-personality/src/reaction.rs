//! What the agent does about other people's posts (docs/reference/behaviour.md): the model proposes, the persona's
//! probabilities decide. A proposed quote survives with half its probability, a reply and a like with theirs.

use puppet_sdk::{persona::InteractionPatterns, prelude::*};

use crate::{
    Scene, cooldown,
    grammar::{self, Action},
    prompt, reply, variety,
};

/// Somebody's post came by.
pub fn to_timeline(scene: &mut Scene, seen: &Mention) -> Result<(), Failure> {
    if seen.post.author == scene.character.profile.handle || cooldown::quiet(scene).is_some() {
        return Ok(());
    }
    if let Err(error) = react(scene, seen)? {
        cooldown::after_call_error(scene, &error);
    }
    Ok(())
}

/// Proposes, draws, acts. The inner error is the model's.
pub fn react(scene: &mut Scene, seen: &Mention) -> Result<Result<Action, CallError>, Failure> {
    let post = &seen.post;
    let with = seen.from_agent.as_deref().unwrap_or(&post.author);
    let answer = llm::Prompt::new("reaction")
        .system(prompt::system(scene))
        .user(prompt::reaction(scene, post, with)?)
        .max_tokens(300)
        .temperature(0.7)
        .complete();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(error)),
    };
    let proposed = grammar::reaction(&answer.text);
    let action = drawn(proposed.action, &scene.character.persona.behavior.interaction_patterns, &mut scene.random);
    let id = PostRef::Id(post.id.clone());
    match action {
        Action::Reply | Action::Quote => {
            let Some(text) = text(scene, seen, with, &proposed.content, action == Action::Quote)? else {
                return Ok(Ok(Action::Ignore));
            };
            if action == Action::Reply {
                tweet::reply(&id, &text)?;
            } else if let Err(error) = tweet::quote(&id, &text) {
                if !error.is("denied") {
                    return Err(error.into());
                }
                log::with("error", error).info("no quotes here");
                return Ok(Ok(Action::Ignore));
            }
            reply::remember(scene, &post.author, with, &post.text, Some(&text))?;
        }
        Action::Like => {
            if !reply::liked(&post.id)? {
                return Ok(Ok(Action::Ignore));
            }
            reply::remember(scene, &post.author, with, &post.text, None)?;
        }
        Action::Ignore => {}
    }
    Ok(Ok(action))
}

/// What is left of a proposal.
pub fn drawn(proposed: Action, patterns: &InteractionPatterns, random: &mut Random) -> Action {
    let probability = match proposed {
        Action::Reply => patterns.reply_probability,
        Action::Quote => patterns.quote_tweet_probability * 0.5,
        Action::Like => patterns.like_probability,
        Action::Ignore => return Action::Ignore,
    };
    if random.chance(probability) { proposed } else { Action::Ignore }
}

/// The proposed text where it can be posted, else one written for the purpose.
fn text(
    scene: &mut Scene,
    seen: &Mention,
    with: &str,
    proposed: &str,
    as_quote: bool,
) -> Result<Option<String>, Failure> {
    let text = text::reply(proposed, &scene.character.persona);
    let recent = variety::recent(10);
    let usable = !text.is_empty()
        && text::forbidden(&text, &scene.character.persona).is_none()
        && !text::repeats(&text, recent.iter().map(String::as_str));
    if usable {
        return Ok(Some(text));
    }
    let conversation = [reply::as_post(scene, &seen.post)];
    Ok(reply::written(scene, &conversation, with, as_quote)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_the_persona() {
        let patterns =
            InteractionPatterns { reply_probability: 0.5, quote_tweet_probability: 0.4, like_probability: 0.7 };
        let share = |action: Action, patterns: &InteractionPatterns| {
            let mut random = Random::new(3);
            (0..20_000).filter(|_| drawn(action, patterns, &mut random) == action).count() as f64 / 20_000.0
        };
        assert!((share(Action::Reply, &patterns) - 0.5).abs() < 0.02);
        assert!((share(Action::Quote, &patterns) - 0.2).abs() < 0.02);
        assert!((share(Action::Like, &patterns) - 0.7).abs() < 0.02);
        assert!((share(Action::Ignore, &patterns) - 1.0).abs() < f64::EPSILON);
        let never = InteractionPatterns { reply_probability: 0.0, quote_tweet_probability: 0.0, like_probability: 0.0 };
        for action in [Action::Reply, Action::Quote, Action::Like] {
            assert_eq!(share(action, &never), 0.0);
        }
    }
}
