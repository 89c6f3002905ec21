//! Which paths there are, and what is left of values.

use serde_json::json;

use super::*;

#[test]
fn a_path_that_can_hold_nothing_is_refused_with_what_could() {
    let cases = [
        ("payload.text", "payload", "event"),
        ("events.payload", "events", "event"),
        ("event.paylod.text", "paylod", "payload"),
        ("reads.lm.complete.answer", "lm", "llm"),
        ("reads.llm.compleet.answer", "compleet", "complete"),
        ("reads.agent.get-moods.answer", "get-moods", "get-mood"),
        ("reads.llm.complete.reply", "reply", "answer"),
        ("reads.llm.complete", "", "answer"),
        ("decisions.rember.body.memory.content", "rember", "remember"),
        ("decisions.remember.text", "text", "body"),
        ("decisions.remember.body.text", "text", "memory"),
        ("decisions.remember.body.memory.contents", "contents", "content"),
        ("decisions.reply.body.images.alt", "alt", "alt_text"),
    ];
    for (path, word, near) in cases {
        let error = Redaction::parse(&[path]).unwrap_err();
        assert_eq!((error.path.as_str(), error.word.as_str()), (path, word), "{error}");
        assert!(error.known.iter().any(|known| known == near), "{error:?}");
    }
    for path in ["", "event.payload.", "event.payload..x", "decisions.remember.body", "decisions.clear_state.body.x"] {
        Redaction::parse(&[path]).unwrap_err();
    }
    // What is left would be no decision.
    for path in ["remember.body.memory.at", "remember.body.memory.kind", "like.body.of", "pin.body.pinned"] {
        let error = Redaction::parse(&[format!("decisions.{path}")]).unwrap_err();
        assert!(error.what.contains("no text"), "{error}");
    }
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let source = include_str!("../../../types/src/decision.rs");
    let kinds: Vec<&str> = source.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(samples::all().iter().map(Decision::kind).collect::<Vec<_>>(), kinds);
}

#[test]
fn texts_of_every_decision_can_be_taken_out() {
    let texts = [
        "post.body.text",
        "post.body.images.alt_text",
        "thread.body.parts",
        "remember.body.memory.content",
        "remember.body.memory.metadata",
        "remember.body.memory.author",
        "supersede.body.memory.content",
        "shift_mood.body.cause",
        "adjust_relationship.body.target",
        "adjust_relationship.body.change.note",
        "set_timer.body.payload",
        "emit.body.payload.deep.inside",
        "put_state.body.data.text",
    ];
    for text in texts {
        let path = format!("decisions.{text}");
        let redaction = Redaction::parse(&[path.as_str()]).unwrap_or_else(|error| panic!("{error}"));
        let Place::Body(kind) = redaction.paths[0].place else { panic!("{path}") };
        let mut sample = samples::all().into_iter().find(|sample| sample.kind() == kind).unwrap();
        if text.ends_with("deep.inside") {
            let Decision::Emit { payload, .. } = &mut sample else { panic!("{sample:?}") };
            *payload = json!({"deep": [{"inside": 1}, {"inside": [2, 3]}, {"other": 4}]});
        }
        assert!(take_from_decision(&mut sample, &redaction.paths[0].fields), "{path}");
        assert_eq!(sample.kind(), kind);
        assert!(serde_json::to_string(&sample).unwrap().contains(REDACTED), "{sample:?}");
    }
}

#[test]
fn a_payload_stays_a_table() {
    let payload = json!({"text": "x", "n": 3, "none": null, "list": [{"a": 1, "b": 2}, {"a": [3]}]});
    let less = |path: &str| Redaction::parse(&[path]).unwrap().payload(&payload);
    let all = json!({"text": REDACTED, "n": REDACTED, "none": null, "list": [REDACTED, REDACTED]});
    assert_eq!(less("event.payload"), Some(all));
    let some = json!({"text": "x", "n": 3, "none": null, "list": [{"a": REDACTED, "b": 2}, {"a": [REDACTED]}]});
    assert_eq!(less("event.payload.list.a"), Some(some));
    for nothing in
        ["event.payload.none", "event.payload.other", "event.payload.text.deeper", "decisions.post.body.text"]
    {
        assert_eq!(less(nothing), None, "{nothing}");
    }
}
