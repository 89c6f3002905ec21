//! Accounts: oneself, and by name.

use serde_json::json;

use super::{Caller, network::Network, number, problems};
use crate::reply::Reply;

impl Network {
    pub(super) fn me(&self, caller: Caller<'_>) -> Reply {
        Reply::new(200, json!({ "data": self.user(caller.account) }))
    }

    pub(super) fn of_number(&self, id: &str) -> Reply {
        match number(id).and_then(|id| self.of_id(id)) {
            Some(name) => Reply::new(200, json!({ "data": self.user(name) })),
            None => problems::not_found("user", "id", id),
        }
    }

    pub(super) fn named(&self, name: &str) -> Reply {
        if self.knows(name) {
            Reply::new(200, json!({ "data": self.user(name) }))
        } else {
            problems::not_found("user", "username", name)
        }
    }
}
