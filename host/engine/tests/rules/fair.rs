//! Rule 7: one bad plugin never slows another agent beyond its fair share. Turns are counted in the order of commits.

use std::sync::Arc;

use puppet_engine::{Live, Mailbox, Overflow};
use puppet_sandbox::{Limits, Standing};
use puppet_store::EventStore as _;
use puppet_types::{Event, Outcome, Priority};

use crate::{
    guest::{End, Step},
    live,
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
};

const GOOD: [&str; 4] = ["ann", "bob", "cat", "dan"];
const EACH: usize = 10;
const MINUTE: u64 = 60_000;

fn casts(bad: Vec<Step>, end: End) -> Vec<Cast> {
    let good = Cast { pack: "a-good-one", steps: vec![Step::ShiftMood], end: End::Ok, requests: everything() };
    vec![good, Cast { pack: "hog", steps: bad, end, requests: everything() }]
}

/// First a full mailbox of the bad one, all of it urgent; then a few events for each of the others.
fn events(bad: usize) -> Vec<Event> {
    let urgent = |n| Event { priority: Priority::Critical, ..event(&format!("bad{n}"), "hog", start()) };
    let mail = (0..EACH).flat_map(|n| GOOD.map(|agent| event(&format!("{agent}{n}"), agent, start())));
    (0..bad).map(urgent).chain(mail).collect()
}

fn agents() -> Vec<&'static str> {
    std::iter::once("hog").chain(GOOD).collect()
}

fn standing() -> Setting {
    Setting { clock: Some(Arc::new(live::Standing(start()))), ..Setting::default() }
}

/// A guest that uses nearly all of its fuel and ends well: nothing but turn-taking protects the others from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_of_one_agent_does_not_hold_up_the_others() {
    let bad = 100;
    let scene = Scene::with(standing(), casts(vec![Step::Burn(300_000)], End::Ok), &agents()).await;
    let workers = 2;
    let turns = live::run(
        &scene,
        Live { invocations: workers, effects: 1, ..Live::default() },
        events(bad),
        bad + GOOD.len() * EACH,
    )
    .await;
    assert!(turns.iter().all(|(_, outcome)| *outcome == "ok"));
    for agent in GOOD {
        let last = turns.iter().rposition(|(other, _)| other == agent).unwrap();
        let before = turns[..last].iter().filter(|(other, _)| other == "hog").count();
        assert!(before <= EACH + workers, "{agent} waited for {before} turns of the bad one, {EACH} are fair");
    }
    let order: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.agent.to_string()).collect();
    assert_eq!(order.len(), bad + GOOD.len() * EACH);
}

/// Spins on every event: one turn is all it gets, then its version is backed off; its events wait and are not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_spins_is_backed_off_while_the_others_are_served() {
    let bad = 50;
    let scene = Scene::with(standing(), casts(Vec::new(), End::Spin), &agents()).await;
    let turns =
        live::run(&scene, Live { invocations: 2, effects: 1, ..Live::default() }, events(bad), 1 + GOOD.len() * EACH)
            .await;
    let of_bad: Vec<_> = turns.iter().filter(|(agent, _)| agent == "hog").map(|(_, outcome)| *outcome).collect();
    assert_eq!(of_bad, ["breach"], "one breach, and no turn more");
    for agent in GOOD {
        let ok = turns.iter().filter(|turn| *turn == &(agent.to_owned(), "ok")).count();
        assert_eq!(ok, EACH, "{agent}");
    }
    let plugins = scene.host.plugins();
    assert_eq!(plugins[&"hog".into()].standing(start()), Standing::BackOff { until: after(MINUTE) });
    assert_eq!(plugins[&"a-good-one".into()].standing(start()), Standing::Good);
    let waiting = scene.store.waiting().await.unwrap();
    assert_eq!(waiting.len(), bad - 1, "the rest of its mail waits");
    assert!(waiting.iter().all(|waiting| waiting.event.agent.as_str() == "hog"));
}

/// As many agents that spin as there are places: they are still at it when everybody else has been served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_that_spin_do_not_shut_the_others_out() {
    const HOGS: [&str; 3] = ["hog", "boar", "sow"];
    let spins = |pack| Cast { pack, steps: Vec::new(), end: End::Spin, requests: everything() };
    let good = Cast { pack: "a-good-one", steps: vec![Step::ShiftMood], end: End::Ok, requests: everything() };
    let casts = std::iter::once(good).chain(HOGS.map(spins)).collect();
    let agents: Vec<&str> = HOGS.into_iter().chain(GOOD).collect();
    // A second of a processor for each that spins.
    let limits = Limits { fuel: 1_500_000_000, memory_bytes: 4 << 20, ..Limits::default() };
    let setting = Setting { limits: Some(limits), ..standing() };
    let scene = Scene::with(setting, casts, &agents).await;
    let events: Vec<Event> = agents.iter().map(|agent| event(agent, agent, start())).collect();
    let turns =
        live::run(&scene, Live { invocations: HOGS.len(), effects: 1, ..Live::default() }, events, agents.len()).await;
    let (served, spun) = turns.split_at(GOOD.len());
    assert!(served.iter().all(|(_, outcome)| *outcome == "ok"), "{turns:?}");
    assert!(spun.iter().all(|(_, outcome)| *outcome == "breach"), "{turns:?}");
}

#[tokio::test]
async fn each_strike_backs_off_for_longer_and_each_event_ends_with_its_reason() {
    let scene = Scene::with(Setting::default(), casts(Vec::new(), End::Spin), &agents()).await;
    scene.host.submit(events(8)).await.unwrap();
    scene.run_until(after(6 * HOUR)).await;
    let journal = scene.journal().await;
    let bad: Vec<_> = journal.iter().filter(|entry| entry.invocation.agent.as_str() == "hog").collect();
    let minutes: Vec<u64> = bad.iter().map(|entry| entry.invocation.at.millis_since(start()) / MINUTE).collect();
    // 1, 5, 15, 30, 60 minutes of back-off, and 60 again.
    assert_eq!(minutes, [0, 1, 6, 21, 51, 111, 171, 231]);
    assert!(bad.iter().all(|entry| matches!(entry.invocation.outcome, Outcome::Breach(..))));
    assert_eq!(bad[2].invocation.strikes, 3);
    let good = journal.iter().filter(|entry| entry.invocation.agent.as_str() != "hog");
    let late = good.filter(|entry| entry.invocation.at > start()).count();
    assert_eq!(late, 0, "the others were served in the first moment");
    let letters = scene.store.dead_letters(100).await.unwrap();
    assert_eq!(letters.len(), 8);
    assert!(letters.iter().all(|letter| letter.reason == "out-of-fuel"));
}

/// A breach every two hours, for two days: each is answered with the shortest back-off.
#[tokio::test]
async fn a_version_that_fails_now_and_then_is_never_quarantined() {
    let scene = Scene::with(Setting::default(), casts(Vec::new(), End::Spin), &agents()).await;
    let mail = (0..24).map(|n| event(&format!("bad{n}"), "hog", after(2 * n * HOUR)));
    scene.host.submit(mail.collect()).await.unwrap();
    scene.run_until(after(48 * HOUR)).await;
    let plugin = &scene.host.plugins()[&"hog".into()];
    let last = after(46 * HOUR);
    assert_eq!((plugin.strikes(), plugin.standing(last)), (1, Standing::BackOff { until: last.plus_millis(MINUTE) }));
    let journal = scene.journal().await;
    let on_time = |entry: &puppet_store::JournalEntry| entry.invocation.at == entry.invocation.event.at;
    assert!(journal.len() == 24 && journal.iter().all(on_time), "none waited for an earlier one");
}

/// The breaches of many agents that one version plays come at once: it is quarantined, and nobody else is.
#[tokio::test]
async fn a_version_that_fails_everywhere_is_quarantined_and_its_mail_waits() {
    let agents: Vec<String> = (0..12).map(|n| format!("twin{n}")).collect();
    let names: Vec<&str> = agents.iter().map(String::as_str).collect();
    let spins = Cast { pack: "spins", steps: Vec::new(), end: End::Trap, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![spins], &names).await;
    // In one moment all of them are invoked before the first is committed.
    let events = names.iter().map(|name| event(name, name, start())).collect();
    let host = Arc::clone(&scene.host);
    host.submit(events).await.unwrap();
    puppet_engine::simulation::run(&host, &scene.clock, after(1), 4, |_| {}).await.unwrap();
    let plugin = &host.plugins()[&"spins".into()];
    assert_eq!((plugin.strikes(), plugin.standing(after(1))), (12, Standing::Quarantined));
    scene.host.submit(vec![event("later", "twin0", after(2))]).await.unwrap();
    scene.run_until(after(48 * HOUR)).await;
    assert_eq!(scene.journal().await.len(), 12, "it does not run again by itself");
    assert_eq!(scene.store.waiting().await.unwrap().len(), 1, "its mail is kept");

    // Nor after a restart: only the operator lets it run, and then at once.
    let spins = || vec![Cast { pack: "spins", steps: Vec::new(), end: End::Trap, requests: everything() }];
    let scene = scene.again(Setting::default(), spins()).await;
    let plugin = &scene.host.plugins()[&"spins".into()];
    assert_eq!((plugin.strikes(), plugin.standing(after(1))), (12, Standing::Quarantined));
    scene.run_until(after(50 * HOUR)).await;
    assert_eq!(scene.journal().await.len(), 12);
    scene.host.release(&"spins".into()).await.unwrap();
    scene.run_until(after(50 * HOUR + 2)).await;
    assert_eq!((scene.journal().await.len(), plugin.strikes()), (13, 1), "a clean slate");
    let scene = scene.again(Setting::default(), spins()).await;
    assert_eq!(scene.host.plugins()[&"spins".into()].strikes(), 1);

    // Another version of the pack begins anew.
    let other = Cast { pack: "spins", steps: vec![Step::Log("mended")], end: End::Ok, requests: everything() };
    let scene = scene.again(Setting::default(), vec![other]).await;
    assert_eq!(scene.host.plugins()[&"spins".into()].strikes(), 0);
}

/// Mail for a plugin that may not run waits, so much of it: the rest is dead-lettered, least important and oldest first.
#[tokio::test]
async fn mail_of_a_quarantined_plugin_is_kept_up_to_its_bound() {
    let spins = || vec![Cast { pack: "spins", steps: Vec::new(), end: End::Trap, requests: everything() }];
    let mailbox = Mailbox { waiting: 5, overflow: Overflow::Oldest };
    let agents: Vec<String> = (0..12).map(|n| format!("twin{n}")).collect();
    let names: Vec<&str> = agents.iter().map(String::as_str).collect();
    let scene = Scene::with(Setting { mailbox, ..Setting::default() }, spins(), &names).await;
    let events = names.iter().map(|name| event(name, name, start())).collect();
    scene.host.submit(events).await.unwrap();
    puppet_engine::simulation::run(&scene.host, &scene.clock, after(1), 4, |_| {}).await.unwrap();
    let mut watcher = scene.host.watch();
    let mention = Event { priority: Priority::High, ..event("mention", "twin0", after(2)) };
    let mail = (0..9).map(|n| event(&format!("m{n}"), "twin0", after(3 + n)));
    scene.host.submit([mention].into_iter().chain(mail).collect()).await.unwrap();
    scene.host.submit(vec![event("other", "twin1", after(2))]).await.unwrap();
    scene.run_until(after(5 * HOUR)).await;
    let kept: Vec<String> = scene.store.waiting().await.unwrap().iter().map(|one| one.event.id.to_string()).collect();
    assert_eq!(kept, ["mention", "m5", "m6", "m7", "m8", "other"], "however often they are looked at");
    let letters = scene.store.dead_letters(100).await.unwrap();
    let full = letters.iter().filter(|letter| letter.reason == "mailbox-full").count();
    assert_eq!(full, 5);
    let mut told = 0;
    while let Ok(happening) = watcher.try_recv() {
        told += u32::from(matches!(happening, puppet_engine::Happening::DeadLettered { .. }));
    }
    assert_eq!(told, 5);

    // A restart keeps them, and the release handles them.
    let scene = scene.again(Setting { mailbox, ..Setting::default() }, spins()).await;
    scene.run_until(after(6 * HOUR)).await;
    assert_eq!(scene.store.waiting().await.unwrap().len(), 6);
    scene.host.release(&"spins".into()).await.unwrap();
    scene.run_until(after(7 * HOUR)).await;
    assert!(scene.store.waiting().await.unwrap().is_empty());
}
