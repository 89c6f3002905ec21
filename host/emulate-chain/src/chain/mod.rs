//! The chain: LiteSVM, with what it leaves out around it. Blocks follow each other and blockhashes expire, signatures are
//! checked, a transaction lands once, and what has landed can be asked for later.

mod blocks;
mod landed;
mod programs;
mod tokens;

use std::collections::HashMap;

use litesvm::{
    LiteSVM,
    types::{FailedTransactionMetadata, SimulatedTransactionInfo, TransactionMetadata, TransactionResult},
};
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{VersionedMessage, v0};
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use crate::seeded;
pub use blocks::Pace;
pub(crate) use blocks::{Blocks, EPOCH_SLOTS};
pub(crate) use landed::{Balances, Landed, TokenBalance};
pub(crate) use programs::{DRAIN, ROUTE, ROUTER, rate_account, router_authority, transfer as transfer_tokens};
pub(crate) use tokens::Held;
pub use tokens::TokenProgram;

/// What cannot be done on the emulated chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The chain refuses a transaction of the emulator's own.
    #[error("the emulated chain refuses it: {0}")]
    Refused(TransactionError),
    /// There is no such mint.
    #[error("{0} is no mint on the emulated chain")]
    NoSuchMint(Address),
    /// A number does not fit.
    #[error("{0} does not fit into 64 bits")]
    TooMuch(&'static str),
    /// An account cannot be written.
    #[error("an account of the emulated chain cannot be written: {0}")]
    Account(String),
}

/// A transaction that lands later.
struct Waiting {
    at_height: u64,
    transaction: VersionedTransaction,
}

/// All of it.
pub(crate) struct Chain {
    svm: LiteSVM,
    pub(crate) blocks: Blocks,
    landed: HashMap<Signature, Landed>,
    waiting: Vec<Waiting>,
    /// What those who ask have done.
    pub(crate) done: Done,
    /// Keys follow from it.
    seed: u64,
    faucet: Keypair,
}

/// What those who ask have done since the start; what the emulator sends of its own is not in it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Transactions that landed and did what they say.
    pub(crate) transactions: u64,
    /// Those that landed, failed, and cost their fee.
    pub(crate) failed: u64,
    /// Orders that were executed; each is a transaction too.
    pub(crate) swaps: u64,
    /// Free lamports that were asked for.
    pub(crate) airdrops: u64,
    /// How often a transaction or an order came again that had landed, or is to land.
    pub(crate) again: u64,
}

/// What the faucet has at the beginning.
const FAUCET_LAMPORTS: u64 = 5_000_000_000_000_000_000;

impl Chain {
    pub(crate) fn new(seed: u64, pace: Pace) -> Self {
        // Both checks are made here: simulations go without signatures, and more than the last blockhash is valid.
        let mut svm = LiteSVM::new().with_sigverify(false).with_blockhash_check(false).with_transaction_history(0);
        programs::add(&mut svm);
        let blocks = Blocks::new(svm.latest_blockhash(), pace);
        svm.warp_to_slot(blocks.slot());
        let faucet = seeded::key(seed, "faucet");
        let mut chain =
            Self { svm, blocks, landed: HashMap::new(), waiting: Vec::new(), done: Done::default(), seed, faucet };
        let account = Account { lamports: FAUCET_LAMPORTS, ..Account::default() };
        // A plain account can always be written.
        let _ = chain.svm.set_account(chain.faucet.pubkey(), account);
        chain
    }

    /// A key that follows from the seed.
    pub(crate) fn key(&self, name: &str) -> Keypair {
        seeded::key(self.seed, name)
    }

    /// Makes blocks; what was to land by then lands.
    pub(crate) fn advance(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.svm.expire_blockhash();
            self.blocks.push(self.svm.latest_blockhash());
            let height = self.blocks.height();
            let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|one| one.at_height <= height);
            self.waiting = waiting;
            let due: Vec<Waiting> = due;
            for one in due {
                // What does not land is lost, as elsewhere.
                let _ = self.execute(one.transaction);
            }
        }
        self.svm.warp_to_slot(self.blocks.slot());
    }

    /// Makes the blocks that are due by the clock.
    pub(crate) fn catch_up(&mut self) {
        let due = self.blocks.due();
        self.advance(due);
    }

    /// A hash that is no longer good. Blocks are made until there is one.
    pub(crate) fn stale_blockhash(&mut self) -> Hash {
        let known = self.blocks.latest();
        let stale = self.blocks.stale();
        if !self.blocks.is_valid(&stale) {
            return stale;
        }
        self.expire();
        known
    }

    /// Makes so many blocks that no hash known until now is good any more.
    pub(crate) fn expire(&mut self) {
        self.advance(blocks::VALID_BLOCKS + 1);
    }

    /// Lets a transaction land after so many blocks.
    pub(crate) fn hold(&mut self, transaction: VersionedTransaction, blocks: u64) {
        self.waiting.push(Waiting { at_height: self.blocks.height().saturating_add(blocks), transaction });
    }

    pub(crate) fn account(&self, address: &Address) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    pub(crate) fn lamports(&self, address: &Address) -> u64 {
        self.svm.get_balance(address).unwrap_or(0)
    }

    pub(crate) fn accounts_of(&self, program: &Address) -> Vec<(Address, Account)> {
        let mut found = self.svm.get_program_accounts(program);
        found.retain(|(_, account)| account.lamports > 0);
        found.sort_by_key(|(address, _)| *address);
        found
    }

    /// Writes an account, whatever was there.
    pub(crate) fn put(&mut self, address: Address, account: Account) -> Result<(), ChainError> {
        self.svm.set_account(address, account).map_err(|error| ChainError::Account(error.to_string()))
    }

    pub(crate) fn rent(&self, bytes: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(bytes)
    }

    pub(crate) fn landed(&self, signature: &Signature) -> Option<&Landed> {
        self.landed.get(signature)
    }

    /// How many have landed.
    pub(crate) fn landed_count(&self) -> usize {
        self.landed.len()
    }

    /// What a transaction would do now. Its signatures are not looked at.
    pub(crate) fn simulate(
        &self,
        transaction: &VersionedTransaction,
    ) -> Result<SimulatedTransactionInfo, Box<FailedTransactionMetadata>> {
        if let Err(err) = self.not_too_late(transaction) {
            return Err(Box::new(FailedTransactionMetadata { err, meta: TransactionMetadata::default() }));
        }
        self.svm.simulate_transaction(transaction.clone()).map_err(Box::new)
    }

    /// What it costs to send a message, whatever comes of it.
    pub(crate) fn fee(&self, message: VersionedMessage) -> u64 {
        let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
        match self.svm.simulate_transaction(VersionedTransaction { signatures, message }) {
            Ok(simulated) => simulated.meta.fee,
            Err(failed) => failed.meta.fee,
        }
    }

    /// Whether everybody has signed who must.
    pub(crate) fn is_signed(transaction: &VersionedTransaction) -> bool {
        transaction.sanitize().is_ok() && transaction.verify_and_hash_message().is_ok()
    }

    /// Somebody sends a transaction, whatever comes of it.
    pub(crate) fn sent(&mut self, transaction: &VersionedTransaction) {
        let signature = transaction.signatures.first();
        let is_waiting = self.waiting.iter().any(|one| one.transaction.signatures.first() == signature);
        let is_known = is_waiting || signature.is_some_and(|signature| self.landed.contains_key(signature));
        self.done.again += u64::from(is_known);
    }

    /// Lets a transaction of somebody who asks land, or says why it cannot. One that lands and fails costs its fee.
    pub(crate) fn execute(&mut self, transaction: VersionedTransaction) -> Result<Signature, TransactionError> {
        let signature = self.land(transaction)?;
        let has_failed = self.landed.get(&signature).is_some_and(|landed| landed.error.is_some());
        let count = if has_failed { &mut self.done.failed } else { &mut self.done.transactions };
        *count += 1;
        Ok(signature)
    }

    fn land(&mut self, transaction: VersionedTransaction) -> Result<Signature, TransactionError> {
        if !Self::is_signed(&transaction) {
            return Err(TransactionError::SignatureFailure);
        }
        self.not_too_late(&transaction)?;
        let keys = self.keys(&transaction);
        let before = self.balances(&keys);
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let result = self.svm.send_transaction(transaction.clone());
        if let Err(failed) = &result
            && failed.meta.signature == Signature::default()
        {
            // It never got as far as a block.
            return Err(failed.err.clone());
        }
        let after = self.balances(&keys);
        let landed = Landed::new(transaction, result, self.blocks.slot(), self.blocks.height(), before, after);
        self.landed.insert(signature, landed);
        self.advance(1);
        Ok(signature)
    }

    /// Sends instructions of the emulator's own; the first signer pays.
    pub(crate) fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature, ChainError> {
        let refused = |_| ChainError::Refused(TransactionError::SanitizeFailure);
        let payer = signers.first().map(|key| key.pubkey()).unwrap_or_default();
        let message = v0::Message::try_compile(&payer, instructions, &[], self.blocks.latest()).map_err(refused)?;
        let transaction = VersionedTransaction::try_new(VersionedMessage::V0(message), signers)
            .map_err(|_| ChainError::Refused(TransactionError::SignatureFailure))?;
        let signature = self.land(transaction).map_err(ChainError::Refused)?;
        match self.landed.get(&signature).and_then(|landed| landed.error.clone()) {
            Some(error) => Err(ChainError::Refused(error)),
            None => Ok(signature),
        }
    }

    /// Lamports from the faucet.
    pub(crate) fn airdrop(&mut self, to: &Address, lamports: u64) -> Result<Signature, ChainError> {
        let faucet = self.faucet.insecure_clone();
        let transfer = solana_system_interface::instruction::transfer(&faucet.pubkey(), to, lamports);
        self.run(&[transfer], &[&faucet])
    }

    fn not_too_late(&self, transaction: &VersionedTransaction) -> Result<(), TransactionError> {
        if !self.blocks.is_valid(transaction.message.recent_blockhash()) {
            return Err(TransactionError::BlockhashNotFound);
        }
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        if signature != Signature::default() && self.landed.contains_key(&signature) {
            return Err(TransactionError::AlreadyProcessed);
        }
        Ok(())
    }

    /// Every account that a transaction names, those of its lookup tables too, in the order of their indices.
    pub(crate) fn keys(&self, transaction: &VersionedTransaction) -> Vec<Address> {
        let mut keys = transaction.message.static_account_keys().to_vec();
        let (writable, readonly) = self.looked_up(&transaction.message);
        keys.extend(writable);
        keys.extend(readonly);
        keys
    }

    /// What the lookup tables of a message stand for: writable ones, and others.
    pub(crate) fn looked_up(&self, message: &VersionedMessage) -> (Vec<Address>, Vec<Address>) {
        let (mut writable, mut readonly) = (Vec::new(), Vec::new());
        for lookup in message.address_table_lookups().unwrap_or_default() {
            let table = self.account(&lookup.account_key).map(|account| account.data).unwrap_or_default();
            let addresses = table.get(tokens::TABLE_META..).unwrap_or_default();
            let at = |index: &u8| {
                let start = usize::from(*index) * 32;
                let bytes = addresses.get(start..start + 32).unwrap_or(&[0; 32]);
                Address::try_from(bytes).unwrap_or_default()
            };
            writable.extend(lookup.writable_indexes.iter().map(at));
            readonly.extend(lookup.readonly_indexes.iter().map(at));
        }
        (writable, readonly)
    }

    fn balances(&self, keys: &[Address]) -> Balances {
        let lamports = keys.iter().map(|key| self.lamports(key)).collect();
        let tokens = keys.iter().enumerate().filter_map(|(index, key)| self.token_balance(index, key)).collect();
        Balances { lamports, tokens }
    }

    fn token_balance(&self, index: usize, address: &Address) -> Option<TokenBalance> {
        let held = Held::read(&self.account(address)?)?;
        let decimals = self.mint(&held.mint)?.decimals;
        Some(TokenBalance { index, decimals, held })
    }
}

/// Of LiteSVM's answer, what is kept.
pub(crate) fn outcome(result: &TransactionResult) -> (Option<TransactionError>, &TransactionMetadata) {
    match result {
        Ok(meta) => (None, meta),
        Err(failed) => (Some(failed.err.clone()), &failed.meta),
    }
}
