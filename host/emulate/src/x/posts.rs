//! One post: written, taken back, looked up.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Caller,
    network::{Draft, Network, Number},
    number, problems,
};
use crate::{
    asked::Asked,
    faults::{Plan, Problem},
    record::Record,
    reply::Reply,
};

/// `POST /2/tweets`, as far as it is emulated. What else X takes is refused, so that nobody believes it was heeded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(default)]
    text: String,
    reply: Option<Answering>,
    quote_tweet_id: Option<String>,
    media: Option<Attached>,
    reply_settings: Option<WhoAnswers>,
    community_id: Option<String>,
    share_with_followers: Option<bool>,
    for_super_followers_only: Option<bool>,
    nullcast: Option<bool>,
    /// X's description of its API has it not yet, nor the next.
    made_with_ai: Option<bool>,
    paid_partnership: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answering {
    in_reply_to_tweet_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    media_ids: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum WhoAnswers {
    Following,
    MentionedUsers,
    Subscribers,
    Verified,
}

impl Create {
    /// What is kept beside the text, as it was sent.
    fn settings(&self) -> Map<String, Value> {
        let all = json!({
            "reply_settings": self.reply_settings, "community_id": self.community_id,
            "share_with_followers": self.share_with_followers,
            "for_super_followers_only": self.for_super_followers_only, "nullcast": self.nullcast,
            "made_with_ai": self.made_with_ai, "paid_partnership": self.paid_partnership,
        });
        let all = all.as_object().cloned().unwrap_or_default();
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

impl Network {
    pub(super) fn create(&mut self, caller: Caller<'_>, body: &[u8], plan: &Plan, record: &mut Record) -> Reply {
        let create: Create = match serde_json::from_slice(body) {
            Ok(create) => create,
            Err(error) => return problems::invalid(error.to_string()),
        };
        if create.text.trim().is_empty() && create.media.is_none() {
            return problems::invalid("text must not be empty");
        }
        if create.community_id.as_ref().is_some_and(|id| number(id).is_none()) {
            return problems::invalid("community_id is not valid");
        }
        let settings = create.settings();
        let media = match self.attached(caller, &create) {
            Ok(media) => media,
            Err(problem) => return problem,
        };
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
        if plan.self_serve {
            if quotes.is_some() {
                return Problem::NotPermitted.reply(0);
            }
            if in_reply_to.is_some_and(|to| !self.is_summoned(caller, to)) {
                return Problem::ReplyNotAllowed.reply(0);
            }
        }
        record.done(match (in_reply_to, quotes) {
            (Some(_), _) => "reply",
            (None, Some(_)) => "quote",
            (None, None) => "post",
        });
        if !self.is_new(caller.account, &create.text) {
            record.counts.duplicates += 1;
        }
        let id = self.post(caller, Draft { text: create.text, in_reply_to, quotes, media, settings });
        let text = self.shown(id).map(|shown| shown.text);
        Reply::new(201, json!({ "data": { "id": id.to_string(), "text": text } }))
    }

    /// Uploads of this account that are ready, one to four.
    fn attached(&self, caller: Caller<'_>, create: &Create) -> Result<Vec<Number>, Reply> {
        let Some(Attached { media_ids }) = &create.media else { return Ok(Vec::new()) };
        let is_ready = |id: &Number| self.media.get(id).is_some_and(|media| media.is_ready(caller.account));
        let ids: Option<Vec<Number>> = media_ids.iter().map(|id| number(id).filter(is_ready)).collect();
        match ids {
            Some(ids) if (1..=4).contains(&ids.len()) && create.quote_tweet_id.is_none() => Ok(ids),
            _ => Err(problems::invalid("Your media IDs are invalid.")),
        }
    }

    /// Whether the author has named this account there, or the thread began with it.
    fn is_summoned(&self, caller: Caller<'_>, to: Number) -> bool {
        let Some(post) = self.there(to) else { return false };
        let own = |id: Number| self.author(id).is_some_and(|author| author.eq_ignore_ascii_case(caller.account));
        let is_named = post.mentions.contains(&caller.account.to_ascii_lowercase());
        is_named || own(to) || own(post.conversation) || post.quotes.is_some_and(own)
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
