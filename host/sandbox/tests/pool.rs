//! What all invocations share: slots, live bytes, turns of the processor. Whoever finds no room waits; nobody fails for it.

#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]

mod guest;

use std::time::{Duration, Instant};

use guest::{Call, Guest, SPINS, event, handle, prepare, sandbox, setup, with_pool};
use puppet_sandbox::{CallSetup, Limits, Pool, PoolUse};
use puppet_types::{Breach, Outcome};

const PAGE: u64 = 64 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_waits_and_never_fails() {
    let limits = Limits { memory_bytes: 4 << 20, ..Limits::default() };
    let pool = Pool { slots: 8, live_bytes: 8 << 20, ..Pool::default() };
    let sandbox = std::sync::Arc::new(with_pool(limits, pool));
    let body = handle("(drop (memory.grow (i32.const 40)))");
    let prepared = std::sync::Arc::new(prepare(&sandbox, &Guest { body: &body, ..Guest::default() }.bytes()).unwrap());
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (sandbox, prepared) = (sandbox.clone(), prepared.clone());
            tokio::spawn(async move {
                let deadline = Some(Duration::from_secs(30));
                sandbox.handle(&prepared, Call::default(), &event(), CallSetup { deadline, ..setup() }).await.outcome
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Outcome::Ok);
    }
    assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (0, 0));
}

/// What a component took in its first call its next is admitted with: while one holds all of it, the other is not
/// even made.
#[tokio::test]
async fn a_hog_of_live_bytes_makes_the_next_call_wait() {
    let limits = Limits { memory_bytes: 4 << 20, ..Limits::default() };
    let sandbox = with_pool(limits, Pool { slots: 8, live_bytes: 4 << 20, ..Pool::default() });
    let body = handle("(drop (memory.grow $memory (i32.const 62))) (call $log-wait)");
    let hog = prepare(&sandbox, &Guest { body: &body, host: true, ..Guest::default() }.bytes()).unwrap();
    let (event, sandbox, hog) = (&event(), &sandbox, &hog);
    let call = |millis| {
        let deadline = Some(Duration::from_millis(millis));
        sandbox.handle(hog, Call::default(), event, CallSetup { deadline, ..setup() })
    };
    let peak = call(1).await.peak_memory_bytes;
    assert!(peak > 3 << 20, "{peak}");

    let (mut first, mut second) = (Box::pin(call(600_000)), Box::pin(call(1)));
    assert!(tokio::time::timeout(Duration::from_millis(1), &mut first).await.is_err(), "it waits in the host");
    let used = sandbox.pool_use();
    assert!(used.live_bytes >= peak && used.live_bytes <= used.live_bytes_most, "{used:?}");
    // Its deadline would begin with it.
    let let_in = tokio::time::timeout(Duration::from_millis(50), &mut second).await.is_ok();
    assert!(!let_in, "beside the other");
    drop(first);
    assert!(matches!(second.await.outcome, Outcome::Breach(Breach::Deadline, _)));
    let used = sandbox.pool_use();
    assert_eq!((used.slots, used.live_bytes), (0, 0));
}

/// What a component declares, or was seen to use, is what its calls are admitted with: where only one of two fits, the
/// other waits, and the pool is not overdrawn.
#[tokio::test]
async fn a_call_waits_until_the_memory_that_it_needs_is_free() {
    let limits = Limits { memory_bytes: 10 * PAGE, ..Limits::default() };
    let pool = Pool { slots: 8, live_bytes: 10 * PAGE, ..Pool::default() };
    let sandbox = std::sync::Arc::new(with_pool(limits, pool));
    let (declares, grows) = (handle("(call $log-wait)"), handle("(drop (memory.grow (i32.const 5))) (call $log-wait)"));
    for (body, pages) in [(&declares, 6), (&grows, 1)] {
        let guest = Guest { body, pages, host: true, ..Guest::default() };
        let prepared = std::sync::Arc::new(prepare(&sandbox, &guest.bytes()).unwrap());
        if pages < 6 {
            let seen = CallSetup { deadline: Some(Duration::from_millis(20)), ..setup() };
            let ended = sandbox.handle(&prepared, Call::default(), &event(), seen).await;
            assert_eq!(ended.peak_memory_bytes, 6 * PAGE);
        }
        let calls = [(); 2].map(|()| {
            let (sandbox, prepared) = (sandbox.clone(), prepared.clone());
            tokio::spawn(async move { sandbox.handle(&prepared, Call::default(), &event(), setup()).await.outcome })
        });
        // What is free is set aside for the one that waits.
        for (call, (slots, pages)) in calls.into_iter().zip([(2, 10), (1, 6)]) {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let (live_bytes, live_bytes_most) = (pages * PAGE, 10 * PAGE);
            assert_eq!(sandbox.pool_use(), PoolUse { slots, slots_most: 8, live_bytes, live_bytes_most });
            call.abort();
            assert!(call.await.is_err());
        }
        assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (0, 0));
    }
}

/// More than wasmtime's own pool has room for: each slot has its instances, memories, tables and stack.
#[tokio::test]
async fn as_many_calls_are_under_way_at_once_as_the_pool_has_slots() {
    const SLOTS: u32 = 1_100;
    let pool = Pool { slots: SLOTS, ..Pool::default() };
    let sandbox = std::sync::Arc::new(with_pool(Limits { memories: 1, tables: 2, ..Limits::default() }, pool));
    let body = format!("(table 1 funcref) {}", handle("(call $log-wait)"));
    let guest = Guest { body: &body, host: true, ..Guest::default() };
    let prepared = std::sync::Arc::new(prepare(&sandbox, &guest.bytes()).unwrap());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..SLOTS {
        let (sandbox, prepared) = (sandbox.clone(), prepared.clone());
        calls.spawn(async move { sandbox.handle(&prepared, Call::default(), &event(), setup()).await.outcome });
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let used = sandbox.pool_use();
    assert_eq!((used.slots, used.live_bytes), (u64::from(SLOTS), u64::from(SLOTS) * PAGE));
    let ended = calls.try_join_next();
    assert!(ended.is_none(), "all of them wait in the host: {ended:?}");
}

/// On one thread, guests take turns of one yield interval: a neighbour that spins costs a short call one turn of each
/// spinner, not their whole length.
#[tokio::test]
async fn a_spinning_guest_does_not_delay_another_beyond_its_share() {
    let sandbox = std::sync::Arc::new(sandbox(Limits { fuel: 1_000_000_000_000, ..Limits::default() }));
    let spins = std::sync::Arc::new(prepare(&sandbox, &Guest { body: SPINS, ..Guest::default() }.bytes()).unwrap());
    let answers = prepare(&sandbox, &Guest::default().bytes()).unwrap();
    let spinners: Vec<_> = (0..4)
        .map(|_| {
            let (sandbox, spins) = (sandbox.clone(), spins.clone());
            tokio::spawn(async move { sandbox.handle(&spins, Call::default(), &event(), setup()).await.outcome })
        })
        .collect();
    tokio::task::yield_now().await;
    let since = Instant::now();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        let ended = sandbox.handle(&answers, Call::default(), &event(), setup()).await;
        assert_eq!(ended.outcome, Outcome::Ok);
    }
    // 20 calls behind 4 spinners, a few milliseconds a turn in the slowest build; the spinners would take minutes.
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert!(spinners.iter().all(|spinner| !spinner.is_finished()));
    for spinner in spinners {
        spinner.abort();
        assert!(spinner.await.is_err());
    }
    assert_eq!(sandbox.pool_use().slots, 0);
}
