//! Target `agent-file`: `puppet::fuzz::agent_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::agent_file(bytes);
});
