//! Target `calls-log`: `puppet::fuzz::calls_log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_log(bytes);
});
