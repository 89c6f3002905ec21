//! What is commanded: by a test through the emulator's own methods, by anybody else through `/_emulator`. It is not
//! counted.

use serde::Deserialize;
use serde_json::{Value, json};
use solana_address::Address;

use crate::{
    chain::{ChainError, Done},
    exchange::{Malice, Reply, Token},
    faults::Plan,
    server::{EmulatedChain, State, World},
};

/// `POST /_emulator/chain`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    /// Makes blocks.
    Advance(u64),
    /// Makes so many that no blockhash known until now is good.
    Expire,
    /// Lamports for an address.
    Airdrop { address: String, lamports: u64 },
    /// New tokens for an owner.
    MintTo { owner: String, mint: String, amount: u64 },
}

/// `POST /_emulator/exchange`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Turn {
    /// Lists a token, or gives one that is listed a new price.
    List(Token),
    /// A new price of a listed token.
    Price { mint: String, price: u64 },
    /// Robs takers so; not any more where there is none.
    Malice(Option<Malice>),
    /// So many basis points less come out than was quoted.
    Drift(u16),
    /// Whether lamports go in and out as wrapped ones.
    Wrap(bool),
}

/// Most blocks that are made at once.
const MOST_BLOCKS: u64 = 10_000;

impl EmulatedChain {
    /// What `GET /_emulator/counts` answers.
    pub fn counts(&self) -> Value {
        counts(&self.world.state())
    }

    /// What `GET /_emulator/report` answers.
    pub fn report(&self) -> Value {
        report(&self.world.state())
    }

    /// What `POST /_emulator/faults` does.
    pub fn misbehave(&self, plan: Plan) {
        self.world.misbehave(plan);
    }

    /// Makes blocks.
    pub fn advance(&self, blocks: u64) {
        self.world.state().chain.advance(blocks.min(MOST_BLOCKS));
    }

    /// Makes so many blocks that no blockhash known until now is good any more.
    pub fn expire(&self) {
        self.world.state().chain.expire();
    }

    /// Lamports for an address.
    ///
    /// # Errors
    /// The chain refuses it.
    pub fn airdrop(&self, to: &Address, lamports: u64) -> Result<(), ChainError> {
        self.world.state().chain.airdrop(to, lamports).map(drop)
    }

    /// New tokens for an owner.
    ///
    /// # Errors
    /// There is no such mint, or it cannot be more.
    pub fn mint_to(&self, owner: &Address, mint: &Address, amount: u64) -> Result<(), ChainError> {
        self.world.state().chain.mint_to(owner, mint, amount)
    }

    /// Lamports of an address, whatever a fault makes its clients believe.
    pub fn lamports(&self, of: &Address) -> u64 {
        self.world.state().chain.lamports(of)
    }

    /// Tokens of an owner over all of its accounts, whatever a fault makes its clients believe.
    pub fn tokens(&self, of: &Address, mint: &Address) -> u64 {
        self.world.state().chain.tokens(of, mint)
    }

    /// Where an owner's tokens are.
    ///
    /// # Errors
    /// There is no such mint.
    pub fn token_account(&self, owner: &Address, mint: &Address) -> Result<Address, ChainError> {
        self.world.state().chain.token_account(owner, mint)
    }

    /// Whom stolen money goes to.
    pub fn thief(&self) -> Address {
        self.world.state().exchange.thief()
    }

    /// Who is on the other side of an order.
    pub fn maker(&self) -> Address {
        self.world.state().exchange.maker()
    }

    /// The token that is worth nothing.
    pub fn junk(&self) -> Address {
        self.world.state().exchange.junk()
    }

    /// Lists a token, or gives one that is listed a new price.
    ///
    /// # Errors
    /// Its mint cannot be made.
    pub fn list(&self, token: Token) -> Result<(), ChainError> {
        let state = &mut *self.world.state();
        state.exchange.list(&mut state.chain, token)
    }

    /// A new price of a listed token, in millionths of a dollar.
    ///
    /// # Errors
    /// It is not listed.
    pub fn price(&self, mint: &Address, price: u64) -> Result<(), ChainError> {
        let state = &mut *self.world.state();
        state.exchange.price(&mut state.chain, mint, price)
    }

    /// Takers are robbed so from now on; not any more where there is none.
    ///
    /// # Errors
    /// The chain refuses it.
    pub fn turn(&self, malice: Option<Malice>) -> Result<(), ChainError> {
        let state = &mut *self.world.state();
        state.exchange.turn(&mut state.chain, malice)
    }

    /// So many basis points less come out than was quoted.
    ///
    /// # Errors
    /// The chain refuses it.
    pub fn drift(&self, bps: u16) -> Result<(), ChainError> {
        let state = &mut *self.world.state();
        state.exchange.drift(&mut state.chain, bps)
    }

    /// Whether lamports go in and out as wrapped ones.
    pub fn wrap(&self, wraps: bool) {
        self.world.state().exchange.wrap(wraps);
    }
}

impl World {
    /// None: there is no such command.
    pub(crate) fn control(&self, method: &str, path: &str, body: &[u8]) -> Option<Reply> {
        let done = match (method, path) {
            ("GET", "counts") => return Some(Reply::new(200, counts(&self.state()))),
            ("GET", "report") => return Some(Reply::new(200, report(&self.state()))),
            ("POST", "faults") => Plan::parse(body).map(|plan| self.misbehave(plan)).map_err(|error| error.to_string()),
            ("POST", "chain") => read(body).and_then(|command| self.command(command)),
            ("POST", "exchange") => read(body).and_then(|turn| self.turn(turn)),
            _ => return None,
        };
        Some(match done {
            Ok(()) => Reply::new(200, json!({})),
            Err(error) => Reply::new(400, json!({ "error": error })),
        })
    }

    fn command(&self, command: Command) -> Result<(), String> {
        let chain = &mut self.state().chain;
        let done = match command {
            Command::Advance(blocks) if blocks > MOST_BLOCKS => return Err(format!("at most {MOST_BLOCKS} blocks")),
            Command::Advance(blocks) => {
                chain.advance(blocks);
                Ok(())
            }
            Command::Expire => {
                chain.expire();
                Ok(())
            }
            Command::Airdrop { address: to, lamports } => chain.airdrop(&address(&to)?, lamports).map(drop),
            Command::MintTo { owner, mint, amount } => chain.mint_to(&address(&owner)?, &address(&mint)?, amount),
        };
        done.map_err(|error| error.to_string())
    }

    fn turn(&self, turn: Turn) -> Result<(), String> {
        let State { chain, exchange, .. } = &mut *self.state();
        let done = match turn {
            Turn::List(token) => exchange.list(chain, token),
            Turn::Price { mint, price } => exchange.price(chain, &address(&mint)?, price),
            Turn::Malice(malice) => exchange.turn(chain, malice),
            Turn::Drift(bps) => exchange.drift(chain, bps),
            Turn::Wrap(wraps) => {
                exchange.wrap(wraps);
                Ok(())
            }
        };
        done.map_err(|error| error.to_string())
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|_| format!("{text:?} is no address"))
}

/// As the emulators of X and of models count.
fn counts(state: &State) -> Value {
    let Done { transactions, failed, swaps, airdrops, again } = &state.chain.done;
    let (requests, faults) = state.record.totals();
    json!({
        "effects": { "transaction": transactions, "failed": failed, "swap": swaps, "airdrop": airdrops },
        "requests": requests, "duplicates": again, "faults": faults,
    })
}

fn report(state: &State) -> Value {
    let State { chain, exchange, record, faults } = state;
    let struck: Vec<Value> = faults
        .struck()
        .map(|(fault, struck)| json!({ "kind": fault.kind, "operation": fault.operation, "struck": struck }))
        .collect();
    json!({
        "schema": "puppet.emulated-chain/1", "counts": record.counts(), "requests": record.entries(),
        "chain": {
            "height": chain.blocks.height(), "slot": chain.blocks.slot(), "landed": chain.landed_count(),
        },
        "exchange": {
            "tokens": exchange.tokens().collect::<Vec<_>>(), "maker": exchange.maker().to_string(),
            "thief": exchange.thief().to_string(), "malice": exchange.malice(),
        },
        "faults": struck,
    })
}
