//! What is told of each stage, on the board and to those who watch.

use puppet_engine::swap::Shadow;
use puppet_packs::Entry;
use puppet_types::{Digest, counted};

use super::{Progress, drive::Way};

impl Way {
    pub(super) fn begin(&self, entry: &Entry, digest: Option<Digest>) {
        let serving = self.context.host.plugins().get(&self.pack).cloned();
        let progress = Progress {
            version: entry.version.to_string(),
            digest,
            state: "staged",
            reason: None,
            share: 0,
            from: serving.map(|plugin| (plugin.version.clone(), plugin.digest())),
            at: self.context.host.now(),
            shadow: None,
            watch: None,
            switch_us: None,
        };
        self.context.board.put(&self.pack, progress);
        self.context.tell(&self.pack, &entry.version.to_string(), "staged", String::new());
    }

    pub(super) fn step(
        &self,
        entry: &Entry,
        stage: &'static str,
        detail: Option<String>,
        more: impl FnOnce(&mut Progress),
    ) {
        let at = self.context.host.now();
        let reason = detail.clone().filter(|_| matches!(stage, "refused" | "rolled-back" | "staged"));
        self.context.board.change(&self.pack, |progress| {
            (progress.state, progress.at, progress.reason) = (stage, at, reason);
            more(progress);
        });
        self.context.tell(&self.pack, &entry.version.to_string(), stage, detail.unwrap_or_default());
    }
}

/// What a shadow replay showed, in words.
pub(super) fn words(shown: &Shadow) -> String {
    let replayed = counted(shown.replayed, "recorded invocation", "recorded invocations");
    let ratio = shown.fuel_ratio().map_or_else(String::new, |ratio| format!(", fuel × {ratio:.2}"));
    format!(
        "{replayed}: {} in a breach, {} decide otherwise, {} unanswered{ratio}",
        shown.traps + shown.breaches,
        shown.changed_decisions,
        counted(shown.unanswered_reads, "read", "reads"),
    )
}
