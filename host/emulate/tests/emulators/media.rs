//! Uploads in pieces, what posts carry beside their text, and the rules of a plan.

use super::*;

async fn post_to(asking: &Asking, path: &str, body: Value) -> (u16, Value) {
    asking.json(Method::POST, path, "ada", Some(body)).await
}

/// An upload of six bytes: its id, and the answer that finalizes it.
async fn uploaded(asking: &Asking) -> (String, Value) {
    let begin = json!({ "media_type": "image/png", "media_category": "tweet_image", "total_bytes": 6 });
    let (status, begun) = post_to(asking, "/2/media/upload/initialize", begin).await;
    assert_eq!(status, 200, "{begun}");
    let id = begun["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(begun["data"]["media_key"], format!("3_{id}"));
    let path = format!("/2/media/upload/{id}");
    let (status, early) = post_to(asking, &format!("{path}/finalize"), json!({})).await;
    assert_eq!(status, 400, "{early}");
    let part = |index: u32| {
        format!(
            "--b\r\ncontent-disposition: form-data; name=\"segment_index\"\r\n\r\n{index}\r\n--b\r\ncontent-disposition: form-data; \
             name=\"media\"; filename=\"x\"\r\ncontent-type: application/octet-stream\r\n\r\nabc\r\n--b--\r\n"
        )
    };
    let url = format!("{}{path}/append", asking.emulator.url());
    let form =
        asking.http.post(url).bearer_auth(token("ada")).header("content-type", "multipart/form-data; boundary=b");
    assert_eq!(form.body(part(0)).send().await.unwrap().status(), 200);
    let (status, _) = post_to(asking, &format!("{path}/append"), json!({ "media": "ZGVm", "segment_index": 1 })).await;
    assert_eq!(status, 200);
    let (status, done) = post_to(asking, &format!("{path}/finalize"), json!({})).await;
    assert_eq!((status, &done["data"]["size"]), (200, &6.into()), "{done}");
    (id, done)
}

#[tokio::test]
async fn an_image_is_uploaded_in_pieces_described_and_posted() {
    let asking = Asking::start(Vec::new()).await;
    let (id, done) = uploaded(&asking).await;
    assert!(done["data"]["processing_info"].is_null(), "{done}");
    let alt = json!({ "id": id, "metadata": { "alt_text": { "text": "a pier" } } });
    assert_eq!(post_to(&asking, "/2/media/metadata", alt).await.0, 200);
    let post = json!({ "text": "look", "media": { "media_ids": [id] }, "reply_settings": "mentionedUsers", "made_with_ai": true });
    let stolen = asking.json(Method::POST, "/2/tweets", "bob", Some(post.clone())).await;
    assert_eq!(stolen.0, 400, "it is not his");
    let made = asking.post("ada", post).await;
    let query = "tweet.fields=attachments,reply_settings&expansions=attachments.media_keys&media.fields=alt_text";
    let (_, seen) = asking.json(Method::GET, &format!("/2/tweets/{made}?{query}"), "bob", None).await;
    assert_eq!(seen["data"]["attachments"]["media_keys"], json!([format!("3_{id}")]));
    assert_eq!(seen["data"]["reply_settings"], "mentionedUsers");
    assert_eq!(
        (&seen["includes"]["media"][0]["type"], &seen["includes"]["media"][0]["alt_text"]),
        (&"photo".into(), &"a pier".into())
    );
    let report = asking.emulator.report();
    assert_eq!(
        report["accounts"][0]["posts"][0]["settings"],
        json!({ "reply_settings": "mentionedUsers", "made_with_ai": true })
    );
    assert_eq!((&report["media"][0]["bytes"], &report["media"][0]["alt_text"]), (&6.into(), &"a pier".into()));
    assert_eq!(asking.emulator.counts()["effects"]["media"], 1);
    for wrong in [
        json!({ "text": "x", "media": { "media_ids": ["1"] } }),
        json!({ "text": "x", "media": { "media_ids": [] } }),
        json!({ "text": "x", "reply_settings": "nobody" }),
        json!({ "text": "x", "community_id": "x" }),
    ] {
        assert_eq!(post_to(&asking, "/2/tweets", wrong.clone()).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn media_is_processed_after_so_many_questions_or_fails() {
    for fails in [false, true] {
        let asking = Asking::start(Vec::new()).await;
        asking.emulator.misbehave(Plan { media_checks: 2, media_fails: fails, ..Plan::default() });
        let (id, done) = uploaded(&asking).await;
        assert_eq!(done["data"]["processing_info"], json!({ "state": "pending", "check_after_secs": 1 }));
        let post = json!({ "text": "look", "media": { "media_ids": [id] } });
        assert_eq!(post_to(&asking, "/2/tweets", post.clone()).await.0, 400, "it is not ready");
        let state = async || {
            let path = format!("/2/media/upload?media_id={id}&command=STATUS");
            asking.json(Method::GET, &path, "ada", None).await.1["data"]["processing_info"]["state"].clone()
        };
        assert_eq!(state().await, "in_progress");
        assert_eq!(state().await, if fails { "failed" } else { "succeeded" });
        assert_eq!(post_to(&asking, "/2/tweets", post).await.0, if fails { 400 } else { 201 });
    }
}

#[tokio::test]
async fn the_rules_of_a_plan_are_kept_where_it_is_asked_for() {
    let asking = Asking::start(Vec::new()).await;
    let stranger = asking.post("bob", json!({ "text": "nobody is meant" })).await;
    let summons = asking.post("bob", json!({ "text": "@ada well?" })).await;
    let own = asking.post("ada", json!({ "text": "mine" })).await;
    let inside = json!({ "text": "yes", "reply": { "in_reply_to_tweet_id": own } });
    let in_thread = asking.post("bob", inside).await;
    asking.emulator.misbehave(Plan { self_serve: true, ..Plan::default() });
    let answer = |to: &str| json!({ "text": "hello", "reply": { "in_reply_to_tweet_id": to } });
    for (to, status) in [(&stranger, 403), (&summons, 201), (&own, 201), (&in_thread, 201)] {
        let (told, body) = post_to(&asking, "/2/tweets", answer(to)).await;
        assert_eq!(told, status, "{body}");
    }
    assert_eq!(post_to(&asking, "/2/tweets", json!({ "text": "x", "quote_tweet_id": summons })).await.0, 403);
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let likes = format!("/2/users/{}/likes", me["data"]["id"].as_str().unwrap());
    assert_eq!(post_to(&asking, &likes, json!({ "tweet_id": summons })).await.0, 403);
    let effects = asking.emulator.counts()["effects"].clone();
    assert_eq!((&effects["reply"], &effects["quote"], &effects["like"]), (&4.into(), &0.into(), &0.into()));
}
