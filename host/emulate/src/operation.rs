//! Which operation a request asks for.

use serde::{Deserialize, Serialize};

use crate::asked::Asked;

/// What can be asked for, as plans and reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `POST /2/tweets`.
    CreatePost,
    /// `DELETE /2/tweets/:id`.
    DeletePost,
    /// `GET /2/tweets/:id`.
    Post,
    /// `GET /2/users/me`.
    Me,
    /// `GET /2/users/by/username/:name`.
    User,
    /// `GET /2/users/:id/tweets`.
    PostsOf,
    /// `GET /2/users/:id/timelines/reverse_chronological`.
    Timeline,
    /// `POST /2/users/:id/likes`.
    Like,
    /// `DELETE /2/users/:id/likes/:post`.
    Unlike,
    /// `GET /2/tweets?ids=`.
    Posts,
    /// `GET /2/users/:id`.
    UserById,
    /// `GET /2/users/:id/mentions`.
    Mentions,
    /// `GET /2/tweets/search/recent`.
    Search,
    /// `GET /2/tweets/search/stream`.
    Stream,
    /// `GET /2/tweets/search/stream/rules`.
    Rules,
    /// `POST /2/tweets/search/stream/rules`.
    ChangeRules,
    /// `GET /i/oauth2/authorize`.
    Authorize,
    /// `POST /2/oauth2/token`, and `POST /oauth2/token` for an app's own token.
    Token,
    /// `POST /2/oauth2/revoke`.
    Revoke,
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `POST /v1/moderations`.
    Moderations,
    /// `GET /v1/models`.
    Models,
    /// `GET /v1/models/:name`.
    Model,
}

/// An operation with what the path says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// An id or a name; empty where the path has none.
    pub(crate) of: String,
    /// A second id.
    pub(crate) and: String,
}

impl Operation {
    /// Whether a model is asked, and not X.
    pub(crate) fn is_of_model(self) -> bool {
        use Operation as O;
        matches!(self, O::Chat | O::Responses | O::Embeddings | O::Moderations | O::Models | O::Model)
    }
}

impl Operation {
    /// Whether somebody signs in, and so has no token yet.
    pub(crate) fn is_of_sign_in(self) -> bool {
        matches!(self, Self::Authorize | Self::Token | Self::Revoke)
    }

    /// Whether an app may ask it without an account.
    pub(crate) fn by_app(self) -> bool {
        use Operation as O;
        let reads = matches!(self, O::Post | O::Posts | O::User | O::UserById | O::PostsOf | O::Mentions | O::Search);
        reads || !self.by_user()
    }

    /// Whether an account may ask it.
    pub(crate) fn by_user(self) -> bool {
        !matches!(self, Self::Stream | Self::Rules | Self::ChangeRules)
    }

    /// What a token of OAuth 2 has to be good for.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        use Operation as O;
        match self {
            O::CreatePost | O::DeletePost => &["tweet.read", "tweet.write", "users.read"],
            O::Like | O::Unlike => &["tweet.read", "users.read", "like.write"],
            _ => &["tweet.read", "users.read"],
        }
    }
}

impl Asked {
    /// None: there is no such thing here.
    pub(crate) fn call(&self) -> Option<Call> {
        use Operation as O;
        let parts: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        let (operation, of) = match (self.method.as_str(), parts.as_slice()) {
            ("POST", ["2", "tweets"]) => (O::CreatePost, ""),
            ("DELETE", ["2", "tweets", id]) => (O::DeletePost, *id),
            ("GET", ["2", "tweets", "search", "stream"]) => (O::Stream, ""),
            ("GET", ["2", "tweets", "search", "stream", "rules"]) => (O::Rules, ""),
            ("POST", ["2", "tweets", "search", "stream", "rules"]) => (O::ChangeRules, ""),
            ("GET", ["2", "tweets", "search", "recent"]) => (O::Search, ""),
            ("GET", ["2", "tweets", id]) => (O::Post, *id),
            ("GET", ["2", "users", "me"]) => (O::Me, ""),
            ("GET", ["2", "users", "by", "username", name]) => (O::User, *name),
            ("GET", ["2", "tweets"]) => (O::Posts, ""),
            ("GET", ["2", "users", id, "mentions"]) => (O::Mentions, *id),
            ("GET", ["2", "users", id]) => (O::UserById, *id),
            ("DELETE", ["2", "users", id, "likes", post]) => {
                return Some(Call { operation: O::Unlike, of: (*id).to_owned(), and: (*post).to_owned() });
            }
            ("GET", ["i", "oauth2", "authorize"]) => (O::Authorize, ""),
            ("POST", ["2", "oauth2", "token"] | ["oauth2", "token"]) => (O::Token, ""),
            ("POST", ["2", "oauth2", "revoke"]) => (O::Revoke, ""),
            ("GET", ["2", "users", id, "tweets"]) => (O::PostsOf, *id),
            ("GET", ["2", "users", id, "timelines", "reverse_chronological"]) => (O::Timeline, *id),
            ("POST", ["2", "users", id, "likes"]) => (O::Like, *id),
            ("POST", ["v1", "chat", "completions"]) => (O::Chat, ""),
            ("POST", ["v1", "responses"]) => (O::Responses, ""),
            ("POST", ["v1", "embeddings"]) => (O::Embeddings, ""),
            ("POST", ["v1", "moderations"]) => (O::Moderations, ""),
            ("GET", ["v1", "models"]) => (O::Models, ""),
            // Names of models have slashes.
            ("GET", ["v1", "models", ..]) => {
                return Some(Call { operation: O::Model, of: parts[2..].join("/"), and: String::new() });
            }
            _ => return None,
        };
        Some(Call { operation, of: of.to_owned(), and: String::new() })
    }
}
