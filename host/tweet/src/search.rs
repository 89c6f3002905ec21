//! What a search says: the part of X's language that means the same on every network. Words and `"phrases"`, `from:NAME`,
//! `conversation_id:ID`, and `-` before what must not be; all of it has to hold. Not here: where posts are looked for.

use std::fmt;

use puppet_store::Post;
use puppet_types::{AccountId, PostId, Refusal};

use crate::check;

/// Longest search in characters. X takes 512, and is told besides that posts that were passed on are not meant.
const CHARS: usize = 500;
/// How far back posts are found, in milliseconds: seven days, as on X.
pub(crate) const RECENT_MS: u64 = 7 * 86_400_000;
/// What X takes for its own where it stands alone.
const RESERVED: [&str; 3] = ["OR", "AND", "NOT"];

/// A search that holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    is_not: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// Words that stand one after the other, in lower case; there is at least one. And as it was written.
    Says(Vec<String>, String),
    From(AccountId),
    Conversation(PostId),
}

impl Search {
    /// Reads one.
    ///
    /// # Errors
    /// It is blank, too long, says nothing that must be there, or holds what is neither a word nor one of the rest.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let chars = text.chars().count();
        if chars > CHARS {
            return Err(check::invalid(format!("a search of {chars} characters: at most {CHARS}")));
        }
        let (mut terms, mut rest) = (Vec::new(), text.trim_start());
        while !rest.is_empty() {
            let (is_not, term) = rest.strip_prefix('-').map_or((false, rest), |term| (true, term));
            let (what, after) = match term.strip_prefix('"') {
                Some(begun) => phrase(begun)?,
                None => {
                    let (term, after) = term.split_at(term.find(char::is_whitespace).unwrap_or(term.len()));
                    (plain(term)?, after)
                }
            };
            terms.push(Term { is_not, what });
            rest = after.trim_start();
        }
        // X takes none that only says what must not be.
        if terms.iter().all(|term| term.is_not) {
            return Err(check::invalid("a search says at least one thing that must be there"));
        }
        Ok(Self(terms))
    }

    /// Everything in a conversation.
    pub(crate) fn of_conversation(id: PostId) -> Self {
        Self(vec![Term { is_not: false, what: What::Conversation(id) }])
    }

    /// Whether it finds a post, whenever that was written.
    pub fn finds(&self, post: &Post) -> bool {
        let said = words(&post.text);
        self.0.iter().all(|Term { is_not, what }| {
            let is = match what {
                What::Says(words, _) => said.windows(words.len().max(1)).any(|some| some == words),
                What::From(name) => name.as_str().eq_ignore_ascii_case(post.author.as_str()),
                What::Conversation(id) => *id == post.conversation,
            };
            is != *is_not
        })
    }

    /// The account that alone can have written what it finds, where it names one.
    pub(crate) fn author(&self) -> Option<&AccountId> {
        self.0.iter().find_map(|term| match &term.what {
            What::From(name) if !term.is_not => Some(name),
            _ => None,
        })
    }

    /// All accounts that it names.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.0.iter().filter_map(|term| if let What::From(name) = &term.what { Some(name) } else { None })
    }

    /// All conversations that it names.
    pub(crate) fn conversations(&self) -> impl Iterator<Item = &PostId> {
        self.0.iter().filter_map(|term| if let What::Conversation(id) = &term.what { Some(id) } else { None })
    }
}

impl fmt::Display for Search {
    /// As X takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Term { is_not, what }) in self.0.iter().enumerate() {
            let (space, not) = (if n > 0 { " " } else { "" }, if *is_not { "-" } else { "" });
            match what {
                What::Says(_, written) => write!(f, "{space}{not}{written}")?,
                What::From(name) => write!(f, "{space}{not}from:{name}")?,
                What::Conversation(id) => write!(f, "{space}{not}conversation_id:{id}")?,
            }
        }
        Ok(())
    }
}

/// A phrase behind its first quotation mark, and what comes after the second.
fn phrase(begun: &str) -> Result<(What, &str), Refusal> {
    let ended = begun.split_once('"').filter(|(_, after)| after.is_empty() || after.starts_with(char::is_whitespace));
    let (phrase, after) = ended.ok_or_else(|| check::invalid("a quotation mark that no other ends"))?;
    let phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words(&phrase);
    if words.is_empty() || phrase.contains(|c: char| c == '\\' || c.is_control()) {
        return Err(check::invalid("a phrase without a word, or with `\\` or a control character"));
    }
    Ok((What::Says(words, format!("\"{phrase}\"")), after))
}

/// A term without quotation marks.
fn plain(term: &str) -> Result<What, Refusal> {
    match term.split_once(':') {
        Some(("from", name)) => return Ok(What::From(check::account(name)?)),
        Some(("conversation_id", id)) => return Ok(What::Conversation(check::id(PostId::from(id.to_owned()))?)),
        _ => {}
    }
    if term.is_empty() || !term.chars().all(is_of_word) || RESERVED.contains(&term) {
        let shown = check::shown(term);
        let message =
            format!("`{shown}` is no word, `from:NAME` or `conversation_id:ID`: others stand in quotation marks");
        return Err(check::invalid(message));
    }
    Ok(What::Says(words(term), term.to_owned()))
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The words of a text, in lower case: what stands between signs and spaces.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split(|letter| !is_of_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use puppet_types::{Code, Timestamp};

    use super::*;

    fn post(author: &str, conversation: &str, text: &str) -> Post {
        Post {
            id: "9".into(),
            author: author.into(),
            text: text.to_owned(),
            at: Timestamp::from_millis(1),
            in_reply_to: None,
            quotes: None,
            conversation: conversation.into(),
            thread: None,
            media: Vec::new(),
            hops: 0,
            likes: 0,
            replies: 0,
            quoted: 0,
        }
    }

    #[test]
    fn all_that_is_said_has_to_hold() {
        let fog = post("Ada", "7", "The fog is coca-cola, @bob: Über_all!");
        for (text, finds) in [
            ("fog", true),
            ("FOG the", true),
            ("über_all bob", true),
            ("fo", false),
            ("fog horn", false),
            ("\"the fog\"", true),
            ("\"The  Fog!\"", true),
            ("\"fog the\"", false),
            ("\"coca cola\" is", true),
            ("from:ada", true),
            ("from:@ADA fog", true),
            ("from:bob", false),
            ("from:ada from:bob", false),
            ("conversation_id:7", true),
            ("conversation_id:9", false),
            ("fog -horn", true),
            ("fog -is", false),
            ("fog -\"is fog\" -from:bob -conversation_id:9", true),
            ("fog -\"fog is\"", false),
            ("fog -from:ada", false),
            ("fog -conversation_id:7", false),
        ] {
            assert_eq!(Search::parse(text).unwrap().finds(&fog), finds, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_x_takes_it() {
        for (text, written) in [
            ("  fog\n horn ", "fog horn"),
            ("-\"a   b!\"  from:@Ada -conversation_id:17 x", "-\"a b!\" from:Ada -conversation_id:17 x"),
        ] {
            let search = Search::parse(text).unwrap();
            assert_eq!(search.to_string(), written);
            assert_eq!(Search::parse(written), Ok(search), "and means the same");
        }
        assert_eq!(Search::of_conversation("17".into()).to_string(), "conversation_id:17");
    }

    #[test]
    fn what_is_not_of_this_part_of_the_language_is_refused() {
        let long = format!("{} a", "a".repeat(499));
        let wrong = [
            "",
            " \n",
            "-fog",
            "-fog -from:ada",
            "-",
            "fog --horn",
            "fog OR horn",
            "fog AND horn",
            "NOT fog",
            "(fog)",
            "#fog",
            "@ada",
            "$FOG",
            "it's",
            "is:reply",
            "lang:en",
            "From:ada",
            "from:",
            "from:a,b",
            "from:\"ada\"",
            "conversation_id:",
            "conversation_id:x",
            "https://example.org",
            "\"fog",
            "\"fog\"horn",
            "fog\"horn\"",
            "\"\"",
            "\"!\"",
            "\"a\\b\"",
            "\"a\u{7}b\"",
            &long,
        ];
        for text in wrong {
            let Err(Refusal::Call(error)) = Search::parse(text) else { panic!("{text}") };
            assert_eq!(error.code, Code::InvalidInput, "{text}");
        }
        assert!(Search::parse(&"a".repeat(500)).is_ok());
    }
}
