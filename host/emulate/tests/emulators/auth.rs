//! Who may ask what: signatures, an app's own token, consent, tokens that expire and that are good once.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::*;

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

fn encoded(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The header of a signed request without a query.
fn signed(method: &str, url: &str, at_s: i64, secrets: (&str, &str)) -> String {
    let list = format!(
        "oauth_consumer_key=emulated-app&oauth_nonce=n1&oauth_signature_method=HMAC-SHA1&oauth_timestamp={at_s}\
         &oauth_token=emulated-ada&oauth_version=1.0"
    );
    let base = format!("{method}&{}&{}", encoded(url), encoded(&list));
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(format!("{}&{}", secrets.0, secrets.1).as_bytes()).unwrap();
    mac.update(base.as_bytes());
    let signature = encoded(&STANDARD.encode(mac.finalize().into_bytes()));
    let parts: Vec<String> = list
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    format!("OAuth {}, oauth_signature=\"{signature}\"", parts.join(", "))
}

const SECRETS: (&str, &str) = ("emulated-app-secret", "emulated-ada-secret");

#[tokio::test]
async fn a_request_is_taken_with_the_right_signature_and_clock_only() {
    let asking = Asking::start(Vec::new()).await;
    let url = format!("{}/2/users/me", asking.emulator.url());
    let get = async |header: String| {
        let answer = asking.http.get(&url).header("authorization", header).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, me) = get(signed("GET", &url, now_s(), SECRETS)).await;
    assert_eq!((status, &me["data"]["username"]), (200, &"ada".into()));
    for (header, said) in [
        (signed("GET", &url, now_s(), ("emulated-app-secret", "emulated-bob-secret")), "Unauthorized"),
        (signed("POST", &url, now_s(), SECRETS), "Unauthorized"),
        (signed("GET", &url, now_s() - 400, SECRETS), "Timestamp out of bounds."),
        (signed("GET", &url, now_s() + 400, SECRETS), "Timestamp out of bounds."),
        ("OAuth oauth_token=\"emulated-ada\"".to_owned(), "Unauthorized"),
    ] {
        let (status, body) = get(header).await;
        assert!(status == 401 && body.to_string().contains(said), "{body}");
    }
    let (_, asked) = asking.json(Method::GET, "/_emulator/report", "nobody", None).await;
    assert_eq!((&asked["requests"][0]["account"], &asked["requests"][1]["account"]), (&"ada".into(), &Value::Null));
}

#[tokio::test]
async fn an_app_reads_and_does_nothing_else() {
    let asking = Asking::start(Vec::new()).await;
    let post = asking.post("ada", json!({ "text": "hello" })).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let ada = me["data"]["id"].as_str().unwrap();
    for (path, status) in [
        (format!("/2/tweets/{post}"), 200),
        (format!("/2/users/{ada}/mentions"), 200),
        ("/2/tweets/search/recent?query=hello".to_owned(), 200),
        ("/2/users/me".to_owned(), 403),
        (format!("/2/users/{ada}/timelines/reverse_chronological"), 403),
    ] {
        let (told, body) = asking.json(Method::GET, &path, "app-bearer", None).await;
        assert_eq!(told, status, "{path}: {body}");
        assert!(status == 200 || body["title"] == "Unsupported Authentication", "{body}");
    }
    let refused = asking.json(Method::POST, "/2/tweets", "app-bearer", Some(json!({ "text": "x" }))).await;
    assert_eq!(refused.0, 403);
}

const BACK: &str = "http://127.0.0.1:9/callback";

/// What the account consents to, and the code that comes back.
async fn code(asking: &Asking, scope: &str, challenge: &str, more: &str) -> String {
    let url = format!(
        "{}/i/oauth2/authorize?response_type=code&client_id=emulated-app&redirect_uri={}&scope={}&state=s%201\
         &code_challenge={challenge}&code_challenge_method=S256{more}",
        asking.emulator.url(),
        encoded(BACK),
        encoded(scope)
    );
    let answer = asking.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(&format!("{BACK}?state=s%201&")), "{to}");
    to.rsplit_once('=').unwrap().1.to_owned()
}

pub(super) async fn token_of(asking: &Asking, form: &[(&str, &str)]) -> (u16, Value) {
    let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let url = format!("{}/2/oauth2/token", asking.emulator.url());
    let request = asking.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Tokens for a scope, as a client of an app gets them.
pub(super) async fn signed_in(asking: &Asking, scope: &str) -> Value {
    let verifier = "a-verifier-of-forty-three-characters-or-more-0";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let code = code(asking, scope, &challenge, "&account=ada").await;
    let form = |verifier| {
        [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("client_id", "emulated-app"),
            ("code_verifier", verifier),
        ]
    };
    let (status, told) = token_of(asking, &form(verifier)).await;
    assert_eq!(status, 200, "{told}");
    let (status, again) = token_of(asking, &form(verifier)).await;
    assert_eq!(
        (status, &again["error_description"]),
        (400, &"Value passed for the authorization code was invalid.".into())
    );
    told
}

async fn refreshed(asking: &Asking, token: &Value) -> (u16, Value) {
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap()), ("client_id", "emulated-app")];
    token_of(asking, &form).await
}

async fn me(asking: &Asking, access: &Value) -> u16 {
    let url = format!("{}/2/users/me", asking.emulator.url());
    asking.http.get(url).bearer_auth(access.as_str().unwrap()).send().await.unwrap().status().as_u16()
}

const ALL: &str = "tweet.read tweet.write users.read offline.access";

#[tokio::test]
async fn a_refresh_token_is_good_once_and_ends_the_family_the_second_time() {
    let asking = Asking::start(Vec::new()).await;
    let first = signed_in(&asking, ALL).await;
    assert_eq!((&first["expires_in"], &first["token_type"]), (&7_200.into(), &"bearer".into()));
    assert_eq!(me(&asking, &first["access_token"]).await, 200);
    let (_, second) = refreshed(&asking, &first["refresh_token"]).await;
    let (_, third) = refreshed(&asking, &second["refresh_token"]).await;
    assert_eq!(me(&asking, &third["access_token"]).await, 200);
    let (status, reused) = refreshed(&asking, &first["refresh_token"]).await;
    assert_eq!((status, &reused["error"]), (400, &"invalid_request".into()));
    assert_eq!(me(&asking, &third["access_token"]).await, 401, "the whole family is gone");
    assert_eq!(refreshed(&asking, &third["refresh_token"]).await.0, 400);
}

#[tokio::test]
async fn tokens_expire_are_revoked_and_are_good_for_their_scopes_only() {
    let asking = Asking::start(Vec::new()).await;
    asking.emulator.misbehave(Plan { access_token_s: 0, ..Plan::default() });
    let expired = signed_in(&asking, ALL).await;
    assert_eq!(me(&asking, &expired["access_token"]).await, 401);
    asking.emulator.misbehave(Plan::default());
    let (_, fresh) = refreshed(&asking, &expired["refresh_token"]).await;
    assert_eq!(me(&asking, &fresh["access_token"]).await, 200);
    let revoke = format!("{}/2/oauth2/revoke", asking.emulator.url());
    let body = format!("client_id=emulated-app&token={}", fresh["refresh_token"].as_str().unwrap());
    assert_eq!(asking.http.post(revoke).body(body).send().await.unwrap().status(), 200);
    assert_eq!(me(&asking, &fresh["access_token"]).await, 401);

    let reader = signed_in(&asking, "tweet.read users.read").await;
    assert!(reader["refresh_token"].is_null(), "only with offline.access");
    assert_eq!(me(&asking, &reader["access_token"]).await, 200);
    let url = format!("{}/2/tweets", asking.emulator.url());
    let post =
        asking.http.post(url).bearer_auth(reader["access_token"].as_str().unwrap()).json(&json!({ "text": "x" }));
    assert_eq!(post.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn consent_is_refused_asked_for_and_bound_to_its_verifier() {
    let asking = Asking::start(Vec::new()).await;
    assert_eq!(code(&asking, ALL, "c", "&deny=1").await, "access_denied");
    let code = code(&asking, ALL, "c", "&account=ada").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("client_id", "emulated-app"),
        ("code_verifier", "another"),
    ];
    assert_eq!(token_of(&asking, &form).await.0, 400);
    let nobody = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "nobody")];
    assert_eq!(token_of(&asking, &nobody).await.1["error"], "unauthorized_client");
    let url = format!(
        "{}/i/oauth2/authorize?response_type=code&client_id=emulated-app&redirect_uri=x&scope=a&state=%22%3E&code_challenge=c",
        asking.emulator.url()
    );
    let page = asking.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("name=\"account\"") && page.contains("value=\"&quot;&gt;\""), "{page}");
    let wrong = asking.http.get(url.replace("emulated-app", "nobody")).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    let app = asking.http.post(format!("{}/oauth2/token", asking.emulator.url()));
    let app = app.basic_auth("emulated-app", Some("emulated-app-secret")).body("grant_type=client_credentials");
    let told: Value = app.send().await.unwrap().json().await.unwrap();
    assert_eq!(told["access_token"], "emulated-app-bearer");
}
