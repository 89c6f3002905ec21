//! `build`: a quote with raw instructions, which the taker puts into a transaction, signs alone and sends by its own RPC.
//! They go through the router, which fails on the chain where less would come out than was agreed.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_address::Address;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::AddressLookupTableAccount;

use super::{
    Exchange, Malice, SOL, Token,
    api::{Wanted, Wrong},
    legs::{UNIT_PRICE, unwrap, wrap},
    malice::Victim,
    order::Quote,
    prices::part,
};
use crate::chain::{Chain, ROUTE, ROUTER, rate_account, router_authority};

/// A swap through the router.
pub(super) struct Parts {
    setup: Vec<Instruction>,
    swap: Instruction,
    cleanup: Option<Instruction>,
    others: Vec<Instruction>,
    pub(super) table: Option<AddressLookupTableAccount>,
}

impl Parts {
    /// In the order in which they go into a transaction.
    pub(super) fn all(&self) -> impl Iterator<Item = &Instruction> {
        self.setup.iter().chain([&self.swap]).chain(&self.cleanup).chain(&self.others)
    }
}

impl Exchange {
    pub(super) fn build(&mut self, chain: &mut Chain, query: &BTreeMap<String, String>) -> Result<Value, Wrong> {
        let wanted = Wanted::read(query, &[])?;
        let taker = wanted.taker.ok_or("`taker` is needed")?;
        let quote = self.quote(&wanted)?;
        self.asked += 1;
        let mut told = quote.told();
        let parts = self.parts(chain, &quote, &taker)?;
        let tables = parts.table.iter().map(|table| {
            let addresses: Vec<String> = table.addresses.iter().map(Address::to_string).collect();
            (table.key.to_string(), addresses)
        });
        let tables: BTreeMap<String, Vec<String>> = tables.collect();
        let (hash, all) = (chain.blocks.latest(), |list: &[Instruction]| list.iter().map(shown).collect::<Vec<_>>());
        let price = ComputeBudgetInstruction::set_compute_unit_price(UNIT_PRICE);
        for (name, value) in [
            ("computeBudgetInstructions", json!([shown(&price)])),
            ("setupInstructions", json!(all(&parts.setup))),
            ("swapInstruction", shown(&parts.swap)),
            ("cleanupInstruction", json!(parts.cleanup.as_ref().map(shown))),
            ("otherInstructions", json!(all(&parts.others))),
            ("tipInstruction", Value::Null),
            ("addressesByLookupTableAddress", if tables.is_empty() { Value::Null } else { json!(tables) }),
            (
                "blockhashWithMetadata",
                json!({ "blockhash": hash.to_bytes(), "lastValidBlockHeight": chain.blocks.last_valid(&hash) }),
            ),
        ] {
            told[name] = value;
        }
        Ok(told)
    }

    /// A swap through the router, with whatever a hostile exchange does to it.
    pub(super) fn parts(&self, chain: &mut Chain, quote: &Quote, taker: &Address) -> Result<Parts, Wrong> {
        let sol = [&quote.input, &quote.output].into_iter().find(|token| token.mint == SOL);
        let mut setup = vec![quote.output.open(taker, taker)];
        if quote.input.mint == SOL {
            setup.extend(wrap(&quote.input, taker, quote.amount));
        }
        let amounts = (quote.amount, part(quote.out, self.paid_bps()));
        let victim = Victim { taker: *taker, input: &quote.input, output: &quote.output, amounts };
        let (others, table) = self.added(chain, &victim).map_err(|error| error.to_string())?;
        let swap = if self.malice == Some(Malice::OtherMint) {
            let other = self.in_worthless(chain, quote)?;
            setup.push(other.output.open(taker, taker));
            self.route(&other, taker)
        } else {
            self.route(quote, taker)
        };
        Ok(Parts { setup, swap, cleanup: sol.map(|sol| unwrap(sol, taker)), others, table })
    }

    /// The router's instruction: Jupiter's `route`, and after its accounts those of the pool.
    fn route(&self, quote: &Quote, taker: &Address) -> Instruction {
        let (pool, _) = router_authority();
        let (input, output) = (&quote.input, &quote.output);
        let (program_in, program_out) = (input.program.address(), output.program.address());
        let recipient = if self.malice == Some(Malice::SwappedRecipient) { self.thief() } else { *taker };
        // A worse rate is one that the router is told to be content with.
        let agreed = match self.malice {
            Some(Malice::WorseRate { .. }) => part(quote.out, self.paid_bps()),
            _ => quote.out,
        };
        let mut data = ROUTE.to_vec();
        data.extend(0_u32.to_le_bytes());
        data.extend(quote.amount.to_le_bytes());
        data.extend(agreed.to_le_bytes());
        data.extend(quote.slippage_bps.to_le_bytes());
        data.push(0);
        let (read, write) = (AccountMeta::new_readonly, AccountMeta::new);
        let accounts = vec![
            read(program_out, false),
            read(*taker, true),
            write(input.account_of(taker), false),
            write(output.account_of(&recipient), false),
            read(ROUTER, false),
            read(output.mint, false),
            read(ROUTER, false),
            read(ROUTER, false),
            read(ROUTER, false),
            read(rate_account(&input.mint, &output.mint), false),
            read(pool, false),
            write(input.account_of(&pool), false),
            write(output.account_of(&pool), false),
            read(input.mint, false),
            read(program_in, false),
            read(program_out, false),
        ];
        Instruction { program_id: ROUTER, accounts, data }
    }

    /// The same in a token that is worth nothing, at a rate as if it were.
    fn in_worthless(&self, chain: &mut Chain, quote: &Quote) -> Result<Quote, Wrong> {
        let output = Token { price: quote.output.price, ..self.worthless() };
        let rate = self.write_rate(chain, &quote.input, &output).map_err(|error| error.to_string())?;
        let out = rate.of(quote.amount).ok_or("no route")?;
        Ok(Quote { input: quote.input.clone(), output, out, ..*quote })
    }
}

fn shown(instruction: &Instruction) -> Value {
    let account = |meta: &AccountMeta| json!({ "pubkey": meta.pubkey.to_string(), "isSigner": meta.is_signer, "isWritable": meta.is_writable });
    json!({
        "programId": instruction.program_id.to_string(),
        "accounts": instruction.accounts.iter().map(account).collect::<Vec<_>>(),
        "data": BASE64_STANDARD.encode(&instruction.data),
    })
}
