//! Whether something may leave as an account: the network's rules and the operator's policy, asked in one order by all
//! who ask. Pure: who asks brings the post that is answered or quoted, and says who is known.

use std::{collections::BTreeMap, fmt};

use puppet_grants::TextMarks;
use puppet_types::{AccountId, PostId};

use super::{Policy, PolicyRefusal, lower};
use crate::{
    Action,
    platform::{Answered, PlatformRefusal, PlatformRules, linked, names},
};

/// What holds for everything that leaves for a network with strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRules {
    /// The network's own.
    pub platform: PlatformRules,
    /// The operator's.
    pub policy: Policy,
    /// In its place, of accounts that have one of their own. Lower-case, without `@`.
    pub accounts: BTreeMap<String, Policy>,
}

impl PostingRules {
    /// Where nothing is ruled.
    pub fn none() -> Self {
        Self { platform: PlatformRules::NONE, policy: Policy::default(), accounts: BTreeMap::new() }
    }

    /// The policy of an account.
    pub fn policy_of(&self, account: &AccountId) -> &Policy {
        self.accounts.get(&lower(account)).unwrap_or(&self.policy)
    }

    /// What holds for an account, of a pack whose grant narrows it so.
    pub fn of(&self, account: &AccountId, granted: TextMarks) -> Ruling {
        let policy = self.policy_of(account).clone();
        let TextMarks { links, mentions } = TextMarks { links: policy.links, mentions: policy.mentions }.both(granted);
        Ruling { platform: self.platform, policy: Policy { links, mentions, ..policy } }
    }
}

/// What holds for one account and one pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The network's own.
    pub platform: PlatformRules,
    /// The operator's.
    pub policy: Policy,
}

/// Who refuses something, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// X.
    Platform(PlatformRefusal),
    /// The operator.
    Policy(PolicyRefusal),
}

impl Refused {
    /// As it is written everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Platform(refusal) => refusal.code(),
            Self::Policy(refusal) => refusal.code(),
        }
    }

    /// Of the reason of an effect that failed; none where it failed for something else.
    pub fn of_reason(reason: &str) -> Option<Self> {
        let code = reason.trim_start_matches("refused: ").split(':').next()?;
        let platform = PlatformRefusal::ALL.into_iter().map(Self::Platform);
        platform.chain(PolicyRefusal::ALL.into_iter().map(Self::Policy)).find(|refused| refused.code() == code)
    }

    /// What somebody does about it who means otherwise.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Platform(_) => "a retry comes to the same, unless your plan has it: [tweet.x.plan] says so",
            Self::Policy(_) => "a retry comes to the same, unless you change the policy, or the grant of the pack",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(refusal) => write!(f, "{}: X does not take {}", refusal.code(), refusal.plain()),
            Self::Policy(refusal) => write!(f, "{}: the policy refuses {}", refusal.code(), refusal.plain()),
        }
    }
}

impl Ruling {
    /// An action as it may leave, as far as that can be said without the post that it is about. `is_known`: whether an
    /// account is of this host.
    ///
    /// # Errors
    /// Why not.
    pub fn cleaned(&self, action: Action, is_known: impl Fn(&AccountId) -> bool) -> Result<Action, Refused> {
        if let Some(refusal) = self.platform.of_itself(action.sort(), &action.texts()) {
            return Err(Refused::Platform(refusal));
        }
        let action = self.policy.cleaned(action).map_err(Refused::Policy)?;
        match self.names(&action, is_known) {
            Some(refusal) => Err(Refused::Policy(refusal)),
            None => Ok(action),
        }
    }

    /// Nobody is named who is denied, and nobody is addressed who may not be answered.
    fn names(&self, action: &Action, is_known: impl Fn(&AccountId) -> bool) -> Option<PolicyRefusal> {
        let account = |name: &str| AccountId::new(name.trim_start_matches(['@', '＠']));
        let is_reply = matches!(action, Action::Reply { .. });
        action.texts().into_iter().find_map(|text| {
            let named = names(text).into_iter().filter_map(|range| text.get(range)).map(account);
            let mut named = named.chain(linked(text).into_iter().map(AccountId::new));
            let is_denied = |name: &AccountId| self.policy.deny.contains(&lower(name));
            let denied = named.find(is_denied).map(|_| PolicyRefusal::Author);
            // Whom a reply goes to says the post that it answers.
            let addressed = leading(text).filter(|_| !is_reply).map(account);
            let refused = |name: AccountId| self.policy.answers(&name, is_known(&name)).err();
            denied.or_else(|| addressed.into_iter().find_map(refused))
        })
    }

    /// The post whose author has to be known before it can be said whether an action may leave.
    pub fn minds<'a>(&self, action: &'a Action) -> Option<&'a PostId> {
        match action {
            Action::Reply { to, .. } if self.platform.summoned_replies_only || self.policy.minds_authors() => Some(to),
            Action::Quote { of, .. } if self.policy.minds_authors() => Some(of),
            _ => None,
        }
    }

    /// Why an action is refused for the post that it is about ([`Self::minds`]); whoever wrote one that nobody knows did not
    /// summon the account, and is a stranger.
    pub fn refusal(
        &self,
        account: &AccountId,
        action: &Action,
        about: Option<&Answered>,
        is_known: impl Fn(&AccountId) -> bool,
    ) -> Option<Refused> {
        if let Some(refusal) = self.platform.refusal(account, action, about) {
            return Some(Refused::Platform(refusal));
        }
        let minds = matches!(action, Action::Reply { .. } | Action::Quote { .. }) && self.policy.minds_authors();
        let author = about.map_or_else(|| AccountId::new(""), |post| post.author.clone());
        let answers = || self.policy.answers(&author, is_known(&author)).err().map(Refused::Policy);
        minds.then(answers).flatten()
    }
}

/// The names that a text begins with: those it is addressed to.
fn leading(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    names(text).into_iter().map_while(move |range| {
        let is_next = text.get(at..range.start)?.trim().is_empty();
        at = range.end;
        text.get(range).filter(|_| is_next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Marks;

    fn post(text: &str) -> Action {
        Action::Post { text: text.to_owned(), images: Vec::new() }
    }

    fn of(policy: Policy) -> Ruling {
        Ruling { platform: PlatformRules::NONE, policy }
    }

    #[test]
    fn nobody_who_is_denied_is_named_and_no_stranger_is_addressed() {
        let is_known = |account: &AccountId| account.as_str().eq_ignore_ascii_case("bob");
        let denies = of(Policy { deny: ["eve".to_owned()].into(), ..Policy::default() });
        let shy =
            of(Policy { never_reply_to_strangers: true, friends: ["ada".to_owned()].into(), ..Policy::default() });
        let [author, stranger] = [PolicyRefusal::Author, PolicyRefusal::Stranger].map(Refused::Policy);
        let few = of(Policy { allow: ["ada".to_owned()].into(), ..Policy::default() });
        for (ruling, text, refused) in [
            (&denies, "@Eve hello", Some(author)),
            (&denies, "what does ＠eve say", Some(author)),
            (&denies, "what do @evelyn and me@eve.example say", None),
            (&denies, "@cy hello", None),
            (&shy, "@cy hello", Some(stranger)),
            (&shy, " @ada @cy hello", Some(stranger)),
            (&shy, "@ada hello @cy", None),
            (&shy, "@Bob hello", None),
            (&shy, "what does @cy say", None),
            (&few, "@cy hello", Some(author)),
            (&few, "@ada hello @cy", None),
        ] {
            assert_eq!(ruling.cleaned(post(text), is_known).err(), refused, "{text}");
            let thread = Action::Thread { parts: vec!["first".to_owned(), text.to_owned()] };
            assert_eq!(ruling.cleaned(thread, is_known).err(), refused, "{text} in a thread");
            // Whom an answer is to says the post that it answers.
            let answer = Action::Reply { to: "1".into(), text: text.to_owned(), images: Vec::new() };
            let named = refused.filter(|_| std::ptr::eq(ruling, &raw const denies));
            assert_eq!(ruling.cleaned(answer, is_known).err(), named, "{text} in an answer");
        }
        // A name that is taken out addresses nobody.
        let strips = of(Policy { mentions: Marks::Strip, ..denies.policy.clone() });
        assert_eq!(strips.cleaned(post("hello @eve"), is_known), Ok(post("hello")));
    }

    #[test]
    fn a_quote_is_looked_at_by_who_wrote_what_it_quotes() {
        let quote = Action::Quote { of: "7".into(), text: "look".to_owned() };
        let by = |author: &str| Answered {
            author: AccountId::new(author),
            text: String::new(),
            quotes: None,
            answers: None,
            begun_by: None,
        };
        let refused = |ruling: &Ruling, about: Option<&Answered>| {
            ruling.refusal(&AccountId::new("ember"), &quote, about, |_| false).map(Refused::code)
        };
        let denies = of(Policy { deny: ["eve".to_owned()].into(), ..Policy::default() });
        assert_eq!(denies.minds(&quote).map(PostId::as_str), Some("7"));
        assert_eq!(refused(&denies, Some(&by("Eve"))), Some("author-not-heard"));
        assert_eq!(refused(&denies, Some(&by("cy"))), None);
        let shy = of(Policy { never_reply_to_strangers: true, ..Policy::default() });
        assert_eq!(
            (refused(&shy, Some(&by("cy"))), refused(&shy, None)),
            (Some("reply-to-stranger"), Some("reply-to-stranger"))
        );
        let open = of(Policy::default());
        assert_eq!((open.minds(&quote), refused(&open, Some(&by("cy")))), (None, None));
    }

    #[test]
    fn a_reason_is_known_again() {
        let all = PlatformRefusal::ALL.into_iter().map(Refused::Platform);
        for refused in all.chain(PolicyRefusal::ALL.into_iter().map(Refused::Policy)) {
            assert_eq!(Refused::of_reason(&refused.to_string()), Some(refused));
            assert_eq!(Refused::of_reason(&format!("refused: {refused}")), Some(refused));
        }
        assert_eq!(Refused::of_reason("refused: you are not allowed to post"), None);
    }

    #[test]
    fn a_grant_narrows_and_never_widens_and_an_account_has_its_own_policy() {
        let policy = Policy { links: Marks::Strip, mentions: Marks::Refuse, ..Policy::default() };
        let accounts = [("ember".to_owned(), Policy::default())].into();
        let rules = PostingRules { platform: PlatformRules::NONE, policy, accounts };
        let marks = |account: &str, links: Marks, mentions: Marks| {
            let Policy { links, mentions, .. } =
                rules.of(&AccountId::new(account), TextMarks { links, mentions }).policy;
            (links, mentions)
        };
        use Marks::{Allow, Refuse, Strip};
        assert_eq!(marks("ann", Allow, Allow), (Strip, Refuse));
        assert_eq!(marks("ann", Refuse, Strip), (Refuse, Refuse));
        assert_eq!(marks("Ember", Strip, Allow), (Strip, Allow));
    }
}
