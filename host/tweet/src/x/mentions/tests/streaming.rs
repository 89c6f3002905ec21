//! A stream tells at once what asking would tell in time; what it passes over is asked for.

use std::sync::atomic::Ordering::SeqCst;

use puppet_store::HeardStore as _;
use serde_json::{Value, json};

use super::{super::Listening, there::with_apps, *};
use crate::caps::Caps;

/// While there is a stream nothing is asked for by itself before the test is over.
fn rarely() -> HearingTerms {
    HearingTerms { every: Duration::from_millis(20), silence: Duration::from_millis(300), ..HearingTerms::default() }
}

/// Returns when the stream is open, and somebody was asked for.
async fn opened(network: &Network) {
    while network.open.load(SeqCst) == 0 || network.asked("/mentions") == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Returns when so many were heard.
async fn told(notebook: &Notebook, count: usize) {
    while notebook.texts().await.len() < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Returns when the stream has told something and nobody was asked for meanwhile. Answers how many were heard by then.
async fn rests(network: &Network, notebook: &Notebook) -> usize {
    loop {
        opened(network).await;
        let (asked, heard) = (network.asked("/mentions"), notebook.texts().await.len());
        network.say("cy", "@ada are you there?", None);
        told(notebook, heard + 1).await;
        if network.asked("/mentions") == asked {
            return heard + 1;
        }
    }
}

/// Listens while something is done.
async fn while_listening(hearing: Hearing, steps: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(hearing.run(stopped));
    tokio::time::timeout(Duration::from_secs(60), steps).await.expect("all of it is heard");
    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_tells_at_once_and_each_account_by_its_own_rule() {
    let (network, endpoint, notebook) = scene().await;
    notebook.agents.lock().unwrap().push("bob");
    network.rule("cats has:media", "cats");
    network.rule("@zoe", "puppet:zoe");
    let x = with_apps(&endpoint, &["Ada", "bob", "eve"], &["app"]);
    // However busy the machine is, the stream stays open.
    let terms = HearingTerms { silence: Duration::from_secs(60), ..rarely() };
    let hearing = Hearing::new(x, Arc::clone(&notebook) as _, terms);
    while_listening(hearing, async {
        for n in 0.. {
            rests(&network, &notebook).await;
            let asked = network.asked("/mentions");
            network.say("cy", &format!("@eve is nobody here: {n}"), None);
            network.say("ada", &format!("@ada to herself: {n}"), None);
            let both = format!("@ada and @bob: {n}");
            network.say("cy", &both, None);
            let of_now = async || -> Vec<String> {
                notebook.texts().await.into_iter().filter(|text| text.ends_with(&format!(": {n}"))).collect()
            };
            while of_now().await.iter().filter(|text| **text == both).count() < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            // Where the machine is busy somebody may have been asked for all the same: then it was not the stream alone.
            if network.asked("/mentions") == asked {
                assert_eq!(of_now().await, [both.clone(), both], "one for each of the two");
                break;
            }
        }
    })
    .await;
    assert_eq!(network.tags(), ["cats", "puppet:ada", "puppet:bob", "puppet:zoe"], "those of others stay");
    assert_eq!(notebook.store.heard().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_said_while_there_is_no_stream_is_asked_for() {
    let (network, endpoint, notebook) = scene().await;
    let hearing = Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), Arc::clone(&notebook) as _, rarely());
    while_listening(hearing, async {
        opened(&network).await;
        network.say("cy", "@ada one", None);
        told(&notebook, 1).await;
        // The connection breaks, and this is said to nobody.
        network.cut();
        while network.open.load(SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        network.say("cy", "@ada two", None);
        told(&notebook, 2).await;
        opened(&network).await;
        // It is there, and dead.
        network.is_mute.store(true, SeqCst);
        network.say("cy", "@ada three", None);
        told(&notebook, 3).await;
    })
    .await;
    assert_eq!(notebook.texts().await, ["@ada one", "@ada two", "@ada three"]);
}

#[tokio::test]
async fn a_stream_that_breaks_off_again_and_again_is_opened_more_and_more_seldom() {
    let (network, endpoint, notebook) = scene().await;
    let terms = HearingTerms { every: Duration::from_secs(3_600), silence: Duration::from_secs(60), ..rarely() };
    let hearing = Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), Arc::clone(&notebook) as _, terms);
    let start = std::time::Instant::now();
    while_listening(hearing, async {
        for _ in 0..5 {
            opened(&network).await;
            // It says something first.
            let heard = notebook.texts().await.len();
            network.say("cy", "@ada are you there?", None);
            told(&notebook, heard + 1).await;
            network.cut();
            while network.open.load(SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    assert!(start.elapsed() >= Duration::from_millis(2_500), "{:?}", start.elapsed());
    assert_eq!(network.asked("/mentions"), 1, "no sooner than it is told to");
}

#[tokio::test]
async fn lines_that_cannot_be_read_are_made_good_by_asking() {
    let (network, endpoint, notebook) = scene().await;
    let hearing = Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), Arc::clone(&notebook) as _, rarely());
    while_listening(hearing, async {
        let before = rests(&network, &notebook).await;
        // What it should have told comes as something else.
        network.is_passed_over.store(true, SeqCst);
        network.say("cy", "@ada lost", None);
        network.lines.0.send(Some("{\"data\":{\"id\":\r\n".to_owned())).unwrap();
        told(&notebook, before + 1).await;
    })
    .await;
    assert_eq!(network.asked("/2/tweets/search/stream?"), 1, "the stream goes on");
}

#[tokio::test]
async fn accounts_without_room_for_a_rule_are_asked_for() {
    let (network, endpoint, notebook) = scene().await;
    notebook.agents.lock().unwrap().extend(["bob", "cy", "dee"]);
    network.rule("cats", "cats");
    *network.room.lock().unwrap() = Some(3);
    let terms = HearingTerms { every: Duration::from_millis(20), ..rarely() };
    let x = with_apps(&endpoint, &["ada", "bob", "cy", "dee"], &["app"]);
    let hearing = Hearing::new(x, Arc::clone(&notebook) as _, terms);
    let asked = |name: &str| network.asked(&format!("/2/users/{}/mentions", there::number(name)));
    let mut is_said = false;
    // Once the stream tells of ada, she is not asked for while dee is asked for again and again.
    let mut rests = (0, 0);
    until(hearing, async || {
        opened(&network).await;
        if !std::mem::replace(&mut is_said, true) {
            network.say("zoe", "@ada and @dee", None);
        }
        if asked("ada") != rests.0 {
            rests = (asked("ada"), asked("dee"));
        }
        notebook.texts().await.len() == 2 && asked("dee") > rests.1 + 5
    })
    .await;
    assert_eq!(network.tags(), ["cats", "puppet:ada", "puppet:bob"], "as many as there is room for");
}

#[tokio::test]
async fn whoever_gets_no_stream_is_asked_for_meanwhile() {
    for (status, body) in [
        (
            403,
            json!({ "title": "Forbidden", "type": "https://api.x.com/2/problems/client-forbidden", "reason": "client-not-enrolled" }),
        ),
        (403, json!({ "errors": [{ "message": "a subset of endpoints", "code": 453 }] })),
        (401, Value::Null),
        (
            429,
            json!({ "title": "ConnectionException", "connection_issue": "TooManyConnections", "type": "https://api.x.com/2/problems/streaming-connection" }),
        ),
    ] {
        let (network, endpoint, notebook) = scene().await;
        *network.refuses.lock().unwrap() = Some((status, body));
        let terms = HearingTerms { every: Duration::from_millis(20), ..rarely() };
        let hearing = Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), Arc::clone(&notebook) as _, terms);
        let mut is_said = false;
        until(hearing, async || {
            if network.asked("/mentions") > 0 && !std::mem::replace(&mut is_said, true) {
                network.say("cy", "@ada hello", None);
            }
            network.asked("/mentions") > 5 && notebook.texts().await.len() == 1
        })
        .await;
        // Until when it is left alone: `opening`.
        assert_eq!(network.asked("/2/tweets/search/stream?"), 1, "{status}");
    }
}

#[tokio::test]
async fn who_wants_to_poll_opens_no_stream() {
    let (network, endpoint, notebook) = scene().await;
    let terms = HearingTerms { by: Listening::Poll, ..terms() };
    let hearing = Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), Arc::clone(&notebook) as _, terms);
    until(hearing, async || network.asked("/mentions") > 5).await;
    assert_eq!(network.asked("/search/stream"), 0);
}

#[tokio::test]
async fn a_stream_ends_while_reads_are_used_up_and_nobody_is_asked_for() {
    let (network, endpoint, notebook) = scene().await;
    let x = with_apps(&endpoint, &["ada"], &["app"]);
    x.set_caps(Caps { reads_per_month: Some(1_000), ..Caps::default() });
    let terms = HearingTerms { silence: Duration::from_secs(60), ..rarely() };
    let hearing = || Hearing::new(Arc::clone(&x), Arc::clone(&notebook) as _, terms.clone());
    let asked = || network.asked("/mentions") + network.asked("/stream?");
    while_listening(hearing(), async {
        rests(&network, &notebook).await;
        // Room for one more, which whoever is first may use.
        let limit = x.bill().iter().map(|day| day.reads).sum::<u64>() + 1;
        x.set_caps(Caps { reads_per_month: Some(limit), ..Caps::default() });
        network.say("bob", "@ada the last", None);
        while network.open.load(SeqCst) > 0 || x.caps()[0].reserved > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let used = x.caps()[0].used;
        assert!((limit..limit + 100).contains(&used), "a page at most: {used} of {limit}");
    })
    .await;
    network.say("bob", "@ada unheard as yet", None);
    // Not even at a start.
    let before = (asked(), network.asked("/rules"));
    while_listening(hearing(), tokio::time::sleep(Duration::from_millis(150))).await;
    assert_eq!((asked(), network.asked("/rules")), before);
    // Nothing is lost with that.
    x.set_caps(Caps::default());
    while_listening(hearing(), async {
        while notebook.texts().await.last().map(String::as_str) != Some("@ada unheard as yet") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(notebook.texts().await.iter().filter(|text| *text == "@ada the last").count(), 1);
}
