//! An errand is in the books before its provider is asked, and nothing passes a budget.

use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use puppet_types::{AgentId, PackId, Read};

use super::*;
use crate::{Answer, Ledger, Period, Request, Shared, Terms};

/// What was written into the books, in order.
#[derive(Default)]
struct Pages(Mutex<Vec<(&'static str, Vec<u64>)>>);

impl Pages {
    fn write(&self, what: &'static str, spends: &[Spend]) {
        self.0.lock().unwrap().push((what, spends.iter().map(|spend| spend.used).collect()));
    }
    fn take(&self) -> Vec<(&'static str, Vec<u64>)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait]
impl Books for Pages {
    async fn open(&self, _: &InvocationId, _: u32, worst: &[Spend]) -> Result<(), CallError> {
        self.write("open", worst);
        Ok(())
    }
    async fn settle(&self, _: &InvocationId, _: &Read, _: &[Spend]) -> Result<(), CallError> {
        unreachable!("there is no read")
    }
    async fn close(&self, _: &InvocationId, _: u32, spent: &[Spend]) -> Result<(), CallError> {
        self.write("close", spent);
        Ok(())
    }
}

struct Scene {
    rights: Rights,
    ledger: Arc<Ledger>,
    pages: Arc<Pages>,
    held: Held<Pages>,
}

fn at() -> Timestamp {
    Timestamp::from_millis(86_400_000)
}

impl Scene {
    fn new(tokens: u64, operations: &[&str]) -> Self {
        let ledger = Arc::new(Ledger::default());
        let request = Request {
            operations: operations.iter().map(|name| (*name).to_owned()).collect(),
            amounts: [((Amount::Tokens, Period::Day), tokens)].into(),
            ..Request::default()
        };
        let requests = [(Capability::Memory, request)].into();
        let rights = Rights::from_requests(&requests, &PackId::new("pack"), &AgentId::new("ann"), &ledger);
        let pages = Arc::new(Pages::default());
        Self { rights, ledger, held: Held::new(Arc::clone(&pages)), pages }
    }

    async fn run(
        &self,
        answer: Result<u64, Code>,
        given_up: impl Future<Output = ()>,
        hangs: bool,
    ) -> Result<&'static str, Code> {
        let errand = Errand {
            rights: &self.rights,
            capability: Capability::Memory,
            operation: "recall",
            at: at(),
            worst: &[Charge { amount: Amount::Tokens, quantity: 100 }],
            books: &*self.pages,
            name: &InvocationId::new("work"),
        };
        let asked = errand.run(&self.held, given_up, move |pages| {
            Box::pin(async move {
                assert_eq!(pages.0.lock().unwrap().last(), Some(&("open", vec![100])));
                if hangs {
                    pending::<()>().await;
                }
                let tokens = answer.map_err(|code| Failure::from(CallError::new(code, "")))?;
                let used = vec![Charge { amount: Amount::Tokens, quantity: tokens }];
                Ok(Answer { value: "done", used, latency: Duration::ZERO })
            })
        });
        asked.await.map_err(|error| error.code)
    }

    fn used(&self) -> (u64, u64) {
        let lines = self.ledger.lines(at());
        let line = lines.iter().find(|line| line.key.amount == Amount::Tokens).unwrap();
        (line.used, line.reserved)
    }
}

#[tokio::test]
async fn it_is_booked_asked_and_settled() {
    let scene = Scene::new(250, &[]);
    assert_eq!(scene.run(Ok(30), pending(), false).await, Ok("done"));
    assert_eq!(scene.pages.take(), [("open", vec![100]), ("close", vec![30])]);
    let limited = scene.run(Err(Code::RateLimited), pending(), false).await;
    assert_eq!(limited, Err(Code::RateLimited));
    assert_eq!(scene.pages.take(), [("open", vec![100]), ("close", vec![0])], "no model was asked");
    assert_eq!(scene.run(Ok(0), ready(()), true).await, Err(Code::Timeout));
    assert_eq!(scene.pages.take(), [("open", vec![100]), ("close", vec![100])], "nobody knows: it counts as used");
    assert_eq!(scene.used(), (130, 0));
    assert_eq!(scene.run(Ok(100), pending(), false).await, Ok("done"));
    scene.pages.take();
    assert_eq!(scene.run(Ok(1), pending(), false).await, Err(Code::BudgetExhausted), "20 are left of 250");
    assert!(scene.pages.take().is_empty());
    assert_eq!(scene.used(), (230, 0));
}

#[tokio::test]
async fn a_failure_that_may_have_been_billed_costs_what_was_reserved() {
    for (code, costs) in [
        (Code::ProviderUnavailable, 100),
        (Code::Timeout, 100),
        (Code::Refused, 100),
        (Code::InvalidInput, 0),
        (Code::Denied, 0),
    ] {
        let scene = Scene::new(250, &[]);
        assert_eq!(scene.run(Err(code), pending(), false).await, Err(code));
        assert_eq!(scene.pages.take(), [("open", vec![100]), ("close", vec![costs])], "{code:?}");
        assert_eq!(scene.used(), (costs, 0), "{code:?}");
    }
}

#[tokio::test]
async fn what_it_serves_must_be_granted() {
    let scene = Scene::new(250, &["remember"]);
    assert_eq!(scene.run(Ok(30), pending(), false).await, Err(Code::Denied));
    let scene = Scene::new(250, &["recall"]);
    scene.ledger.take_back(&"pack".into(), Capability::Memory);
    assert_eq!(scene.run(Ok(30), pending(), false).await, Err(Code::Denied));
    assert!(scene.pages.take().is_empty());
}

#[tokio::test]
async fn nothing_is_spent_after_the_end_of_what_was_granted() {
    for (end, code) in [(at().plus_millis(1), None), (at(), Some(Code::Denied))] {
        let mut scene = Scene::new(250, &[]);
        let requests = [(Capability::Memory, Request::default())].into();
        let terms = Terms { expires: Some(end), ..Terms::default() };
        let names = (&PackId::new("pack"), &[][..]);
        scene.rights =
            Rights::on_terms(&requests, names, &AgentId::new("ann"), &scene.ledger, terms, Shared::default());
        assert_eq!(scene.run(Ok(30), pending(), false).await.err(), code, "{end}");
        assert_eq!(scene.pages.take().is_empty(), code.is_some(), "{end}");
    }
}
