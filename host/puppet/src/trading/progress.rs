//! How far a run over recorded bars is: how many of all, how many a second, and how long it will take. On a terminal only.

use indicatif::ProgressBar;

use crate::output::Output;

/// A bar of one part of the work.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of so many.
    pub fn new(what: &'static str, all: u64, out: Output) -> Self {
        let template = "{bar:32} {percent:>3} %  {human_pos} of {human_len} {msg}, {per_sec:0}, {eta} left";
        let bar = out.bar(Some(all), template);
        bar.set_message(what);
        Self(bar)
    }

    /// So many are done.
    pub fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// It is over, and leaves no line.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
