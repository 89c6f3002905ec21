//! What a right says about itself: its mode and terms, its kinds, its budgets before anything is drawn on them.

use super::*;
use crate::Mode;

#[test]
fn modes_have_names_and_the_later_is_the_stricter() {
    assert_eq!(Mode::ALL.map(Mode::name), ["live", "approve", "dry-run"]);
    assert!(Mode::ALL.is_sorted() && Mode::default() == Mode::Live);
}

#[test]
fn of_two_terms_the_stricter_mode_and_the_sooner_end_hold() {
    let terms = |mode, expires: Option<i64>| Terms { mode, expires: expires.map(Timestamp::from_millis) };
    let table = [
        (terms(Mode::Live, None), terms(Mode::Live, None), terms(Mode::Live, None)),
        (terms(Mode::DryRun, None), terms(Mode::Approve, Some(5)), terms(Mode::DryRun, Some(5))),
        (terms(Mode::Live, Some(7)), terms(Mode::Approve, Some(5)), terms(Mode::Approve, Some(5))),
    ];
    for (one, other, both) in table {
        assert_eq!((one.both(&other), other.both(&one)), (both.clone(), both));
    }
}

#[test]
fn an_amount_that_no_ceiling_knows_binds_as_it_was_asked_for() {
    let scene = Scene::new();
    let amounts = [((Amount::Likes, Period::Day), 2)].into();
    let rights = rights(asks(Capability::Tweet, Request { amounts, ..Request::default() }), &scene.ledger);
    let likes = |quantity| [Charge { amount: Amount::Likes, quantity }];
    let tweet = rights.get(Capability::Tweet).unwrap();
    let at = Timestamp::from_millis(0);
    assert_eq!(tweet.reserve(&likes(3), at).unwrap_err().code, Code::BudgetExhausted);
    assert_eq!(tweet.reserve(&likes(2), at).unwrap().len(), 2, "of the hour's ceiling and of the day's request");
}

#[test]
fn rights_tell_what_was_granted_and_how_much_of_it() {
    let scene = Scene::new();
    let amounts = [((Amount::Posts, Period::Hour), 3), ((Amount::Likes, Period::Hour), 9_999)].into();
    let kinds = ["weather.storm".to_owned()].into();
    let requests = [
        (Capability::Tweet, Request { amounts, kinds, ..Request::default() }),
        (Capability::State, Request::default()),
        // It comes with every plugin: nobody is granted it.
        (Capability::Log, Request::default()),
    ];
    let rights = rights(requests.into(), &scene.ledger);
    let granted: Vec<Capability> = rights.capabilities().collect();
    assert_eq!(granted, [Capability::Tweet, Capability::State]);
    let tweet = rights.get(Capability::Tweet).unwrap();
    assert!(tweet.kinds().iter().eq(["weather.storm"]));
    assert!(tweet.allows("post") && !tweet.allows("complete"));

    let lines = rights.lines(Timestamp::from_millis(0));
    let limit = |amount, period| {
        let mut of = lines.iter().filter(|line| (line.key.amount, line.key.period) == (amount, period));
        let line = of.next().unwrap();
        assert!(of.next().is_none() && line.used == 0 && line.left == line.limit);
        line.limit
    };
    assert_eq!(lines.len(), 6);
    assert_eq!(limit(Amount::Posts, Period::Hour), 3, "less than the ceiling is what was asked for");
    assert_eq!(limit(Amount::Likes, Period::Hour), 60, "more than the ceiling is the ceiling");
    assert_eq!(limit(Amount::Posts, Period::Day), 100, "what is not named takes the ceiling");
    assert!(scene.ledger.lines(Timestamp::from_millis(0)).is_empty(), "nothing was drawn on");
}
