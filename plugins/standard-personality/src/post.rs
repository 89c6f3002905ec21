//! Original posts: in their slot, after something happened, or when somebody asks.

use puppet_sdk::prelude::*;

use crate::{
    Scene, cooldown,
    prompt::{self, Known, Topic},
    slots, variety,
};

/// Own posts that a new one must not repeat.
const RECENT: u32 = 15;

/// The timer fired.
pub fn in_slot(scene: &mut Scene) -> Result<(), Failure> {
    if slots::too_soon(scene).is_some() {
        log::info("a slot before the minimum is over: lost, drawn again");
        return slots::draw(scene);
    }
    if let Some(until) = cooldown::quiet(scene) {
        return slots::draw_after_error(until);
    }
    let topic = variety::next_topic(scene).map(Topic::Own);
    let threads = scene.character.persona.behavior.content_preferences.max_thread_length >= 2;
    let thread = threads && {
        let probability = scene.character.settings.thread_probability;
        scene.random.chance(probability)
    };
    let length = if thread { thread_length(scene) } else { 1 };
    write(scene, &Wish { topic, length, link: None }).map(drop)
}

/// Two parts at least, three usually, never more than the persona allows.
fn thread_length(scene: &mut Scene) -> u32 {
    let most = scene.character.persona.behavior.content_preferences.max_thread_length;
    let mut length = 3_i64;
    if scene.random.chance(0.4) {
        length += if scene.random.chance(0.5) { 1 } else { -1 };
    }
    (length as u32).clamp(2, most.max(2))
}

/// After something happened: a post about it, if one is allowed now. The topic is in the words of others. Answers whether
/// there is one.
pub fn about(scene: &mut Scene, topic: &str, link: Option<&str>) -> Result<bool, Failure> {
    if slots::too_soon(scene).is_some() || cooldown::quiet(scene).is_some() {
        return Ok(false);
    }
    let topic = (!topic.is_empty()).then(|| Topic::Theirs(topic.to_owned()));
    Ok(write(scene, &Wish { topic, length: 1, link: link.map(str::to_owned) })?.is_ok())
}

/// Somebody asks for a post.
pub fn on_command(scene: &mut Scene, command: &CommandPost) -> Result<(), Failure> {
    if let Some(next) = slots::too_soon(scene).filter(|_| !command.force) {
        let minutes = next.millis_since(scene.now).div_ceil(60_000);
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        let message = format!("too soon since the last post: {minutes} {unit} to go");
        return Err(Failure::declined("too-soon", message, None));
    }
    let most = scene.character.persona.behavior.content_preferences.max_thread_length.max(1);
    let length = command.thread_length.unwrap_or(1).clamp(1, most);
    let topic = match command.topic.clone().filter(|topic| !topic.trim().is_empty()) {
        Some(topic) => Some(topic),
        None => variety::next_topic(scene),
    };
    let topic = topic.map(Topic::Own);
    write(scene, &Wish { topic, length, link: None })?.map_err(Failure::Failed)
}

struct Wish {
    topic: Option<Topic>,
    length: u32,
    link: Option<String>,
}

/// Writes and posts, and draws the next slot. Without a text the slot is drawn anew and nothing is posted; the inner error
/// says why.
fn write(scene: &mut Scene, wish: &Wish) -> Result<Result<(), String>, Failure> {
    let recent = variety::recent(RECENT);
    let mut parts: Vec<String> = Vec::new();
    let mut why = String::new();
    for part in 1..=wish.length {
        let in_thread = (wish.length > 1).then_some((part, wish.length));
        match text(scene, wish, in_thread, &parts, &recent) {
            Ok(Ok(text)) => parts.push(text),
            Ok(Err(objection)) => {
                why = objection;
                break;
            }
            Err(error) => {
                let until = cooldown::after_call_error(scene, &error);
                slots::draw_after_error(until)?;
                return Ok(Err(format!("the model gave no text: {error}")));
            }
        }
    }
    match parts.as_slice() {
        [] => {
            slots::draw(scene)?;
            let tries = scene.character.settings.tries.max(1);
            return Ok(Err(format!("no text that could be posted in {tries} tries; of the last: {why}")));
        }
        [one] => tweet::post(one)?,
        more => tweet::thread(more)?,
    };
    cooldown::over(scene);
    let now = scene.now;
    scene.saved.posted(now, wish.topic.as_ref().map(Topic::text));
    slots::draw(scene)?;
    Ok(Ok(()))
}

/// One text that fits the persona and repeats nothing; after so many tries what was wrong with the last.
fn text(
    scene: &mut Scene,
    wish: &Wish,
    in_thread: Option<(u32, u32)>,
    earlier: &[String],
    recent: &[String],
) -> Result<Result<String, String>, CallError> {
    let frequency = scene.character.persona.behavior.content_preferences.link_sharing_frequency;
    let may_link = wish.link.is_some() && scene.random.chance(frequency);
    let known = known(wish.topic.as_ref());
    let system = prompt::system(scene);
    let mut turned_down: Vec<String> = Vec::new();
    let mut last = String::new();
    for _ in 0..scene.character.settings.tries.max(1) {
        let recent: Vec<String> = turned_down.iter().chain(earlier).chain(recent).cloned().collect();
        let task = prompt::PostTask {
            topic: wish.topic.as_ref(),
            part: in_thread.map(|(part, of)| (part, of, earlier)),
            may_link,
            recent: &recent,
            known: &known,
        };
        let task = prompt::post(scene, &task).map_err(|failure| CallError {
            code: "internal".to_owned(),
            message: format!("{failure:?}"),
            retry_after_ms: None,
        })?;
        let answer = llm::Prompt::new("post")
            .system(&system)
            .user(task)
            .max_tokens(100)
            .temperature(0.9)
            .top_p(0.95)
            .penalties(1.0, 1.0)
            .complete()?;
        let text = text::post(&answer.text, &scene.character.persona, may_link);
        match objection(scene, &text, &recent) {
            None => return Ok(Ok(with_link(text, wish.link.as_deref().filter(|_| may_link), scene))),
            Some(objection) => {
                log::with("objection", &objection).info("a text was turned down");
                turned_down.push(text);
                last = objection;
            }
        }
    }
    Ok(Err(last))
}

fn objection(scene: &Scene, text: &str, recent: &[String]) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    if let Some(term) = text::forbidden(text, &scene.character.persona) {
        return Some(format!("it holds `{term}`"));
    }
    text::repeats(text, recent.iter().map(String::as_str)).then(|| "it repeats a recent one".to_owned())
}

fn with_link(text: String, link: Option<&str>, scene: &Scene) -> String {
    match link {
        Some(link) if !text.contains(link) => {
            let room = scene.character.persona.behavior.content_preferences.limit().saturating_sub(24);
            format!("{} {link}", text::fit(&text, room))
        }
        _ => text,
    }
}

/// What memory has about a topic: what is the character's own, and what happened that others put into words. What
/// somebody said to it is not drawn on.
fn known(topic: Option<&Topic>) -> Known {
    let Some(topic) = topic else { return Known::default() };
    let mut known = Known::default();
    for memory::Item { content, author, trust, .. } in
        memory::recall(topic.text(), 4).unwrap_or_default().into_iter().map(|hit| hit.item)
    {
        match (trust, author) {
            (memory::Trust::Own, _) => known.own.push(content),
            (memory::Trust::Stranger, None) => known.told.push(content),
            _ => {}
        }
    }
    known
}
