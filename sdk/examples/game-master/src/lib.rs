//! Tells a story of three days: a post a morning, and what players answer decides how it goes on.

use puppet_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct GameMaster;

puppet_sdk::personality!(GameMaster);

const DAY_MS: u64 = 86_400_000;

/// What the travellers find, by the way they came.
const CHAPTERS: [[&str; 2]; 3] = [
    ["You stand before a gate with two doors.", "You stand before a gate with two doors."],
    ["Behind the left door a stair leads down to water.", "Behind the right door a garden lies in snow."],
    ["The water carries you home.", "In the snow there are footprints: your own."],
];

/// What it keeps between events.
#[derive(Default, Serialize, Deserialize)]
struct Story {
    chapter: usize,
    left: u32,
    right: u32,
    /// Who has voted since the last page.
    voters: Vec<String>,
}

impl Personality for GameMaster {
    fn handle(event: Event) -> Result<(), Failure> {
        match event.kind.as_str() {
            "agent_started" => begin(),
            "timer" => turn(),
            "mention" => vote(&event.payload()?),
            _ => Ok(()),
        }
    }
}

fn begin() -> Result<(), Failure> {
    // Started again in the middle of a story, it goes on where it was.
    if state::load::<Story>(1)?.is_some() {
        return Ok(());
    }
    schedule::every("page", DAY_MS, &json!({}))?;
    tell(Story::default(), 0)
}

fn turn() -> Result<(), Failure> {
    let mut story: Story = state::load(1)?.unwrap_or_default();
    let way = usize::from(story.right > story.left);
    story.chapter += 1;
    if story.chapter + 1 >= CHAPTERS.len() {
        schedule::cancel("page")?;
    }
    tell(story, way)
}

fn tell(mut story: Story, way: usize) -> Result<(), Failure> {
    let Some(pages) = CHAPTERS.get(story.chapter) else { return Ok(()) };
    let last = story.chapter + 1 == CHAPTERS.len();
    let question = if last { "The end." } else { "Left or right?" };
    tweet::post(&format!("{} {question}", pages[way]))?;
    (story.left, story.right) = (0, 0);
    story.voters.clear();
    Ok(state::save(1, &story)?)
}

fn vote(mention: &Mention) -> Result<(), Failure> {
    let post = &mention.post;
    let text = post.text.to_lowercase();
    let mut story: Story = state::load(1)?.unwrap_or_default();
    if story.voters.contains(&post.author) {
        return Err(Failure::declined("voted", "a voice a day", None));
    }
    match (text.contains("left"), text.contains("right")) {
        (true, false) => story.left += 1,
        (false, true) => story.right += 1,
        _ => return Err(Failure::declined("unclear", "neither left nor right, or both", None)),
    }
    story.voters.push(post.author.clone());
    tweet::reply(&PostRef::Id(post.id.clone()), &format!("Heard. {} left, {} right.", story.left, story.right))?;
    Ok(state::save(1, &story)?)
}
