//! Requests that were refused, in the log: each once, and so many at most. What is told of one is short, and no key.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    auth::masked,
    fault::{Fault, Kind},
    limits::{Limiter, Network},
};

/// Lines for one address: a minute, and at once.
const OF_ADDRESS: u32 = 20;
/// For all of them.
const OF_ALL: u32 = 300;
/// Most characters of a path.
const PATH: usize = 200;

/// See the head of this file.
pub(crate) struct Refusals {
    of_address: Limiter<Network>,
    of_all: Limiter<()>,
    /// Not told since the last one that was.
    untold: AtomicU64,
}

impl Refusals {
    pub(crate) fn new() -> Self {
        let (of_address, of_all) = (Limiter::new(OF_ADDRESS, OF_ADDRESS), Limiter::new(OF_ALL, OF_ALL));
        Self { of_address, of_all, untold: AtomicU64::new(0) }
    }

    /// How many lines were written in the last minute.
    #[cfg(test)]
    pub(crate) fn told(&self) -> u32 {
        OF_ALL - self.of_all.take((), 0).remaining
    }

    /// Tells one, or counts it for the next. A fault of ours has told of itself.
    pub(crate) fn tell(&self, address: IpAddr, asked: &Asked, fault: &Fault) {
        if fault.kind == Kind::Internal {
            return;
        }
        let is_much = self.of_address.take(Network::of(address), 1).refused.is_some();
        if is_much || self.of_all.take((), 1).refused.is_some() {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (untold, Asked(asked)) = (self.untold.swap(0, Ordering::Relaxed), asked);
        let status = fault.kind.status().as_u16();
        tracing::info!(%address, code = %fault.code, status, untold, "refused: {asked}");
    }
}

/// A request as the log may have it.
#[derive(Debug)]
pub(crate) struct Asked(String);

impl Asked {
    pub(crate) fn of(method: &str, path: &str) -> Self {
        let method: String = method.chars().take(16).collect();
        let short: String = path.chars().take(PATH).collect();
        let more = if short.len() < path.len() { "…" } else { "" };
        Self(format!("{method} {}{more}", masked(&short)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_request_is_short_and_no_key() {
        let key = format!("pk_01234567_{}", "aZ-_".repeat(11));
        let key = &key[..55];
        let Asked(told) = Asked::of("DELETE", &format!("/api/v1/keys/{key}/more"));
        assert_eq!(told, format!("DELETE /api/v1/keys/pk_01234567_{}/more", puppet_types::MASK));
        let Asked(cut) = Asked::of("GET", &format!("/{}{key}", "x".repeat(170)));
        assert!(cut.chars().count() < 220 && !cut.contains("aZ-"), "{cut}");
        assert!(Asked::of(&"M".repeat(9_000), "/").0.len() < 30);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_have_a_bound_and_what_is_not_told_is_counted() {
        let refusals = Refusals::new();
        let fault = Fault::not_found("no-route", "there is none", "");
        let one = |n: u8| refusals.tell(IpAddr::from([10, 0, 0, n]), &Asked::of("GET", "/"), &fault);
        let untold = || refusals.untold.load(Ordering::Relaxed);
        (0..50).for_each(|_| one(1));
        assert_eq!(untold(), 30);
        one(2);
        assert_eq!(untold(), 0);
        (0..=255).for_each(|n| (0..20).for_each(|_| one(n)));
        assert!(untold() > 4_000, "{}", untold());
    }
}
