//! Target `calls-llm`: `puppet::fuzz::calls_llm`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_llm(bytes);
});
