//! What a model wrote becomes what is posted, and what was said already is known again.
//!
//! ```
//! use puppet_sdk::text;
//!
//! assert_eq!(text::tidy("Tweet: \"rain   again\""), "rain again");
//! assert!(text::repeats("the tide is wrong again!", ["The tide is wrong again"]));
//! assert_eq!(text::holds("Such Party politics!", &["party politics"]), Some("party politics"));
//! ```
//!
//! [`fit`], [`post`] and [`reply`] ask the host how much a text weighs, so they run inside of a call.

mod likeness;

use crate::{persona::Persona, tweet};
pub use likeness::{repeats, topics};

/// What a model wrote without what is not the text: labels before it, quotation marks around it, control characters,
/// spaces without end.
///
/// ```
/// assert_eq!(puppet_sdk::text::tidy("Reply: “at  nine”"), "at nine");
/// ```
pub fn tidy(text: &str) -> String {
    spaced(&seen(&without_label(&without_quotes(text.trim()))))
}

/// Words that models put before their text.
const LABELS: &[&str] =
    &["example", "template", "response", "tweet", "here's my tweet", "my tweet", "how about", "reply", "post"];

/// A post out of what a model wrote: no label, no quotation marks, the persona's switches, at most as long as it may be.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     use puppet_sdk::persona::Persona;
///     let quiet = Persona::default();
///     assert_eq!(text::post("Tweet: \"rain #again\"", &quiet, false), "rain again");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn post(text: &str, persona: &Persona, may_link: bool) -> String {
    let text = formatted(&without_label(&without_quotes(text.trim())), persona);
    fit(&if may_link { text } else { without_links(&text) }, persona.behavior.content_preferences.limit())
}

/// A reply, the same way: no mentions, since the network adds the one it answers.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     use puppet_sdk::persona::Persona;
///     assert_eq!(text::reply("@ada well said", &Persona::default()), "well said");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn reply(text: &str, persona: &Persona) -> String {
    let text = without_label(&without_quotes(text.trim()));
    let words = text.split(' ').filter(|word| !is_mention(word));
    let text = formatted(&words.collect::<Vec<_>>().join(" "), persona);
    fit(&text, persona.behavior.content_preferences.limit())
}

fn is_mention(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '"', '“']);
    word.strip_prefix('@').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn without_quotes(text: &str) -> String {
    for (open, close) in [('"', '"'), ('“', '”'), ('\'', '\''), ('«', '»')] {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner.filter(|inner| !inner.contains([open, close])) {
            return inner.trim().to_owned();
        }
    }
    text.to_owned()
}

fn without_label(text: &str) -> String {
    let Some((label, rest)) = text.split_once(':') else { return text.to_owned() };
    let label = label.trim_matches(['*', ' ']).to_lowercase().replace('’', "'");
    if LABELS.contains(&label.as_str()) { without_quotes(rest.trim_matches(['*', ' ', '\n'])) } else { text.to_owned() }
}

/// Hashtags, emojis, hyphens, case.
fn formatted(text: &str, persona: &Persona) -> String {
    let formatting = &persona.style_guide.formatting;
    let mut text = seen(text);
    if !formatting.uses_hashtags {
        text = text.replace('#', "");
    }
    if !formatting.uses_emojis {
        text.retain(|c| !is_emoji(c));
    }
    if formatting.avoid_hyphens {
        text = text.replace(['—', '–'], ", ").replace(" - ", ", ").replace(" , ", ", ").replace('-', " ");
    }
    let case = formatting.capitalization.to_lowercase();
    let always = !["occasional", "sometimes", "mix", "regular"].iter().any(|word| case.contains(word));
    if always && case.contains("lower") {
        text = text.to_lowercase();
    }
    spaced(&text)
}

/// Without control characters.
fn seen(text: &str) -> String {
    text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect()
}

/// One space between words, no line ends with one.
fn spaced(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Pictographs, their modifiers and the joiner between them.
///
/// ```
/// assert!(puppet_sdk::text::is_emoji('🥐') && !puppet_sdk::text::is_emoji('b'));
/// ```
pub fn is_emoji(c: char) -> bool {
    matches!(c as u32,
        0x1f000..=0x1faff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x2300..=0x23ff | 0xfe0f | 0x200d | 0x20e3 | 0x3030 | 0x303d)
}

/// Without words that are links.
///
/// ```
/// assert_eq!(puppet_sdk::text::without_links("rye https://a.example today"), "rye today");
/// ```
pub fn without_links(text: &str) -> String {
    let kept = text.split(' ').filter(|word| !word.contains("https://") && !word.contains("http://"));
    kept.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// At most so heavy by X's count: cut at the end of a sentence where there is one in its second half, else of a word.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert_eq!(text::fit("Rye is out. Wheat comes at noon.", 20), "Rye is out.");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn fit(text: &str, limit: u32) -> String {
    if tweet::weighted_length(text) <= limit {
        return text.to_owned();
    }
    let end = longest(text, |cut| tweet::weighted_length(cut) < limit);
    let cut = &text[..end];
    let sentence = cut.rfind(['.', '!', '?', '。']).filter(|at| *at > end / 2);
    match (sentence, cut.rfind(char::is_whitespace)) {
        (Some(at), _) => cut[..at].to_owned() + &cut[at..].chars().take(1).collect::<String>(),
        (None, Some(at)) if at > 0 => format!("{}…", cut[..at].trim_end_matches([',', ';', ':', ' ', '\n'])),
        _ => cut.to_owned(),
    }
}

/// Where a text is cut so that it still fits. Halves what is left to look at: weighing is a call of the host, and a
/// model that babbles must not use them up.
fn longest(text: &str, mut fits: impl FnMut(&str) -> bool) -> usize {
    let (mut fitting, mut too_long) = (0, text.len());
    loop {
        let middle = text.ceil_char_boundary(fitting + (too_long - fitting) / 2);
        let middle = if middle < too_long { middle } else { text.floor_char_boundary(too_long.saturating_sub(1)) };
        if middle <= fitting {
            return fitting;
        }
        if fits(&text[..middle]) { fitting = middle } else { too_long = middle }
    }
}

/// Whether a text holds something that the persona never writes about, or a word that it never uses.
///
/// ```
/// use puppet_sdk::{persona::Persona, text};
///
/// let mut persona = Persona::default();
/// persona.style_guide.topics_to_avoid = vec!["war".to_owned()];
/// assert_eq!(text::forbidden("No war.", &persona), Some("war"));
/// ```
pub fn forbidden<'a>(text: &str, persona: &'a Persona) -> Option<&'a str> {
    let style = &persona.style_guide;
    let terms: Vec<&str> =
        style.topics_to_avoid.iter().chain(&style.vocabulary.avoid_terms).map(String::as_str).collect();
    holds(text, &terms)
}

/// The first of these terms that is in a text as whole words, whatever their case.
///
/// ```
/// assert_eq!(puppet_sdk::text::holds("Every party", &["very"]), None);
/// ```
pub fn holds<'a>(text: &str, terms: &[&'a str]) -> Option<&'a str> {
    let text = format!(" {} ", words(text).join(" "));
    terms.iter().copied().find(|term| {
        let term = words(term).join(" ");
        !term.is_empty() && text.contains(&format!(" {term} "))
    })
}

/// Lower-case words without punctuation.
///
/// ```
/// assert_eq!(puppet_sdk::text::words("Rye, again!"), ["rye", "again"]);
/// ```
pub fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// All on one line, one space between words.
///
/// ```
/// assert_eq!(puppet_sdk::text::one_line("rye\n again"), "rye again");
/// ```
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Failure, Personality, testing};

    thread_local!(static CHECK: std::cell::Cell<Option<fn()>> = const { std::cell::Cell::new(None) });

    struct Run;

    impl Personality for Run {
        fn handle(_: Event) -> Result<(), Failure> {
            CHECK.take().unwrap()();
            Ok(())
        }
    }

    /// `weighted_length` needs a host.
    fn on_host(check: fn()) {
        CHECK.set(Some(check));
        testing::Host::new().run::<Run>(testing::event("x")).result.unwrap();
    }

    #[test]
    fn quotes_labels_and_mentions_go() {
        on_host(|| {
            let plain = Persona::default();
            let table = [
                ("\"rain again\"", "rain again"),
                ("Tweet: rain again", "rain again"),
                ("Here’s my tweet: \"rain again\"", "rain again"),
                ("He said: rain again", "He said: rain again"),
                ("\"rain\" and \"snow\"", "\"rain\" and \"snow\""),
                ("  rain #again 🌧️ ", "rain again"),
                ("ra\0in \u{1b}again", "rain again"),
                ("see https://example.org/x for rain", "see for rain"),
            ];
            for (raw, wanted) in table {
                assert_eq!(post(raw, &plain, false), wanted, "{raw}");
            }
            assert_eq!(reply("@ada @bob_2 well, a@b said", &plain), "well, a@b said");
        });
    }

    #[test]
    fn nothing_is_longer_than_it_may_be() {
        on_host(|| {
            let mut persona = Persona::default();
            persona.behavior.content_preferences.max_post_length = Some(40);
            let long = "First sentence goes here. Second sentence is far too long for that.";
            assert_eq!(post(long, &persona, false), "First sentence goes here.");
            for limit in 1..60 {
                persona.behavior.content_preferences.max_post_length = Some(limit);
                for text in
                    [long, "日本語のとても長い文章です。そしてもう一つの文章です。", "unbrokenunbrokenunbrokenunbroken"]
                {
                    assert!(tweet::weighted_length(&post(text, &persona, false)) <= limit, "{limit} {text}");
                }
            }
        });
    }

    #[test]
    fn a_model_that_babbles_does_not_use_up_the_calls() {
        for (unit, most) in [("a", 279), ("字", 139), ("🫖", 139)] {
            let (text, mut calls) = (unit.repeat(100_000), 0);
            let end = longest(&text, |cut| {
                calls += 1;
                cut.chars().count() <= most
            });
            assert_eq!((end, calls < 25), (most * unit.len(), true), "{unit}: {calls} calls");
        }
        assert_eq!((longest("", |_| true), longest("ab", |_| false), longest("字字", |_| true)), (0, 0, 3));
    }

    #[test]
    fn avoided_words_are_found_as_words() {
        let mut persona = Persona::default();
        persona.style_guide.topics_to_avoid = vec!["party politics".into()];
        persona.style_guide.vocabulary.avoid_terms = vec!["very".into()];
        assert_eq!(forbidden("Such Party politics!", &persona), Some("party politics"));
        assert_eq!(forbidden("every party", &persona), None);
        assert_eq!(forbidden("very", &persona), Some("very"));
    }
}
