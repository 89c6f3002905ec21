//! Searches, as the host reads them: words and `"phrases"`, `from:NAME`, `conversation_id:ID`, `-` before what must not be.

use crate::tweet::Post;

/// Longest search in characters.
const CHARS: usize = 500;

/// Terms, each with whether it must not be.
pub(super) struct Search(Vec<(bool, What)>);

enum What {
    /// In a row, in lower case.
    Says(Vec<String>),
    From(String),
    Conversation(String),
}

impl Search {
    /// None where the host would refuse it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut terms, mut rest) = (Vec::new(), text.trim_start());
        while !rest.is_empty() {
            let (is_not, term) = rest.strip_prefix('-').map_or((false, rest), |term| (true, term));
            let (what, after) = match term.strip_prefix('"') {
                Some(begun) => {
                    let (phrase, after) = begun.split_once('"')?;
                    let is_phrase = !phrase.contains(|c: char| c == '\\' || c.is_control() && !c.is_whitespace());
                    let is_end = after.is_empty() || after.starts_with(char::is_whitespace);
                    let words = Some(words(phrase)).filter(|words| is_phrase && is_end && !words.is_empty())?;
                    (What::Says(words), after)
                }
                None => {
                    let (term, after) = term.split_at(term.find(char::is_whitespace).unwrap_or(term.len()));
                    (plain(term)?, after)
                }
            };
            terms.push((is_not, what));
            rest = after.trim_start();
        }
        let is_one = text.chars().count() <= CHARS && terms.iter().any(|(is_not, _)| !is_not);
        is_one.then_some(Self(terms))
    }

    pub(super) fn finds(&self, post: &Post) -> bool {
        let said = words(&post.text);
        self.0.iter().all(|(is_not, what)| {
            let is = match what {
                What::Says(words) => said.windows(words.len()).any(|some| some == words),
                What::From(name) => name.eq_ignore_ascii_case(&post.author),
                What::Conversation(id) => *id == post.conversation,
            };
            is != *is_not
        })
    }
}

fn plain(term: &str) -> Option<What> {
    let named = |name: &str, allowed: fn(char) -> bool| !name.is_empty() && name.chars().all(allowed);
    if let Some(name) = term.strip_prefix("from:") {
        let name = name.strip_prefix('@').unwrap_or(name);
        let is_name = named(name, |c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        return is_name.then(|| What::From(name.to_owned()));
    }
    if let Some(id) = term.strip_prefix("conversation_id:") {
        return named(id, |c| c.is_ascii_digit()).then(|| What::Conversation(id.to_owned()));
    }
    let is_word = named(term, is_of_word) && !["OR", "AND", "NOT"].contains(&term);
    is_word.then(|| What::Says(words(term)))
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split(|letter| !is_of_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        prelude::*,
        testing::{self, Host},
    };

    struct Seeker;

    impl Personality for Seeker {
        fn handle(_: Event) -> Result<(), Failure> {
            let found = tweet::search("fog", 1)?;
            let conversation = tweet::conversation("1", 9)?;
            tweet::post(&format!("{} {}", found[0].id, conversation.len()))?;
            tweet::search("lang:en", 9)?;
            Ok(())
        }
    }

    #[test]
    fn a_plugin_searches() {
        let mut host = Host::new().with_post("1", "ada", "fog", None).with_post("2", "bob", "what fog", Some("1"));
        host.posts[0].at -= 8 * 86_400_000;
        let run = host.run::<Seeker>(testing::event("timer"));
        let [testing::Decided::Post { text, .. }] = &run.decided[..] else { panic!("{run:?}") };
        assert_eq!((text.as_str(), &run.reads[..]), ("2 2", &["tweet.search", "tweet.conversation"][..]));
        assert!(format!("{:?}", run.result).contains("is no search"), "{run:?}");
    }

    #[test]
    fn posts_are_found_as_the_host_finds_them() {
        let host =
            Host::new().with_post("1", "Ada", "The fog is coca-cola", None).with_post("2", "bob", "fog", Some("1"));
        for (text, found) in [
            ("fog", vec!["1", "2"]),
            ("FOG the", vec!["1"]),
            ("\"the fog\" -\"fog the\"", vec!["1"]),
            ("\"coca cola\"", vec!["1"]),
            ("from:@ada fog", vec!["1"]),
            ("conversation_id:1 -from:ada", vec!["2"]),
            ("fo", vec![]),
        ] {
            let search = Search::parse(text).unwrap();
            let ids = host.posts.iter().filter(|post| search.finds(post)).map(|post| post.id.as_str());
            assert_eq!(ids.collect::<Vec<_>>(), found, "{text}");
        }
        for wrong in
            ["", "-fog", "a OR b", "#fog", "lang:en", "from:", "conversation_id:x", "\"fog", "\"!\"", "\"a\"b", "-"]
        {
            assert!(Search::parse(wrong).is_none(), "{wrong}");
        }
        assert!(Search::parse(&"a".repeat(501)).is_none());
    }
}
