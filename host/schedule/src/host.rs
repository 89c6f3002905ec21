//! Interface `puppet:schedule/schedule` on a view of the invocation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use puppet_grants::{Amount, Answer, Charge, Gate, Held, Level};
use puppet_store::{Timer, TimerStore};
use puppet_types::{
    AgentId, CallError, Capability, Code, Decision, NumberedDecision, PackId, Refusal, TimerRule, Timestamp,
    trade::Origin, wit,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::component::{HasData, Linker};

use crate::rule::next_cron;

#[doc(hidden)]
pub mod fuzz;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/schedule"],
        inline: "
            package puppet:host-schedule;
            world host { import puppet:schedule/schedule@0.1.0; }
        ",
        imports: { "puppet:schedule/schedule.list": async | trappable, default: trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::schedule::schedule as wire;

/// Longest name.
pub const NAME_BYTES: usize = 96;
/// Longest payload.
pub const PAYLOAD_BYTES: usize = 8 << 10;
/// Longest cron expression.
const EXPRESSION_BYTES: usize = 256;
/// Shortest interval of `every`.
pub const INTERVAL_MS: u64 = 1_000;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where timers are.
    pub store: &'a Held<dyn TimerStore>,
    /// Whose.
    pub agent: &'a AgentId,
    /// IANA name, for cron rules that name no other.
    pub timezone: &'a str,
    /// Which timers are set.
    pub names: &'a dyn Names,
}

/// Which timers are set, at once and without asking the store: so many may be.
pub trait Names: Sync {
    /// Of an agent's plugin, by name.
    fn of(&self, agent: &AgentId, pack: &PackId) -> BTreeSet<Arc<str>>;
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn schedule(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wire::add_to_linker::<T, Interface>(linker, |carrier| carrier.schedule())
}

/// A timer as it is journaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Set {
    name: String,
    next: Timestamp,
    rule: TimerRule,
    payload: Value,
    /// What was behind the call that set it, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    led_by: Option<Origin>,
}

impl wire::Host for View<'_> {
    fn once(&mut self, name: String, at: u64, payload: String) -> wasmtime::Result<Result<(), wit::Error>> {
        let at = Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX));
        wit::answer(self.set("once", name, TimerRule::Once, at, &payload))
    }

    fn after(&mut self, name: String, delay_ms: u64, payload: String) -> wasmtime::Result<Result<(), wit::Error>> {
        let at = self.gate.at().plus_millis(delay_ms);
        wit::answer(self.set("after", name, TimerRule::Once, at, &payload))
    }

    fn every(&mut self, name: String, interval_ms: u64, payload: String) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.set_every(name, interval_ms, &payload))
    }

    fn cron(
        &mut self,
        name: String,
        expression: String,
        timezone: Option<String>,
        payload: String,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.set_cron(name, expression, timezone, &payload))
    }

    fn cancel(&mut self, name: String) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.record_cancel(name))
    }

    async fn list(&mut self) -> wasmtime::Result<Result<Vec<wire::Timer>, wit::Error>> {
        wit::answer(self.read().await)
    }
}

impl View<'_> {
    /// What is wrong with a call's arguments, which costs that call.
    fn checked<T>(&mut self, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        self.gate.checked(Capability::Schedule, checked)
    }

    fn set(
        &mut self,
        operation: &'static str,
        name: String,
        rule: TimerRule,
        next: Timestamp,
        payload: &str,
    ) -> Result<(), Refusal> {
        self.checked(check_name(&name))?;
        let payload = self.checked(parsed(payload))?;
        let charge = Charge { amount: Amount::Timers, quantity: 1 };
        let level = Level { amount: Amount::Timers, reached: self.set_with(&name) };
        self.gate
            .decide_within(operation, &[charge], &[level], Decision::SetTimer { name, rule, next, payload })
            .map(drop)
    }

    /// How many timers are set when this one is, too.
    fn set_with(&self, name: &str) -> u64 {
        let mut names = self.names.of(self.agent, self.gate.pack());
        for numbered in self.gate.decided().iter() {
            match &numbered.decision {
                Decision::SetTimer { name, .. } => drop(names.insert(name.as_str().into())),
                Decision::CancelTimer { name } => drop(names.remove(name.as_str())),
                _ => {}
            }
        }
        names.insert(name.into());
        names.len() as u64
    }

    fn set_every(&mut self, name: String, interval_ms: u64, payload: &str) -> Result<(), Refusal> {
        if interval_ms < INTERVAL_MS {
            let message = format!("every {interval_ms} ms: at least {INTERVAL_MS}");
            return self.checked(Err(Refusal::call(Code::InvalidInput, message)));
        }
        let next = self.gate.at().plus_millis(interval_ms);
        self.set("every", name, TimerRule::Every { interval_ms }, next, payload)
    }

    fn set_cron(
        &mut self,
        name: String,
        expression: String,
        timezone: Option<String>,
        payload: &str,
    ) -> Result<(), Refusal> {
        if expression.len() > EXPRESSION_BYTES {
            let message = format!("{} bytes of cron expression: at most {EXPRESSION_BYTES}", expression.len());
            return self.checked(Err(Refusal::call(Code::TooLong, message)));
        }
        let timezone = timezone.unwrap_or_else(|| self.timezone.to_owned());
        let next = next_cron(&expression, &timezone, self.gate.at())
            .map_err(|error| Refusal::call(Code::InvalidInput, error.to_string()));
        let next = self.checked(next)?;
        self.set("cron", name, TimerRule::Cron { expression, timezone }, next, payload)
    }

    fn record_cancel(&mut self, name: String) -> Result<(), Refusal> {
        self.checked(check_name(&name))?;
        self.gate.decide("cancel", &[], Decision::CancelTimer { name }).map(drop)
    }

    async fn read(&mut self) -> Result<Vec<wire::Timer>, Refusal> {
        let pack = self.gate.pack().clone();
        let agent = self.agent;
        let stored: Vec<Set> = self
            .gate
            .read(Capability::Schedule, "list", &(), self.store, move |store| {
                Box::pin(async move { stored(store, agent, &pack).await })
            })
            .await?;
        let timers = overlaid(stored, &self.gate.decided());
        Ok(timers.into_iter().map(on_wire).collect())
    }
}

async fn stored(store: &dyn TimerStore, agent: &AgentId, pack: &PackId) -> Result<Answer<Vec<Set>>, CallError> {
    let timers = store.timers_of(agent, pack).await;
    let timers = timers.map_err(|error| CallError::new(Code::Internal, error.to_string()))?;
    let set = |Timer { name, next, rule, payload, led_by, .. }: Timer| Set { name, next, rule, payload, led_by };
    Ok(Answer::free(timers.into_iter().map(set).collect()))
}

/// What this call has decided, laid over what is stored; by name.
fn overlaid(stored: Vec<Set>, decided: &[NumberedDecision]) -> Vec<Set> {
    let mut timers: BTreeMap<String, Set> = stored.into_iter().map(|set| (set.name.clone(), set)).collect();
    for numbered in decided {
        match &numbered.decision {
            Decision::SetTimer { name, rule, next, payload } => {
                let (next, rule, payload) = (*next, rule.clone(), payload.clone());
                let set = Set { name: name.clone(), next, rule, payload, led_by: None };
                timers.insert(name.clone(), set);
            }
            Decision::CancelTimer { name } => {
                timers.remove(name);
            }
            _ => {}
        }
    }
    timers.into_values().collect()
}

fn on_wire(set: Set) -> wire::Timer {
    let rule = match &set.rule {
        TimerRule::Once => "once".to_owned(),
        TimerRule::Every { interval_ms } => format!("every {interval_ms} ms"),
        TimerRule::Cron { expression, timezone } => format!("cron {expression} {timezone}"),
    };
    let next = u64::try_from(set.next.as_millis()).unwrap_or(0);
    wire::Timer { name: set.name, next, rule, payload: set.payload.to_string() }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let shape = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b':');
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(shape) {
        let message = format!("`{name}` is no timer name: letters, digits, `_`, `.`, `-`, `:`, at most {NAME_BYTES}");
        return Err(Refusal::call(Code::InvalidInput, message));
    }
    Ok(())
}

fn parsed(payload: &str) -> Result<Value, Refusal> {
    if payload.len() > PAYLOAD_BYTES {
        let message = format!("{} bytes of payload: at most {PAYLOAD_BYTES}", payload.len());
        return Err(Refusal::call(Code::TooLong, message));
    }
    let payload: Value = serde_json::from_str(payload)
        .map_err(|error| Refusal::call(Code::InvalidInput, format!("the payload is no JSON: {error}")))?;
    if puppet_types::is_too_deep(&payload) {
        let message = format!("the payload is nested deeper than {}", puppet_types::PAYLOAD_DEPTH);
        return Err(Refusal::call(Code::InvalidInput, message));
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use puppet_grants::{CallBounds, Elapsed, Period, Request, Requests, Rights, UnbookedReads};
    use puppet_store::Waiting;
    use puppet_types::Event;

    use super::*;

    struct NoTimers;

    #[async_trait::async_trait]
    impl TimerStore for NoTimers {
        async fn timers(&self) -> puppet_store::Result<Vec<Timer>> {
            Ok(Vec::new())
        }
        async fn timers_of(&self, _: &AgentId, _: &PackId) -> puppet_store::Result<Vec<Timer>> {
            Ok(Vec::new())
        }
        async fn fire(
            &self,
            _: &Timer,
            _: Option<Timestamp>,
            _: Event,
            _: Vec<puppet_grants::Spend>,
        ) -> puppet_store::Result<Option<Waiting>> {
            Ok(None)
        }
    }

    impl Names for NoTimers {
        fn of(&self, _: &AgentId, _: &PackId) -> BTreeSet<Arc<str>> {
            ["there", "too"].map(Arc::from).into()
        }
    }

    fn gate(requests: &Requests) -> Gate {
        let rights = Rights::from_requests(requests, &"pack".into(), &"ann".into(), &Arc::default());
        Gate::new(
            "inv_1".into(),
            "pack".into(),
            Timestamp::from_millis(3_600_000),
            Arc::new(rights),
            Arc::new(CallBounds::default()),
            Arc::new(UnbookedReads),
            Elapsed::Modelled(Duration::ZERO),
        )
    }

    fn code(result: Result<(), Refusal>) -> Option<Code> {
        match result {
            Ok(()) => None,
            Err(Refusal::Call(error)) => Some(error.code),
            Err(breach) => panic!("{breach}"),
        }
    }

    #[test]
    fn so_many_timers_may_be_set_at_once_and_one_that_is_set_again_is_no_more() {
        let store: Arc<dyn TimerStore> = Arc::new(NoTimers);
        let (store, agent) = (Held::new(store), AgentId::new("ann"));
        let amounts = [((Amount::Timers, Period::AtOnce), 3)].into();
        let mut open = gate(&[(Capability::Schedule, Request { amounts, ..Request::default() })].into());
        let mut view = View { gate: &mut open, store: &store, agent: &agent, timezone: "UTC", names: &NoTimers };
        let mut set = |name: &str| code(view.set_every(name.to_owned(), 1_000, "{}"));
        // Two are there: one more.
        assert_eq!((set("there"), set("new"), set("new")), (None, None, None));
        assert_eq!(set("more"), Some(Code::BudgetExhausted));
        assert_eq!(code(view.record_cancel("too".to_owned())), None);
        assert_eq!(code(view.set_every("more".to_owned(), 1_000, "{}")), None);
    }

    #[test]
    fn timers_need_a_grant_keep_their_bounds_and_draw_on_the_budget() {
        let store: Arc<dyn TimerStore> = Arc::new(NoTimers);
        let (store, agent) = (Held::new(store), AgentId::new("ann"));
        let name = |name: &str| name.to_owned();
        let mut closed = gate(&Requests::new());
        let mut view =
            View { gate: &mut closed, store: &store, agent: &agent, timezone: "Europe/Berlin", names: &NoTimers };
        assert_eq!(code(view.set_every(name("a"), 1_000, "{}")), Some(Code::Denied));

        let amounts = [((Amount::Timers, Period::Hour), 2)].into();
        let mut open = gate(&[(Capability::Schedule, Request { amounts, ..Request::default() })].into());
        let mut view =
            View { gate: &mut open, store: &store, agent: &agent, timezone: "Europe/Berlin", names: &NoTimers };
        assert_eq!(code(view.set_every(name("a"), 999, "{}")), Some(Code::InvalidInput));
        let long = format!("{} 9 * * *", ["0"; 200].join(","));
        assert_eq!(code(view.set_cron(name("a"), long, None, "{}")), Some(Code::TooLong));
        let mars = Some(name("Mars/Base"));
        assert_eq!(code(view.set_cron(name("a"), name("0 9 * * *"), mars, "{}")), Some(Code::InvalidInput));
        assert_eq!(code(view.record_cancel("x".repeat(NAME_BYTES + 1))), Some(Code::InvalidInput));
        assert_eq!(code(view.set_cron(name("a"), name("0 9 * * *"), None, "{}")), None);
        assert_eq!(code(view.set_every(name("b"), 1_000, "{}")), None);
        assert_eq!(code(view.set_every(name("c"), 1_000, "{}")), Some(Code::BudgetExhausted));
        assert_eq!(code(view.record_cancel(name("b"))), None);
        let decisions = open.finish(true).decisions;
        // 09:00 in Berlin, where no other zone is given: 08:00 UTC.
        let next = Timestamp::from_millis(8 * 3_600_000);
        assert!(matches!(&decisions[0].decision, Decision::SetTimer { next: at, .. } if *at == next));
        assert_eq!(decisions.len(), 3);
    }

    #[test]
    fn a_call_sees_what_it_set_and_cancelled() {
        let set = |name: &str, next| Set {
            name: name.to_owned(),
            next: Timestamp::from_millis(next),
            rule: TimerRule::Once,
            payload: Value::Null,
            led_by: None,
        };
        let decide = |n, decision| NumberedDecision { n, decision };
        let decided = [
            decide(0, Decision::CancelTimer { name: "b".to_owned() }),
            decide(
                1,
                Decision::SetTimer {
                    name: "a".to_owned(),
                    rule: TimerRule::Once,
                    next: Timestamp::from_millis(9),
                    payload: Value::Null,
                },
            ),
        ];
        assert_eq!(overlaid(vec![set("a", 1), set("b", 2), set("c", 3)], &decided), [set("a", 9), set("c", 3)]);
    }

    #[test]
    fn names_and_payloads_are_bounded() {
        for good in ["post", "mention-17", "mood.0af", "a:b"] {
            assert!(check_name(good).is_ok());
        }
        for bad in ["", "a b", "ä", &"x".repeat(NAME_BYTES + 1)] {
            assert!(check_name(bad).is_err());
        }
        assert!(parsed("{}").is_ok() && parsed("nope").is_err());
        assert!(parsed(&format!("\"{}\"", "x".repeat(PAYLOAD_BYTES))).is_err());
        assert!(parsed(&format!("{}{}", "[".repeat(65), "]".repeat(65))).is_err());
    }
}
