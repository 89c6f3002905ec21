//! The routes of the original, over a host whose agents nobody plays. What agents do by them is shown end to end.

use puppet_store::{AgentRow, Change, EventStore as _, Relationship};
use puppet_types::{AgentId, Memory, MemoryKind, Mood, Timestamp, Trust};
use serde_json::{Value, json};

use crate::{
    auth::Role::{Admin, Operator, Viewer},
    fault::Fault,
    operations::Told,
    testing::{Got, Scene},
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn memory(kind: MemoryKind, content: &str, millis: i64) -> Change {
    let memory = Memory {
        id: format!("m-{content}"),
        kind,
        content: content.to_owned(),
        at: at(millis),
        importance: 0.75,
        valence: -0.25,
        associations: vec!["m-core".to_owned()],
        metadata: vec![("tweet_id".to_owned(), "7".to_owned())],
        author: None,
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    };
    Change::Remember { agent: "ember".into(), memory, vector: None, cap: None }
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    for (id, name) in [("ember", "Ember"), ("ada", "Ada")] {
        let body = json!({
            "name": name, "description": "mends radios",
            "persona": {
                "personality": { "traits": ["curious"], "speaking_style": "short" },
                "style_guide": { "voice": "dry", "formatting": { "uses_hashtags": false } },
                "behavior": { "post_frequency": { "min_hours_between_posts": 2.5 } },
                "goals": ["tea"], "custom_system_prompt": "Be brief.",
            },
        });
        let id = AgentId::new(id);
        scene.host.apply(vec![Change::Agent(AgentRow { id: id.clone(), body, created: at(1) })]).await.unwrap();
        scene.host.agents.put(id, name, name.into(), "nobody".into());
    }
    scene
}

#[track_caller]
fn error(got: &Got, status: u16, message: &str) {
    assert_eq!((got.status, got.json()), (status, json!({ "error": message })));
}

#[tokio::test]
async fn the_status_and_the_agents_have_the_originals_names() {
    let scene = scene().await;
    let status = scene.get(Some(Viewer), "/api/status").await.json();
    assert_eq!((&status["status"], &status["agents"]), (&json!("online"), &json!(2)));
    assert!(status["uptime"].is_f64(), "{status}");
    let mood = Mood { valence: 0.5, arousal: 0.25, dominance: 1.0 };
    let ember = AgentId::new("ember");
    let felt = Change::Mood { agent: ember.clone(), mood, at: at(2) };
    scene.host.apply(vec![felt, memory(MemoryKind::Post, "posted", 9)]).await.unwrap();
    let all = scene.get(Some(Viewer), "/api/agents").await.json();
    let ada = json!({ "id": "ada", "name": "Ada", "description": "mends radios", "lastPostTime": null,
        "mood": { "valence": 0.0, "arousal": 0.0, "dominance": 0.5 } });
    let ember = json!({ "id": "ember", "name": "Ember", "description": "mends radios",
        "lastPostTime": "1970-01-01T00:00:00.009Z", "mood": { "valence": 0.5, "arousal": 0.25, "dominance": 1.0 } });
    assert_eq!(all, json!([ada, ember]));
    let whole = scene.get(Some(Viewer), "/api/agents/ember").await.json();
    assert_eq!(
        whole,
        json!({
            "id": "ember", "name": "Ember", "description": "mends radios",
            "personality": { "traits": ["curious"], "speakingStyle": "short" },
            "styleGuide": { "voice": "dry", "formatting": { "usesHashtags": false } },
            "behavior": { "postFrequency": { "minHoursBetweenPosts": 2.5 } },
            "currentMood": { "valence": 0.5, "arousal": 0.25, "dominance": 1.0 },
            "lastPostTime": "1970-01-01T00:00:00.009Z", "goals": ["tea"],
        })
    );
    let context = scene.get(Some(Viewer), "/api/agents/ember/context").await.json();
    assert_eq!(context, json!({ "context": "", "hasCustomPrompt": true }), "nobody plays it");
}

#[tokio::test]
async fn memory_is_in_the_shape_that_the_original_kept() {
    let scene = scene().await;
    use MemoryKind::{Core, Event, General, Interaction, Tweet};
    let bond = Relationship {
        target: "ada".to_owned(),
        sentiment: 0.5,
        familiarity: 0.25,
        trust: 0.75,
        last_interaction: Some(at(5)),
        recent_interactions: vec!["tea".to_owned()],
        notes: vec!["kind".to_owned()],
        ..Relationship::default()
    };
    let mut changes = vec![
        memory(Core, "core", 1),
        memory(Event, "event", 2),
        memory(General, "general", 3),
        memory(Interaction, "interaction", 4),
        memory(Tweet, "tweet", 6),
    ];
    changes.push(Change::Relationship { agent: "ember".into(), relationship: bond, keep: 9 });
    scene.host.apply(changes).await.unwrap();
    let whole = scene.get(Some(Viewer), "/api/agents/ember/memory").await.json();
    let contents = |list: &str| -> Vec<String> {
        whole[list].as_array().unwrap().iter().map(|item| item["content"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(contents("coreMemories"), ["core"]);
    assert_eq!((contents("recentEvents"), contents("recentPosts")), (vec!["event".to_owned()], vec![]));
    assert_eq!(contents("longTermMemories"), ["interaction", "general"]);
    assert_eq!(
        whole["tweetHistory"],
        json!([{
            "id": "m-tweet", "content": "tweet", "type": "tweet", "timestamp": "1970-01-01T00:00:00.006Z",
            "importance": 0.75, "emotionalValence": -0.25, "associations": ["m-core"], "metadata": { "tweet_id": "7" },
        }])
    );
    assert_eq!((&whole["agentId"], &whole["lastUpdated"]), (&json!("ember"), &json!("1970-01-01T00:00:00.006Z")));
    let bonds = scene.get(Some(Viewer), "/api/agents/ember/relationships").await.json();
    assert_eq!(bonds, whole["relationships"]);
    assert_eq!(
        bonds,
        json!({ "ada": {
            "targetAgentId": "ada", "sentiment": 0.5, "familiarity": 0.25, "trust": 0.75,
            "lastInteractionDate": "1970-01-01T00:00:00.005Z", "recentInteractions": ["tea"], "sharedExperiences": [],
            "notes": ["kind"],
        } })
    );
}

#[tokio::test]
async fn a_memory_is_added_and_answered() {
    let scene = scene().await;
    let add = async |body: Value| scene.post(Operator, "/api/agents/ember/memories", body).await;
    let made = add(json!({ "content": " It's raining. " })).await;
    let item = made.json();
    assert_eq!((made.status, &item["content"], &item["type"]), (201, &json!("It's raining."), &json!("general")));
    assert_eq!((&item["importance"], &item["metadata"]), (&json!(0.5), &json!({})));
    let other = add(json!({ "content": "Ada came by.", "type": "visit", "importance": 1 })).await.json();
    assert_eq!((&other["type"], &other["metadata"]), (&json!("general"), &json!({ "original_type": "visit" })));
    let post = add(json!({ "content": "Not posted.", "type": "post" })).await.json();
    assert_eq!((&post["type"], &post["metadata"]["original_type"]), (&json!("general"), &json!("post")));
    let whole = scene.get(Some(Viewer), "/api/agents/ember/memory").await.json();
    assert_eq!(whole["recentPosts"], json!([]), "that list is the host's own");
    let kept = whole["longTermMemories"].as_array().unwrap();
    assert!(kept.len() == 3 && kept.contains(&item) && kept.contains(&other), "{kept:?}");
    for none in [json!({}), json!({ "content": "" }), json!({ "content": null }), json!({ "content": "  " })] {
        error(&add(none).await, 400, "Memory content is required");
    }
    error(&add(json!({ "content": 7 })).await, 400, "content must be a text");
    error(&add(json!({ "content": "x", "importance": 1.5 })).await, 400, "importance must be a number from 0 to 1");
}

#[tokio::test]
async fn whoever_is_not_there_is_not_found_and_ids_lead_nowhere() {
    let scene = scene().await;
    for path in ["", "/memory", "/context", "/relationships"] {
        let got = scene.get(Some(Viewer), &format!("/api/agents/nobody{path}")).await;
        error(&got, 404, "Agent not found: nobody");
        for bad in ["..%2f..%2fetc", "%2e%2e", "a%00b", "a%20b", "generator:x"] {
            let got = scene.get(Some(Viewer), &format!("/api/agents/{bad}{path}")).await;
            assert_eq!(got.status, 400, "{bad}{path}: {got:?}");
            assert!(got.json()["error"].is_string());
        }
    }
    for (path, body) in [
        ("post", json!({})),
        ("reply", json!({ "tweetId": "1" })),
        ("mood", json!({})),
        ("memories", json!({ "content": "x" })),
    ] {
        let got = scene.post(Operator, &format!("/api/agents/nobody/{path}"), body).await;
        error(&got, 404, "Agent not found: nobody");
    }
    for hidden in ["ada", "nobody"] {
        let other = scene.request("GET", &format!("/api/agents/{hidden}")).scoped(Viewer, &["ember"]).send().await;
        error(&other, 404, &format!("there is no agent `{hidden}`"));
    }
    let seen = scene.request("GET", "/api/agents").scoped(Viewer, &["ember"]).send().await.json();
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["id"]), (1, &json!("ember")));
}

#[tokio::test]
async fn without_a_key_there_is_an_error_in_the_originals_shape() {
    let scene = scene().await;
    let got = scene.get(None, "/api/agents").await;
    assert_eq!(got.status, 401);
    assert_eq!(got.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["error"]);
    let got = scene.post(Viewer, "/api/agents/ember/mood", json!({})).await;
    assert_eq!((got.status, got.json()["error"].is_string()), (403, true));
    let broken = scene.request("POST", "/api/events").role(Operator).header("content-type", "application/json");
    let broken = broken.body("{\"type\":").send().await;
    assert_eq!((broken.status, broken.json()["error"].is_string()), (400, true));
}

#[tokio::test]
async fn wishes_that_are_none_are_refused_and_so_is_what_nobody_would_come_to() {
    let scene = scene().await;
    let wish = async |path: &str, body: Value| scene.post(Operator, &format!("/api/agents/ember/{path}"), body).await;
    for none in [json!({}), json!({ "tweetId": "" }), json!({ "tweetId": null })] {
        error(&wish("reply", none).await, 400, "tweetId is required");
    }
    error(&wish("reply", json!({ "tweetId": "../1" })).await, 400, "tweetId must be the id of a post");
    error(&wish("post", json!({ "force": "yes" })).await, 400, "force must be true or false");
    error(&wish("post", json!({ "threadLength": 0 })).await, 400, "threadLength must be a number from 1 to 25");
    error(&wish("mood", json!({ "valenceShift": "up" })).await, 400, "valenceShift must be a number from -2 to 2");
    error(&wish("post", json!({ "topic": "x".repeat(10_001) })).await, 400, "topic is longer than 10000 bytes");
    error(&wish("post", json!({})).await, 503, "the plugin of agent ember is not here");
    scene.host.pause(&"ember".into(), "cli", None).await.unwrap();
    error(&wish("post", json!({})).await, 503, "agent ember is paused");
    assert!(scene.store.waiting().await.unwrap().is_empty(), "nothing was accepted");
}

#[tokio::test]
async fn a_reply_needs_a_post_or_a_word_of_what_it_says() {
    let scene = scene().await;
    let reply = async |body: Value| scene.post(Operator, "/api/agents/ember/reply", body).await;
    error(&reply(json!({ "tweetId": "77" })).await, 404, "Post not found: 77");
    // These are well: it is only that nobody would come to them.
    let not_here = "the plugin of agent ember is not here";
    error(&reply(json!({ "tweetId": "77", "content": "Is it foggy?" })).await, 503, not_here);
    let written = scene.local().write(&"eve".into(), "hello", None, scene.host.now()).await.unwrap();
    error(&reply(json!({ "tweetId": written.posts[0].id })).await, 503, not_here);
}

#[tokio::test]
async fn agents_are_made_from_files_and_their_ids_are_ids() {
    let scene = scene().await;
    let required = "Valid agent configuration is required";
    for none in [json!({}), json!({ "id": null }), json!({ "name": "x" }), json!({ "id": 7 })] {
        error(&scene.post(Admin, "/api/agents", none).await, 400, required);
    }
    for bad in ["../../config", "a/b", "", "..", "a\u{0}"] {
        let got = scene.post(Admin, "/api/agents", json!({ "id": bad })).await;
        assert_eq!((got.status, got.json()["error"].is_string()), (400, true), "{bad}");
    }
    assert!(scene.stub.asked().is_empty());
    scene.stub.will("make_agent", Ok(Told::new(json!({}))));
    let made = scene.post(Admin, "/api/agents", json!({ "id": "new-one" })).await;
    let told = json!({ "id": "new-one", "name": "new-one", "message": "Agent created successfully" });
    assert_eq!((made.status, made.json()), (201, told));
    scene.stub.will("make_agent", Err(Fault::conflict("agent-exists", "there is an agent `ember` already", "")));
    let got = scene.post(Admin, "/api/agents", json!({ "id": "ember", "name": "Ember" })).await;
    error(&got, 409, "there is an agent `ember` already");
    assert_eq!(scene.post(Operator, "/api/agents", json!({ "id": "x" })).await.status, 403);
}

#[tokio::test]
async fn events_are_sent_under_the_clients_own_names() {
    let scene = scene().await;
    scene.stub.will("send", Ok(Told::new(json!({ "event_id": "evt_1" }))));
    let send = async |body: Value| scene.post(Operator, "/api/events", body).await;
    let required = "Event type and data are required";
    for none in [json!({}), json!({ "type": "news" }), json!({ "data": {} }), json!({ "type": "", "data": {} })] {
        error(&send(none).await, 400, required);
    }
    error(&send(json!({ "type": "news", "data": 7 })).await, 400, "data must be an object");
    let with = |more: Value| {
        let mut body = json!({ "type": "party", "data": { "it's": "fun" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    error(&send(with(json!({ "targetAgentIds": ["nobody"] }))).await, 404, "Agent not found: nobody");
    error(&send(with(json!({ "targetAgentIds": ["../x"] }))).await, 400, "targetAgentIds must be a list of ids");
    error(&send(with(json!({ "priority": "urgent" }))).await, 400, "priority must be low, normal, high or critical");
    assert_eq!(send(with(json!({ "delay": -1 }))).await.status, 400);
    assert!(scene.stub.asked().is_empty());

    let now = send(with(json!({ "targetAgentIds": ["ember"], "priority": 2 }))).await.json();
    assert_eq!(
        (&now["scheduled"], &now["event"]["id"], &now["event"]["type"]),
        (&json!(false), &json!("evt_1"), &json!("party"))
    );
    assert_eq!(now["event"].as_object().unwrap().len(), 3);
    let later = send(with(json!({ "delay": 60_000 }))).await.json();
    let time = |name: &str| Timestamp::parse(later["event"][name].as_str().unwrap()).unwrap();
    assert_eq!((&later["scheduled"], time("executeAfter")), (&json!(true), time("timestamp").plus_millis(60_000)));
    let asked = scene.stub.asked();
    assert_eq!(
        (&asked[0].1["kind"], &asked[0].1["to"], &asked[0].1["source"]),
        (&json!("api.party"), &json!(["ember"]), &json!("api"))
    );
    assert_eq!((&asked[1].1["to"], &asked[1].1["delay_ms"]), (&json!([]), &json!(60_000)));

    // A key that is bound to agents speaks to those alone.
    let bound = scene.request("POST", "/api/events").scoped(Operator, &["ada"]).json(&with(json!({}))).send().await;
    assert_eq!((bound.status, &scene.stub.asked()[2].1["to"]), (200, &json!(["ada"])));
    assert_eq!(scene.get(Some(Viewer), "/api/events").await.json(), json!([]));
}

#[tokio::test]
async fn an_event_that_nobody_is_there_for_is_answered_all_the_same() {
    let scene = Scene::new().await;
    let told = scene.post(Operator, "/api/events", json!({ "type": "news", "data": {} })).await;
    assert_eq!((told.status, &told.json()["scheduled"]), (200, &json!(false)));
}
