//! The `tweet` capability: the interface guests see, the provider traits (shaped by X API v2), X's weighted
//! count, `local`, a timeline in the store where agents meet, and `x`, X itself. Decisions are checked here and recorded by
//! the gate; nothing leaves during a call.

mod accounts;
pub mod caps;
mod check;
mod host;
mod local;
mod order;
mod own;
pub mod plan;
pub mod platform;
pub mod policy;
mod provider;
mod search;
mod url;
mod weight;
mod x;

pub use accounts::Accounts;
pub use check::{ALT_TEXT_CHARS, IMAGES, PARTS};
#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, View, link};
pub use local::{Local, handles};
pub use order::{Action, Delivery, Order, Published};
pub use provider::{Lost, PublishError, Reconciled, TweetPublisher, TweetReader};
pub use search::Search;
pub use weight::{MAX_WEIGHT, weighted_length};
pub use x::{
    Hearing, HearingTerms, Images, Listener, Listening, Manner, Mention, NoCode, OAuth1Keys, OAuth2, OAuthApp,
    ReplySettings, SCOPES, Scope, SignIn, SignInFault, TokenPair, TokenStore, Window, WindowKind, X, XSettings,
    XSetupError, XSign, revoke,
};
