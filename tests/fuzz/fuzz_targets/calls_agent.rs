//! Target `calls-agent`: `puppet::fuzz::calls_agent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_agent(bytes);
});
