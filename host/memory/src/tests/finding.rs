//! Recall over stored rows: scores, order, bounds, isolation.

use std::sync::Arc;

use MemoryKind::*;
use proptest::prelude::*;
use puppet_types::{AgentId, Code, Memory, MemoryKind, Timestamp};

use super::{DAY_MS, Rows, days_ago, memory, named, now, store};
use crate::{
    Method, Query, Recaller, SCANNED_ROWS, Scored, WEIGHTS,
    embedding::{cosine, hashed},
    score::{recency, rounded},
};

fn query(text: &str) -> Query {
    Query { text: text.to_owned(), kinds: Vec::new(), limit: 50, method: Method::Blended, follow: false }
}

fn keyword(text: &str) -> Query {
    Query { method: Method::Keyword, ..query(text) }
}

async fn find(rows: &Arc<Rows>, agent: &str, query: &Query) -> Vec<Scored> {
    let recaller = Recaller::new(Arc::clone(rows) as _);
    recaller.recall(&AgentId::new(agent), query, now()).await.unwrap()
}

fn ids(list: &[Scored]) -> Vec<&str> {
    list.iter().map(|scored| scored.memory.id.as_str()).collect()
}

#[tokio::test]
async fn the_blend_is_the_sum_of_its_parts() {
    let rows = store();
    rows.put("ada", Memory { importance: 0.8, at: days_ago(7), ..named("e", Event, "comet seen over Lisbon") });
    rows.put("ada", named("g", General, "tea is best without sugar"));
    let list = find(&rows, "ada", &query("comet seen over Lisbon")).await;
    assert_eq!(ids(&list), ["e"], "what has nothing to do with it is left out");
    let hit = &list[0];
    assert_eq!((hit.importance, hit.recency, hit.likeness), (0.8, 0.5, 1.0));
    // Four terms, each in one of two rows: ln 2 each; length 4 against an average of 4.5.
    let term = libm::log(2.0) * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 4.0 / 4.5));
    assert_eq!(hit.text_score, rounded(4.0 * term / (4.0 * term + 2.0)));
    let sum = 0.35 * hit.text_score + 0.30 * hit.likeness + 0.20 * hit.importance + 0.15 * hit.recency;
    assert!((hit.score - sum).abs() < 2e-6, "{} {sum}", hit.score);
    let all = WEIGHTS.text + WEIGHTS.likeness + WEIGHTS.importance + WEIGHTS.recency;
    assert!((all - 1.0).abs() < 1e-12);
}

#[test]
fn recency_halves_with_the_kind() {
    let table = [
        (Core, 365, 1.0),
        (Event, 7, 0.5),
        (Event, 14, 0.25),
        (Interaction, 3, 0.5),
        (General, 14, 0.5),
        (General, 0, 1.0),
        (Post, 2, 0.5),
        (Tweet, 6, 0.125),
    ];
    for (kind, days, expected) in table {
        assert_eq!(recency(kind, days_ago(days), now()), expected, "{kind:?} after {days} days");
    }
    assert_eq!(recency(Event, now().plus_millis(DAY_MS), now()), 1.0, "nothing is newer than new");
}

#[tokio::test]
async fn ties_go_to_the_newer_then_by_id() {
    let rows = store();
    for (id, days) in [("c", 1), ("a", 0), ("b", 0)] {
        rows.put("ada", Memory { at: days_ago(days), ..named(id, Core, "rain in May") });
    }
    assert_eq!(ids(&find(&rows, "ada", &query("rain")).await), ["a", "b", "c"]);
    assert_eq!(ids(&find(&rows, "ada", &keyword("rain")).await), ["a", "b", "c"]);
    assert_eq!(ids(&find(&rows, "ada", &Query { limit: 2, ..query("rain") }).await), ["a", "b"]);
}

#[tokio::test]
async fn importance_and_wording_count() {
    let rows = store();
    rows.put("ada", Memory { importance: 0.1, ..named("low", Core, "the harbour was closed") });
    rows.put("ada", Memory { importance: 0.9, ..named("high", Core, "the harbour was closed") });
    rows.put("ada", named("inflected", Core, "harbours are closing everywhere"));
    let list = find(&rows, "ada", &query("harbour closed")).await;
    assert_eq!(ids(&list), ["high", "low", "inflected"]);
    assert_eq!(list[2].text_score, 0.0, "full text is whole words, its form is found by likeness");
    assert!(list[2].likeness >= crate::LIKENESS_FROM);
}

#[tokio::test]
async fn an_agent_finds_its_own_and_others_do_not_change_its_scores() {
    let rows = store();
    rows.put("ada", named("mine", Core, "secret garden behind the mill"));
    rows.put("ada", named("other", Core, "the mill stands still"));
    let alone = find(&rows, "ada", &query("secret mill")).await;
    assert_eq!(ids(&alone), ["mine", "other"]);
    for n in 0..50 {
        rows.put("bob", named(&format!("b{n}"), Core, "secret secret mill secret garden"));
    }
    assert_eq!(find(&rows, "ada", &query("secret mill")).await, alone);
    assert!(find(&rows, "eve", &query("secret mill")).await.is_empty());
}

#[tokio::test]
async fn the_keyword_formula_is_the_contracts() {
    // Matched terms ÷ terms × importance, above 0.3.
    let table = [
        ("solar wind", "Solarpunk and windows", 0.5, Some(0.5)),
        ("solar wind", "solar only", 0.7, Some(0.35)),
        ("solar wind", "solar only", 0.6, None),
        ("solar wind sea", "SOLAR SEA", 0.9, Some(0.6)),
        ("solar solar wind", "solar", 0.9, Some(0.6)),
        ("solar", "solar", 0.3, None),
        ("solar", "lunar", 1.0, None),
    ];
    for (text, content, importance, expected) in table {
        let rows = store();
        rows.put("ada", Memory { importance, at: days_ago(300), ..memory(General, content) });
        let found = find(&rows, "ada", &keyword(text)).await;
        assert_eq!(found.first().map(|hit| hit.score), expected, "{text:?} in {content:?} at {importance}");
    }
    let rows = store();
    for n in 0..12 {
        rows.put("ada", Memory { at: days_ago(n), ..named(&format!("{n:02}"), Event, "sun") });
    }
    for kind in [Post, Tweet] {
        rows.put("ada", Memory { importance: 1.0, ..memory(kind, "sun") });
    }
    for kind in [Core, Interaction, General] {
        rows.put("ada", Memory { importance: 0.9, ..memory(kind, "sun") });
    }
    let found = find(&rows, "ada", &keyword("sun")).await;
    assert_eq!(found.len(), 10, "the top 10");
    let mut kinds: Vec<_> = found.iter().take(4).map(|hit| hit.memory.kind).collect();
    kinds.sort();
    assert_eq!(kinds, [Core, Event, Interaction, General], "neither posts nor tweets");
    assert!(find(&rows, "ada", &Query { kinds: vec![Tweet], ..keyword("sun") }).await.is_empty());
    assert_eq!(find(&rows, "ada", &Query { kinds: vec![Tweet], ..query("sun") }).await.len(), 1);
}

#[tokio::test]
async fn associations_are_followed_one_step() {
    let rows = store();
    let linked = |id: &str, content: &str, to: &[&str]| Memory {
        associations: to.iter().map(|id| (*id).to_owned()).collect(),
        ..named(id, Core, content)
    };
    rows.put("ada", linked("a", "the lighthouse", &["b", "lost", "d"]));
    rows.put("ada", linked("b", "my uncle", &["c"]));
    rows.put("ada", linked("c", "two dogs", &[]));
    rows.put("ada", linked("d", "lighthouse keeper", &["b"]));
    rows.put("bob", linked("lost", "not hers", &[]));
    let follow = Query { follow: true, ..query("lighthouse") };
    let list = find(&rows, "ada", &follow).await;
    assert_eq!(list.len(), 3, "{:?}", ids(&list));
    let (first, last) = (&list[0], &list[2]);
    assert_eq!((last.memory.id.as_str(), last.via.as_deref()), ("b", Some(first.memory.id.as_str())));
    assert_eq!(last.score, rounded(first.score * 0.5));
    assert!(list[..2].iter().all(|hit| hit.via.is_none()));
    assert_eq!(find(&rows, "ada", &Query { limit: 2, ..follow }).await.len(), 2, "within the limit");
    assert_eq!(find(&rows, "ada", &query("lighthouse")).await.len(), 2);
}

#[tokio::test]
async fn questions_out_of_bounds_are_refused() {
    let recaller = Recaller::new(store() as _);
    let agent = AgentId::new("ada");
    let long = "x ".repeat(crate::QUERY_BYTES);
    let table = [
        (query(" \n"), Code::InvalidInput),
        (Query { limit: 0, ..query("x") }, Code::InvalidInput),
        (Query { limit: 51, ..query("x") }, Code::InvalidInput),
        (query(&long), Code::TooLong),
    ];
    for (query, code) in table {
        let error = recaller.recall(&agent, &query, now()).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    for limit in [0, 101] {
        assert_eq!(recaller.recent(&agent, &[], limit).await.unwrap_err().code, Code::InvalidInput);
    }
    assert!(recaller.recall(&agent, &query("?!"), now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_recall_looks_at_so_many_rows_and_text_still_finds_the_old() {
    let rows = store();
    let old = Timestamp::from_millis(0);
    rows.put("ada", Memory { at: old, importance: 1.0, ..named("old", Core, "zebra crossing") });
    for n in 0..1_200 {
        rows.put("ada", named(&format!("m{n:04}"), Core, "grass"));
    }
    assert_eq!(SCANNED_ROWS, 2_100);
    assert_eq!(ids(&find(&rows, "ada", &query("zebra")).await), ["old"], "full text proposes it");
    assert!(find(&rows, "ada", &keyword("zebra")).await.is_empty(), "the scan does not reach it");
}

#[tokio::test]
async fn recent_is_the_newest_first() {
    let rows = store();
    for (id, kind, days) in [("a", Event, 2), ("c", Tweet, 1), ("b", Tweet, 1), ("d", Core, 3)] {
        rows.put("ada", Memory { at: days_ago(days), ..named(id, kind, id) });
    }
    let recaller = Recaller::new(rows as _);
    let agent = AgentId::new("ada");
    let of = async |kinds: &[MemoryKind], limit| -> Vec<String> {
        recaller.recent(&agent, kinds, limit).await.unwrap().into_iter().map(|memory| memory.id).collect()
    };
    assert_eq!(of(&[], 9).await, ["b", "c", "a", "d"]);
    assert_eq!(of(&[Tweet], 1).await, ["b"]);
    assert_eq!(recaller.memory(&agent, "d").await.unwrap().map(|memory| memory.kind), Some(Core));
    assert_eq!(recaller.memory(&AgentId::new("bob"), "d").await.unwrap(), None);
}

#[test]
fn hashed_vectors_are_stable_and_know_wording() {
    let vector = hashed("The comet returns");
    assert_eq!(vector.len(), 256);
    assert_eq!(vector, hashed("the COMET, returns!"));
    let length: f32 = vector.iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() < 1e-5);
    // Stored vectors outlive the program: these places must never move.
    let strongest = (0..256).max_by(|a, b| vector[*a].abs().total_cmp(&vector[*b].abs())).unwrap();
    assert_eq!((strongest, (vector[strongest] * 1e4).round()), STRONGEST);
    assert!(hashed(" … ").iter().all(|x| *x == 0.0));
    assert_eq!(cosine(&hashed(""), &vector), 0.0);
    assert_eq!(cosine(&vector, &[1.0]), 0.0);
    let likeness = |a: &str, b: &str| cosine(&hashed(a), &hashed(b));
    assert!(likeness("trading bots lose money", "a trading bot loses money") > 0.4);
    assert!(likeness("trading bots lose money", "quiet gardens after rain").abs() < 0.2);
}

/// Place and ten-thousandths of the strongest part.
const STRONGEST: (usize, f32) = (82, -4861.0);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn scores_stay_within_0_and_1(
        contents in prop::collection::vec("[a-d ]{0,30}", 1..12),
        text in "[a-d]{1,3}( [a-d]{1,3}){0,5}",
        importance in prop::num::f64::ANY,
        days in 0_u64..4_000,
        keywords: bool,
    ) {
        let rows = store();
        for (n, content) in contents.iter().enumerate() {
            let kind = crate::kinds::ALL[n % 6];
            let associations = vec![format!("{}", (n + 1) % contents.len())];
            let row = Memory { importance, associations, at: days_ago(days), ..named(&n.to_string(), kind, content) };
            rows.put("ada", row);
        }
        let method = if keywords { Method::Keyword } else { Method::Blended };
        let query = Query { method, follow: true, ..query(&text) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let list = runtime.block_on(find(&rows, "ada", &query));
        for hit in &list {
            for part in [hit.score, hit.text_score, hit.likeness, hit.importance, hit.recency] {
                prop_assert!((0.0..=1.0).contains(&part), "{hit:?}");
                prop_assert_eq!(part, rounded(part));
            }
        }
        let direct: Vec<f64> = list.iter().filter(|hit| hit.via.is_none()).map(|hit| hit.score).collect();
        prop_assert!(direct.is_sorted_by(|a, b| a >= b));
        // What is not finite is never stored: only the rest has to read back.
        if importance.is_finite() {
            let json = serde_json::to_string(&list).unwrap();
            let back: Vec<Scored> = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back, list);
        }
    }
}
