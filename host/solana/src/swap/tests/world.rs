//! A chain, an exchange and a log in memory, which fall over where they are told to.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::super::*;
use crate::{
    accounts::{Account, Balances},
    chain::{Blockhash, Record, Simulation, Status},
    guard::InMemoryApprovals,
    jupiter::{Ask, Built, Executed, Order, Quote},
    testing::*,
};

/// Where the host dies: at the so-many-th thing it asks of the world, before or after it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Death {
    pub(super) at: usize,
    pub(super) is_done: bool,
}

pub(super) struct State {
    pub(super) balances: Balances,
    pub(super) height: u64,
    /// Handed in, waiting for a block.
    pub(super) pending: Vec<VersionedTransaction>,
    pub(super) landed: Vec<(Signature, u64)>,
    /// What they did, by the same place.
    pub(super) records: Vec<Record>,
    pub(super) lacks_records: bool,
    pub(super) sent: Vec<Signature>,
    pub(super) asked: usize,
    pub(super) death: Option<Death>,
    pub(super) now: i64,
    /// What the exchange builds.
    pub(super) steps: Vec<Instruction>,
    pub(super) out_amount: u64,
    pub(super) least_out: u64,
    /// What really comes out.
    pub(super) brings: u64,
    pub(super) loses_everything_sent: bool,
    pub(super) reverts: bool,
    pub(super) denies_statuses: bool,
    pub(super) is_refusing: bool,
    /// What a try shows, beside the swap.
    pub(super) tampers: fn(&mut Balances),
    pub(super) log: Vec<(String, Entry)>,
}

pub(super) struct World(Mutex<State>);

impl World {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            balances: own().balances,
            height: 100,
            pending: vec![],
            landed: vec![],
            records: vec![],
            lacks_records: false,
            sent: vec![],
            asked: 0,
            death: None,
            now: 1_000,
            steps: honest(),
            out_amount: 510,
            least_out: 505,
            brings: 507,
            loses_everything_sent: false,
            reverts: false,
            denies_statuses: false,
            is_refusing: false,
            tampers: |_| (),
            log: vec![],
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A block: what was handed in lands, unless it has run out.
    pub(super) fn block(&self) {
        let mut state = self.state();
        state.height += 1;
        state.now += 400;
        for transaction in std::mem::take(&mut state.pending) {
            let signature = transaction.signatures[0];
            let is_new = state.landed.iter().all(|(landed, _)| *landed != signature);
            if is_new && state.height <= LAST_VALID && !state.loses_everything_sent {
                let (brings, reverts) = (state.brings, state.reverts);
                let before = of_swap(&state.balances);
                apply(&mut state.balances, if reverts { None } else { Some(brings) });
                let after = of_swap(&state.balances);
                let height = state.height;
                state.landed.push((signature, height));
                state.records.push(Record { is_done: !reverts, before, after });
            }
        }
    }

    /// One thing that is asked of the world: the host may die before it or after it.
    fn ask<T>(&self, answer: impl FnOnce(&mut State) -> T) -> Result<T, Died> {
        let mut state = self.state();
        let at = state.asked;
        state.asked += 1;
        match state.death {
            Some(death) if death.at < at => Err(Died),
            Some(death) if death.at == at && !death.is_done => Err(Died),
            Some(death) if death.at == at => {
                answer(&mut state);
                Err(Died)
            }
            _ => Ok(answer(&mut state)),
        }
    }
}

pub(super) const LAST_VALID: u64 = 250;

struct Died;

impl From<Died> for ChainError {
    fn from(_: Died) -> Self {
        Self::Unreachable("world".to_owned())
    }
}

impl From<Died> for JupiterError {
    fn from(_: Died) -> Self {
        Self::Unreachable("world".to_owned())
    }
}

impl From<Died> for LogError {
    fn from(_: Died) -> Self {
        Self("died".to_owned())
    }
}

/// What the swap does: the fee is gone in any case.
fn apply(balances: &mut Balances, brings: Option<u64>) {
    *balances.lamports.get_mut(&taker()).unwrap() -= 5_000;
    if let Some(brings) = brings {
        balances.holdings.get_mut(&ata(&taker(), usdc())).unwrap().amount -= 1_000_000;
        balances.holdings.get_mut(&ata(&taker(), bonk())).unwrap().amount += brings;
    }
}

/// Somebody else's doing: so much comes of what the swap gives, and of what it takes.
pub(super) fn others(balances: &mut Balances, gives: i64, takes: i64) {
    for (leg, by) in [(usdc(), gives), (bonk(), takes)] {
        let amount = &mut balances.holdings.get_mut(&ata(&taker(), leg)).unwrap().amount;
        *amount = amount.checked_add_signed(by).unwrap();
    }
}

/// Of the accounts that the swap names.
fn of_swap(balances: &Balances) -> Balances {
    let legs = [usdc(), bonk()].map(|leg| ata(&taker(), leg));
    let holdings = balances.holdings.iter().filter(|(address, _)| legs.contains(address));
    Balances {
        lamports: [(taker(), balances.lamports[&taker()])].into(),
        holdings: holdings.map(|(address, holding)| (*address, holding.clone())).collect(),
    }
}

fn account_of(balances: &Balances, address: &Address) -> Option<Account> {
    let wallet = balances.lamports.get(address);
    let wallet = wallet.map(|lamports| Account { lamports: *lamports, ..Account::default() });
    let held = || balances.holdings.get(address).map(account);
    let mint = || [usdc(), bonk()].into_iter().find(|leg| leg.mint == *address).map(|leg| mint_account(leg.program, 6));
    wallet.or_else(held).or_else(mint)
}

#[async_trait]
impl Chain for World {
    async fn genesis(&self) -> Result<String, ChainError> {
        Ok("here".to_owned())
    }
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        Ok(self.ask(|state| addresses.iter().map(|address| account_of(&state.balances, address)).collect())?)
    }
    async fn token_accounts(&self, wallet: &Address) -> Result<Vec<Address>, ChainError> {
        let found = self.ask(|state| {
            let held = state.balances.holdings.iter();
            held.filter(|(_, holding)| holding.owner == *wallet).map(|(address, _)| *address).collect()
        });
        Ok(found?)
    }
    async fn blockhash(&self) -> Result<Blockhash, ChainError> {
        Ok(self.ask(|_| Blockhash { hash: Hash::new_from_array([7; 32]), last_valid_height: LAST_VALID })?)
    }
    async fn finalized_height(&self) -> Result<u64, ChainError> {
        Ok(self.ask(|state| state.height.saturating_sub(32))?)
    }
    async fn simulate(&self, _: &VersionedTransaction, watch: &[Address]) -> Result<Simulation, ChainError> {
        let tried = self.ask(|state| {
            let mut after = state.balances.clone();
            apply(&mut after, Some(state.brings));
            (state.tampers)(&mut after);
            watch.iter().map(|address| account_of(&after, address)).collect()
        });
        Ok(Simulation { error: None, accounts: tried?, units: Some(100_000) })
    }
    async fn send(&self, transaction: &VersionedTransaction) -> Result<(), ChainError> {
        Ok(self.ask(|state| hand_in(state, transaction))?)
    }
    async fn status(&self, signature: &Signature) -> Result<Option<Status>, ChainError> {
        let found = self.ask(|state| {
            let landed = state.landed.iter().find(|(landed, _)| landed == signature && !state.denies_statuses);
            landed.map(|(_, slot)| Status {
                slot: *slot,
                error: state.reverts.then(|| "SlippageToleranceExceeded".to_owned()),
                is_confirmed: state.height > *slot,
                is_finalized: state.height > slot + 32,
            })
        });
        Ok(found?)
    }
    async fn record(&self, signature: &Signature) -> Result<Option<Record>, ChainError> {
        let found = self.ask(|state| {
            let place = state.landed.iter().position(|(landed, _)| landed == signature && !state.lacks_records);
            place.map(|place| state.records[place].clone())
        });
        Ok(found?)
    }
    async fn priority_fee(&self, _: &[Address]) -> Result<u64, ChainError> {
        Ok(self.ask(|_| 1_000)?)
    }
}

fn hand_in(state: &mut State, transaction: &VersionedTransaction) {
    assert!(transaction.verify_with_results()[0], "not signed");
    state.sent.push(transaction.signatures[0]);
    state.pending.push(transaction.clone());
}

fn quote(state: &State, ask: &Ask) -> Quote {
    Quote {
        gives: ask.gives,
        takes: ask.takes,
        in_amount: ask.amount,
        out_amount: state.out_amount,
        least_out: state.least_out,
        slippage_bps: 100,
        price_impact_bps: Some(1),
        at: Timestamp::from_millis(0),
    }
}

#[async_trait]
impl Jupiter for World {
    async fn order(&self, ask: &Ask) -> Result<Order, JupiterError> {
        let order = self.ask(|state| Order {
            quote: quote(state, ask),
            transaction: (!state.is_refusing).then(|| STANDARD.encode(bytes(message(taker(), &state.steps, &[])))),
            request_id: "order-1".to_owned(),
            last_valid_height: Some(LAST_VALID - 10),
            reason: state.is_refusing.then(|| "Insufficient funds".to_owned()),
        });
        Ok(order?)
    }
    async fn execute(&self, signed: &str, order: &str) -> Result<Executed, JupiterError> {
        assert_eq!(order, "order-1");
        let transaction = wincode::deserialize(&STANDARD.decode(signed).unwrap()).unwrap();
        self.ask(|state| hand_in(state, &transaction))?;
        Ok(Executed { is_success: true, code: 0, words: String::new() })
    }
    async fn build(&self, ask: &Ask) -> Result<Built, JupiterError> {
        let built = self.ask(|state| Built {
            quote: quote(state, ask),
            instructions: state.steps.clone(),
            tables: std::collections::BTreeMap::new(),
            blockhash: None,
        });
        Ok(built?)
    }
}

#[async_trait]
impl SwapLog for World {
    async fn append(&self, id: &str, entry: &Entry) -> Result<(), LogError> {
        // As it would be kept: in words.
        let kept = serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap();
        assert_eq!(*entry, kept);
        Ok(self.ask(|state| state.log.push((id.to_owned(), kept)))?)
    }
    async fn read(&self, id: &str) -> Result<Vec<Entry>, LogError> {
        let state = self.state();
        Ok(state.log.iter().filter(|(of, _)| of == id).map(|(_, entry)| entry.clone()).collect())
    }
    async fn open(&self) -> Result<Vec<String>, LogError> {
        let state = self.state();
        let ids: BTreeSet<&String> = state.log.iter().map(|(id, _)| id).collect();
        let is_over = |id: &String| state.log.iter().any(|(of, entry)| of == id && entry.is_end());
        Ok(ids.into_iter().filter(|id| !is_over(id)).cloned().collect())
    }
}

/// A host on this world, as it is after a start.
pub(super) fn host(world: &Arc<World>, settings: SwapSettings, approvals: &Arc<InMemoryApprovals>) -> Swapper {
    let clock = Arc::clone(world);
    let parts = Parts {
        wallet: wallet(1),
        wallets: own().wallets,
        guard: Guard::default(),
        chain: world.clone(),
        jupiter: world.clone(),
        log: world.clone(),
        approvals: approvals.clone(),
        now: Arc::new(move || Timestamp::from_millis(clock.state().now)),
    };
    Swapper::new(parts, settings)
}

pub(super) fn want() -> Want {
    Want {
        taker: taker().to_string(),
        gives: usdc().mint.to_string(),
        takes: bonk().mint.to_string(),
        amount: 1_000_000,
        max_slippage_bps: 100,
        max_impact_bps: 50,
        least_out: 500,
    }
}
