//! Fills the gaps of a sentence: choices first, then the persona's words, the verbs in the number of the subject.
//! Nothing is used twice in one text.

use std::collections::BTreeSet;

use crate::offline::{
    bank::{Bank, lower_first},
    frames::{DATES, DATES_AHEAD, MOMENTS, PAST_MOMENTS, PEOPLE, SUBJECTS},
    nouns::{articles, plural},
    random::Random,
};

/// Fills sentences for one character.
pub(crate) struct Speaker<'a> {
    pub(crate) bank: &'a Bank,
    moments: Vec<&'a str>,
    past: Vec<&'a str>,
    dates: Vec<&'a str>,
    people: Vec<&'a str>,
    /// Own subjects, with common ones where there are too few.
    own: Vec<&'a str>,
    worn: &'a [String],
}

impl<'a> Speaker<'a> {
    pub(crate) fn of(bank: &'a Bank, worn: &'a [String]) -> Self {
        let mut own: Vec<&str> = bank.subjects.iter().map(String::as_str).collect();
        if own.len() < 3 {
            own.extend(bank.habits(SUBJECTS, 60));
        }
        Self {
            bank,
            moments: bank.habits(MOMENTS, 66),
            past: bank.habits(PAST_MOMENTS, 65),
            dates: bank.habits(DATES, 85),
            people: bank.habits(PEOPLE, 80),
            own,
            worn,
        }
    }

    /// Sentences that this character has all the words for, about `percent` of a hundred of them.
    pub(crate) fn mine(&self, list: &'a [&'a str], percent: u64) -> Vec<&'a str> {
        let bank = self.bank;
        let fits = |template: &&str| {
            !(template.contains("{k}") && bank.terms.is_empty()
                || template.contains("{g}") && bank.goals.is_empty()
                || template.contains("{a}") && bank.traits.is_empty()
                || template.contains("{v}") && bank.values.is_empty())
        };
        bank.habits(list, percent).into_iter().filter(fits).collect()
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

    /// A sentence with everything filled in. `used` grows by what is taken.
    pub(crate) fn fill(&self, template: &str, topic: &str, used: &mut BTreeSet<String>, random: &mut Random) -> String {
        let chosen = choices(template, random);
        let mut out = String::with_capacity(chosen.len() * 2);
        let mut rest = chosen.as_str();
        let many = plural(topic);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((slot, after)) = after.split_once('}') else { break };
            match agreeing(slot, many) {
                Some(form) => out.push_str(form),
                None => out.push_str(&self.slot(slot, topic, used, random)),
            }
            rest = after;
        }
        out.push_str(rest);
        articles(&out)
    }

    fn slot(&self, slot: &str, topic: &str, used: &mut BTreeSet<String>, random: &mut Random) -> String {
        match slot {
            "t" => topic.to_owned(),
            "n" => fresh(&self.own, used, random),
            "v" => lower_name(&fresh(&self.bank.values, used, random)),
            "a" => fresh(&self.bank.traits, used, random),
            "k" => fresh(&self.bank.terms, used, random),
            "g" => fresh(&self.bank.goals, used, random),
            "h" => fresh(&self.moments, used, random),
            "d" => fresh(&self.dates, used, random),
            "f" => fresh(DATES_AHEAD, used, random),
            "p" => fresh(&self.people, used, random),
            "w" if random.percent(35) => fresh(&self.past, used, random),
            "w" => fresh(&self.moments, used, random),
            _ => String::new(),
        }
    }
}

/// Forms that agree with the number of the subject.
fn agreeing(slot: &str, many: bool) -> Option<&'static str> {
    let (one, more) = match slot {
        "is" => ("is", "are"),
        "was" => ("was", "were"),
        "has" => ("has", "have"),
        "does" => ("does", "do"),
        "s" => ("s", ""),
        "it" => ("it", "them"),
        "they" => ("it", "they"),
        "their" => ("its", "their"),
        _ => return None,
    };
    Some(if many { more } else { one })
}

/// Lists of single words are often capitalised; acronyms stay.
fn lower_name(text: &str) -> String {
    if text.chars().take(2).all(char::is_uppercase) { text.to_owned() } else { lower_first(text) }
}

/// One that this text does not have yet.
fn fresh<T: AsRef<str>>(list: &[T], used: &mut BTreeSet<String>, random: &mut Random) -> String {
    let unused: Vec<&str> = list.iter().map(AsRef::as_ref).filter(|entry| !used.contains(*entry)).collect();
    let chosen = random.pick(&unused).copied().or_else(|| random.pick(list).map(AsRef::as_ref));
    let chosen = chosen.unwrap_or_default().to_owned();
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
    use crate::offline::frames::{self, KINDS};

    #[test]
    fn sentences_are_well_formed() {
        let slots = ["t", "n", "v", "a", "k", "g", "w", "h", "d", "f", "p"];
        let mut all: Vec<&str> = KINDS.iter().flat_map(|kind| [kind.openings, kind.seconds].concat()).collect();
        all.extend(frames::ALL_REPLIES.concat());
        all.extend(frames::CLOSERS);
        all.extend(frames::LEADS);
        for template in all {
            for n in 0..8 {
                let filled = choices(template, &mut Random::new(n));
                assert!(!filled.contains(['[', ']', '|']), "{template}");
                for slot in filled.split('{').skip(1) {
                    let (name, _) = slot.split_once('}').expect(template);
                    assert!(slots.contains(&name) || agreeing(name, true).is_some(), "{template}");
                }
            }
        }
        let about = KINDS.iter().flat_map(|kind| kind.openings).chain(frames::CLOSERS);
        about.for_each(|template| assert!(template.contains("{t}"), "{template}"));
        let back = [frames::FOREIGN, frames::FOREIGN_REPORT];
        back.iter().flat_map(|kind| kind.openings).for_each(|template| assert!(template.contains("{n}"), "{template}"));
    }
}
