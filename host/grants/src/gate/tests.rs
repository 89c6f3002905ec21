//! The gate's promises: nothing ungranted, nothing beyond a budget, answers from the journal, bounds that hold.

mod edges;
mod rights;

use std::sync::Mutex;

use async_trait::async_trait;
use puppet_types::{AgentId, StateBytes};

use super::*;
use crate::{Ledger, Period, Request, Requests, Shared, Spend, Terms};

/// Answers with its question and counts how often it was asked.
#[derive(Default)]
struct Echo(Mutex<u32>);

fn rights(requests: Requests, ledger: &Arc<Ledger>) -> Arc<Rights> {
    Arc::new(Rights::from_requests(&requests, &PackId::new("pack"), &AgentId::new("ann"), ledger))
}

fn asks(capability: Capability, request: Request) -> Requests {
    [(capability, request)].into_iter().collect()
}

struct Scene {
    ledger: Arc<Ledger>,
    held: Held<Echo>,
    echo: Arc<Echo>,
}

impl Scene {
    fn new() -> Self {
        let echo = Arc::new(Echo::default());
        Self { ledger: Arc::default(), held: Held::new(Arc::clone(&echo)), echo }
    }
    fn gate(&self, requests: Requests, bounds: CallBounds) -> Gate {
        Gate::new(
            InvocationId::new("inv_1"),
            PackId::new("pack"),
            Timestamp::from_millis(3_600_000),
            rights(requests, &self.ledger),
            Arc::new(bounds),
            Arc::new(UnbookedReads),
            Elapsed::Modelled(Duration::ZERO),
        )
    }
    fn asked(&self) -> u32 {
        *self.echo.0.lock().unwrap()
    }
    async fn read(&self, gate: &mut Gate, question: &str, worst: &[Charge]) -> Result<String, Refusal> {
        let answer = question.to_uppercase();
        gate.read_charged(Capability::Llm, "complete", question, worst, false, &self.held, move |echo| {
            Box::pin(async move {
                *echo.0.lock().unwrap() += 1;
                Ok(Answer {
                    value: answer,
                    used: vec![Charge { amount: Amount::Tokens, quantity: 30 }],
                    latency: Duration::from_millis(400),
                })
            })
        })
        .await
    }
}

fn code(result: Result<impl std::fmt::Debug, Refusal>) -> Code {
    match result {
        Err(Refusal::Call(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

fn llm(tokens: u64) -> Requests {
    let amounts = [((Amount::Tokens, Period::Day), tokens)].into_iter().collect();
    asks(Capability::Llm, Request { amounts, ..Request::default() })
}

const WORST: [Charge; 1] = [Charge { amount: Amount::Tokens, quantity: 100 }];

#[tokio::test]
async fn what_is_not_granted_never_reaches_its_provider() {
    let scene = Scene::new();
    let mut gate = scene.gate(Requests::new(), CallBounds::default());
    assert_eq!(code(scene.read(&mut gate, "hi", &[]).await), Code::Denied);
    let embed_only = Request { operations: ["embed".to_owned()].into_iter().collect(), ..Request::default() };
    let mut gate = scene.gate(asks(Capability::Llm, embed_only), CallBounds::default());
    assert_eq!(code(scene.read(&mut gate, "hi", &[]).await), Code::Denied);
    assert_eq!(scene.asked(), 0);
    let reads = gate.finish(true).reads;
    assert_eq!((reads.len(), reads[0].status), (1, ReadStatus::Denied));
}

#[tokio::test]
async fn revocation_takes_effect_at_the_next_call() {
    let scene = Scene::new();
    let mut gate = scene.gate(llm(1_000), CallBounds::default());
    assert!(scene.read(&mut gate, "one", &[]).await.is_ok());
    scene.ledger.take_back(&"other".into(), Capability::Llm);
    scene.ledger.take_back(&"pack".into(), Capability::Tweet);
    assert!(scene.read(&mut gate, "two", &[]).await.is_ok());
    scene.ledger.take_back(&"pack".into(), Capability::Llm);
    assert_eq!(code(scene.read(&mut gate, "three", &[]).await), Code::Denied);
    let again = rights(llm(1_000), &scene.ledger);
    assert!(again.get(Capability::Llm).unwrap().allows("complete"), "granted anew");
}

#[tokio::test]
async fn what_a_pack_is_granted_ends_when_the_operator_says() {
    let scene = Scene::new();
    let end = Timestamp::from_millis(7_200_000);
    let terms = Terms { expires: Some(end), ..Terms::default() };
    let ended = |at: i64| {
        let names = (&PackId::new("pack"), &[][..]);
        let rights =
            Rights::on_terms(&llm(1_000), names, &AgentId::new("ann"), &scene.ledger, terms.clone(), Shared::default());
        let mut gate = scene.gate(llm(1_000), CallBounds::default()).charged_at(Timestamp::from_millis(at));
        gate.rights = Arc::new(rights);
        gate
    };
    assert!(scene.read(&mut ended(7_199_999), "one", &[]).await.is_ok());
    let refused = scene.read(&mut ended(7_200_000), "two", &[]).await;
    let Err(Refusal::Call(error)) = &refused else { panic!("{refused:?}") };
    assert!(error.message.contains(&end.to_string()), "{}", error.message);
    assert_eq!((code(refused), scene.asked()), (Code::Denied, 1));
}

#[tokio::test]
async fn a_read_is_charged_what_it_used_and_nothing_passes_the_budget() {
    let scene = Scene::new();
    let mut gate = scene.gate(llm(150), CallBounds::default());
    assert_eq!(scene.read(&mut gate, "a", &WORST).await, Ok("A".to_owned()));
    assert_eq!(scene.read(&mut gate, "b", &WORST).await, Ok("B".to_owned()));
    // 60 are used: the worst case of a third does not fit into the 90 that are left.
    let refused = scene.read(&mut gate, "c", &WORST).await;
    assert_eq!(code(refused), Code::BudgetExhausted);
    assert_eq!(scene.asked(), 2);
    let proceedings = gate.finish(false);
    assert_eq!(proceedings.spends.rows().iter().map(|spend| spend.used).sum::<u64>(), 60, "reads stay booked");
    assert_eq!(proceedings.reads[0].cost.tokens, 30);
    assert_eq!(proceedings.reads[2].status, ReadStatus::Budget);
    proceedings.spends.stored();
    let line =
        &scene.ledger.lines(Timestamp::from_millis(3_600_000)).into_iter().find(|line| line.limit == 150).unwrap();
    assert_eq!((line.used, line.reserved, line.left), (60, 0, 90));
}

#[test]
fn a_call_with_bad_arguments_is_a_call() {
    let mut gate = Scene::new().gate(Requests::new(), CallBounds { host_calls: 2, ..CallBounds::default() });
    let bad = || Err::<(), _>(CallError::new(Code::InvalidInput, "no"));
    assert_eq!(gate.checked(Capability::State, Ok::<_, CallError>(7)), Ok(7));
    for _ in 0..2 {
        assert_eq!(code(gate.checked(Capability::State, bad())), Code::InvalidInput);
    }
    let over = gate.checked(Capability::State, bad());
    assert!(matches!(over, Err(Refusal::Breach(Breach::TooManyHostCalls, _))), "{over:?}");
    assert_eq!(gate.finish(false).host_calls[&Capability::State], 3, "good arguments are counted where they go on");
}

#[tokio::test]
async fn the_journal_answers_as_long_as_the_questions_are_the_same() {
    let scene = Scene::new();
    let mut first = scene.gate(llm(1_000), CallBounds::default());
    scene.read(&mut first, "one", &[]).await.unwrap();
    scene.read(&mut first, "two", &[]).await.unwrap();
    let reads = first.finish(true).reads;

    let mut resumed = scene.gate(llm(1_000), CallBounds::default()).resume_from(reads.clone());
    assert_eq!(scene.read(&mut resumed, "one", &[]).await, Ok("ONE".to_owned()));
    assert_eq!(scene.asked(), 2, "answered from the journal");
    scene.read(&mut resumed, "other", &[]).await.unwrap();
    scene.read(&mut resumed, "two", &[]).await.unwrap();
    assert_eq!(scene.asked(), 4, "after a new question the provider is asked");

    let mut replayed = scene.gate(Requests::new(), CallBounds::default()).replay(reads.clone());
    assert_eq!(scene.read(&mut replayed, "one", &[]).await, Ok("ONE".to_owned()), "a replay needs no grant");
    assert_eq!(code(scene.read(&mut replayed, "other", &[]).await), Code::Internal);
    assert_eq!((scene.asked(), replayed.finish(false).divergence), (4, Some(1)));
}

#[tokio::test]
async fn a_refusal_is_replayed_as_a_refusal() {
    let scene = Scene::new();
    let mut gate = scene.gate(Requests::new(), CallBounds::default());
    let first = scene.read(&mut gate, "hi", &[]).await;
    let reads = gate.finish(true).reads;
    let mut replayed = scene.gate(llm(1_000), CallBounds::default()).replay(reads);
    assert_eq!(scene.read(&mut replayed, "hi", &[]).await, first);
}

#[test]
fn a_refused_decision_is_journaled_and_refused_again_in_a_replay() {
    let scene = Scene::new();
    let post = || Decision::Post { text: "hi".to_owned(), images: Vec::new() };
    let mut gate = scene.gate(Requests::new(), CallBounds::default());
    let first = gate.decide("post", &[], post());
    assert_eq!(code(first.clone()), Code::Denied);
    let proceedings = gate.finish(true);
    let read = &proceedings.reads[0];
    assert_eq!((read.operation.as_str(), read.status, proceedings.decisions.len()), ("post", ReadStatus::Denied, 0));
    let granted = || asks(Capability::Tweet, Request::default());
    let mut replayed = scene.gate(granted(), CallBounds::default()).replay(proceedings.reads);
    assert_eq!(replayed.decide("post", &[], post()), first);
    assert_eq!(replayed.decide("post", &[], post()), Ok(0), "the next one is asked for anew");
    assert_eq!(replayed.finish(false).divergence, None);
}

#[tokio::test]
async fn modelled_latency_runs_into_the_deadline() {
    let scene = Scene::new();
    let bounds = CallBounds { deadline: Duration::from_millis(1_000), ..CallBounds::default() };
    let mut gate = scene.gate(llm(1_000), bounds);
    assert!(scene.read(&mut gate, "a", &[]).await.is_ok());
    assert!(scene.read(&mut gate, "b", &[]).await.is_ok());
    match scene.read(&mut gate, "c", &[]).await {
        Err(Refusal::Breach(Breach::Deadline, _)) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn calls_and_journal_bytes_are_bounded() {
    let scene = Scene::new();
    let bounds = CallBounds { host_calls: 2, ..CallBounds::default() };
    let mut gate = scene.gate(llm(1_000), bounds);
    scene.read(&mut gate, "a", &[]).await.unwrap();
    scene.read(&mut gate, "b", &[]).await.unwrap();
    assert!(matches!(scene.read(&mut gate, "c", &[]).await, Err(Refusal::Breach(Breach::TooManyHostCalls, _))));
    let bounds = CallBounds { journal_bytes: 100, ..CallBounds::default() };
    let mut gate = scene.gate(llm(1_000), bounds);
    let long = "x".repeat(80);
    assert!(matches!(scene.read(&mut gate, &long, &[]).await, Err(Refusal::Breach(Breach::TooManyHostBytes, _))));
}

#[test]
fn decisions_are_counted_reserved_and_given_back() {
    let scene = Scene::new();
    let amounts = [((Amount::Posts, Period::Hour), 2)].into_iter().collect();
    let requests = asks(Capability::Tweet, Request { amounts, ..Request::default() });
    let post = || Decision::Post { text: "hi".to_owned(), images: Vec::new() };
    let one = [Charge { amount: Amount::Posts, quantity: 1 }];
    let mut gate = scene.gate(requests.clone(), CallBounds::default());
    assert_eq!(gate.decide("post", &one, post()), Ok(0));
    assert_eq!(gate.decide("post", &one, post()), Ok(1));
    assert_eq!(code(gate.decide("post", &one, post())), Code::BudgetExhausted);
    let dropped = gate.finish(false);
    assert!(dropped.spends.rows().is_empty() && dropped.decisions.len() == 2, "kept for the journal, not charged");
    let mut gate = scene.gate(requests, CallBounds { decisions: 1, ..CallBounds::default() });
    gate.decide("post", &one, post()).unwrap();
    assert!(matches!(gate.decide("post", &one, post()), Err(Refusal::Breach(Breach::TooManyDecisions, _))));
    assert_eq!(
        gate.finish(true).spends.rows().iter().map(|spend| spend.used).sum::<u64>(),
        2,
        "an hour and a day counter"
    );
}

#[test]
fn a_refused_decision_is_journaled_and_replayed_whatever_is_left_now() {
    let scene = Scene::new();
    let amounts = [((Amount::Posts, Period::Hour), 1)].into_iter().collect();
    let requests = asks(Capability::Tweet, Request { amounts, ..Request::default() });
    let one = [Charge { amount: Amount::Posts, quantity: 1 }];
    let post = |text: &str| Decision::Post { text: text.to_owned(), images: Vec::new() };
    let mut gate = scene.gate(requests.clone(), CallBounds::default());
    assert_eq!(gate.decide("post", &one, post("one")), Ok(0));
    let refused = gate.decide("post", &one, post("two"));
    let first = gate.finish(true);
    assert_eq!((first.reads.len(), first.reads[0].status), (1, ReadStatus::Budget));

    // The hour is spent, and the right is gone: neither matters to what was decided then.
    let mut replayed = scene.gate(Requests::new(), CallBounds::default()).replay(first.reads.clone());
    assert_eq!(replayed.decide("post", &one, post("one")), Ok(0));
    assert_eq!(replayed.decide("post", &one, post("two")), refused);
    let replayed = replayed.finish(true);
    assert_eq!((replayed.decisions, replayed.divergence), (first.decisions, None));
    assert_eq!(replayed.reads, first.reads, "the refusal is in its journal too");
    assert!(replayed.spends.rows().is_empty(), "a replay draws on nothing");

    let less = scene.gate(Requests::new(), CallBounds::default()).replay(first.reads.clone());
    assert_eq!(less.finish(true).divergence, Some(0), "a refusal that nobody asked for");
    let mut preview = scene.gate(Requests::new(), CallBounds::default()).answer_from(first.reads);
    assert_eq!(code(preview.decide("post", &one, post("one"))), Code::Denied, "a preview grants nothing");
}

#[tokio::test]
async fn a_free_read_before_a_paid_one_does_not_make_it_paid_again() {
    let scene = Scene::new();
    let mut first = scene.gate(llm(1_000), CallBounds::default());
    for question in ["free", "paid"] {
        scene.read(&mut first, question, &[]).await.unwrap();
    }
    let kept: Vec<Read> = first.finish(true).reads.into_iter().filter(|read| read.n == 1).collect();
    let mut resumed = scene.gate(llm(1_000), CallBounds::default()).resume_from(kept);
    for question in ["free", "paid"] {
        scene.read(&mut resumed, question, &[]).await.unwrap();
    }
    assert_eq!(scene.asked(), 3);
}

#[test]
fn budgets_are_of_the_time_at_which_the_call_is_made() {
    let scene = Scene::new();
    let amounts = [((Amount::Posts, Period::Hour), 1)].into_iter().collect();
    let requests = asks(Capability::Tweet, Request { amounts, ..Request::default() });
    let one = [Charge { amount: Amount::Posts, quantity: 1 }];
    let late = Timestamp::from_millis(50 * 3_600_000);
    let admitted = (0..3).filter(|hour| {
        let mut gate = scene.gate(requests.clone(), CallBounds::default()).charged_at(late);
        gate.at = Timestamp::from_millis(hour * 3_600_000);
        let post = Decision::Post { text: "hi".to_owned(), images: Vec::new() };
        let decided = gate.decide("post", &one, post).is_ok();
        gate.finish(true).spends.stored();
        decided
    });
    assert_eq!(admitted.count(), 1);
}

#[test]
fn agent_and_log_need_no_grant() {
    let scene = Scene::new();
    let mut gate = scene.gate(Requests::new(), CallBounds { log_lines: 2, log_line_bytes: 5, ..CallBounds::default() });
    let shift = Decision::ShiftMood { valence: 0.1, arousal: 0.0, dominance: 0.0, cause: "sun".to_owned() };
    assert_eq!(gate.decide("shift-mood", &[], shift), Ok(0));
    let state = Decision::PutState { version: 1, data: StateBytes::new(Vec::new()) };
    assert_eq!(code(gate.decide("put", &[], state)), Code::Denied);
    for line in ["kalkül", "two", "three"] {
        gate.log("info", line, Vec::new()).unwrap();
    }
    let proceedings = gate.finish(true);
    let lines: Vec<&str> = proceedings.log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        lines,
        ["kalk", "two", "1 more log line was dropped: 2 are kept of an invocation"],
        "cut at a character"
    );
}

#[derive(Default)]
struct Ledgered(Mutex<Vec<&'static str>>);

#[async_trait]
impl Books for Ledgered {
    async fn open(&self, _: &InvocationId, _: u32, worst: &[Spend]) -> Result<(), CallError> {
        assert_eq!(worst[0].used, 100);
        self.0.lock().unwrap().push("open");
        Ok(())
    }
    async fn settle(&self, _: &InvocationId, _: &Read, spent: &[Spend]) -> Result<(), CallError> {
        assert_eq!(spent[0].used, 30);
        self.0.lock().unwrap().push("settle");
        Ok(())
    }
    async fn close(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        unreachable!("a gate settles")
    }
}

#[tokio::test]
async fn a_paid_read_is_in_the_books_before_it_is_asked_and_before_it_is_seen() {
    let scene = Scene::new();
    let books = Arc::new(Ledgered::default());
    let mut gate = scene.gate(llm(1_000), CallBounds::default());
    gate.books = Arc::clone(&books) as _;
    let seen = Arc::clone(&books);
    let asked = gate.read_charged(Capability::Llm, "complete", "x", &WORST, true, &scene.held, move |_| {
        Box::pin(async move {
            assert_eq!(*seen.0.lock().unwrap(), ["open"]);
            Ok(Answer {
                value: "y".to_owned(),
                used: vec![Charge { amount: Amount::Tokens, quantity: 30 }],
                latency: Duration::ZERO,
            })
        })
    });
    assert_eq!(asked.await, Ok("y".to_owned()));
    assert_eq!(*books.0.lock().unwrap(), ["open", "settle"]);
    assert!(gate.finish(true).spends.rows().is_empty(), "booked already");
}

/// What was written into the books, in order.
#[derive(Default)]
struct Pages(Mutex<Vec<u64>>);

#[async_trait]
impl Books for Pages {
    async fn open(&self, _: &InvocationId, _: u32, worst: &[Spend]) -> Result<(), CallError> {
        self.0.lock().unwrap().push(worst[0].used);
        Ok(())
    }
    async fn settle(&self, _: &InvocationId, _: &Read, spent: &[Spend]) -> Result<(), CallError> {
        self.0.lock().unwrap().push(spent[0].used);
        Ok(())
    }
    async fn close(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        unreachable!("a gate settles")
    }
}

/// Books that cannot be written: from the first on, or once it was asked.
struct Full {
    opens: bool,
}

#[async_trait]
impl Books for Full {
    async fn open(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        if self.opens { Ok(()) } else { Err(CallError::new(Code::Internal, "no room")) }
    }
    async fn settle(&self, _: &InvocationId, _: &Read, _: &[Spend]) -> Result<(), CallError> {
        Err(CallError::new(Code::Internal, "no room"))
    }
    async fn close(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        unreachable!("a gate settles")
    }
}

#[tokio::test]
async fn a_plugin_that_goes_on_without_the_books_is_known() {
    for (opens, paid, unbooked) in [(false, true, true), (true, true, true), (false, false, false)] {
        let scene = Scene::new();
        let mut gate = scene.gate(llm(1_000), CallBounds::default());
        gate.books = Arc::new(Full { opens });
        let asked = gate.read_charged(Capability::Llm, "complete", "x", &WORST, paid, &scene.held, |_| {
            Box::pin(async { Ok(Answer { value: "y".to_owned(), used: Vec::new(), latency: Duration::ZERO }) })
        });
        assert_eq!(asked.await.is_err(), unbooked);
        assert_eq!(gate.finish(true).unbooked, unbooked, "opens: {opens}, paid: {paid}");
    }
}

/// What a paid read costs that ends like this: by the books, by the journal, and by the ledger.
async fn cost(answer: Result<Answer<String>, Failure>) -> (Vec<u64>, Option<u64>, (u64, u64)) {
    let scene = Scene::new();
    let pages = Arc::new(Pages::default());
    let bounds = CallBounds { deadline: Duration::from_secs(1), ..CallBounds::default() };
    let mut gate = scene.gate(llm(1_000), bounds);
    gate.books = Arc::clone(&pages) as _;
    let asked = gate.read_charged(Capability::Llm, "complete", "x", &WORST, true, &scene.held, move |_| {
        Box::pin(async move { answer })
    });
    let _: Result<String, Refusal> = asked.await;
    let proceedings = gate.finish(false);
    assert!(proceedings.spends.rows().is_empty(), "booked already");
    let lines = scene.ledger.lines(Timestamp::from_millis(3_600_000));
    let line = lines.iter().find(|line| line.key.amount == Amount::Tokens).unwrap();
    let booked = std::mem::take(&mut *pages.0.lock().unwrap());
    (booked, proceedings.reads.first().map(|read| read.cost.tokens), (line.used, line.reserved))
}

#[tokio::test]
async fn a_paid_read_that_fails_costs_what_is_known_and_else_what_was_reserved() {
    let failed = |code| Err(Failure::from(CallError::new(code, "")));
    for code in [Code::Timeout, Code::ProviderUnavailable, Code::Refused, Code::Internal] {
        assert_eq!(cost(failed(code)).await, (vec![100, 100], Some(100), (100, 0)), "{code:?}");
    }
    for code in [Code::InvalidInput, Code::Denied, Code::RateLimited] {
        assert_eq!(cost(failed(code)).await, (vec![100, 0], Some(0), (0, 0)), "{code:?}");
    }
    let used = vec![Charge { amount: Amount::Tokens, quantity: 30 }];
    let told = Failure::told(CallError::new(Code::ProviderUnavailable, ""), used);
    assert_eq!(cost(Err(told)).await, (vec![100, 30], Some(30), (30, 0)));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_booked_all_the_same() {
    let used = vec![Charge { amount: Amount::Tokens, quantity: 30 }];
    let late = Answer { value: "y".to_owned(), used, latency: Duration::from_secs(2) };
    assert_eq!(cost(Ok(late)).await, (vec![100, 30], Some(30), (30, 0)));
}

#[tokio::test]
async fn an_affordable_read_goes_on_without_and_is_one_record() {
    let scene = Scene::new();
    let mut gate = scene.gate(llm(150), CallBounds::default());
    let ask = async |gate: &mut Gate, question: &str, paid: bool| {
        let asked =
            gate.read_affordable(Capability::Llm, "embed", question, &WORST, paid, &scene.held, |echo, funds| {
                Box::pin(async move {
                    *echo.0.lock().unwrap() += 1;
                    let value = funds.map_or_else(|why| why.code.as_str().to_owned(), |()| "spent".to_owned());
                    let used = vec![Charge { amount: Amount::Tokens, quantity: 90 }];
                    Ok(Answer { value, used, latency: Duration::ZERO })
                })
            });
        asked.await
    };
    assert_eq!(ask(&mut gate, "a", false).await.as_deref(), Ok("spent"));
    assert_eq!(ask(&mut gate, "b", true).await.as_deref(), Ok("budget-exhausted"), "60 are left, 100 may be needed");
    let proceedings = gate.finish(true);
    let kept: Vec<_> = proceedings.reads.iter().map(|read| (read.status, read.cost.tokens)).collect();
    assert_eq!(kept, [(ReadStatus::Ok, 90), (ReadStatus::Ok, 0)]);
    assert_eq!(proceedings.spends.rows().iter().map(|spend| spend.used).sum::<u64>(), 90);

    let mut replayed = scene.gate(Requests::new(), CallBounds::default()).replay(proceedings.reads);
    assert_eq!(ask(&mut replayed, "a", true).await.as_deref(), Ok("spent"));
    assert_eq!(ask(&mut replayed, "b", true).await.as_deref(), Ok("budget-exhausted"));
    assert_eq!((scene.asked(), replayed.finish(true).divergence), (2, None));
    let mut denied = scene.gate(Requests::new(), CallBounds::default());
    assert_eq!(code(ask(&mut denied, "a", false).await), Code::Denied);
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn a_credential_that_a_provider_repeats_reaches_neither_guest_nor_journal() {
    use puppet_types::{MASK, Secret, scrub};
    scrub::learn([&Secret::new("CANARY OF THE GATE")]);
    let scene = Scene::new();
    let mut gate = scene.gate(llm(1_000), CallBounds::default());
    let got = scene.read(&mut gate, "say: canary of the gate", &[]).await.unwrap();
    assert_eq!(got, format!("SAY: {MASK}"));
    let failed: Result<String, Refusal> = gate
        .read(Capability::Llm, "complete", "q", &scene.held, |_| {
            Box::pin(async { Err(CallError::new(Code::Refused, "bad key CANARY OF THE GATE")) })
        })
        .await;
    let Err(Refusal::Call(error)) = failed else { panic!("{failed:?}") };
    assert_eq!((error.code, error.message), (Code::Refused, format!("bad key {MASK}")));
    for read in gate.finish(true).reads {
        assert!(read.answer.as_str().contains(MASK) && !read.answer.as_str().contains("CANARY"), "{read:?}");
    }
}
