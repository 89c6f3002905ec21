//! Target `calls-schedule`: `puppet::fuzz::calls_schedule`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_schedule(bytes);
});
