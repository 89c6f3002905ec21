//! How requests are signed, and what is said where X does not accept it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    stand::{Answered, Came, Stand},
    *,
};
use crate::TweetReader;

const MS: u64 = 1_000;

fn said(status: u16, body: impl Into<String>) -> Option<Answered> {
    Some((status, Vec::new(), body.into()))
}

fn me(name: &str) -> Option<Answered> {
    said(200, format!(r#"{{"data":{{"id":"1","username":"{name}"}}}}"#))
}

fn posted() -> Option<Answered> {
    said(201, r#"{"data":{"id":"17","text":"hello"}}"#)
}

fn keys() -> XSign {
    let [consumer_key, consumer_secret, token, token_secret] =
        ["key-canary", "key-secret-canary", "token-canary", "token-secret-canary"].map(Secret::new);
    XSign::OAuth1(OAuth1Keys { consumer_key, consumer_secret, token, token_secret })
}

fn x(stand: &Stand, sign: XSign) -> X {
    X::new(settings(stand.url.clone(), TIMEOUT, BTreeMap::from([("ada".into(), sign)]))).unwrap()
}

async fn publish(x: &X) -> Result<Published, PublishError> {
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
    let cases: [(Sign, Answered, Is); 12] = [
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
            (403, Vec::new(), r#"{"type":"https://x/client-forbidden","detail":"not enrolled"}"#.into()),
            |f| matches!(f, SignInFault::AppSuspended(words) if words == "not enrolled"),
        ),
        (
            keys,
            (403, Vec::new(), r#"{"errors":[{"code":64,"message":"Your account is suspended"}]}"#.into()),
            |f| matches!(f, SignInFault::Suspended(words) if words.contains("suspended")),
        ),
        (
            keys,
            (302, vec![("location", "http://127.0.0.1:1/".into())], String::new()),
            |f| matches!(f, SignInFault::NotX(words) if words.contains("302")),
        ),
        (keys, (200, Vec::new(), "<html>".into()), |f| matches!(f, SignInFault::NotX(_))),
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
    assert!(matches!(fault, SignInFault::Tls(_)), "{fault:?}");
    plain.await.unwrap();
    // A port of ours where nobody listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let x = X::new(settings(gone, TIMEOUT, BTreeMap::from([("ada".into(), keys())]))).unwrap();
    let error = publish(&x).await.unwrap_err();
    assert!(matches!(&error, PublishError::Unavailable(words) if words.starts_with("@ada: ")), "{error:?}");
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

/// Keeps a pair in memory, and counts.
#[derive(Default)]
struct Kept {
    pair: std::sync::Mutex<Option<TokenPair>>,
    holders: Arc<Mutex<()>>,
    is_full: AtomicBool,
    saves: AtomicUsize,
}

#[async_trait]
impl TokenStore for Kept {
    async fn hold(&self) -> Result<Box<dyn Send + Sync>, String> {
        Ok(Box::new(Arc::clone(&self.holders).lock_owned().await))
    }
    async fn load(&self) -> Result<Option<TokenPair>, String> {
        Ok(self.pair.lock().unwrap().clone())
    }
    async fn save(&self, pair: &TokenPair) -> Result<(), String> {
        if self.is_full.load(Ordering::Relaxed) && pair.asked.is_none() {
            return Err("the disk is full".to_owned());
        }
        self.saves.fetch_add(1, Ordering::Relaxed);
        *self.pair.lock().unwrap() = Some(pair.clone());
        Ok(())
    }
}

impl Kept {
    /// The pair `n`, that lasts so long from now on.
    fn pair(n: usize, for_ms: u64) -> TokenPair {
        TokenPair {
            access: Secret::new(format!("access-canary-{n}")),
            refresh: Some(Secret::new(format!("refresh-canary-{n}"))),
            expires: Timestamp::from_system().plus_millis(for_ms),
            scope: SCOPES.to_owned(),
            client_id: "app".to_owned(),
            asked: None,
        }
    }

    fn with(pair: TokenPair) -> Arc<Self> {
        Arc::new(Self { pair: std::sync::Mutex::new(Some(pair)), ..Self::default() })
    }

    fn sign(self: &Arc<Self>) -> XSign {
        let app = OAuthApp { id: "app".to_owned(), secret: None };
        XSign::OAuth2(OAuth2 { app, store: Arc::clone(self) as _ })
    }

    fn access(&self) -> String {
        self.pair.lock().unwrap().as_ref().unwrap().access.expose().to_owned()
    }
}

/// An X that gives pair after pair, takes each refresh token once, and ends the family where one comes twice.
/// `lose`: the answer of this renewal never arrives.
async fn rotating(lose: Option<usize>) -> (Stand, Arc<AtomicBool>) {
    rotating_each(lose, 7_200).await
}

/// The same with tokens that last so many seconds.
async fn rotating_each(lose: Option<usize>, seconds: u64) -> (Stand, Arc<AtomicBool>) {
    let is_dead = Arc::new(AtomicBool::new(false));
    let dead = Arc::clone(&is_dead);
    let mut last = 1;
    let stand = Stand::new(move |came| {
        if !came.line.ends_with("oauth2/token") {
            let is_valid = came.authorization == format!("Bearer access-canary-{last}") && !dead.load(Ordering::Relaxed);
            return match is_valid {
                false => said(401, r#"{"title":"Unauthorized","status":401}"#),
                true if came.line.ends_with("users/me") => me("ada"),
                true => posted(),
            };
        }
        assert_eq!(came.field("client_id").as_deref(), Some("app"), "a public client names itself");
        if came.field("refresh_token") != Some(format!("refresh-canary-{last}")) || dead.load(Ordering::Relaxed) {
            dead.store(true, Ordering::Relaxed);
            let error = r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#;
            return said(400, error);
        }
        last += 1;
        let (access, refresh) = (format!("access-canary-{last}"), format!("refresh-canary-{last}"));
        let given = serde_json::json!({
            "token_type": "bearer", "expires_in": seconds, "access_token": access, "refresh_token": refresh, "scope": SCOPES,
        });
        if lose == Some(last) { None } else { said(200, given.to_string()) }
    })
    .await;
    (stand, is_dead)
}

fn renewals(stand: &Stand) -> usize {
    stand.lines().iter().filter(|line| line.ends_with("oauth2/token")).count()
}

#[tokio::test]
async fn many_requests_of_two_hosts_renew_a_pair_once() {
    let (stand, is_dead) = rotating(None).await;
    let kept = Kept::with(Kept::pair(1, 0));
    let hosts = [x(&stand, kept.sign()), x(&stand, kept.sign())].map(Arc::new);
    let all = (0..40).map(|n| {
        let x = Arc::clone(&hosts[n % 2]);
        tokio::spawn(async move { publish(&x).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!((renewals(&stand), is_dead.load(Ordering::Relaxed)), (1, false));
    assert_eq!(kept.access(), "access-canary-2");
    // That it began, and what came of it.
    assert_eq!(kept.saves.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn tokens_that_end_within_a_minute_are_used_all_the_same() {
    let (stand, is_dead) = rotating_each(None, 30).await;
    let kept = Kept::with(Kept::pair(1, 0));
    publish(&x(&stand, kept.sign())).await.unwrap();
    assert_eq!((renewals(&stand), is_dead.load(Ordering::Relaxed)), (2, false));
}

#[tokio::test]
async fn a_pair_that_ends_early_is_renewed_once_and_the_post_is_made() {
    let (stand, is_dead) = rotating(None).await;
    // It should last, and X has ended its access already.
    let kept = Kept::with(TokenPair { access: Secret::new("access-canary-ended"), ..Kept::pair(1, 7_200 * MS) });
    let x = x(&stand, kept.sign());
    publish(&x).await.unwrap();
    assert_eq!(stand.lines(), ["GET /2/users/me", "POST /2/oauth2/token", "GET /2/users/me", "POST /2/tweets"]);
    assert!(!is_dead.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_pair_that_somebody_else_renewed_is_read_again_and_not_renewed() {
    let current = Arc::new(AtomicUsize::new(4));
    let stand = Stand::new({
        let current = Arc::clone(&current);
        move |came| {
            let is_valid = came.authorization == format!("Bearer access-canary-{}", current.load(Ordering::Relaxed));
            match (is_valid, came.line.ends_with("users/me")) {
                (false, _) => said(401, "{}"),
                (true, true) => me("ada"),
                (true, false) => posted(),
            }
        }
    })
    .await;
    let kept = Kept::with(Kept::pair(4, 7_200 * MS));
    let x = x(&stand, kept.sign());
    x.check(&"ada".into()).await.unwrap();
    // Somebody signs in anew, from another process: X ends what was before.
    current.store(5, Ordering::Relaxed);
    *kept.pair.lock().unwrap() = Some(Kept::pair(5, 7_200 * MS));
    publish(&x).await.unwrap();
    assert_eq!(stand.lines(), ["GET /2/users/me", "POST /2/tweets", "POST /2/tweets"]);
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_told_and_the_token_is_not_tried_without_end() {
    let (stand, _) = rotating(Some(2)).await;
    let kept = Kept::with(Kept::pair(1, 0));
    let x = x(&stand, kept.sign());
    let error = publish(&x).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");
    assert!(kept.pair.lock().unwrap().as_ref().unwrap().asked.is_some(), "that it began is kept");
    // A host that starts anew knows of it.
    let x = X::new(settings(stand.url.clone(), TIMEOUT, BTreeMap::from([("ada".into(), kept.sign())]))).unwrap();
    for _ in 0..3 {
        let error = x.check(&"ada".into()).await.unwrap_err();
        assert_eq!(error, SignInFault::Withdrawn { cut_short: true });
        assert!(error.remedy("ada").contains("puppet x login ada"));
    }
    assert_eq!(renewals(&stand), 2);
}

#[tokio::test]
async fn whoever_gives_up_waiting_ends_no_renewal() {
    let (stand, is_dead) = rotating(None).await;
    let kept = Kept::with(Kept::pair(1, 0));
    let x = x(&stand, kept.sign());
    let held = kept.hold().await.unwrap();
    // It waits for the lock, and is gone.
    assert!(tokio::time::timeout(Duration::from_millis(20), publish(&x)).await.is_err());
    drop(held);
    publish(&x).await.unwrap();
    assert_eq!((renewals(&stand), is_dead.load(Ordering::Relaxed)), (1, false));
}

#[tokio::test]
async fn tokens_that_cannot_be_kept_are_not_used_before_they_are() {
    let (stand, is_dead) = rotating(None).await;
    let kept = Kept::with(Kept::pair(1, 0));
    kept.is_full.store(true, Ordering::Relaxed);
    let x = x(&stand, kept.sign());
    for _ in 0..2 {
        let error = publish(&x).await.unwrap_err();
        assert!(matches!(&error, PublishError::Unavailable(words) if words.contains("disk is full")), "{error:?}");
    }
    assert_eq!(stand.lines(), ["POST /2/oauth2/token"]);
    kept.is_full.store(false, Ordering::Relaxed);
    publish(&x).await.unwrap();
    assert_eq!((renewals(&stand), is_dead.load(Ordering::Relaxed)), (1, false));
    assert_eq!(kept.access(), "access-canary-2");
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_told_by_its_cause() {
    type Is = fn(&SignInFault) -> bool;
    let cases: [(u16, &str, Is); 6] = [
        (401, r#"{"error":"unauthorized_client","error_description":"Missing valid authorization header"}"#, |f| {
            *f == SignInFault::WrongApp
        }),
        (400, r#"{"error":"invalid_client"}"#, |f| *f == SignInFault::WrongApp),
        (400, r#"{"error":"invalid_grant"}"#, |f| *f == SignInFault::Withdrawn { cut_short: false }),
        (404, "", |f| matches!(f, SignInFault::NotX(_))),
        (429, "{}", |f| matches!(f, SignInFault::Answer(PublishError::RateLimited { .. }))),
        (500, "{}", |f| matches!(f, SignInFault::Answer(PublishError::Unavailable(_)))),
    ];
    for (status, body, is_it) in cases {
        let stand = Stand::new(move |_| said(status, body)).await;
        let kept = Kept::with(Kept::pair(1, 0));
        let fault = x(&stand, kept.sign()).check(&"ada".into()).await.unwrap_err();
        assert!(is_it(&fault), "{status} {body}: {fault:?}");
        // Only where X may have made new tokens it stays written that it was asked.
        let is_open = kept.pair.lock().unwrap().as_ref().unwrap().asked.is_some();
        assert_eq!(is_open, status == 500, "{status} {body}");
    }
    let stand = Stand::new(|_| None).await;
    let nobody = Arc::new(Kept::default());
    assert_eq!(x(&stand, nobody.sign()).check(&"ada".into()).await, Err(SignInFault::NeverSignedIn));
    let other = TokenPair { client_id: "another".into(), ..Kept::pair(1, 7_200 * MS) };
    assert_eq!(x(&stand, Kept::with(other).sign()).check(&"ada".into()).await, Err(SignInFault::OtherApp));
    assert_eq!(stand.lines().len(), 0);
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

#[tokio::test]
async fn new_tokens_are_kept_whatever_is_said_beside_them() {
    for (beside, lasts_s) in [
        (r#""scope":null,"expires_in":null,"refresh_token":null"#, 7_200),
        (r#""expires_in":"3600","scope":["tweet.read"]"#, 3_600),
        (r#""expires_in":3600.5,"refresh_token":7"#, 3_600),
        (r#""expires_in":-1"#, 7_200),
    ] {
        let stand = Stand::new(move |came| match came.line.ends_with("oauth2/token") {
            true => said(200, format!(r#"{{"access_token":"access-canary-2",{beside}}}"#)),
            false => me("ada"),
        })
        .await;
        let kept = Kept::with(Kept::pair(1, 0));
        let before = Timestamp::from_system();
        x(&stand, kept.sign()).check(&"ada".into()).await.unwrap();
        let pair = kept.pair.lock().unwrap().clone().unwrap();
        assert_eq!(pair.access.expose(), "access-canary-2", "{beside}");
        assert_eq!(pair.scope, SCOPES, "what is not told is as it was");
        assert_eq!(pair.expires.millis_since(before) / 100_000, lasts_s * 1_000 / 100_000, "{beside}");
    }
}

#[tokio::test]
async fn a_confidential_client_says_who_it_is_by_its_password() {
    let stand = Stand::new(|came| {
        assert!(came.field("client_id").is_none() && came.authorization.starts_with("Basic "), "{came:?}");
        said(400, r#"{"error":"invalid_grant"}"#)
    })
    .await;
    let app = OAuthApp { id: "app".to_owned(), secret: Some(Secret::new("client-secret-canary")) };
    let sign = XSign::OAuth2(OAuth2 { app, store: Kept::with(Kept::pair(1, 0)) });
    let fault = x(&stand, sign).check(&"ada".into()).await.unwrap_err();
    assert_eq!(fault, SignInFault::Withdrawn { cut_short: false });
}

#[tokio::test]
async fn a_code_becomes_a_pair_of_the_account_that_gave_it() {
    let verifier = Arc::new(std::sync::Mutex::new(None));
    let seen = Arc::clone(&verifier);
    let stand = Stand::new(move |came| {
        if came.line.ends_with("users/me") {
            assert_eq!(came.authorization, "Bearer access-canary-9");
            return me("Ada");
        }
        *seen.lock().unwrap() = came.field("code_verifier");
        assert_eq!(came.field("grant_type").as_deref(), Some("authorization_code"));
        assert_eq!(came.field("code").as_deref(), Some("a code"));
        let body =
            r#"{"access_token":"access-canary-9","refresh_token":"refresh-canary-9","expires_in":7200,"scope":"s"}"#;
        said(200, body)
    })
    .await;
    let app = OAuthApp { id: "app".to_owned(), secret: None };
    let redirect = "http://127.0.0.1:8731/callback";
    let begun = SignIn::begin(&stand.url, TIMEOUT, app.clone(), redirect).unwrap();
    assert!(begun.address().starts_with(&format!("{}/i/oauth2/authorize?", stand.url)), "{}", begun.address());
    let (pair, name) = begun.finish(&Secret::new("a code")).await.unwrap();
    assert_eq!((name.as_str(), pair.client_id.as_str(), pair.scope.as_str()), ("Ada", "app", "s"));
    assert_eq!(verifier.lock().unwrap().as_ref().unwrap().len(), 43);

    revoke(&stand.url, TIMEOUT, &app, &pair).await.unwrap_err();
}
