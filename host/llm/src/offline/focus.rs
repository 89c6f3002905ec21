//! What somebody else speaks of: an own subject where there is one in it, else the likeliest noun. Words of the
//! common sentences are never taken for a subject while there are others.

use std::{collections::BTreeSet, sync::LazyLock};

use crate::offline::{
    bank::Bank,
    frames::{ALL_REPLIES, CLOSERS, DATES, DATES_AHEAD, KINDS, LEADS, MOMENTS, PAST_MOMENTS, PEOPLE},
    nouns::{definite, many, mass},
    words::{content_stems, is_feeling, is_stop, is_verb, words},
};

/// A subject of the other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Focus {
    /// As it stands inside a sentence.
    pub(crate) phrase: String,
    /// Whether it is an own subject too.
    pub(crate) shared: bool,
}

/// Words of our own sentences.
static COMMON: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let posts = KINDS.iter().flat_map(|kind| kind.openings.iter().chain(kind.seconds));
    let all = posts
        .chain(ALL_REPLIES.iter().copied().flatten())
        .chain(CLOSERS)
        .chain(LEADS)
        .chain(MOMENTS)
        .chain(PAST_MOMENTS)
        .chain(PEOPLE)
        .chain(DATES)
        .chain(DATES_AHEAD);
    let mut common = BTreeSet::new();
    for template in all {
        // Slots are no words.
        let plain: String =
            template.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after)).collect();
        common.extend(words(&plain));
    }
    common
});

/// A score that needs an article, and more.
const BY_ARTICLE: i32 = 4;
/// Words of time at the start of a sentence describe nothing.
const TIMES: &[&str] = &[
    "today",
    "tonight",
    "yesterday",
    "tomorrow",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "soon",
    "twice",
    "later",
    "yes",
    "yeah",
    "please",
    "hello",
    "hi",
    "hey",
    "honestly",
    "huh",
    "okay",
    "together",
    "anymore",
    "somebody",
    "someone",
    "anyone",
    "anybody",
    "nobody",
    "anything",
    "thanks",
    "thank",
];
/// Words before a noun.
const DETERMINERS: &[&str] = &["the", "my", "our", "your", "his", "her", "their", "a", "an", "this", "these", "those"];
const PREPOSITIONS: &[&str] =
    &["about", "of", "on", "for", "with", "without", "into", "to", "from", "over", "in", "at"];
/// Words after a subject.
const AFTER: &[&str] = &[
    "is", "are", "was", "were", "has", "have", "had", "will", "can", "could", "would", "should", "might", "may",
    "does", "did", "don't", "doesn't", "won't", "isn't", "aren't", "can't",
];

/// Words of a text with what stands around them.
struct Token {
    lower: String,
    raw: String,
    /// No word at all: a link, a mention, a number.
    machinery: bool,
    ends: bool,
    starts_sentence: bool,
}

fn tokens(text: &str, author: &str) -> Vec<Token> {
    let mut starts = true;
    let mut out = Vec::new();
    for token in text.split_whitespace() {
        let raw = token.trim_matches(|c: char| !c.is_alphanumeric());
        let lower = raw.to_lowercase().replace('’', "'");
        let machinery = token.contains(['@', '#', '/', '{', '}', '[', ']', '_', '<', '>'])
            || lower == author
            || lower == "undefined"
            || !raw.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
        let ends = token.ends_with([',', '.', '!', '?', ';', ':', ')', '"', '”', '…']);
        out.push(Token { lower, raw: raw.to_owned(), machinery, ends, starts_sentence: starts });
        starts = token.ends_with(['.', '!', '?', ':', '…']);
    }
    out
}

/// Whether a word can be part of a noun phrase.
fn noun(token: &Token) -> bool {
    let word = token.lower.as_str();
    let n = word.chars().count();
    !token.machinery
        && ((3..20).contains(&n) || n == 2 && token.raw.chars().all(char::is_uppercase))
        && !word.contains('\'')
        && !is_stop(word)
        && !is_verb(word)
        && !is_feeling(word)
        && !["ly", "ful", "ous", "ed", "est", "ier", "able", "ible"].iter().any(|ending| word.ends_with(ending))
}

/// What a text speaks of, the likeliest only; empty where nothing stands out.
pub(crate) fn subjects_of(author: &str, text: &str, bank: &Bank) -> Vec<Focus> {
    let stems: BTreeSet<String> = content_stems(text).into_iter().collect();
    let shared = bank.subjects.iter().filter(|subject| {
        let own = content_stems(subject);
        !own.is_empty() && own.iter().all(|stem| stems.contains(stem))
    });
    let mut found: Vec<Focus> = shared.map(|subject| Focus { phrase: subject.clone(), shared: true }).collect();
    if !found.is_empty() {
        return found;
    }
    let tokens = tokens(text, &author.to_lowercase());
    // First without the words of common sentences, then with them.
    for common in [false, true] {
        let runs: Vec<_> = runs(&tokens, common).into_iter().map(|run| widened(&tokens, run)).collect();
        let scored = runs.iter().map(|run| (score(&tokens, run, bank), run));
        let least = if common { BY_ARTICLE } else { 1 };
        let scored: Vec<_> = scored.filter(|(score, _)| *score >= least).collect();
        let most = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
        for (score, run) in scored {
            let phrase = phrase(&tokens, run);
            if score + 2 >= most && !bank.avoids(&phrase) {
                found.push(Focus { phrase, shared: false });
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// Up to three nouns in a row.
fn runs(tokens: &[Token], common: bool) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = None;
    for at in 0..=tokens.len() {
        let part = tokens.get(at).is_some_and(|token| noun(token) && (common || !COMMON.contains(&token.lower)));
        let from = *start.get_or_insert(at);
        if part && at - from < 3 && !tokens.get(at).is_some_and(|token| token.ends) {
            continue;
        }
        let end = if part { at + 1 } else { at };
        if end > from && (end - from) <= 3 {
            out.push(from..end);
        }
        start = None;
    }
    out
}

/// With the word that describes it: `deep space antennas`, `reading lamps`.
fn widened(tokens: &[Token], run: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let run = described(tokens, run);
    // And with the noun after it: `desert weather`.
    let ends = run.end.checked_sub(1).and_then(|at| tokens.get(at)).is_none_or(|last| last.ends);
    let noun_after = tokens.get(run.end).is_some_and(|next| noun(next) && (many(&next.lower) || mass(&next.lower)));
    if !ends && noun_after && run.len() < 3 { run.start..run.end + 1 } else { run }
}

fn described(tokens: &[Token], run: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let Some(at) = run.start.checked_sub(1) else { return run };
    let Some(word) = tokens.get(at).filter(|token| !token.ends && !token.machinery) else { return run };
    let ing = word.lower.ends_with("ing") && word.lower.len() > 5;
    let describes = ing || is_feeling(&word.lower) || noun(word);
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).filter(|_| !word.starts_sentence);
    let fits = match before {
        _ if word.lower == "pretending" => false,
        Some(before) => {
            [DETERMINERS, PREPOSITIONS, &["and", "or"]].iter().any(|list| list.contains(&before.lower.as_str()))
        }
        None => ing || !TIMES.contains(&word.lower.as_str()),
    };
    if describes && fits && run.len() < 3 { at..run.end } else { run }
}

fn score(tokens: &[Token], run: &std::ops::Range<usize>, bank: &Bank) -> i32 {
    let Some((last, first)) = run.end.checked_sub(1).and_then(|last| tokens.get(last)).zip(tokens.get(run.start))
    else {
        return 0;
    };
    let before = run.start.checked_sub(1).and_then(|at| tokens.get(at)).filter(|token| !token.ends);
    let after = tokens.get(run.end).filter(|_| !last.ends);
    let is = |token: Option<&Token>, list: &[&str]| token.is_some_and(|token| list.contains(&token.lower.as_str()));
    let name = first.raw.chars().next().is_some_and(char::is_uppercase) && !first.starts_sentence;
    let gerund = run.len() == 1 && last.lower.ends_with("ing");
    let text: Vec<&str> =
        tokens.get(run.clone()).unwrap_or_default().iter().map(|token| token.lower.as_str()).collect();
    3 * i32::from(is(before, DETERMINERS))
        + 2 * i32::from(is(before, PREPOSITIONS))
        + i32::from(first.starts_sentence || is(after, PREPOSITIONS))
        + 2 * i32::from(name)
        + 2 * i32::from(is(after, AFTER))
        + 2 * i32::from(bank.shared(&text.join(" ")) > 0)
        + i32::from(many(&last.lower) || mass(&last.lower))
        + i32::from(run.len() > 1)
        - 3 * i32::from(gerund)
}

fn phrase(tokens: &[Token], run: &std::ops::Range<usize>) -> String {
    let words = tokens.get(run.clone()).unwrap_or_default().iter().map(|token| {
        let acronym = token.raw.chars().skip(1).any(char::is_uppercase);
        let name = !token.starts_sentence && token.raw.chars().next().is_some_and(char::is_uppercase);
        if acronym || name { token.raw.clone() } else { token.lower.clone() }
    });
    let phrase = words.collect::<Vec<_>>().join(" ");
    let before = run.start.checked_sub(1).and_then(|at| tokens.get(at)).filter(|token| !token.ends);
    // What had no article before needs none now.
    if before.is_some_and(|token| DETERMINERS.contains(&token.lower.as_str())) { definite(&phrase) } else { phrase }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use puppet_types::{AgentId, Timestamp};

    use super::*;
    use crate::CallContext;

    fn bank(interests: &[&str]) -> Bank {
        let persona = serde_json::json!({"personality": {"interests": interests}});
        Bank::of(&CallContext {
            persona: Arc::new(serde_json::from_value(persona).unwrap()),
            name: "Ada".to_owned(),
            description: String::new(),
            agent: AgentId::new("ada"),
            seed: 1,
            at: Timestamp::from_millis(0),
        })
    }

    #[test]
    fn nouns_are_taken_up_and_verbs_are_not() {
        let bank = bank(&["tide tables", "rye flour", "kelp"]);
        for (said, wanted) in [
            ("Dusted off my notes on orbital debris {w}.", "orbital debris"),
            ("Went out for milk and came back thinking about rye flour.", "rye flour"),
            ("My sourdough has a name now", "sourdough"),
            ("The turbine broke yesterday, what a terrible day", "the turbine"),
            ("Card catalogues are badly underrated. I'll stand by that.", "card catalogues"),
            ("That's lighthouses in one sentence. Well put.", "lighthouses"),
            ("Microfilm? Pull up a chair.", "microfilm"),
            ("Mild view: slow fermentation is best.", "slow fermentation"),
            ("For me it began with desert weather, honestly.", "desert weather"),
            ("Saving this. AI development would make a fine evening.", "AI development"),
            ("I keep reading about NASA and it is lovely", "NASA"),
        ] {
            let found = subjects_of("eve", said, &bank);
            assert_eq!(found.first().map(|focus| focus.phrase.as_str()), Some(wanted), "{said}: {found:?}");
        }
        assert!(subjects_of("eve", "hi @ada, how are you?", &bank).is_empty());
        assert!(subjects_of("eve", "Kelp!", &bank)[0].shared);
    }
}
