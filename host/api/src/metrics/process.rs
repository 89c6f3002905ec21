//! What the system knows of this process (Linux; elsewhere these metrics have no samples).

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    names::{CPU, MAX_FDS, OPEN_FDS, RESIDENT, START, VIRTUAL},
    text::Page,
};

/// Ticks a second of `/proc/self/stat`: `USER_HZ`, which Linux has at 100 for every program (time(7)).
const TICKS: f64 = 100.0;

static BEGUN: LazyLock<f64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let age = uptime().zip(stat()).map_or(0.0, |(up, stat)| up - stat.started);
    now - age.max(0.0)
});

/// Fields of `/proc/self/stat`, in seconds and bytes (proc_pid_stat(5)).
struct Stat {
    cpu: f64,
    /// After the start of the machine.
    started: f64,
    virtual_bytes: u64,
}

fn stat() -> Option<Stat> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything, and ends with the last parenthesis. `state` is the first after it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |nth: usize| fields.get(nth)?.parse::<u64>().ok();
    let seconds = |nth: usize| number(nth).map(|ticks| ticks as f64 / TICKS);
    Some(Stat { cpu: seconds(11)? + seconds(12)?, started: seconds(19)?, virtual_bytes: number(20)? })
}

fn uptime() -> Option<f64> {
    // Where only processes can be seen (`ProcSubset=pid`) the process began when this was first asked: at its start.
    std::fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()
}

fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

fn most_files() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// From now on it is known when the process began.
pub fn begun() {
    LazyLock::force(&BEGUN);
}

/// Writes them.
pub fn write(page: &mut Page) {
    let stat = stat();
    let mut some = |metric, value: Option<f64>| {
        let mut family = page.of(metric);
        value.into_iter().for_each(|value| family.sample(&[], value));
    };
    some(RESIDENT, resident_bytes().map(|bytes| bytes as f64));
    some(VIRTUAL, stat.as_ref().map(|stat| stat.virtual_bytes as f64));
    some(CPU, stat.as_ref().map(|stat| stat.cpu));
    some(OPEN_FDS, std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64));
    some(MAX_FDS, most_files().map(|files| files as f64));
    some(START, Some(*BEGUN));
}
