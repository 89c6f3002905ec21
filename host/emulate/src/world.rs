//! What the emulated services know, and the way of a request through it: it is counted, meets what the plan says, and is
//! done.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::Response;
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    asked::Asked,
    body::{Body, Closed},
    faults::{Faults, Kind, Plan},
    llm::{self, Asking, Model},
    operation::{Call, Operation},
    record::Record,
    reply::Reply,
    server::Services,
    x::{self, Caller, Disconnect, Network, Who},
};

#[derive(Debug)]
pub(crate) struct World {
    services: Services,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    network: Network,
    model: Model,
    record: Record,
    faults: Faults,
}

impl World {
    pub(crate) fn new(services: Services, seed: u64, plan: Plan) -> Self {
        let state = State {
            network: Network::default(),
            model: Model::default(),
            record: Record::new(services.effects()),
            faults: Faults::new(plan, seed),
        };
        Self { services, seed, state: Mutex::new(state) }
    }

    pub(crate) fn services(&self) -> Services {
        self.services
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn misbehave(&self, plan: Plan) {
        self.state().faults = Faults::new(plan, self.seed);
    }

    pub(crate) fn disconnect(&self, how: Disconnect) {
        self.state().network.disconnect(how);
    }

    pub(crate) fn counts(&self) -> Value {
        json!(self.state().record.counts)
    }

    pub(crate) fn report(&self) -> Value {
        let state = self.state();
        let faults: Vec<Value> = state
            .faults
            .struck()
            .map(|(fault, struck)| json!({ "kind": fault.kind, "operation": fault.operation, "struck": struck }))
            .collect();
        json!({
            "schema": "puppet.emulated/1", "counts": state.record.by_operation(), "accounts": state.network.report(),
            "streams": state.network.listeners(),
            "llm": state.model.report(), "faults": faults, "requests": state.record.entries(),
        })
    }

    /// Counts a request, lets happen to it what the plan says, and does it.
    pub(crate) async fn met(&self, call: &Call, asked: &Asked) -> Result<Response<Body>, Closed> {
        let at = Timestamp::from_system();
        let who = self.who(call.operation, asked, at);
        let (n, fault) = self.begin(call, who.as_ref().ok().map(Who::name), asked);
        let reply = match fault.as_ref().and_then(|fault| instead(fault, call.operation)) {
            Some(reply) => reply?,
            None => self.carried_out(call, (who, n, at), asked, fault.as_ref()),
        };
        let reply = match &fault {
            Some(Kind::LostAnswer) => return Err(Closed),
            Some(Kind::Late { ms }) => {
                tokio::time::sleep(Duration::from_millis((*ms).into())).await;
                reply
            }
            Some(Kind::Failed { status, .. }) => failed(*status, call.operation),
            _ => reply,
        };
        self.state().record.answered(n, reply.status);
        Ok(reply.sent(fault.as_ref()))
    }

    /// Only what comes with a token meets a fault.
    fn begin(&self, call: &Call, account: Option<&str>, asked: &Asked) -> (u64, Option<Kind>) {
        let mut state = self.state();
        let (n, nth) = state.record.begin(account, call.operation, asked.line.clone());
        let fault = account.and_then(|account| state.faults.strike(call.operation, account, nth));
        if let Some(fault) = &fault {
            state.record.meets(n, fault.clone());
        }
        (n, fault)
    }

    /// Whoever asks. Models know them by their keys alone.
    fn who(&self, operation: Operation, asked: &Asked, at: Timestamp) -> Result<Who, Reply> {
        if operation.is_of_model() {
            // Each provider refuses a wrong key in its own way.
            let unknown = || x::unauthorized();
            return asked.account().map(|name| Who::User { name, scopes: None }).ok_or_else(unknown);
        }
        self.state().network.who(operation, asked, at)
    }

    fn carried_out(
        &self,
        call: &Call,
        (who, n, at): (Result<Who, Reply>, u64, Timestamp),
        asked: &Asked,
        fault: Option<&Kind>,
    ) -> Reply {
        let mut state = self.state();
        let State { network, model, faults, record } = &mut *state;
        if call.operation.is_of_model() {
            let asking = Asking { seed: self.seed, plan: faults.plan(), fault, is_known: who.is_ok() };
            return model.answer(asking, call, asked, record);
        }
        let who = match who {
            Ok(who) => who,
            Err(reply) => return reply,
        };
        if call.operation.is_of_sign_in() {
            return network.sign_in(call.operation, asked, at, faults.plan());
        }
        let caller = Caller { account: who.name(), n, at };
        match network.admit(call, (&who, caller), faults.plan()) {
            Ok(headers) => {
                let mut reply = network.carry_out(call, caller, (asked, faults.plan()), record);
                reply.headers.extend(headers);
                reply
            }
            Err(reply) => reply,
        }
    }
}

/// What a fault answers where nothing is to be done. None: it is done.
fn instead(fault: &Kind, operation: Operation) -> Option<Result<Reply, Closed>> {
    let now_s = Timestamp::from_system().as_millis() / 1_000;
    let reply = match fault {
        Kind::Closed => return Some(Err(Closed)),
        Kind::RateLimited { reset_s } if operation.is_of_model() => llm::too_many(*reset_s),
        Kind::RateLimited { reset_s } => x::too_many(now_s + i64::from(*reset_s)),
        Kind::Failed { status, done: false } => failed(*status, operation),
        Kind::Duplicate => x::duplicate(),
        Kind::Redirect { status, to } => {
            let to = to.as_deref().unwrap_or("/_emulator/elsewhere");
            Reply::new(*status, json!({})).with("location", to)
        }
        Kind::Refused { with } => with.reply(now_s),
        Kind::Answered { status, body, headers } => {
            headers.iter().fold(Reply::new(*status, body.clone()), |reply, (name, value)| reply.with(name, value))
        }
        _ => return None,
    };
    Some(Ok(reply))
}

fn failed(status: u16, operation: Operation) -> Reply {
    if operation.is_of_model() { llm::failed(status) } else { x::failed(status) }
}
