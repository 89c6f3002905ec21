//! A persona's own words, taken out of everything it says about itself: what its texts are made of.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::ids::derive_u64;

use crate::{
    CallContext,
    offline::{
        frames::SUBJECTS,
        manner::{Manner, Register},
        nouns::{definite, many, mass},
        random::mixed,
        words::{content_stems, is_emoji, is_stop, is_verb, stem, words},
    },
};

/// Own words of a persona.
#[derive(Debug, Clone)]
pub(crate) struct Bank {
    pub(crate) manner: Manner,
    /// What it posts about.
    pub(crate) subjects: Vec<String>,
    /// What matters to it.
    pub(crate) values: Vec<String>,
    /// Adjectives.
    pub(crate) traits: Vec<String>,
    /// Words it likes.
    pub(crate) terms: Vec<String>,
    /// What it wants, each beginning with a verb.
    pub(crate) goals: Vec<String>,
    /// Sentences of its own.
    pub(crate) lines: Vec<String>,
    /// Emojis it uses.
    pub(crate) emojis: Vec<String>,
    avoid: Avoid,
    own: BTreeSet<String>,
    salt: u64,
}

/// Words and phrases that never appear.
#[derive(Debug, Clone, Default)]
struct Avoid {
    words: BTreeSet<String>,
    phrases: Vec<String>,
}

impl Avoid {
    fn add_topic(&mut self, topic: &str) {
        self.words.extend(content_stems(topic));
        self.add_phrase(topic);
    }
    fn add_phrase(&mut self, phrase: &str) {
        let said = words(phrase);
        if !said.is_empty() {
            self.phrases.push(format!(" {} ", said.join(" ")));
        }
    }
    fn hits(&self, text: &str) -> bool {
        let said = words(text);
        if said.iter().any(|word| self.words.contains(&stem(word))) {
            return true;
        }
        let joined = format!(" {} ", said.join(" "));
        self.phrases.iter().any(|phrase| joined.contains(phrase.as_str()))
    }
}

impl Bank {
    pub(crate) fn of(context: &CallContext) -> Self {
        let persona = &context.persona;
        let guide = &persona.style_guide;
        let mut avoid = Avoid::default();
        guide.topics_to_avoid.iter().for_each(|topic| avoid.add_topic(topic));
        guide.vocabulary.avoid_terms.iter().for_each(|term| avoid.add_phrase(term));

        let mut subjects = listed(&persona.personality.interests);
        let values = listed(&persona.personality.values);
        if subjects.is_empty() {
            phrases(&context.description, &mut subjects);
            subjects.retain(|subject| !words(subject).iter().any(|word| MACHINES.contains(&word.as_str())));
        }
        if subjects.is_empty() {
            subjects = SUBJECTS.iter().map(|subject| (*subject).to_owned()).collect();
        }
        let singles = persona.personality.traits.iter().filter(|entry| !entry.contains(' '));
        let lines = persona.sample_lines.iter().chain(&persona.initial_memory.core_memories);
        let mut bank = Self {
            manner: Manner::of(context),
            subjects,
            values: values.into_iter().filter(|value| words(value).len() <= 5 && !value.contains(',')).collect(),
            traits: singles.map(|entry| entry.to_lowercase()).collect(),
            terms: guide.vocabulary.key_terms.clone(),
            goals: persona.goals.iter().map(|goal| infinitive(goal)).collect(),
            lines: lines.filter_map(|line| own_line(line)).collect(),
            emojis: emojis(&persona.sample_lines),
            own: BTreeSet::new(),
            salt: derive_u64(&["voice", context.agent.as_str(), &context.name, &context.description]),
            avoid,
        };
        if bank.manner.register == Register::Report {
            bank.lines
                .retain(|line| !words(line).iter().any(|word| matches!(word.as_str(), "i" | "my" | "me" | "i'm")));
        }
        bank.clean();
        bank.own = bank.subjects.iter().flat_map(|subject| content_stems(subject)).collect();
        bank.own.extend(content_stems(&context.description));
        bank
    }

    fn clean(&mut self) {
        let avoid = &self.avoid;
        let mut seen = BTreeSet::new();
        let lists =
            [&mut self.subjects, &mut self.values, &mut self.terms, &mut self.traits, &mut self.goals, &mut self.lines];
        for list in lists {
            list.retain(|text| printable(text) && !avoid.hits(text) && seen.insert(text.to_lowercase()));
        }
    }

    /// Whether a text holds what the persona never writes about.
    pub(crate) fn avoids(&self, text: &str) -> bool {
        self.avoid.hits(text)
    }

    /// A topic without the words that are never written; none where nothing is left.
    pub(crate) fn allowed_topic(&self, topic: &str) -> Option<String> {
        let topic =
            topic.chars().filter(|c| !matches!(c, '#' | '{' | '}' | '[' | ']') && !is_emoji(*c)).collect::<String>();
        let kept: Vec<&str> = topic.split_whitespace().filter(|word| !self.avoid.hits(word)).take(8).collect();
        let kept = kept.join(" ").trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        (words(&kept).iter().any(|word| !is_stop(word)) && !self.avoid.hits(&kept)).then_some(kept)
    }

    /// How many words of a text are the persona's own subjects.
    pub(crate) fn shared(&self, text: &str) -> usize {
        content_stems(text).iter().collect::<BTreeSet<_>>().into_iter().filter(|stem| self.own.contains(*stem)).count()
    }

    /// One of so many that this character likes best.
    pub(crate) fn favourite(&self, of: usize) -> usize {
        (mixed(self.salt ^ 7) % of.max(1) as u64) as usize
    }

    /// The part of a common list that is this character's habit: about `percent` of a hundred, never none.
    pub(crate) fn habits<'a, T: AsRef<str>>(&self, list: &'a [T], percent: u64) -> Vec<&'a str> {
        let rank = |at: usize| mixed(self.salt ^ mixed(at as u64 + list.len() as u64 * 1_009));
        let mine = list.iter().enumerate().filter(|(at, _)| rank(*at) % 100 < percent);
        let mine: Vec<&str> = mine.map(|(_, entry)| entry.as_ref()).filter(|entry| !self.avoid.hits(entry)).collect();
        if mine.is_empty() {
            list.iter().map(AsRef::as_ref).filter(|entry| !self.avoid.hits(entry)).collect()
        } else {
            mine
        }
    }
}

/// Words of those who speak of what they are made of: no subject and no line of a character.
const MACHINES: &[&str] = &["agent", "agents", "bot", "bots", "assistant", "llm", "chatbot", "model", "created"];

/// A line as the character would post it, in the first person; none that is too long or speaks of machinery.
fn own_line(line: &str) -> Option<String> {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = words(&line);
    let machine = said.iter().any(|word| MACHINES.contains(&word.as_str()))
        || ["my purpose", "i exist", "i prioritize", "i value"].iter().any(|start| line.to_lowercase().contains(start));
    if machine || said.len() < 3 || line.chars().count() > 150 {
        return None;
    }
    let (first, rest) = line.split_once(' ')?;
    let third = ["Keeps", "Believes", "Loves", "Owns", "Knows", "Lives", "Collects", "Remembers", "Wants"];
    let first = match third.iter().position(|verb| *verb == first) {
        None => return Some(line),
        Some(_) => first.trim_end_matches('s').to_lowercase(),
    };
    Some(format!("I {first} {rest}"))
}

/// Entries of a list as they stand inside a sentence.
fn listed(entries: &[String]) -> Vec<String> {
    // Where every entry has a capital it is the list's habit; else a capital is a name's.
    let all_capital = entries.iter().all(|entry| entry.chars().next().is_some_and(char::is_uppercase));
    let inside = |entry: &String| {
        let entry = entry.trim().trim_end_matches(['.', '!', ';', ',']);
        let first = entry.split_whitespace().next().unwrap_or_default();
        let acronym = first.chars().filter(|c| c.is_uppercase()).count() > 1;
        if all_capital && !acronym { lower_first(entry) } else { entry.to_owned() }
    };
    entries.iter().map(inside).filter(|entry| !entry.is_empty() && entry.len() <= 48).collect()
}

/// Noun phrases of a text: runs of words that say something, with the article before them made definite.
fn phrases(text: &str, out: &mut Vec<String>) {
    for sentence in sentences(text) {
        let mut run: Vec<&str> = Vec::new();
        let mut article = false;
        let tokens: Vec<&str> = sentence.split_whitespace().collect();
        for (at, token) in tokens.iter().enumerate() {
            let word = token.trim_matches(|c: char| !c.is_alphanumeric());
            let lower = word.to_lowercase();
            let leading = at == 0 && lower.ends_with('s') && !lower.ends_with("ss");
            if word.is_empty()
                || is_stop(&lower)
                || is_verb(&lower)
                || lower.ends_with("ly")
                || lower.contains('\'')
                || leading
            {
                close(&mut run, article, out);
                article = matches!(
                    lower.as_str(),
                    "a" | "an" | "the" | "his" | "her" | "its" | "my" | "your" | "our" | "their"
                );
                continue;
            }
            run.push(word);
            if token.ends_with([',', ';', ':', ')', '.', '!', '?']) {
                close(&mut run, article, out);
                article = false;
            }
        }
        close(&mut run, article, out);
    }
}

fn close(run: &mut Vec<&str>, article: bool, out: &mut Vec<String>) {
    let taken = std::mem::take(run);
    let Some(last) = taken.last().map(|word| word.to_lowercase()) else { return };
    let name = |word: &str| word.chars().skip(1).any(char::is_uppercase);
    let said: Vec<String> =
        taken.iter().map(|word| if name(word) { (*word).to_owned() } else { word.to_lowercase() }).collect();
    if !(1..=3).contains(&said.len())
        || last.len() < 3
        || last.ends_with("ed")
        || !last.chars().all(|c| c.is_alphabetic() || c == '-')
    {
        return;
    }
    let plural = many(&last);
    if plural || mass(&last) {
        out.push(said.join(" "));
    } else if article || said.len() > 1 {
        out.push(definite(&said.join(" ")));
    }
}

fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        current.push(if c == '\n' { ' ' } else { c });
        let ends = matches!(c, '.' | '!' | '?' | '…') && characters.peek().is_none_or(|next| next.is_whitespace());
        if ends || c == '\n' {
            out.push(std::mem::take(&mut current).trim().to_owned());
        }
    }
    out.push(current.trim().to_owned());
    out.retain(|sentence| !sentence.is_empty());
    out
}

/// A goal after `to`: without the words that goals often begin with.
fn infinitive(goal: &str) -> String {
    let goal = goal.trim().trim_end_matches(['.', '!']);
    let goal = goal.strip_prefix("To ").or_else(|| goal.strip_prefix("to ")).unwrap_or(goal);
    lower_first(goal)
}

pub(crate) fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

fn emojis(lines: &[String]) -> Vec<String> {
    let mut count: BTreeMap<char, usize> = BTreeMap::new();
    let all = lines.iter().flat_map(|line| line.chars()).filter(|c| (*c as u32) >= 0x1f300 && is_emoji(*c));
    all.for_each(|c| *count.entry(c).or_default() += 1);
    count.into_keys().map(|c| c.to_string()).collect()
}

/// No braces, links, mentions or other machinery.
fn printable(text: &str) -> bool {
    let machinery = ['{', '}', '[', ']', '<', '>', '@', '#', '|', '\\', '_', '`', '=', '/'];
    let said = words(text);
    !text.contains(machinery)
        && !text.contains("://")
        && !said.is_empty()
        && !said.iter().any(|word| matches!(word.as_str(), "undefined" | "null" | "object" | "nan"))
}
