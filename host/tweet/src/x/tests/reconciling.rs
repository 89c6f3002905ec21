//! What became of an attempt whose end nobody saw.

use super::*;

/// Long enough ago that whatever was begun then is over and seen.
fn settled() -> Timestamp {
    let before = (TIMEOUT + SETTLE).as_millis() as i64 + 1_000;
    Timestamp::from_millis(Timestamp::from_system().as_millis() - before)
}

async fn looked(there: &There, order: &Order, claimed: &[PostId]) -> Reconciled {
    there.x.reconcile(order, settled(), claimed).await.unwrap()
}

fn ids(reconciled: &Reconciled) -> Vec<&str> {
    match reconciled {
        Reconciled::Done(published) => published.posts.iter().map(|post| post.id.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn after_each_fault_it_is_known_what_was_done() {
    let cases: [(Kind, bool); 6] = [
        (Kind::LostAnswer, true),
        (Kind::Closed, false),
        (Kind::Truncated, true),
        (Kind::Failed { status: 500, done: true }, true),
        (Kind::Failed { status: 503, done: false }, false),
        (Kind::Late { ms: 600_000 }, true),
    ];
    for (kind, done) in cases {
        let timeout = if matches!(kind, Kind::Late { .. }) { Duration::from_millis(400) } else { TIMEOUT };
        let there = There::with(&["ada", "bob"], timeout).await;
        let other = there.posted("bob", post("what is answered")).await;
        there.posted("ada", post("another")).await;
        let actions = [
            post("a & b < c, see https://example.org/x?a=1&b=2 and example.net. "),
            reply(&other.id, "@bob I see"),
            Action::Quote { of: other.id.clone(), text: "look".into() },
        ];
        for action in actions {
            there.strike(kind.clone());
            let order = order("ada", action);
            assert!(matches!(there.x.publish(&order).await, Err(PublishError::InDoubt(_))), "{kind:?}");
            let before = there.posts("ada").len();
            let reconciled = looked(&there, &order, &[]).await;
            if done {
                let posts = there.posts("ada");
                assert_eq!(ids(&reconciled), [posts.last().unwrap()["id"].as_str().unwrap()], "{kind:?}");
            } else {
                assert_eq!(reconciled, Reconciled::NotDone, "{kind:?}");
            }
            assert_eq!(there.posts("ada").len(), before, "a look changes nothing");
        }
    }
}

#[tokio::test]
async fn what_is_found_is_what_publishing_would_have_answered() {
    let there = There::new().await;
    let first = there.posted("bob", post("first")).await;
    let actions = [
        post("see https://example.org/x & more"),
        reply(&first.id, "well"),
        Action::Quote { of: first.id.clone(), text: "look".into() },
        thread(&["one", "two", "three"]),
    ];
    for action in actions {
        let order = order("ada", action);
        let mut published = there.x.publish(&order).await.unwrap();
        let Reconciled::Done(mut found) = looked(&there, &order, &[]).await else { panic!("{order:?}") };
        // X tells whole seconds.
        for post in published.posts.iter_mut().chain(&mut found.posts) {
            post.at = order.at;
        }
        assert_eq!(found, published);
    }
}

#[tokio::test]
async fn posts_of_other_effects_and_other_targets_are_not_taken_for_it() {
    let there = There::new().await;
    let [a, b] = [there.posted("bob", post("a")).await, there.posted("bob", post("b")).await];
    let mine = there.posted("ada", post("good morning")).await;
    let order = |action| order("ada", action);
    assert_eq!(ids(&looked(&there, &order(post("good morning")), &[]).await), [mine.id.as_str()]);
    let claimed = [mine.id.clone()];
    assert_eq!(looked(&there, &order(post("good morning")), &claimed).await, Reconciled::NotDone);
    let again = there.posted("ada", post("good morning")).await;
    assert_eq!(ids(&looked(&there, &order(post("good morning")), &claimed).await), [again.id.as_str()]);

    there.posted("ada", reply(&a.id, "yes")).await;
    there.posted("ada", Action::Quote { of: a.id.clone(), text: "this".into() }).await;
    for other in
        [reply(&b.id, "yes"), post("yes"), Action::Quote { of: b.id.clone(), text: "this".into() }, post("this")]
    {
        assert_eq!(looked(&there, &order(other.clone()), &[]).await, Reconciled::NotDone, "{other:?}");
    }
    // Another account has said the same.
    there.posted("bob", post("only he")).await;
    assert_eq!(looked(&there, &order(post("only he")), &[]).await, Reconciled::NotDone);
}

#[tokio::test]
async fn what_is_not_seen_may_still_appear() {
    let there = There::new().await;
    let order = order("ada", post("hello"));
    let soon = there.x.reconcile(&order, Timestamp::from_system(), &[]).await.unwrap_err();
    let whole = (TIMEOUT + SETTLE).as_millis() as u64;
    assert!(
        matches!(soon, PublishError::RateLimited { retry_after_ms } if (whole - 10_000..=whole).contains(&retry_after_ms)),
        "{soon}"
    );
    there.posted("ada", post("hello")).await;
    let seen = there.x.reconcile(&order, Timestamp::from_system(), &[]).await.unwrap();
    assert_eq!(ids(&seen).len(), 1, "what is there is there at once");
}

#[tokio::test]
async fn half_a_thread_is_for_the_operator_and_a_whole_one_is_done() {
    let there = There::new().await;
    let order = order("ada", thread(&["one", "two", "three"]));
    let last =
        Fault { operation: Some(Operation::CreatePost), skip: 2, times: Some(1), ..Fault::from(Kind::LostAnswer) };
    there.emulator.misbehave(Plan { faults: vec![last], ..Plan::default() });
    assert!(matches!(there.x.publish(&order).await, Err(PublishError::InDoubt(_))));
    let whole = looked(&there, &order, &[]).await;
    let made: Vec<Value> = there.posts("ada").iter().map(|post| post["id"].clone()).collect();
    assert_eq!(ids(&whole), made.iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>());

    let there = There::new().await;
    let second = Fault { operation: Some(Operation::CreatePost), skip: 1, times: Some(1), ..Fault::from(Kind::Closed) };
    there.emulator.misbehave(Plan { faults: vec![second], ..Plan::default() });
    assert!(matches!(there.x.publish(&order).await, Err(PublishError::InDoubt(_))));
    let first = there.posts("ada")[0]["id"].as_str().unwrap().to_owned();
    match looked(&there, &order, &[]).await {
        Reconciled::Undecidable(why) => assert!(why.contains("1 of 3 parts") && why.contains(&first), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn likes_and_deletes_are_done_again() {
    let there = There::new().await;
    let of = there.posted("bob", post("a")).await.id;
    for action in [Action::Like { of: of.clone() }, Action::Delete { of }] {
        assert_eq!(looked(&there, &order("ada", action), &[]).await, Reconciled::NotDone);
    }
}

#[tokio::test]
async fn posts_are_looked_through_page_by_page_up_to_a_bound() {
    let there = There::new().await;
    let order = order("ada", post("the first"));
    let first = there.posted("ada", post("the first")).await;
    for n in 0..100 {
        there.posted("ada", post(&format!("post {n}"))).await;
    }
    assert_eq!(ids(&looked(&there, &order, &[]).await), [first.id.as_str()], "on the second page");
}

#[tokio::test]
async fn a_look_that_fails_is_made_again() {
    let there = There::new().await;
    let order = order("ada", post("hello"));
    let limited = Fault { operation: Some(Operation::PostsOf), ..Fault::from(Kind::RateLimited { reset_s: 30 }) };
    there.emulator.misbehave(Plan { faults: vec![limited], ..Plan::default() });
    let error = there.x.reconcile(&order, settled(), &[]).await.unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { .. }), "{error}");
    let closed = Fault { operation: Some(Operation::PostsOf), ..Fault::from(Kind::Closed) };
    there.emulator.misbehave(Plan { faults: vec![closed], ..Plan::default() });
    let error = there.x.reconcile(&order, settled(), &[]).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
}
