//! `order`: a quote, and where a taker is named, the transaction that it is to sign. The maker signs it last, when it is
//! executed.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_address::Address;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::{VersionedMessage, v0};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{
    Exchange, Malice, SOL, Token,
    api::{Wanted, Wrong},
    legs::{Leg, UNIT_LIMIT, UNIT_PRICE},
    malice::Victim,
    prices::part,
};
use crate::{
    chain::{Chain, ROUTER},
    seeded,
};

/// An order that may be executed.
pub(super) struct Kept {
    pub(super) message: Vec<u8>,
    pub(super) router: Router,
    pub(super) taker: Address,
    pub(super) input: Address,
    pub(super) output: Address,
    pub(super) amount: u64,
    pub(super) quoted: u64,
    pub(super) threshold: u64,
    pub(super) signature: Option<Signature>,
}

/// Who is on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Router {
    /// A market maker, who signs too.
    Maker,
    /// The router's pool; the taker signs alone.
    Pool,
}

impl Router {
    /// The best that is not excluded.
    fn of(excluded: &str) -> Result<Self, Wrong> {
        let offered = [Self::Maker, Self::Pool].into_iter();
        let mut left = offered.filter(|router| !excluded.split(',').any(|name| name == router.name()));
        left.next().ok_or_else(|| "no route: every router is excluded".to_owned())
    }

    /// Jupiter's names.
    fn name(self) -> &'static str {
        match self {
            Self::Maker => "jupiterz",
            Self::Pool => "iris",
        }
    }

    fn signers(self) -> u64 {
        match self {
            Self::Maker => 2,
            Self::Pool => 1,
        }
    }
}

/// Where none is asked for.
const SLIPPAGE_BPS: u16 = 50;

/// What is offered.
pub(super) struct Quote {
    pub(super) input: Token,
    pub(super) output: Token,
    pub(super) amount: u64,
    pub(super) out: u64,
    pub(super) threshold: u64,
    pub(super) slippage_bps: u16,
}

impl Exchange {
    pub(super) fn quote(&self, wanted: &Wanted) -> Result<Quote, Wrong> {
        let token = |mint: &Address| self.tokens.get(mint).cloned().ok_or_else(|| format!("{mint} is not traded here"));
        let (input, output) = (token(&wanted.input)?, token(&wanted.output)?);
        let rate = self.rate(&wanted.input, &wanted.output).and_then(|rate| rate.of(wanted.amount));
        let mut out = rate.filter(|out| *out > 0).ok_or("no route: nothing would come out")?;
        if let (Some(Malice::QuoteChanged { percent }), Some(_)) = (&self.malice, wanted.taker) {
            out = part(out, u32::from(*percent) * 100);
        }
        let slippage_bps = wanted.slippage_bps.unwrap_or(SLIPPAGE_BPS);
        let lost = u128::from(out) * u128::from(slippage_bps) / 10_000;
        let threshold = out - u64::try_from(lost).unwrap_or(out);
        Ok(Quote { input, output, amount: wanted.amount, out, threshold, slippage_bps })
    }

    pub(super) fn order(&mut self, chain: &mut Chain, query: &BTreeMap<String, String>) -> Result<Value, Wrong> {
        let wanted = Wanted::read(query, &["excludeRouters"])?;
        let router = Router::of(query.get("excludeRouters").map_or("", String::as_str))?;
        let quote = self.quote(&wanted)?;
        self.asked += 1;
        let parts = ["order", &self.seed.to_string(), &self.asked.to_string()];
        let id = format!("{:016x}{:016x}", seeded::number(&parts), self.asked);
        let mut told = quote.told();
        let signature_fee = 5_000 * router.signers();
        let priority_fee = u64::from(UNIT_LIMIT) * UNIT_PRICE / 1_000_000;
        for (name, value) in [
            ("requestId", json!(id)),
            ("quoteId", json!(id)),
            ("mode", json!("manual")),
            ("router", json!(router.name())),
            ("swapType", json!(if router == Router::Maker { "rfq" } else { "aggregator" })),
            ("maker", json!((router == Router::Maker).then(|| self.maker().to_string()))),
            ("taker", json!(wanted.taker.map(|taker| taker.to_string()))),
            ("gasless", json!(false)),
            ("feeBps", json!(0)),
            ("feeMint", json!(quote.output.mint.to_string())),
            ("signatureFeeLamports", json!(signature_fee)),
            ("prioritizationFeeLamports", json!(priority_fee)),
            ("rentFeeLamports", json!(0)),
            ("totalTime", json!(1)),
            ("transaction", Value::Null),
        ] {
            told[name] = value;
        }
        let Some(taker) = wanted.taker else { return Ok(told) };
        let opens = self.opens(chain, &quote, &taker);
        told["rentFeeLamports"] = json!(if opens { chain.rent(165) } else { 0 });
        if self.has(chain, &quote.input, &taker) < quote.amount {
            told["transaction"] = json!("");
            told["errorCode"] = json!(1);
            told["errorMessage"] = json!("Insufficient funds");
            told["error"] = json!("Insufficient funds");
            return Ok(told);
        }
        let message = match router {
            Router::Maker => self.message(chain, &quote, &taker),
            Router::Pool => self.through_pool(chain, &quote, &taker),
        };
        let message = message.map_err(|error| error.to_string())?;
        let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
        let kept = Kept {
            message: message.serialize(),
            router,
            taker,
            input: wanted.input,
            output: wanted.output,
            amount: quote.amount,
            quoted: quote.out,
            threshold: quote.threshold,
            signature: None,
        };
        let last = chain.blocks.last_valid(message.recent_blockhash());
        let bytes =
            wincode::serialize(&VersionedTransaction { signatures, message }).map_err(|error| error.to_string())?;
        told["transaction"] = json!(BASE64_STANDARD.encode(bytes));
        told["lastValidBlockHeight"] = json!(last.map(|last| last.to_string()));
        self.orders.insert(id, kept);
        Ok(told)
    }

    /// What an owner could pay with.
    pub(super) fn has(&self, chain: &Chain, token: &Token, owner: &Address) -> u64 {
        if token.mint == SOL {
            return chain.lamports(owner);
        }
        let account = chain.account(&token.account_of(owner));
        account.and_then(|account| crate::chain::Held::read(&account)).map_or(0, |held| held.amount)
    }

    /// Whether a swap opens an account that stays.
    fn opens(&self, chain: &Chain, quote: &Quote, taker: &Address) -> bool {
        quote.output.mint != SOL && chain.account(&quote.output.account_of(taker)).is_none()
    }

    /// The whole swap through the router's pool.
    fn through_pool(
        &self,
        chain: &mut Chain,
        quote: &Quote,
        taker: &Address,
    ) -> Result<VersionedMessage, Box<dyn std::error::Error>> {
        let parts = self.parts(chain, quote, taker)?;
        let mut all = vec![
            ComputeBudgetInstruction::set_compute_unit_limit(UNIT_LIMIT),
            ComputeBudgetInstruction::set_compute_unit_price(UNIT_PRICE),
        ];
        all.extend(parts.all().cloned());
        let tables: Vec<_> = parts.table.into_iter().collect();
        Ok(VersionedMessage::V0(v0::Message::try_compile(taker, &all, &tables, chain.blocks.latest())?))
    }

    /// The whole swap with the maker, with whatever a hostile exchange does to it.
    fn message(
        &mut self,
        chain: &mut Chain,
        quote: &Quote,
        taker: &Address,
    ) -> Result<VersionedMessage, Box<dyn std::error::Error>> {
        let (maker, thief) = (self.maker(), self.thief());
        let worthless = self.worthless();
        let (token, to) = match &self.malice {
            Some(Malice::OtherMint) => (&worthless, *taker),
            Some(Malice::SwappedRecipient) => (&quote.output, thief),
            _ => (&quote.output, *taker),
        };
        let paid = part(quote.out, self.paid_bps());
        let mut all = vec![
            ComputeBudgetInstruction::set_compute_unit_limit(UNIT_LIMIT),
            ComputeBudgetInstruction::set_compute_unit_price(UNIT_PRICE),
        ];
        all.extend(self.pay_in(Leg { token: &quote.input, from: *taker, to: maker, amount: quote.amount }));
        all.extend(self.pay_out(Leg { token, from: maker, to, amount: paid }, taker));
        let amounts = (quote.amount, paid);
        let victim = Victim { taker: *taker, input: &quote.input, output: &quote.output, amounts };
        let (added, table) = self.added(chain, &victim)?;
        all.extend(added);
        let tables: Vec<_> = table.into_iter().collect();
        Ok(VersionedMessage::V0(v0::Message::try_compile(taker, &all, &tables, chain.blocks.latest())?))
    }
}

impl Quote {
    /// What an order and a build say alike.
    pub(super) fn told(&self) -> Value {
        let (input, output) = (self.input.mint.to_string(), self.output.mint.to_string());
        let (amount, out) = (self.amount.to_string(), self.out.to_string());
        json!({
            "inputMint": input, "outputMint": output, "inAmount": amount, "outAmount": out,
            "otherAmountThreshold": self.threshold.to_string(), "swapMode": "ExactIn",
            "slippageBps": self.slippage_bps, "priceImpactPct": "0", "priceImpact": 0, "platformFee": null,
            "routePlan": [{
                "swapInfo": {
                    "ammKey": ROUTER.to_string(), "label": "Emulated", "inputMint": input, "outputMint": output,
                    "inAmount": amount, "outAmount": out,
                },
                "percent": 100, "bps": 10_000,
            }],
        })
    }
}
