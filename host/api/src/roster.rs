//! Lists of agents that many poll: kept as they were answered last, and made anew where something may have changed. Whoever has
//! changed something over the server sees it in the next answer; what happens by itself is seen within [`FRESH`].

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use puppet_types::{AgentId, scrub};
use serde::Serialize;
use tokio::time::Instant;

use crate::fault::{Fault, Result};

/// How old what is answered may be. Moods drift by themselves, slowly.
pub const FRESH: Duration = Duration::from_millis(250);

/// Agents by id, each as JSON.
pub type Items = Vec<(AgentId, Bytes)>;

/// One of them, as it goes out.
///
/// # Errors
/// It is no JSON.
pub fn item(id: AgentId, agent: &impl Serialize) -> Result<(AgentId, Bytes)> {
    let text = serde_json::to_string(agent).map_err(Fault::internal)?;
    Ok((id, Bytes::from(scrub::json(&text).into_owned())))
}

/// Those that somebody is to see, as a list.
pub fn list<'a>(items: impl Iterator<Item = &'a (AgentId, Bytes)>) -> Vec<u8> {
    let mut body = vec![b'['];
    for (n, (_, item)) in items.enumerate() {
        if n > 0 {
            body.push(b',');
        }
        body.extend_from_slice(item);
    }
    body.push(b']');
    body
}

/// The lists.
#[derive(Default)]
pub struct Roster {
    /// As the original had them.
    old: Kept<Items>,
    items: Kept<Items>,
    changes: AtomicU64,
}

impl Roster {
    /// Something was changed: no list is right any more.
    pub fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often something was changed.
    fn version(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The list of the original; made by `make` where it is not kept, or old.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn old(&self, make: impl AsyncFnOnce() -> Result<Items>) -> Result<Arc<Items>> {
        self.old.get(|| self.version(), make).await
    }

    /// Agents by id; likewise.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn items(&self, make: impl AsyncFnOnce() -> Result<Items>) -> Result<Arc<Items>> {
        self.items.get(|| self.version(), make).await
    }
}

/// One list, with what it was made of.
struct Made<T> {
    version: u64,
    at: Instant,
    list: Arc<T>,
}

/// A list as it was made last.
struct Kept<T> {
    made: RwLock<Option<Made<T>>>,
    /// Whoever makes it: the others wait and take what was made.
    making: tokio::sync::Mutex<()>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { made: RwLock::new(None), making: tokio::sync::Mutex::default() }
    }
}

impl<T> Kept<T> {
    async fn get(&self, version: impl Fn() -> u64, make: impl AsyncFnOnce() -> Result<T>) -> Result<Arc<T>> {
        // What was changed before the question is in the answer.
        let asked = version();
        if let Some(list) = self.kept(asked) {
            return Ok(list);
        }
        let _making = self.making.lock().await;
        if let Some(list) = self.kept(asked) {
            return Ok(list);
        }
        // Taken before the rows are read: what is changed meanwhile may be in the list or not, and it is made anew.
        let (version, at) = (version(), Instant::now());
        let list = Arc::new(make().await?);
        let made = Made { version, at, list: Arc::clone(&list) };
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(list)
    }

    fn kept(&self, version: u64) -> Option<Arc<T>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let made = made.as_ref().filter(|made| made.version >= version && made.at.elapsed() < FRESH)?;
        Some(Arc::clone(&made.list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(id: &str) -> Items {
        vec![(id.into(), Bytes::from_static(b"{}"))]
    }

    async fn made(roster: &Roster, now: &str) -> String {
        roster.old(async || Ok(only(now))).await.unwrap()[0].0.to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_is_made_anew_where_something_was_changed_or_it_is_old() {
        let roster = Roster::default();
        assert_eq!(made(&roster, "one").await, "one");
        assert_eq!(made(&roster, "two").await, "one", "it is kept");
        roster.touch();
        assert_eq!(made(&roster, "three").await, "three", "it was changed");
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(made(&roster, "four").await, "three");
        tokio::time::advance(FRESH).await;
        assert_eq!(made(&roster, "five").await, "five", "it is old");
        roster.touch();
        let failed = roster.old(async || Err(Fault::internal("no rows"))).await;
        assert!(failed.is_err());
        assert_eq!(made(&roster, "six").await, "six", "a failure is not kept");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_changed_while_a_list_is_made_is_not_missed() {
        let roster = Roster::default();
        let made_before = roster.old(async || {
            roster.touch();
            Ok(only("before"))
        });
        assert_eq!(made_before.await.unwrap()[0].0.as_str(), "before");
        assert_eq!(made(&roster, "after").await, "after");
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_have_it_made_once() {
        let roster = Arc::new(Roster::default());
        let count = Arc::new(AtomicU64::new(0));
        let asked = (0..100).map(|_| {
            let (roster, count) = (Arc::clone(&roster), Arc::clone(&count));
            tokio::spawn(async move {
                let make = async || {
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    Ok(only("a"))
                };
                roster.items(make).await.unwrap().len()
            })
        });
        for asked in asked.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), 1);
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn whoever_changes_something_sees_it_in_the_next_list() {
        use serde_json::json;

        use crate::{auth::Role, operations::Told, testing::Scene};

        let scene = Scene::new().await;
        let list = |ids: &[&str]| {
            let items: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
            Ok(Told::new(json!({ "schema": "puppet.agents/1", "items": items, "next": null })))
        };
        let ids = async || {
            let body = scene.get(Some(Role::Viewer), "/api/v1/agents").await.json();
            body["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>()
        };
        scene.stub.will("agents", list(&["ann"]));
        assert_eq!(ids().await, ["ann"]);
        scene.stub.will("agents", list(&["ann", "bob"]));
        scene.stub.will("halt", Ok(Told::new(json!({}))));
        assert_eq!(scene.post(Role::Operator, "/api/v1/halt", json!({})).await.status, 200);
        assert_eq!(ids().await, ["ann", "bob"]);
    }
}
