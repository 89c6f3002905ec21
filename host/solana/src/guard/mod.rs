//! What is looked at before a signature. A transaction that somebody else built is read instruction by instruction
//! ([`Guard::check`]), run on paper and measured against the intent ([`Checked::compare`]), and above a threshold shown to
//! a person ([`Compared::clear`]). Only what has gone through all three can be signed: [`Cleared`] has no other maker.
//!
//! Deny by default: a program, an instruction or an account that no rule names is refused. What is read from the bytes
//! holds even where an RPC node lies; the comparison is only as honest as the node that made it.

mod aggregator;
mod approval;
mod budget;
mod compare;
mod decode;
mod refusal;
mod system;
#[cfg(test)]
mod tests;
mod token;
#[cfg(test)]
#[cfg_attr(not(feature = "emulate-chain"), allow(dead_code, reason = "its tests are on the emulated chain"))]
mod without;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use solana_address::Address;
use solana_transaction::versioned::VersionedTransaction;

use crate::{
    accounts::Balances,
    programs::{ASSOCIATED_TOKEN, COMPUTE_BUDGET, JUPITER, SYSTEM, WRAPPED_SOL, associated, is_token_program},
};
pub use approval::{Approval, ApprovalError, Approvals, ApproveAbove, Cleared, InMemoryApprovals};
pub use compare::{Changes, Compared};
use decode::{Decoded, decode};
pub use decode::{MOST_BYTES, Tables, from_base64, lookups, programs};
pub use refusal::{Refusal, Why};

/// A token of a swap, as its mint account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Which. SOL is its wrapped mint.
    pub mint: Address,
    /// Who keeps it.
    pub program: Address,
}

/// What was decided, and is all that a signature may bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// Whose it is: it pays, and signs.
    pub taker: Address,
    /// What is given.
    pub gives: Leg,
    /// At most so much of it, in its smallest unit.
    pub most_in: u64,
    /// What is taken.
    pub takes: Leg,
    /// At least so much of it.
    pub least_out: u64,
}

/// What a transaction may cost beside what it swaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Fee of the chain, signatures and priority together.
    pub most_fee_lamports: u64,
    /// Price of a compute unit, in millionths of a lamport.
    pub most_unit_price: u64,
    /// Rent of token accounts that are opened. They stay ours.
    pub most_rent_lamports: u64,
    /// Signatures, ours included: each is paid for.
    pub most_signatures: u8,
    /// Who may be tipped for landing a transaction. Nobody, unless configured.
    pub tip_accounts: BTreeSet<Address>,
    /// Tips, together.
    pub most_tip_lamports: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            most_fee_lamports: 1_000_000,
            most_unit_price: 2_000_000,
            // Two accounts of 165 bytes, and room for extensions.
            most_rent_lamports: 6_000_000,
            most_signatures: 3,
            tip_accounts: BTreeSet::new(),
            most_tip_lamports: 0,
        }
    }
}

/// All wallets of ours, and what they hold: also those that have no part in a swap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// Every address that a key of ours belongs to.
    pub wallets: BTreeSet<Address>,
    /// What they hold now.
    pub balances: Balances,
}

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// What may be spent beside the swap.
    pub limits: Limits,
    /// Programs that speak as Jupiter's aggregator does.
    pub aggregators: BTreeSet<Address>,
    /// What no rule names is let through: in tests alone, which see what becomes of it.
    #[cfg(test)]
    pub(crate) allows_by_default: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            aggregators: [JUPITER].into(),
            #[cfg(test)]
            allows_by_default: false,
        }
    }
}

/// A transaction that no rule refuses by what is written in it.
#[derive(Debug, Clone)]
pub struct Checked {
    transaction: VersionedTransaction,
    intent: Intent,
    fee_lamports: u64,
    most_rent_lamports: u64,
    most_tip_lamports: u64,
    hash: String,
}

/// A token account that is ours, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OwnAccount {
    /// Known only where the address follows from it: what else lies in an account is a node's word, and no reason to
    /// spend it.
    mint: Option<Address>,
    owner: Address,
}

impl OwnAccount {
    fn is_of(self, owner: Address, mint: Address) -> bool {
        self == Self { mint: Some(mint), owner }
    }
}

/// What is known while instructions are read.
struct Reading<'a> {
    guard: &'a Guard,
    intent: &'a Intent,
    wallets: &'a BTreeSet<Address>,
    accounts: BTreeMap<Address, OwnAccount>,
    tally: Tally,
}

/// What the instructions together do, as far as their bytes say.
#[derive(Default)]
struct Tally {
    unit_limit: Option<u32>,
    unit_price: Option<u64>,
    wrapped: u64,
    /// Given to others, in the smallest unit of what is given.
    given: u64,
    /// Received, or promised by an aggregator's own check.
    received: u64,
    tips: u64,
    routes: usize,
}

impl Guard {
    /// Reads a transaction from outside.
    ///
    /// # Errors
    /// The first thing that is refused, with the number of its instruction.
    pub fn check(&self, bytes: &[u8], own: &Own, intent: &Intent, tables: &dyn Tables) -> Result<Checked, Refusal> {
        let decoded = decode(bytes, tables)?;
        let mut reading = Reading {
            guard: self,
            intent,
            wallets: &own.wallets,
            accounts: own_accounts(own, intent),
            tally: Tally::default(),
        };
        reading.signers(&decoded)?;
        reading.hidden(&decoded)?;
        for (place, step) in decoded.steps.iter().enumerate() {
            let read = match step.program {
                COMPUTE_BUDGET => reading.budget(step),
                SYSTEM => reading.system(step),
                ASSOCIATED_TOKEN => reading.associated(step),
                program if is_token_program(&program) => reading.token(step),
                program if self.aggregators.contains(&program) => reading.route(step),
                #[cfg(test)]
                _ if self.allows_by_default => Ok(()),
                program => Err(Why::UnknownProgram(program)),
            };
            read.map_err(|why| Refusal { instruction: Some(place + 1), why })?;
        }
        let fee_lamports = reading.fee(&decoded)?;
        reading.total()?;
        let hash = Sha256::digest(decoded.transaction.message.serialize());
        Ok(Checked {
            transaction: decoded.transaction,
            intent: *intent,
            fee_lamports,
            most_rent_lamports: self.limits.most_rent_lamports,
            most_tip_lamports: reading.tally.tips,
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

impl Checked {
    /// SHA-256 of the message, in hex: what an approval is bound to.
    pub fn hash(&self) -> &str {
        &self.hash
    }
    /// What the chain takes for it, at most.
    pub const fn fee_lamports(&self) -> u64 {
        self.fee_lamports
    }
    /// To run on paper. It is not signed.
    pub const fn transaction(&self) -> &VersionedTransaction {
        &self.transaction
    }
    /// What it was checked against.
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }
}

impl Reading<'_> {
    fn is_own_wallet(&self, address: &Address) -> bool {
        *address == self.intent.taker || self.wallets.contains(address)
    }

    fn signers(&self, decoded: &Decoded) -> Result<(), Refusal> {
        let signers = decoded.signers();
        if signers.first() != Some(&self.intent.taker) {
            return Err(Why::FeePayer.into());
        }
        if signers.len() > usize::from(self.guard.limits.most_signatures) {
            return Err(Why::Signatures(signers.len()).into());
        }
        match signers[1..].iter().find(|signer| self.is_own_wallet(signer)) {
            Some(other) => Err(Why::OtherKey(*other).into()),
            None => Ok(()),
        }
    }

    /// A wallet shows a person the static keys only: an account of ours has no reason to come in through a table.
    fn hidden(&self, decoded: &Decoded) -> Result<(), Refusal> {
        let is_own = |address: &&Address| self.is_own_wallet(address) || self.accounts.contains_key(*address);
        match decoded.from_tables.iter().find(is_own) {
            Some(address) => Err(Why::HiddenAccount(*address).into()),
            None => Ok(()),
        }
    }

    /// What all instructions together give and bring.
    fn total(&self) -> Result<(), Refusal> {
        let (tally, intent) = (&self.tally, self.intent);
        if tally.given > intent.most_in {
            return Err(Why::GivesMore { gives: tally.given, most: intent.most_in }.into());
        }
        if tally.wrapped > intent.most_in {
            return Err(Why::WrapsMore { wraps: tally.wrapped, most: intent.most_in }.into());
        }
        if tally.received < intent.least_out {
            return Err(Why::BringsLess { brings: tally.received, least: intent.least_out }.into());
        }
        if tally.tips > self.guard.limits.most_tip_lamports {
            return Err(Why::Tip(tally.tips).into());
        }
        Ok(())
    }
}

/// What is held, and where the two tokens of a swap and wrapped SOL would be.
fn own_accounts(own: &Own, intent: &Intent) -> BTreeMap<Address, OwnAccount> {
    let wrapped = Leg { mint: WRAPPED_SOL, program: crate::programs::TOKEN };
    let expected = [intent.gives, intent.takes, wrapped].map(|leg| {
        let account = OwnAccount { mint: Some(leg.mint), owner: intent.taker };
        (associated(&intent.taker, &leg.mint, &leg.program), account)
    });
    let held = own.balances.holdings.iter().map(|(address, holding)| {
        let follows = associated(&holding.owner, &holding.mint, &holding.program) == *address;
        (*address, OwnAccount { mint: follows.then_some(holding.mint), owner: holding.owner })
    });
    // What follows from the intent alone counts more than what a node says.
    held.chain(expected).collect()
}
