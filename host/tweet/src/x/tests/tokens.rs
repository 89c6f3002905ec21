//! Pairs of OAuth 2: how they are got, renewed and kept, and what is said where they are worth nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{
    signing::{me, posted, publish, said, x},
    stand::Stand,
    *,
};

const MS: u64 = 1_000;

fn all_scopes() -> String {
    SCOPES.each_ref().map(|scope| scope.name).join(" ")
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
            scope: all_scopes(),
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
            let is_valid =
                came.authorization == format!("Bearer access-canary-{last}") && !dead.load(Ordering::Relaxed);
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
            "token_type": "bearer", "expires_in": seconds, "access_token": access, "refresh_token": refresh,
            "scope": all_scopes(),
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
        (404, "", |f| matches!(f, SignInFault::NotX { .. })),
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
    // New tokens are given, and worth as little as those before.
    let stand = Stand::new(|came| match came.line.ends_with("oauth2/token") {
        true => said(200, r#"{"access_token":"access-canary-2","refresh_token":"refresh-canary-2"}"#),
        false => said(401, r#"{"errors":[{"code":89}]}"#),
    })
    .await;
    let fault = x(&stand, Kept::with(Kept::pair(1, 7_200 * MS)).sign()).check(&"ada".into()).await.unwrap_err();
    assert_eq!(fault, SignInFault::PairRefused);
    let stand = Stand::new(|_| None).await;
    let other = TokenPair { client_id: "another".into(), ..Kept::pair(1, 7_200 * MS) };
    assert_eq!(x(&stand, Kept::with(other).sign()).check(&"ada".into()).await, Err(SignInFault::OtherApp));
    assert_eq!(stand.lines().len(), 0);
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
        assert_eq!(pair.scope, all_scopes(), "what is not told is as it was");
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
    let scope = Arc::new(std::sync::Mutex::new("tweet.read users.read"));
    let (seen, given) = (Arc::clone(&verifier), Arc::clone(&scope));
    let stand = Stand::new(move |came| {
        if came.line.ends_with("users/me") {
            assert_eq!(came.authorization, "Bearer access-canary-9");
            return me("Ada");
        }
        *seen.lock().unwrap() = came.field("code_verifier");
        assert_eq!(came.field("grant_type").as_deref(), Some("authorization_code"));
        assert_eq!(came.field("code").as_deref(), Some("a code"));
        let body = serde_json::json!({
            "access_token": "access-canary-9", "refresh_token": "refresh-canary-9", "expires_in": 7200,
            "scope": *given.lock().unwrap(),
        });
        said(200, body.to_string())
    })
    .await;
    let app = OAuthApp { id: "app".to_owned(), secret: None };
    let redirect = "http://127.0.0.1:8731/callback";
    let begun = SignIn::begin(&stand.url, TIMEOUT, app.clone(), redirect).unwrap();
    assert!(begun.address().starts_with(&format!("{}/i/oauth2/authorize?", stand.url)), "{}", begun.address());
    let (pair, name) = begun.finish(&Secret::new("a code")).await.unwrap();
    assert_eq!((name.as_str(), pair.client_id.as_str()), ("Ada", "app"));
    assert_eq!(pair.lacks().len(), 4, "{}", pair.scope);
    assert_eq!(verifier.lock().unwrap().as_ref().unwrap().len(), 43);

    *scope.lock().unwrap() = "tweet.write tweet.read";
    let fault = begun.finish(&Secret::new("a code")).await.unwrap_err();
    assert_eq!(fault, SignInFault::NotAllowed("it was not given users.read".to_owned()), "X would not say whose it is");
    revoke(&stand.url, TIMEOUT, &app, &pair).await.unwrap_err();
}
