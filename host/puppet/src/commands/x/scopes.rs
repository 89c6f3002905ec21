//! What an account that signed in does not let its app do, for people.

use puppet_tweet::TokenPair;

use crate::output::Output;

/// The scopes that were not given, as X names them.
pub fn names(pair: &TokenPair) -> Vec<&'static str> {
    pair.lacks().into_iter().map(|scope| scope.name).collect()
}

/// What cannot be done without those, each with the scope that it wants; empty where everything was given.
pub fn told(pair: &TokenPair) -> String {
    let each = pair.lacks().into_iter().map(|scope| format!("without {} {}", scope.name, scope.without));
    each.collect::<Vec<_>>().join("; ")
}

/// What to do about it.
pub fn remedy(account: &str) -> String {
    format!(
        "give the app read and write permission in X's developer portal (User authentication settings), then \
         `puppet x login {account}`"
    )
}

/// Says it, where anything is missing.
pub fn lacking(account: &str, pair: &TokenPair, out: Output) {
    if !pair.lacks().is_empty() {
        out.note(format!("X did not give @{account} all that was asked for: {}: {}", told(pair), remedy(account)));
    }
}
