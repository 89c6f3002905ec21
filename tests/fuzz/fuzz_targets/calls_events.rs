//! Target `calls-events`: `puppet::fuzz::calls_events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_events(bytes);
});
