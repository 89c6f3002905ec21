//! Which sentences fit: for a post by the manner of the character, for a reply by what was said as well.

use crate::offline::{
    focus::Focus,
    frames::{self, Kind},
    grammar::Speaker,
    manner::Register,
    random::Random,
    words::{sentiment_milli, words},
    writer::Writer,
};

/// Words of a day that went badly, and of one that went well.
const BAD_DAYS: &[&str] = &[
    "terrible",
    "awful",
    "horrible",
    "died",
    "dead",
    "death",
    "sick",
    "ill",
    "hurt",
    "sad",
    "crisis",
    "disaster",
    "lonely",
    "miserable",
    "outage",
    "stolen",
    "scared",
    "ruined",
    "worst",
    "pain",
    "crying",
    "broken",
];
const GOOD_DAYS: &[&str] = &[
    "wonderful",
    "happy",
    "thrilled",
    "proud",
    "won",
    "delighted",
    "excited",
    "celebrate",
    "grateful",
    "amazing",
    "brilliant",
    "fantastic",
    "congratulations",
    "yay",
    "awesome",
    "perfect",
    "best",
];

impl Writer<'_> {
    /// Sentences that answer this: by what it is, by who answers.
    pub(crate) fn answers<'a>(
        &self,
        speaker: &Speaker<'a>,
        said: &str,
        about: Option<&Focus>,
        random: &mut Random,
    ) -> Vec<&'a str> {
        let manner = &self.bank.manner;
        let list = match (self.reports(), about) {
            (true, None) => frames::REPORTED_NOTHING,
            (true, Some(_)) => frames::REPORTED,
            (false, None) => frames::TO_NOTHING,
            (false, Some(_)) if said.trim_end().ends_with('?') && random.percent(80) => frames::TO_QUESTION,
            (false, Some(focus)) => {
                let spoken = words(said);
                let any = |list: &[&str]| spoken.iter().any(|word| list.contains(&word.as_str()));
                let feeling = sentiment_milli(said);
                let roll = random.below(100);
                match manner.register {
                    _ if feeling <= -400 && any(BAD_DAYS) && roll < 50 => frames::TO_SAD,
                    _ if feeling >= 400 && any(GOOD_DAYS) && roll < 45 => frames::TO_GLAD,
                    _ if manner.asks && roll < 40 => frames::TO_CURIOUS,
                    Register::Wry if roll < 35 => frames::TO_WRY,
                    Register::Warm if roll < 30 => frames::TO_WARM,
                    _ if focus.shared && random.percent(45) => frames::TO_SHARED,
                    _ => frames::TO_ANYTHING,
                }
            }
        };
        speaker.mine(list, 100)
    }

    /// What kind of text: by manner, and each character has one that it likes best.
    pub(crate) fn kind(&self, random: &mut Random) -> Kind {
        let manner = &self.bank.manner;
        let own = match manner.register {
            Register::Report => return frames::REPORT,
            Register::Wry => frames::WRY_POSTS,
            Register::Warm => frames::WARM_POSTS,
            Register::Plain => frames::PLAIN_POSTS,
        };
        let common = [frames::EVENTS, frames::VIEWS, frames::PLANS];
        let best = self.bank.favourite(common.len());
        let asks = if manner.asks { 26 } else { 14 };
        match random.below(100 + asks) {
            0..26 => own,
            26..100 if random.percent(30) => common.get(best).copied().unwrap_or(frames::VIEWS),
            26..100 => random.pick(&common).copied().unwrap_or(frames::VIEWS),
            _ => frames::QUESTIONS,
        }
    }
}
