//! The `agent` capability: who the plugin is playing. Persona, settings and time are facts of the call; mood and
//! relationships are reads with this call's own decisions on top. Comes with every plugin.

mod bond;
mod host;
mod mood;
mod profile;

pub use bond::{KEPT, RECENT, apply_change, initial_relationships};
#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, View, link};
pub use mood::{MoodDecay, apply_shift, decayed};
pub use profile::Profile;

/// Every operation that stands in the journal: it comes with every plugin, so no ceiling lists them.
pub const OPERATIONS: &[&str] =
    &["get-mood", "list-relationships", "get-relationship", "shift-mood", "adjust-relationship"];

#[cfg(test)]
#[test]
fn operations_are_those_that_the_gate_is_told() {
    let source = include_str!("host.rs").replace("Capability::Agent, \"", "decide(\"");
    let told: Vec<&str> = source.split("decide(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut sorted = [told, OPERATIONS.to_vec()];
    sorted.iter_mut().for_each(|names| names.sort_unstable());
    assert_eq!(sorted[0], sorted[1]);
}
