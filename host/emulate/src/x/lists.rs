//! Lists of posts, a page at a time, newest first.

use serde_json::{Value, json};

use super::{
    Caller,
    likes::NOT_OWN,
    network::{Network, Number, Post},
    number,
    pages::{self, Page},
    problems,
    query::Query,
};
use crate::{asked::Asked, reply::Reply};

impl Network {
    pub(super) fn posts_of(&self, user: &str, asked: &Asked) -> Reply {
        let Some(author) = number(user).and_then(|id| self.of_id(id)) else {
            return problems::not_found("user", "id", user);
        };
        match Page::of(asked, 5) {
            Ok(page) => self.paged(page, asked, |post| post.author.eq_ignore_ascii_case(author)),
            Err(reply) => reply,
        }
    }

    pub(super) fn timeline(&self, caller: Caller<'_>, user: &str, asked: &Asked) -> Reply {
        if !self.is_own(caller, user) {
            return problems::forbidden(NOT_OWN);
        }
        match Page::of(asked, 1) {
            Ok(page) => self.paged(page, asked, |_| true),
            Err(reply) => reply,
        }
    }

    pub(super) fn mentions_of(&self, user: &str, asked: &Asked) -> Reply {
        let Some(name) = number(user).and_then(|id| self.of_id(id)) else {
            return problems::not_found("user", "id", user);
        };
        let name = name.to_ascii_lowercase();
        match Page::of(asked, 5) {
            Ok(page) => self.paged(page, asked, |post| post.mentions.contains(&name)),
            Err(reply) => reply,
        }
    }

    pub(super) fn search(&self, asked: &Asked) -> Reply {
        let Some(text) = asked.query.get("query") else {
            return problems::invalid("The `query` query parameter can not be empty");
        };
        let Some(query) = Query::parse(text) else {
            return problems::invalid(format!("There were errors processing your request: {text:?} is no query"));
        };
        match Page::of(asked, 10) {
            Ok(page) => self.paged(page, asked, |post| query.takes(self, post)),
            Err(reply) => reply,
        }
    }

    /// A page of those that are meant.
    fn paged(&self, page: Page, asked: &Asked, is_meant: impl Fn(&Post) -> bool) -> Reply {
        let mut ids = self.newest(page.ids(), |post| page.takes(post) && is_meant(post));
        let page_ids: Vec<Number> = ids.by_ref().take(page.size).collect();
        let more = ids.next().is_some();
        let posts: Vec<Value> = page_ids.iter().filter_map(|id| self.told(*id, asked)).collect();
        let (Some(newest), Some(oldest)) = (page_ids.first(), page_ids.last()) else {
            return Reply::new(200, json!({ "meta": { "result_count": 0 } }));
        };
        let mut meta = json!({
            "result_count": posts.len(), "newest_id": newest.to_string(), "oldest_id": oldest.to_string(),
        });
        if more {
            meta["next_token"] = json!(pages::token(*oldest));
        }
        Reply::new(200, self.with_includes(json!({ "data": posts, "meta": meta }), asked))
    }
}
