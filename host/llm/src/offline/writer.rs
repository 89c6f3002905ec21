//! Composes texts: clauses of the grammar and the persona's own sentences, tried until one fits the length, repeats
//! nothing recent and holds nothing that is never written.

use std::collections::BTreeSet;

use puppet_types::Persona;

use crate::offline::{
    bank::Bank,
    finish,
    grammar::Speaker,
    random::Random,
    task::Task,
    words::{content_stems, is_stop, stem, weighted, words},
};

/// How often another text is tried.
const TRIES: usize = 40;
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
        // Somewhat under what is typical: a short text repeats itself less.
        let measure = Measure { least: typical * 40 / 100, aim: typical * 60 / 100, most: most.min(typical * 13 / 10) };
        let speaker = Speaker::of(self.bank, &self.task.worn);
        let topic = self.task.topic.as_deref().and_then(|topic| self.bank.allowed_topic(topic));
        self.best(random, &measure, topic.as_deref(), |random| {
            let subject = topic.clone().map_or_else(|| speaker.subject(random), |topic| self.inside(&topic));
            self.compose(&speaker, &subject, &measure, random)
        })
    }

    /// A reply, or the text of a quote.
    pub(crate) fn reply(&self, random: &mut Random) -> String {
        let most = self.persona.behavior.content_preferences.max_post_length;
        let most = most.map_or(MOST_WEIGHT, |most| (most as usize).clamp(24, MOST_WEIGHT));
        let measure = Measure { least: 24, aim: REPLY_WEIGHT * 6 / 10, most: most.min(REPLY_WEIGHT * 5 / 4) };
        let speaker = Speaker::of(self.bank, &self.task.worn);
        let said = self.task.said.as_ref().map(|(author, text)| self.spoken_of(author, text)).unwrap_or_default();
        let text = self.best(random, &measure, None, |random| {
            let about = random.pick(&said).cloned().unwrap_or_else(|| speaker.subject(random));
            let mut used = BTreeSet::from([about.clone()]);
            let template = random.pick(&speaker.replies).copied().unwrap_or("{s}, {n}.");
            let mut text = speaker.fill(template, &about, &mut used, random);
            if random.percent(35) {
                let second = random.pick(&speaker.seconds).copied().unwrap_or_default();
                text = format!("{text} {}", speaker.fill(second, &about, &mut used, random));
            }
            finish::sentence(&text)
        });
        // A hashtag is for what one starts oneself.
        text.split(' ').filter(|word| !word.starts_with('#')).collect::<Vec<_>>().join(" ")
    }

    fn compose(&self, speaker: &Speaker<'_>, subject: &str, measure: &Measure, random: &mut Random) -> String {
        let mut used = BTreeSet::from([subject.to_owned()]);
        let opening = random.pick(&speaker.openings).copied().unwrap_or("{t}, {n}.");
        let mut parts = vec![speaker.fill(opening, subject, &mut used, random)];
        while length(&parts) < measure.aim && parts.len() < 4 {
            let own = parts.len() == 1 && !self.bank.lines.is_empty() && random.percent(14);
            let more = if own {
                self.own_line(speaker, random)
            } else {
                let second = random.pick(&speaker.seconds).copied().unwrap_or("{n}.");
                speaker.fill(second, subject, &mut used, random)
            };
            if length(&parts) + weighted(&more) + 1 > measure.most {
                break;
            }
            parts.push(more);
        }
        // A second clause may as well come first.
        if parts.len() > 1 && random.percent(25) {
            parts.swap(0, 1);
        }
        parts.iter().map(|part| finish::sentence(part)).collect::<Vec<_>>().join(" ")
    }

    /// A sentence of the persona with one of its subjects put in for another, where it names one.
    fn own_line(&self, speaker: &Speaker<'_>, random: &mut Random) -> String {
        let line = random.pick(&self.bank.lines).cloned().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let named = self.bank.subjects.iter().chain(&self.bank.things).find(|phrase| line.contains(phrase.as_str()));
        match named {
            Some(named) => line.replacen(named.as_str(), &speaker.subject(random), 1),
            // A part of it, from a comma on.
            None if words.len() > 10 => match line.split_once(", ") {
                Some((before, _)) if before.split(' ').count() > 3 => format!("{before}."),
                _ => line,
            },
            None => line,
        }
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
        let mut best: Option<(usize, String)> = None;
        for attempt in 0..TRIES {
            let text = finish::finished(&text(random), self.persona, self.bank, topic, measure.most, random);
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
        let mut text = format!("{}, {}", topic.map(str::to_owned).unwrap_or_else(|| speaker.subject(random)), "");
        for _ in 0..8 {
            let (one, other) = (speaker.subject(random), speaker.subject(random));
            let candidate = format!("{text}{one} and {other}.");
            if !self.bank.avoids(&candidate) {
                text = candidate;
                break;
            }
        }
        finish::finished(&finish::sentence(&text), self.persona, self.bank, topic, MOST_WEIGHT, random)
    }

    /// A topic as it stands inside a sentence: as the persona writes it, where it is an interest.
    fn inside(&self, topic: &str) -> String {
        let own = self.bank.subjects.iter().find(|subject| subject.to_lowercase() == topic.to_lowercase());
        own.cloned().unwrap_or_else(|| topic.to_owned())
    }

    /// What somebody else speaks of: a word or two of theirs, those that are own subjects first.
    fn spoken_of(&self, author: &str, text: &str) -> Vec<String> {
        let author = author.to_lowercase();
        let mut phrases: Vec<(bool, String)> = Vec::new();
        let mut run: Vec<String> = Vec::new();
        for token in text.split_whitespace().chain(["."]) {
            let word = token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let plain = word.chars().count() > 3 && word.len() < 20 && word.chars().all(char::is_alphabetic);
            let machinery = token.contains(['@', '#', '/', '{', '}', '[', ']', '_']) || word == author;
            if plain && !machinery && !is_stop(&word) && !self.bank.avoids(&word) && word != "undefined" {
                run.push(word);
                if run.len() < 2 && !token.ends_with([',', '.', '!', '?', ';', ':']) {
                    continue;
                }
            }
            if !run.is_empty() {
                let phrase = run.join(" ");
                phrases.push((self.bank.shared(&phrase) > 0, phrase));
                run.clear();
            }
        }
        let shared: Vec<String> = phrases.iter().filter(|(own, _)| *own).map(|(_, phrase)| phrase.clone()).collect();
        if shared.is_empty() { phrases.into_iter().map(|(_, phrase)| phrase).collect() } else { shared }
    }
}

fn length(parts: &[String]) -> usize {
    parts.iter().map(|part| weighted(part) + 1).sum()
}

fn pairs(words: &[String]) -> Vec<(String, String)> {
    words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Whether all that a topic says is there.
fn holds(said: &[String], topic: &str) -> bool {
    let stems: BTreeSet<String> = said.iter().map(|word| stem(word)).collect();
    content_stems(topic).iter().all(|stem| stems.contains(stem))
}
