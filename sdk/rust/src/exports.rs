//! What a plugin implements, and the macros that make a component of it.

use crate::{
    Event, Failure, NewEvent, Trigger,
    bindings::{
        generator::{
            exports::puppet::plugin::generator as generator_wit, puppet::plugin::outcome as generator_outcome,
        },
        imports::puppet::types::types as wit,
        migration::exports::puppet::migration::migration as migration_wit,
        personality::puppet::plugin::outcome as personality_outcome,
    },
    state::Blob,
};

/// A character's behaviour: one event in, decisions out.
pub trait Personality {
    /// Called once per event, in a fresh instance. What was decided is carried out where it answers `Ok`.
    fn handle(event: Event) -> Result<(), Failure>;
}

/// Makes things happen to agents.
pub trait EventGenerator {
    /// Called with `started` once per start of the host, and for every timer it sets.
    fn generate(trigger: Trigger) -> Result<Vec<NewEvent>, Failure>;
}

/// Carries over state that another version of the plugin kept (docs/changing-a-plugin.md).
pub trait Migration {
    /// Called with what another version put, before [`crate::state::get`] answers for the first time in an event. What it
    /// gives takes the place of the old blob for this event, and for good where the event puts it. Nothing of the host can
    /// be called in here. An error ends the event and counts as a strike of this version.
    fn migrate(old: Blob) -> Result<Blob, String>;
}

/// Makes a personality component of a type that implements [`Personality`].
#[macro_export]
macro_rules! personality {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        const _: () = {
            struct Exported;
            impl $crate::bindings::personality::exports::puppet::plugin::handler::Guest for Exported {
                fn handle(
                    event: $crate::bindings::imports::puppet::types::types::Event,
                ) -> Result<(), $crate::bindings::personality::puppet::plugin::outcome::Failure> {
                    $crate::handle::<$plugin>(event)
                }
            }
    $crate::bindings::personality::export_personality!(Exported with_types_in $crate::bindings::personality);
        };
    };
}

/// Makes an event-generator component of a type that implements [`EventGenerator`].
#[macro_export]
macro_rules! event_generator {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        const _: () = {
            struct Exported;
            impl $crate::bindings::generator::exports::puppet::plugin::generator::Guest for Exported {
                fn generate(
                    trigger: $crate::bindings::generator::exports::puppet::plugin::generator::Trigger,
                ) -> Result<
                    Vec<$crate::bindings::generator::exports::puppet::plugin::generator::NewEvent>,
                    $crate::bindings::generator::puppet::plugin::outcome::Failure,
                > {
                    $crate::generate::<$plugin>(trigger)
                }
            }
    $crate::bindings::generator::export_generator!(Exported with_types_in $crate::bindings::generator);
        };
    };
}

/// Exports the way from one state to another, of a type that implements [`Migration`], beside the plugin itself.
#[macro_export]
macro_rules! migration {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        const _: () = {
            use $crate::bindings::migration::exports::puppet::migration::migration::{Blob, Guest};
            struct Exported;
            impl Guest for Exported {
                fn migrate(old: Blob) -> Result<Blob, String> {
                    $crate::migrate::<$plugin>(old)
                }
            }
    $crate::bindings::migration::export_migration!(Exported with_types_in $crate::bindings::migration);
        };
    };
}

/// What [`personality!`] exports.
#[doc(hidden)]
pub fn handle<P: Personality>(event: wit::Event) -> Result<(), personality_outcome::Failure> {
    use personality_outcome::{Decline, Failure as Wit};
    P::handle(event.into()).map_err(|failure| match failure {
        Failure::Declined { code, message, retry_at } => {
            Wit::Declined(Decline { code, message, retry_at: retry_at.map(|at| at.0) })
        }
        Failure::Failed(message) => Wit::Failed(message),
    })
}

/// What [`event_generator!`] exports.
#[doc(hidden)]
pub fn generate<G: EventGenerator>(
    trigger: generator_wit::Trigger,
) -> Result<Vec<generator_wit::NewEvent>, generator_outcome::Failure> {
    use generator_outcome::{Decline, Failure as Wit};
    let generated = G::generate(trigger.into()).map_err(|failure| match failure {
        Failure::Declined { code, message, retry_at } => {
            Wit::Declined(Decline { code, message, retry_at: retry_at.map(|at| at.0) })
        }
        Failure::Failed(message) => Wit::Failed(message),
    })?;
    let wire = generated.into_iter().map(|event| generator_wit::NewEvent {
        kind: event.kind,
        targets: event.targets,
        priority: event.priority,
        payload: event.payload.to_string(),
        delay_ms: event.delay_ms,
    });
    Ok(wire.collect())
}

/// What [`migration!`] exports.
#[doc(hidden)]
pub fn migrate<M: Migration>(old: migration_wit::Blob) -> Result<migration_wit::Blob, String> {
    let new = M::migrate(Blob { version: old.version, data: old.data })?;
    Ok(migration_wit::Blob { version: new.version, data: new.data })
}
