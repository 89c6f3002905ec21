//! Answers that were recorded: of a retried invocation, a preview and a replay.

use puppet_types::{CallError, Capability, Code, Decision, Json, Read, ReadStatus, Refusal};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Gate, Source};

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The interface.
    pub capability: Capability,
    /// The function.
    pub operation: String,
    /// With what.
    pub request: Json,
}

/// What passed the gate, by its number among its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// A read, or a decision that was refused.
    Read(u32),
    /// A decision.
    Decision(u32),
    /// A line of the log.
    Log(u32),
}

impl Gate {
    /// Keeps the order of things, where somebody will look at it.
    pub(super) fn passed(&mut self, what: Passed) {
        if self.source == Source::Journal {
            self.out.trail.push(what);
        }
    }

    pub(super) fn journaled<A: DeserializeOwned>(
        &mut self,
        capability: Capability,
        operation: &str,
        request: &Json,
        paid: bool,
    ) -> Result<Option<Result<A, Refusal>>, Refusal> {
        self.seek(capability, operation, request);
        if !self.is_next(capability, operation, request) {
            if self.source == Source::Shadow {
                self.out.unanswered += 1;
                return Ok(None);
            }
            if self.source != Source::Providers {
                let n = self.out.reads.len() as u32;
                if self.out.divergence.is_none() {
                    let (operation, request) = (operation.to_owned(), request.clone());
                    self.out.divergence = Some(n);
                    self.out.asked = Some(Asked { capability, operation, request });
                    self.passed(Passed::Read(n));
                }
                let message = format!("the journal has no answer to read {n}: {capability}.{operation}");
                return Err(Refusal::call(Code::Internal, message));
            }
            let n = self.out.reads.len() as u32;
            if paid || self.recorded.front().is_some_and(|kept| kept.n <= n) {
                self.recorded.clear();
            }
            return Ok(None);
        }
        let Some(read) = self.recorded.pop_front() else { return Ok(None) };
        let answer = match read.status {
            ReadStatus::Ok => read.answer.parse().map_err(|error| {
                Refusal::call(Code::Internal, format!("the journaled answer does not read back: {error}"))
            }),
            _ => Err(Refusal::Call(read.answer.parse().unwrap_or_else(|_| CallError::new(Code::Internal, "")))),
        };
        self.keep(read)?;
        Ok(Some(answer))
    }

    /// In a shadow replay what was recorded of a question comes first, wherever it stood.
    fn seek(&mut self, capability: Capability, operation: &str, request: &Json) {
        if self.source != Source::Shadow {
            return;
        }
        let same =
            |read: &Read| read.capability == capability && read.operation == operation && read.request == *request;
        let place = self.recorded.iter().position(same);
        if let Some(read) = place.and_then(|place| self.recorded.remove(place)) {
            self.recorded.push_front(read);
        }
    }

    /// Whether what answers was given by somebody, and not taken from the journal just now.
    fn is_given(&self) -> bool {
        matches!(self.source, Source::Recorded | Source::Journal)
    }

    /// Whether this is what was asked next when it was recorded. A record that was given may have gone through another
    /// program, which writes the same JSON in another way.
    pub(super) fn is_next(&self, capability: Capability, operation: &str, request: &Json) -> bool {
        self.recorded.front().is_some_and(|read| {
            read.capability == capability
                && read.operation == operation
                && (read.request == *request || self.is_given() && read.request.is_same_value(request))
        })
    }

    /// The refusal that is recorded for this decision.
    pub(super) fn refused_before(
        &mut self,
        capability: Capability,
        operation: &str,
        decision: &Decision,
    ) -> Result<(), Refusal> {
        let refusals = [ReadStatus::Denied, ReadStatus::Budget];
        let decision = Json::of(decision);
        self.seek(capability, operation, &decision);
        if !self.recorded.front().is_some_and(|read| refusals.contains(&read.status))
            || !self.is_next(capability, operation, &decision)
        {
            return Ok(());
        }
        let Some(read) = self.recorded.pop_front() else { return Ok(()) };
        let error = read.answer.parse().unwrap_or_else(|_| CallError::new(Code::Internal, ""));
        self.keep(read)?;
        Err(Refusal::Call(error))
    }
}
