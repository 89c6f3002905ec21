//! Why an account, or an app, is not signed in: what is wrong, and what its operator does about it. No secret is in any of
//! it, and nothing of what X says about a token: it may hold a part of one.

use puppet_reach::NoConnection;
use puppet_types::Timestamp;

use crate::PublishError;

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// No header can hold what it signs with.
    #[error("what it signs with cannot be sent: it is empty, or holds a character that no key has")]
    Unfit,
    /// Those of OAuth 1.0a.
    #[error("X does not accept its keys (OAuth 1.0a)")]
    WrongKeys,
    /// One that nobody renews.
    #[error("X does not accept its token: it is wrong, has expired or was revoked")]
    WrongToken,
    /// That of OAuth 1.0a: X said so by a number.
    #[error("X says that its access token is wrong, or that its owner took it back")]
    Revoked,
    /// A pair that was renewed just now, or lasts yet.
    #[error(
        "X does not accept its tokens, and new ones neither: its owner took the access back, or the app was changed"
    )]
    PairRefused,
    /// Seconds that X's clock is ahead of this machine's; none where its answer has no time.
    #[error("{}", skew(*.0))]
    ClockSkew(Option<i64>),
    /// In X's words.
    #[error("X has suspended the app or does not know its project: {0}")]
    AppSuspended(String),
    /// In X's words.
    #[error("X does not let the app act so for an account: {0}")]
    NotAllowed(String),
    /// In X's words.
    #[error("the plan of the app has no such request: {0}")]
    PlanLacks(String),
    /// In X's words.
    #[error("X has suspended or locked the account: {0}")]
    Suspended(String),
    /// Whose it is.
    #[error("it signs with the token of @{0}: nothing is posted with it")]
    OtherAccount(String),
    /// No pair is kept.
    #[error("nobody has signed in with it yet, or it was signed out")]
    NeverSignedIn,
    /// The configuration names another app by now.
    #[error("it was signed in with another app than the one that it has now")]
    OtherApp,
    /// X gives no other pair for this one.
    #[error("{}", withdrawn(*.cut_short))]
    Withdrawn {
        /// An earlier attempt's answer never came to be kept.
        cut_short: bool,
    },
    /// Client id, or client secret.
    #[error("X does not accept the client id or the client secret of its app")]
    WrongApp,
    /// Something else is there.
    #[error("what answers at {at} is not X: {what}")]
    NotX {
        /// The address, as it may be shown.
        at: String,
        /// What it is instead.
        what: String,
    },
    /// Nothing left this machine.
    #[error("X cannot be reached at {at}: {why}")]
    Unreached {
        /// The address, as it may be shown.
        at: String,
        /// What happened.
        why: NoConnection,
    },
    /// The pair cannot be read, or not be kept.
    #[error("its tokens cannot be read or kept: {0}")]
    Store(String),
    /// Nothing is left of what was paid for; until when, nobody knows.
    #[error("{0}")]
    Unpaid(PublishError),
    /// Whatever else an answer says.
    #[error("{0}")]
    Answer(PublishError),
}

/// So long from now, to the second.
fn at(wait_ms: u64) -> Timestamp {
    let at = Timestamp::from_system().plus_millis(wait_ms).as_millis();
    Timestamp::from_millis(at - at.rem_euclid(1_000))
}

fn skew(ahead_s: Option<i64>) -> String {
    match ahead_s {
        None | Some(0) => "X says that the clock of this machine is wrong".to_owned(),
        Some(ahead) => {
            let which = if ahead > 0 { "behind" } else { "ahead of" };
            format!("the clock of this machine is {} s {which} that of X, which refuses the signature", ahead.abs())
        }
    }
}

fn withdrawn(cut_short: bool) -> &'static str {
    if cut_short {
        "X gives no new tokens for it: an earlier renewal was cut short after X had made it, and its answer is lost"
    } else {
        "X gives no new tokens for it: the access was taken back, or an old copy of the tokens was used"
    }
}

impl SignInFault {
    /// What to do, for this account (without `@`).
    pub fn remedy(&self, account: &str) -> String {
        let login = format!("`puppet x login {account}`");
        match self {
            Self::Unfit => "put it there as X shows it, on one line".to_owned(),
            Self::WrongKeys => {
                "copy the API key and its secret, the access token and its secret from X's developer portal \
                                once more: making them anew there ends those before"
                    .to_owned()
            }
            Self::Revoked => "make the access token and its secret anew in X's developer portal (Keys and tokens), and put both \
                              where they were"
                .to_owned(),
            Self::WrongToken => {
                format!("put a new one there, or set `oauth2 = true` in [tweet.x.accounts.{account}] and {login}")
            }
            Self::ClockSkew(_) => "set the clock of this machine, best by NTP".to_owned(),
            Self::AppSuspended(_) => "look at the app and its project in X's developer portal".to_owned(),
            Self::NotAllowed(_) => format!(
                "give the app read and write permissions in X's developer portal, and then the account new keys, or {login}; \
                 the bearer token of an app is of no account"
            ),
            Self::PlanLacks(_) => {
                "see in X's developer portal which requests the plan of the app has: it takes a greater one".to_owned()
            }
            Self::Suspended(_) => format!("sign in to X as @{account} by hand, and see what it asks for"),
            Self::OtherAccount(other) => {
                format!("name it in [tweet.x.accounts.{other}], or give @{account} a token of its own")
            }
            Self::NeverSignedIn | Self::OtherApp | Self::Withdrawn { .. } | Self::PairRefused => login,
            Self::WrongApp => {
                "copy both from X's developer portal (OAuth 2.0): an app that has a secret needs it".to_owned()
            }
            Self::NotX { .. } => "leave out tweet.x.endpoint for X itself, or name what `puppet emulate` prints".to_owned(),
            Self::Unreached { why, .. } => match why {
                NoConnection::UnknownHost => "see whether tweet.x.endpoint is right, and whether this machine finds names (DNS)",
                NoConnection::Refused => "see whether tweet.x.endpoint is right, and whether anything runs there",
                NoConnection::Insecure(_) => {
                    "see whether tweet.x.endpoint is right, what stands between this machine and X, and whether its clock is \
                     right"
                }
                NoConnection::TooLate | NoConnection::Other => {
                    "see whether this machine reaches tweet.x.endpoint: a firewall or a proxy may stand between"
                }
            }
            .to_owned(),
            Self::Store(_) => "see what is wrong with the data folder".to_owned(),
            Self::Unpaid(_) => "add credit in X's developer portal".to_owned(),
            Self::Answer(PublishError::UsageCap { retry_after_ms, .. }) => {
                format!("wait until {}, or take a greater plan in X's developer portal", at(*retry_after_ms))
            }
            Self::Answer(PublishError::Capped { retry_after_ms, .. }) => {
                format!("raise the cap in [tweet.x.plan], or wait until {}", at(*retry_after_ms))
            }
            Self::Answer(PublishError::RateLimited { retry_after_ms }) => {
                format!("wait until {}: nothing is wrong", at(*retry_after_ms))
            }
            Self::Answer(_) => "try again later".to_owned(),
        }
    }

    /// Whether it passes by itself: nothing is to be mended.
    pub fn passes(&self) -> bool {
        use PublishError as E;
        matches!(self, Self::Answer(E::RateLimited { .. } | E::UsageCap { .. } | E::Capped { .. } | E::Unavailable(_)))
    }

    /// What to do, for an app of that name and its bearer token.
    pub fn remedy_of_app(&self, app: &str) -> String {
        match self {
            Self::WrongToken => "copy its bearer token from X's developer portal once more".to_owned(),
            Self::NotAllowed(_) => "put the app's own bearer token there, and no account's".to_owned(),
            Self::Suspended(_) => "look at the app and its project in X's developer portal".to_owned(),
            _ => self.remedy(app),
        }
    }

    /// It stays so until somebody mends it.
    pub fn is_lasting(&self) -> bool {
        use SignInFault as F;
        !matches!(self, F::Unreached { .. } | F::Store(_) | F::Unpaid(_) | F::Answer(_) | F::NotX { .. })
    }

    /// As what an effect, or a read, of this account ends with. Nothing was done.
    pub(in crate::x) fn of(self, who: &str) -> PublishError {
        let remedy = match who.strip_prefix('@') {
            Some(account) => self.remedy(account),
            None => self.remedy_of_app(who),
        };
        let words = format!("{who}: {self}: {remedy}");
        match self {
            Self::Answer(error) | Self::Unpaid(error) => error,
            Self::Suspended(_) => PublishError::Suspended(words),
            Self::NotX { .. } | Self::Unreached { .. } | Self::Store(_) => PublishError::Unavailable(words),
            _ => PublishError::Unauthorized(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_names_the_account_the_cause_and_the_remedy() {
        for (fault, said, remedy) in [
            (SignInFault::ClockSkew(Some(700)), "700 s behind", "set the clock"),
            (SignInFault::ClockSkew(Some(-700)), "700 s ahead of", "set the clock"),
            (SignInFault::Withdrawn { cut_short: true }, "cut short", "puppet x login ada"),
            (SignInFault::PairRefused, "new ones neither", "puppet x login ada"),
            (SignInFault::Revoked, "took it back", "developer portal (Keys and tokens)"),
            (SignInFault::OtherAccount("bob".into()), "of @bob", "[tweet.x.accounts.bob]"),
        ] {
            let PublishError::Unauthorized(words) = fault.clone().of("@ada") else { panic!("{fault}") };
            assert!(words.starts_with("@ada: ") && words.contains(said) && words.contains(remedy), "{words}");
        }
        let unreached = SignInFault::Unreached { at: "https://api.x.com".to_owned(), why: NoConnection::UnknownHost };
        let PublishError::Unavailable(words) = unreached.of("@ada") else { panic!("it may pass") };
        let parts = ["@ada: ", "https://api.x.com", "no host of that name", "tweet.x.endpoint"];
        assert!(parts.iter().all(|part| words.contains(part)), "{words}");
        let PublishError::Unauthorized(words) = SignInFault::WrongToken.of("the app `main`") else {
            panic!("of an app")
        };
        assert!(words.contains("bearer token") && !words.contains("accounts"), "{words}");
    }
}
