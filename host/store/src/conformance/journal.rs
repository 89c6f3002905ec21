//! The journal.

use puppet_types::{AgentId, Breach, Declined, Invocation, InvocationId, Outcome};

use super::rows::{at, commit, event, invocation};
use crate::{Commit, EventEnd, Filter, Store};

pub async fn records_read_back(store: &impl Store) {
    let outcomes = [
        Outcome::Ok,
        Outcome::Declined(Declined { code: "busy".into(), message: "later".into(), retry_at: Some(at(99)) }),
        Outcome::Declined(Declined { code: "no".into(), message: String::new(), retry_at: None }),
        Outcome::Failed("own error".into()),
        Outcome::Breach(Breach::OutOfFuel, "too long".into()),
    ];
    let mut last = 0;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let timing = invocation("x", event("x", "a")).timing.filter(|_| n % 2 == 0);
        let record = invocation(&format!("i{n}"), event(&format!("e{n}"), "a"));
        let unreplayable = (n == 1).then(|| "redacted".to_owned());
        let record = Invocation { outcome, timing, unreplayable, ..record };
        let mut done = commit("x", event("x", "a"));
        done.invocation = record.clone();
        let seq = store.commit(done).await.unwrap().seq;
        assert!(seq > last);
        last = seq;
        let found = store.invocation(&record.id).await.unwrap().unwrap();
        assert_eq!((found.seq, found.invocation), (seq, record));
    }
    assert!(store.invocation(&InvocationId::new("none")).await.unwrap().is_none());
}

pub async fn filters(store: &impl Store) {
    for n in 0..6_u32 {
        let agent = if n % 2 == 0 { "a" } else { "b" };
        let mut event = event(&format!("e{n}"), agent);
        event.at = at(i64::from(n) * 10);
        if n == 3 {
            event.kind = "cron".into();
            event.payload = serde_json::json!({"word": "ÖKOLOGIE"});
        }
        if n == 5 {
            event.payload = serde_json::json!({"said": "a \"word\""});
        }
        let mut done = commit(&format!("i{n}"), event);
        if n == 4 {
            done.invocation.outcome = Outcome::Failed("why \"so\"".into());
            done.invocation.reads.clear();
        }
        store.commit(done).await.unwrap();
    }
    let all = Filter { limit: 100, ..Filter::default() };
    let ids = async |filter: Filter| -> Vec<String> {
        let found = store.journal(&filter).await.unwrap();
        found.into_iter().map(|entry| entry.invocation.id.to_string()).collect()
    };
    let text = |text: &str| Filter { text: Some(text.into()), ..all.clone() };
    let cases = [
        (all.clone(), vec!["i5", "i4", "i3", "i2", "i1", "i0"]),
        (Filter { limit: 2, ..all.clone() }, vec!["i5", "i4"]),
        (Filter { limit: 2, oldest_first: true, ..all.clone() }, vec!["i0", "i1"]),
        (Filter { agent: Some(AgentId::new("b")), ..all.clone() }, vec!["i5", "i3", "i1"]),
        (Filter { among: Some(["b".into(), "none".into()].into()), ..all.clone() }, vec!["i5", "i3", "i1"]),
        (Filter { among: Some(["a".into(), "b".into()].into()), limit: 3, ..all.clone() }, vec!["i5", "i4", "i3"]),
        (
            Filter { among: Some(["a".into(), "b".into()].into()), limit: 3, oldest_first: true, ..all.clone() },
            vec!["i0", "i1", "i2"],
        ),
        (Filter { among: Some(["b".into()].into()), limit: 1, ..text("zebra") }, vec!["i5"]),
        (Filter { among: Some([].into()), ..all.clone() }, vec![]),
        (Filter { agent: Some("a".into()), among: Some(["b".into()].into()), ..all.clone() }, vec![]),
        (Filter { agent: Some("b".into()), among: Some(["b".into()].into()), ..all.clone() }, vec!["i5", "i3", "i1"]),
        (Filter { kind: Some("cron".into()), ..all.clone() }, vec!["i3"]),
        (Filter { outcome: Some("failed".into()), ..all.clone() }, vec!["i4"]),
        (Filter { since: Some(at(40)), ..all.clone() }, vec!["i5", "i4"]),
        (Filter { until: Some(at(20)), ..all.clone() }, vec!["i1", "i0"]),
        (text("SAID"), vec!["i5", "i4", "i3", "i2", "i1", "i0"]),
        (text("why \"so\""), vec!["i4"]),
        (text("a \"word\""), vec!["i5"]),
        (text("ökologie"), vec!["i3"]),
        (text("zEBRA"), vec!["i5", "i3", "i2", "i1", "i0"]),
        (text("äpfel"), vec!["i5", "i4", "i3", "i2", "i1", "i0"]),
        (text("Grüße e2"), vec!["i2"]),
        (text("%"), vec![]),
        (Filter { agent: Some(AgentId::new("a")), outcome: Some("ok".into()), ..text("zebra") }, vec!["i2", "i0"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(filter.clone()).await, expected, "{filter:?}");
    }

    // Page by page, both ways.
    let among = Some(["a".into(), "b".into()].into());
    for (oldest_first, among) in [(false, None), (true, None), (false, among.clone()), (true, among)] {
        let (mut pages, mut page) = (Vec::new(), Filter { limit: 4, oldest_first, among, ..Filter::default() });
        loop {
            let found = store.journal(&page).await.unwrap();
            let Some(last) = found.last().map(|entry| entry.seq) else { break };
            *(if oldest_first { &mut page.after_seq } else { &mut page.before_seq }) = Some(last);
            pages.extend(found.into_iter().map(|entry| entry.invocation.id.to_string()));
        }
        let mut expected = ids(all.clone()).await;
        if oldest_first {
            expected.reverse();
        }
        assert_eq!(pages, expected);
    }
}

pub async fn retried_invocations_move_to_the_end(store: &impl Store) {
    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("i1", event("e1", "a")) };
    let first = store.commit(again).await.unwrap().seq;
    let other = store.commit(commit("i2", event("e2", "a"))).await.unwrap().seq;
    let second = store.commit(commit("i1", event("e1", "a"))).await.unwrap().seq;
    assert!(first < other && other < second);
    let third = store.commit(commit("i1", event("e1", "a"))).await.unwrap().seq;
    assert!(second < third, "also the last one gets a new place");
    let all = store.journal(&Filter { limit: 9, ..Filter::default() }).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [third, other]);
}
