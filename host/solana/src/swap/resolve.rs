//! What became of a signature. Nothing is sent from here on; the chain is asked until it has it, or can have it no more.

use solana_signature::Signature;

use super::{Entry, Held, Progress, SwapError, Swapper, Waiting, Want};
use crate::{
    accounts::Balances,
    chain::{ChainError, balances},
    guard::Intent,
    programs::WRAPPED_SOL,
};

/// Blocks beyond the last valid one that have to be final as well, before an absence is believed: nodes differ by some.
const MARGIN: u64 = 64;
/// Final blocks beyond the last valid one, about two minutes, after which a node that knows how it ended and has no record of
/// it is not believed to get one.
const RECORD_MARGIN: u64 = 300;

impl Swapper {
    pub(super) async fn resolve(&self, id: &str, want: &Want, signed: &Entry) -> Result<Progress, SwapError> {
        let Entry::Signed { signature: text, last_valid_height, before, .. } = signed else {
            return Err(SwapError::Malformed);
        };
        let signature: Signature = text.parse().map_err(|_| SwapError::Malformed)?;
        let chain = self.parts.chain.as_ref();
        let waits = || Ok(Progress::Waits(Waiting::Chain(text.clone())));
        if let Some(entry) = self.found(&signature).await? {
            return match entry {
                Some(entry) => self.note(id, entry).await,
                None => waits(),
            };
        }
        let height = chain.finalized_height().await?;
        if height <= last_valid_height.saturating_add(MARGIN) {
            return waits();
        }
        // Once more, now that it can land no more: it may have landed between the two questions.
        if let Some(entry) = self.found(&signature).await? {
            return match entry {
                Some(entry) => self.note(id, entry).await,
                None => waits(),
            };
        }
        // One node's word against the wallet: tokens that moved as the swap would have moved them did not move by
        // themselves. By how much is not asked: of a transaction that the node does not know there are no amounts, and what
        // somebody else moved since may be on top of it.
        let intent = self.intent(want, 0).await?;
        let now = Held::of(&intent, &balances(chain, &self.parts.wallets).await?);
        if now.gives < before.gives && now.takes > before.takes {
            return Ok(Progress::Waits(Waiting::Contradiction(text.clone())));
        }
        self.note(id, Entry::Expired { height }).await
    }

    /// What the chain has of a signature; none where it has nothing, and nothing inside where it is not sure yet.
    async fn found(&self, signature: &Signature) -> Result<Option<Option<Entry>>, SwapError> {
        let Some(status) = self.parts.chain.status(signature).await? else { return Ok(None) };
        let is_sure = if self.settings.wait_for_finality { status.is_finalized } else { status.is_confirmed };
        let slot = status.slot;
        let entry = match status.error {
            None => Entry::Landed { slot },
            Some(error) => Entry::Reverted { slot, error },
        };
        Ok(Some(is_sure.then_some(entry)))
    }

    /// Reads what it did from its own record: what else came and went meanwhile is not its doing.
    pub(super) async fn settle(
        &self,
        id: &str,
        want: &Want,
        signed: &Entry,
        is_done: bool,
    ) -> Result<Progress, SwapError> {
        let Entry::Signed { signature: text, last_valid_height, fee_lamports, least_out, .. } = signed else {
            return Err(SwapError::Malformed);
        };
        let signature: Signature = text.parse().map_err(|_| SwapError::Malformed)?;
        // A node may know how it ended before it can show it.
        let Some(record) = self.parts.chain.record(&signature).await? else {
            let height = self.parts.chain.finalized_height().await?;
            let is_late = height > last_valid_height.saturating_add(RECORD_MARGIN);
            let waiting = if is_late { Waiting::Record } else { Waiting::Chain };
            return Ok(Progress::Waits(waiting(text.clone())));
        };
        if record.is_done != is_done {
            return Err(ChainError::Unreadable("a transaction that ended otherwise than its status says").into());
        }
        let intent = self.intent(want, least_out.saturating_sub(1)).await?;
        let (before, after) = (Held::of(&intent, &record.before), Held::of(&intent, &record.after));
        let extra = fee_lamports.saturating_add(self.parts.guard.limits.most_tip_lamports);
        let surprise = surprise(&intent, &before, &after, (extra, is_done));
        self.note(id, Entry::Settled { before, after, is_done, surprise }).await
    }
}

/// What is not as it was meant.
fn surprise(intent: &Intent, before: &Held, after: &Held, (extra, is_done): (u64, bool)) -> Option<String> {
    let fee_of = |mint| if mint == WRAPPED_SOL { extra } else { 0 };
    let gone = before.gives.saturating_sub(after.gives);
    let most = if is_done { intent.most_in } else { 0 };
    if gone > most.saturating_add(fee_of(intent.gives.mint)) {
        return Some(format!("{gone} is gone of what was given; at most {most} was meant"));
    }
    if is_done && gone < most {
        return Some(format!(
            "{gone} is gone of what was given; {most} was meant: balances are not what they were said to be"
        ));
    }
    let came = after.takes.saturating_sub(before.takes).saturating_add(fee_of(intent.takes.mint));
    if is_done && came < intent.least_out {
        return Some(format!("{came} came of what was taken; at least {} was meant", intent.least_out));
    }
    let swaps_sol = [intent.gives.mint, intent.takes.mint].contains(&WRAPPED_SOL);
    let cost = before.lamports.saturating_sub(after.lamports);
    (!swaps_sol && cost > extra).then(|| format!("it cost {cost} lamports; at most {extra} was meant"))
}

impl Held {
    /// Of the wallet that swaps.
    pub(super) fn of(intent: &Intent, balances: &Balances) -> Self {
        // A wallet holds no more than there is, and there is no more than 64 bits hold.
        let of = |mint| u64::try_from(balances.of(&intent.taker, mint)).unwrap_or(u64::MAX);
        let liquid = u64::try_from(balances.liquid(&intent.taker)).unwrap_or(u64::MAX);
        Self { gives: of(&intent.gives.mint), takes: of(&intent.takes.mint), lamports: of(&WRAPPED_SOL), liquid }
    }
}
