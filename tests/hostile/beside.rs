//! Every stranger of the tables in one host, one after the other, beside a well-behaved agent: it ends there as it does
//! by itself, leaves nothing, gives back what it took, and the other is served at its moment.

use puppet_engine::Plugin;
use puppet_grants::Requests;
use puppet_sandbox::{Limits, World};
use puppet_store::EventStore as _;
use puppet_types::{Outcome, Timestamp};

use super::{
    all,
    guest::{End as Ends, Step},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything},
    stranger::{End, Stranger},
};

/// Rows that are about the clock or the model of `puppet invoke`, which are others here.
const OTHERWISE: [&str; 2] = ["a_look_at_the_clock", "a_slow_chain_of_calls"];

/// Who plays every stranger.
const PACK: &str = "stranger";

/// Where a stranger may have left something.
const TABLES: [&str; 6] = ["outbox", "memories", "moods", "relationships", "plugin_state", "timers"];

/// The world of a file that can be loaded.
fn world(scene: &Scene, bytes: &[u8]) -> Option<World> {
    let sandbox = &scene.host.sandbox;
    let compiled = sandbox.compile(bytes).ok()?;
    let imports = compiled.inspection().capabilities.iter();
    let requests: Requests = imports
        .filter(|import| !import.comes_with_every_plugin())
        .map(|import| (*import, Default::default()))
        .collect();
    let plugin = Plugin::load(sandbox, &compiled, PACK.into(), "1.0.0".to_owned(), requests);
    plugin.ok().map(|_| compiled.inspection().world)
}

/// One event for the stranger and one for `ann` at a moment; how the stranger's call ended, where it could be called.
async fn met(scene: &Scene, row: &Stranger, at: Timestamp) -> Option<Outcome> {
    let bytes = (row.bytes)();
    let good = format!("to ann beside {}", row.name);
    let mut mail = vec![event(&good, "ann", at)];
    if let Some(world) = world(scene, &bytes) {
        scene.install(PACK, &bytes, everything());
        scene.join(PACK).await;
        let mailbox = if world == World::EventGenerator { format!("generator:{PACK}") } else { PACK.to_owned() };
        mail.insert(0, event(row.name, &mailbox, at));
    }
    scene.host.submit(mail).await.unwrap();
    scene.run_until(at.plus_millis(60_000)).await;
    let journal = scene.journal().await;
    let of = |id: &str| journal.iter().map(|entry| &entry.invocation).find(|call| call.event.id.as_str() == id);
    let served = of(&good).unwrap_or_else(|| panic!("ann was not served beside {}", row.name));
    assert_eq!((&served.outcome, served.at), (&Outcome::Ok, at), "{}", row.name);
    of(row.name).map(|call| call.outcome.clone())
}

#[tokio::test]
async fn every_stranger_ends_by_itself_beside_a_good_agent() {
    let good = Cast { pack: "a-good-one", steps: vec![Step::PostEventId], end: Ends::Ok, requests: everything() };
    let limits = Limits { fuel: 20_000_000, ..Limits::default() };
    let setting = Setting { limits: Some(limits), ..Setting::default() };
    let scene = Scene::with(setting, vec![good], &["ann"]).await;
    let rows: Vec<&Stranger> = all().filter(|row| row.settings.is_empty() && !OTHERWISE.contains(&row.name)).collect();
    let mut breached = 0;
    for (hours, row) in (0..).zip(&rows) {
        let outcome = met(&scene, row, after(hours * HOUR)).await;
        match (&row.end, &outcome) {
            (End::Breach(breach, _), Some(Outcome::Breach(met, _))) if met == breach => breached += 1,
            (End::Harmless(_), Some(Outcome::Ok)) | (End::Refused(_) | End::TooMuch(..), None) => {}
            _ => panic!("`{}` ended otherwise: {outcome:?}", row.name),
        }
        let used = scene.host.sandbox.pool_use();
        assert_eq!((used.slots, used.live_bytes), (0, 0), "{}", row.name);
    }
    assert!(breached > 30 && rows.len() > breached + 15, "{breached} of {}", rows.len());
    assert_eq!(scene.network.published(), rows.len(), "a post of ann for each");
    let letters = scene.store.dead_letters(1_000).await.unwrap();
    assert_eq!(letters.len(), breached);
    let own = format!("Text({:?})", PACK.as_bytes());
    let tables = scene.rows();
    for table in TABLES {
        assert!(!tables[table].iter().any(|row| row.contains(&own)), "a stranger left something in {table}");
    }
}
