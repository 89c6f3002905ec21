//! Host side of `puppet:types`: the bindings that every capability crate maps its own onto.

wasmtime::component::bindgen!({
    path: "../../wit/types",
    inline: "
        package puppet:shared;
        world shared { import puppet:types/types@0.1.0; }
    ",
});

/// The generated module, for `with:` in other crates.
pub use puppet::types::types;
pub use puppet::types::types::{Error, Event, Host, Priority, Timestamp};

impl From<crate::CallError> for Error {
    fn from(error: crate::CallError) -> Self {
        Self { code: error.code.as_str().to_owned(), message: error.message, retry_after_ms: error.retry_after_ms }
    }
}

impl From<crate::Priority> for Priority {
    fn from(priority: crate::Priority) -> Self {
        match priority {
            crate::Priority::Low => Self::Low,
            crate::Priority::Normal => Self::Normal,
            crate::Priority::High => Self::High,
            crate::Priority::Critical => Self::Critical,
        }
    }
}

impl From<Priority> for crate::Priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
            Priority::Critical => Self::Critical,
        }
    }
}

impl From<&crate::Event> for Event {
    fn from(event: &crate::Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.clone(),
            source: event.source.clone(),
            author: event.author.clone(),
            priority: event.priority.into(),
            at: u64::try_from(event.at.as_millis()).unwrap_or(0),
            payload: event.payload.to_string(),
            hops: event.hops,
            cause: event.cause.as_ref().map(ToString::to_string),
            extra: Vec::new(),
        }
    }
}

/// What a host function returns: refusals become the guest's `error`, breaches end the call.
pub fn answer<A>(result: Result<A, crate::Refusal>) -> wasmtime::Result<Result<A, Error>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(crate::Refusal::Call(error)) => Ok(Err(error.into())),
        Err(crate::Refusal::Breach(breach, detail)) => Err(wasmtime::Error::new(crate::BreachError(breach, detail))),
    }
}
