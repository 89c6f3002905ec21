//! One post: written, taken back, looked up.

use serde::Deserialize;
use serde_json::json;

use super::{
    Caller,
    network::{Draft, Network},
    number, problems,
};
use crate::{asked::Asked, record::Record, reply::Reply};

/// `POST /2/tweets`, as far as it is emulated. What else X takes is refused, so that nobody believes it was heeded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    text: String,
    reply: Option<Answering>,
    quote_tweet_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answering {
    in_reply_to_tweet_id: String,
}

impl Network {
    pub(super) fn create(&mut self, caller: Caller<'_>, body: &[u8], record: &mut Record) -> Reply {
        let create: Create = match serde_json::from_slice(body) {
            Ok(create) => create,
            Err(error) => return problems::invalid(error.to_string()),
        };
        if create.text.trim().is_empty() {
            return problems::invalid("text must not be empty");
        }
        let visible = |id: Option<String>, doing: &str| match id {
            None => Ok(None),
            Some(id) => number(&id).filter(|id| self.is_there(*id)).map(Some).ok_or_else(|| {
                let detail = format!("You attempted to {doing} a Tweet that is deleted or not visible to you.");
                problems::forbidden(&detail)
            }),
        };
        let about = visible(create.reply.map(|reply| reply.in_reply_to_tweet_id), "reply to")
            .and_then(|reply| Ok((reply, visible(create.quote_tweet_id, "quote")?)));
        let (in_reply_to, quotes) = match about {
            Ok(about) => about,
            Err(problem) => return problem,
        };
        record.done(match (in_reply_to, quotes) {
            (Some(_), _) => "reply",
            (None, Some(_)) => "quote",
            (None, None) => "post",
        });
        if !self.is_new(caller.account, &create.text) {
            record.counts.duplicates += 1;
        }
        let id = self.post(caller, Draft { text: create.text, in_reply_to, quotes });
        let text = self.shown(id).map(|shown| shown.text);
        Reply::new(201, json!({ "data": { "id": id.to_string(), "text": text } }))
    }

    pub(super) fn delete(&mut self, caller: Caller<'_>, id: &str, record: &mut Record) -> Reply {
        let Some(id) = number(id) else { return problems::invalid("The `id` query parameter value is not valid") };
        match self.author(id) {
            Some(author) if !author.eq_ignore_ascii_case(caller.account) => {
                return problems::forbidden("You are not permitted to delete this Tweet.");
            }
            Some(_) => {
                self.take_back(id);
                record.done("delete");
            }
            None => {}
        }
        Reply::new(200, json!({ "data": { "deleted": true } }))
    }

    /// Up to a hundred, those that are not there beside them as errors.
    pub(super) fn several(&self, asked: &Asked) -> Reply {
        let ids = asked.list("ids");
        if !(1..=100).contains(&ids.len()) || !ids.iter().all(|id| number(id).is_some()) {
            return problems::invalid("The `ids` query parameter value is not valid");
        }
        let (mut posts, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match number(id).and_then(|id| self.told(id, asked)) {
                Some(post) => posts.push(post),
                None => errors.push(problems::missing("tweet", "ids", id)),
            }
        }
        let mut answer = json!({});
        if !posts.is_empty() {
            answer["data"] = json!(posts);
        }
        if !errors.is_empty() {
            answer["errors"] = json!(errors);
        }
        Reply::new(200, self.with_includes(answer, asked))
    }

    pub(super) fn one(&self, id: &str, asked: &Asked) -> Reply {
        match number(id).and_then(|id| self.told(id, asked)) {
            Some(post) => Reply::new(200, self.with_includes(json!({ "data": post }), asked)),
            None => problems::not_found("tweet", "id", id),
        }
    }
}
