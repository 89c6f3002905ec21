//! The language of searches and of the rules of streams, as far as it is emulated: words and `"phrases"`, `@name`, `#tag`,
//! `$tag`, `from:`, `to:`, `conversation_id:`, `is:reply`, `is:quote`, `has:links`, `has:mentions`; side by side for
//! and, `OR`, brackets, `-` for not.

use super::network::{Network, Number, Post};

/// One that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    From(String),
    To(String),
    Mentions(String),
    Conversation(Number),
    IsReply,
    IsQuote,
    /// No post is one.
    IsRepost,
    HasLinks,
    HasMentions,
    /// In lower case.
    Says(String),
}

/// How deep brackets may be.
const DEEPEST: usize = 16;

impl Query {
    /// None where it is no query, or says something that is not emulated.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let query = any(&mut rest, 0)?;
        rest.is_empty().then_some(query)
    }

    pub(super) fn takes(&self, network: &Network, post: &Post) -> bool {
        let is = |name: &String, other: &str| name.eq_ignore_ascii_case(other);
        match self {
            Self::All(all) => all.iter().all(|one| one.takes(network, post)),
            Self::Any(any) => any.iter().any(|one| one.takes(network, post)),
            Self::Not(one) => !one.takes(network, post),
            Self::From(name) => is(name, &post.author) || *name == network.id(&post.author).to_string(),
            Self::To(name) => {
                post.in_reply_to.and_then(|to| network.ever(to)).is_some_and(|answered| is(name, &answered.author))
            }
            Self::Mentions(name) => post.mentions.contains(name),
            Self::Conversation(id) => post.conversation == *id,
            Self::IsReply => post.in_reply_to.is_some(),
            Self::IsQuote => post.quotes.is_some(),
            Self::IsRepost => false,
            Self::HasLinks => post.text.contains("https://") || post.text.contains("http://") || post.quotes.is_some(),
            Self::HasMentions => !post.mentions.is_empty(),
            Self::Says(words) => said(&post.text.to_lowercase(), words),
        }
    }
}

/// Whether a text has words, and not as parts of others.
fn said(text: &str, words: &str) -> bool {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + words.len()..]);
        let joined =
            |outer: Option<char>, inner: Option<char>| outer.is_some_and(is_of_word) && inner.is_some_and(is_of_word);
        !joined(before.chars().next_back(), words.chars().next())
            && !joined(after.chars().next(), words.chars().next_back())
    })
}

/// Brackets, and what is between spaces; a phrase with its quotation marks is one.
fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens: Vec<String> = Vec::new();
    let (mut current, mut is_quoted) = (String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                current.push(letter);
            }
            _ if is_quoted => current.push(letter),
            '(' | ')' => {
                // `-(` is a not before a bracket.
                tokens.extend((!current.is_empty()).then(|| std::mem::take(&mut current)));
                tokens.push(letter.to_string());
            }
            _ if letter.is_whitespace() => tokens.extend((!current.is_empty()).then(|| std::mem::take(&mut current))),
            _ => current.push(letter),
        }
    }
    tokens.extend((!current.is_empty()).then_some(current));
    (!is_quoted && !tokens.is_empty()).then_some(tokens)
}

fn any(rest: &mut &[String], depth: usize) -> Option<Query> {
    let mut several = vec![all(rest, depth)?];
    while let Some((_, after)) = rest.split_first().filter(|(first, _)| *first == "OR") {
        *rest = after;
        several.push(all(rest, depth)?);
    }
    Some(if several.len() == 1 { several.remove(0) } else { Query::Any(several) })
}

fn all(rest: &mut &[String], depth: usize) -> Option<Query> {
    let mut several = Vec::new();
    while let Some((first, after)) = rest.split_first().filter(|(first, _)| *first != "OR" && *first != ")") {
        *rest = after;
        several.push(match first.as_str() {
            "(" => bracketed(rest, depth)?,
            "-" => {
                let (_, after) = rest.split_first().filter(|(next, _)| *next == "(")?;
                *rest = after;
                Query::Not(Box::new(bracketed(rest, depth)?))
            }
            other => match other.strip_prefix('-') {
                Some(inner) => Query::Not(Box::new(term(inner)?)),
                None => term(other)?,
            },
        });
    }
    match several.len() {
        0 => None,
        1 => Some(several.remove(0)),
        _ => Some(Query::All(several)),
    }
}

fn bracketed(rest: &mut &[String], depth: usize) -> Option<Query> {
    if depth == DEEPEST {
        return None;
    }
    let inner = any(rest, depth + 1)?;
    let (_, after) = rest.split_first().filter(|(next, _)| *next == ")")?;
    *rest = after;
    Some(inner)
}

fn term(text: &str) -> Option<Query> {
    let name = |name: &str| {
        let name = name.trim_start_matches('@').to_ascii_lowercase();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (!name.is_empty() && plain).then_some(name)
    };
    if let Some(mentioned) = text.strip_prefix('@') {
        return name(mentioned).map(Query::Mentions);
    }
    if let Some(phrase) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return (!phrase.is_empty()).then(|| Query::Says(phrase.to_lowercase()));
    }
    match text.split_once(':') {
        Some(("from", of)) => name(of).map(Query::From),
        Some(("to", of)) => name(of).map(Query::To),
        Some(("conversation_id", id)) => super::number(id).map(Query::Conversation),
        Some(("is", "reply")) => Some(Query::IsReply),
        Some(("is", "quote")) => Some(Query::IsQuote),
        Some(("is", "retweet")) => Some(Query::IsRepost),
        Some(("has", "links")) => Some(Query::HasLinks),
        Some(("has", "mentions")) => Some(Query::HasMentions),
        Some(_) => None,
        None => (!text.is_empty()).then(|| Query::Says(text.to_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        use Query as Q;
        let says = |text: &str| Q::Says(text.to_owned());
        let not = |query: Q| Q::Not(Box::new(query));
        for (text, query) in [
            ("@Ada", Q::Mentions("ada".into())),
            (
                "(@ada OR to:ada) -from:ada",
                Q::All(vec![Q::Any(vec![Q::Mentions("ada".into()), Q::To("ada".into())]), not(Q::From("ada".into()))]),
            ),
            ("a b OR \"c d\"", Q::Any(vec![Q::All(vec![says("a"), says("b")]), says("c d")])),
            (
                "conversation_id:17 is:reply -(is:quote OR is:retweet)",
                Q::All(vec![Q::Conversation(17), Q::IsReply, not(Q::Any(vec![Q::IsQuote, Q::IsRepost]))]),
            ),
        ] {
            assert_eq!(Q::parse(text), Some(query), "{text}");
        }
        for wrong in ["", "  ", "(a", "a)", "OR", "a OR", "\"a", "from:", "near:here", "lang:en", "-", "()"] {
            assert_eq!(Q::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_are_found_whole() {
        assert!(said("the tide, early", "tide") && said("#rain", "rain") && said("rain", "rain"));
        assert!(!said("untidely", "tide") && !said("tide_s", "tide"));
    }
}
