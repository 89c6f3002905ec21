//! Whole ways: who is asked, in which order, what it costs, and what the answer tells of it.

use std::{sync::Arc, time::Duration};

use puppet_grants::{Amount, Answer, Failure, Used};
use puppet_types::{CallError, Code, Tried};

use super::*;
use crate::{
    Completion, Llm, LlmProvider, Offline, Request, Sampling, Worst,
    testing::{Scripted, away, context, request},
};

fn rules() -> Rules {
    Rules {
        concurrency: 1,
        patience: Duration::from_secs(10),
        breaker: BreakerRules { failures: 2, open: Duration::from_secs(30) },
        cache: CacheRules { entries: 0, bytes: 1 << 20, ttl: Duration::from_secs(60) },
    }
}

/// Nobody is told.
fn guarded(name: &str, provider: Arc<dyn LlmProvider>, rules: Rules) -> Guarded {
    Guarded::new(name, provider, rules, Box::new(|_| {}))
}

fn link(name: &str, provider: Arc<dyn LlmProvider>) -> Link {
    Link { name: name.to_owned(), provider, terms: Scripted::terms() }
}

fn error(code: Code) -> Failure {
    Failure { error: CallError::new(code, "no"), used: Used::Nothing }
}

fn tried(provider: &str, code: Code) -> Vec<Tried> {
    vec![Tried { provider: provider.to_owned(), code, message: "no".to_owned() }]
}

/// What a model and a second one make of it.
async fn asked(
    first: &Arc<Scripted>,
    second: &Arc<Scripted>,
    request: &Request,
) -> Result<Answer<Completion>, Failure> {
    let chain = chain::of(link("first", Arc::clone(first) as _), vec![link("second", Arc::clone(second) as _)]);
    chain.complete(request, &context("ann")).await
}

#[tokio::test]
async fn the_next_is_asked_where_one_cannot_answer_and_never_where_it_would_not() {
    for (code, falls) in [
        (Code::ProviderUnavailable, true),
        (Code::RateLimited, true),
        (Code::Timeout, true),
        (Code::Refused, false),
        (Code::InvalidInput, false),
        (Code::InvalidAnswer, true),
        (Code::Internal, false),
    ] {
        let (first, second) = (Arc::new(Scripted::new([Err(error(code))])), Arc::new(Scripted::new([Ok("yes")])));
        let answer = asked(&first, &second, &request("x")).await;
        assert_eq!((answer.is_ok(), second.asked().len()), (falls, usize::from(falls)), "{code:?}");
        match answer {
            Ok(Answer { value, .. }) => {
                assert_eq!((value.provider.as_deref(), &value.tried), (Some("second"), &tried("first", code)));
            }
            Err(failure) => {
                assert_eq!((failure.error.code, &failure.error.tried), (code, &tried("first", code)));
            }
        }
    }
    let (first, second) = (Arc::new(Scripted::new([Ok("yes")])), Arc::new(Scripted::new([])));
    let answer = asked(&first, &second, &request("x")).await.unwrap();
    assert_eq!((answer.value.provider.as_deref(), second.asked().len()), (Some("first"), 0));
}

#[tokio::test]
async fn what_the_first_took_is_paid_with_what_the_second_takes_and_never_more_than_is_reserved() {
    let request = request("x");
    let worst = Scripted::terms().worst(request.prompt_bytes(), request.max_tokens);
    let unknown = || Failure { error: CallError::new(Code::Timeout, "late"), used: Used::Unknown };
    let of = |used: Vec<puppet_grants::Charge>| Worst::taken(Used::Told(used), Worst::NOTHING);
    for (lost, cost) in [(away(), 0), (unknown(), worst.tokens)] {
        let (first, second) = (Arc::new(Scripted::new([Err(lost)])), Arc::new(Scripted::new([Ok("yes")])));
        let used = of(asked(&first, &second, &request).await.unwrap().used);
        assert_eq!((used.tokens, used.usd_micros), (cost + Scripted::TOKENS, cost + Scripted::TOKENS));
    }
    let all = || Arc::new(Scripted::new([Err(unknown())]));
    let Used::Told(used) = asked(&all(), &all(), &request).await.unwrap_err().used else { panic!() };
    let chain = Llm::chain(link("first", all() as _), vec![link("second", all() as _)]);
    assert_eq!(of(used), chain.worst(&request), "the dearest way is what is reserved");
    assert_eq!(chain.worst(&request), worst.plus(worst));
    let shaped = Request { response_schema: Some("{}".to_owned()), ..request };
    assert!(chain.worst(&shaped).tokens > 2 * chain.worst(&Request { response_schema: None, ..shaped.clone() }).tokens);
}

#[tokio::test]
async fn a_way_that_ends_offline_always_ends_with_an_answer() {
    let first = link("first", Arc::new(guarded("first", Arc::new(Scripted::new([])), rules())));
    let offline = Link { name: "offline".to_owned(), provider: Arc::new(Offline), terms: Offline::terms() };
    let chain = chain::of(first, vec![offline]);
    for _ in 0..5 {
        let answer = chain.complete(&request("Topic: tides"), &context("ann")).await.unwrap();
        assert_eq!((answer.value.provider.as_deref(), answer.value.model.as_str()), (Some("offline"), "offline"));
        assert!(!answer.value.text.is_empty());
    }
}

#[tokio::test]
async fn vectors_come_from_the_first_or_from_nobody() {
    let first = link("first", Arc::new(guarded("first", Arc::new(Offline), rules())));
    let chain = chain::of(first, vec![link("second", Arc::new(Scripted::new([])))]);
    let vectors = chain.embed(&["tide".to_owned()]).await.unwrap().value;
    assert_eq!(vectors, Offline.embed(&["tide".to_owned()]).await.unwrap().value);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_keeps_failing_is_asked_no_more_until_its_time_and_its_refusals_do_not_count() {
    let (refused, empty) = (|| Err(error(Code::Refused)), || Err(error(Code::InvalidAnswer)));
    let script = [
        Err(away()),
        refused(),
        Err(away()),
        empty(),
        empty(),
        empty(),
        Err(away()),
        Err(away()),
        Ok("back"),
        Ok("again"),
    ];
    let provider = Arc::new(Scripted::new(script));
    let guarded = guarded("far", Arc::clone(&provider) as _, rules());
    let (request, context) = (request("x"), context("ann"));
    for _ in 0..10 {
        assert!(guarded.complete(&request, &context).await.is_err());
    }
    assert_eq!(
        provider.asked().len(),
        8,
        "refusals and answers without a text are answers: two in a row come after them"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    for text in ["back", "again"] {
        assert_eq!(guarded.complete(&request, &context).await.unwrap().value.text, text);
    }
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_turn_in_time_is_told_so_and_the_next_is_asked() {
    let slow = Arc::new(Scripted::slow(Duration::from_secs(60), [Ok("late"), Ok("never")]));
    let guarded: Arc<dyn LlmProvider> = Arc::new(guarded("slow", Arc::clone(&slow) as _, rules()));
    let first = tokio::spawn({
        let guarded = Arc::clone(&guarded);
        async move { guarded.complete(&request("x"), &context("ann")).await.unwrap().value.text }
    });
    tokio::task::yield_now().await;
    let refused = guarded.complete(&request("x"), &context("bob")).await.unwrap_err();
    assert_eq!((refused.error.code, refused.error.message.as_str()), (Code::RateLimited, "too many wait for `slow`"));
    let chain = chain::of(link("slow", guarded), vec![link("second", Arc::new(Scripted::new([Ok("soon")])))]);
    assert_eq!(chain.complete(&request("x"), &context("cat")).await.unwrap().value.text, "soon");
    assert_eq!((first.await.unwrap().as_str(), slow.asked().len()), ("late", 1));
}

#[tokio::test]
async fn what_is_kept_is_answered_for_nothing_and_says_so() {
    let provider = Arc::new(Scripted::new([Ok("one"), Ok("two"), Ok("three")]));
    let kept = Rules { cache: CacheRules { entries: 10, ..rules().cache }, ..rules() };
    let guarded = guarded("far", Arc::clone(&provider) as _, kept);
    let still = Request { sampling: Sampling { temperature: Some(0.0), ..Sampling::default() }, ..request("x") };
    let first = guarded.complete(&still, &context("ann")).await.unwrap();
    let second = guarded.complete(&still, &context("bob")).await.unwrap();
    assert_eq!((first.value.text.as_str(), first.value.cached), ("one", false));
    assert_eq!((second.value.text.as_str(), second.value.cached), ("one", true));
    assert!(second.used.iter().all(|charge| charge.quantity == 0) && second.used.len() == 2);
    assert_eq!(second.value.usage, crate::Usage::default());
    assert!(serde_json::to_string(&second.value).unwrap().contains(r#""cached":true"#), "the journal tells");
    let warm = guarded.complete(&request("x"), &context("ann")).await.unwrap();
    assert_eq!((warm.value.text.as_str(), provider.asked().len()), ("two", 2));
    assert!(first.used.iter().any(|charge| charge.amount == Amount::Tokens && charge.quantity == Scripted::TOKENS));
}

#[tokio::test]
async fn who_was_asked_and_did_not_answer_stands_in_the_record_and_comes_out_of_it_again() {
    let all = |code| Arc::new(Scripted::new([Err(error(code))]));
    let failure = asked(&all(Code::Timeout), &all(Code::RateLimited), &request("x")).await.unwrap_err();
    let both = [tried("first", Code::Timeout), tried("second", Code::RateLimited)].concat();
    assert_eq!((failure.error.code, &failure.error.tried), (Code::RateLimited, &both));
    let written = serde_json::to_string(&failure.error).unwrap();
    assert!(written.contains(r#""tried":[{"provider":"first","code":"timeout","message":"no"},"#), "{written}");
    assert_eq!(serde_json::from_str::<CallError>(&written).unwrap(), failure.error);
    let answer = asked(&all(Code::Timeout), &Arc::new(Scripted::new([Ok("yes")])), &request("x")).await.unwrap().value;
    let written = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Completion>(&written).unwrap(), answer);
    // Of one that answers at once there is nothing to say.
    let answer = asked(&Arc::new(Scripted::new([Ok("yes")])), &all(Code::Timeout), &request("x")).await.unwrap().value;
    assert!(!serde_json::to_string(&answer).unwrap().contains("tried"));
}

#[tokio::test]
async fn an_endpoint_that_begins_to_fail_is_told_of_once_and_so_is_that_it_answers_again() {
    let script = [Ok("a"), Err(away()), Err(error(Code::Timeout)), Err(error(Code::Refused)), Ok("b"), Err(away())];
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let tell = Box::new(move |word| hears.lock().unwrap().push(word));
    let rules = Rules { breaker: BreakerRules { failures: 0, ..rules().breaker }, ..rules() };
    let guarded = Guarded::new("far", Arc::new(Scripted::new(script)), rules, tell);
    for _ in 0..6 {
        let _ = guarded.complete(&request("x"), &context("ann")).await;
    }
    let fails = || Word::Fails(away().error);
    assert_eq!(*told.lock().unwrap(), [fails(), Word::Answers, fails()]);
}
