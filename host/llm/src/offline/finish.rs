//! Typography: capitals, hyphens, hashtags and emojis, as the persona's formatting says.

use puppet_types::Persona;

use crate::offline::{
    bank::Bank,
    contractions::spelled_out,
    frames::EMOJIS,
    random::Random,
    words::{is_emoji, is_stop, weighted},
};

/// With a capital, and an end.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + 1);
    let mut starts = true;
    let mut ended = false;
    for c in text.chars() {
        if starts && c.is_alphanumeric() {
            out.extend(c.to_uppercase());
            starts = false;
        } else {
            out.push(c);
            starts |= ended && c.is_whitespace();
        }
        ended = matches!(c, '.' | '!' | '?');
    }
    if !out.ends_with(['.', '!', '?', '…', '"']) {
        out.push('.');
    }
    out
}

/// A text as this persona formats it, never longer by its ornaments than `most`.
pub(crate) fn finished(
    text: &str,
    persona: &Persona,
    bank: &Bank,
    topic: Option<&str>,
    most: usize,
    random: &mut Random,
) -> String {
    let formatting = &persona.style_guide.formatting;
    let mut text: String =
        text.chars().filter(|c| !is_emoji(*c) && !matches!(c, '{' | '}' | '[' | ']' | '#' | '@')).collect();
    if formatting.avoid_hyphens {
        text = text.replace(['—', '–'], ",").replace('-', " ");
    }
    text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("..", ".").replace(" ,", ",");
    if bank.manner.formal {
        text = spelled_out(&text);
    }
    match case(&formatting.capitalization) {
        Case::Lower => text = text.to_lowercase(),
        Case::Upper => text = text.to_uppercase(),
        Case::Emphasis if random.percent(20) => text = emphasised(&text, random),
        _ => {}
    }
    if bank.manner.exclaims && text.ends_with('.') && random.percent(35) {
        text.pop();
        text.push('!');
    }
    let lower = case(&formatting.capitalization) == Case::Lower;
    if formatting.uses_emojis && random.percent(emoji_percent(&formatting.emoji_frequency)) {
        let own: Vec<&str> = bank.emojis.iter().map(String::as_str).collect();
        let emojis = if own.is_empty() { bank.habits(EMOJIS, 30) } else { own };
        add(&mut text, random.pick(&emojis).copied().unwrap_or("✨"), most);
    }
    if formatting.uses_hashtags {
        for _ in 0..hashtags(&formatting.hashtag_style, random) {
            let own = random.pick(&bank.subjects).map(String::as_str);
            let about = topic.filter(|_| random.percent(60)).or(own).unwrap_or_default();
            let tag = hashtag(about, lower);
            if tag.len() > 3 && !text.contains(&tag) && !bank.avoids(&tag) {
                add(&mut text, &tag, most);
            }
        }
    }
    text
}

fn add(text: &mut String, ornament: &str, most: usize) {
    if weighted(text) + weighted(ornament) < most {
        text.push(' ');
        text.push_str(ornament);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Sentence,
    Lower,
    Upper,
    Emphasis,
}

fn case(capitalization: &str) -> Case {
    let said = capitalization.to_lowercase();
    let sometimes = ["occasional", "sometimes", "rarely", "standard", "regular", "normal", "sentence case"];
    let sometimes = sometimes.iter().any(|word| said.contains(word));
    let lower = said.contains("lowercase")
        || said.contains("lower case")
        || said.contains("no capital")
        || said.trim() == "lower";
    let upper = said.contains("all caps") || said.contains("uppercase") || said.contains("upper case");
    match (lower, upper, sometimes) {
        (true, _, false) => Case::Lower,
        (_, true, false) if !said.contains("no ") && !said.contains("never") => Case::Upper,
        (_, true, true) if !said.contains("no ") && !said.contains("never") => Case::Emphasis,
        _ => Case::Sentence,
    }
}

/// One longer word in capitals.
fn emphasised(text: &str, random: &mut Random) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let long: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.len() > 4 && word.chars().all(char::is_alphabetic) && !is_stop(&word.to_lowercase()))
        .map(|(at, _)| at)
        .collect();
    let Some(chosen) = random.pick(&long).copied() else { return text.to_owned() };
    let loud =
        words.iter().enumerate().map(|(at, word)| if at == chosen { word.to_uppercase() } else { (*word).to_owned() });
    loud.collect::<Vec<_>>().join(" ")
}

fn emoji_percent(frequency: &str) -> u64 {
    let said = frequency.to_lowercase();
    let any = |marks: &[&str]| marks.iter().any(|mark| said.contains(mark));
    if any(&["never", "none", "no emoji"]) {
        0
    } else if any(&["rare", "seldom"]) {
        10
    } else if any(&["spars", "occasional", "light", "few", "low", "emphasis"]) {
        25
    } else if any(&["every", "always", "heav", "frequent", "lots", "high", "often"]) {
        85
    } else {
        45
    }
}

fn hashtags(style: &str, random: &mut Random) -> u32 {
    let said = style.to_lowercase();
    let any = |marks: &[&str]| marks.iter().any(|mark| said.contains(mark));
    if any(&["never", "none"]) {
        0
    } else if any(&["rare", "occasional", "spars", "sometimes"]) {
        u32::from(random.percent(35))
    } else if any(&["1-2", "1–2", "one or two", "two", "several", "multiple"]) {
        1 + u32::from(random.percent(40))
    } else {
        u32::from(random.percent(70))
    }
}

fn hashtag(subject: &str, lower: bool) -> String {
    let split = subject.split(|c: char| !c.is_alphanumeric());
    let mut tag = String::from("#");
    for word in split.filter(|word| !word.is_empty() && !is_stop(&word.to_lowercase())).take(3) {
        let mut characters = word.chars();
        if let (Some(first), false) = (characters.next(), lower) {
            tag.extend(first.to_uppercase());
            tag.push_str(characters.as_str());
        } else {
            tag.push_str(&word.to_lowercase());
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_read_from_free_text() {
        for (text, wanted) in [
            ("lowercase", Case::Lower),
            ("all lower case, always", Case::Lower),
            ("Regular capitalization with occasional all lowercase for effect", Case::Sentence),
            ("Standard, with occasional ALL CAPS for emphasis", Case::Emphasis),
            ("ALL CAPS", Case::Upper),
            ("sentence case, never all caps", Case::Sentence),
            ("", Case::Sentence),
        ] {
            assert_eq!(case(text), wanted, "{text}");
        }
    }

    #[test]
    fn sentences_begin_and_end() {
        assert_eq!(sentence("tides. low? yes"), "Tides. Low? Yes.");
        assert_eq!(sentence("\"tides\""), "\"Tides\"");
        assert_eq!(sentence("3.5 knots"), "3.5 knots.");
    }

    #[test]
    fn hashtags_are_one_word() {
        assert_eq!(hashtag("the history of sea charts", false), "#HistorySeaCharts");
        assert_eq!(hashtag("sci-fi", true), "#scifi");
    }
}
