//! Misbehaviour on command: a plan says which requests meet what. Whether one is met follows from the seed, the account,
//! the operation and how many of that account's came before; not from what others ask meanwhile, nor from the clock.

mod plan;
mod problem;

use crate::operation::Operation;
pub use plan::{Fault, Kind, Plan, PlanError};
pub use problem::Problem;
use puppet_types::ids::derive_u64;

/// A plan that is followed.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    plan: Plan,
    /// By entry: how many it could have struck, and how many it did.
    met: Vec<(u32, u32)>,
}

impl Faults {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        let met = vec![(0, 0); plan.faults.len()];
        Self { seed: plan.seed.unwrap_or(seed), plan, met }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What strikes this request, which is the account's `nth` of this operation.
    pub(crate) fn strike(&mut self, operation: Operation, account: &str, nth: u64) -> Option<Kind> {
        for (place, (fault, (met, struck))) in self.plan.faults.iter().zip(&mut self.met).enumerate() {
            let meant = fault.operation.is_none_or(|only| only == operation)
                && fault.account.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(account));
            if !meant {
                continue;
            }
            *met = met.saturating_add(1);
            let spared = *met <= fault.skip || fault.times.is_some_and(|times| *struck >= times);
            if !spared && drawn(self.seed, place, operation, account, nth) < u64::from(fault.per_mille) {
                *struck += 1;
                return Some(fault.kind.clone());
            }
        }
        None
    }

    /// How often each entry struck.
    pub(crate) fn struck(&self) -> impl Iterator<Item = (&Fault, u32)> {
        self.plan.faults.iter().zip(self.met.iter().map(|(_, struck)| *struck))
    }
}

/// A number below a thousand.
fn drawn(seed: u64, place: usize, operation: Operation, account: &str, nth: u64) -> u64 {
    let parts =
        [seed.to_string(), place.to_string(), format!("{operation:?}"), account.to_ascii_lowercase(), nth.to_string()];
    let parts: Vec<&str> = ["fault"].into_iter().chain(parts.iter().map(String::as_str)).collect();
    derive_u64(&parts) % 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(fault: Fault, seed: u64) -> Faults {
        Faults::new(Plan { faults: vec![fault], ..Plan::default() }, seed)
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests_whoever_else_asks() {
        let half = Fault { per_mille: 500, ..Fault::from(Kind::Closed) };
        let struck = |seed, others: bool| -> Vec<bool> {
            let mut faults = faults(half.clone(), seed);
            (0..200)
                .map(|nth| {
                    if others {
                        faults.strike(Operation::Like, "bob", nth);
                    }
                    faults.strike(Operation::CreatePost, "ada", nth).is_some()
                })
                .collect()
        };
        assert_eq!(struck(1, false), struck(1, true));
        assert_ne!(struck(1, false), struck(2, false));
        let count = struck(1, false).into_iter().filter(|struck| *struck).count();
        assert!((60..140).contains(&count), "{count} of 200");
    }

    #[test]
    fn an_entry_strikes_only_what_it_names_and_so_often() {
        let fault = Fault {
            operation: Some(Operation::CreatePost),
            account: Some("Ada".to_owned()),
            skip: 1,
            times: Some(2),
            ..Fault::from(Kind::LostAnswer)
        };
        let mut faults = faults(fault, 1);
        assert_eq!(faults.strike(Operation::Like, "ada", 0), None);
        assert_eq!(faults.strike(Operation::CreatePost, "bob", 0), None);
        let struck: Vec<bool> = (0..5).map(|nth| faults.strike(Operation::CreatePost, "ada", nth).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }
}
