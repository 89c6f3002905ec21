//! Whole deployments, read: every leaf is named once, and what is wrong is told with its place.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bson::{DateTime, doc};
use puppet_packs::import::leaves;
use puppet_types::{MemoryKind, Priority, Timestamp, Trust};
use serde_json::{Value, json};

use super::*;

/// A deployment of two agents, in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.put("config/agents/ada.json", &json!({"id": "ada", "name": "Ada", "personality": {"traits": ["kind"]}}));
        place.put("config/agents/bob.json", &json!({"id": "bob", "name": "Bob", "personality": {"traits": ["shy"]}}));
        place
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn put(&self, name: &str, value: &Value) {
        self.write(name, value.to_string().as_bytes());
    }
    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fn read(&self) -> Deployment {
        let now = Timestamp::parse("2026-01-05T00:00:00Z").unwrap();
        Deployment::read(Source { folder: self.0.path(), dump: None }, now)
    }
    /// What is wrong, in lines.
    fn problems(&self) -> Vec<String> {
        self.read().problems.iter().map(Problem::to_string).collect()
    }
}

fn agent<'d>(deployment: &'d Deployment, id: &str) -> &'d Moved {
    deployment.agents.iter().find(|moved| moved.spec.id.as_str() == id).unwrap()
}

/// Every leaf of a value is named once in the report of a file, and no other.
fn assert_whole(deployment: &Deployment, name: &str, path: &str, value: &Value) {
    let file = deployment.files.iter().find(|file| file.file == name).unwrap_or_else(|| panic!("{name}"));
    let fates = &file.fates;
    let carried = fates.carried.iter().map(|carried| &carried.field);
    let ignored = fates.ignored.iter().map(|ignored| &ignored.field);
    let named: Vec<&String> = carried.chain(ignored).chain(&fates.secrets_moved).chain(&fates.unknown).collect();
    let once: BTreeSet<&String> = named.iter().copied().collect();
    assert_eq!(once.len(), named.len(), "{name}: twice: {named:?}");
    let all = leaves(path, value);
    assert_eq!(once, all.iter().collect(), "{name}");
    assert_eq!(file.leaves, all.len(), "{name}");
}

fn reason<'d>(deployment: &'d Deployment, field: &str) -> &'d str {
    let ignored = deployment.files.iter().flat_map(|file| &file.fates.ignored);
    let found: Vec<&str> =
        ignored.filter(|ignored| ignored.field == field).map(|ignored| ignored.reason.as_str()).collect();
    assert_eq!(found.len(), 1, "{field}: {found:?}");
    found[0]
}

/// The serialised shape, with what the original wrote and what it did not.
fn memory() -> Value {
    json!({
        "agentId": "ada",
        "coreMemories": [{"id": "u-1", "content": "Born in a shed.", "type": "core", "timestamp": "2025-05-01T10:00:00.000Z",
            "importance": 0, "emotionalValence": 0, "associations": [], "metadata": {}}],
        "recentEvents": [{"id": "u-2", "content": "It rained.", "type": "event", "timestamp": 1_746_572_591_486_i64, "importance": 7,
            "emotionalValence": -3, "associations": ["u-1", "gone"], "metadata": {"source": "news", "apiKey": "kkk-1", "deep": {"n": 1}}},
            "Only a text."],
        "recentPosts": [{"content": "I posted: \"rain\"", "type": "post", "timestamp": null, "metadata": {"tweetId": "77"}}],
        "relationships": {"bob": {"targetAgentId": "bob", "sentiment": 3, "familiarity": -1, "trust": 0.4, "lastInteractionDate": null,
            "recentInteractions": [{"type": "reply", "content": "hello"}, "bye"], "sharedExperiences": ["a walk"], "notes": ["new", "old"], "odd": 1}},
        "longTermMemories": [{"content": "Bob said he would come.", "type": "interaction", "importance": 0.6},
            {"content": "Tea is good.", "type": "opinion", "extra": true}, {"content": "  "}],
        "tweetHistory": [{"id": "88", "content": "Rain again.", "createdAt": "2025-05-05T00:00:00Z", "replyToId": "5", "mediaUrls": []}],
        "lastUpdated": "2025-05-06T23:03:11.486Z", "currentMood": {"valence": 1},
    })
}

#[test]
fn a_memory_is_carried_and_every_leaf_is_named_once() {
    let place = Place::new();
    place.put("data/memories/ada.json", &memory());
    let deployment = place.read();
    assert_eq!(deployment.problems, []);
    assert_whole(&deployment, "data/memories/ada.json", "", &memory());
    let ada = agent(&deployment, "ada");
    let find =
        |text: &str| ada.memories.iter().find(|memory| memory.content == text).unwrap_or_else(|| panic!("{text}"));
    let core = find("Born in a shed.");
    assert_eq!((core.kind, core.importance), (MemoryKind::Core, 0.0), "a 0 is a 0, and core memories load");
    let rain = find("It rained.");
    assert_eq!((rain.kind, rain.importance, rain.valence), (MemoryKind::Event, 1.0, -1.0));
    assert_eq!(rain.at.to_string(), "2025-05-06T23:03:11.486Z");
    assert_eq!(rain.associations, std::slice::from_ref(&core.id));
    assert_eq!(
        rain.metadata,
        [("original_id".to_owned(), "u-2".to_owned()), ("deep.n".into(), "1".into()), ("source".into(), "news".into())]
    );
    assert_eq!(find("Only a text.").at.to_string(), "2025-05-06T23:03:11.486Z", "of the last change");
    assert_eq!(find("Bob said he would come.").trust, Trust::Stranger);
    let tea = find("Tea is good.");
    assert_eq!((tea.kind, tea.trust), (MemoryKind::General, Trust::Own));
    assert_eq!(tea.metadata, [("original_type".to_owned(), "opinion".to_owned())]);
    assert_eq!(find("Rain again.").kind, MemoryKind::Tweet);
    let [bond] = ada.bonds.as_slice() else { panic!("{:?}", ada.bonds) };
    assert_eq!((bond.sentiment, bond.familiarity, bond.trust, bond.interactions), (1.0, 0.0, 0.4, 2));
    assert_eq!(bond.recent_interactions, ["hello", "bye"]);
    assert_eq!(bond.notes, ["a walk", "old", "new"]);
    let unknown: Vec<&String> = deployment.files.iter().flat_map(|file| &file.fates.unknown).collect();
    assert_eq!(unknown, ["currentMood.valence", "longTermMemories[1].extra", "relationships.bob.odd"]);
    assert_eq!(reason(&deployment, "recentEvents[0].associations[1]"), "there is no such memory");
    assert!(reason(&deployment, "recentEvents[0].metadata.apiKey").starts_with("named like a credential"));
    assert!(reason(&deployment, "longTermMemories[2].content").starts_with("blank"));
    assert!(!format!("{deployment:?}").contains("kkk-1"));
}

#[test]
fn what_the_caps_take_is_said_before() {
    let place = Place::new();
    let event = |n: usize| {
        json!({"id": n, "content": format!("Event number {n}"), "importance": if n == 3 { 0.0 } else { 0.5 },
        "timestamp": 1_746_000_000_000_i64 + n as i64, "associations": [if n == 60 { 3 } else { 59 }]})
    };
    let twice = json!({"content": "event  number 60!", "timestamp": 1_700_000_000_000_i64});
    let events: Vec<Value> = (1..=60).map(event).chain([twice]).collect();
    let memory = json!({"recentEvents": events});
    place.put("data/memories/ada.json", &memory);
    let born = json!({"id": "ada", "initial_memory": {"recent_events": ["Born today."]}});
    place.put("config/agents/ada.json", &born);
    let deployment = place.read();
    assert_whole(&deployment, "data/memories/ada.json", "", &memory);
    let ada = agent(&deployment, "ada");
    assert_eq!(ada.memories.len(), 49, "one place is that of the event from birth, which is more important");
    assert_eq!(reason(&deployment, "recentEvents[2].content"), "only 50 of its kind are kept: the most important");
    assert_eq!(reason(&deployment, "recentEvents[10].id"), "only 50 of its kind are kept: the most important");
    assert_eq!(
        reason(&deployment, "recentEvents[60].content"),
        "the same text stands in data/memories/ada.json recentEvents[59]"
    );
    assert_eq!(reason(&deployment, "recentEvents[59].associations[0]"), "there is no such memory");
}

fn bytes(documents: &[bson::Document]) -> Vec<u8> {
    let mut out = Vec::new();
    documents.iter().for_each(|document| document.to_writer(&mut out).unwrap());
    out
}

#[test]
fn a_dump_and_an_export_of_it_are_the_same() {
    let at = DateTime::from_millis(1_746_572_591_486);
    let id = bson::oid::ObjectId::parse_str("65f0c0ffee0123456789abcd").unwrap();
    let tweets =
        [doc! {"_id": id, "agentId": "ada", "tweetId": "88", "content": "Rain.", "timestamp": at, "likes": 3_i64}];
    let dumped = Place::new();
    dumped.write("dump/puppet-engine/agent-tweets.bson", &bytes(&tweets));
    let exported = Place::new();
    let line = r#"{"_id":{"$oid":"65f0c0ffee0123456789abcd"},"agentId":"ada","tweetId":"88","content":"Rain.","timestamp":{"$date":"2025-05-06T23:03:11.486Z"},"likes":{"$numberLong":"3"}}"#;
    exported.write("dump/agent-tweets.json", format!("{line}\n").as_bytes());
    let packed = Place::new();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, &bytes(&tweets)).unwrap();
    packed.write("puppet-engine/agent-tweets.bson.gz", &packer.finish().unwrap());
    packed.write("puppet-engine/agent-tweets.metadata.json.gz", b"not ours");
    packed.write("puppet-engine/other.bson", b"nobody's");
    for (place, name) in [
        (&dumped, "dump/puppet-engine/agent-tweets.bson"),
        (&exported, "dump/agent-tweets.json"),
        (&packed, "puppet-engine/agent-tweets.bson.gz"),
    ] {
        let deployment = place.read();
        assert_eq!(deployment.problems, [], "{name}");
        let plain =
            json!([{"_id": "x", "agentId": "ada", "tweetId": "88", "content": "Rain.", "timestamp": "x", "likes": 3}]);
        assert_whole(&deployment, name, "", &plain);
        let [memory] = agent(&deployment, "ada").memories.as_slice() else { panic!("{name}") };
        assert_eq!((memory.content.as_str(), memory.at.to_string().as_str()), ("Rain.", "2025-05-06T23:03:11.486Z"));
        assert_eq!(memory.metadata, [("tweet_id".to_owned(), "88".to_owned())]);
        assert_eq!(agent(&deployment, "ada").digest, agent(&dumped.read(), "ada").digest, "{name}");
    }
    assert_eq!(packed.read().unread, ["puppet-engine/other.bson"]);
}

#[test]
fn events_come_out_in_the_order_of_the_contract() {
    let place = Place::new();
    let event = |id: &str, priority: Value, to: Value| {
        json!({"id": id, "type": "news", "data": {"headline": id}, "timestamp": "2025-05-01T00:00:00Z",
            "processedAt": "2025-05-01T00:00:01Z", "targetAgentIds": to, "priority": priority})
    };
    let events = json!([
        event("e1", json!("low"), json!(["ada"])),
        event("e2", json!("normal"), json!(["ada"])),
        event("e3", json!("critical"), json!(["ada"])),
        event("e4", json!(1), json!(["ada", "nobody"])),
        event("e5", json!("HIGH"), json!(["ada"])),
        event("e6", json!("critical"), json!([])),
        event("e7", json!("normal"), json!(["nobody"])),
    ]);
    place.put("dump/agent-events.json", &events);
    let deployment = place.read();
    assert_eq!(deployment.problems, []);
    assert_whole(&deployment, "dump/agent-events.json", "", &events);
    assert_eq!(reason(&deployment, "[6].data.headline"), "it was for no agent of this deployment");
    assert_eq!(reason(&deployment, "[3].targetAgentIds[1]"), "no agent of this deployment");
    let of_ada: Vec<_> = deployment.events.iter().filter(|past| past.event.agent.as_str() == "ada").cloned().collect();
    let ordered = in_the_order_of_the_contract(of_ada);
    let headlines: Vec<&str> = ordered.iter().map(|past| past.event.payload["headline"].as_str().unwrap()).collect();
    assert_eq!(headlines, ["e3", "e6", "e5", "e2", "e4", "e1"]);
    let broadcast: Vec<_> = deployment.events.iter().filter(|past| past.event.broadcast.is_some()).collect();
    assert_eq!(broadcast.len(), 2, "one that names nobody is for everybody");
    assert_eq!((broadcast[0].event.priority, broadcast[0].handled.as_millis() % 60_000), (Priority::Critical, 1_000));
}

#[test]
fn an_id_that_two_events_have_is_that_of_the_first() {
    let place = Place::new();
    let event = |agent: &str, text: &str, handled: &str| {
        json!({"id": "e3", "type": "news", "agentId": agent, "timestamp": "2025-05-01T10:00:00Z", "data": {"handled": text},
            "processedAt": handled})
    };
    let (at, later) = ("2025-05-01T10:00:01Z", "2025-05-01T10:00:02Z");
    let events = json!([event("ada", "rain", at), event("bob", "snow", at), event("bob", "rain", later)]);
    place.put("dump/agent-events.json", &events);
    let deployment = place.read();
    assert_whole(&deployment, "dump/agent-events.json", "", &events);
    let told: Vec<(&str, &Value)> =
        deployment.events.iter().map(|past| (past.event.agent.as_str(), &past.event.payload["handled"])).collect();
    assert_eq!(told, [("ada", &json!("rain")), ("bob", &json!("rain"))]);
    for field in ["id", "type", "agentId", "timestamp", "data.handled", "processedAt"] {
        let reason = reason(&deployment, &format!("[1].{field}"));
        assert_eq!(reason, "another event has this id, and says something else");
    }
    assert_eq!(reason(&deployment, "[2].processedAt"), "it was told before when this event was handled");
    let ignored = deployment.files.iter().map(|file| file.fates.ignored.len()).sum::<usize>();
    assert_eq!(ignored, 7, "and nothing else stays behind");
}

#[test]
fn events_have_a_bound_for_all_agents_together() {
    let place = Place::new();
    let events = ["a", "b", "c"].map(|id| json!({"id": id, "type": "news"}));
    place.put("dump/agent-events.json", &json!(events));
    let read = |most| Deployment::within(Source { folder: place.0.path(), dump: None }, Timestamp::default(), most);
    assert_eq!((read(6).problems, read(6).events.len()), (Vec::new(), 6));
    let told = read(2).problems;
    let said = "dump/agent-events.json: its events are more than 2, counted for each agent that they are for";
    assert_eq!(told.iter().map(Problem::to_string).collect::<Vec<_>>(), [said], "once");
}

#[test]
fn tokens_are_left_and_their_keys_are_kept() {
    let place = Place::new();
    let tokens = json!([{"agentId": "ada", "symbol": "ADA", "mint": {"privateKey": [1, 2], "address": "x"}}]);
    place.put("dump/agent-tokens.json", &tokens);
    let deployment = place.read();
    assert_whole(&deployment, "dump/agent-tokens.json", "", &tokens);
    let [(name, secret)] = deployment.secrets.as_slice() else { panic!("{:?}", deployment.secrets) };
    assert_eq!((name.as_str(), secret.expose()), ("token/ada/mint/private_key", "[1,2]"));
}

#[test]
fn the_last_thousand_posts_are_seen() {
    let place = Place::new();
    let ids: Vec<Value> = (1..=1_002).map(|n| if n % 2 == 0 { json!(n) } else { json!(n.to_string()) }).collect();
    place.put("data/processed_tweets.json", &json!(ids));
    let deployment = place.read();
    assert_whole(&deployment, "data/processed_tweets.json", "", &json!(ids));
    assert_eq!((deployment.seen.len(), deployment.seen[0].as_str()), (SEEN_KEPT, "3"));
}

#[test]
fn what_is_wrong_is_told_with_file_and_field() {
    type Table = [(&'static str, &'static [u8], &'static str)];
    let table: &Table = &[
        (
            "data/memories/ada.json",
            b"{\"coreMemories\": [",
            "data/memories/ada.json:1: is not JSON: EOF while parsing a list",
        ),
        ("data/memories/ada.json", b"[]", "data/memories/ada.json: expected a memory: an object, found a list"),
        (
            "data/memories/ada.json",
            b"{\"recentEvents\": {}}",
            "data/memories/ada.json: recentEvents: expected a list of memories, found an object",
        ),
        (
            "data/memories/ada.json",
            b"{\"coreMemories\": [{\"content\": 3}]}",
            "data/memories/ada.json: coreMemories[0].content: expected a text, found a number",
        ),
        (
            "data/memories/ada.json",
            b"{\"coreMemories\": [{\"content\": \"a\", \"importance\": \"high\"}]}",
            "data/memories/ada.json: coreMemories[0].importance: expected a number, found a text",
        ),
        (
            "data/memories/ada.json",
            b"{\"coreMemories\": [{\"content\": \"a\", \"timestamp\": \"soon\"}]}",
            "data/memories/ada.json: coreMemories[0].timestamp: expected a time (ISO 8601, or since 1970), found a text",
        ),
        (
            "data/memories/ada.json",
            b"{\"relationships\": {\"bob\": {\"trust\": []}}}",
            "data/memories/ada.json: relationships.bob.trust: expected a number, found a list",
        ),
        (
            "data/memories/ada.json",
            b"{\"agentId\": \"bob\"}",
            "data/memories/ada.json: agentId: is another agent than the one that the file is named after",
        ),
        (
            "data/memories/ghost.json",
            b"{}",
            "data/memories/ghost.json: agentId: there is no agent `ghost` in config/agents",
        ),
        (
            "data/processed_tweets.json",
            b"{}",
            "data/processed_tweets.json: expected a list of ids of tweets, found an object",
        ),
        (
            "data/processed_tweets.json",
            b"[\"../x\"]",
            "data/processed_tweets.json: [0]: expected the id of a tweet, 1 to 64 letters and digits",
        ),
        (
            "config/agents/cut.json",
            b"{\"id\": \"x\"",
            "config/agents/cut.json:1: is not JSON: EOF while parsing an object at line 1 column 10",
        ),
        (
            "config/agents/far.json",
            b"{\"id\": \"../../etc/x\", \"name\": \"x\"}",
            "config/agents/far.json: id: expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit",
        ),
        (
            "config/agents/two.json",
            b"{\"id\": \"ada\", \"name\": \"x\"}",
            "config/agents/two.json: id: another file has the agent `ada` too",
        ),
        (
            "dump/agent-tweets.bson",
            b"\x30\0\0\0\x02",
            "dump/agent-tweets.bson: is damaged: document 0 at byte 0: the file ends within it",
        ),
        (
            "dump/agent-tweets.bson.gz",
            b"not packed at all",
            "dump/agent-tweets.bson.gz: cannot be read: invalid gzip header",
        ),
        (
            "dump/agent-tweets.json",
            b"{\"agentId\": \"ada\", \"content\": \"a\"}\n{\"agentId",
            "dump/agent-tweets.json:2: is not JSON: EOF while parsing a string",
        ),
        (
            "dump/agent-tweets.json",
            b"[{\"agentId\": \"../x\", \"content\": \"a\"}]",
            "dump/agent-tweets.json: [0].agentId: expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit",
        ),
        (
            "dump/agent-tweets.json",
            b"[{\"content\": \"a\"}]",
            "dump/agent-tweets.json: [0].agentId: expected the id of an agent, found null",
        ),
        (
            "dump/agent-tweets.json",
            b"[3]",
            "dump/agent-tweets.json: [0]: expected a document: an object, found a number",
        ),
        (
            "dump/agent-tweets.json",
            b"[{\"agentId\": \"ada\", \"at\": {\"$date\": []}}]",
            "dump/agent-tweets.json: [0].at: expected a value of MongoDB's extended JSON",
        ),
        (
            "dump/agent-events.json",
            b"[{\"id\": \"e\", \"data\": {}}]",
            "dump/agent-events.json: [0].type: is missing: expected the kind of the event, a text",
        ),
        (
            "dump/agent-events.json",
            b"[{\"id\": \"e\", \"type\": \"news\", \"priority\": \"urgent\"}]",
            "dump/agent-events.json: [0].priority: expected low, normal, high or critical",
        ),
    ];
    for (name, bytes, expected) in table {
        let place = Place::new();
        place.write(name, bytes);
        assert_eq!(place.problems(), [*expected]);
    }
    let nowhere = Deployment::read(Source { folder: Path::new("/nowhere"), dump: None }, Timestamp::default());
    assert_eq!(nowhere.problems[0].to_string(), "config/agents: there is no such folder");
    let place = Place::new();
    let source = Source { folder: place.0.path(), dump: Some(place.0.path()) };
    assert_eq!(Deployment::read(source, Timestamp::default()).problems[0].code, "no-dump");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let place = Place::new();
    let memory = json!({"coreMemories": [{"content": 3}, {"content": "a", "importance": []}], "recentPosts": 5});
    place.put("data/memories/ada.json", &memory);
    place.write("data/memories/bob.json", b"{");
    assert_eq!(place.problems().len(), 4, "{:?}", place.problems());
}

/// The agent files of the original engine, where they lie beside the project.
#[test]
fn the_original_agents_move_whole() {
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/agents");
    if !agents.is_dir() {
        println!("skipped: {} is not there", agents.display());
        return;
    }
    let place = Place(tempfile::tempdir().unwrap());
    for entry in fs::read_dir(&agents).unwrap() {
        let path = entry.unwrap().path();
        place.write(
            &format!("config/agents/{}", path.file_name().unwrap().to_string_lossy()),
            &fs::read(&path).unwrap(),
        );
    }
    let deployment = place.read();
    assert_eq!(deployment.problems, []);
    assert_eq!(deployment.agents.len(), fs::read_dir(&agents).unwrap().count());
    for file in &deployment.files {
        let value = serde_json::from_slice(&fs::read(place.path(&file.file)).unwrap()).unwrap();
        assert_whole(&deployment, &file.file, "", &value);
    }
}

#[test]
fn a_file_that_could_not_be_named_is_refused_before_it_is() {
    // A megabyte, of which each leaf would have a path as long as that.
    let large = json!({"agentId": "ada", "k".repeat(1_000_000): vec![1; 10_000]});
    for name in ["data/memories/ada.json", "dump/agent-memories.json", "dump/agent-events.json"] {
        let place = Place::new();
        place.put(name, &if name.starts_with("dump") { json!([large.clone()]) } else { large.clone() });
        let problem = format!("{name}: the name of a field has 1000000 bytes: at most 256");
        assert_eq!(place.problems(), [problem]);
    }
    let place = Place::new();
    let bson = bson::serialize_to_vec(&doc! {"agentId": "ada", "k".repeat(1_000): [1, 2]}).unwrap();
    place.write("dump/agent-memories.bson", &bson);
    assert_eq!(place.problems(), ["dump/agent-memories.bson: the name of a field has 1000 bytes: at most 256"]);
    let place = Place::new();
    place.put("config/agents/eve.json", &json!({"id": "eve", "name": "Eve", "k".repeat(1_000): [1, 2]}));
    assert_eq!(place.problems(), ["config/agents/eve.json: the name of a field has 1000 bytes: at most 256"]);
}
