//! Target `calls-http`: `puppet::fuzz::calls_http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_http(bytes);
});
