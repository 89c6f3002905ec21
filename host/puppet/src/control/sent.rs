//! Events that are sent to a host, and what comes of them: accepted, and waited for where that is wished. Whoever sends is
//! within the host, or asks through the socket.

use std::{pin::pin, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use puppet_engine::{Ended, Host};
use puppet_types::{Event, EventId, InvocationId};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::unknown_agent;
use crate::{
    intake,
    trouble::{Result, Trouble},
};

/// How long is waited at most for what was decided to leave, of the wait that is wished.
const EFFECTS: Duration = Duration::from_secs(10);

/// What became of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Where nobody chose the id of what was sent, it.
    pub event_id: Option<EventId>,
    /// `accepted`, how they ended (of several the end that needs attention), or `waiting` where that was not seen in time.
    pub outcome: String,
    /// What they led to.
    pub invocations: Vec<InvocationId>,
    /// Why others were given up.
    pub given_up: Vec<String>,
}

impl Taken {
    /// They are durable, and no more is known.
    pub fn accepted() -> Self {
        Self { event_id: None, outcome: "accepted".to_owned(), invocations: Vec::new(), given_up: Vec::new() }
    }

    fn add(&mut self, ended: Ended) {
        match ended {
            Ended::Invoked { invocation, outcome } => {
                self.invocations.push(invocation);
                self.outcome = worse(&self.outcome, outcome);
            }
            Ended::GivenUp { reason } => {
                self.given_up.push(reason);
                self.outcome = worse(&self.outcome, "dead-lettered");
            }
            Ended::Forgotten => self.given_up.push("it has ended, and its record is not kept any more".to_owned()),
        }
    }
}

/// Accepts events. With `wait`, until they have ended and what was decided has left, and no longer than so, nor longer than
/// `over` takes.
///
/// # Errors
/// `unknown-agent`, `already-seen`; the store failed. Nothing was accepted then.
pub async fn accept(
    host: &Host,
    events: Vec<Event>,
    wait: Option<Duration>,
    over: impl Future<Output = ()>,
) -> Result<Taken> {
    let begun = Instant::now();
    known(host, &events)?;
    intake::check(&*host.store, &events).await?;
    let ids: Vec<EventId> = events.iter().map(|event| event.id.clone()).collect();
    host.submit(events).await?;
    let mut taken = Taken::accepted();
    let Some(wait) = wait else { return Ok(taken) };
    let left = || wait.saturating_sub(begun.elapsed());
    let mut over = pin!(over);
    let all = async {
        let mut open: FuturesUnordered<_> = ids.iter().map(|id| host.ended(id)).collect();
        while let Some(ended) = open.next().await {
            taken.add(ended?);
        }
        Ok::<_, Trouble>(())
    };
    let have_ended = tokio::select! {
        biased;
        ended = all => ended.map(|()| true)?,
        () = &mut over => false,
        () = tokio::time::sleep(left()) => false,
    };
    if !have_ended {
        taken.outcome = "waiting".to_owned();
        return Ok(taken);
    }
    let time = left().min(EFFECTS);
    let until = host.now().plus_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let effects = async {
        for invocation in &taken.invocations {
            host.effects_ended(invocation, until).await?;
        }
        Ok::<_, Trouble>(())
    };
    tokio::select! {
        biased;
        ended = effects => ended?,
        () = over => {}
        () = tokio::time::sleep(time) => {}
    }
    Ok(taken)
}

/// Of several outcomes the one that needs attention.
fn worse(one: &str, other: &str) -> String {
    const ORDER: [&str; 6] = ["accepted", "ok", "declined", "failed", "breach", "dead-lettered"];
    let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(0);
    if rank(other) > rank(one) { other.to_owned() } else { one.to_owned() }
}

fn known(host: &Host, events: &[Event]) -> Result<()> {
    match events.iter().find(|event| !host.agents.knows(&event.agent)) {
        Some(event) => Err(unknown_agent(&event.agent, &host.agents.ids())),
        None => Ok(()),
    }
}
