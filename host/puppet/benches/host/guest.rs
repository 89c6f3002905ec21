//! The guest that is measured, an ordinary plugin in Rust: a line of log, a read of its memory and, for `news`, a
//! decision.

use std::{path::Path, process::Command};

use puppet_types::{Event, Priority, Timestamp};

const TARGET: &str = "wasm32-wasip2";

/// Its binary, built when it is first asked for.
pub fn bytes() -> Vec<u8> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-guest");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if (name.starts_with("CARGO_") && name != "CARGO_HOME") || name.starts_with("RUSTFLAGS") {
            command.env_remove(name.as_ref());
        }
    }
    command.args(["build", "--quiet", "--locked", "-p", "bench-guest", "--profile", "guest", "--target", TARGET]);
    let built = command.arg("--target-dir").arg(&target).current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(built.success(), "the guest does not build");
    std::fs::read(target.join(TARGET).join("guest/bench_guest.wasm")).unwrap()
}

/// Hours after a beginning.
pub fn hour(n: u64) -> Timestamp {
    Timestamp::from_millis(1_767_571_200_000 + n as i64 * 3_600_000)
}

/// Event `n`; an hour lies between two.
pub fn event(n: u64) -> Event {
    Event {
        id: format!("evt_{n:012}").into(),
        kind: "news".to_owned(),
        source: "bench".to_owned(),
        agent: "coby".into(),
        author: None,
        priority: Priority::Normal,
        at: hour(n),
        payload: serde_json::json!({ "topic": "rain", "headline": "Rain over the bay" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}
