//! What an account lets its app do (the scopes of OAuth 2): what a sign-in asks for, and what cannot be done where X gave
//! less. What each request needs is in X's description of its API.

use super::TokenPair;

/// A part of what an account lets its app do.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// As X names it.
    pub name: &'static str,
    /// What follows where it was not given.
    pub without: &'static str,
}

/// What is asked for: what agents do on X, and tokens that can be renewed.
pub const SCOPES: [Scope; 6] = [
    Scope { name: "tweet.read", without: "nothing is posted, heard or read" },
    Scope { name: "users.read", without: "nothing is posted, heard or read" },
    Scope { name: "tweet.write", without: "nothing is posted, answered or deleted" },
    Scope { name: "like.write", without: "nothing is liked" },
    Scope { name: "media.write", without: "no post has images" },
    Scope { name: "offline.access", without: "the tokens end after two hours, and nobody can renew them" },
];

/// Without these X does not even say whose a token is.
const LEAST: [&str; 2] = ["tweet.read", "users.read"];

/// All of them, as a sign-in asks for them.
pub(super) fn asked() -> String {
    SCOPES.each_ref().map(|scope| scope.name).join(" ")
}

impl Scope {
    /// Whether nobody posts without it.
    pub fn is_needed_to_post(&self) -> bool {
        self.name == "tweet.write" || LEAST.contains(&self.name)
    }
}

impl TokenPair {
    /// What was asked for and not given. Where X says nothing of it, that is everything (RFC 6749 §5.1).
    pub fn lacks(&self) -> Vec<&'static Scope> {
        let given: Vec<&str> = self.scope.split_whitespace().collect();
        SCOPES.iter().filter(|scope| !given.is_empty() && !given.contains(&scope.name)).collect()
    }

    /// Those that it lacks of what X wants to be asked anything.
    pub(super) fn lacks_least(&self) -> Vec<&'static str> {
        self.lacks().into_iter().map(|scope| scope.name).filter(|name| LEAST.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::{Secret, Timestamp};

    use super::*;

    #[test]
    fn what_was_not_given_is_known_by_what_x_says_alone() {
        let lacks = |scope: &str| {
            let pair = TokenPair {
                access: Secret::new("a"),
                refresh: None,
                expires: Timestamp::from_millis(0),
                scope: scope.to_owned(),
                client_id: "app".to_owned(),
                asked: None,
            };
            pair.lacks().into_iter().map(|scope| scope.name).collect::<Vec<_>>()
        };
        assert_eq!(lacks(&asked()), [""; 0]);
        assert_eq!(lacks(""), [""; 0], "where nothing is said it is what was asked for");
        assert_eq!(
            lacks("users.read  tweet.read follows.write"),
            ["tweet.write", "like.write", "media.write", "offline.access"]
        );
        let needed: Vec<_> = SCOPES.iter().filter(|scope| scope.is_needed_to_post()).map(|scope| scope.name).collect();
        assert_eq!(needed, ["tweet.read", "users.read", "tweet.write"]);
    }
}
