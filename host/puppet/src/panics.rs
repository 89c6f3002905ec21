//! What is said of a panic: a fault of ours, told on stderr like everything else, without credentials. A panic may
//! quote whatever it fell over; the hook that Rust comes with prints that as it is.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, Write as _},
    panic::{self, PanicHookInfo},
    thread,
};

use puppet_types::scrub;

use crate::output::printable;

/// From now on a panic of any thread is told so.
pub fn hook() {
    panic::set_hook(Box::new(|info| {
        let told = told(info, thread::current().name(), &Backtrace::capture());
        // Nobody to tell is no reason to panic again.
        let _ = writeln!(io::stderr(), "{}", printable(&scrub::text(&told)));
    }));
}

/// As Rust words it. `RUST_BACKTRACE` says whether there is a backtrace.
fn told(info: &PanicHookInfo<'_>, thread: Option<&str>, backtrace: &Backtrace) -> String {
    let thread = thread.unwrap_or("<unnamed>");
    let trace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    format!("thread '{thread}' {info}{trace}")
}
