//! Mentions, searches and several posts at once.

use super::*;

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().into_iter().flatten().map(|post| post["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn mentions_are_those_that_name_or_answer_an_account() {
    let asking = Asking::start(Vec::new()).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let path = format!("/2/users/{}/mentions", me["data"]["id"].as_str().unwrap());
    let own = asking.post("ada", json!({ "text": "hello" })).await;
    asking.post("bob", json!({ "text": "nobody is meant, a@ada.example" })).await;
    let named = asking.post("bob", json!({ "text": "hey @Ada and @eve" })).await;
    let answer = asking.post("bob", json!({ "text": "yes", "reply": { "in_reply_to_tweet_id": own } })).await;
    let fields = "tweet.fields=author_id,entities,in_reply_to_user_id,conversation_id,referenced_tweets\
                  &expansions=author_id,in_reply_to_user_id,referenced_tweets.id,entities.mentions.username";
    let (_, all) = asking.json(Method::GET, &format!("{path}?{fields}"), "ada", None).await;
    assert_eq!(ids(&all), [&answer, &named]);
    assert_eq!(
        (&all["data"][0]["text"], &all["data"][0]["in_reply_to_user_id"]),
        (&"@ada yes".into(), &me["data"]["id"])
    );
    let mention = &all["data"][1]["entities"]["mentions"][0];
    assert_eq!((&mention["start"], &mention["end"], &mention["id"]), (&4.into(), &8.into(), &me["data"]["id"]));
    assert_eq!(all["includes"]["tweets"][0]["id"], own.as_str());
    let users: Vec<&Value> =
        all["includes"]["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(users, ["ada", "bob"]);
    let (_, since) = asking.json(Method::GET, &format!("{path}?since_id={named}"), "ada", None).await;
    assert_eq!(ids(&since), [&answer]);
    let (_, until) = asking.json(Method::GET, &format!("{path}?until_id={answer}"), "ada", None).await;
    assert_eq!(ids(&until), [&named]);
    let (_, none) = asking.json(Method::GET, &format!("{path}?since_id={answer}&until_id={named}"), "ada", None).await;
    assert_eq!(none, json!({ "meta": { "result_count": 0 } }));
    asking.json(Method::DELETE, &format!("/2/tweets/{named}"), "bob", None).await;
    assert_eq!(ids(&asking.json(Method::GET, &path, "ada", None).await.1), [&answer]);
    assert_eq!(
        asking.json(Method::GET, "/2/users/17/mentions", "ada", None).await.1["errors"][0]["title"],
        "Not Found Error"
    );
}

#[tokio::test]
async fn searches_find_what_their_query_says() {
    let asking = Asking::start(Vec::new()).await;
    let first = asking.post("ada", json!({ "text": "the tide" })).await;
    let answer = asking.post("bob", json!({ "text": "early", "reply": { "in_reply_to_tweet_id": first } })).await;
    let other = asking.post("bob", json!({ "text": "@ada the \"tide\" is late https://example.org" })).await;
    for (query, found) in [
        (format!("conversation_id%3A{first}"), vec![&answer, &first]),
        ("from%3Abob".to_owned(), vec![&other, &answer]),
        ("@ada+-is%3Areply".to_owned(), vec![&other]),
        ("tide".to_owned(), vec![&other, &first]),
        ("to%3Aada+OR+has%3Alinks".to_owned(), vec![&other, &answer]),
    ] {
        let (status, told) =
            asking.json(Method::GET, &format!("/2/tweets/search/recent?query={query}"), "ada", None).await;
        assert_eq!((status, ids(&told)), (200, found.into_iter().map(String::as_str).collect()), "{query}");
    }
    for wrong in ["", "?query=", "?query=(a", "?query=near%3Ahere", "?query=a&max_results=9"] {
        let path = format!("/2/tweets/search/recent{wrong}");
        assert_eq!(asking.json(Method::GET, &path, "ada", None).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn several_posts_are_looked_up_and_likes_taken_back() {
    let asking = Asking::start(Vec::new()).await;
    let post = asking.post("ada", json!({ "text": "hello" })).await;
    let path = format!("/2/tweets?ids={post},17&tweet.fields=public_metrics");
    let (status, told) = asking.json(Method::GET, &path, "bob", None).await;
    assert_eq!((status, ids(&told), &told["errors"][0]["resource_id"]), (200, vec![post.as_str()], &"17".into()));
    assert_eq!(asking.json(Method::GET, "/2/tweets?ids=x", "bob", None).await.0, 400);
    let (_, me) = asking.json(Method::GET, "/2/users/me", "bob", None).await;
    let bob = me["data"]["id"].as_str().unwrap();
    assert_eq!(asking.json(Method::GET, &format!("/2/users/{bob}"), "ada", None).await.1["data"]["username"], "bob");
    let likes = async || {
        asking.json(Method::GET, &path, "bob", None).await.1["data"][0]["public_metrics"]["like_count"].clone()
    };
    asking.json(Method::POST, &format!("/2/users/{bob}/likes"), "bob", Some(json!({ "tweet_id": post }))).await;
    assert_eq!(likes().await, 1);
    let (_, gone) = asking.json(Method::DELETE, &format!("/2/users/{bob}/likes/{post}"), "bob", None).await;
    assert_eq!((&gone["data"]["liked"], likes().await), (&false.into(), 0.into()));
}
