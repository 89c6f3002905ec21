//! A good component with a part missing or a byte changed: an error or a typed end, and never a panic.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::{
    bare::Guest,
    stranger::{error, invoke},
};

/// Runs all of these, a few at a time, and counts how many were not loaded.
fn refused_of(files: &[Vec<u8>]) -> usize {
    let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(file) = files.get(next.fetch_add(1, SeqCst)) {
            let ran = invoke("[sandbox.limits]\nfuel = 1000000\n[sandbox.pool]\nslots = 8\n", file);
            match ran.code {
                0 | 1 => assert_eq!(ran.json()["committed"], false),
                2 => {
                    assert_eq!((ran.stdout.as_str(), &error(&ran)["code"]), ("", &"component".into()));
                    refused.fetch_add(1, SeqCst);
                }
                other => panic!("exit code {other}: {ran:?}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    refused.into_inner()
}

fn whole() -> Vec<u8> {
    Guest { wasi: Some("0.2.3"), ..Guest::default() }.bytes()
}

#[test]
fn a_changed_byte_is_an_error_or_a_typed_end() {
    let whole = whole();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let files: Vec<Vec<u8>> = (0..whole.len()).step_by(97).map(flipped).collect();
    let refused = refused_of(&files);
    assert!(files.len() > 20 && refused > files.len() / 2, "{refused} of {}", files.len());
}

#[test]
fn a_missing_end_is_refused() {
    let whole = whole();
    let files: Vec<Vec<u8>> = (0..16).map(|part| whole[..whole.len() * part / 16].to_vec()).collect();
    assert_eq!(refused_of(&files), files.len());
}
