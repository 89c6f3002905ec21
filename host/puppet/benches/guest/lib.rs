//! The plugin that `cargo bench` measures: a line of log, a read of its memory, and for `news` a decision.

use puppet_sdk::prelude::*;

/// It.
pub struct Probe;

puppet_sdk::personality!(Probe);

impl Personality for Probe {
    fn handle(event: Event) -> Result<(), Failure> {
        log::info("it rains");
        let known = memory::recent(&[], 5)?;
        if event.kind == "news" && !known.is_empty() {
            tweet::like(&PostRef::Id("100001".to_owned()))?;
        }
        Ok(())
    }
}
