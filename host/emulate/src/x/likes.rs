//! Likes.

use serde::Deserialize;
use serde_json::json;

use super::{Caller, network::Network, number, problems};
use crate::{record::Record, reply::Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Like {
    tweet_id: String,
}

impl Network {
    pub(super) fn like(&mut self, caller: Caller<'_>, user: &str, body: &[u8], record: &mut Record) -> Reply {
        if !self.is_own(caller, user) {
            return problems::forbidden(NOT_OWN);
        }
        let like: Like = match serde_json::from_slice(body) {
            Ok(like) => like,
            Err(error) => return problems::invalid(error.to_string()),
        };
        match number(&like.tweet_id).filter(|id| self.is_there(*id)) {
            Some(id) => {
                self.liked(caller, id);
                record.done("like");
                Reply::new(200, json!({ "data": { "liked": true } }))
            }
            None => problems::not_found("tweet", "id", &like.tweet_id),
        }
    }

    pub(super) fn unlike(&mut self, caller: Caller<'_>, user: &str, post: &str) -> Reply {
        if !self.is_own(caller, user) {
            return problems::forbidden(NOT_OWN);
        }
        let Some(id) = number(post) else {
            return problems::invalid("The `tweet_id` query parameter value is not valid");
        };
        self.not_liked(caller, id);
        Reply::new(200, json!({ "data": { "liked": false } }))
    }
}

/// The id in the path is another account's.
pub(super) const NOT_OWN: &str = "The `id` must be the ID of the authenticated user.";
