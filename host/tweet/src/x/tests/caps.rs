//! What the operator's caps leave room for leaves, and nothing else.

use puppet_types::Code;

use crate::{
    TweetReader as _,
    caps::{Cap, Caps},
    plan::{Priced, Prices},
};

use super::*;

fn later() -> Timestamp {
    Timestamp::from_system().plus_millis(60_000)
}

fn used(x: &X, cap: Cap) -> u64 {
    x.caps()
        .into_iter()
        .find(|line| line.cap == cap)
        .map(|line| (line.used, line.reserved))
        .map(|(used, held)| {
            assert_eq!(held, 0, "nothing is under way");
            used
        })
        .unwrap()
}

/// Of a plan's allowance, and until when.
fn capped<T: std::fmt::Debug>(result: Result<T, PublishError>, cap: Cap) -> u64 {
    match result.unwrap_err() {
        PublishError::Capped { words, retry_after_ms } => {
            assert!(words.contains(cap.name()), "{words}");
            retry_after_ms
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn no_post_leaves_above_the_cap_of_a_month_whoever_posts() {
    let there = There::new().await;
    there.x.set_caps(Caps { posts_per_month: Some(3), ..Caps::default() });
    let first = there.posted("ada", post("one")).await;
    there.posted("bob", reply(&first.id, "two")).await;
    there.posted("ada", post("three")).await;
    let requests = there.requests();
    let until = there.x.caps()[0].resets_at.millis_since(Timestamp::from_system());
    for account in ["ada", "bob"] {
        let wait = capped(there.publish(account, post("four")).await, Cap::PostsPerMonth);
        assert!(wait.abs_diff(until) <= 60_000, "{wait} {until}");
    }
    assert_eq!((there.requests(), used(&there.x, Cap::PostsPerMonth)), (requests, 3), "nothing was sent");
    // What is free, and what is read, goes on.
    there.publish("ada", Action::Like { of: first.id.clone() }).await.unwrap();
    assert_eq!(there.x.own_posts(&"ada".into(), later(), 9).await.unwrap().len(), 2);
    // A cap that is raised holds at once.
    there.x.set_caps(Caps { posts_per_month: Some(4), ..Caps::default() });
    there.posted("bob", post("four")).await;
    capped(there.publish("bob", post("five")).await, Cap::PostsPerMonth);
}

#[tokio::test]
async fn dollars_of_a_day_are_those_of_posts_and_reads() {
    let there = There::new().await;
    // Whose the signature is, one post, and nearly another.
    there.x.set_caps(Caps { usd_micros_per_day: Some(10_000 + 15_000 + 14_999), ..Caps::default() });
    there.posted("ada", post("one")).await;
    let wait = capped(there.publish("ada", post("two")).await, Cap::UsdPerDay);
    assert!(wait <= 86_400_000 + 10_000, "{wait}");
    there.posted("ada", reply(&PostId::new(there.posts("ada")[0]["id"].as_str().unwrap()), "cheaper")).await;
    assert_eq!(used(&there.x, Cap::UsdPerDay), 35_000);
}

#[tokio::test]
async fn reads_that_are_used_up_are_an_error_with_a_time_and_disable_no_account() {
    let there = There::new().await;
    there.x.set_caps(Caps { reads_per_month: Some(0), ..Caps::default() });
    let error = there.x.own_posts(&"ada".into(), later(), 9).await.unwrap_err();
    assert_eq!((error.code, error.retry_after_ms.is_some()), (Code::RateLimited, true), "{error}");
    // Whose the signature is, is a read that is counted, and that the cap of reads does not hold back: posts are not stopped.
    assert_eq!(there.requests(), 1);
    there.posted("ada", post("now")).await;
    assert_eq!(used(&there.x, Cap::ReadsPerMonth), 1);
    assert!(there.x.own_posts(&"ada".into(), later(), 9).await.is_err());
    // The cap on dollars does, and names itself in words of its own.
    let there = There::new().await;
    there.x.set_caps(Caps { usd_micros_per_day: Some(9_999), ..Caps::default() });
    let fault = there.x.check(&"ada".into()).await.unwrap_err();
    assert!(!fault.is_lasting() && fault.passes() && fault.to_string().contains("usd_per_day"), "{fault}");
    let remedy = fault.remedy("ada");
    assert!(remedy.contains("raise the cap in [tweet.x.plan]") && !remedy.contains("portal"), "{remedy}");
    assert_eq!(there.requests(), 0);
}

#[tokio::test]
async fn what_a_cap_is_below_is_refused_at_once() {
    let there = There::new().await;
    there.x.check(&"ada".into()).await.unwrap();
    let requests = there.requests();
    there.x.set_caps(Caps { usd_micros_per_day: Some(150_000), ..Caps::default() });
    for account in ["ada", "bob"] {
        match there.publish(account, post("see https://example.org")).await.unwrap_err() {
            PublishError::NotAllowed(words) => {
                let named = ["usd_per_day", "150000", "post_with_link", "200000"];
                assert!(named.iter().all(|part| words.contains(part)), "{words}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(there.requests(), requests, "nothing was sent");
    there.posted("ada", post("without one")).await;
    // Nor can it ever be asked whose the signature is: `bob` was not asked about.
    there.x.set_caps(Caps { usd_micros_per_day: Some(9_999), ..Caps::default() });
    let like = Action::Like { of: PostId::new(there.posts("ada")[0]["id"].as_str().unwrap()) };
    let error = there.publish("bob", like.clone()).await.unwrap_err();
    assert!(matches!(&error, PublishError::NotAllowed(words) if words.contains("user_read")), "{error}");
    // What is free leaves where that is known.
    there.publish("ada", like).await.unwrap();
}

#[tokio::test]
async fn many_at_once_do_not_together_go_above_a_cap() {
    let there = Arc::new(There::with(&["ada"], TIMEOUT).await);
    for n in 0..12 {
        there.posted("ada", post(&n.to_string())).await;
    }
    // Each page has ten, and all that ask at the same time are let through as far as one more fits.
    for (more, pages) in [(1, 1), (25, 3), (30, 3), (31, 4)] {
        let before = there.x.bill()[0].reads;
        there.x.set_caps(Caps { reads_per_month: Some(before + more), ..Caps::default() });
        let read = |_| {
            let there = Arc::clone(&there);
            tokio::spawn(async move { there.x.own_posts(&"ada".into(), later(), 10).await })
        };
        let mut whole = 0;
        for task in (0..8).map(read).collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(posts) => whole += posts.len() / 10,
                Err(error) => assert_eq!(error.code, Code::RateLimited),
            }
        }
        assert_eq!(whole, pages, "{more}");
        assert!(used(&there.x, Cap::ReadsPerMonth) < before + more + 10);
    }
}

#[tokio::test]
async fn what_was_written_down_counts_after_a_start() {
    let there = There::new().await;
    there.posted("ada", post("one")).await;
    there.posted("bob", post("two")).await;
    let tokens = [("ada".into(), Secret::new(token("ada")).into())].into();
    let again = X::new(settings(there.emulator.url(), TIMEOUT, tokens)).unwrap();
    let again = again.with_bill(Prices::default(), there.x.take_unsaved_bill());
    again.set_caps(Caps { posts_per_month: Some(3), reads_per_month: Some(9), ..Caps::default() });
    again.publish(&order("ada", post("three"))).await.unwrap();
    capped(again.publish(&order("ada", post("four"))).await, Cap::PostsPerMonth);
    assert_eq!((used(&again, Cap::PostsPerMonth), used(&again, Cap::ReadsPerMonth)), (3, 3));
}

#[tokio::test]
async fn a_post_that_is_dropped_on_its_way_counts_and_holds_nobody_up() {
    let bill = Bill::default();
    bill.set_caps(Caps { posts_per_month: Some(1), reads_per_month: Some(5), ..Caps::default() });
    let now = Timestamp::from_system();
    let begin = |what| {
        let most = bill.load(what, 5, 0);
        bill.begin("@ada", what, (most, &Cap::ALL), now)
    };
    drop(begin(Priced::Post).await.unwrap());
    assert_eq!(begin(Priced::Post).await.unwrap_err().to_string().split(' ').nth(1), Some("posts_per_month"));
    // A page is under way: the next waits for it, and is let through when it came to nothing.
    let page = begin(Priced::OwnRead).await.unwrap();
    let (second, ()) = tokio::join!(begin(Priced::OwnRead), async {
        tokio::task::yield_now().await;
        drop(page);
    });
    drop(second.unwrap());
    assert_eq!(bill.caps(now).iter().map(|line| (line.used, line.reserved)).collect::<Vec<_>>(), [(1, 0), (0, 0)]);
}

#[tokio::test]
async fn a_clock_of_x_that_jumps_begins_no_month() {
    let jumps = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let ahead = Arc::clone(&jumps);
    let stand = stand::Stand::new(move |came| {
        let ahead = ahead.load(std::sync::atomic::Ordering::Relaxed);
        let now = Timestamp::from_millis(Timestamp::from_system().as_millis() + ahead);
        let date = now.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let body = match came.line.starts_with("POST") {
            true => serde_json::json!({ "data": { "id": "7", "text": "one" } }),
            false => serde_json::json!({ "data": { "id": "1", "username": "ada" } }),
        };
        Some((200, vec![("date", date)], body.to_string()))
    })
    .await;
    let tokens = [("ada".into(), Secret::new(token("ada")).into())].into();
    let x = X::new(settings(stand.url.clone(), TIMEOUT, tokens)).unwrap();
    x.set_caps(Caps { posts_per_month: Some(1), ..Caps::default() });
    x.publish(&order("ada", post("one"))).await.unwrap();
    for days in [40, 0, -40] {
        jumps.store(days * 86_400_000, std::sync::atomic::Ordering::Relaxed);
        x.check(&"ada".into()).await.unwrap();
        assert_eq!(used(&x, Cap::PostsPerMonth), 1, "{days}");
        assert_eq!(x.bill().iter().map(|day| day.posts).sum::<u64>(), 1, "{days}");
        capped(x.publish(&order("ada", post("two"))).await, Cap::PostsPerMonth);
    }
}
