//! How requests are signed, and what is said where X does not accept it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    stand::{Answered, Came, Stand},
    *,
};
use crate::TweetReader;
use puppet_reach::NoConnection;

pub(super) fn said(status: u16, body: impl Into<String>) -> Option<Answered> {
    Some((status, Vec::new(), body.into()))
}

pub(super) fn me(name: &str) -> Option<Answered> {
    said(200, format!(r#"{{"data":{{"id":"1","username":"{name}"}}}}"#))
}

pub(super) fn posted() -> Option<Answered> {
    said(201, r#"{"data":{"id":"17","text":"hello"}}"#)
}

fn keys() -> XSign {
    let [consumer_key, consumer_secret, token, token_secret] =
        ["key-canary", "key-secret-canary", "token-canary", "token-secret-canary"].map(Secret::new);
    XSign::OAuth1(OAuth1Keys { consumer_key, consumer_secret, token, token_secret })
}

pub(super) fn x(stand: &Stand, sign: XSign) -> X {
    X::new(settings(stand.url.clone(), TIMEOUT, BTreeMap::from([("ada".into(), sign)]))).unwrap()
}

pub(super) async fn publish(x: &X) -> Result<Published, PublishError> {
    x.publish(&order("ada", post("hello"))).await
}

#[tokio::test]
async fn keys_of_oauth_1_sign_each_request_anew() {
    let answer = |came: &Came| if came.line.ends_with("users/me") { me("Ada") } else { posted() };
    let stand = Stand::new(answer).await;
    publish(&x(&stand, keys())).await.unwrap();
    let came = stand.came.lock().unwrap().clone();
    assert_eq!(stand.lines(), ["GET /2/users/me", "POST /2/tweets"]);
    for one in &came {
        assert!(one.authorization.starts_with("OAuth ") && one.oauth("oauth_token") == Some("token-canary"));
        assert!(!one.authorization.contains("secret"), "{}", one.authorization);
    }
    assert_ne!(came[0].oauth("oauth_nonce"), came[1].oauth("oauth_nonce"));
    assert_ne!(came[0].oauth("oauth_signature"), came[1].oauth("oauth_signature"));
}

#[tokio::test]
async fn whoever_checks_signatures_takes_every_request_that_is_signed() {
    let emulator = Emulator::start(Services { x: true, llm: false }, 1, Plan::default()).await.unwrap();
    let key = |text: &str| Secret::new(format!("emulated-{text}"));
    let [consumer_key, consumer_secret, token, token_secret] = ["app", "app-secret", "ada", "ada-secret"].map(key);
    let keys = OAuth1Keys { consumer_key, consumer_secret, token, token_secret };
    let sign = |keys: &OAuth1Keys| BTreeMap::from([("ada".into(), XSign::OAuth1(keys.clone()))]);
    let x = X::new(settings(emulator.url(), TIMEOUT, sign(&keys))).unwrap();
    let made = x.publish(&order("ada", post("a & b, 100 % ü"))).await.unwrap().posts.remove(0);
    x.publish(&order("ada", Action::Like { of: made.id.clone() })).await.unwrap();
    let later = Timestamp::from_system().plus_millis(60_000);
    // Their queries have commas, and names with points.
    assert_eq!(x.own_posts(&"ada".into(), later, 5).await.unwrap().len(), 1);
    assert_eq!(x.timeline(&"ada".into(), later, 5).await.unwrap().len(), 1);
    assert_eq!(x.thread_of(&made.id, 3, later).await.unwrap()[0].id, made.id);
    x.publish(&order("ada", Action::Delete { of: made.id })).await.unwrap();
    let wrong = OAuth1Keys { token_secret: key("bob-secret"), ..keys };
    let x = X::new(settings(emulator.url(), TIMEOUT, sign(&wrong))).unwrap();
    assert_eq!(x.check(&"ada".into()).await, Err(SignInFault::WrongKeys));
}

/// An X whose clock is `ahead` of ours, and takes no signature of more than five minutes off. `tells`: it says its time.
async fn with_a_clock(ahead: i64, tells: bool) -> Stand {
    Stand::new(move |came| {
        let now = Timestamp::from_system().to_jiff() + jiff::SignedDuration::from_secs(ahead);
        let signed: i64 = came.oauth("oauth_timestamp").unwrap().parse().unwrap();
        let mut answer = match (signed - now.as_second()).abs() {
            ..=300 if came.line.ends_with("users/me") => me("ada"),
            ..=300 => posted(),
            _ => said(401, r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#),
        }?;
        if tells {
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
            answer.1.push(("date", date));
        }
        Some(answer)
    })
    .await
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_made_up_for_where_x_tells_its_time() {
    for ahead in [-3_600, 3_600] {
        let stand = with_a_clock(ahead, true).await;
        let x = x(&stand, keys());
        publish(&x).await.unwrap();
        // The first alone was signed by the wrong clock.
        assert_eq!(stand.lines(), ["GET /2/users/me", "GET /2/users/me", "POST /2/tweets"]);
        let off = x.check(&"ada".into()).await.unwrap() - ahead * 1_000;
        assert!(off.abs() <= 2_000, "{off}");
    }
    let stand = with_a_clock(3_600, false).await;
    let x = x(&stand, keys());
    let error = x.check(&"ada".into()).await.unwrap_err();
    assert_eq!(error, SignInFault::ClockSkew(None));
    assert!(error.remedy("ada").contains("set the clock"));
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_told_by_its_cause() {
    type Is = fn(&SignInFault) -> bool;
    type Sign = fn() -> XSign;
    let late = || vec![("date", "Tue, 14 Nov 2023 22:13:20 GMT".to_owned())];
    let plain = r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"token-canary"}"#;
    let cases: [(Sign, Answered, Is); 18] = [
        (keys, (401, Vec::new(), plain.into()), |f| *f == SignInFault::WrongKeys),
        (keys, (401, late(), plain.into()), |f| matches!(f, SignInFault::ClockSkew(Some(ahead)) if *ahead < -1_000)),
        (keys, (401, Vec::new(), r#"{"errors":[{"code":89}]}"#.into()), |f| *f == SignInFault::Revoked),
        (keys, (401, Vec::new(), r#"{"errors":[{"code":416}]}"#.into()), |f| matches!(f, SignInFault::AppSuspended(_))),
        (token_of_nobody, (401, late(), plain.into()), |f| *f == SignInFault::WrongToken),
        (
            token_of_nobody,
            (403, Vec::new(), r#"{"type":"https://api.twitter.com/2/problems/unsupported-authentication"}"#.into()),
            |f| matches!(f, SignInFault::NotAllowed(_)),
        ),
        (
            keys,
            (
                403,
                Vec::new(),
                r#"{"type":"https://x/client-forbidden","reason":"client-not-enrolled","detail":"no"}"#.into(),
            ),
            |f| matches!(f, SignInFault::AppSuspended(words) if words == "no"),
        ),
        (
            keys,
            (403, Vec::new(), r#"{"type":"https://x/client-forbidden","reason":"official-client-forbidden"}"#.into()),
            |f| matches!(f, SignInFault::PlanLacks(_)),
        ),
        (
            keys,
            (403, Vec::new(), r#"{"errors":[{"code":453,"message":"a different access level"}]}"#.into()),
            |f| matches!(f, SignInFault::PlanLacks(words) if words == "a different access level"),
        ),
        (keys, (403, Vec::new(), r#"{"errors":[{"code":416}]}"#.into()), |f| matches!(f, SignInFault::AppSuspended(_))),
        (keys, (401, Vec::new(), r#"{"errors":[{"code":64}]}"#.into()), |f| matches!(f, SignInFault::Suspended(_))),
        (
            keys,
            (403, Vec::new(), r#"{"type":"about:blank","detail":"Your account is suspended and may not."}"#.into()),
            |f| matches!(f, SignInFault::Suspended(_)),
        ),
        (keys, (403, Vec::new(), r#"{"type":"https://x/usage-capped","period":"Daily"}"#.into()), |f| {
            matches!(f, SignInFault::Answer(PublishError::UsageCap { .. })) && !f.is_lasting()
        }),
        (
            keys,
            (403, Vec::new(), r#"{"errors":[{"code":64,"message":"Your account is suspended"}]}"#.into()),
            |f| matches!(f, SignInFault::Suspended(words) if words.contains("suspended")),
        ),
        (
            keys,
            (302, vec![("location", "http://127.0.0.1:1/".into())], String::new()),
            |f| matches!(f, SignInFault::NotX { at, what } if at.starts_with("http://127.0.0.1:") && what.contains("302")),
        ),
        (keys, (200, Vec::new(), "<html>".into()), |f| matches!(f, SignInFault::NotX { .. })),
        (keys, (503, Vec::new(), String::new()), |f| {
            matches!(f, SignInFault::Answer(PublishError::Unavailable(_))) && !f.is_lasting()
        }),
        (keys, (200, Vec::new(), r#"{"data":{"id":"1","username":"bob"}}"#.into()), |f| {
            *f == SignInFault::OtherAccount("bob".into())
        }),
    ];
    for (sign, answer, is_it) in cases {
        let stand = Stand::new({
            let answer = answer.clone();
            move |_| Some(answer.clone())
        })
        .await;
        let fault = x(&stand, sign()).check(&"ada".into()).await.unwrap_err();
        assert!(is_it(&fault), "{answer:?}: {fault:?}");
        assert!(!format!("{fault} {fault:?} {}", fault.remedy("ada")).contains("canary"), "{fault}");
    }
}

fn token_of_nobody() -> XSign {
    Secret::new("of-nobody-canary").into()
}

#[tokio::test]
async fn what_is_no_x_and_what_is_not_there_are_not_the_same() {
    // Plain HTTP where TLS is spoken.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secure = format!("https://{}", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // What is not read is taken for a connection that broke off.
        let _ = stream.read(&mut [0; 4_096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.shutdown().await;
    });
    let accounts = BTreeMap::from([("ada".into(), keys())]);
    let x = X::new(settings(secure, TIMEOUT, accounts)).unwrap();
    let fault = x.check(&"ada".into()).await.unwrap_err();
    assert!(matches!(fault, SignInFault::Unreached { why: NoConnection::Insecure(_), .. }), "{fault:?}");
    plain.await.unwrap();
    // A port of ours where nobody listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let x = X::new(settings(gone, TIMEOUT, BTreeMap::from([("ada".into(), keys())]))).unwrap();
    let error = publish(&x).await.unwrap_err();
    let said =
        |words: &str| words.starts_with("@ada: X cannot be reached at http://127.0.0.1:") && words.contains("refused");
    assert!(matches!(&error, PublishError::Unavailable(words) if said(words)), "{error:?}");
}

#[tokio::test]
async fn an_account_that_is_refused_is_asked_about_once_until_somebody_looks_again() {
    let refuses = Arc::new(AtomicBool::new(true));
    let stand = Stand::new({
        let refuses = Arc::clone(&refuses);
        move |came| match (refuses.load(Ordering::Relaxed), came.line.ends_with("users/me")) {
            (true, _) => said(401, "{}"),
            (false, true) => me("ada"),
            (false, false) => posted(),
        }
    })
    .await;
    let x = x(&stand, keys());
    for _ in 0..3 {
        let error = publish(&x).await.unwrap_err();
        assert!(matches!(&error, PublishError::Unauthorized(words) if words.contains("@ada")), "{error:?}");
    }
    assert_eq!(stand.lines(), ["GET /2/users/me"]);
    refuses.store(false, Ordering::Relaxed);
    x.check(&"ada".into()).await.unwrap();
    publish(&x).await.unwrap();
    // Who it is was told: nobody asks again, whoever wants to.
    x.ask_anew(&"ada".into()).await;
    publish(&x).await.unwrap();
    let asked = stand.lines().iter().filter(|line| line.ends_with("users/me")).count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn what_was_said_against_an_account_does_not_stand_in_the_way_of_an_operator() {
    let refuses = Arc::new(AtomicBool::new(true));
    let stand = Stand::new({
        let refuses = Arc::clone(&refuses);
        move |came| match (refuses.load(Ordering::Relaxed), came.line.ends_with("users/me")) {
            (true, _) => said(401, "{}"),
            (false, true) => me("ada"),
            (false, false) => posted(),
        }
    })
    .await;
    let x = x(&stand, keys());
    publish(&x).await.unwrap_err();
    refuses.store(false, Ordering::Relaxed);
    publish(&x).await.unwrap_err();
    assert_eq!(stand.lines().len(), 1, "it is not asked about again for a while");
    x.ask_anew(&"Ada".into()).await;
    publish(&x).await.unwrap();
}

#[tokio::test]
async fn what_is_nobodys_is_read_with_the_token_of_an_app() {
    let stand = Stand::new(|_| said(200, r#"{"data":{"id":"1","username":"eve"},"meta":{"result_count":0}}"#)).await;
    let mut settings = settings(stand.url.clone(), TIMEOUT, BTreeMap::from([("ada".into(), keys())]));
    settings.apps.insert("main".into(), Secret::new("of-the-app"));
    let x = X::new(settings).unwrap();
    // The shape is that of a user: what is read of the posts does not matter here.
    let _ = x.posts_of(&"eve".into(), Timestamp::from_system(), 5).await;
    let came = stand.came.lock().unwrap().clone();
    assert!(came.iter().all(|came| came.authorization == "Bearer of-the-app") && !came.is_empty(), "{came:?}");
}

#[tokio::test]
async fn tokens_for_this_machine_go_through_no_proxy() {
    const NAME: &str = "x::tests::signing::tokens_for_this_machine_go_through_no_proxy";
    const IS_CHILD: &str = "PUPPET_TEST_BEHIND_A_PROXY";
    let proxy = Stand::new(|_| me("proxy")).await;
    if std::env::var_os(IS_CHILD).is_some() {
        let stand = Stand::new(|_| me("ada")).await;
        x(&stand, keys()).check(&"ada".into()).await.unwrap();
        return;
    }
    // The environment is the whole process's, so another one is asked.
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([NAME, "--exact"]).env(IS_CHILD, "1").env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &proxy.url);
    }
    let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed"), "it was run");
    assert!(proxy.lines().is_empty(), "{:?}", proxy.lines());
}
