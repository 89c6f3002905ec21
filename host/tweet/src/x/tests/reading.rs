//! What is read from X.

use puppet_types::Code;

use super::{stand::Stand, *};
use crate::{Search, TweetReader};

fn later() -> Timestamp {
    Timestamp::from_system().plus_millis(60_000)
}

fn texts(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.text.as_str()).collect()
}

#[tokio::test]
async fn posts_are_read_as_they_were_written() {
    let there = There::new().await;
    let first = there.posted("ada", post("one & <two> https://example.org/x")).await;
    let answer = there.posted("bob", reply(&first.id, "well")).await;
    there.posted("ada", Action::Quote { of: answer.id.clone(), text: "look".into() }).await;
    there.publish("bob", Action::Like { of: first.id.clone() }).await.unwrap();

    let own = there.x.posts_of(&"ada".into(), later(), 10).await.unwrap();
    assert_eq!(texts(&own), ["look", "one & <two> https://example.org/x"]);
    assert_eq!((own[1].author.as_str(), own[1].likes, own[1].replies), ("ada", 1, 1));
    assert_eq!((&own[0].quotes, own[1].id == first.id), (&Some(answer.id.clone()), true));
    assert_eq!(texts(&there.x.posts_of(&"ada".into(), later(), 1).await.unwrap()), ["look"]);
    assert_eq!(
        there.x.posts_of(&"ada".into(), Timestamp::from_millis(first.at.as_millis() - 1_000), 10).await.unwrap().len(),
        0,
        "not from the future"
    );

    let seen = there.x.timeline(&"ada".into(), later(), 10).await.unwrap();
    assert_eq!(texts(&seen), ["look", "one & <two> https://example.org/x"], "replies are left out");

    let whole = there.x.thread_of(&answer.id, 5, later()).await.unwrap();
    assert_eq!(whole.iter().map(|post| &post.id).collect::<Vec<_>>(), [&first.id, &answer.id]);
    assert_eq!(whole[1].text, "@ada well");
    assert_eq!(whole[1].conversation, first.id);
    assert_eq!(there.x.thread_of(&answer.id, 0, later()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_thread_takes_a_request_for_every_two_posts() {
    let there = There::new().await;
    let mut ids = vec![there.posted("ada", post("0")).await.id];
    for n in 1..12 {
        let before = ids.last().unwrap().clone();
        ids.push(there.posted(if n % 2 == 0 { "ada" } else { "bob" }, reply(&before, &n.to_string())).await.id);
    }
    let lookups = || there.emulator.report()["counts"]["post"].as_u64().unwrap_or(0);
    for (of, depth, read, requests) in
        [(4, 9, 5, 3), (3, 9, 4, 2), (4, 2, 3, 2), (4, 1, 2, 1), (4, 0, 1, 1), (0, 9, 1, 1), (11, 99, 11, 6)]
    {
        let before = lookups();
        let posts = there.x.thread_of(&ids[of], depth, later()).await.unwrap();
        let read_ids: Vec<&PostId> = posts.iter().map(|post| &post.id).collect();
        assert_eq!(read_ids, ids[of + 1 - read..=of].iter().collect::<Vec<_>>(), "{of} {depth}");
        let authors: Vec<&str> = posts.iter().map(|post| post.author.as_str()).collect();
        assert!(authors.windows(2).all(|pair| pair[0] != pair[1]), "{authors:?}");
        assert_eq!(lookups() - before, requests, "{of} {depth}");
    }
    // One that is gone ends it, whoever was to tell of it.
    for (gone, of) in [(2, 3), (2, 4)] {
        let author = if gone % 2 == 0 { "ada" } else { "bob" };
        there.publish(author, Action::Delete { of: ids[gone].clone() }).await.unwrap();
        let posts = there.x.thread_of(&ids[of], 9, later()).await.unwrap();
        assert_eq!(posts.first().map(|post| &post.id), Some(&ids[3]), "{of}");
    }
}

#[tokio::test]
async fn what_was_said_lately_is_found_with_its_conversation() {
    let there = There::new().await;
    let mut written = vec![there.posted("ada", post("fog over the harbour")).await];
    for (n, (author, text)) in
        [("bob", "what fog"), ("ada", "all of it"), ("bob", "no \"fog horn\" then")].iter().enumerate()
    {
        let before = written[n].id.clone();
        written.push(there.posted(author, reply(&before, text)).await);
    }
    let other = there.posted("bob", post("fog horn")).await;
    let found = async |text: &str, limit: usize| -> Vec<PostId> {
        let posts = there.x.search(&Search::parse(text).unwrap(), later(), limit).await.unwrap();
        posts.into_iter().map(|post| post.id).collect()
    };
    let ids = |posts: &[&Post]| posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>();
    assert_eq!(found("FOG", 100).await, ids(&[&other, &written[3], &written[1], &written[0]]));
    assert_eq!(
        found("fog", 2).await,
        ids(&[&other, &written[3]]),
        "X gives no fewer than ten, the guest asked for two"
    );
    assert_eq!(found("\"fog horn\" -conversation_id:1 from:BOB", 9).await, ids(&[&other, &written[3]]));
    assert_eq!(found("fog -horn -from:bob", 9).await, ids(&[&written[0]]));
    assert_eq!(found("sun", 9).await, ids(&[]));
    let early = Timestamp::from_millis(written[0].at.as_millis() - 1_000);
    assert_eq!(there.x.search(&Search::parse("fog").unwrap(), early, 9).await.unwrap(), [], "not from the future");

    let searches = || there.emulator.report()["counts"]["search"].as_u64().unwrap();
    let before = searches();
    for of in &written {
        let whole = there.x.conversation(&of.id, later(), 100).await.unwrap();
        let ids_read: Vec<PostId> = whole.into_iter().map(|post| post.id).collect();
        assert_eq!(ids_read, ids(&[&written[3], &written[2], &written[1], &written[0]]));
    }
    assert_eq!(searches() - before, 4, "one each");
    assert_eq!(there.x.conversation(&PostId::new("17"), later(), 9).await.unwrap_err().code, Code::NotFound);
    assert_eq!(searches() - before, 4, "none of a post that is not there");

    for nothing in ["from:harbour-watch fog", "fog -from:a23456789012345x", "conversation_id:12345678901234567890"] {
        let before = there.requests();
        let error = there.x.search(&Search::parse(nothing).unwrap(), later(), 9).await.unwrap_err();
        assert_eq!((error.code, there.requests()), (Code::InvalidInput, before), "{nothing}");
    }
}

#[tokio::test]
async fn a_conversation_has_the_post_that_is_named_also_where_no_search_finds_it() {
    let told = |id: &str, at: &str| {
        let about =
            serde_json::json!({ "id": id, "text": "fog", "author_id": "1", "conversation_id": "5", "created_at": at });
        (about, serde_json::json!({ "users": [{ "id": "1", "username": "ada" }] }))
    };
    let stand = Stand::new(move |came| {
        let body = if came.line.contains("/search/recent?") {
            let (post, includes) = told("12", "2026-05-09T10:00:00.000Z");
            serde_json::json!({ "data": [post], "includes": includes, "meta": { "result_count": 1 } })
        } else {
            let (post, includes) = told("5", "2026-05-01T10:00:00.000Z");
            serde_json::json!({ "data": post, "includes": includes })
        };
        Some((200, Vec::new(), body.to_string()))
    })
    .await;
    let accounts = [("ada".into(), Secret::new(token("ada")).into())].into();
    let x = X::new(settings(stand.url.clone(), TIMEOUT, accounts)).unwrap();
    let read = async |limit: usize| -> Vec<String> {
        let posts = x.conversation(&PostId::new("5"), later(), limit).await.unwrap();
        posts.into_iter().map(|post| post.id.to_string()).collect()
    };
    assert_eq!((read(9).await, read(1).await), (vec!["12".to_owned(), "5".to_owned()], vec!["12".to_owned()]));
    let asked = stand.lines().into_iter().find(|line| line.contains("/search/recent?")).unwrap();
    assert!(asked.contains("query=conversation_id%3A5+-is%3Aretweet&max_results=10&"), "{asked}");
}

#[tokio::test]
async fn others_are_read_with_the_token_of_one_of_ours() {
    let there = There::with(&["ada"], TIMEOUT).await;
    // Somebody who has no token here.
    let elsewhere = BTreeMap::from([(AccountId::new("eve"), Secret::new(token("eve")).into())]);
    let x = X::new(settings(there.emulator.url(), TIMEOUT, elsewhere)).unwrap();
    x.publish(&order("eve", post("hello"))).await.unwrap();
    assert_eq!(texts(&there.x.posts_of(&"eve".into(), later(), 10).await.unwrap()), ["hello"]);
    let error = there.x.posts_of(&"nobody".into(), later(), 10).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert!(error.message.starts_with("Could not find user"), "{}", error.message);
    // A stranger of the same name is not the agent.
    let error = there.x.own_posts(&"eve".into(), later(), 10).await.unwrap_err();
    assert!(error.code == Code::Refused && error.message.contains("@eve has no token"), "{}", error.message);
}

#[tokio::test]
async fn errors_of_reads_say_what_to_do() {
    let there = There::new().await;
    let error = there.x.thread_of(&PostId::new("17"), 5, later()).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    let error = there.x.timeline(&"eve".into(), later(), 5).await.unwrap_err();
    assert_eq!(error.code, Code::Refused);
    for (kind, code) in [
        (Kind::Closed, Code::ProviderUnavailable),
        (Kind::Failed { status: 503, done: false }, Code::ProviderUnavailable),
        (Kind::Truncated, Code::ProviderUnavailable),
        // The last one: what is used up is not asked again.
        (Kind::RateLimited { reset_s: 30 }, Code::RateLimited),
    ] {
        there.emulator.misbehave(Plan { faults: vec![Fault::from(kind.clone())], ..Plan::default() });
        let error = there.x.timeline(&"ada".into(), later(), 5).await.unwrap_err();
        assert_eq!((error.code, error.retry_after_ms.is_some()), (code, code == Code::RateLimited), "{kind:?}");
    }
}
