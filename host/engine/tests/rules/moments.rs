//! What happens at one virtual moment, and when what follows from it arrives: order is by (time, priority, agent,
//! sequence), whatever the number of workers; nothing that follows from a moment happens within it.

use puppet_engine::simulation;
use puppet_store::{EventStore as _, JournalEntry};
use puppet_types::{Event, MAX_HOPS, Priority};

use crate::{
    guest::{End, Step},
    live,
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

fn cast(steps: &[Step]) -> Cast {
    Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests: everything() }
}

/// A state that is read, then written: what an event sees of those before it is in the journal.
const SEES: [Step; 2] = [Step::GetState, Step::PutState("been here")];

fn of(id: &str, agent: &str, priority: Priority) -> Event {
    Event { priority, ..event(id, agent, start()) }
}

/// Two events and three, and one, in no order at all, all at once.
fn mail() -> Vec<Event> {
    use Priority::{Critical, High, Low, Normal};
    vec![
        of("cat1", "cat", Low),
        of("ann1", "ann", Low),
        of("bob1", "bob", Normal),
        of("ann2", "ann", Normal),
        of("bob2", "bob", Critical),
        of("bob3", "bob", Critical),
        Event { at: after(1), ..of("ann3", "ann", Critical) },
        of("dan1", "dan", High),
        of("dan2", "dan", High),
    ]
}

async fn handled(events: Vec<Event>, workers: usize) -> (Scene, Vec<JournalEntry>) {
    let scene = Scene::with(Setting::default(), vec![cast(&SEES)], &["ann", "bob", "cat", "dan"]).await;
    scene.host.submit(events).await.unwrap();
    simulation::run(&scene.host, &scene.clock, after(60_000), workers, |_| {}).await.unwrap();
    let journal = scene.journal().await;
    (scene, journal)
}

fn ids(journal: &[JournalEntry]) -> Vec<&str> {
    journal.iter().map(|entry| entry.invocation.event.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_events_of_a_moment_are_committed_in_waves_by_priority_agent_and_sequence() {
    // The first of each agent, the second of each, and so on; then the next moment, however urgent it is.
    let order = ["bob2", "dan1", "ann2", "cat1", "bob3", "dan2", "ann1", "bob1", "ann3"];
    for workers in [1, 8] {
        let (_, journal) = handled(mail(), workers).await;
        assert_eq!(ids(&journal), order, "{workers} workers");
    }
}

#[tokio::test]
async fn an_event_sees_what_its_own_agent_committed_before_it_in_the_same_moment() {
    let (_, journal) = handled(mail(), 8).await;
    let mut seen = std::collections::BTreeSet::new();
    for JournalEntry { invocation, .. } in &journal {
        let read = invocation.reads.iter().find(|read| read.operation == "get").unwrap();
        let again = !seen.insert(&invocation.agent);
        assert_eq!(read.answer.as_str() != "null", again, "{}: {}", invocation.event.id, read.answer.as_str());
    }
}

#[tokio::test]
async fn what_is_emitted_arrives_a_millisecond_later_and_never_within_its_moment() {
    let scene = Scene::of(cast(&[Step::Emit("pack.again")])).await;
    scene.host.submit(vec![event("first", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    let journal = scene.journal().await;
    let times: Vec<u64> = journal.iter().map(|entry| entry.invocation.at.millis_since(start())).collect();
    // Each makes the next, one step further from the outside, until the chain is cut.
    assert_eq!(times, (0..=u64::from(MAX_HOPS)).collect::<Vec<_>>());
    let letters = scene.store.dead_letters(10).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.reason.as_str()).collect::<Vec<_>>(), ["loop"]);
}

#[tokio::test]
async fn an_effect_leaves_a_virtual_second_after_its_commit_and_live_a_millisecond() {
    let scene = Scene::of(cast(&[Step::PostEventId])).await;
    scene.host.submit(vec![event("first", "ann", start())]).await.unwrap();
    scene.run_until(after(1_000)).await;
    assert_eq!(scene.network.published(), 0, "not within a second");
    scene.run_until(after(1_001)).await;
    assert_eq!(scene.network.orders.lock().unwrap()[0].at, after(1_000));
    assert_eq!(scene.host.later(start()), after(1_000), "what follows from an effect arrives as much later");

    let standing = Setting { clock: Some(std::sync::Arc::new(live::Standing(start()))), ..Setting::default() };
    let live = Scene::with(standing, vec![cast(&[])], &["ann"]).await;
    assert_eq!(live.host.later(start()), after(1));
}
