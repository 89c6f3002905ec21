//! Every request is counted, whoever makes it.

use crate::{TweetReader as _, plan::Prices};

use super::*;

#[tokio::test]
async fn what_is_posted_and_what_is_read_is_on_the_bill() {
    let there = There::new().await;
    let bill = || -> Vec<(String, u64, u64, u64)> {
        let days = there.x.bill().into_iter();
        days.map(|day| (day.account, day.posts, day.reads, day.usd_micros)).collect()
    };
    assert!(bill().is_empty());
    // Whose the signature is: a user. Then a post, and one with a link.
    let first = there.posted("ada", post("fog")).await;
    there.posted("ada", post("see https://example.org")).await;
    assert_eq!(bill(), [("@ada".to_owned(), 2, 1, 10_000 + 15_000 + 200_000)]);
    // An answer, by another.
    there.posted("bob", reply(&first.id, "yes")).await;
    assert_eq!(bill()[1], ("@bob".to_owned(), 1, 1, 10_000 + 10_000));
    // A later part of a thread is a post, as it was when it was decided.
    let part = Order { of_thread: true, ..order("bob", reply(&first.id, "and more")) };
    there.x.publish(&part).await.unwrap();
    assert_eq!(bill()[1], ("@bob".to_owned(), 2, 1, 20_000 + 15_000));
    // Two of its own, read by itself.
    let own = there.x.own_posts(&"ada".into(), Timestamp::from_system().plus_millis(60_000), 9).await.unwrap();
    assert_eq!(own.len(), 2);
    assert_eq!(bill()[0], ("@ada".to_owned(), 2, 3, 225_000 + 2 * 1_000));
    // Which post is answered is looked up before.
    there.x.answered(&"bob".into(), &first.id).await.unwrap();
    assert_eq!(bill()[1], ("@bob".to_owned(), 2, 2, 35_000 + 5_000));
    // A conversation: the post itself, and those that the search found.
    assert_eq!(
        there.x.conversation(&first.id, Timestamp::from_system().plus_millis(60_000), 1).await.unwrap().len(),
        1
    );
    assert_eq!(bill()[0], ("@ada".to_owned(), 2, 3 + 4, 227_000 + 4 * 5_000));
    // What X refused cost nothing, and what may have been done counts.
    there.strike(Kind::Duplicate);
    there.publish("bob", post("a")).await.unwrap_err();
    assert_eq!(bill()[1].1, 2);
    there.strike(Kind::LostAnswer);
    there.publish("bob", post("b")).await.unwrap_err();
    assert_eq!(bill()[1], ("@bob".to_owned(), 3, 2, 40_000 + 15_000));
    assert_eq!(bill().len(), 2);
}

#[tokio::test]
async fn a_bill_goes_on_where_it_was_written_down() {
    let there = There::new().await;
    there.posted("ada", post("fog")).await;
    let kept = there.x.take_unsaved_bill();
    assert_eq!((kept.len(), there.x.take_unsaved_bill().len()), (1, 0));
    let tokens = [("ada".into(), Secret::new(token("ada")).into())].into();
    let mut prices = Prices::default();
    prices.set(crate::plan::Priced::Post, 7);
    let again = X::new(settings(there.emulator.url(), TIMEOUT, tokens)).unwrap().with_bill(prices, kept);
    again.publish(&order("ada", post("again"))).await.unwrap();
    let day = again.bill().remove(0);
    assert_eq!((day.posts, day.reads, day.usd_micros), (2, 2, 25_000 + 10_000 + 7));
    assert_eq!(again.take_unsaved_bill(), [day]);
}
