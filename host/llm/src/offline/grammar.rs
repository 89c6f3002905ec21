//! Fills a template: choices first, then slots from the persona's words. Nothing is used twice in one text.

use std::collections::BTreeSet;

use crate::offline::{
    bank::{Bank, Register, lower_first},
    commons::{COUNTED, DAYS, IMAGES, KINDS, MOMENTS, NOUNS, QUALITIES, STRETCHES, SUBJECTS, VERBS},
    random::Random,
    templates as said,
};

/// What one text is made of.
pub(crate) struct Speaker<'a> {
    pub(crate) bank: &'a Bank,
    images: Vec<&'a str>,
    nouns: Vec<&'a str>,
    kinds: Vec<&'a str>,
    counted: Vec<&'a str>,
    moments: Vec<&'a str>,
    verbs: Vec<&'a str>,
    qualities: Vec<&'a str>,
    pub(crate) openings: Vec<&'a str>,
    pub(crate) seconds: Vec<&'a str>,
    pub(crate) replies: Vec<&'a str>,
    /// Noun phrases, own subjects more often.
    own: Vec<&'a str>,
    worn: &'a [String],
}

impl<'a> Speaker<'a> {
    pub(crate) fn of(bank: &'a Bank, worn: &'a [String]) -> Self {
        let report = bank.register == Register::Report;
        let openings = match bank.register {
            Register::Report => said::OPEN_REPORT.to_vec(),
            Register::Wry => [bank.habits(said::OPEN, 75), said::OPEN_WRY.to_vec()].concat(),
            Register::Warm => [bank.habits(said::OPEN, 75), said::OPEN_WARM.to_vec()].concat(),
            Register::Plain => [bank.habits(said::OPEN, 75), said::OPEN_PLAIN.to_vec()].concat(),
        };
        let fits = |template: &&str| {
            !(template.contains("{k}") && bank.terms.is_empty()
                || template.contains("{g}") && bank.goals.is_empty()
                || template.contains("{a}") && bank.traits.is_empty()
                || template.contains("{v}") && bank.values.is_empty())
        };
        let chosen = |list: Vec<&'a str>| list.into_iter().filter(fits).collect::<Vec<_>>();
        let seconds = if report { said::MORE_REPORT.to_vec() } else { bank.habits(said::MORE, 85) };
        let replies = if report { said::REPLIES_REPORT } else { said::REPLIES };
        let mut own: Vec<&str> = bank.subjects.iter().map(String::as_str).collect();
        if own.len() + bank.things.len() < 3 {
            own.extend(bank.habits(SUBJECTS, 60));
        }
        let twice = own.clone();
        own.extend(twice);
        own.extend(bank.things.iter().map(String::as_str));
        Self {
            bank,
            images: bank.habits(IMAGES, 80),
            nouns: bank.habits(NOUNS, 80),
            kinds: bank.habits(KINDS, 80),
            counted: bank.habits(COUNTED, 80),
            moments: bank.habits(MOMENTS, 85),
            verbs: bank.habits(VERBS, 85),
            qualities: bank.habits(QUALITIES, 85),
            openings: chosen(openings),
            seconds: chosen(seconds),
            replies: chosen(replies.to_vec()),
            own,
            worn,
        }
    }

    /// An own subject.
    pub(crate) fn subject(&self, random: &mut Random) -> String {
        let fresh: Vec<&str> =
            self.bank.subjects.iter().map(String::as_str).filter(|subject| !self.is_worn(subject)).collect();
        let chosen = random.pick(&fresh).copied().or_else(|| random.pick(&self.own).copied());
        chosen.unwrap_or("small errands").to_owned()
    }

    fn is_worn(&self, phrase: &str) -> bool {
        let phrase = phrase.to_lowercase();
        self.worn.iter().any(|word| !word.is_empty() && phrase.contains(word.as_str()))
    }

    /// A template with everything filled in. `used` grows by what is taken.
    pub(crate) fn fill(&self, template: &str, topic: &str, used: &mut BTreeSet<String>, random: &mut Random) -> String {
        let chosen = choices(template, random);
        let mut out = String::with_capacity(chosen.len() * 2);
        let mut rest = chosen.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((slot, after)) = after.split_once('}') else { break };
            let filled = self.slot(slot, topic, used, random);
            out.push_str(&filled);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The third person counts things where others picture them.
    fn counts(&self, slot: &str, random: &mut Random) -> bool {
        self.bank.register == Register::Report && random.percent(if slot == "m" { 60 } else { 40 })
    }

    fn slot(&self, slot: &str, topic: &str, used: &mut BTreeSet<String>, random: &mut Random) -> String {
        match slot {
            "t" | "s" => topic.to_owned(),
            "n" | "m" if self.counts(slot, random) => {
                format!("{} {}", fresh(&self.kinds, used, random), fresh(&self.counted, used, random))
            }
            "n" | "m" => {
                let phrase = fresh(&self.own, used, random);
                used.insert(phrase.clone());
                phrase
            }
            "v" => from(&self.bank.values, &self.own, used, random),
            "a" => from(&self.bank.traits, &self.qualities, used, random),
            "k" => from(&self.bank.terms, &self.own, used, random),
            "g" => from(&self.bank.goals, &["go on"], used, random),
            // Most things are put together: there are many more of them.
            "i" | "j" if random.percent(65) => {
                let (quality, noun) = (fresh(&self.qualities, used, random), fresh(&self.nouns, used, random));
                let article = if quality.starts_with(['a', 'e', 'i', 'o', 'u']) || quality.starts_with("hon") {
                    "an"
                } else {
                    "a"
                };
                format!("{article} {quality} {noun}")
            }
            "i" | "j" => fresh(&self.images, used, random),
            "w" => fresh(&self.moments, used, random),
            "w2" => fresh(&["January", "the week", "the queue", "winter", "three meetings", "Sunday"], used, random),
            "vb" => fresh(&self.verbs, used, random),
            "q" | "q2" => fresh(&self.qualities, used, random),
            "w3" => fresh(STRETCHES, used, random),
            "w4" => fresh(DAYS, used, random),
            "d" => fresh(said::DATES, used, random),
            "vb2" => fresh(said::COVERED, used, random),
            _ => String::new(),
        }
    }
}

fn from<T: AsRef<str>>(list: &[String], other: &[T], used: &mut BTreeSet<String>, random: &mut Random) -> String {
    if list.is_empty() { fresh(other, used, random) } else { lower_name(&fresh(list, used, random)) }
}

/// Lists of single words are often capitalised; acronyms stay.
fn lower_name(text: &str) -> String {
    if text.chars().take(2).all(char::is_uppercase) { text.to_owned() } else { lower_first(text) }
}

/// One that this text does not have yet.
fn fresh<T: AsRef<str>>(list: &[T], used: &mut BTreeSet<String>, random: &mut Random) -> String {
    let mut chosen = String::new();
    for _ in 0..6 {
        chosen = random.pick(list).map(|entry| entry.as_ref().to_owned()).unwrap_or_default();
        if !used.contains(&chosen) {
            break;
        }
    }
    used.insert(chosen.clone());
    chosen
}

/// `[a|b]` becomes one of them.
fn choices(template: &str, random: &mut Random) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let Some((inside, after)) = after.split_once(']') else { break };
        let options: Vec<&str> = inside.split('|').collect();
        out.push_str(random.pick(&options).copied().unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        let slots =
            ["t", "n", "m", "v", "a", "i", "j", "w", "w2", "w3", "w4", "q2", "vb", "q", "k", "g", "d", "vb2", "s"];
        let all = [
            said::OPEN,
            said::OPEN_WRY,
            said::OPEN_WARM,
            said::OPEN_PLAIN,
            said::OPEN_REPORT,
            said::MORE,
            said::MORE_REPORT,
            said::REPLIES,
            said::REPLIES_REPORT,
        ];
        for template in all.concat() {
            let filled = choices(template, &mut Random::new(1));
            assert!(!filled.contains(['[', ']', '|']), "{template}");
            for slot in filled.split('{').skip(1) {
                let (name, _) = slot.split_once('}').expect(template);
                assert!(slots.contains(&name), "{template}");
            }
        }
        for template in [said::OPEN, said::OPEN_WRY, said::OPEN_WARM, said::OPEN_PLAIN, said::OPEN_REPORT].concat() {
            assert!(template.contains("{t}"), "{template}");
        }
    }
}
