//! A component that was built against an earlier contract lives on a host that serves later versions beside it.

use puppet_sandbox::{CONTRACT, inspect};
use puppet_store::Post;
use puppet_types::{Capability, Decision, LogLine, Outcome, ReadStatus};

use crate::{
    guest::{End, Step, component},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
};

/// Built when everything was 0.1.0: `tests/fixtures/contract-0.1.0`.
const KEEPER: &[u8] = include_bytes!("../../../../tests/fixtures/contract-0.1.0/keeper.wasm");

#[test]
fn the_committed_component_is_of_a_contract_that_is_not_the_latest() {
    let inspection = inspect(KEEPER).unwrap();
    assert_eq!((inspection.contract.as_str(), CONTRACT), ("0.1.0", "0.2.0"));
    let wants = [Capability::Agent, Capability::Log, Capability::Tweet, Capability::State];
    assert_eq!(inspection.capabilities, wants.into());
    let text = String::from_utf8_lossy(KEEPER);
    assert!(text.contains("puppet:log/log@0.1.0") && !text.contains("puppet:log/log@0.2.0"));
}

#[tokio::test]
async fn a_component_of_contract_0_1_logs_reads_posts_and_keeps_state() {
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    scene.install("keeper", KEEPER, everything());
    scene.join("ann").await;
    let mut records = Vec::new();
    for n in 0..3 {
        let id = ["e0", "e1", "e2"][n];
        records.push(scene.handle(event(id, "ann", after(n as u64 * HOUR))).await.invocation);
    }
    let line = |level: &str, message: &str| LogLine::plain(level, message.to_owned());
    let first = [line("debug", "news of test"), line("info", "event 1 of ann, 0 posts seen")];
    assert_eq!((&records[0].outcome, &records[0].log[..]), (&Outcome::Ok, &first[..]));
    assert_eq!(records[1].log.last(), Some(&line("warn", "it is the second time")));
    assert_eq!(records[2].log.last(), Some(&line("error", "three are too many")));
    assert!(matches!(&records[2].outcome, Outcome::Declined(declined) if declined.code == "too-many"));
    let kinds = |n: usize| records[n].decisions.iter().map(|one| one.decision.kind()).collect::<Vec<_>>();
    assert_eq!((kinds(0), kinds(1), kinds(2)), (vec!["post", "put_state"], vec!["post", "put_state"], vec![]));
    let Decision::PutState { version: 1, data } = &records[1].decisions[1].decision else { panic!() };
    assert_eq!(data.clone().into_bytes(), b"2", "it read what it had put");
    assert_eq!(scene.posted(), ["The door opened 1 times.", "The door opened 2 times."]);
    for recorded in &records {
        let replayed = puppet_engine::replay(&scene.host, recorded).await.unwrap().unwrap();
        assert_eq!(replayed.divergence, None);
    }
}

/// Built when the latest `puppet:llm` was 0.1.0: `tests/fixtures/contract-llm-0.1.0`.
const ASKER: &[u8] = include_bytes!("../../../../tests/fixtures/contract-llm-0.1.0/asker.wasm");

#[tokio::test]
async fn a_component_that_knows_no_tools_asks_a_model_as_ever() {
    let text = String::from_utf8_lossy(ASKER);
    assert!(text.contains("puppet:llm/llm@0.1.0") && !text.contains("puppet:llm/llm@0.2.0"));
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    scene.install("asker", ASKER, everything());
    scene.join("ann").await;
    let record = scene.handle(event("e0", "ann", start())).await.invocation;
    assert_eq!((&record.outcome, scene.posted()), (&Outcome::Ok, vec!["answer 1".to_owned()]));
    assert_eq!(record.log, [LogLine::plain("info", "counted said it: stop".to_owned())]);
    let asked = &record.reads[0].request;
    let wanted = r#"{"purpose":"post","messages":[{"role":"system","content":"You keep a lighthouse."},{"role":"user","content":"Write one post about news."}],"max_tokens":60,"sampling":{"temperature":0.5}}"#;
    assert_eq!(asked.as_str(), wanted, "the journal has it as it always had");
    let replayed = puppet_engine::replay(&scene.host, &record).await.unwrap().unwrap();
    assert_eq!(replayed.divergence, None);
}

#[tokio::test]
async fn a_version_that_only_adds_serves_those_who_know_it_and_those_who_do_not() {
    let found = Step::Search("fog -horn from:bob");
    let steps = vec![Step::OwnPosts, found, Step::Search("lang:en"), Step::Conversation("404"), Step::Post("seen")];
    let component = component(&steps, End::Ok);
    let text = String::from_utf8_lossy(&component);
    assert!(text.contains("puppet:tweet/tweet@0.1.0") && text.contains("puppet:tweet/tweet@0.1.1"));
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests: everything() }).await;
    let posts = [("1", "ann", "fog"), ("2", "bob", "The fog!"), ("3", "bob", "fog horn")];
    *scene.network.out_there.lock().unwrap() = posts.map(|(id, author, text)| post(id, author, text)).into();
    let record = scene.handle(event("e1", "ann", after(HOUR))).await.invocation;
    assert_eq!((&record.outcome, scene.posted()), (&Outcome::Ok, vec!["seen".to_owned()]));
    let reads: Vec<_> = record.reads.iter().map(|read| (read.operation.as_str(), read.status)).collect();
    assert_eq!(reads, [("own-posts", ReadStatus::Ok), ("search", ReadStatus::Ok), ("conversation", ReadStatus::Error)]);
    assert_eq!(record.reads[1].request.as_str(), r#"{"limit":10,"query":"fog -horn from:bob"}"#);
    let answer: serde_json::Value = record.reads[1].answer.parse().unwrap();
    assert_eq!((answer.as_array().unwrap().len(), &answer[0]["text"]), (1, &serde_json::json!("The fog!")));
    let replayed = puppet_engine::replay(&scene.host, &record).await.unwrap().unwrap();
    assert_eq!(replayed.divergence, None);
}

#[tokio::test]
async fn reads_that_are_not_granted_are_denied() {
    let mut requests = everything();
    requests.entry(Capability::Tweet).or_default().operations = ["search".to_owned()].into();
    let steps = vec![Step::Search("fog"), Step::Conversation("1")];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests }).await;
    let record = scene.handle(event("e1", "ann", start())).await.invocation;
    let reads: Vec<_> = record.reads.iter().map(|read| (read.operation.as_str(), read.status)).collect();
    assert_eq!(reads, [("search", ReadStatus::Ok), ("conversation", ReadStatus::Denied)]);
}

fn post(id: &str, author: &str, text: &str) -> Post {
    Post {
        id: id.into(),
        author: author.into(),
        text: text.to_owned(),
        at: start(),
        in_reply_to: None,
        quotes: None,
        conversation: id.into(),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

#[tokio::test]
async fn both_versions_of_one_package_are_served_side_by_side() {
    let steps = vec![Step::Log("old"), Step::LogFields("new", 1)];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests: everything() }).await;
    let record = scene.handle(event("e1", "ann", start())).await.invocation;
    let fields = vec![("key".to_owned(), "value".to_owned())];
    let new = LogLine { level: "info".to_owned(), message: "new".to_owned(), fields };
    assert_eq!(record.log, [LogLine::plain("info", "old".to_owned()), new]);
}
