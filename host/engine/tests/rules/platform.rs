//! What the real platform would refuse is counted of what was done here, with the posts and authors as they are.

use puppet_engine::report::refused_by_platform;
use puppet_store::{Post, PostStore as _};
use puppet_tweet::{
    platform::PlatformRules,
    policy::{Marks, Policy, PostingRules},
};
use puppet_types::AccountId;

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

fn post(id: &str, author: &str, text: &str, [answers, quotes, conversation]: [Option<&str>; 3]) -> Post {
    Post {
        id: id.into(),
        author: AccountId::new(author),
        text: text.to_owned(),
        at: start(),
        in_reply_to: answers.map(Into::into),
        quotes: quotes.map(Into::into),
        conversation: conversation.unwrap_or(id).into(),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

#[tokio::test]
async fn replies_are_judged_by_the_posts_around_them() {
    let steps = [
        Step::Reply("1"),
        Step::Reply("2"),
        Step::Reply("3"),
        Step::Reply("4"),
        Step::Reply("5"),
        Step::Reply("6"),
        Step::Like("1"),
        Step::Quote("1"),
        Step::Post("$SOL and $ETH"),
    ];
    let cast = Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    let posts = [
        post("1", "cy", "nobody was asked", [None; 3]),
        post("2", "cy", "what does @Ann say?", [None; 3]),
        post("3", "ann", "a thread of my own", [None; 3]),
        post("4", "cy", "nice thread", [Some("3"), None, Some("3")]),
        post("5", "cy", "look at this", [None, Some("3"), None]),
        post("6", "cy", "and at this", [Some("5"), Some("1"), Some("5")]),
    ];
    for post in posts {
        let effect = format!("eff_{}", post.id);
        scene.store.publish(&effect.as_str().into(), vec![post]).await.unwrap();
    }
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    let rules = PostingRules { platform: PlatformRules::SELF_SERVE, policy: Policy::default(), accounts: [].into() };
    let refused = refused_by_platform(&scene.host, &"ann".into(), &rules).await.unwrap();
    let expected =
        [("like-not-allowed", 1), ("quote-not-allowed", 1), ("reply-not-summoned", 2), ("too-many-cashtags", 1)];
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), expected);
    assert!(refused_by_platform(&scene.host, &"bob".into(), &rules).await.unwrap().is_empty());
    // Where X takes all of it the operator may not.
    let policy =
        Policy { mentions: Marks::Refuse, duplicate_days: 1, deny: ["cy".to_owned()].into(), ..Policy::default() };
    let rules = PostingRules { platform: PlatformRules::NONE, policy, accounts: [].into() };
    let refused = refused_by_platform(&scene.host, &"ann".into(), &rules).await.unwrap();
    let expected = [("author-not-heard", 6)];
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), expected);
    let policy = Policy { duplicate_days: 1, ..Policy::default() };
    let rules = PostingRules { platform: PlatformRules::NONE, policy, accounts: [].into() };
    let refused = refused_by_platform(&scene.host, &"ann".into(), &rules).await.unwrap();
    assert!(refused.keys().eq(&["same-text-again"]), "six answers of the same words: {refused:?}");
}
