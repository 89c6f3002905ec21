//! What X itself refuses of what an account does through its API, whatever the operator grants: the rules of 2026 for the
//! plan `self-serve`, of which another plan may lift some. Pure: who asks says what is answered. Not here: limits of
//! rate, lengths, duplicates. Nobody follows anybody through this host: there is no such call.

use std::ops::Range;

use puppet_types::AccountId;

use crate::{Action, url};

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

/// The post that a reply answers or a quote quotes, as far as rules and policy look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Who wrote it.
    pub author: AccountId,
    /// What it says.
    pub text: String,
    /// Who wrote the post that it quotes.
    pub quotes: Option<AccountId>,
    /// Who wrote the post that it answers itself: X mentions that account in it.
    pub answers: Option<AccountId>,
    /// Who began its conversation.
    pub begun_by: Option<AccountId>,
}

impl Answered {
    /// A post of the account's own.
    pub fn own(account: &AccountId) -> Self {
        let author = account.clone();
        Self { begun_by: Some(author.clone()), author, text: String::new(), quotes: None, answers: None }
    }

    /// Its author mentioned or quoted the account, or the account is at home there.
    pub fn lets_answer(&self, account: &AccountId) -> bool {
        let is_own = |other: Option<&AccountId>| {
            other.is_some_and(|other| other.as_str().eq_ignore_ascii_case(account.as_str()))
        };
        let summoned = mentions(&self.text, account) || is_own(self.quotes.as_ref()) || is_own(self.answers.as_ref());
        summoned || is_own(Some(&self.author)) || is_own(self.begun_by.as_ref())
    }
}

/// What something is, as far as rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A like.
    Like,
    /// A quote.
    Quote,
    /// A post, a thread, a reply, or what takes one back.
    Other,
}

/// Which rules hold. A plan of another name may lift some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformRules {
    /// Answers go to those alone who summoned the account, or into its own threads.
    pub summoned_replies_only: bool,
    /// No quotes.
    pub no_quotes: bool,
    /// No likes.
    pub no_likes: bool,
    /// At most one cashtag in a post.
    pub one_cashtag: bool,
}

impl PlatformRules {
    /// Of the plan `self-serve`: all of them.
    pub const SELF_SERVE: Self =
        Self { summoned_replies_only: true, no_quotes: true, no_likes: true, one_cashtag: true };
    /// None of them.
    pub const NONE: Self = Self { summoned_replies_only: false, no_quotes: false, no_likes: false, one_cashtag: false };

    /// Why the platform refuses something whatever it is about: for what it is, and what it says.
    pub fn of_itself(&self, sort: Sort, texts: &[&str]) -> Option<PlatformRefusal> {
        let too_many = || self.one_cashtag && texts.iter().any(|text| cashtags(text) > CASHTAGS);
        match sort {
            Sort::Quote if self.no_quotes => Some(PlatformRefusal::Quote),
            Sort::Like if self.no_likes => Some(PlatformRefusal::Like),
            _ if self.no_quotes && texts.iter().any(|text| !linked(text).is_empty()) => Some(PlatformRefusal::Quote),
            _ => too_many().then_some(PlatformRefusal::Cashtags),
        }
    }

    /// Why the platform refuses an action of an account; none where it takes it. `answered` is the post that a reply is
    /// to: of one that nobody knows nobody was summoned.
    pub fn refusal(
        &self,
        account: &AccountId,
        action: &Action,
        answered: Option<&Answered>,
    ) -> Option<PlatformRefusal> {
        let unsummoned = matches!(action, Action::Reply { .. })
            && self.summoned_replies_only
            && !answered.is_some_and(|post| post.lets_answer(account));
        let of_itself = || self.of_itself(action.sort(), &action.texts());
        if unsummoned { Some(PlatformRefusal::UnsummonedReply) } else { of_itself() }
    }
}

/// Whose posts a text links to: X shows such a link as a quote.
pub(crate) fn linked(text: &str) -> Vec<&str> {
    let author = |range: Range<usize>| {
        let link = text.get(range)?;
        let bare = link.split_once("://").map_or(link, |(_, bare)| bare);
        let mut parts = bare.split(['/', '?', '#']);
        let host = parts.next()?.to_ascii_lowercase();
        let host = ["www.", "mobile.", "m."].iter().find_map(|sub| host.strip_prefix(sub)).unwrap_or(&host);
        let (name, kind, id) = (parts.next()?, parts.next()?, parts.next()?);
        let is_post = matches!(kind, "status" | "statuses") && id.starts_with(|c: char| c.is_ascii_digit());
        (matches!(host, "x.com" | "twitter.com") && is_post).then_some(name)
    };
    url::find(text).into_iter().filter_map(author).collect()
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

    const SELF_SERVE: PlatformRules = PlatformRules::SELF_SERVE;

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
        let plain = || Answered {
            author: ada.clone(),
            text: "tea".to_owned(),
            quotes: None,
            answers: None,
            begun_by: Some(ada.clone()),
        };
        let [by_ada, by_ember] = [&ada, &ember].map(|account| Some(account.clone()));
        // (what is answered, may it be)
        let cases = [
            (plain(), false),
            (Answered { quotes: by_ada.clone(), answers: by_ada.clone(), ..plain() }, false),
            (Answered { text: "hello @ember!".to_owned(), ..plain() }, true),
            (Answered { text: ".@EMBER what do you say".to_owned(), ..plain() }, true),
            (Answered { text: "＠ember?".to_owned(), ..plain() }, true),
            (Answered { text: "hello @ember2 and @embers".to_owned(), ..plain() }, false),
            (Answered { text: "mail me@ember".to_owned(), ..plain() }, false),
            (Answered { text: "the ember glows".to_owned(), ..plain() }, false),
            (Answered { quotes: by_ember.clone(), ..plain() }, true),
            (Answered { answers: by_ember.clone(), ..plain() }, true),
            (Answered { begun_by: by_ember.clone(), ..plain() }, true),
            (Answered { author: ember.clone(), ..plain() }, true),
        ];
        for (answered, may) in cases {
            let refused = SELF_SERVE.refusal(&account(), &reply("yes"), Some(&answered));
            assert_eq!(refused, (!may).then_some(PlatformRefusal::UnsummonedReply), "{answered:?}");
        }
        assert_eq!(SELF_SERVE.refusal(&account(), &reply("yes"), None), Some(PlatformRefusal::UnsummonedReply));
    }

    #[test]
    fn each_rule_can_be_lifted_alone() {
        let quote = Action::Quote { of: "1".into(), text: "$BTC $ETH".to_owned() };
        let like = Action::Like { of: "1".into() };
        let tags = post("$BTC and $ETH");
        let refused = |rules: PlatformRules| {
            [&reply("yes"), &quote, &like, &tags].map(|action| rules.refusal(&account(), action, None))
        };
        use PlatformRefusal::{Cashtags, Like, Quote, UnsummonedReply};
        assert_eq!(refused(SELF_SERVE), [Some(UnsummonedReply), Some(Quote), Some(Like), Some(Cashtags)]);
        assert_eq!(refused(PlatformRules::NONE), [None; 4]);
        let lifted = PlatformRules { no_quotes: false, no_likes: false, ..SELF_SERVE };
        assert_eq!(refused(lifted), [Some(UnsummonedReply), Some(Cashtags), None, Some(Cashtags)]);
        let lifted = PlatformRules { summoned_replies_only: false, one_cashtag: false, ..SELF_SERVE };
        assert_eq!(refused(lifted), [None, Some(Quote), Some(Like), None]);
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
            assert_eq!(SELF_SERVE.refusal(&account(), &action, None), expected, "{action:?}");
        }
    }

    #[test]
    fn a_link_to_a_post_is_a_quote() {
        for (text, authors) in [
            ("look https://x.com/Eve/status/12?s=20", vec!["Eve"]),
            ("twitter.com/eve/statuses/1 and HTTPS://mobile.X.com/bob/status/2.", vec!["eve", "bob"]),
            ("https://x.com/eve https://example.org/eve/status/1 x.com/i/lists/7", vec![]),
        ] {
            assert_eq!(linked(text), authors, "{text}");
            let refused = (!authors.is_empty()).then_some(PlatformRefusal::Quote);
            assert_eq!(SELF_SERVE.refusal(&account(), &post(text), None), refused, "{text}");
            assert_eq!(PlatformRules::NONE.refusal(&account(), &post(text), None), None);
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
            assert_eq!(SELF_SERVE.refusal(&account(), &post(text), None), refused, "{text}");
            let own = account();
            let home = Answered { author: own, text: String::new(), quotes: None, answers: None, begun_by: None };
            assert_eq!(SELF_SERVE.refusal(&account(), &reply(text), Some(&home)), refused, "{text}");
        }
    }

    #[test]
    fn every_code_is_one_of_its_own() {
        let codes: std::collections::BTreeSet<_> = PlatformRefusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), PlatformRefusal::ALL.len());
    }
}
