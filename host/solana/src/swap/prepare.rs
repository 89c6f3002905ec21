//! From a wish to a signature. Up to there nothing can happen, and everything can be given up.

use base64::{Engine, engine::general_purpose::STANDARD};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{Cause, Entry, Halted, Held, Progress, SwapError, Swapper, Via, Waiting, Want, is_slippage};
use crate::{
    accounts::Balances,
    chain::{self, ChainError, after, balances, watched},
    guard::{Compared, Intent, Leg, Own, Refusal, Why, from_base64, lookups},
    jupiter::{Ask, Built, JupiterError, Quote, QuoteError, QuoteLimits},
    programs::COMPUTE_BUDGET,
};

/// What a transaction may use, whatever is said: asked for while it is tried.
const MOST_UNITS: u32 = 1_400_000;
/// More units than were used when it was tried, in percent: pools move.
const ROOM: u64 = 120;

/// What was looked at.
struct Looked {
    compared: Compared,
    before: Balances,
    intent: Intent,
}

/// Why it was not: the swap is over, or somebody gave no answer.
enum NotLooked {
    Refused(Refusal),
    Failed(SwapError),
}

impl<E: Into<SwapError>> From<E> for NotLooked {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Swapper {
    /// Asks Jupiter, and checks what it says.
    pub(super) async fn quote(&self, id: &str, want: &Want) -> Result<Progress, SwapError> {
        let parts = &self.parts;
        let ask = Ask {
            gives: mint(&want.gives)?,
            takes: mint(&want.takes)?,
            amount: want.amount,
            taker: Some(parts.wallet.address()),
            slippage_bps: want.max_slippage_bps,
        };
        let asked_at = (parts.now)();
        let found = match self.settings.via {
            Via::Jupiter => parts.jupiter.order(&ask).await.map(Found::Order),
            Via::OwnNode => parts.jupiter.build(&ask).await.map(Found::Built),
        };
        let found = match found {
            Err(refused @ (JupiterError::Refused(_) | JupiterError::Unauthorized)) => {
                return self.refuse(id, Cause::Exchange, &refused).await;
            }
            other => other?,
        };
        let limits = QuoteLimits {
            most_slippage_bps: want.max_slippage_bps,
            most_impact_bps: want.max_impact_bps,
            most_age_ms: self.settings.most_quote_age_ms,
            least_out: self.floor(want),
        };
        // A quote is as old as the question, whatever it says.
        let quote = Quote { at: asked_at, ..found.quote().clone() };
        if let Err(error) = quote.check(&ask, &limits, (parts.now)()) {
            return self.refuse(id, Cause::of_quote(&error), &error).await;
        }
        // Their blockhash is no newer than the newest; where it is said to hold longer, that is believed.
        let newest = parts.chain.blockhash().await?;
        let (transaction, order, said) = match found {
            Found::Order(order) => match (order.reason, order.transaction) {
                (None, Some(transaction)) => (transaction, Some(order.request_id), order.last_valid_height),
                (reason, _) => {
                    let reason = reason.unwrap_or_else(|| "Jupiter gives no transaction".to_owned());
                    return self.refuse(id, Cause::Exchange, &reason).await;
                }
            },
            Found::Built(built) => match self.compose(&built, newest.hash).await {
                Ok(Some(transaction)) => (transaction, None, None),
                Ok(None) => {
                    return self.refuse(id, Cause::Unsafe, &"what Jupiter builds is no transaction that runs").await;
                }
                Err(error) if is_final(&error) => return self.refuse(id, Cause::Unsafe, &error).await,
                Err(error) => return Err(error),
            },
        };
        let last_valid_height = said.unwrap_or(0).max(newest.last_valid_height);
        let Quote { out_amount, least_out, at, .. } = quote;
        self.note(id, Entry::Quoted { transaction, order, out_amount, least_out, at, last_valid_height }).await
    }

    /// Looks at the transaction, tries it, and compares.
    pub(super) async fn check(&self, id: &str, want: &Want, quoted: &Entry) -> Result<Progress, SwapError> {
        match self.look(want, quoted).await {
            Ok(looked) => {
                let checked = looked.compared.checked();
                let entry = Entry::Checked {
                    message: checked.hash().to_owned(),
                    fee_lamports: checked.fee_lamports(),
                    needs_approval: looked.compared.needs_approval(&self.settings.approve_above),
                };
                self.note(id, entry).await
            }
            Err(not) => self.not_looked(id, not).await,
        }
    }

    async fn not_looked(&self, id: &str, not: NotLooked) -> Result<Progress, SwapError> {
        match not {
            NotLooked::Refused(refusal) => self.refuse(id, Cause::of_refusal(&refusal), &refusal).await,
            NotLooked::Failed(error) if is_final(&error) => self.refuse(id, Cause::Unsafe, &error).await,
            NotLooked::Failed(error) => Err(error),
        }
    }

    /// Looks once more, since time has passed; signs, notes the signature, and only then sends.
    pub(super) async fn sign(
        &self,
        id: &str,
        want: &Want,
        quoted: &Entry,
        (message, needs_approval): (&str, bool),
        halted: &Halted<'_>,
    ) -> Result<Progress, SwapError> {
        let Entry::Quoted { order, least_out, at, last_valid_height, .. } = quoted else {
            return Err(SwapError::Unknown(id.to_owned()));
        };
        let parts = &self.parts;
        // Only what can still land is worth a person's time.
        if needs_approval && parts.chain.finalized_height().await? > *last_valid_height {
            return self.refuse(id, Cause::Approval, &"nobody has approved it in time").await;
        }
        let looked = match self.look(want, quoted).await {
            Ok(looked) => looked,
            Err(not) => return self.not_looked(id, not).await,
        };
        let Looked { compared, before, intent } = looked;
        let is_checked = compared.checked().hash() == message;
        #[cfg(test)]
        let is_checked = is_checked || self.leaves_out(super::without::Control::Binding);
        if !is_checked {
            return self.refuse(id, Cause::Unsafe, &"the transaction is not the one that was checked").await;
        }
        let is_asked = compared.needs_approval(&self.settings.approve_above);
        let approval = if is_asked { parts.approvals.take(message).await? } else { None };
        #[cfg(test)]
        let approval = self.unbound(approval, compared.checked());
        if is_asked && approval.is_none() {
            return Ok(Progress::Waits(Waiting::Approval(message.to_owned())));
        }
        let now = (parts.now)();
        if !is_asked && now.millis_since(*at) > self.settings.most_quote_age_ms {
            return self.refuse(id, Cause::Stale, &"the quote is too old by now").await;
        }
        let fee_lamports = compared.checked().fee_lamports();
        let cleared = match compared.clear(&self.settings.approve_above, approval.as_ref(), now) {
            Ok(cleared) => cleared,
            Err(refusal) => return self.refuse(id, Cause::Approval, &refusal).await,
        };
        if let Some(reason) = halted() {
            return self.refuse_halted(id, &reason).await;
        }
        let (transaction, signature) = match cleared.sign(&parts.wallet) {
            Ok(signed) => signed,
            Err(refusal) => return self.refuse(id, Cause::Unsafe, &refusal).await,
        };
        let signed = Entry::Signed {
            signature: signature.to_string(),
            last_valid_height: *last_valid_height,
            before: Held::of(&intent, &before),
            fee_lamports,
            least_out: *least_out,
        };
        let noted = self.note(id, signed).await?;
        // Asked again: the log may have taken its time. What is not sent now is never sent, and expires.
        if halted().is_some() {
            return Ok(noted);
        }
        let complaint = self.send(&transaction, order.as_deref()).await;
        self.note(id, Entry::Sent { complaint }).await
    }

    /// Hands it in. A complaint proves nothing: it may land all the same.
    async fn send(&self, transaction: &VersionedTransaction, order: Option<&str>) -> Option<String> {
        let Some(order) = order else {
            return self.parts.chain.send(transaction).await.err().map(|error| error.to_string());
        };
        let Ok(bytes) = wincode::serialize(transaction) else {
            return Some("it cannot be written down".to_owned());
        };
        match self.parts.jupiter.execute(&STANDARD.encode(bytes), order).await {
            Ok(executed) if executed.is_success => None,
            Ok(executed) => Some(format!("{} ({})", executed.words, executed.code)),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What has to come out by the decision, whatever is quoted.
    fn floor(&self, want: &Want) -> u64 {
        #[cfg(test)]
        if self.leaves_out(super::without::Control::Floor) {
            return 0;
        }
        want.least_out
    }

    async fn look(&self, want: &Want, quoted: &Entry) -> Result<Looked, NotLooked> {
        let Entry::Quoted { transaction, least_out, .. } = quoted else {
            return Err(SwapError::Malformed.into());
        };
        let parts = &self.parts;
        let chain = parts.chain.as_ref();
        let refused = NotLooked::Refused;
        let bytes = from_base64(transaction).map_err(refused)?;
        let tables = chain::tables(chain, &lookups(&bytes).map_err(refused)?).await?;
        // A unit less than promised is a matter of rounding; less than the risk engine wants is not.
        let least_out = least_out.saturating_sub(1).max(self.floor(want));
        let intent = self.intent(want, least_out).await?;
        let before = balances(chain, &parts.wallets).await?;
        let own = Own { wallets: parts.wallets.clone(), balances: before.clone() };
        let checked = parts.guard.check(&bytes, &own, &intent, &tables);
        #[cfg(test)]
        let checked = self.unread(checked, &bytes, &intent, &tables);
        let checked = checked.map_err(refused)?;
        #[cfg(test)]
        if self.leaves_out(super::without::Control::Try) {
            return Ok(Looked { compared: checked.untried(), before, intent });
        }
        let watch = watched(&parts.wallets, &before, &intent);
        let tried = chain.simulate(checked.transaction(), &watch).await?;
        if let Some(error) = tried.error {
            return Err(refused(Why::Simulation(error).into()));
        }
        let after = after(&parts.wallets, &watch, &tried);
        let compared = checked.compare(&before, &after).map_err(refused)?;
        Ok(Looked { compared, before, intent })
    }

    pub(super) async fn intent(&self, want: &Want, least_out: u64) -> Result<Intent, SwapError> {
        let chain = self.parts.chain.as_ref();
        let (gives, takes) = (mint(&want.gives)?, mint(&want.takes)?);
        let leg = |mint, info: crate::accounts::MintInfo| Leg { mint, program: info.program };
        Ok(Intent {
            taker: self.parts.wallet.address(),
            gives: leg(gives, chain::mint(chain, &gives).await?),
            most_in: want.amount,
            takes: leg(takes, chain::mint(chain, &takes).await?),
            least_out,
        })
    }

    /// A transaction of one's own around Jupiter's instructions: as many units as a try needs, at what others pay.
    async fn compose(&self, built: &Built, hash: solana_hash::Hash) -> Result<Option<String>, SwapError> {
        let chain = self.parts.chain.as_ref();
        let keys: Vec<Address> = built.tables.keys().copied().collect();
        // As the chain has them, not as Jupiter says: an entry that is not there would only make it fail.
        let tables = chain::tables(chain, &keys).await?;
        let tables: Vec<AddressLookupTableAccount> =
            tables.into_iter().map(|(key, addresses)| AddressLookupTableAccount { key, addresses }).collect();
        let payer = self.parts.wallet.address();
        let with = |units: u32, price: u64| {
            let budget = [(2, units.to_le_bytes().to_vec()), (3, price.to_le_bytes().to_vec())].map(|(tag, value)| {
                Instruction { program_id: COMPUTE_BUDGET, accounts: vec![], data: [vec![tag], value].concat() }
            });
            let steps: Vec<Instruction> = budget.into_iter().chain(built.instructions.iter().cloned()).collect();
            let message = VersionedMessage::V0(v0::Message::try_compile(&payer, &steps, &tables, hash).ok()?);
            let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
            Some(VersionedTransaction { signatures, message })
        };
        let Some(trial) = with(MOST_UNITS, 0) else { return Ok(None) };
        let tried = chain.simulate(&trial, &[]).await?;
        let (None, Some(used)) = (&tried.error, tried.units) else { return Ok(None) };
        let units = u32::try_from(used.saturating_mul(ROOM) / 100).unwrap_or(MOST_UNITS).min(MOST_UNITS);
        let writes: Vec<Address> =
            built.instructions.iter().flat_map(|step| &step.accounts).map(|of| of.pubkey).collect();
        let writes = writes.get(..writes.len().min(100)).unwrap_or_default();
        let price = chain.priority_fee(writes).await?.min(self.parts.guard.limits.most_unit_price);
        let bytes = with(units, price).and_then(|transaction| wincode::serialize(&transaction).ok());
        Ok(bytes.map(|bytes| STANDARD.encode(bytes)))
    }
}

/// An answer of either way.
enum Found {
    Order(crate::jupiter::Order),
    Built(Built),
}

impl Found {
    fn quote(&self) -> &Quote {
        match self {
            Self::Order(order) => &order.quote,
            Self::Built(built) => &built.quote,
        }
    }
}

impl Cause {
    fn of_quote(error: &QuoteError) -> Self {
        match error {
            QuoteError::Stale { .. } => Self::Stale,
            QuoteError::Mints(..) | QuoteError::Amount { .. } => Self::Unsafe,
            _ => Self::Price,
        }
    }

    fn of_refusal(refusal: &Refusal) -> Self {
        match &refusal.why {
            Why::BringsLess { .. } | Why::Brought { .. } => Self::Price,
            Why::Simulation(said) if is_slippage(said) => Self::Price,
            Why::Simulation(said) if said.contains("Blockhash not found") => Self::Stale,
            _ => Self::Unsafe,
        }
    }
}

/// Asked again, the chain would say the same.
const fn is_final(error: &SwapError) -> bool {
    matches!(error, SwapError::Chain(ChainError::NoMint(_) | ChainError::NoTable(_)))
}

fn mint(text: &str) -> Result<Address, SwapError> {
    text.parse().map_err(|_| SwapError::Malformed)
}
