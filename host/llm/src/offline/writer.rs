//! Composes texts: clauses of the grammar and the persona's own sentences, tried until one fits the length, repeats
//! nothing recent and holds nothing that is never written.

use std::collections::BTreeSet;

use puppet_types::{Persona, ids::derive_u64};

use crate::offline::{
    bank::Bank,
    finish, focus,
    frames::{self, Kind},
    grammar::Speaker,
    manner::Register,
    nouns::definite,
    random::Random,
    task::Task,
    words::{content_stems, stem, weighted, words},
};

/// The shortest sentence of all.
const PLAIN: &str = "[Today|Tonight|This week|Next]: {t} {h}.";
/// What only this character fills in so.
const OWN: &[&str] = &["{n}", "{v}", "{g}", "{a}", "{k}"];
/// What is filled in from long lists.
const MOVING: &[&str] = &["{w}", "{h}", "{d}", "{p}", "{f}"];
/// So many own lines are a voice.
const RICH: usize = 8;

/// How often another text is tried.
const TRIES: usize = 40;
/// Texts are of so many classes that take turns, so that one can only come again that many texts later.
const CLASSES: u64 = 3;
/// So many tries keep to the class whose turn it is.
const IN_TURN: usize = 20;
/// Nothing is longer, in words.
const MOST_WORDS: usize = 56;
/// Nothing is longer, in weighted characters.
const MOST_WEIGHT: usize = 280;
/// A reply is shorter than a post.
const REPLY_WEIGHT: usize = 150;

/// Who writes about what.
pub(crate) struct Writer<'a> {
    pub(crate) persona: &'a Persona,
    pub(crate) bank: &'a Bank,
    pub(crate) task: &'a Task,
}

/// What a text must keep to.
struct Measure {
    least: usize,
    aim: usize,
    most: usize,
}

impl Writer<'_> {
    /// An original post.
    pub(crate) fn post(&self, random: &mut Random) -> String {
        let preferences = &self.persona.behavior.content_preferences;
        let most = preferences.max_post_length.map_or(MOST_WEIGHT, |most| (most as usize).clamp(24, MOST_WEIGHT));
        let typical = (preferences.typical_post_length as usize).clamp(40, most);
        let share = if self.bank.manner.terse || self.reports() { 35 } else { 60 };
        // Somewhat under what is typical: a short text repeats itself less.
        let measure =
            Measure { least: typical * 35 / 100, aim: typical * share / 100, most: most.min(typical * 13 / 10) };
        let speaker = Speaker::of(self.bank, &self.task.worn);
        let topic = self.task.topic.as_deref().and_then(|topic| self.bank.allowed_topic(topic));
        self.best(random, &measure, topic.as_deref(), |random| match &topic {
            Some(topic) => match self.own_subject(topic) {
                Some(subject) => self.on_own(&speaker, &subject, &measure, random),
                None => self.on_foreign(&speaker, &definite(topic), &measure, random),
            },
            None => self.on_own(&speaker, &speaker.subject(random), &measure, random),
        })
    }

    /// A reply, or the text of a quote.
    pub(crate) fn reply(&self, random: &mut Random) -> String {
        let most = self.persona.behavior.content_preferences.max_post_length;
        let most = most.map_or(MOST_WEIGHT, |most| (most as usize).clamp(24, MOST_WEIGHT));
        let measure = Measure { least: 24, aim: REPLY_WEIGHT * 6 / 10, most: most.min(REPLY_WEIGHT * 5 / 4) };
        let speaker = Speaker::of(self.bank, &self.task.worn);
        let said = self.task.said.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default();
        let author = self.task.said.as_ref().map(|(author, _)| author.as_str()).unwrap_or_default();
        let found = focus::subjects_of(author, said, self.bank);
        let text = self.best(random, &measure, None, |random| {
            let about = random.pick(&found);
            let list = self.answers(&speaker, said, about, random);
            let phrase = about.map(|focus| focus.phrase.clone()).unwrap_or_default();
            // An own subject that was spoken of is not what else comes to mind.
            let mut used: BTreeSet<String> = found.iter().map(|focus| focus.phrase.clone()).collect();
            let mut text = speaker.fill(random.pick(&list).copied().unwrap_or(PLAIN), &phrase, &mut used, random);
            let room = (self.reports() || !text.ends_with('?')) && weighted(&text) < REPLY_WEIGHT * 2 / 3;
            if room
                && random.percent(if self.bank.manner.terse { 15 } else { 45 } + if self.reports() { 30 } else { 0 })
            {
                let list = if self.reports() { frames::REPORTED_AFTERS } else { frames::AFTERS };
                let after = random.pick(&speaker.mine(list, 80)).copied().unwrap_or_default();
                text = format!("{text} {}", speaker.fill(after, &phrase, &mut used, random));
            }
            finish::sentence(&text)
        });
        // A hashtag is for what one starts oneself.
        text.split(' ').filter(|word| !word.starts_with('#')).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn reports(&self) -> bool {
        self.bank.manner.register == Register::Report
    }

    /// A text about an own subject.
    fn on_own(&self, speaker: &Speaker<'_>, subject: &str, measure: &Measure, random: &mut Random) -> String {
        let rich = self.bank.lines.len() >= RICH;
        if let Some(line) = self.own_line(subject, rich, random) {
            if !rich {
                // Few lines come again: what stands beside them must not.
                let text = self.compose(speaker, self.kind(random), subject, measure, random);
                return format!("{} {text}", finish::sentence(&line));
            }
            let mut used = BTreeSet::from([subject.to_owned()]);
            let list = if random.percent(40) { frames::CLOSERS } else { self.kind(random).openings };
            let about = random.pick(&speaker.mine(list, 70)).copied().unwrap_or(PLAIN);
            let about = speaker.fill(about, subject, &mut used, random);
            return format!("{} {}", finish::sentence(&line), finish::sentence(&about));
        }
        self.compose(speaker, self.kind(random), subject, measure, random)
    }

    /// A text about what others brought up.
    fn on_foreign(&self, speaker: &Speaker<'_>, topic: &str, measure: &Measure, random: &mut Random) -> String {
        let kind = if self.reports() { frames::FOREIGN_REPORT } else { frames::FOREIGN };
        self.compose(speaker, kind, topic, measure, random)
    }

    /// A few words before a text that does not tell what happened.
    fn lead(&self, speaker: &Speaker<'_>, opening: &str, used: &mut BTreeSet<String>, random: &mut Random) -> String {
        let timed = opening.contains("{w}") || opening.contains("{h}") || opening.contains(':');
        if self.reports() || timed || !random.percent(50) {
            return String::new();
        }
        let lead = random.pick(&speaker.mine(frames::LEADS, 70)).copied().unwrap_or("Before I forget:");
        speaker.fill(lead, "", used, random) + " "
    }

    fn compose(
        &self,
        speaker: &Speaker<'_>,
        kind: Kind,
        subject: &str,
        measure: &Measure,
        random: &mut Random,
    ) -> String {
        let mut used = BTreeSet::from([subject.to_owned()]);
        // What sets one desk off from another is its subjects.
        let share = if self.reports() || self.bank.subjects.len() < 3 { 100 } else { 62 };
        let opening = random.pick(&speaker.mine(kind.openings, share)).copied().unwrap_or(PLAIN);
        let lead = if kind.leads { self.lead(speaker, opening, &mut used, random) } else { String::new() };
        let varied = |template: &str| MOVING.iter().any(|slot| template.contains(slot));
        // A sentence without a gap of its own may come again, what follows it must not.
        let still = lead.is_empty() && !varied(opening);
        let mut parts = vec![lead + &speaker.fill(opening, subject, &mut used, random)];
        let seconds = speaker.mine(kind.seconds, share.max(92));
        let naming_seconds: Vec<&str> =
            seconds.iter().copied().filter(|second| OWN.iter().any(|slot| second.contains(slot))).collect();
        let moving_seconds: Vec<&str> = seconds.iter().copied().filter(|second| varied(second)).collect();
        let most_parts = if self.reports() { 4 } else { 3 };
        // Two sentences at least: one alone may well come again.
        while parts.len() < 2 || length(&parts) < measure.aim && parts.len() < most_parts {
            // A second one names something else of its own more often than not.
            let naming = parts.len() == 1
                && random.percent(if self.reports() {
                    40
                } else if still {
                    60
                } else {
                    76
                });
            let list = match (naming, still && !moving_seconds.is_empty() && random.percent(45)) {
                (true, _) => &naming_seconds,
                (_, true) => &moving_seconds,
                _ => &seconds,
            };
            let Some(second) = random.pick(list).copied().filter(|second| used.insert((*second).to_owned())) else {
                break;
            };
            let more = speaker.fill(second, subject, &mut used, random);
            if length(&parts) + weighted(&more) + 1 > measure.most {
                break;
            }
            parts.push(more);
        }
        parts.iter().map(|part| finish::sentence(part)).collect::<Vec<_>>().join(" ")
    }

    /// A line of the persona, most likely where it touches the subject.
    fn own_line(&self, subject: &str, rich: bool, random: &mut Random) -> Option<String> {
        let stems = content_stems(subject);
        let near = |line: &&String| content_stems(line).iter().any(|stem| stems.contains(stem));
        let near: Vec<&String> = self.bank.lines.iter().filter(near).collect();
        let fresh =
            |line: &&&String| !self.task.recent.iter().any(|text| text.to_lowercase().contains(&line.to_lowercase()));
        let near: Vec<&String> = near.iter().filter(fresh).copied().collect();
        let wanted = if rich { 55 } else { 9 };
        (!near.is_empty() && random.percent(wanted)).then(|| random.pick(&near).map(|line| (*line).clone())).flatten()
    }

    /// A topic as the persona writes it, where it is an own subject.
    fn own_subject(&self, topic: &str) -> Option<String> {
        self.bank.subjects.iter().find(|subject| subject.to_lowercase() == topic.to_lowercase()).cloned()
    }

    /// The first text that fits, else the least bad one.
    fn best(
        &self,
        random: &mut Random,
        measure: &Measure,
        topic: Option<&str>,
        mut text: impl FnMut(&mut Random) -> String,
    ) -> String {
        let recent: BTreeSet<(String, String)> = self.task.recent.iter().flat_map(|text| pairs(&words(text))).collect();
        let exact: BTreeSet<String> = self.task.recent.iter().map(|text| words(text).join(" ")).collect();
        let turn = self.task.recent.first().map(|newest| (class(newest) + 1) % CLASSES);
        let mut best: Option<(usize, String)> = None;
        for attempt in 0..TRIES {
            let text = finish::finished(&text(random), self.persona, self.bank, topic, measure.most, random);
            if attempt < IN_TURN && turn.is_some_and(|turn| class(&text) != turn) {
                continue;
            }
            let said = words(&text);
            let weight = weighted(&text);
            let broken = said.len() < 3
                || said.len() > MOST_WORDS
                || weight > measure.most
                || self.bank.avoids(&text)
                || topic.is_some_and(|topic| !holds(&said, topic))
                || topic.is_none() && self.task.said.is_none() && self.bank.shared(&text) == 0
                || exact.contains(&said.join(" "));
            if broken {
                continue;
            }
            let new = pairs(&said);
            let inside = new.len() - new.iter().collect::<BTreeSet<_>>().len();
            let repeated = new.iter().filter(|pair| recent.contains(*pair)).count() + inside;
            let short = measure.least.saturating_sub(weight) / 8;
            let score = repeated * 100 / new.len().max(1) + short;
            // Later tries are content with less.
            if score <= attempt / 2 {
                return text;
            }
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, text));
            }
        }
        best.map(|(_, text)| text).unwrap_or_else(|| self.plainest(topic, random))
    }

    /// Where nothing fits: own words alone.
    fn plainest(&self, topic: Option<&str>, random: &mut Random) -> String {
        let speaker = Speaker::of(self.bank, &[]);
        let topic = topic.map_or_else(|| speaker.subject(random), str::to_owned);
        let mut text = String::new();
        for _ in 0..16 {
            text = speaker.fill(PLAIN, &topic, &mut BTreeSet::from([topic.clone()]), random);
            if !self.bank.avoids(&text) {
                break;
            }
        }
        finish::finished(&finish::sentence(&text), self.persona, self.bank, Some(&topic), MOST_WEIGHT, random)
    }
}

fn length(parts: &[String]) -> usize {
    parts.iter().map(|part| weighted(part) + 1).sum()
}

fn pairs(words: &[String]) -> Vec<(String, String)> {
    words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// The class of a text, whatever its ornaments.
fn class(text: &str) -> u64 {
    let plain = text.split_whitespace().filter(|word| !word.starts_with('#') && !word.contains("://"));
    derive_u64(&["class", &words(&plain.collect::<Vec<_>>().join(" ")).join(" ")]) % CLASSES
}

/// Whether all that a topic says is there.
fn holds(said: &[String], topic: &str) -> bool {
    let stems: BTreeSet<String> = said.iter().map(|word| stem(word)).collect();
    content_stems(topic).iter().all(|stem| stems.contains(stem))
}
