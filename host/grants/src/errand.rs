//! The host's own work for an agent, at the agent's expense: what no invocation asks for, such as vectors of memories
//! that are stored already. It is admitted as a read is: granted → reserved → booked → asked → settled. Nothing is
//! journaled, since no guest sees the answer.

use puppet_types::{CallError, Capability, Code, InvocationId, Timestamp};

use crate::{
    Amount, Booking, Bookings, Books, Boxed, Charge, Failure, Held, Reservation, Rights, Spend, Used, failure::settled,
};

/// One call of a provider on behalf of an agent.
pub struct Errand<'a> {
    /// What the agent may do.
    pub rights: &'a Rights,
    /// On whose budgets it draws.
    pub capability: Capability,
    /// The operation that it serves, which must be granted.
    pub operation: &'a str,
    /// Budgets of this time.
    pub at: Timestamp,
    /// Most that it can use.
    pub worst: &'a [Charge],
    /// Where it is durable before the provider is asked.
    pub books: &'a dyn Books,
    /// Names its row there. One of a name is under way at a time; what a crash left open is booked by the next.
    pub name: &'a InvocationId,
}

impl Errand<'_> {
    /// Asks, until `given_up` comes first: then it counts as used, since nobody knows.
    ///
    /// # Errors
    /// Not granted, no budget, the books or the provider failed, given up (`timeout`).
    pub async fn run<'s, P, A, F>(
        self,
        held: &'s Held<P>,
        given_up: impl Future<Output = ()>,
        ask: F,
    ) -> Result<A, CallError>
    where
        P: ?Sized,
        F: FnOnce(&'s P) -> Boxed<'s, A, Failure> + Send,
    {
        let Self { rights, capability, operation, at, worst, books, name } = self;
        let denied = |why| CallError::new(Code::Denied, why);
        let right = rights
            .get(capability)
            .ok_or_else(|| denied(format!("`{capability}.{operation}` was not granted, nor what serves it")))?;
        if let Some(why) = right.refusal(operation, at) {
            return Err(denied(why));
        }
        let mut reserved = right.reserve(worst, at)?;
        let most: Vec<Spend> = reserved.iter().map(|(held, _)| held.open()).collect();
        books.open(name, 0, &most).await?;
        reserved.iter_mut().for_each(|(held, _)| held.opened());
        let answer = tokio::select! {
            answer = ask(held.provider()) => answer,
            () = given_up => Err(CallError::new(Code::Timeout, "it was given up before there was an answer").into()),
        };
        let (value, used) = settled(answer);
        let spent: Bookings = reserved.into_iter().map(|reservation| book(reservation, &used)).collect();
        books.close(name, 0, &spent.rows()).await?;
        spent.stored();
        value
    }
}

fn book((reservation, amount): (Reservation, Amount), used: &Used) -> Booking {
    let worst = reservation.quantity();
    reservation.book(used.of(amount, worst))
}

#[cfg(test)]
#[path = "errand_tests.rs"]
mod tests;
