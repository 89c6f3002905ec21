//! Images: what is taken, how they get there, and that nothing is posted before they are.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use puppet_types::EffectId;
use serde_json::json;

use super::{
    spec::{Described, json_of, of_x},
    stand::{Came, Stand},
    *,
};
use crate::x::media::{Images, LONGEST};

/// Status and body; none closes the connection.
type Answer = Option<(u16, Value)>;

/// X as this answers.
async fn stand(answer: impl Fn(&Came) -> Answer + Send + 'static) -> Stand {
    let json = || vec![("content-type", "application/json".to_owned())];
    let text = |body: Value| if body.is_null() { String::new() } else { body.to_string() };
    Stand::new(move |came| answer(came).map(|(status, body)| (status, json(), text(body)))).await
}

/// For `ada`, with all images.
fn with_all(there: &Stand) -> X {
    without_images(there).with_images(assets())
}

fn without_images(there: &Stand) -> X {
    X::new(settings(there.url.clone(), TIMEOUT, [("ada".into(), Secret::new(token("ada")).into())].into())).unwrap()
}

fn requests(there: &Stand) -> Vec<Came> {
    there.came.lock().unwrap().clone()
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";
const GIF: &[u8] = b"GIF89a and more";

/// The assets of a pack.
struct Assets(Vec<(&'static str, Vec<u8>)>);

#[async_trait]
impl Images for Assets {
    async fn image(&self, effect: &EffectId, asset: &str) -> Result<Vec<u8>, PublishError> {
        assert_eq!(effect.as_str(), "eff-1");
        let found = self.0.iter().find(|(name, _)| *name == asset);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| PublishError::Refused(format!("no asset `{asset}`")))
    }
}

fn assets() -> Arc<Assets> {
    let mut large = PNG.to_vec();
    large.resize((5 << 20) + 1, 7);
    let most = large[..5 << 20].to_vec();
    Arc::new(Assets(vec![
        ("fog.png", PNG.to_vec()),
        ("horn.jpg", b"\xff\xd8\xff and more".to_vec()),
        ("lamp.webp", b"RIFF\0\0\0\0WEBP and more".to_vec()),
        ("wave.gif", GIF.to_vec()),
        ("text.png", b"no image".to_vec()),
        ("most.png", most),
        ("large.png", large),
    ]))
}

fn image(asset: &str) -> Image {
    Image { asset: asset.into(), alt_text: format!("what {asset} shows") }
}

fn showing(assets: &[&str]) -> Action {
    Action::Post { text: "look".into(), images: assets.iter().map(|asset| image(asset)).collect() }
}

/// An image is done at once, and a post is number 77.
fn takes_all(request: &Came) -> Answer {
    match request.line.as_str() {
        "GET /2/users/me" => Some((200, json!({ "data": { "id": "1", "username": "ada" } }))),
        "POST /2/media/upload/initialize" => Some((200, json!({ "data": { "id": "880", "media_key": "3_880" } }))),
        line if line.ends_with("/append") => Some((204, Value::Null)),
        line if line.ends_with("/finalize") => Some((200, json!({ "data": { "id": "880" } }))),
        "POST /2/media/metadata" => Some((200, json!({ "data": { "id": "880" } }))),
        "POST /2/tweets" => Some((201, json!({ "data": { "id": "77", "text": "look" } }))),
        line => panic!("{line}"),
    }
}

async fn publish(x: &X, action: Action) -> Result<Published, PublishError> {
    x.publish(&order("ada", action)).await
}

#[tokio::test]
async fn an_image_goes_in_pieces_and_with_its_description_before_the_post() {
    let there = stand(takes_all).await;
    let x = with_all(&there);
    let posts = publish(&x, showing(&["most.png", "horn.jpg", "lamp.webp"])).await.unwrap().posts;
    assert_eq!((posts[0].id.as_str(), posts[0].media.len()), ("77", 3));

    let requests = requests(&there);
    let bodies = |end: &str| -> Vec<Value> {
        requests.iter().filter(|request| request.line.ends_with(end)).map(Came::json).collect()
    };
    let announced = bodies("/initialize");
    let kind = |n: usize| announced[n]["media_type"].as_str().unwrap();
    assert_eq!([kind(0), kind(1), kind(2)], ["image/png", "image/jpeg", "image/webp"]);
    assert_eq!(
        (&announced[0]["total_bytes"], &announced[0]["media_category"]),
        (&json!(5 << 20), &"tweet_image".into())
    );
    let pieces = bodies("/append");
    let numbers: Vec<u64> = pieces.iter().map(|piece| piece["segment_index"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 0, 0]);
    let sent = pieces[..5].iter().flat_map(|piece| BASE64.decode(piece["media"].as_str().unwrap()).unwrap());
    assert!(sent.eq(assets().0[5].1.iter().copied()), "together they are the image");
    let described = json!({ "id": "880", "metadata": { "alt_text": { "text": "what most.png shows" } } });
    assert_eq!(bodies("/metadata")[0], described);
    assert_eq!(bodies("/tweets"), [json!({ "text": "look", "media": { "media_ids": ["880", "880", "880"] } })]);
    assert!(requests.last().unwrap().line.ends_with("/tweets"), "the post comes last");

    let Some(file) = of_x("openapi.json") else { return };
    let described = Described::new(json_of(&file));
    requests.iter().for_each(|request| described.check_whole(request));
}

#[tokio::test]
async fn x_is_asked_until_it_is_done_with_an_image() {
    let states = ["pending", "in_progress", "succeeded"];
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let there = stand(move |request| {
        let processing = |state: &str| json!({ "data": { "id": "880", "processing_info": { "state": state, "check_after_secs": 0 } } });
        match request.line.as_str() {
            line if line.ends_with("/finalize") => Some((200, processing(states[0]))),
            "GET /2/media/upload?command=STATUS&media_id=880" => {
                let n = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                Some((200, processing(states[n])))
            }
            _ => takes_all(request),
        }
    })
    .await;
    let x = with_all(&there);
    publish(&x, showing(&["wave.gif"])).await.unwrap();
    let lines = there.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("STATUS")).count(), 2, "{lines:?}");
    let announced = requests(&there).into_iter().find(|request| request.line.ends_with("/initialize")).unwrap().json();
    assert_eq!((&announced["media_type"], &announced["media_category"]), (&"image/gif".into(), &"tweet_gif".into()));
    if let Some(file) = of_x("openapi.json") {
        let described = Described::new(json_of(&file));
        requests(&there).iter().for_each(|request| described.check_whole(request));
    }

    let there = stand(|request| match request.line.ends_with("/finalize") {
        true => {
            let failed = json!({ "state": "failed", "error": { "name": "InvalidMedia", "message": "Unsupported." } });
            Some((200, json!({ "data": { "id": "880", "processing_info": failed } })))
        }
        false => takes_all(request),
    })
    .await;
    let x = with_all(&there);
    let error = publish(&x, showing(&["wave.gif"])).await.unwrap_err();
    assert_eq!(error, PublishError::Refused("image `wave.gif`: X cannot use it: Unsupported.".into()));
    assert!(!there.lines().iter().any(|line| line.ends_with("/tweets")));
}

#[tokio::test]
async fn an_image_that_is_lost_on_its_way_is_no_post_and_goes_again() {
    type Bad = fn() -> Answer;
    let bad: [(Bad, &str); 4] = [
        (|| None, "broke off"),
        (|| Some((503, json!({ "title": "Service Unavailable" }))), "503"),
        (|| Some((404, json!({ "title": "Not Found", "detail": "no such upload" }))), "no such upload"),
        (|| Some((200, json!("what is this"))), "not what it answers"),
    ];
    for step in ["/initialize", "/append", "/finalize", "/metadata"] {
        for (answer, said) in bad {
            let struck = std::sync::atomic::AtomicBool::new(false);
            // Of these nothing is read but that they went well.
            if said.starts_with("not") && matches!(step, "/append" | "/metadata") {
                continue;
            }
            let there = stand(move |request| {
                let is_first = request.line.ends_with(step) && !struck.swap(true, std::sync::atomic::Ordering::SeqCst);
                if is_first { answer() } else { takes_all(request) }
            })
            .await;
            let x = with_all(&there);
            let error = publish(&x, showing(&["fog.png"])).await.unwrap_err();
            assert!(
                matches!(&error, PublishError::Unavailable(words) if words.contains("`fog.png`") && words.contains(said)),
                "{step} {said}: {error:?}"
            );
            publish(&x, showing(&["fog.png"])).await.unwrap();
            let posts = there.lines().iter().filter(|line| line.ends_with("/tweets")).count();
            assert_eq!(posts, 1, "{step} {said}");
        }
    }
}

#[tokio::test]
async fn what_x_says_of_an_image_is_what_it_says_of_the_post() {
    let there = stand(|request| match request.line.ends_with("/append") {
        true => Some((429, json!({ "title": "Too Many Requests" }))),
        false => takes_all(request),
    })
    .await;
    let error = publish(&with_all(&there), showing(&["fog.png"])).await.unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { .. }), "{error:?}");

    let there = stand(|request| match request.line.ends_with("/initialize") {
        true => Some((403, json!({ "title": "Forbidden", "detail": "media.write is missing" }))),
        false => takes_all(request),
    })
    .await;
    let error = publish(&with_all(&there), showing(&["fog.png"])).await.unwrap_err();
    assert!(
        matches!(&error, PublishError::Refused(words) if words.contains("`fog.png`") && words.contains("media.write is missing")),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_x_does_not_take_is_not_sent() {
    let there = stand(|request| panic!("{}", request.line)).await;
    let x = with_all(&there);
    let undescribed = Image { alt_text: " ".into(), ..image("fog.png") };
    let cases = [
        (showing(&["large.png"]), "5242881 bytes"),
        (showing(&["text.png"]), "this is none"),
        (showing(&["fog.png", "wave.gif"]), "a GIF alone"),
        (showing(&["gone.png"]), "no asset `gone.png`"),
        (showing(&["fog.png"; 5]), "at most 4"),
        (Action::Post { text: "look".into(), images: vec![undescribed] }, "no description"),
    ];
    for (action, said) in cases {
        match publish(&x, action).await {
            Err(PublishError::Refused(words)) => assert!(words.contains(said), "{words}"),
            other => panic!("{said}: {other:?}"),
        }
    }
    let error = publish(&without_images(&there), showing(&["fog.png"])).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused(_)), "{error:?}");
    assert_eq!(there.lines(), [""; 0]);
}

#[tokio::test]
async fn a_post_with_an_image_is_found_again_and_one_without_is_not_taken_for_it() {
    let shown = json!({ "urls": [{ "url": "https://t.co/a1", "expanded_url": "https://x.com/ada/status/9/photo/1" }] });
    let bare = json!({ "id": "9", "text": "look", "created_at": "2026-05-01T10:00:00.000Z" });
    let mut with_image = bare.clone();
    (with_image["text"], with_image["entities"]) = ("look https://t.co/a1".into(), shown);
    let listing = |post: Value| async move {
        stand(move |request| match request.line.starts_with("GET /2/users/1/tweets") {
            true => Some((200, json!({ "data": [post], "meta": { "result_count": 1 } }))),
            false => takes_all(request),
        })
        .await
    };
    let so_long_ago = |length: Duration| {
        let begun = Timestamp::from_millis(Timestamp::from_system().as_millis() - length.as_millis() as i64);
        Lost { first: begun, last: begun }
    };
    let settled = so_long_ago(TIMEOUT + SETTLE + LONGEST + Duration::from_secs(1));
    let (plain, illustrated) = (order("ada", post("look")), order("ada", showing(&["fog.png"])));

    let there = listing(with_image).await;
    let x = with_all(&there);
    let Reconciled::Done(done) = x.reconcile(&illustrated, settled, &[]).await.unwrap() else { panic!() };
    assert_eq!((done.posts[0].id.as_str(), done.posts[0].media.len()), ("9", 1));
    let words = |reconciled| match reconciled {
        Reconciled::Undecidable(why) => why,
        other => panic!("{other:?}"),
    };
    assert!(words(x.reconcile(&plain, settled, &[]).await.unwrap()).contains("links or images"));
    let there = listing(bare).await;
    let x = with_all(&there);
    assert!(words(x.reconcile(&illustrated, settled, &[]).await.unwrap()).contains("links or images"));

    // The images had to get there first: the post may have been sent that much later.
    let there = stand(|request| match request.line.starts_with("GET /2/users/1/tweets") {
        true => Some((200, json!({ "meta": { "result_count": 0 } }))),
        false => takes_all(request),
    })
    .await;
    let sent = so_long_ago(TIMEOUT + SETTLE + Duration::from_secs(1));
    assert_eq!(with_all(&there).reconcile(&plain, sent, &[]).await.unwrap(), Reconciled::NotDone);
    let error = with_all(&there).reconcile(&illustrated, sent, &[]).await.unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { retry_after_ms } if retry_after_ms > 200_000), "{error:?}");
    assert_eq!(with_all(&there).reconcile(&illustrated, settled, &[]).await.unwrap(), Reconciled::NotDone);
}
