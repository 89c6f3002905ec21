//! Target `calls-market`: `puppet::fuzz::calls_market`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_market(bytes);
});
