//! The behaviour of the original engine's agents, for any persona: posts at its own pace, answers who speaks to
//! it, reacts to what others write, takes in news and moods. Everything that makes a character is in its persona;
//! nothing here knows a name. Rules and numbers follow the behavioural contract (docs/reference/behaviour.md).

mod cooldown;
mod experience;
mod grammar;
mod persona;
mod post;
mod prompt;
mod reaction;
mod reply;
mod slots;
mod state;
mod trade;
mod variety;

use puppet_sdk::prelude::*;

use crate::{persona::Character, state::Saved};

/// The plugin.
pub struct StandardPersonality;

puppet_sdk::personality!(StandardPersonality);

/// What one call works with.
pub(crate) struct Scene {
    pub character: Character,
    pub saved: Saved,
    pub random: Random,
    pub now: Timestamp,
}

impl Scene {
    fn open() -> Result<Self, Failure> {
        let saved = Saved::load()?;
        Ok(Self { character: Character::load()?, saved, random: Random::of_invocation(), now: agent::now() })
    }
}

impl Personality for StandardPersonality {
    fn handle(event: Event) -> Result<(), Failure> {
        let mut scene = Scene::open()?;
        match event.kind.as_str() {
            "agent_started" => slots::start(&mut scene)?,
            "timer" => timer(&mut scene, &event.payload()?)?,
            "mention" => reply::to_mention(&mut scene, &event.payload()?)?,
            "timeline_post" => reaction::to_timeline(&mut scene, &event.payload()?)?,
            "news" => experience::news(&mut scene, &event.payload()?)?,
            "mood_shift" => experience::mood_shift(&mut scene, &event.payload()?)?,
            "interaction_prompt" => experience::interaction(&mut scene, &event.payload()?)?,
            "command_post" => post::on_command(&mut scene, &event.payload()?)?,
            "command_reply" => reply::on_command(&mut scene, &event.payload()?)?,
            "post_failed" => slots::give_back(&mut scene, &event.payload()?)?,
            "post_published" => return Ok(()),
            "swap_done" | "swap_failed" => trade::ended(&mut scene, &event.payload()?)?,
            other => experience::unknown(&mut scene, other, &event)?,
        }
        scene.saved.save()
    }
}

fn timer(scene: &mut Scene, fired: &TimerFired) -> Result<(), Failure> {
    match fired.name.as_str() {
        slots::TIMER => post::in_slot(scene),
        name if name.starts_with(reply::RETRY) => {
            reply::to_mention(scene, &serde_json::from_value(fired.payload.clone())?)
        }
        other => {
            log::with("timer", other).warn("a timer that is none of this version: ignored");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
