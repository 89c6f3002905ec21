//! X's JSON: what is sent, and what is read of an answer, leniently.

mod errors;

use puppet_types::{AccountId, PostId, Timestamp};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Draft;
use crate::platform::Answered;
pub(super) use errors::{code, missing, words};

/// What is asked of every post that is read.
pub(super) const POST_FIELDS: &str =
    "author_id,conversation_id,created_at,entities,id,note_tweet,public_metrics,referenced_tweets,text";

/// Longest id in digits, of whatever.
const ID_DIGITS: usize = 19;
/// Longest name of an account.
const NAME_BYTES: usize = 15;

/// Whether X could have an id like this. Others are in no request.
pub(super) fn is_id(id: &str) -> bool {
    (1..=ID_DIGITS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether X could have an account of this name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The usual frame.
#[derive(Debug, Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Liked {
    pub(super) liked: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deleted {
    pub(super) deleted: bool,
}

/// A list of posts; without `data` where there are none.
#[derive(Debug, Deserialize)]
#[serde(from = "Told")]
pub(super) struct Page {
    pub(super) data: Vec<Tweet>,
    /// Those that are there and cannot be read.
    pub(super) unread: Vec<Value>,
    pub(super) includes: Includes,
    pub(super) meta: Meta,
    errors: Vec<Value>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    data: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "or_absent")]
    includes: Includes,
    #[serde(default, deserialize_with = "or_absent")]
    meta: Meta,
    #[serde(default)]
    errors: Option<Vec<Value>>,
}

impl From<Told> for Page {
    fn from(told: Told) -> Self {
        let Told { data, includes, meta, errors } = told;
        let (mut data_read, mut unread) = (Vec::new(), Vec::new());
        for one in data.unwrap_or_default() {
            match Tweet::deserialize(&one) {
                Ok(tweet) => data_read.push(tweet),
                Err(_) => unread.push(one),
            }
        }
        Self { data: data_read, unread, includes, meta, errors: errors.unwrap_or_default() }
    }
}

/// What stands beside a post is no reason not to read it: null, or something else than it should be, is as if it were absent.
fn or_absent<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

/// The same of a list: those of it that can be read.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let all: Vec<Value> = or_absent(from)?;
    Ok(all.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

impl Page {
    /// Whether all that belongs on it is there, by X's own word.
    pub(super) fn is_whole(&self) -> bool {
        self.errors.is_empty() && self.unread.is_empty() && self.is_counted()
    }

    /// Whether as many are there as X counts. Errors beside them may be about what they refer to.
    pub(super) fn is_counted(&self) -> bool {
        self.meta.result_count == Some(self.data.len() + self.unread.len())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct One {
    pub(super) data: Tweet,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) includes: Includes,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Includes {
    #[serde(default, deserialize_with = "readable")]
    pub(super) users: Vec<User>,
    /// What the others refer to.
    #[serde(default, deserialize_with = "readable")]
    pub(super) tweets: Vec<Tweet>,
}

impl One {
    /// As the rules look at it; none where it is not told who wrote it.
    pub(super) fn answered(&self) -> Option<Answered> {
        let name = |id: Option<&str>| {
            let user = self.includes.users.iter().find(|user| Some(user.id.as_str()) == id);
            user.map(|user| AccountId::new(&user.username))
        };
        let author = |id: Option<PostId>| {
            let id = id?;
            let tweet = self.includes.tweets.iter().find(|tweet| tweet.id == id.as_str())?;
            name(tweet.author_id.as_deref())
        };
        let tweet = &self.data;
        let begun = tweet.conversation_id.as_deref().map(PostId::new);
        Some(Answered {
            author: name(tweet.author_id.as_deref())?,
            text: tweet.text.clone(),
            quotes: author(tweet.quotes()),
            answers: name(tweet.in_reply_to_user_id.as_deref()).or_else(|| author(tweet.in_reply_to())),
            begun_by: author(begun),
        })
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) next_token: Option<String>,
    #[serde(default)]
    result_count: Option<usize>,
}

/// A post.
#[derive(Debug, Deserialize)]
pub(super) struct Tweet {
    pub(super) id: String,
    pub(super) text: String,
    #[serde(default)]
    pub(super) author_id: Option<String>,
    #[serde(default)]
    pub(super) conversation_id: Option<String>,
    #[serde(default)]
    pub(super) in_reply_to_user_id: Option<String>,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) entities: Entities,
    /// The whole of a text that is longer than a post may be here.
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) note_tweet: Option<Note>,
    #[serde(default, deserialize_with = "readable")]
    pub(super) referenced_tweets: Vec<Referenced>,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) public_metrics: Metrics,
}

#[derive(Debug, Deserialize)]
pub(super) struct Note {
    pub(super) text: String,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) entities: Entities,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Entities {
    #[serde(default, deserialize_with = "readable")]
    pub(super) urls: Vec<Link>,
}

/// A link as it stands in the text, and where it leads.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) url: String,
    #[serde(default)]
    pub(super) expanded_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Referenced {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Metrics {
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) like_count: u32,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) reply_count: u32,
    #[serde(default, deserialize_with = "or_absent")]
    pub(super) quote_count: u32,
}

impl Tweet {
    pub(super) fn in_reply_to(&self) -> Option<PostId> {
        self.referenced("replied_to")
    }

    pub(super) fn quotes(&self) -> Option<PostId> {
        self.referenced("quoted")
    }

    /// Somebody else's words, passed on.
    pub(super) fn is_repost(&self) -> bool {
        self.referenced("retweeted").is_some()
    }

    fn referenced(&self, kind: &str) -> Option<PostId> {
        self.referenced_tweets.iter().find(|other| other.kind == kind).map(|other| PostId::new(&other.id))
    }

    pub(super) fn at(&self) -> Option<Timestamp> {
        Timestamp::parse(self.created_at.as_deref()?)
    }
}

/// The body of `POST /2/tweets`.
pub(super) fn creation(draft: &Draft<'_>) -> Value {
    let mut body = json!({ "text": draft.text });
    if let Some(to) = draft.in_reply_to {
        body["reply"] = json!({ "in_reply_to_tweet_id": to });
    }
    if let Some(of) = draft.quotes {
        body["quote_tweet_id"] = json!(of);
    }
    if !draft.media.is_empty() {
        body["media"] = json!({ "media_ids": draft.media });
    }
    body
}

/// The body of `POST /2/users/:id/likes`.
pub(super) fn like(of: &PostId) -> Value {
    json!({ "tweet_id": of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole_where_x_says_so() {
        let post = r#"{"id":"1","text":"fog"}"#;
        for (body, is_whole) in [
            (r#"{"meta":{"result_count":0}}"#.to_owned(), true),
            (format!(r#"{{"data":[{post}],"meta":{{"result_count":1}}}}"#), true),
            (r#"{"data":[],"meta":{"result_count":1}}"#.to_owned(), false),
            (r#"{"meta":{"result_count":0},"errors":[{"title":"Service Unavailable"}]}"#.to_owned(), false),
            (format!(r#"{{"data":[{post}],"meta":{{"result_count":1}},"errors":[{{}}]}}"#), false),
            (r#"{"data":[]}"#.to_owned(), false),
            ("{}".to_owned(), false),
        ] {
            assert_eq!(serde_json::from_str::<Page>(&body).unwrap().is_whole(), is_whole, "{body}");
        }
    }

    #[test]
    fn one_odd_post_keeps_no_other_back() {
        let odd = [
            r#"{"id":"2","text":"a","entities":null,"referenced_tweets":null,"public_metrics":null,"note_tweet":null}"#,
            r#"{"id":"3","text":"a","entities":{"urls":null},"public_metrics":{"like_count":-1,"reply_count":4}}"#,
            r#"{"id":"4","text":"a","entities":{"urls":[{},{"url":"u"}]},"referenced_tweets":[7,{"type":"quoted","id":"1"}]}"#,
            r#"{"id":"5","text":null}"#,
            r#"{"id":"6","text":"a","author_id":"9"}"#,
        ];
        let users = r#"{"users":[null,{"id":"9","username":"cy"}],"tweets":null}"#;
        let body = |meta: &str| format!(r#"{{"data":[{}],"includes":{users},"errors":null{meta}}}"#, odd.join(","));
        let page: Page = serde_json::from_str(&body(r#","meta":{"result_count":5}"#)).unwrap();
        assert_eq!(page.data.iter().map(|tweet| tweet.id.as_str()).collect::<Vec<_>>(), ["2", "3", "4", "6"]);
        assert_eq!((page.unread.len(), page.includes.users.len()), (1, 1));
        assert_eq!((page.data[1].public_metrics.like_count, page.data[1].public_metrics.reply_count), (0, 4));
        assert_eq!((page.data[2].quotes(), page.data[2].entities.urls.len()), (Some("1".into()), 1));
        assert!(page.is_counted() && !page.is_whole(), "the one that is sought may be the one that cannot be read");
        let page: Page = serde_json::from_str(r#"{"data":null,"includes":null,"meta":{"result_count":0}}"#).unwrap();
        assert!(page.is_whole());
    }
}
