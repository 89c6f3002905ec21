//! What is told of what happens.

use super::*;

/// The names of all topics that these say.
fn said(hub: &Arc<Hub>, happenings: Vec<Happening>) -> Vec<(Topic, Value)> {
    let mut reader = hub.open(viewer(None), ALL, None).unwrap();
    hub.take(happenings);
    let mut all = Vec::new();
    while let Some(Next::Messages(messages)) = futures::FutureExt::now_or_never(reader.next()) {
        all.extend(messages.iter().map(|message| (message.topic, object(&reader, message))));
    }
    all
}

#[tokio::test]
async fn effects_are_told_under_what_they_are_to_whoever_watches() {
    use puppet_store::EffectState::{Done, DryRun, Expired, Failed, WaitingForApproval};
    let hub = hub();
    let tried = |kind, state| Happening::Effect {
        at: at(1),
        effect: "f1".into(),
        agent: "a".into(),
        kind,
        state,
        posts: vec![conformance::post("7", "ann", 1)],
        about: Some("5".into()),
    };
    let kept = |state| Happening::Kept {
        at: at(1),
        effect: Box::new(puppet_store::Effect { state, ..conformance::effect("f1", "i1", 0) }),
    };
    let cases = [
        (tried("post", Done), vec![Topic::OutboxEnded, Topic::AgentPost]),
        (tried("thread", Done), vec![Topic::OutboxEnded, Topic::AgentPost]),
        (tried("reply", Done), vec![Topic::OutboxEnded, Topic::AgentReply]),
        (tried("quote", Done), vec![Topic::OutboxEnded, Topic::AgentReply]),
        (tried("swap", Done), vec![Topic::OutboxEnded, Topic::AgentTrade]),
        (tried("post", Failed), vec![Topic::OutboxEnded]),
        (tried("like", Done), vec![Topic::OutboxEnded]),
        (kept(WaitingForApproval), vec![Topic::ApprovalWaiting]),
        (kept(Expired), vec![Topic::ApprovalEnded, Topic::OutboxEnded]),
        (kept(DryRun), vec![Topic::OutboxEnded]),
    ];
    for (happening, wanted) in cases {
        let told = said(&hub, vec![happening.clone()]);
        let names: Vec<Topic> = told.iter().map(|(topic, _)| *topic).collect();
        assert_eq!(names, wanted, "{happening:?}");
        assert!(told.iter().all(|(_, message)| message["agent"] == "a" && message["data"]["effect"] == "f1"));
    }
    let told = said(&hub, vec![tried("reply", Done)]);
    let post =
        json!({ "id": "7", "at": at(1), "text": "post 7", "author": "ann", "in_reply_to": null, "quotes": null });
    assert_eq!(told[1].1["data"], json!({ "effect": "f1", "kind": "reply", "posts": [post], "about": "5" }));
    let waiting = said(&hub, vec![kept(WaitingForApproval)]);
    let digest = conformance::effect("f1", "i1", 0).digest();
    assert_eq!(waiting[0].1["data"]["digest"], json!(digest), "what a yes is given to");
}

#[tokio::test]
async fn what_a_person_posts_is_told() {
    let post = conformance::post("7", "ann", 1);
    let told = said(&hub(), vec![Happening::Posted { at: at(1), post: Box::new(post) }]);
    assert_eq!(told[0].0, Topic::TimelinePost);
    assert_eq!((&told[0].1["agent"], &told[0].1["data"]["post"]["id"]), (&Value::Null, &json!("7")));
}

#[tokio::test]
async fn ids_of_two_starts_are_different() {
    let ids: BTreeSet<String> = (0..3)
        .map(|n| Hub::new(Timestamp::from_millis(1_700_000_000_000 + n), 1))
        .map(|hub| Arc::new(hub).open(viewer(None), ALL, None).unwrap().place())
        .collect();
    assert_eq!(ids.len(), 3);
}
