//! What an event of a simulated week sees: the posts of everybody from before its moment, all of them, and none from
//! after it.

use std::collections::BTreeMap;

use puppet_store::SqliteStore;
use puppet_types::{Invocation, Read, ReadStatus};
use serde_json::Value;

use crate::{
    replay::journal,
    support::{list, millis},
    weeks::{week, week_folder},
};

/// An account's posts in the order in which they came: time, then id.
fn posts(of: &Value) -> Vec<(i64, u64)> {
    let one = |post: &Value| (millis(&post["at"]), post["id"].as_str().unwrap().parse().unwrap());
    let mut posts: Vec<_> = of.as_array().unwrap().iter().map(one).collect();
    posts.sort_unstable();
    posts
}

/// By account: the agents of the week have no account of another name.
fn everybody() -> BTreeMap<String, Vec<(i64, u64)>> {
    let account = |agent: &Value| puppet_packs::default_handle(agent["id"].as_str().unwrap());
    list(week(), "agents").iter().map(|agent| (account(agent), posts(&agent["posts"]))).collect()
}

/// The last posts of an account from before the moment of an invocation.
fn check(invocation: &Invocation, read: &Read, written: &[(i64, u64)]) {
    let (at, request): (i64, Value) = (invocation.at.as_millis(), read.request.parse().unwrap());
    let limit = usize::try_from(request["limit"].as_u64().unwrap()).unwrap();
    let there: Vec<_> = written.iter().filter(|post| post.0 < at).copied().collect();
    let seen = posts(&read.answer.parse().unwrap());
    assert_eq!(seen, there[there.len().saturating_sub(limit)..], "{} {}", invocation.id, read.operation);
}

#[tokio::test]
async fn an_event_sees_every_post_from_before_its_moment_and_no_other() {
    let store = SqliteStore::open_read_only(&week_folder().join("data")).unwrap();
    let everybody = everybody();
    let (mut own, mut others) = (0, 0);
    for invocation in journal(&store).await {
        for read in invocation.reads.iter().filter(|read| read.status == ReadStatus::Ok) {
            match read.operation.as_str() {
                "own-posts" => {
                    own += 1;
                    check(&invocation, read, &everybody[&puppet_packs::default_handle(invocation.agent.as_str())]);
                }
                "posts-of" => {
                    others += 1;
                    let request: Value = read.request.parse().unwrap();
                    check(&invocation, read, &everybody[request["account"].as_str().unwrap()]);
                }
                "thread-of" => {
                    let seen = posts(&read.answer.parse().unwrap());
                    assert!(seen.iter().all(|post| post.0 < invocation.at.as_millis()), "{}", invocation.id);
                }
                _ => {}
            }
        }
    }
    assert!(own >= 100 && others >= 10, "{own} looks at own posts, {others} at those of others");
}
