//! What may be remembered, as whose words, and what an agent knows at birth.

use MemoryKind::*;
use puppet_types::{AgentId, Code, Memory, MemoryKind, Persona, Timestamp, Trust, persona::RecentEvent};
use serde_json::json;

use super::{memory, named, now};
use crate::{Recalled, draft::Draft, initial_memories, memory_id};

pub fn draft(content: &str) -> Draft {
    Draft {
        kind: General,
        content: content.to_owned(),
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
    }
}

#[test]
fn bad_drafts_are_refused() {
    let pair = |bytes: usize| ("k".to_owned(), "v".repeat(bytes - 1));
    let table = [
        ("blank", Draft { content: " \n ".into(), ..draft("x") }, Code::InvalidInput),
        ("long", draft(&"x".repeat(2_001)), Code::TooLong),
        ("post", Draft { kind: Post, ..draft("x") }, Code::InvalidInput),
        ("tweet", Draft { kind: Tweet, ..draft("x") }, Code::InvalidInput),
        ("importance", Draft { importance: f64::NAN, ..draft("x") }, Code::InvalidInput),
        ("valence", Draft { valence: f64::INFINITY, ..draft("x") }, Code::InvalidInput),
        ("17 associations", Draft { associations: vec!["m".into(); 17], ..draft("x") }, Code::InvalidInput),
        ("no id", Draft { associations: vec![String::new()], ..draft("x") }, Code::InvalidInput),
        ("17 pairs", Draft { metadata: vec![pair(2); 17], ..draft("x") }, Code::InvalidInput),
        ("257 bytes", Draft { metadata: vec![pair(257)], ..draft("x") }, Code::InvalidInput),
        ("author", Draft { author: Some("x".repeat(129)), ..draft("x") }, Code::InvalidInput),
    ];
    for (what, draft, code) in table {
        assert_eq!(
            draft.into_memory(&AgentId::new("ada"), &"ada_writes".into(), now()).unwrap_err().code,
            code,
            "{what}"
        );
    }
    let widest = Draft {
        metadata: vec![pair(256); 16],
        associations: vec!["m".into(); 16],
        importance: 7.0,
        valence: -7.0,
        ..draft(&"x".repeat(2_000))
    };
    let memory = widest.into_memory(&AgentId::new("ada"), &"ada_writes".into(), now()).unwrap();
    assert_eq!((memory.importance, memory.valence, memory.at, memory.pinned), (1.0, -1.0, now(), false));
    assert_eq!(memory.id, memory_id(&AgentId::new("ada"), General, &"X".repeat(2_000)));
}

#[test]
fn words_of_others_never_become_own() {
    use Trust::*;
    let table = [
        (None, Own, Own),
        (None, Host, Own),
        (None, Stranger, Stranger),
        (Some("ada"), Own, Own),
        (Some("@Ada"), Own, Own),
        (Some("Ada_Writes"), Own, Own),
        (Some("ada"), Stranger, Stranger),
        (Some("bob"), Own, Stranger),
        (Some("bob"), Host, Stranger),
        (Some("bob"), Stranger, Stranger),
        (Some("  "), Own, Own),
    ];
    for (author, trust, expected) in table {
        let draft = Draft { author: author.map(Into::into), trust, ..draft("x") };
        let memory = draft.into_memory(&AgentId::new("ada"), &"ada_writes".into(), now()).unwrap();
        assert_eq!(memory.trust, expected, "{author:?} {trust:?}");
        assert_eq!(memory.author.as_deref(), author.filter(|author| !author.trim().is_empty()));
    }
}

#[test]
fn echoes_are_what_was_recalled_and_nothing_else() {
    let mut recalled = Recalled::default();
    assert!(!recalled.echoes("Bob likes tea", None));
    recalled.note(&[
        named("short", General, "Bob likes tea"),
        named("long", Event, "one two three four five six seven eight nine ten"),
    ]);
    let table = [
        ("bob  likes TEA!", true),
        ("Bob likes tea a lot", false),
        ("likes tea", false),
        ("three four five", true),
        ("three five four", false),
        ("ten nine eight seven six five four three two eleven", true),
        ("ten nine eight seven six five four three twelve eleven", false),
        ("two two two two two two two two two two", false),
        ("one, two; three four five six seven eight nine ten and then some more words", false),
        ("!", false),
    ];
    for (content, expected) in table {
        assert_eq!(recalled.echoes(content, None), expected, "{content:?}");
    }
    assert!(!recalled.echoes("bob likes tea", Some("short")), "what is replaced may be repeated");
    assert!(recalled.echoes("bob likes tea", Some("long")));
    recalled.note(&[named("copy", Core, "Bob likes tea.")]);
    assert!(recalled.echoes("bob likes tea", Some("short")), "but not if it stands elsewhere too");
}

#[test]
fn an_agent_is_born_with_its_memories() {
    let mut persona = Persona::default();
    let dated =
        |content: &str, timestamp, importance| RecentEvent::Dated { content: content.into(), timestamp, importance };
    persona.initial_memory.core_memories =
        vec!["I was built in a shed.".into(), " ".into(), "i was built in a shed".into()];
    persona.initial_memory.recent_events = vec![
        RecentEvent::Text("It snowed.".into()),
        dated("The shop closed.", Some(json!("2025-12-24T10:00:00+01:00")), Some(0.0)),
        dated("The shop opened.", Some(json!(1_700_000_000_000_i64)), Some(3.0)),
        dated("In digits.", Some(json!("1700000000000")), None),
        dated("Some day.", Some(json!("yesterday")), None),
    ];
    let agent = AgentId::new("ada");
    let born = initial_memories(&agent, &persona, now());
    let seen: Vec<_> =
        born.iter().map(|memory| (memory.content.as_str(), memory.kind, memory.importance, memory.at)).collect();
    let then = Timestamp::from_millis(1_700_000_000_000);
    let expected = [
        ("I was built in a shed.", Core, 1.0, now()),
        ("It snowed.", Event, 0.7, now()),
        ("The shop closed.", Event, 0.0, Timestamp::parse("2025-12-24T09:00:00Z").unwrap()),
        ("The shop opened.", Event, 1.0, then),
        ("In digits.", Event, 0.7, then),
        ("Some day.", Event, 0.7, now()),
    ];
    assert_eq!(seen, expected);
    assert!(
        born.iter()
            .all(|memory| memory.trust == Trust::Own && memory.id == memory_id(&agent, memory.kind, &memory.content))
    );
    let led_by = Some(puppet_types::trade::Origin::Own);
    assert_eq!(born[0], Memory { importance: 1.0, led_by, ..memory(Core, "I was built in a shed.") });
    assert!(initial_memories(&agent, &Persona::default(), now()).is_empty());
}
