//! Target `calls-memory`: `puppet::fuzz::calls_memory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_memory(bytes);
});
