//! What X itself refuses of what an account does through its API, whatever the operator grants: the rules of 2026 for the
//! plan `self-serve`. Pure: who asks says what is answered. Not here: limits of rate, lengths, duplicates.

use std::ops::Range;

use puppet_types::AccountId;

use crate::Action;

/// Cashtags that one post may have.
const CASHTAGS: usize = 1;

/// A rule of the platform, by what it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlatformRefusal {
    /// An answer to somebody who did not summon the account.
    UnsummonedReply,
    /// A quote.
    Quote,
    /// A like.
    Like,
    /// More than one cashtag in a post.
    Cashtags,
}

impl PlatformRefusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::UnsummonedReply, Self::Quote, Self::Like, Self::Cashtags];
    /// As it is written everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsummonedReply => "reply-not-summoned",
            Self::Quote => "quote-not-allowed",
            Self::Like => "like-not-allowed",
            Self::Cashtags => "too-many-cashtags",
        }
    }
    /// For people.
    pub const fn plain(self) -> &'static str {
        match self {
            Self::UnsummonedReply => {
                "replies to posts that neither mention nor quote the account, outside of its own threads"
            }
            Self::Quote => "quotes",
            Self::Like => "likes",
            Self::Cashtags => "posts with more than one cashtag",
        }
    }
}

/// The post that a reply answers, as far as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Who wrote it.
    pub author: &'a AccountId,
    /// What it says.
    pub text: &'a str,
    /// Who wrote the post that it quotes.
    pub quotes: Option<&'a AccountId>,
    /// Who wrote the post that it answers itself: X mentions that account in it.
    pub answers: Option<&'a AccountId>,
    /// Who began its conversation.
    pub begun_by: Option<&'a AccountId>,
}

impl Answered<'_> {
    /// Its author mentioned or quoted the account, or the account is at home there.
    fn lets_answer(&self, account: &AccountId) -> bool {
        let is_own = |other: Option<&AccountId>| {
            other.is_some_and(|other| other.as_str().eq_ignore_ascii_case(account.as_str()))
        };
        let summoned = mentions(self.text, account) || is_own(self.quotes) || is_own(self.answers);
        summoned || is_own(Some(self.author)) || is_own(self.begun_by)
    }
}

/// Why the platform refuses an action of an account; none where it takes it. `answered` is the post that a reply is to:
/// of one that nobody knows nobody was summoned.
pub fn refusal(account: &AccountId, action: &Action, answered: Option<&Answered<'_>>) -> Option<PlatformRefusal> {
    match action {
        Action::Quote { .. } => Some(PlatformRefusal::Quote),
        Action::Like { .. } => Some(PlatformRefusal::Like),
        Action::Reply { .. } if !answered.is_some_and(|post| post.lets_answer(account)) => {
            Some(PlatformRefusal::UnsummonedReply)
        }
        Action::Reply { text, .. } | Action::Post { text, .. } => too_many(text),
        Action::Thread { parts } => parts.iter().find_map(|part| too_many(part)),
        Action::Delete { .. } => None,
    }
}

fn too_many(text: &str) -> Option<PlatformRefusal> {
    (cashtags(text) > CASHTAGS).then_some(PlatformRefusal::Cashtags)
}

/// `$` and one to six letters, standing alone. `$5` and `US$` are money, `$BRK.A` is one.
fn cashtags(text: &str) -> usize {
    let stands_alone = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = &text[at + 1..];
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let ends = !after[letters..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        (1..=6).contains(&letters) && ends && !before.is_some_and(|c| c.is_alphanumeric() || "_$@#&".contains(c))
    };
    text.match_indices('$').filter(|(at, _)| stands_alone(*at)).count()
}

/// The names with `@` in a text, in order, as byte ranges. `a@b.example` is an address.
pub(crate) fn names(text: &str) -> Vec<Range<usize>> {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "_!#$%&*@＠".contains(c));
    let found = text.match_indices(['@', '＠']).filter_map(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let len = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let is_address = rest[len..].starts_with(['@', '＠']);
        (begins(at) && len > 0 && !is_address).then(|| at..at + sign.len() + len)
    });
    found.collect()
}

/// Whether a text names the account with `@`.
fn mentions(text: &str, account: &AccountId) -> bool {
    let name = account.as_str();
    text.match_indices(['@', '＠']).any(|(at, sign)| {
        // `a@b.example` is an address.
        let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric() || "_!#$%&*@＠".contains(c));
        let rest = &text[at + sign.len()..];
        let same = rest.get(..name.len()).is_some_and(|named| named.eq_ignore_ascii_case(name));
        begins && same && !rest[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::new("Ember")
    }

    fn reply(text: &str) -> Action {
        Action::Reply { to: "1".into(), text: text.to_owned(), images: Vec::new() }
    }

    fn post(text: &str) -> Action {
        Action::Post { text: text.to_owned(), images: Vec::new() }
    }

    #[test]
    fn an_answer_needs_a_summons_or_a_thread_of_ones_own() {
        let [ember, ada] = ["ember", "ada"].map(AccountId::new);
        let plain = Answered { author: &ada, text: "tea", quotes: None, answers: None, begun_by: Some(&ada) };
        // (what is answered, may it be)
        let cases = [
            (plain, false),
            (Answered { quotes: Some(&ada), answers: Some(&ada), ..plain }, false),
            (Answered { text: "hello @ember!", ..plain }, true),
            (Answered { text: ".@EMBER what do you say", ..plain }, true),
            (Answered { text: "＠ember?", ..plain }, true),
            (Answered { text: "hello @ember2 and @embers", ..plain }, false),
            (Answered { text: "mail me@ember", ..plain }, false),
            (Answered { text: "the ember glows", ..plain }, false),
            (Answered { quotes: Some(&ember), ..plain }, true),
            (Answered { answers: Some(&ember), ..plain }, true),
            (Answered { begun_by: Some(&ember), ..plain }, true),
            (Answered { author: &ember, ..plain }, true),
        ];
        for (answered, may) in cases {
            let refused = refusal(&account(), &reply("yes"), Some(&answered));
            assert_eq!(refused, (!may).then_some(PlatformRefusal::UnsummonedReply), "{answered:?}");
        }
        assert_eq!(refusal(&account(), &reply("yes"), None), Some(PlatformRefusal::UnsummonedReply));
    }

    #[test]
    fn quotes_and_likes_are_refused_and_posts_threads_and_deletes_are_not() {
        let thread = |parts: &[&str]| Action::Thread { parts: parts.iter().map(|part| (*part).to_owned()).collect() };
        for (action, expected) in [
            (Action::Quote { of: "1".into(), text: "look".to_owned() }, Some(PlatformRefusal::Quote)),
            (Action::Like { of: "1".into() }, Some(PlatformRefusal::Like)),
            (Action::Delete { of: "1".into() }, None),
            (post("@ada look at this"), None),
            (thread(&["$BTC", "$ETH"]), None),
            (thread(&["first", "$BTC and $ETH"]), Some(PlatformRefusal::Cashtags)),
        ] {
            assert_eq!(refusal(&account(), &action, None), expected, "{action:?}");
        }
    }

    #[test]
    fn one_cashtag_is_taken_and_two_are_not() {
        for (text, count) in [
            ("no money here", 0),
            ("it costs $5, or US$ 20, or $1K", 0),
            ("$SOL", 1),
            ("up: $SOL.", 1),
            ("($BRK.A)", 1),
            ("$sol and $eth", 2),
            ("$SOL/$USDC", 2),
            ("$TOOLONGNAME $a1 $$SOL x$SOL $a_b", 0),
            ("ü$SOL €$SOL", 1),
        ] {
            assert_eq!(cashtags(text), count, "{text}");
            let refused = (count > 1).then_some(PlatformRefusal::Cashtags);
            assert_eq!(refusal(&account(), &post(text), None), refused, "{text}");
            let own = account();
            let home = Answered { author: &own, text: "", quotes: None, answers: None, begun_by: None };
            assert_eq!(refusal(&account(), &reply(text), Some(&home)), refused, "{text}");
        }
    }

    #[test]
    fn every_code_is_one_of_its_own() {
        let codes: std::collections::BTreeSet<_> = PlatformRefusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), PlatformRefusal::ALL.len());
    }
}
