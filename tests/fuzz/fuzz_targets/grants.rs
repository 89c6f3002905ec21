//! Target `grants`: `puppet::fuzz::grants`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::grants(bytes);
});
