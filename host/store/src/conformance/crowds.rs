//! Many at once: what each commit changes is seen whole, and nothing that is added up is lost.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use puppet_types::{AgentId, InvocationId};

use super::rows::{commit, effect, event, spend};
use crate::{Change, Commit, Filter, Store};

const ROUNDS: usize = 20;
const AGENTS: [&str; 4] = ["a", "b", "c", "d"];

fn id(agent: &str, round: usize) -> String {
    format!("{agent}-{round}")
}

/// One event from its acceptance to its end, with two effects and a spend.
async fn one(store: &impl Store, agent: &str, round: usize) {
    let (name, invocation) = (format!("e-{}", id(agent, round)), id(agent, round));
    store.accept(vec![event(&name, agent)]).await.unwrap();
    let changes = (0..2).map(|n| Change::Effect(effect(&format!("{invocation}-{n}"), &invocation, n))).collect();
    let spends = vec![spend("shared", 0, 1, 0)];
    store.commit(Commit { changes, spends, ..commit(&invocation, event(&name, agent)) }).await.unwrap();
    let own = store.effects_of(&InvocationId::new(&invocation)).await.unwrap();
    assert_eq!(own.len(), 2, "what was answered is seen by whoever asks next");
}

/// Reads while others write.
async fn look(store: &impl Store) {
    for round in 0..ROUNDS {
        for agent in AGENTS {
            let seen = store.effects_of(&InvocationId::new(id(agent, round))).await.unwrap();
            assert!(seen.is_empty() || seen.len() == 2, "half of a commit is seen: {seen:?}");
        }
        let entries = store.journal(&Filter { limit: 1000, oldest_first: true, ..Filter::default() }).await.unwrap();
        assert!(entries.is_sorted_by(|one, next| one.seq < next.seq));
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// All side by side until the last is done.
async fn side_by_side(mut tasks: Vec<Task<'_>>) {
    poll_fn(|context| {
        tasks.retain_mut(|task| task.as_mut().poll(context).is_pending());
        if tasks.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

pub async fn many_write_at_once(store: &impl Store) {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for agent in AGENTS {
        tasks.push(Box::pin(async move {
            for round in 0..ROUNDS {
                one(store, agent, round).await;
            }
        }));
    }
    tasks.push(Box::pin(look(store)));
    side_by_side(tasks).await;

    let all = AGENTS.len() * ROUNDS;
    assert_eq!(store.spent().await.unwrap(), [spend("shared", 0, all as u64, 0)]);
    let entries = store.journal(&Filter { limit: 1000, oldest_first: true, ..Filter::default() }).await.unwrap();
    assert_eq!(entries.len(), all);
    for agent in AGENTS {
        let own = entries.iter().filter(|entry| entry.invocation.agent == AgentId::new(agent));
        let own: Vec<_> = own.map(|entry| entry.invocation.id.to_string()).collect();
        assert_eq!(own, (0..ROUNDS).map(|round| id(agent, round)).collect::<Vec<_>>(), "each agent in its own order");
    }
    let events = store.events_after(0, 1000).await.unwrap();
    assert_eq!(events.len(), all);
    assert!(events.is_sorted_by(|one, next| one.seq < next.seq), "no number comes twice");
    assert!(store.waiting().await.unwrap().is_empty());
}
