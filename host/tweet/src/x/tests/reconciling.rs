//! What became of an attempt whose end nobody saw.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Long enough ago that whatever was begun then is over and seen.
fn settled() -> Lost {
    at(long_ago())
}

/// Lost then.
fn at(begun: Timestamp) -> Lost {
    Lost { first: begun, last: begun }
}

fn long_ago() -> Timestamp {
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
    let soon = there.x.reconcile(&order, at(Timestamp::from_system()), &[]).await.unwrap_err();
    let whole = (TIMEOUT + SETTLE).as_millis() as u64;
    assert!(
        matches!(soon, PublishError::RateLimited { retry_after_ms } if (whole - 10_000..=whole).contains(&retry_after_ms)),
        "{soon}"
    );
    let begun_anew = Lost { last: Timestamp::from_system(), ..settled() };
    let soon = there.x.reconcile(&order, begun_anew, &[]).await.unwrap_err();
    assert!(matches!(soon, PublishError::RateLimited { .. }), "the last one counts: {soon}");
    there.posted("ada", post("hello")).await;
    let seen = there.x.reconcile(&order, at(Timestamp::from_system()), &[]).await.unwrap();
    assert_eq!(ids(&seen).len(), 1, "what is there is there at once");
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
    // Another, which knows of no limit.
    let there = There::new().await;
    let closed = Fault { operation: Some(Operation::PostsOf), ..Fault::from(Kind::Closed) };
    there.emulator.misbehave(Plan { faults: vec![closed], ..Plan::default() });
    let error = there.x.reconcile(&order, settled(), &[]).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
}

/// X whose clock is `ahead_ms` ahead of this machine's. It knows `ada`, and shows this list where a look begins at
/// `made` or before.
async fn elsewhere(ahead_ms: i64, made: Timestamp, list: Value) -> X {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut asked, mut buffer) = (String::new(), [0; 4_096]);
            while !asked.contains("\r\n\r\n") {
                let read = stream.read(&mut buffer).await.unwrap();
                asked.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            let path = asked.split(' ').nth(1).unwrap();
            let url = reqwest::Url::parse(&format!("http://x{path}")).unwrap();
            let start = url.query_pairs().find(|(key, _)| key == "start_time").map(|(_, start)| start.into_owned());
            let body = match start {
                None => json!({ "data": { "id": "1", "username": "ada" } }),
                Some(start) if Timestamp::parse(&start).unwrap() <= made => list.clone(),
                Some(_) => json!({ "meta": { "result_count": 0 } }),
            };
            let now = Timestamp::from_millis(Timestamp::from_system().as_millis() + ahead_ms);
            let date = now.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let (body, close) = (body.to_string(), "connection: close\r\ncontent-type: application/json");
            let answer =
                format!("HTTP/1.1 200 OK\r\ndate: {date}\r\n{close}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let tokens = [("ada".into(), Secret::new(token("ada")).into())].into();
    X::new(settings(endpoint, TIMEOUT, tokens)).unwrap()
}

fn listed(count: usize, posts: &[Value]) -> Value {
    json!({ "data": posts, "meta": { "result_count": count } })
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_asked_for_again() {
    let order = order("ada", post("fog"));
    for list in [listed(1, &[]), json!({ "meta": { "result_count": 0 }, "errors": [{ "title": "Internal" }] })] {
        let x = elsewhere(0, long_ago(), list.clone()).await;
        let error = x.reconcile(&order, settled(), &[]).await.unwrap_err();
        assert!(matches!(&error, PublishError::Unavailable(_)), "{list}: {error}");
    }
    let x = elsewhere(0, long_ago(), listed(0, &[])).await;
    assert_eq!(x.reconcile(&order, settled(), &[]).await.unwrap(), Reconciled::NotDone);
}

#[tokio::test]
async fn a_post_is_found_by_the_clock_of_x() {
    const HOUR_MS: i64 = 3_600_000;
    let order = order("ada", post("fog"));
    for ahead in [-HOUR_MS, -120_000, 0, 120_000, HOUR_MS] {
        let made = Timestamp::from_millis(long_ago().as_millis() + ahead);
        let list = listed(1, &[json!({ "id": "9", "text": "fog", "created_at": made.to_string() })]);
        let x = elsewhere(ahead, made, list).await;
        assert_eq!(ids(&x.reconcile(&order, settled(), &[]).await.unwrap()), ["9"], "{ahead}");
    }
    let x = elsewhere(-25 * HOUR_MS, long_ago(), listed(0, &[])).await;
    let looked = x.reconcile(&order, settled(), &[]).await.unwrap();
    assert!(matches!(&looked, Reconciled::Undecidable(why) if why.contains("more than a day apart")), "{looked:?}");
}

#[tokio::test]
async fn a_text_that_left_without_its_links_or_names_is_known_again() {
    let there = There::new().await;
    for (sent, decided) in [
        ("see now", "see https://example.org/x now"),
        ("tea with all of you", "tea with @bob all of you"),
        ("tea and cake", "tea and @bob cake https://example.org/y"),
    ] {
        let id = there.posted("ada", post(sent)).await.id;
        assert_eq!(ids(&looked(&there, &order("ada", post(decided)), &[]).await), [id.as_str()], "{decided}");
    }
    assert_eq!(looked(&there, &order("ada", post("see this now")), &[]).await, Reconciled::NotDone);
}
