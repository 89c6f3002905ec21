//! `data/processed_tweets.json`: what the original has seen to, so that no mention is answered a second time.

use puppet_types::PostId;
use serde_json::Value;

use crate::{
    fates::Fates,
    item::{Fault, NULL},
    value::{as_text, expected},
};

/// So many are kept, the last of the list (contract §6).
pub const KEPT: usize = 1_000;
/// Longest id.
const ID_BYTES: usize = 64;

/// Reads the list, the latest last.
pub(crate) fn read(value: &Value) -> Result<(Vec<PostId>, Fates), Fault> {
    let Value::Array(ids) = value else { return Err((String::new(), expected("a list of ids of tweets", value))) };
    let (mut posts, mut fates) = (Vec::new(), Fates::default());
    if ids.is_empty() {
        fates.carried("", value, "seen");
    }
    let first = ids.len().saturating_sub(KEPT);
    for (n, id) in ids.iter().enumerate() {
        let at = format!("[{n}]");
        match id {
            Value::Null => fates.ignored(&at, id, NULL),
            Value::String(_) | Value::Number(_) if n < first => {
                fates.ignored(&at, id, "only the last thousand are kept");
            }
            Value::String(_) | Value::Number(_) => {
                let post = as_text(id);
                let fits =
                    (1..=ID_BYTES).contains(&post.len()) && post.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !fits {
                    return Err((at, format!("expected the id of a tweet, 1 to {ID_BYTES} letters and digits")));
                }
                posts.push(PostId::from(post));
                fates.carried(&at, id, "seen");
            }
            other => return Err((at, expected("the id of a tweet", other))),
        }
    }
    Ok((posts, fates))
}
