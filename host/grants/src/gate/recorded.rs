//! Answers that were recorded: of a retried invocation, a preview and a replay.

use puppet_types::{CallError, Capability, Code, Decision, Json, Read, ReadStatus, Refusal};
use serde::de::DeserializeOwned;

use super::{Gate, Source};

impl Gate {
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
                self.out.divergence.get_or_insert(n);
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

    /// Whether this is what was asked next when it was recorded. A record that was given may have gone through another
    /// program, which writes the same JSON in another way.
    pub(super) fn is_next(&self, capability: Capability, operation: &str, request: &Json) -> bool {
        self.recorded.front().is_some_and(|read| {
            read.capability == capability
                && read.operation == operation
                && (read.request == *request || self.source == Source::Recorded && read.request.is_same_value(request))
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
