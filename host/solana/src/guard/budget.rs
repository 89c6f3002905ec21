//! What a transaction pays for being run: its compute budget, and the fee that follows from it.

use super::{
    Reading, Refusal, Why,
    decode::{Decoded, Step},
};
use crate::programs::COMPUTE_BUDGET;

/// What the chain takes for a signature.
const LAMPORTS_PER_SIGNATURE: u64 = 5_000;
/// What an instruction may use where nothing is said.
const UNITS: u64 = 200_000;
/// What a transaction may use, whatever is said.
const MOST_UNITS: u64 = 1_400_000;
/// Millionths of a lamport.
const MICRO: u128 = 1_000_000;

impl Reading<'_> {
    pub(super) fn budget(&mut self, step: &Step) -> Result<(), Why> {
        let (tag, rest) = step.data.split_first().ok_or(Why::Malformed("compute budget"))?;
        let malformed = |_| Why::Malformed("compute budget");
        match tag {
            // Heap, and how much data may be loaded: neither costs anything.
            1 | 4 => <[u8; 4]>::try_from(rest).map(drop).map_err(malformed),
            2 => {
                let limit = u32::from_le_bytes(rest.try_into().map_err(malformed)?);
                self.tally.unit_limit.replace(limit).map_or(Ok(()), |_| Err(Why::Twice("the compute units")))
            }
            3 => {
                let price = u64::from_le_bytes(rest.try_into().map_err(malformed)?);
                let most = self.guard.limits.most_unit_price;
                if price > most {
                    return Err(Why::UnitPrice { price, most });
                }
                self.tally.unit_price.replace(price).map_or(Ok(()), |_| Err(Why::Twice("the price of compute units")))
            }
            tag => Err(Why::UnknownInstruction { program: "Compute Budget", tag: tag.to_string() }),
        }
    }

    /// At most: units that are not used are paid for.
    pub(super) fn fee(&self, decoded: &Decoded) -> Result<u64, Refusal> {
        let others = decoded.steps.iter().filter(|step| step.program != COMPUTE_BUDGET).count() as u64;
        let units = self.tally.unit_limit.map_or(others.saturating_mul(UNITS), u64::from).min(MOST_UNITS);
        let price = u128::from(self.tally.unit_price.unwrap_or(0));
        let priority = u64::try_from((u128::from(units) * price).div_ceil(MICRO)).unwrap_or(u64::MAX);
        let signatures = decoded.signers().len() as u64 * LAMPORTS_PER_SIGNATURE;
        let (fee, most) = (signatures.saturating_add(priority), self.guard.limits.most_fee_lamports);
        if fee > most {
            return Err(Why::Fee { fee, most }.into());
        }
        Ok(fee)
    }
}
