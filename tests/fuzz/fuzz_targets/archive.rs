//! Target `archive`: `puppet::fuzz::archive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::archive(bytes);
});
