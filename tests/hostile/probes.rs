//! Guests that feel their way around: files, folders, sockets, environment, clocks and chance are there in name only.

use puppet_types::Breach::Forbidden;
use serde_json::Value;

use super::{
    stranger::{End, Stranger, invoke, strangers},
    text::wasi,
};

strangers! {
    a_look_for_folders: wasi(1,
        "(call $folders (i32.const 32)) (if (i32.load (i32.const 36)) (then unreachable))"
    ) => End::Harmless(|_| {});
    a_look_at_the_environment: wasi(1,
        "(call $environment (i32.const 32)) (if (i32.load (i32.const 36)) (then unreachable))
         (call $arguments (i32.const 32)) (if (i32.load (i32.const 36)) (then unreachable))"
    ) => End::Harmless(|_| {});
    a_look_at_the_clock: wasi(1,
        // 2026-03-04T05:06:07Z, the time of the event, however late it is here.
        "(call $wall (i32.const 32)) (if (i64.ne (i64.load (i32.const 32)) (i64.const 1772600767)) (then unreachable))"
    ) => End::Harmless(|_| {});
    a_sleep_of_a_year: wasi(1,
        "(local $p i32) (local.set $p (call $wait (i64.const 31536000000000000))) (call $block (local.get $p))"
    ) => End::Harmless(|_| {});
    a_look_for_a_network: wasi(1, "(drop (call $network))") => End::Breach(Forbidden, "wasi:sockets/instance-network");
}

/// Whatever is drawn comes from the seed of the invocation.
#[test]
fn a_guest_draws_the_same_chance_from_the_same_seed() {
    let bytes = wasi(
        1,
        "(local $n i32) (call $bytes (i64.const 64) (i32.const 32))
         (loop $l (i32.store8 (i32.add (i32.const 8192) (local.get $n)) (i32.add (i32.const 65)
             (i32.and (i32.const 15) (i32.load8_u (i32.add (i32.load (i32.const 32)) (local.get $n))))))
           (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 64))))
         (call $write (call $stderr) (i32.const 8192) (i32.const 64) (i32.const 32))",
    );
    let drawn = || -> Value { invoke("", &bytes).exits(0).json()["log"][0]["message"].clone() };
    let first = drawn();
    assert!(first.as_str().is_some_and(|text| text.len() == 64), "{first}");
    assert_eq!(first, drawn());
}
