//! Asking for mentions: each is taken in once, in order, whatever fails.

use puppet_store::{Change, CommitStore as _, Heard, HeardStore as _};
use puppet_types::Timestamp;

use super::{super::ear::since, *};
use crate::caps::Caps;

#[tokio::test]
async fn what_is_said_from_the_first_start_on_is_heard_in_order() {
    let (network, endpoint, notebook) = scene().await;
    network.say("bob", "@ada long ago", None);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let hearing = Hearing::new(x(&endpoint, &["Ada"]), Arc::clone(&notebook) as _, terms());
    until(hearing, async || network.asked("/mentions") > 0).await;
    assert!(notebook.texts().await.is_empty(), "nobody listened then");
    // More than a page, while nobody listens.
    let said: Vec<String> = (0..230).map(|n| format!("@ada {n}")).collect();
    for text in &said {
        network.say("bob", text, None);
    }
    network.say("bob", "@eve is somebody else", None);
    let hearing = Hearing::new(x(&endpoint, &["Ada"]), Arc::clone(&notebook) as _, terms());
    until(hearing, async || notebook.texts().await.len() >= said.len()).await;
    assert_eq!(notebook.texts().await, said);
    assert!(network.asked("pagination_token") >= 2, "it came in pages");
}

#[tokio::test]
async fn no_clock_makes_anybody_deaf() {
    const YEARS_S: i64 = 10 * 365 * 86_400;
    let (network, endpoint, notebook) = scene().await;
    let hearing = || Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms());
    // At first nobody knows which of the two is right: nothing is written.
    *network.ahead_s.lock().unwrap() = Some(YEARS_S);
    until(hearing(), async || network.asked("/2/users/me") > 0).await;
    assert!(notebook.store.heard().await.unwrap().is_empty());
    *network.ahead_s.lock().unwrap() = Some(0);
    until(hearing(), async || network.asked("/mentions") > 0).await;
    // X's goes wrong later.
    *network.ahead_s.lock().unwrap() = Some(YEARS_S);
    let asked = network.asked("/mentions");
    until(hearing(), async || network.asked("/mentions") > asked + 2).await;
    network.say("bob", "@ada one", None);
    until(hearing(), async || notebook.texts().await.len() == 1).await;
    // It was written by a host that believed it.
    let in_years = Timestamp::from_system().plus_millis(YEARS_S.unsigned_abs() * 1_000);
    let since = since(in_years, Duration::ZERO);
    let far = Heard { account: account("ada"), since, at: Timestamp::from_system() };
    notebook.store.apply(vec![Change::Heard(far)]).await.unwrap();
    network.say("bob", "@ada two", None);
    until(hearing(), async || notebook.texts().await.len() == 2).await;
    assert_eq!(notebook.texts().await, ["@ada one", "@ada two"]);
}

#[tokio::test]
async fn a_first_start_can_look_back() {
    let (network, endpoint, notebook) = scene().await;
    network.say("bob", "@ada a moment ago", None);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let terms = HearingTerms { backfill: Duration::from_secs(60), ..terms() };
    let hearing = Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms);
    until(hearing, async || !notebook.texts().await.is_empty()).await;
    assert_eq!(notebook.texts().await, ["@ada a moment ago"]);
}

#[tokio::test]
async fn each_is_taken_in_once_whatever_fails() {
    let (network, endpoint, notebook) = scene().await;
    let hearing = || Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms());
    until(hearing(), async || network.asked("/mentions") > 0).await;
    let faults = [
        Fault::Status(503),
        Fault::Half,
        Fault::Closed,
        Fault::Empty,
        Fault::Garbage,
        Fault::Status(500),
        Fault::Status(408),
    ];
    let mut said = Vec::new();
    for (round, fault) in faults.into_iter().enumerate() {
        for n in 0..45 {
            said.push(format!("@ada {round}.{n}"));
            network.say("bob", said.last().unwrap(), None);
        }
        // One write dies before it is done, one after.
        network.faults.lock().unwrap().push_back(fault);
        notebook.dies.lock().unwrap().extend([Some(false), None, Some(true), None]);
        until(hearing(), async || notebook.texts().await.len() >= said.len()).await;
    }
    assert_eq!(notebook.texts().await, said);
}

#[tokio::test]
async fn a_page_that_is_missing_keeps_the_newer_ones_back() {
    let (network, endpoint, notebook) = scene().await;
    let look = async |since: &str| x(&endpoint, &["ada"]).mentions(&account("ada"), &since.into()).await;
    for n in 0..150 {
        network.say("bob", &format!("@ada {n}"), None);
    }
    assert_eq!(look("1").await.unwrap().posts.len(), 150);
    for fault in [Fault::Empty, Fault::Half, Fault::Status(500)] {
        // The first page is given, the second is not.
        network.faults.lock().unwrap().clear();
        let first = network.asked("/mentions");
        let x = x(&endpoint, &["ada"]);
        let meanwhile = async {
            while network.asked("/mentions") == first {
                tokio::task::yield_now().await;
            }
            network.faults.lock().unwrap().push_back(fault);
        };
        let (account, since) = (account("ada"), "1".into());
        let (told, ()) = tokio::join!(x.mentions(&account, &since), meanwhile);
        assert!(told.is_err(), "{fault:?}");
    }
    assert!(notebook.store.heard().await.unwrap().is_empty());
}

#[tokio::test]
async fn however_many_mentions_come_what_they_are_about_is_bounded() {
    const READ: u64 = 9;
    // So many in a day; and none from 80 % of the reads of the month on: nine mentions and a user are as many.
    let near = |reads: u64| Caps { reads_per_month: Some(reads), ..Caps::default() };
    for (context_per_day, caps, read) in
        [(3, near(1_000), 3), (100, near((READ + 1) * 5 / 4), 0), (100, near(1_000), 9)]
    {
        let (network, endpoint, notebook) = scene().await;
        for n in 0..READ {
            let about = network.say("cy", &format!("about {n}"), None);
            network.say("bob", "@ada look", Some(about));
        }
        let x = x(&endpoint, &["ada"]);
        x.set_caps(caps);
        let terms = HearingTerms { backfill: Duration::from_secs(60), context_per_day, ..terms() };
        let hearing = Hearing::new(x, Arc::clone(&notebook) as _, terms);
        until(hearing, async || notebook.taken.lock().unwrap().len() == 9).await;
        let taken = notebook.taken.lock().unwrap().clone();
        let with_context = taken.iter().filter(|mention| !mention.context.is_empty()).count();
        assert_eq!((with_context, network.asked("/2/tweets/")), (read, read), "{context_per_day} {caps:?}");
    }
}

#[tokio::test]
async fn what_a_mention_is_about_comes_with_it() {
    let (network, endpoint, notebook) = scene().await;
    let first = network.say("cy", "once", None);
    let second = network.say("bob", "upon", Some(first));
    let third = network.say("cy", "a time", Some(second));
    let terms = HearingTerms { backfill: Duration::from_secs(60), context: 2, ..terms() };
    network.say("bob", "@ada look", Some(third));
    network.say("dee", "@ada gone", Some(7));
    network.say("dee", "@ada and here", Some(third));
    let hearing = Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms);
    until(hearing, async || notebook.taken.lock().unwrap().len() == 3).await;
    let taken = notebook.taken.lock().unwrap().clone();
    let context = |n: usize| taken[n].context.iter().map(|post| post.text.clone()).collect::<Vec<_>>();
    assert_eq!((context(0), context(2)), (vec!["upon".to_owned(), "a time".to_owned()], context(0)));
    assert!(context(1).is_empty(), "it is gone, and the mention is heard all the same");
    assert_eq!(network.asked(&format!("/2/tweets/{third}")), 1, "it was read a moment ago");
    assert_eq!(network.asked(&format!("/2/tweets/{first}")), 0, "no deeper than it is asked for");
}

#[tokio::test]
async fn nobody_pays_for_an_account_that_nobody_is_behind() {
    let (network, endpoint, notebook) = scene().await;
    let hearing = Hearing::new(x(&endpoint, &["ada", "eve"]), Arc::clone(&notebook) as _, terms());
    until(hearing, async || network.asked("/mentions") > 5).await;
    assert_eq!(network.asked("/2/users/me"), 1, "only ada's");
    let heard = notebook.store.heard().await.unwrap();
    assert_eq!(heard.iter().map(|heard| heard.account.as_str()).collect::<Vec<_>>(), ["ada"]);
    // Somebody comes.
    notebook.agents.lock().unwrap().push("eve");
    let hearing = Hearing::new(x(&endpoint, &["ada", "eve"]), Arc::clone(&notebook) as _, terms());
    until(hearing, async || notebook.store.heard().await.unwrap().len() == 2).await;
}

#[tokio::test]
async fn what_is_said_to_somebody_who_has_just_gone_is_heard_when_they_come_back() {
    let (network, endpoint, notebook) = scene().await;
    // By its clock everything was said long enough ago that nothing is asked for once more.
    *network.ahead_s.lock().unwrap() = Some(60);
    let terms = HearingTerms { backfill: Duration::from_secs(120), ..terms() };
    let hearing = Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms);
    let mut is_said = false;
    until(hearing, async || {
        if network.asked("/mentions") > 0 && !std::mem::replace(&mut is_said, true) {
            // She goes between the look and the writing of what it found.
            notebook.leaves.lock().unwrap().push("ada");
            network.say("bob", "@ada still there?", None);
        }
        let has_left = is_said && notebook.leaves.lock().unwrap().is_empty();
        if has_left && notebook.agents.lock().unwrap().is_empty() {
            assert!(notebook.texts().await.is_empty(), "nobody was there");
            notebook.agents.lock().unwrap().push("ada");
        }
        !notebook.texts().await.is_empty()
    })
    .await;
    assert_eq!(notebook.texts().await, ["@ada still there?"]);
}

#[tokio::test]
async fn accounts_are_asked_for_as_the_limit_lasts() {
    let (network, endpoint, notebook) = scene().await;
    *network.limit.lock().unwrap() = Some((1, 600));
    let hearing = Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms());
    let start = std::time::Instant::now();
    until(hearing, async || network.asked("/mentions") >= 1 && start.elapsed() > Duration::from_millis(200)).await;
    assert_eq!(network.asked("/mentions"), 1, "one request is left for ten minutes");
    *network.limit.lock().unwrap() = None;
    network.faults.lock().unwrap().push_back(Fault::Limited(600));
    let hearing = Hearing::new(x(&endpoint, &["ada"]), Arc::clone(&notebook) as _, terms());
    let start = std::time::Instant::now();
    until(hearing, async || network.asked("/mentions") >= 2 && start.elapsed() > Duration::from_millis(200)).await;
    assert_eq!(network.asked("/mentions"), 2, "X asked to wait");
}

#[tokio::test]
async fn a_cap_that_is_met_within_a_look_is_looked_at_again_soon() {
    let (network, endpoint, notebook) = scene().await;
    let x = x(&endpoint, &["ada"]);
    // One mention has room, and whose the signature is has not.
    x.set_caps(Caps { usd_micros_per_day: Some(5_000), ..Caps::default() });
    let hearing = Hearing::new(x, notebook as _, terms());
    let mut ear = super::super::ear::Ear::new(account("ada"), None, Duration::from_secs(60));
    assert!(hearing.turn(&mut ear).await <= Duration::from_secs(300));
    assert_eq!(network.asked("/2/users/me"), 0);
}
