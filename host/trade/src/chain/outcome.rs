//! What the end of a swap is to whoever keeps the books. What they move is exactly what the swap's own transaction moved
//! of the wallet's balances: a lamport is in `gave`, in `took` or in `lamports`, and in one of them only.

use puppet_solana::swap::{Cause, Entry, Held, SwapError, Want, is_slippage};
use puppet_types::trade::Mint;
use puppet_wallet::Rule;

use crate::Swapped;

/// What the entries of a swap end with; none where it has not ended.
pub(super) fn of(entries: &[Entry]) -> Option<Swapped> {
    let Some(Entry::Wanted(want)) = entries.first() else { return None };
    let signature = entries.iter().find_map(|entry| match entry {
        Entry::Signed { signature, .. } => Some(signature.clone()),
        _ => None,
    });
    let not = |rule: Rule, reason: String, lamports| Swapped::NotDone {
        code: rule.code().to_owned(),
        reason,
        lamports,
        signature: signature.clone(),
    };
    match entries.last()? {
        Entry::Settled { before, after, is_done: true, surprise } => {
            let Moved { gave, took, lamports, odd } = Moved::between(want, before, after);
            let surprise = [surprise.clone(), odd].into_iter().flatten().reduce(|all, one| format!("{all}; {one}"));
            Some(Swapped::Done { gave, took, lamports, signature: signature?, surprise })
        }
        Entry::Settled { before, after, surprise, .. } => {
            let error = entries.iter().find_map(|entry| match entry {
                Entry::Reverted { error, .. } => Some(error.as_str()),
                _ => None,
            });
            let error = error.unwrap_or("it failed on the chain");
            let rule = if is_slippage(error) { Rule::Slippage } else { Rule::Failed };
            let words = surprise.as_ref().map_or(String::new(), |surprise| format!("; {surprise}"));
            let lamports = before.liquid.saturating_sub(after.liquid);
            Some(not(rule, format!("it failed on the chain: {error}{words}"), lamports))
        }
        Entry::Expired { height } => {
            Some(not(Rule::Expired, format!("it never landed, and cannot any more since block {height}"), 0))
        }
        Entry::Refused { cause, reason } => {
            let rule = match cause {
                Cause::Price => Rule::Slippage,
                Cause::Stale => Rule::StaleQuote,
                Cause::Approval => Rule::Expired,
                Cause::Halted => Rule::KillSwitch,
                Cause::Exchange | Cause::Unsafe => Rule::Failed,
            };
            Some(not(rule, reason.clone(), 0))
        }
        Entry::Abandoned => Some(not(Rule::NotFilled, "the host stopped before it was signed".to_owned(), 0)),
        _ => None,
    }
}

/// A wish that makes no sense: it is not begun.
pub(super) fn malformed(error: &SwapError) -> Swapped {
    Swapped::NotDone { code: Rule::Invalid.code().to_owned(), reason: error.to_string(), lamports: 0, signature: None }
}

/// What a swap has moved.
struct Moved {
    gave: u64,
    took: u64,
    lamports: u64,
    /// What it cannot have moved.
    odd: Option<String>,
}

impl Moved {
    fn between(want: &Want, before: &Held, after: &Held) -> Self {
        // One of them is nothing.
        let spent = before.liquid.saturating_sub(after.liquid);
        let gained = after.liquid.saturating_sub(before.liquid);
        let gave = before.gives.saturating_sub(after.gives);
        let took = after.takes.saturating_sub(before.takes);
        let (gave, took, lamports) = match (want.gives == Mint::SOL, want.takes == Mint::SOL) {
            (true, _) => {
                let gave = spent.min(want.amount);
                (gave, took, spent - gave)
            }
            (_, true) => (gave, gained, spent),
            _ => (gave, took, spent),
        };
        let others = [
            ("of what was given", after.gives.saturating_sub(before.gives)),
            ("of what was taken", if want.takes == Mint::SOL { 0 } else { before.takes.saturating_sub(after.takes) }),
            ("lamports", if want.takes == Mint::SOL { 0 } else { gained }),
        ];
        let odd: Vec<String> = others
            .iter()
            .filter(|(_, by)| *by > 0)
            .map(|(what, by)| format!("{by} {what} moved the other way, which is not the swap's doing"))
            .collect();
        Self { gave, took, lamports, odd: (!odd.is_empty()).then(|| odd.join("; ")) }
    }
}
