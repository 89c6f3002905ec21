//! A call through the gate: charges, rights, what it sees of its own decisions, replay.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use MemoryKind::*;
use puppet_grants::{Amount, CallBounds, Elapsed, Gate, Period, Proceedings, Request, Requests, Rights, UnbookedReads};
use puppet_store::MemorySize;
use puppet_types::{
    AccountId, AgentId, Capability, Code, Decision, InvocationId, Memory, MemoryKind, PackId, Read, Refusal, Trust,
};

use super::{Rows, days_ago, named, now, rules::draft, store};
use crate::{Memories, Method, Query, Recalled, Scored, View, draft::Draft, memory_id};

pub(super) struct Call {
    pub(super) gate: Gate,
    pub(super) memories: Memories,
    agent: AgentId,
    recalled: Recalled,
    pub(super) size: MemorySize,
    account: AccountId,
}

fn gate(request: Option<Request>) -> Gate {
    let (agent, pack) = (AgentId::new("ada"), PackId::new("pack"));
    let mut requests = Requests::new();
    if let Some(request) = request {
        requests.insert(Capability::Memory, request);
    }
    let rights = Rights::from_requests(&requests, &pack, &agent, &Arc::default());
    let elapsed = Elapsed::Modelled(Duration::ZERO);
    let books = Arc::new(UnbookedReads);
    Gate::new(InvocationId::new("inv"), pack, now(), Arc::new(rights), Arc::new(CallBounds::default()), books, elapsed)
}

impl Call {
    fn new(rows: &Arc<Rows>, gate: Gate) -> Self {
        Self::with(Memories::hashed(Arc::clone(rows) as _), gate)
    }
    pub(super) fn with(memories: Memories, gate: Gate) -> Self {
        Self {
            gate,
            memories,
            agent: AgentId::new("ada"),
            account: "ada_writes".into(),
            recalled: Recalled::default(),
            size: MemorySize::default(),
        }
    }
    fn granted(rows: &Arc<Rows>) -> Self {
        Self::new(rows, gate(Some(Request::default())))
    }
    pub(super) fn view(&mut self) -> View<'_> {
        View {
            gate: &mut self.gate,
            memories: &self.memories,
            agent: &self.agent,
            account: &self.account,
            recalled: &mut self.recalled,
            size: self.size,
        }
    }
    pub(super) async fn recall(&mut self, text: &str) -> Vec<Scored> {
        self.view().read_recall(query(text)).await.unwrap()
    }
    pub(super) async fn recent(&mut self, kinds: &[MemoryKind], limit: u32) -> Vec<String> {
        let recent = self.view().read_recent(kinds.to_vec(), limit).await.unwrap();
        recent.into_iter().map(|memory| memory.id).collect()
    }
}

pub(super) fn query(text: &str) -> Query {
    Query { text: text.to_owned(), kinds: Vec::new(), limit: 10, method: Method::Blended, follow: true }
}

fn ids(list: &[Scored]) -> Vec<&str> {
    list.iter().map(|scored| scored.memory.id.as_str()).collect()
}

fn code<A: std::fmt::Debug>(result: Result<A, Refusal>) -> Code {
    match result.unwrap_err() {
        Refusal::Call(error) => error.code,
        breach => panic!("{breach}"),
    }
}

#[tokio::test]
async fn every_operation_needs_its_grant() {
    let rows = store();
    let mut call = Call::new(&rows, gate(None));
    let mut view = call.view();
    assert_eq!(code(view.record_remember(draft("x"))), Code::Denied);
    assert_eq!(code(view.record_supersede("m".into(), draft("x"))), Code::Denied);
    assert_eq!(code(view.record_forget("m".into())), Code::Denied);
    assert_eq!(code(view.record_pin("m".into(), true)), Code::Denied);
    assert_eq!(code(view.read_recall(query("x")).await), Code::Denied);
    assert_eq!(code(view.read_recent(Vec::new(), 1).await), Code::Denied);
    let out = call.gate.finish(true);
    assert!(out.decisions.is_empty());
}

#[tokio::test]
async fn writing_is_charged_by_row_and_byte() {
    let rows = store();
    let amounts = BTreeMap::from([((Amount::Rows, Period::Day), 3), ((Amount::Bytes, Period::Day), 10)]);
    let mut call = Call::new(&rows, gate(Some(Request { amounts, ..Request::default() })));
    let mut view = call.view();
    let id = view.record_remember(draft("12345")).unwrap();
    assert_eq!(id, memory_id(&AgentId::new("ada"), General, "12345"));
    assert_eq!(code(view.record_remember(draft("123456"))), Code::BudgetExhausted, "bytes");
    view.record_supersede("m".into(), draft("123")).unwrap();
    view.record_remember(draft("1")).unwrap();
    assert_eq!(code(view.record_remember(draft("2"))), Code::BudgetExhausted, "rows");
    view.record_forget("m".into()).unwrap();
    assert_eq!(call.gate.finish(true).decisions.len(), 4);
}

#[tokio::test]
async fn what_is_kept_at_once_is_bounded_with_what_is_there() {
    let rows = store();
    let amounts = BTreeMap::from([((Amount::Rows, Period::AtOnce), 10), ((Amount::Bytes, Period::AtOnce), 100)]);
    let mut call = Call::new(&rows, gate(Some(Request { amounts, ..Request::default() })));
    call.size = MemorySize { rows: 8, bytes: 90 };
    let mut view = call.view();
    view.record_remember(draft("12345")).unwrap();
    assert_eq!(code(view.record_remember(draft("123456"))), Code::BudgetExhausted, "bytes");
    view.record_supersede("m".into(), draft("123")).unwrap();
    assert_eq!(code(view.record_remember(draft("1"))), Code::BudgetExhausted, "rows");
    assert_eq!(call.gate.finish(true).decisions.len(), 2);
}

#[tokio::test]
async fn a_call_sees_its_own_decisions() {
    let rows = store();
    rows.put("ada", Memory { at: days_ago(1), ..named("old", Core, "whales sing at night") });
    rows.put("ada", Memory { at: days_ago(2), ..named("gone", Core, "whales sleep upright") });
    rows.put("ada", Memory { at: days_ago(3), ..named("kept", Core, "whales breathe air") });
    rows.put("ada", Memory { at: days_ago(4), ..named("far", Core, "my cousin's boat") });
    let mut call = Call::granted(&rows);
    let linked = Draft { associations: vec!["far".into()], importance: 0.9, ..draft("whales were seen off Nazaré") };
    let seen = call.view().record_remember(linked).unwrap();
    call.view().record_forget("gone".into()).unwrap();
    let corrected = call.view().record_supersede("old".into(), draft("whales sing by day")).unwrap();
    call.view().record_pin("kept".into(), true).unwrap();
    call.view().record_pin(seen.clone(), true).unwrap();

    let list = call.recall("whales").await;
    let mut found = ids(&list);
    found.sort_unstable();
    let mut expected = vec!["far", "kept", &corrected, &seen];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let by_id = |id: &str| list.iter().find(|hit| hit.memory.id == id).unwrap();
    assert_eq!(by_id("far").via.as_ref(), Some(&seen), "what is new is followed as well");
    assert!(by_id(&seen).text_score > 0.0 && by_id(&seen).likeness > 0.2 && by_id(&seen).recency == 1.0);
    assert!(by_id("kept").memory.pinned && by_id(&seen).memory.pinned && !by_id(&corrected).memory.pinned);

    let mut written = [seen.clone(), corrected.clone()];
    written.sort();
    assert_eq!(call.recent(&[], 9).await, [&written[0], &written[1], "kept", "far"]);
    assert_eq!(call.recent(&[Core], 1).await, ["kept"], "enough is read to make up for what is gone");
    assert_eq!(call.recent(&[General], 1).await.len(), 1);

    call.view().record_forget(seen.clone()).unwrap();
    assert!(!ids(&call.recall("whales").await).contains(&seen.as_str()));
    let again = call.view().record_remember(draft("something else about whales")).unwrap();
    assert!(ids(&call.recall("whales").await).contains(&again.as_str()));
}

#[tokio::test]
async fn the_same_text_twice_is_one_memory() {
    let rows = store();
    let mut call = Call::granted(&rows);
    let first = call.view().record_remember(draft("Lena plays the cello.")).unwrap();
    let second = call.view().record_remember(Draft { importance: 0.9, ..draft("lena plays  the cello") }).unwrap();
    assert_eq!(first, second);
    let list = call.recall("cello").await;
    assert_eq!((list.len(), list[0].importance), (1, 0.9));
}

#[tokio::test]
async fn recalled_text_is_not_stored_again() {
    let rows = store();
    let text = "Otto sold his bakery to a chain from the north";
    rows.put("ada", Memory { trust: Trust::Stranger, ..named("otto", Event, text) });
    let mut call = Call::granted(&rows);
    assert!(call.view().record_remember(draft("Otto bakes")).is_ok());
    assert_eq!(call.recall("Otto bakery").await.len(), 2);
    assert_eq!(code(call.view().record_remember(draft(text))), Code::Echo);
    assert_eq!(code(call.view().record_remember(Draft { kind: Core, ..draft(text) })), Code::Echo, "of no kind");
    assert_eq!(code(call.view().record_remember(draft(&format!("{text} yesterday")))), Code::Echo);
    assert_eq!(code(call.view().record_supersede("elsewhere".into(), draft(text))), Code::Echo);
    assert!(call.view().record_remember(draft("I will miss the smell of bread")).is_ok());
    // A correction repeats most of what it replaces, and a stranger's words stay a stranger's.
    call.view().record_supersede("otto".into(), draft(&format!("{text} coast"))).unwrap();
    let out = call.gate.finish(true);
    let Some(Decision::Supersede { memory, .. }) = out.decisions.last().map(|last| &last.decision) else {
        panic!("{:?}", out.decisions)
    };
    assert_eq!(memory.trust, Trust::Stranger);

    let mut fresh = Call::granted(&rows);
    assert!(fresh.view().record_remember(draft(text)).is_ok(), "another call has recalled nothing");
    let mut recent = Call::granted(&rows);
    recent.recent(&[], 5).await;
    assert_eq!(code(recent.view().record_remember(draft(text))), Code::Echo);
}

#[tokio::test]
async fn the_hosts_lists_are_the_hosts() {
    let rows = store();
    let mut call = Call::granted(&rows);
    for id in ["post:1", "tweet:1", "", "  "] {
        assert_eq!(code(call.view().record_forget(id.into())), Code::InvalidInput, "{id:?}");
        assert_eq!(code(call.view().record_pin(id.into(), true)), Code::InvalidInput, "{id:?}");
        assert_eq!(code(call.view().record_supersede(id.into(), draft("x"))), Code::InvalidInput, "{id:?}");
    }
}

/// What a call answers, and what it leaves.
async fn script(mut call: Call) -> (Vec<Scored>, Vec<String>, Proceedings) {
    call.view().record_remember(draft("the tide is late")).unwrap();
    call.view().record_forget("b".into()).unwrap();
    let list = call.recall("tide").await;
    let recent = call.recent(&[], 5).await;
    (list, recent, call.gate.finish(true))
}

#[tokio::test]
async fn a_replay_sees_the_same() {
    let rows = store();
    rows.put("ada", named("a", Core, "the tide takes everything"));
    rows.put("ada", named("b", Core, "tide tables are wrong"));
    let (list, recent, out) = script(Call::granted(&rows)).await;
    assert_eq!((list.len(), recent.len()), (2, 2));
    rows.clear();
    let reads: Vec<Read> = out.reads;
    let replayed = Call::new(&rows, gate(Some(Request::default())).replay(reads));
    let (list_again, recent_again, out_again) = script(replayed).await;
    assert_eq!((list_again, recent_again, out_again.divergence), (list, recent, None));
    assert_eq!(out_again.decisions, out.decisions);
}
