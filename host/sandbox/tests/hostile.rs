//! A hostile guest per limit: each hits it, and is told by its name. What they leave alone stays usable. Not here: what
//! all invocations share (`pool.rs`).

#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]

mod guest;

use std::time::{Duration, Instant};

use guest::{ANSWERS, Call, Guest, SPINS, event, generate, generator, handle, prepare, run, sandbox, setup, with_pool};
use puppet_sandbox::{CallSetup, Limits, Pool, Sandbox, SandboxConfig};
use puppet_types::{Breach, Outcome};

const PAGE: u64 = 64 << 10;

/// Asserts that a guest ends with a breach, and that the sandbox serves the next one.
async fn breaches(limits: Limits, guest: Guest<'_>, expected: Breach) -> String {
    let sandbox = sandbox(limits);
    let prepared = prepare(&sandbox, &guest.bytes()).unwrap();
    let ended = sandbox.handle(&prepared, Call::default(), &event(), setup()).await;
    let Outcome::Breach(breach, detail) = ended.outcome else { panic!("{:?} instead of {expected}", ended.outcome) };
    assert_eq!(breach, expected, "{detail}");
    let answers = prepare(&sandbox, &Guest::default().bytes()).unwrap();
    let next = sandbox.handle(&answers, Call::default(), &event(), setup()).await;
    assert_eq!(next.outcome, Outcome::Ok);
    assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (0, 0));
    detail
}

#[tokio::test]
async fn a_guest_that_answers_is_ok_and_metered() {
    let first = run(Limits::default(), Guest::default()).await;
    assert_eq!(first.outcome, Outcome::Ok);
    assert!(first.fuel > 0 && first.fuel < 1_000, "{}", first.fuel);
    assert_eq!(first.peak_memory_bytes, PAGE);
    let second = run(Limits::default(), Guest::default()).await;
    assert_eq!(first.fuel, second.fuel);
}

#[tokio::test]
async fn a_guest_that_spins_runs_out_of_fuel() {
    let limits = Limits { fuel: 5_000_000, ..Limits::default() };
    let ended = run(limits.clone(), Guest { body: SPINS, ..Guest::default() }).await;
    assert!(matches!(ended.outcome, Outcome::Breach(Breach::OutOfFuel, _)), "{:?}", ended.outcome);
    assert!(ended.fuel >= limits.fuel - 100, "{}", ended.fuel);
    breaches(limits, Guest { body: SPINS, ..Guest::default() }, Breach::OutOfFuel).await;
}

#[tokio::test]
async fn fuel_does_not_depend_on_the_yield_interval() {
    let body = handle(
        "(local $n i32) (loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000))))",
    );
    let bytes = Guest { body: &body, ..Guest::default() }.bytes();
    let mut seen = Vec::new();
    for yield_interval in [1_000, 7_777, 1_000_000] {
        let sandbox = with_pool(Limits::default(), Pool { slots: 2, yield_interval, ..Pool::default() });
        let prepared = prepare(&sandbox, &bytes).unwrap();
        seen.push(sandbox.handle(&prepared, Call::default(), &event(), setup()).await.fuel);
    }
    assert!(seen[0] > 100_000 && seen.iter().all(|fuel| *fuel == seen[0]), "{seen:?}");
}

/// What the benchmark of metering compares with: the same answer and memory, and nothing counted.
#[tokio::test]
async fn an_unmetered_sandbox_differs_in_its_fuel_alone() {
    let config = || SandboxConfig { pool: Pool { slots: 2, ..Pool::default() }, ..SandboxConfig::default() };
    let mut seen = Vec::new();
    for sandbox in [Sandbox::new(config()).unwrap(), Sandbox::unmetered(config()).unwrap()] {
        let prepared = prepare(&sandbox, &Guest::default().bytes()).unwrap();
        let ended = sandbox.handle(&prepared, Call::default(), &event(), setup()).await;
        seen.push((ended.outcome, ended.peak_memory_bytes, ended.fuel > 0));
    }
    assert_eq!(seen, [(Outcome::Ok, PAGE, true), (Outcome::Ok, PAGE, false)]);
}

/// A configuration has no word for it.
#[test]
fn no_configuration_asks_for_a_sandbox_without_metering() {
    let keys = serde_json::to_value(SandboxConfig::default()).unwrap();
    let keys: Vec<&str> = keys.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["cache_dir", "limits", "pool", "strikes"], "whoever adds one makes sure that it always meters");
    for key in ["metered", "consume_fuel"] {
        let text = format!(r#"{{"{key}": false}}"#);
        assert!(serde_json::from_str::<SandboxConfig>(&text).is_err());
        assert!(serde_json::from_str::<Pool>(&text).is_err());
    }
}

#[tokio::test]
async fn memory_is_summed_over_all_memories() {
    let limits = Limits { memory_bytes: 10 * PAGE, ..Limits::default() };
    let two = |pages: u32| {
        format!(
            "(memory $own 1) {}",
            handle(&format!(
                "(if (i32.lt_s (memory.grow $own (i32.const 4)) (i32.const 0)) (then (return (i32.const 0))))
                 (if (i32.lt_s (memory.grow $memory (i32.const {pages})) (i32.const 0)) (then unreachable))"
            ))
        )
    };
    let fits = run(limits.clone(), Guest { body: &two(4), ..Guest::default() }).await;
    assert_eq!((fits.outcome, fits.peak_memory_bytes), (Outcome::Ok, 10 * PAGE));
    breaches(limits, Guest { body: &two(5), ..Guest::default() }, Breach::OutOfMemory).await;
}

#[tokio::test]
async fn a_refused_growth_that_the_guest_lives_with_is_no_breach() {
    let limits = Limits { memory_bytes: 10 * PAGE, ..Limits::default() };
    let body = handle("(drop (memory.grow (i32.const 100))) (drop (memory.grow (i32.const 65535)))");
    let ended = run(limits, Guest { body: &body, ..Guest::default() }).await;
    assert_eq!((ended.outcome, ended.peak_memory_bytes), (Outcome::Ok, PAGE));
}

#[tokio::test]
async fn a_table_that_grows_is_stopped() {
    let grow = "(table $t 10 funcref)";
    let body = format!(
        "{grow} {}",
        handle(
            "(loop $l (br_if $l (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0)))) unreachable"
        )
    );
    breaches(Limits::default(), Guest { body: &body, ..Guest::default() }, Breach::TableTooLarge).await;
}

fn refused_for(limits: Limits, guest: Guest<'_>, expected: Breach) {
    let most = sandbox(limits);
    let error = prepare(&most, &guest.bytes()).err().unwrap();
    assert_eq!(error.breach(), Some(expected), "{error}");
    prepare(&most, &Guest::default().bytes()).unwrap();
}

#[test]
fn more_core_instances_than_allowed_are_refused() {
    let more = "(core module $x) ".to_owned() + &"(core instance (instantiate $x)) ".repeat(3);
    refused_for(
        Limits { core_instances: 4, ..Limits::default() },
        Guest { more: &more, ..Guest::default() },
        Breach::TooManyInstances,
    );
}

#[test]
fn more_memories_than_allowed_are_refused() {
    let more = "(core module $x (memory 1)) (core instance (instantiate $x)) (core instance (instantiate $x))";
    refused_for(Limits::default(), Guest { more, ..Guest::default() }, Breach::TooManyInstances);
}

#[test]
fn more_tables_than_allowed_are_refused() {
    let more =
        "(core module $x (table 1 funcref) (table 1 funcref) (table 1 funcref)) (core instance (instantiate $x))";
    refused_for(
        Limits { tables: 2, ..Limits::default() },
        Guest { more, ..Guest::default() },
        Breach::TooManyInstances,
    );
}

/// Counts are of a whole component, however its modules share them.
#[test]
fn a_limit_counts_what_lies_in_several_modules_and_in_one() {
    let table = "(core module $x (table 1 funcref))";
    let instances = |count| table.to_owned() + &"(core instance (instantiate $x))".repeat(count);
    let limits = Limits { tables: 2, ..Limits::default() };
    prepare(&sandbox(limits.clone()), &Guest { more: &instances(2), ..Guest::default() }.bytes()).unwrap();
    refused_for(limits, Guest { more: &instances(3), ..Guest::default() }, Breach::TooManyInstances);
    let limits = Limits { tables: 2, memories: 3, ..Limits::default() };
    let both = "(memory 1) (memory 1) (table 30000 funcref) (table 1 funcref)";
    let more = format!("(core module $x {both}) (core instance (instantiate $x))");
    prepare(&sandbox(limits), &Guest { more: &more, ..Guest::default() }.bytes()).unwrap();
}

#[test]
fn declarations_beyond_a_limit_are_refused() {
    let limits = Limits { memory_bytes: 10 * PAGE, ..Limits::default() };
    refused_for(limits.clone(), Guest { pages: 11, ..Guest::default() }, Breach::OutOfMemory);
    prepare(&sandbox(limits), &Guest { pages: 10, ..Guest::default() }.bytes()).unwrap();
    // The pool counts in whole pages of the system, the limit does not.
    let less = Limits { memory_bytes: 11 * PAGE - 1, ..Limits::default() };
    refused_for(less, Guest { pages: 11, ..Guest::default() }, Breach::OutOfMemory);
    let body = format!("(table 50000 funcref) {ANSWERS}");
    refused_for(Limits::default(), Guest { body: &body, ..Guest::default() }, Breach::TableTooLarge);
    let more = r#"(type $r (resource (rep i32))) (core func (canon resource.new $r))"#;
    refused_for(Limits::default(), Guest { more, ..Guest::default() }, Breach::TooManyHandles);
}

#[tokio::test]
async fn recursion_ends_at_the_stack_bound() {
    // Deep frames of its own: the native stack ends first.
    let native = format!(
        "(func $f (param i64) (result i64) (i64.add (call $f (i64.add (local.get 0) (i64.const 1))) (local.get 0))) {}",
        handle("(drop (call $f (i64.const 1)))")
    );
    breaches(Limits::default(), Guest { body: &native, ..Guest::default() }, Breach::OutOfStack).await;
    // A stack in the guest's memory that grows down: an access below its first byte.
    let shadow = format!(
        "(global $sp (mut i32) (i32.const 65536))
         (func $f (result i32)
           (global.set $sp (i32.sub (global.get $sp) (i32.const 256)))
           (i32.store (global.get $sp) (i32.const 1))
           (i32.add (call $f) (i32.const 1))) {}",
        handle("(drop (call $f))")
    );
    breaches(Limits::default(), Guest { body: &shadow, ..Guest::default() }, Breach::OutOfStack).await;
    // A wild pointer is no recursion.
    let wild = handle("(i32.store (i32.const -4) (i32.const 1))");
    breaches(Limits::default(), Guest { body: &wild, ..Guest::default() }, Breach::Trap).await;
}

#[tokio::test]
async fn the_stack_bound_is_the_one_of_the_limits() {
    // Five thousand calls in each other: more than 64 KiB, however small a frame is.
    let body = format!(
        "(func $f (param i64) (result i64)
           (if (i64.eqz (local.get 0)) (then (return (i64.const 0))))
           (i64.add (call $f (i64.sub (local.get 0) (i64.const 1))) (local.get 0))) {}",
        handle("(drop (call $f (i64.const 5000)))")
    );
    let guest = || Guest { body: &body, ..Guest::default() };
    let outcome = async |kib: u64| run(Limits { stack_bytes: kib << 10, ..Limits::default() }, guest()).await.outcome;
    assert_eq!(outcome(1_536).await, Outcome::Ok);
    breaches(Limits { stack_bytes: 64 << 10, ..Limits::default() }, guest(), Breach::OutOfStack).await;
}

/// What is no number has one pattern of bits, whatever the processor makes of it: else a replay elsewhere differs.
#[tokio::test]
async fn what_is_no_number_is_the_same_bits_everywhere() {
    let body = format!(
        "(global $zero (mut f64) (f64.const 0)) {}",
        handle(
            "(if (i64.ne (i64.reinterpret_f64 (f64.div (global.get $zero) (global.get $zero))) (i64.const 0x7ff8000000000000))
               (then unreachable))"
        )
    );
    assert_eq!(run(Limits::default(), Guest { body: &body, ..Guest::default() }).await.outcome, Outcome::Ok);
}

fn wasi(body: &str, pages: u32) -> Guest<'_> {
    Guest { body, pages, wasi: Some("0.2.3"), ..Guest::default() }
}

#[tokio::test]
async fn a_huge_argument_is_not_copied() {
    let body = handle("(call $write (call $stderr) (i32.const 0) (i32.const 3000000) (i32.const 32))");
    breaches(Limits::default(), wasi(&body, 64), Breach::TooManyHostBytes).await;
}

#[tokio::test]
async fn a_huge_answer_is_not_copied() {
    // `err(failed(text))` with a text of 3 MB.
    let body = handle(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 1))
         (i32.store (i32.const 32) (i32.const 64)) (i32.store (i32.const 36) (i32.const 3000000))",
    );
    breaches(Limits::default(), wasi(&body, 64), Breach::TooManyHostBytes).await;
}

#[tokio::test]
async fn handles_are_bounded() {
    let body = handle("(loop $l (drop (call $stderr)) (br $l))");
    breaches(Limits::default(), wasi(&body, 1), Breach::TooManyHandles).await;
}

#[tokio::test]
async fn wasi_calls_are_counted() {
    let body = handle("(loop $l (drop (call $number)) (br $l))");
    let detail = breaches(Limits::default(), wasi(&body, 1), Breach::TooManyHostCalls).await;
    assert_eq!(detail, "`get-random-u64` after 20000 WASI calls");
}

#[tokio::test]
async fn calls_of_what_is_not_there_are_counted_too() {
    let body = handle("(loop $l (call $folders (i32.const 32)) (br $l))");
    let limits = Limits { wasi_calls: 100, ..Limits::default() };
    let detail = breaches(limits, wasi(&body, 1), Breach::TooManyHostCalls).await;
    assert_eq!(detail, "`wasi:filesystem/preopens.get-directories` after 100 WASI calls");
}

#[tokio::test]
async fn random_bytes_are_bounded() {
    let body = handle("(call $bytes (i64.const 65537) (i32.const 32))");
    breaches(Limits::default(), wasi(&body, 1), Breach::TooManyHostBytes).await;
    let body = handle("(call $bytes (i64.const 65536) (i32.const 32))");
    assert_eq!(run(Limits::default(), wasi(&body, 1)).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn output_beyond_its_bound_is_dropped() {
    let body = format!(
        "(data (i32.const 8192) \"why\\n\") {}",
        handle(
            "(local $n i32) (local $out i32) (local.set $out (call $stderr))
             (loop $l (call $write (local.get $out) (i32.const 8192) (i32.const 50000) (i32.const 32))
               (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))"
        )
    );
    let ended = run(Limits::default(), wasi(&body, 1)).await;
    assert_eq!(ended.outcome, Outcome::Ok);
    let kept: usize =
        ended.output.iter().filter(|line| line.level == "stderr").map(|line| line.message.len() + 1).sum();
    assert_eq!(kept, (64 << 10) + 1);
    assert_eq!(ended.output[0].message, "why");
    assert_eq!(ended.output.last().unwrap().message, "434464 more bytes of output were dropped");
}

/// A guest's runtime asks how much it may write and waits until that is something.
#[tokio::test]
async fn a_stream_always_offers_room() {
    let body = handle(
        "(call $room (call $stderr) (i32.const 32))
         (if (i32.load8_u (i32.const 32)) (then unreachable))
         (if (i64.ne (i64.load (i32.const 40)) (i64.const 65536)) (then unreachable))",
    );
    assert_eq!(run(Limits::default(), wasi(&body, 1)).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn output_lines_beyond_their_bound_are_dropped() {
    let body = format!(
        "(data (i32.const 8192) \"a\\n\") {}",
        handle(
            "(local $n i32) (local $out i32) (local.set $out (call $stderr))
             (loop $l (call $write (local.get $out) (i32.const 8192) (i32.const 2) (i32.const 32))
               (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))"
        )
    );
    let ended = run(Limits { output_lines: 3, ..Limits::default() }, wasi(&body, 1)).await;
    assert_eq!(ended.outcome, Outcome::Ok);
    let lines: Vec<&str> = ended.output.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["a", "a", "a", "14 more bytes of output were dropped"]);
}

#[tokio::test]
async fn a_panic_is_told_in_the_guests_own_words() {
    let body = format!(
        "(data (i32.const 100) \"panicked at lib.rs:1\") {}",
        handle("(call $write (call $stderr) (i32.const 100) (i32.const 20) (i32.const 32)) unreachable")
    );
    let detail = breaches(Limits::default(), wasi(&body, 1), Breach::Trap).await;
    assert_eq!(detail, "panicked at lib.rs:1");
}

#[test]
fn a_component_that_is_too_big_is_refused() {
    let limits = Limits { component_bytes: 64 << 10, ..Limits::default() };
    let body = format!("(data (i32.const 0) \"{}\") {ANSWERS}", "x".repeat(65_000));
    let bytes = Guest { body: &body, ..Guest::default() }.bytes();
    let error = prepare(&sandbox(limits), &bytes).err().unwrap();
    assert!(error.to_string().contains("`sandbox.limits.component_bytes`"), "{error}");
    let fits = Limits { component_bytes: bytes.len() as u64, ..Limits::default() };
    prepare(&sandbox(fits), &bytes).unwrap();
}

#[tokio::test]
async fn exit_and_sockets_are_forbidden_by_name() {
    let exit = handle("(call $exit (i32.const 0))");
    let detail = breaches(Limits::default(), wasi(&exit, 1), Breach::Forbidden).await;
    assert!(detail.starts_with("`wasi:cli/exit`"), "{detail}");
    let network = handle("(drop (call $network))");
    let detail = breaches(Limits::default(), wasi(&network, 1), Breach::Forbidden).await;
    assert!(detail.starts_with("`wasi:sockets/instance-network.instance-network`"), "{detail}");
}

#[tokio::test]
async fn every_version_of_wasi_0_2_links_and_sees_no_folder() {
    let body = handle("(call $folders (i32.const 32)) (if (i32.load (i32.const 36)) (then unreachable))");
    for patch in 0..=12 {
        let version = format!("0.2.{patch}");
        let ended = run(Limits::default(), Guest { wasi: Some(&version), ..wasi(&body, 1) }).await;
        assert_eq!(ended.outcome, Outcome::Ok, "{version}");
    }
}

#[tokio::test]
async fn a_sleep_takes_no_time_and_moves_the_clock() {
    let body = handle(
        "(local $p i32) (if (i64.ne (call $now) (i64.const 0)) (then unreachable))
         (local.set $p (call $wait (i64.const 3600000000000))) (call $block (local.get $p))
         (call $drop-pollable (local.get $p))
         (if (i64.ne (call $now) (i64.const 3600000000000)) (then unreachable))",
    );
    assert_eq!(run(Limits::default(), wasi(&body, 1)).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn the_seed_decides_what_is_drawn() {
    let bytes = wasi(&handle("(i64.store (i32.const 100) (call $number)) (call $write (call $stderr) (i32.const 100) (i32.const 8) (i32.const 32))"), 1).bytes();
    let sandbox = sandbox(Limits::default());
    let prepared = prepare(&sandbox, &bytes).unwrap();
    let mut drawn = Vec::new();
    for seed in [1, 1, 2] {
        let ended = sandbox.handle(&prepared, Call::default(), &event(), CallSetup { seed, ..setup() }).await;
        drawn.push(ended.output);
    }
    assert_eq!(drawn[0], drawn[1]);
    assert_ne!(drawn[0], drawn[2]);
}

#[tokio::test]
async fn a_failure_is_an_outcome_not_a_breach() {
    let failed = handle(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 1))
         (i32.store (i32.const 32) (i32.const 100)) (i32.store (i32.const 36) (i32.const 2))",
    );
    let body = format!("(data (i32.const 100) \"no\") {failed}");
    let ended = run(Limits::default(), Guest { body: &body, ..Guest::default() }).await;
    assert_eq!(ended.outcome, Outcome::Failed("no".to_owned()));
}

#[tokio::test]
async fn a_generator_hears_its_trigger_and_answers_with_events() {
    let sandbox = sandbox(Limits::default());
    let prepared = prepare(&sandbox, &generator()).unwrap();
    for (kind, heard) in [("agent_started", "started"), ("timer", "timer"), ("news", "news")] {
        let (ended, events) = generate(&sandbox, &prepared, kind).await;
        assert_eq!(ended.outcome, Outcome::Ok);
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), events[0].payload.as_str(), events[0].delay_ms), (heard, "{}", 1_500));
        assert_eq!(events[0].priority, puppet_types::Priority::High);
    }
    let refused = sandbox.handle(&prepared, Call::default(), &event(), setup()).await;
    assert!(matches!(refused.outcome, Outcome::Failed(_)));
}

#[tokio::test]
async fn a_deadline_ends_a_spinning_guest_and_one_that_waits_in_the_host() {
    let sandbox = sandbox(Limits { fuel: 1_000_000_000_000, ..Limits::default() });
    let waits = handle("(call $log-wait)");
    for guest in [Guest { body: SPINS, ..Guest::default() }, Guest { body: &waits, host: true, ..Guest::default() }] {
        let prepared = prepare(&sandbox, &guest.bytes()).unwrap();
        let deadline = Some(Duration::from_millis(50));
        let since = Instant::now();
        let ended = sandbox.handle(&prepared, Call::default(), &event(), CallSetup { deadline, ..setup() }).await;
        let expected = Outcome::Breach(Breach::Deadline, "after 50 ms".to_owned());
        assert_eq!(ended.outcome, expected);
        assert!(since.elapsed() >= Duration::from_millis(50) && since.elapsed() < Duration::from_secs(5));
        assert_eq!(sandbox.pool_use().slots, 0);
    }
}

/// One instruction can move megabytes: it costs fuel by its length, so that it neither slips past the fuel nor holds
/// a worker past the deadline.
#[tokio::test]
async fn bulk_memory_work_is_metered_by_its_length() {
    let fill = |bytes: u32| handle(&format!("(memory.fill (i32.const 0) (i32.const 0) (i32.const {bytes}))"));
    let fuel =
        async |bytes| run(Limits::default(), Guest { body: &fill(bytes), pages: 512, ..Guest::default() }).await.fuel;
    let (short, long) = (fuel(16).await, fuel(32 << 20).await);
    assert!(long - short >= (32 << 20) - 16, "{short} {long}");

    let body = handle("(loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 33554432)) (br $l))");
    let sandbox = sandbox(Limits { fuel: 1_000_000_000_000, ..Limits::default() });
    let prepared = prepare(&sandbox, &Guest { body: &body, pages: 512, ..Guest::default() }.bytes()).unwrap();
    let since = Instant::now();
    let deadline = Some(Duration::from_millis(50));
    let ended = sandbox.handle(&prepared, Call::default(), &event(), CallSetup { deadline, ..setup() }).await;
    assert!(matches!(ended.outcome, Outcome::Breach(Breach::Deadline, _)), "{:?}", ended.outcome);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}
