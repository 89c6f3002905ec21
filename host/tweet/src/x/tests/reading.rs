//! What is read from X.

use puppet_types::Code;

use super::*;
use crate::TweetReader;

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
