//! Who reads what is nobody's in particular, where an app has a bearer token.

use puppet_types::Code;

use super::{
    stand::{Answered, Stand},
    *,
};
use crate::{TweetReader as _, caps::Caps};

const USED_UP: &str = r#"{"type":"https://api.x.com/2/problems/usage-capped","period":"Monthly","detail":"no"}"#;
const SUSPENDED: &str = r#"{"type":"about:blank","detail":"Your account is suspended"}"#;
const LEVEL: &str = r#"{"errors":[{"code":453,"message":"no"}]}"#;

/// An X with apps whose answers can be changed; accounts are answered what they ask for.
struct Apps {
    stand: Stand,
    refuses: Arc<std::sync::Mutex<BTreeMap<&'static str, (u16, &'static str)>>>,
}

fn answer(line: &str) -> Answered {
    const USER: &str = r#"{"id":"7","username":"eve"}"#;
    let tweet = r#"{"id":"12","text":"fog","author_id":"7","created_at":"2026-01-05T12:00:00.000Z"}"#;
    let includes = format!(r#""includes":{{"users":[{USER}]}}"#);
    let body = match line.split(['?', ' ']).nth(1).unwrap() {
        "/2/users/by/username/eve" => format!(r#"{{"data":{USER}}}"#),
        "/2/users/7/tweets" => format!(r#"{{"data":[{tweet}],{includes},"meta":{{"result_count":1}}}}"#),
        "/2/tweets/12" => format!(r#"{{"data":{tweet},{includes}}}"#),
        "/2/tweets/search/stream/rules" => r#"{"meta":{"sent":"now"}}"#.to_owned(),
        other => panic!("{other}"),
    };
    (200, Vec::new(), body)
}

impl Apps {
    async fn new() -> Self {
        let refuses = Arc::<std::sync::Mutex<BTreeMap<&'static str, (u16, &'static str)>>>::default();
        let told = Arc::clone(&refuses);
        let stand = Stand::new(move |came| {
            let refused = told.lock().unwrap().get(came.authorization.trim_start_matches("Bearer ")).copied();
            Some(refused.map_or_else(|| answer(&came.line), |(status, body)| (status, Vec::new(), body.to_owned())))
        })
        .await;
        Self { stand, refuses }
    }

    fn refuse(&self, token: &'static str, status: u16, body: &'static str) {
        self.refuses.lock().unwrap().insert(token, (status, body));
    }

    fn x(&self, accounts: &[&str], apps: &[&str]) -> X {
        let accounts = accounts.iter().map(|name| (AccountId::new(name), Secret::new(*name).into())).collect();
        let mut settings = settings(self.stand.url.clone(), TIMEOUT, accounts);
        settings.apps = apps.iter().map(|name| ((*name).to_owned(), Secret::new(*name))).collect();
        X::new(settings).unwrap()
    }

    /// With which tokens was asked since the last time, each once in a row.
    fn asked(&self) -> Vec<String> {
        let came = std::mem::take(&mut *self.stand.came.lock().unwrap());
        let mut tokens: Vec<String> = came.into_iter().map(|came| came.authorization.replace("Bearer ", "")).collect();
        tokens.dedup();
        tokens
    }
}

fn later() -> Timestamp {
    Timestamp::from_system().plus_millis(60_000)
}

async fn reads(x: &X) -> Result<(), puppet_types::CallError> {
    let posts = x.posts_of(&"eve".into(), later(), 5).await?;
    assert_eq!(posts.len(), 1);
    assert_eq!(x.thread_of(&PostId::new("12"), 3, later()).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_app_that_is_refused_or_used_up_is_passed_over_for_a_while() {
    for (status, body) in [(401, "{}"), (403, SUSPENDED), (403, LEVEL), (429, USED_UP), (403, USED_UP), (402, "{}")] {
        let there = Apps::new().await;
        there.refuse("first", status, body);
        let x = there.x(&["ada"], &["first", "second"]);
        reads(&x).await.unwrap();
        assert_eq!(there.asked(), ["first", "second"], "{status}: it is asked once");
        there.refuse("second", status, body);
        reads(&x).await.unwrap();
        assert_eq!(there.asked(), ["second", "ada"], "{status}");
        reads(&x).await.unwrap();
        assert_eq!(there.asked(), ["ada"], "{status}");
        // Once X takes it again, and somebody has looked, it reads.
        there.refuses.lock().unwrap().remove("second");
        assert_eq!(x.check_apps().await.into_iter().filter(|(_, asked)| *asked == Ok(true)).count(), 1);
        there.asked();
        reads(&x).await.unwrap();
        // That it may not stream says nothing of what it may read.
        let asked = if body == LEVEL { vec!["first", "second"] } else { vec!["second"] };
        assert_eq!(there.asked(), asked, "{status} {body}");
    }
}

#[tokio::test]
async fn what_is_no_fault_of_an_app_makes_nobody_else_read() {
    for (status, body, code) in [
        (429, "{}", Code::RateLimited),
        (404, "{}", Code::NotFound),
        (400, "{}", Code::Refused),
        (503, "{}", Code::ProviderUnavailable),
    ] {
        let there = Apps::new().await;
        there.refuse("first", status, body);
        let error = reads(&there.x(&["ada"], &["first", "second"])).await.unwrap_err();
        assert_eq!((error.code, there.asked()), (code, vec!["first".to_owned()]), "{status}");
    }
    // A cap of the operator's is no fault of the app, which reads when there is room again.
    let there = Apps::new().await;
    let x = there.x(&["ada"], &["first"]);
    x.set_caps(Caps { reads_per_month: Some(0), ..Caps::default() });
    assert_eq!(reads(&x).await.unwrap_err().code, Code::RateLimited);
    assert!(there.asked().is_empty());
    x.set_caps(Caps::default());
    reads(&x).await.unwrap();
    assert_eq!(there.asked(), ["first"]);
}

#[tokio::test]
async fn where_nobody_else_is_left_the_app_is_asked_again() {
    let there = Apps::new().await;
    there.refuse("first", 401, "{}");
    let x = there.x(&[], &["first"]);
    for _ in 0..2 {
        let error = reads(&x).await.unwrap_err();
        assert!(error.code == Code::Refused && error.message.contains("copy its bearer token"), "{}", error.message);
    }
    there.refuses.lock().unwrap().clear();
    reads(&x).await.unwrap();
}

#[tokio::test]
async fn x_is_asked_whether_it_takes_the_token_of_an_app() {
    let emulator = Emulator::start(Services { x: true, llm: false }, 1, Plan::default()).await.unwrap();
    let asked = async |bearer: &str| {
        let mut settings = settings(emulator.url(), TIMEOUT, BTreeMap::new());
        settings.apps.insert("main".to_owned(), Secret::new(bearer));
        let x = X::new(settings).unwrap();
        let mut asked = x.check_apps().await;
        assert!(x.bill().iter().all(|day| day.reads == 0), "nothing of it is charged");
        asked.remove(0).1
    };
    assert_eq!(asked("emulated-main-bearer").await, Ok(true));
    let fault = asked("of-nobody").await.unwrap_err();
    assert_eq!(fault, SignInFault::WrongToken);
    assert!(fault.remedy_of_app("main").contains("bearer token"));
    // That of an account.
    let fault = asked(&token("ada")).await.unwrap_err();
    assert!(matches!(fault, SignInFault::NotAllowed(_)), "{fault:?}");
    assert!(fault.remedy_of_app("main").contains("no account's"));
    emulator.misbehave(Plan { streams: false, ..Plan::default() });
    assert_eq!(asked("emulated-main-bearer").await, Ok(false));
}
