//! Target `calls-wallet`: `puppet::fuzz::calls_wallet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_wallet(bytes);
});
