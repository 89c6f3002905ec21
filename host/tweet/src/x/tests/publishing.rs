//! What is sent, and what is made of the answer.

use puppet_types::Image;

use super::*;

#[tokio::test]
async fn every_order_is_carried_out() {
    let there = There::new().await;
    let first = there.posted("ada", post("one & <two> https://example.org/x")).await;
    assert_eq!((first.author.as_str(), first.hops, first.conversation == first.id), ("ada", 2, true));
    let answer = there.posted("bob", reply(&first.id, "well")).await;
    assert_eq!(answer.in_reply_to.as_ref(), Some(&first.id));
    let quote = there.posted("bob", Action::Quote { of: first.id.clone(), text: "look".into() }).await;
    assert_eq!(quote.quotes.as_ref(), Some(&first.id));
    let liked = there.publish("bob", Action::Like { of: first.id.clone() }).await.unwrap();
    assert_eq!(liked, Published::default());
    let delete = || Action::Delete { of: first.id.clone() };
    assert_eq!(there.publish("ada", delete()).await, Ok(Published::default()));
    assert_eq!(there.publish("ada", delete()).await, Ok(Published::default()), "gone is what was asked for");

    let sent: Vec<Value> = there.posts("ada");
    let texts: Vec<&str> = sent.iter().map(|post| post["text"].as_str().unwrap()).collect();
    assert_eq!((texts, &sent[0]["deleted"]), (vec!["one & <two> https://example.org/x"], &true.into()));
    let of_bob = there.posts("bob");
    assert_eq!([&of_bob[0]["in_reply_to"], &of_bob[1]["quotes"]], [&Value::from(first.id.as_str()); 2]);
    assert_eq!(there.emulator.report()["accounts"][1]["likes"][0]["post"], first.id.as_str());
}

#[tokio::test]
async fn each_fault_is_told_for_what_it_is() {
    let in_doubt = |error: &PublishError| matches!(error, PublishError::InDoubt(_));
    type Is = fn(&PublishError) -> bool;
    let cases: [(Kind, Is, usize); 8] = [
        (Kind::LostAnswer, in_doubt, 1),
        (Kind::Closed, in_doubt, 0),
        (Kind::Truncated, in_doubt, 1),
        (Kind::Late { ms: 600_000 }, in_doubt, 1),
        (Kind::Failed { status: 500, done: true }, in_doubt, 1),
        (Kind::Failed { status: 503, done: false }, in_doubt, 0),
        (
            Kind::RateLimited { reset_s: 30 },
            |error| matches!(error, PublishError::RateLimited { retry_after_ms } if (28_000..=33_000).contains(retry_after_ms)),
            0,
        ),
        (
            Kind::Duplicate,
            |error| matches!(error, PublishError::Duplicate(words) if words.contains("takes it for a duplicate") && words.contains("duplicate content")),
            0,
        ),
    ];
    for (kind, is, posts) in cases {
        let timeout = if matches!(kind, Kind::Late { .. }) { Duration::from_millis(400) } else { TIMEOUT };
        let there = There::with(&["ada"], timeout).await;
        // Whose token it is has been asked before.
        there.posted("ada", post("before")).await;
        there.strike(kind.clone());
        let error = there.publish("ada", post("hello")).await.unwrap_err();
        assert!(is(&error), "{kind:?}: {error}");
        assert_eq!(there.posts("ada").len(), 1 + posts, "{kind:?}");
        assert!(!error.to_string().contains(&token("ada")), "{error}");
    }
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_not_asked_again_before_it_is_whole() {
    let there = There::new().await;
    there.posted("ada", post("before")).await;
    there.emulator.misbehave(Plan { limit: 3, window_s: 900, ..Plan::default() });
    there.posted("ada", post("one")).await;
    there.posted("ada", post("two")).await;
    let requests = there.requests();
    for _ in 0..3 {
        let error = there.publish("ada", post("three")).await.unwrap_err();
        let PublishError::RateLimited { retry_after_ms } = error else { panic!("{error}") };
        assert!((1..=910_000).contains(&retry_after_ms), "{retry_after_ms}");
    }
    assert_eq!(there.requests(), requests, "nothing was sent, not once");
    there.posted("bob", post("others are not concerned")).await;
    let windows = there.x.windows();
    let left = |account: &str| {
        let of = |window: &&Window| window.account == account && window.request == "POST /2/tweets";
        let found = windows.iter().find(of).unwrap();
        (found.kind, found.limit, found.remaining)
    };
    assert_eq!(left("@ada"), (WindowKind::QuarterHour, Some(3), 0));
    assert_eq!(left("@bob"), (WindowKind::QuarterHour, Some(3), 2));
}

#[tokio::test]
async fn one_account_that_used_its_app_up_keeps_the_others_of_it_from_asking() {
    let stand = super::stand::Stand::new(|came| {
        let who = came.authorization.rsplit('-').next().unwrap_or_default().to_owned();
        let user = format!(r#"{{"data":{{"id":"7","name":"n","username":"{who}"}}}}"#);
        if came.line.ends_with("users/me") {
            return Some((200, Vec::new(), user));
        }
        let reset = Timestamp::from_system().as_millis() / 1_000 + 600;
        let headers =
            vec![("x-app-limit-24hour-remaining", "0".to_owned()), ("x-app-limit-24hour-reset", reset.to_string())];
        Some((201, headers, r#"{"data":{"id":"17","text":"t"}}"#.to_owned()))
    })
    .await;
    let names = ["Ada", "bob", "eve"];
    let tokens = names.map(|name| (AccountId::new(name), Secret::new(token(&name.to_lowercase())).into()));
    let apps = ["ada", "bob"].map(|name| (AccountId::new(name), "main".to_owned())).into();
    let x = X::new(settings(stand.url.clone(), TIMEOUT, tokens.into())).unwrap().with_apps(&apps);
    x.publish(&order("Ada", post("the last"))).await.unwrap();
    let error = x.publish(&order("bob", post("no more"))).await.unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { .. }), "{error}");
    x.publish(&order("eve", post("has no app"))).await.unwrap();
    assert_eq!(stand.lines().iter().filter(|line| line.starts_with("POST")).count(), 2);
    let mut windows: Vec<String> = x.windows().into_iter().map(|window| window.account).collect();
    windows.sort();
    assert_eq!(windows, ["@eve", "the app `main`"]);
}

#[tokio::test]
async fn a_day_that_is_used_up_is_not_asked_again_while_the_window_has_room() {
    let there = There::new().await;
    let day_limits = [(Operation::CreatePost, 2)].into();
    there.emulator.misbehave(Plan { day_limits, ..Plan::default() });
    there.posted("ada", post("one")).await;
    there.posted("ada", post("two")).await;
    let requests = there.requests();
    let error = there.publish("ada", post("three")).await.unwrap_err();
    let PublishError::RateLimited { retry_after_ms } = error else { panic!("{error}") };
    assert!((86_000_000..=86_411_000).contains(&retry_after_ms), "{retry_after_ms}");
    assert_eq!(there.requests(), requests, "nothing was sent");
    there.posted("bob", post("others are not concerned")).await;
    let windows = there.x.windows();
    let left = |account: &str, kind: WindowKind| {
        let of = |window: &&Window| (window.account.as_str(), window.kind) == (account, kind);
        let found = windows.iter().filter(|window| window.request == "POST /2/tweets").find(of).unwrap();
        (found.limit, found.remaining)
    };
    assert_eq!(left("@ada", WindowKind::AccountDay), (Some(2), 0));
    assert_eq!(left("@ada", WindowKind::QuarterHour), (Some(10_000), 9_998));
    assert_eq!(left("@bob", WindowKind::AccountDay), (Some(2), 1));
}

#[tokio::test]
async fn what_is_not_reached_has_done_nothing() {
    let gone = There::new().await;
    let endpoint = gone.emulator.url();
    drop(gone);
    let tokens = BTreeMap::from([(AccountId::new("ada"), Secret::new(token("ada")).into())]);
    let x = X::new(settings(endpoint, TIMEOUT, tokens)).unwrap();
    // The listener ends with its task.
    let error = x.publish(&order("ada", post("hello"))).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn what_may_not_be_posted_is_not_sent() {
    let there = There::new().await;
    let id = || PostId::new("1");
    let image = Image { asset: "a.png".into(), alt_text: "a".into() };
    let long = "x".repeat(281);
    let cases = [
        ("ada", post(&long), "weighs 281"),
        ("ada", post(" "), "blank"),
        ("ada", post("a\u{0}b"), "control"),
        ("ada", reply(&id(), &long), "weighs 281"),
        ("ada", reply(&PostId::new("../users/me"), "x"), "id"),
        ("ada", Action::Quote { of: id(), text: long.clone() }, "weighs 281"),
        ("ada", Action::Thread { parts: vec!["one".into(), "two".into()] }, "part by part"),
        ("ada", Action::Post { text: "look".into(), images: vec![image] }, "no images to post"),
    ];
    for (account, action, said) in cases {
        match there.publish(account, action.clone()).await {
            Err(PublishError::Refused(words)) => assert!(words.contains(said), "{words}"),
            other => panic!("{action:?}: {other:?}"),
        }
    }
    // It waits until somebody gives the account something to sign with.
    match there.publish("eve", post("hello")).await {
        Err(PublishError::Unauthorized(words)) => assert!(words.contains("@eve has no token"), "{words}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(there.requests(), 0);
}

#[tokio::test]
async fn nobody_posts_with_the_token_of_another() {
    let emulator = Emulator::start(Services::ALL, 1, Plan::default()).await.unwrap();
    let tokens = BTreeMap::from([
        (AccountId::new("ada"), Secret::new(token("bob")).into()),
        (AccountId::new("eve"), Secret::new("no token of this place").into()),
        // X writes names as their owners do.
        (AccountId::new("CAT"), Secret::new(token("cat")).into()),
    ]);
    let x = X::new(settings(emulator.url(), TIMEOUT, tokens)).unwrap();
    let refused = |error: PublishError| match error {
        PublishError::Unauthorized(words) => words,
        other => panic!("{other:?}"),
    };
    let words = refused(x.publish(&order("ada", post("hello"))).await.unwrap_err());
    assert!(words.contains("with the token of @bob"), "{words}");
    let words = refused(x.publish(&order("eve", post("hello"))).await.unwrap_err());
    assert!(words.contains("does not accept its token"), "{words}");
    x.publish(&order("cat", post("hello"))).await.unwrap();
    let there = There { emulator, x };
    assert_eq!([there.posts("bob").len(), there.posts("cat").len()], [0, 1]);
}

#[tokio::test]
async fn a_post_that_is_about_nothing_is_refused_and_a_like_of_nothing_not_found() {
    let there = There::new().await;
    let id = PostId::new("17");
    let error = there.publish("ada", reply(&id, "hello")).await.unwrap_err();
    assert!(matches!(&error, PublishError::Refused(words) if words.contains("deleted or not visible")), "{error}");
    let error = there.publish("ada", Action::Like { of: id.clone() }).await.unwrap_err();
    assert_eq!(error, PublishError::NotFound(id.to_string()));
}

#[test]
fn addresses_and_tokens_are_checked() {
    let x = |endpoint: &str, token: &str| {
        let tokens = BTreeMap::from([(AccountId::new("ada"), Secret::new(token).into())]);
        X::new(settings(endpoint.to_owned(), TIMEOUT, tokens)).map(|_| ())
    };
    assert_eq!(x(XSettings::ENDPOINT, "t"), Ok(()));
    assert_eq!(x("ftp://x", "t"), Err(XSetupError::BadAddress));
    assert_eq!(x("here", "t"), Err(XSetupError::BadAddress));
    for (endpoint, is_fine) in [
        ("http://127.0.0.1:8", true),
        ("http://[::1]:8", true),
        ("http://localhost:8", true),
        ("http://api.x.com", false),
        ("http://127.0.0.1.example.org", false),
    ] {
        let expected = if is_fine { Ok(()) } else { Err(XSetupError::InClear) };
        assert_eq!(x(endpoint, "t"), expected, "{endpoint}");
    }
    let error = x(XSettings::ENDPOINT, "t\nx").unwrap_err();
    assert_eq!(error, XSetupError::BadToken("ada".into()));
    assert!(!format!("{error} {error:?}").contains('\n'));
}

#[tokio::test]
async fn a_token_is_in_nothing_that_is_said_or_printed() {
    let there = Arc::new(There::new().await);
    let printed = format!("{:?}", there.x);
    assert!(printed.contains("ada") && !printed.contains("emulated-"), "{printed}");
}
