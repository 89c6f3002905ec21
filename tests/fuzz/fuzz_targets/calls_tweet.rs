//! Target `calls-tweet`: `puppet::fuzz::calls_tweet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = puppet::fuzz::calls_tweet(bytes);
});
