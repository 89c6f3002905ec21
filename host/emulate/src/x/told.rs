//! How posts and accounts are told: with the fields that are asked for, and what they refer to beside them.

use std::collections::BTreeSet;

use puppet_types::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    network::{Network, Number, Post},
    number,
    text::{self, Shown},
};
use crate::asked::Asked;

impl Network {
    pub(super) fn user(&self, account: &str) -> Value {
        let name = self.name(account);
        json!({ "id": self.id(name).to_string(), "name": name, "username": name })
    }

    /// Its text, as X gives it back.
    pub(super) fn shown(&self, id: Number) -> Option<Shown> {
        let post = self.there(id)?;
        let answered = post.in_reply_to.and_then(|to| self.ever(to)).map(|to| to.author.as_str());
        let answered = answered.filter(|author| !author.eq_ignore_ascii_case(&post.author));
        let quoted = post.quotes.and_then(|of| self.ever(of));
        let quoted = quoted.map(|of| format!("https://x.com/{}/status/{}", of.author, of.id));
        Some(text::shown(&post.text, answered, quoted.as_deref()))
    }

    /// With the fields that are asked for.
    pub(super) fn told(&self, id: Number, asked: &Asked) -> Option<Value> {
        let post = self.there(id)?;
        let shown = self.shown(id)?;
        let mut told = json!({ "id": id.to_string(), "text": shown.text, "edit_history_tweet_ids": [id.to_string()] });
        for field in asked.list("tweet.fields") {
            let value = match field {
                "author_id" => json!(self.id(&post.author).to_string()),
                "conversation_id" => json!(post.conversation.to_string()),
                "created_at" => json!(Timestamp::from_millis(post.at.as_millis() / 1_000 * 1_000)),
                "entities" => match self.entities(&shown) {
                    entities if entities.is_empty() => continue,
                    entities => Value::Object(entities),
                },
                "in_reply_to_user_id" => match post.in_reply_to.and_then(|to| self.ever(to)) {
                    Some(to) => json!(self.id(&to.author).to_string()),
                    None => continue,
                },
                "referenced_tweets" if post.in_reply_to.or(post.quotes).is_some() => referenced(post),
                "public_metrics" => metrics(post),
                _ => continue,
            };
            told[field] = value;
        }
        Some(told)
    }

    fn entities(&self, shown: &Shown) -> Map<String, Value> {
        let mut entities = Map::new();
        if !shown.urls.is_empty() {
            entities.insert("urls".to_owned(), json!(shown.urls));
        }
        let mentions: Vec<Value> = text::mentions(&shown.text)
            .into_iter()
            .map(|(start, end, name)| {
                json!({ "start": start, "end": end, "username": self.name(&name), "id": self.id(&name).to_string() })
            })
            .collect();
        if !mentions.is_empty() {
            entities.insert("mentions".to_owned(), json!(mentions));
        }
        entities
    }

    /// What posts refer to, beside them, where somebody asks for it.
    pub(super) fn with_includes(&self, mut answer: Value, asked: &Asked) -> Value {
        let expansions = asked.list("expansions");
        let posts: Vec<Number> = match &answer["data"] {
            Value::Array(posts) => posts.iter().filter_map(|post| number(post["id"].as_str()?)).collect(),
            one => one["id"].as_str().and_then(number).into_iter().collect(),
        };
        let posts: Vec<&Post> = posts.into_iter().filter_map(|id| self.there(id)).collect();
        let referred: Vec<&Post> = posts
            .iter()
            .flat_map(|post| [post.in_reply_to, post.quotes])
            .flatten()
            .filter_map(|id| self.there(id))
            .collect();
        let mut users = BTreeSet::new();
        for expansion in &expansions {
            match *expansion {
                "author_id" => users.extend(posts.iter().map(|post| post.author.clone())),
                "in_reply_to_user_id" => {
                    let answered = posts.iter().filter_map(|post| self.ever(post.in_reply_to?));
                    users.extend(answered.map(|post| post.author.clone()));
                }
                "entities.mentions.username" => {
                    let named = posts.iter().flat_map(|post| post.mentions.iter()).filter(|name| self.knows(name));
                    users.extend(named.map(|name| self.name(name).to_owned()));
                }
                "referenced_tweets.id.author_id" => users.extend(referred.iter().map(|post| post.author.clone())),
                _ => {}
            }
        }
        if !users.is_empty() {
            answer["includes"]["users"] = users.iter().map(|name| self.user(name)).collect();
        }
        if expansions.contains(&"referenced_tweets.id") && !referred.is_empty() {
            let told: BTreeSet<Number> = referred.iter().map(|post| post.id).collect();
            answer["includes"]["tweets"] = told.into_iter().filter_map(|id| self.told(id, asked)).collect();
        }
        answer
    }
}

fn metrics(post: &Post) -> Value {
    json!({
        "retweet_count": 0, "reply_count": post.replies, "like_count": post.fans.len(), "quote_count": post.quoted,
        "bookmark_count": 0, "impression_count": 0,
    })
}

fn referenced(post: &Post) -> Value {
    let kinds = [("replied_to", post.in_reply_to), ("quoted", post.quotes)];
    let list = kinds.into_iter().filter_map(|(kind, id)| Some(json!({ "type": kind, "id": id?.to_string() })));
    Value::Array(list.collect())
}
