//! The steps that all reads share: the look into the journal before, and the way to the provider and the books.

use puppet_types::{CallError, Capability, Code, Cost, Json, Read, ReadStatus, Refusal, TRACED, scrub};
use serde::{Serialize, de::DeserializeOwned};
use tracing::{Instrument as _, field::Empty};

use super::{Answer, Gate};
use crate::{Amount, Booking, Failure, Reservation, Spend, failure::settled};

/// A read after a look into the journal.
pub(super) enum Begun<A> {
    /// It was there.
    Answered(Result<A, Refusal>),
    /// A provider has to be asked; its record so far.
    ToAsk(Read),
}

impl Gate {
    /// Counts a read and looks into the journal.
    pub(super) fn begin<Q, A>(
        &mut self,
        capability: Capability,
        operation: &'static str,
        request: &Q,
        paid: bool,
    ) -> Result<Begun<A>, Refusal>
    where
        Q: Serialize + ?Sized,
        A: DeserializeOwned,
    {
        self.count(capability)?;
        let request = Json::of(request);
        if let Some(answer) = self.journaled(capability, operation, &request, paid)? {
            return Ok(Begun::Answered(answer));
        }
        Ok(Begun::ToAsk(Read {
            n: self.out.reads.len() as u32,
            capability,
            operation: operation.to_owned(),
            request,
            answer: Json::default(),
            status: ReadStatus::Ok,
            cost: Cost::default(),
        }))
    }

    /// Opens the books, awaits the answer, books what it took and keeps the record. A provider may repeat a credential:
    /// neither the guest nor the record gets to see it.
    pub(super) async fn carry_out<A: Serialize + DeserializeOwned>(
        &mut self,
        mut read: Read,
        mut reserved: Vec<(Reservation, Amount)>,
        paid: bool,
        answer: impl Future<Output = Result<Answer<A>, impl Into<Failure>>>,
    ) -> Result<A, Refusal> {
        let span = tracing::info_span!(
            target: TRACED, "read", n = read.n, capability = read.capability.name(), operation = read.operation,
            status = Empty, tokens = Empty, usd_micros = Empty,
        );
        if paid {
            let worst: Vec<Spend> = reserved.iter().map(|(held, _)| held.open()).collect();
            let opened = self.books.open(&self.invocation, read.n, &worst).await;
            self.booked(opened)?;
            reserved.iter_mut().for_each(|(held, _)| held.opened());
        }
        let asked = match self.within_deadline(answer.instrument(span.clone())).await {
            Ok(asked) => asked,
            // Whether it was used is not known: what is opened counts as used, here as in the books.
            Err(refusal) => return Err(refusal),
        };
        // An answer that comes too late is booked as any other, and nobody sees it.
        let late = asked.as_ref().ok().and_then(|answer| self.take(answer.latency).err());
        let (value, used) = settled(asked.map_err(Into::into));
        let mut spends = Vec::with_capacity(reserved.len());
        for (reservation, amount) in reserved {
            let worst = reservation.quantity();
            let really = used.of(amount, worst);
            match amount {
                Amount::Tokens => read.cost.tokens = really,
                Amount::Usd => read.cost.usd_micros = really,
                _ => {}
            }
            spends.push(reservation.book(really));
        }
        let answer = match value {
            Ok(value) => scrub::value(value).ok_or_else(kept_back),
            Err(error) => Err(error),
        };
        let answer = match answer {
            Ok((value, written)) => {
                read.answer = written;
                Ok(value)
            }
            Err(error) => {
                let (error, written) = scrub::value(error).unwrap_or_else(|| (kept_back(), Json::of(&kept_back())));
                // A provider that has rules of its own may say no: that is no fault of its.
                read.status = if error.code == Code::Denied { ReadStatus::Denied } else { ReadStatus::Error };
                read.answer = written;
                Err(error)
            }
        };
        if !span.is_disabled() {
            span.record("status", read.status.name());
            span.record("tokens", read.cost.tokens);
            span.record("usd_micros", read.cost.usd_micros);
        }
        if paid {
            let rows: Vec<Spend> = spends.iter().flat_map(Booking::rows).collect();
            let settled = self.books.settle(&self.invocation, &read, &rows).await;
            // It was asked: where that is not written the open row counts as used, here as at the next start.
            self.booked(settled)?;
            spends.into_iter().for_each(Booking::stored);
        } else {
            spends.into_iter().for_each(|booking| self.out.spends.push(booking));
        }
        self.keep(read)?;
        late.map_or(answer.map_err(Refusal::Call), Err)
    }

    /// The books could not be written: no fault of the plugin, whatever it makes of it.
    fn booked(&mut self, done: Result<(), CallError>) -> Result<(), Refusal> {
        self.out.unbooked |= done.is_err();
        Ok(done?)
    }
}

/// For an answer that is none any more without the credential in it.
fn kept_back() -> CallError {
    CallError::new(Code::ProviderUnavailable, "the answer holds a credential of the host, and is kept back")
}
