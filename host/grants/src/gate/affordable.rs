//! Reads that can do without what they would pay for (an answer from what is at hand is better than none), and such that a
//! rule refuses.

use std::time::Duration;

use puppet_types::{CallError, Capability, Refusal};
use serde::{Serialize, de::DeserializeOwned};

use super::{Boxed, Elapsed, Gate, asking::Begun};
use crate::{Charge, Failure, Held};

impl Gate {
    /// Like [`Gate::read_charged`], but where a budget does not suffice nothing is drawn on, and the provider is
    /// asked all the same: it is told why it may not spend. One call, one record; what is not granted is refused.
    #[allow(clippy::too_many_arguments, reason = "the way of a call, in its order")]
    pub async fn read_affordable<'s, P, Q, A, F>(
        &mut self,
        capability: Capability,
        operation: &'static str,
        request: &Q,
        worst: &[Charge],
        paid: bool,
        held: &'s Held<P>,
        ask: F,
    ) -> Result<A, Refusal>
    where
        P: ?Sized,
        Q: Serialize + ?Sized + Sync,
        A: Serialize + DeserializeOwned + Send,
        F: FnOnce(&'s P, Result<(), CallError>) -> Boxed<'s, A, Failure> + Send,
    {
        let read = match self.begin(capability, operation, request, paid)? {
            Begun::Answered(answer) => return answer,
            Begun::ToAsk(read) => read,
        };
        let reserved = match self.granted(capability, operation) {
            Ok(right) => right.reserve(worst, self.charged_at),
            Err(error) => return Err(self.refused(read, error)),
        };
        match reserved {
            Ok(reserved) => self.carry_out(read, reserved, paid, ask(held.provider(), Ok(()))).await,
            Err(why) => self.carry_out(read, Vec::new(), false, ask(held.provider(), Err(why))).await,
        }
    }

    /// Like [`Gate::read_charged`], of what a rule may refuse whatever is granted: `ruled` says why. Nothing is drawn on then.
    #[allow(clippy::too_many_arguments, reason = "the way of a call, in its order")]
    pub async fn read_ruled<'s, P, Q, A, F>(
        &mut self,
        capability: Capability,
        operation: &'static str,
        request: &Q,
        (worst, ruled): (&[Charge], Option<CallError>),
        paid: bool,
        held: &'s Held<P>,
        ask: F,
    ) -> Result<A, Refusal>
    where
        P: ?Sized,
        Q: Serialize + ?Sized + Sync,
        A: Serialize + DeserializeOwned + Send,
        F: FnOnce(&'s P) -> Boxed<'s, A, Failure> + Send,
    {
        let read = match self.begin(capability, operation, request, paid)? {
            Begun::Answered(answer) => return answer,
            Begun::ToAsk(read) => read,
        };
        // What was not granted is not granted, whatever rules say of it.
        let admitted = match ruled {
            Some(error) => self.granted(capability, operation).and(Err(error)),
            None => self.admit(capability, operation, worst),
        };
        match admitted {
            Ok(reserved) => self.carry_out(read, reserved, paid, ask(held.provider())).await,
            Err(error) => Err(self.refused(read, error)),
        }
    }

    /// Time that is left by the wall; none where the wall does not count.
    pub fn left(&self) -> Option<Duration> {
        match self.elapsed {
            Elapsed::Wall(since) => Some(self.bounds.deadline.saturating_sub(since.elapsed())),
            Elapsed::Modelled(_) => None,
        }
    }
}
