//! The last of a thing that a bound lets through and the first that it does not; and which question a record answers.

use std::future::pending;

use super::*;

/// Asks for something, at the expense of `WORST`.
async fn ask<Q: Serialize + Sync + ?Sized>(
    scene: &Scene,
    gate: &mut Gate,
    (capability, operation): (Capability, &'static str),
    question: &Q,
    paid: bool,
) -> Result<String, Refusal> {
    let asked = gate.read_charged(capability, operation, question, &WORST, paid, &scene.held, |echo| {
        Box::pin(async move {
            *echo.0.lock().unwrap() += 1;
            Ok(Answer { value: "fresh".to_owned(), used: WORST.to_vec(), latency: Duration::ZERO })
        })
    });
    asked.await
}

fn everything() -> Requests {
    [Capability::Llm, Capability::Memory].map(|capability| (capability, Request::default())).into()
}

fn breach(result: Result<impl std::fmt::Debug, Refusal>) -> Breach {
    match result {
        Err(Refusal::Breach(breach, _)) => breach,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gate_says_whose_it_is_and_what_was_decided() {
    let scene = Scene::new();
    let mut gate = scene.gate(asks(Capability::Tweet, Request::default()), CallBounds::default());
    assert_eq!(gate.at(), Timestamp::from_millis(3_600_000));
    assert_eq!((gate.invocation().as_str(), gate.pack().as_str()), ("inv_1", "pack"));
    assert!(gate.rights().get(Capability::Tweet).is_some());
    assert!(gate.decided().is_empty());
    let post = Decision::Post { text: "hi".to_owned(), images: Vec::new() };
    gate.decide("post", &[], post.clone()).unwrap();
    assert_eq!(*gate.decided(), [NumberedDecision { n: 0, decision: post }]);
}

#[tokio::test]
async fn by_the_wall_a_provider_that_hangs_runs_into_the_deadline() {
    let scene = Scene::new();
    let bounds = CallBounds { deadline: Duration::from_millis(30), ..CallBounds::default() };
    let mut gate = scene.gate(llm(1_000), bounds);
    gate.elapsed = Elapsed::Wall(Instant::now());
    let since = Instant::now();
    let hangs: Result<String, Refusal> =
        gate.read(Capability::Llm, "complete", "x", &scene.held, |_| Box::pin(pending())).await;
    assert_eq!(breach(hangs), Breach::Deadline);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert_eq!(gate.left(), Some(Duration::ZERO));
    let waited = gate.finish(false).waited;
    assert!(waited > Duration::ZERO && waited <= since.elapsed(), "{waited:?}");
}

#[tokio::test]
async fn a_paid_read_that_hangs_counts_as_used() {
    for (paid, used) in [(true, 100), (false, 0)] {
        let scene = Scene::new();
        let mut gate =
            scene.gate(llm(1_000), CallBounds { deadline: Duration::from_millis(30), ..CallBounds::default() });
        gate.elapsed = Elapsed::Wall(Instant::now());
        let hangs: Result<String, Refusal> = gate
            .read_charged(Capability::Llm, "complete", "x", &WORST, paid, &scene.held, |_| Box::pin(pending()))
            .await;
        assert_eq!(breach(hangs), Breach::Deadline);
        drop(gate.finish(false));
        let lines = scene.ledger.lines(Timestamp::from_millis(3_600_000));
        let line = lines.iter().find(|line| line.key.amount == Amount::Tokens).unwrap();
        assert_eq!((line.used, line.reserved), (used, 0), "paid: {paid}");
    }
}

#[test]
fn decisions_are_calls_and_one_that_is_refused_holds_nothing() {
    let scene = Scene::new();
    let amounts = [((Amount::Likes, Period::Hour), 2)].into();
    let requests = asks(Capability::Tweet, Request { amounts, ..Request::default() });
    let mut gate = scene.gate(requests, CallBounds { host_calls: 2, ..CallBounds::default() });
    let charges = [(Amount::Posts, 1), (Amount::Likes, 3)].map(|(amount, quantity)| Charge { amount, quantity });
    let post = || Decision::Post { text: "hi".to_owned(), images: Vec::new() };
    assert_eq!(code(gate.decide("post", &charges, post())), Code::BudgetExhausted);
    let lines = scene.ledger.lines(Timestamp::from_millis(3_600_000));
    assert!(lines.len() == 3 && lines.iter().all(|line| line.reserved == 0), "{lines:?}");
    gate.decide("post", &[], post()).unwrap();
    assert_eq!(breach(gate.decide("post", &[], post())), Breach::TooManyHostCalls);
}

#[test]
fn what_is_left_of_the_deadline_is_told_where_the_wall_counts() {
    let hour = Duration::from_secs(3_600);
    let mut gate = Scene::new().gate(llm(1_000), CallBounds { deadline: hour, ..CallBounds::default() });
    assert_eq!(gate.left(), None);
    gate.elapsed = Elapsed::Wall(Instant::now());
    assert!(gate.left().is_some_and(|left| left > hour / 2 && left <= hour));
}

#[tokio::test]
async fn the_deadline_and_the_journal_take_all_that_fits() {
    let scene = Scene::new();
    // An answer takes 400 ms.
    for (deadline, fits) in [(800, true), (799, false)] {
        let bounds = CallBounds { deadline: Duration::from_millis(deadline), ..CallBounds::default() };
        let mut gate = scene.gate(llm(1_000), bounds);
        scene.read(&mut gate, "a", &[]).await.unwrap();
        assert_eq!(scene.read(&mut gate, "b", &[]).await.is_ok(), fits, "{deadline} ms");
    }
    // A question and its answer are five bytes each, with their quotes: twenty in all.
    for (journal_bytes, fits) in [(20, true), (19, false)] {
        let mut gate = scene.gate(llm(1_000), CallBounds { journal_bytes, ..CallBounds::default() });
        scene.read(&mut gate, "abc", &[]).await.unwrap();
        let second = scene.read(&mut gate, "def", &[]).await;
        assert_eq!(second.is_ok(), fits, "{journal_bytes} bytes");
        assert_eq!(gate.finish(true).reads.len(), if fits { 2 } else { 1 }, "{journal_bytes} bytes");
    }
}

#[tokio::test]
async fn what_is_told_of_an_invocation_is_what_it_did() {
    let scene = Scene::new();
    let mut gate = scene.gate(llm(1_000), CallBounds::default());
    let used = [(Amount::Tokens, 30), (Amount::Usd, 20)].map(|(amount, quantity)| Charge { amount, quantity });
    let worst = used.map(|charge| Charge { quantity: 100, ..charge });
    let asked = gate.read_charged(Capability::Llm, "complete", "x", &worst, false, &scene.held, |_| {
        Box::pin(async move { Ok(Answer { value: "y".to_owned(), used: used.to_vec(), latency: Duration::ZERO }) })
    });
    asked.await.unwrap();
    gate.log("info", "one", Vec::new()).unwrap();
    let told = gate.finish(true);
    assert_eq!((told.reads[0].cost.tokens, told.reads[0].cost.usd_micros), (30, 20));
    assert_eq!(told.host_calls, [(Capability::Llm, 1), (Capability::Log, 1)].into());
    assert_eq!(told.log.len(), 1, "nothing was dropped");
}

/// The same, in another order of its fields.
#[derive(Serialize)]
struct Question {
    text: &'static str,
    limit: u8,
}

#[derive(Serialize)]
struct Rewritten {
    limit: u8,
    text: &'static str,
}

#[tokio::test]
async fn a_record_answers_its_own_question_alone() {
    let scene = Scene::new();
    let (llm, question) = ((Capability::Llm, "complete"), Question { text: "q", limit: 3 });
    let mut first = scene.gate(everything(), CallBounds::default());
    ask(&scene, &mut first, llm, &question, false).await.unwrap();
    let reads = first.finish(true).reads;
    let recorded = || scene.gate(everything(), CallBounds::default()).answer_from(reads.clone());
    assert_eq!(ask(&scene, &mut recorded(), llm, &question, false).await.as_deref(), Ok("fresh"));
    for other in [(Capability::Llm, "embed"), (Capability::Memory, "complete")] {
        let asked = ask(&scene, &mut recorded(), other, &question, false).await;
        assert_eq!(code(asked), Code::Internal, "{other:?}");
    }
    let asked = ask(&scene, &mut recorded(), llm, &Question { limit: 4, ..question }, false).await;
    assert_eq!(code(asked), Code::Internal);

    // A record that was given may have been written anew on its way, also one that is replayed: a case is a file.
    let rewritten = Rewritten { limit: 3, text: "q" };
    assert_eq!(ask(&scene, &mut recorded(), llm, &rewritten, false).await.as_deref(), Ok("fresh"));
    let mut replay = scene.gate(everything(), CallBounds::default()).replay(reads.clone());
    assert_eq!(ask(&scene, &mut replay, llm, &rewritten, false).await.as_deref(), Ok("fresh"));
    let mut resumed = scene.gate(everything(), CallBounds::default()).resume_from(reads.clone());
    ask(&scene, &mut resumed, llm, &rewritten, false).await.unwrap();
    assert_eq!(scene.asked(), 2, "the journal's own are what was written");
}

#[tokio::test]
async fn a_question_that_the_journal_lacks_is_a_divergence_where_it_was_asked() {
    let scene = Scene::new();
    let mut replay = scene.gate(everything(), CallBounds::default()).replay(Vec::new());
    let asked = ask(&scene, &mut replay, (Capability::Llm, "complete"), "new", false).await;
    assert_eq!((code(asked), scene.asked()), (Code::Internal, 0));
    assert_eq!(replay.finish(true).divergence, Some(0));
}

#[tokio::test]
async fn an_error_of_a_provider_is_journaled_as_one() {
    let scene = Scene::new();
    let mut gate = scene.gate(llm(1_000), CallBounds::default());
    let failed: Result<String, Refusal> = gate
        .read(Capability::Llm, "complete", "x", &scene.held, |_| {
            Box::pin(async { Err(CallError::new(Code::Refused, "no")) })
        })
        .await;
    assert_eq!(code(failed), Code::Refused);
    let reads = gate.finish(true).reads;
    assert_eq!((reads.len(), reads[0].status), (1, ReadStatus::Error));
}

#[tokio::test]
async fn a_new_paid_question_before_a_kept_one_drops_what_is_kept() {
    let scene = Scene::new();
    let llm = (Capability::Llm, "complete");
    let mut first = scene.gate(everything(), CallBounds::default());
    for question in ["free", "kept"] {
        ask(&scene, &mut first, llm, question, false).await.unwrap();
    }
    let kept: Vec<Read> = first.finish(true).reads.into_iter().filter(|read| read.n == 1).collect();
    for (paid, asked) in [(false, 1), (true, 2)] {
        let before = scene.asked();
        let mut resumed = scene.gate(everything(), CallBounds::default()).resume_from(kept.clone());
        for (question, paid) in [("new", paid), ("kept", true)] {
            ask(&scene, &mut resumed, llm, question, paid).await.unwrap();
        }
        assert_eq!(scene.asked() - before, asked, "paid: {paid}");
    }
}

#[test]
fn every_bound_of_the_table_has_a_value_in_force() {
    let bounds = CallBounds { host_calls: 7, log_lines: 8, ..CallBounds::default() };
    let values: Vec<_> = bounds.values().into_iter().map(|(bound, value)| (bound.name, value)).collect();
    assert!(values.iter().map(|(name, _)| *name).eq(BOUNDS.iter().map(|bound| bound.name)));
    assert!(values.contains(&("host_calls", 7)) && values.contains(&("log_lines", 8)), "{values:?}");
}
