//! Target `calls-state`: `puppet::fuzz::calls_state`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_state(bytes);
});
