//! What was said already: texts that repeat each other, and the topics of late.

use std::collections::BTreeSet;

use super::words;

/// Share of word pairs in common beyond which two texts are the same.
const ALIKE: f64 = 0.45;

/// Words that say nothing about a topic.
const STOP: &[&str] = &[
    "about", "after", "again", "also", "and", "another", "because", "been", "before", "being", "could", "does",
    "doing", "down", "each", "even", "every", "from", "have", "here", "into", "just", "like", "made", "make", "more",
    "most", "much", "never", "only", "other", "over", "really", "same", "should", "some", "still", "such", "than",
    "that", "their", "them", "then", "there", "these", "they", "thing", "things", "this", "those", "through", "time",
    "today", "very", "want", "were", "what", "when", "where", "which", "while", "will", "with", "would", "your",
];

/// Whether a text repeats one of these.
///
/// ```
/// assert!(puppet_sdk::text::repeats("rye is out again", ["Rye is out again!"]));
/// ```
pub fn repeats<'a>(text: &str, recent: impl IntoIterator<Item = &'a str>) -> bool {
    let new = words(text);
    recent.into_iter().any(|old| {
        let old = words(old);
        old == new || likeness(&old, &new) > ALIKE
    })
}

fn likeness(a: &[String], b: &[String]) -> f64 {
    let pairs = |words: &[String]| -> BTreeSet<(String, String)> {
        words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let (a, b) = (pairs(a), pairs(b));
    let smaller = a.len().min(b.len());
    if smaller == 0 { 0.0 } else { a.intersection(&b).count() as f64 / smaller as f64 }
}

/// Distinct words of more than three letters in texts, without those that say nothing; in order, at most `limit`.
///
/// ```
/// assert_eq!(puppet_sdk::text::topics(["Sourdough and rye", "about sourdough"], 5), ["sourdough"]);
/// ```
pub fn topics<'a>(texts: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = texts.into_iter().flat_map(words);
    let kept = all.filter(|word| word.chars().count() > 3 && !STOP.contains(&word.as_str()));
    kept.filter(|word| seen.insert(word.clone())).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_copies_repeat() {
        let old = ["The tide tables are wrong again this week", "Bread."];
        assert!(repeats("the tide tables are wrong again, this week!", old));
        assert!(repeats("Honestly the tide tables are wrong again", old));
        assert!(repeats("bread", old));
        assert!(!repeats("The tide came in over the wall", old));
    }

    #[test]
    fn topics_are_long_words_once() {
        let found = topics(["Tide tables and the tide", "about Lighthouses"], 10);
        assert_eq!(found, ["tide", "tables", "lighthouses"]);
    }
}
