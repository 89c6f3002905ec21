//! Interface `puppet:state/state` on a view of the invocation.

use puppet_grants::{Answer, Gate, Held};
use puppet_store::{AgentStore, StateBlob};
use puppet_types::{
    AgentId, CallError, Capability, Code, Decision, Digest, NumberedDecision, Refusal, StateBytes, wit,
};
use wasmtime::component::{HasData, Linker};

use crate::migration::{Answered, Migrate, Migrated};

#[doc(hidden)]
pub mod fuzz;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/state"],
        inline: "
            package puppet:host-state;
            world host { import puppet:state/state@0.1.0; }
        ",
        imports: { "puppet:state/state.get": async | trappable, default: trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::state::state::{Blob, Host, add_to_linker};

/// Largest blob in bytes.
pub const BLOB_BYTES: usize = 64 << 10;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where blobs are.
    pub store: &'a Held<dyn AgentStore>,
    /// Whose blob.
    pub agent: &'a AgentId,
    /// Of the component that asks.
    pub component: Digest,
    /// Carries over what another component wrote, where this one can.
    pub migration: Option<&'a dyn Migrate>,
    /// What that has come to in this invocation.
    pub migrated: &'a mut Migrated,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn state(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.state())
}

impl Host for View<'_> {
    async fn get(&mut self) -> wasmtime::Result<Result<Option<Blob>, wit::Error>> {
        wit::answer(self.read().await)
    }

    fn put(&mut self, blob: Blob) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.record_put(blob))
    }

    fn clear(&mut self) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.gate.decide("clear", &[], Decision::ClearState {}).map(drop))
    }
}

impl View<'_> {
    async fn read(&mut self) -> Result<Option<Blob>, Refusal> {
        let pack = self.gate.pack().clone();
        let (agent, component, migration, before) =
            (self.agent, self.component, self.migration, self.migrated.before());
        let asked = self.gate.of_another();
        let mut answered: Option<Answered> = self
            .gate
            .read(Capability::State, "get", &(), self.store, move |store| {
                Box::pin(async move {
                    let row = store.state(agent, &pack).await;
                    let row = row.map_err(|error| CallError::new(Code::Internal, error.to_string()))?;
                    let Some(row) = row else { return Ok(Answer::free(None)) };
                    Ok(Answer::free(Some(Answered::of(row, component, migration, before).await)))
                })
            })
            .await?;
        // What another version was given, where that is what the journal answers with.
        if let (Some(old), Some(migration)) = (&answered, self.migration)
            && asked.is_some()
            && asked == self.gate.of_another()
        {
            answered = Some(old.carried_over(component, migration, self.migrated.before()).await);
        }
        let stored = answered.map(|answered| answered.given(self.migrated)).transpose()?;
        let blob = last_put(&self.gate.decided()).unwrap_or(stored);
        Ok(blob.map(|blob| Blob { version: blob.version, data: blob.data }))
    }

    fn record_put(&mut self, blob: Blob) -> Result<(), Refusal> {
        if blob.data.len() > BLOB_BYTES {
            let message = format!("{} bytes of state: at most {BLOB_BYTES}", blob.data.len());
            return self.gate.checked(Capability::State, Err(CallError::new(Code::TooLong, message)));
        }
        let decision = Decision::PutState { version: blob.version, data: StateBytes::new(blob.data) };
        self.gate.decide("put", &[], decision).map(drop)
    }
}

/// What this call put or cleared last: `None` where it did neither, `Some(None)` where it cleared.
fn last_put(decided: &[NumberedDecision]) -> Option<Option<StateBlob>> {
    decided.iter().rev().find_map(|numbered| match &numbered.decision {
        Decision::PutState { version, data } => {
            Some(Some(StateBlob { version: *version, data: data.clone().into_bytes() }))
        }
        Decision::ClearState {} => Some(None),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sees_what_it_put_last() {
        let put = |version| Decision::PutState { version, data: StateBytes::new(vec![0xff, version as u8]) };
        let numbered = |list: Vec<Decision>| -> Vec<NumberedDecision> {
            list.into_iter().enumerate().map(|(n, decision)| NumberedDecision { n: n as u32, decision }).collect()
        };
        assert_eq!(last_put(&[]), None);
        let blob = last_put(&numbered(vec![put(1), put(2)])).flatten().map(|blob| (blob.version, blob.data));
        assert_eq!(blob, Some((2, vec![0xff, 2])));
        assert_eq!(last_put(&numbered(vec![put(1), Decision::ClearState {}])), Some(None));
    }
}
