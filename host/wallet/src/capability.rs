//! Interface `puppet:wallet/wallet` on a view of the invocation. Reads are answered by the agent's purse. A swap is a
//! decision: the risk engine looks at it in the call, and its answer is journaled like a read, so that a replay decides the
//! same; it is carried out after the commit, through the outbox.

#[doc(hidden)]
pub mod fuzz;
mod purses;
mod result;
#[cfg(test)]
mod tests;

use puppet_grants::{Amount, Answer, Charge, Gate, Held, Level};
use puppet_types::{
    AgentId, Capability, Code, Decision, Refusal,
    trade::{Mint, Origin, SwapIntent},
    wit,
};
use serde::{Deserialize, Serialize};
use wasmtime::component::{HasData, Linker};

pub use purses::{Behind, NoPurses, Purses, SwapError, SwapQuote, TokenBalance, denial};
pub use result::SwapResult;

use crate::BPS;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/wallet"],
        inline: "
            package puppet:host-wallet;
            world host { import puppet:wallet/wallet@0.1.0; }
        ",
        // The risk engine may have to be asked in another thread: `swap` waits for its answer.
        imports: { default: async | trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::wallet::wallet as guest;

/// Longest reason of a swap in bytes.
pub const REASON_BYTES: usize = 500;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where purses are.
    pub purses: &'a Held<dyn Purses>,
    /// Whose.
    pub agent: &'a AgentId,
    /// What the call answers to.
    pub behind: &'a dyn Behind,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn wallet(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
///
/// # Errors
/// It is linked already.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    guest::add_to_linker::<T, Interface>(linker, |carrier| carrier.wallet())
}

/// What the risk engine found of a swap that it lets pass.
#[derive(Serialize, Deserialize)]
struct Looked {
    origin: Origin,
}

/// The question of `quote` in the journal.
#[derive(Serialize)]
struct Asked<'a> {
    in_mint: &'a Mint,
    out_mint: &'a Mint,
    #[serde(with = "puppet_types::trade::as_text")]
    amount: u64,
}

type Returned<A> = wasmtime::Result<Result<A, wit::Error>>;

impl guest::Host for View<'_> {
    async fn balances(&mut self) -> Returned<Vec<guest::Balance>> {
        let balances = self.read_balances().await;
        wit::answer(balances.map(|balances| balances.into_iter().map(Into::into).collect()))
    }

    async fn quote(&mut self, in_mint: String, out_mint: String, amount: u64) -> Returned<guest::SwapQuote> {
        wit::answer(self.read_quote(&in_mint, &out_mint, amount).await.map(Into::into))
    }

    async fn swap(&mut self, intent: guest::SwapIntent) -> Returned<u32> {
        wit::answer(self.decide_swap(intent).await)
    }
}

impl View<'_> {
    async fn read_balances(&mut self) -> Result<Vec<TokenBalance>, Refusal> {
        let agent = self.agent;
        self.gate
            .read(Capability::Wallet, "balances", &(), self.purses, move |purses| {
                Box::pin(async move { purses.balances(agent).await.map(Answer::free) })
            })
            .await
    }

    async fn read_quote(&mut self, in_mint: &str, out_mint: &str, amount: u64) -> Result<SwapQuote, Refusal> {
        let pair = self.gate.checked(Capability::Wallet, pair(in_mint, out_mint, amount))?;
        let (agent, (gives, takes)) = (self.agent, &pair);
        let asked = Asked { in_mint: gives, out_mint: takes, amount };
        self.gate
            .read(Capability::Wallet, "quote", &asked, self.purses, move |purses| {
                Box::pin(async move { purses.quote(agent, gives, takes, amount).await.map(Answer::free) })
            })
            .await
    }

    async fn decide_swap(&mut self, intent: guest::SwapIntent) -> Result<u32, Refusal> {
        let intent = self.gate.checked(Capability::Wallet, checked(intent))?;
        let (agent, behind, looked_at) = (self.agent, self.behind, &intent);
        let so_far = self.gate.reads().to_vec();
        let Looked { origin } = self
            .gate
            .read(Capability::Wallet, "swap", &intent, self.purses, move |purses| {
                Box::pin(async move {
                    let origin = behind.origin(&so_far).await?;
                    purses.look(agent, looked_at, origin).await?;
                    Ok(Answer::free(Looked { origin }))
                })
            })
            .await?;
        let (charges, levels) = drawn(&intent);
        self.gate.decide_read("swap", &charges, &levels, Decision::Swap { intent, origin })
    }
}

/// What a swap draws on its grant: itself, and the lamports that it gives.
fn drawn(intent: &SwapIntent) -> (Vec<Charge>, Vec<Level>) {
    let lamports = if intent.in_mint.as_str() == Mint::SOL { intent.amount } else { 0 };
    let mut charges = vec![Charge { amount: Amount::Swaps, quantity: 1 }];
    let mut levels = Vec::new();
    if lamports > 0 {
        charges.push(Charge { amount: Amount::Lamports, quantity: lamports });
        levels.push(Level { amount: Amount::Lamports, reached: lamports });
    }
    (charges, levels)
}

fn checked(intent: guest::SwapIntent) -> Result<SwapIntent, Refusal> {
    let guest::SwapIntent { in_mint, out_mint, amount, max_slippage_bps, reason } = intent;
    let (in_mint, out_mint) = pair(&in_mint, &out_mint, amount)?;
    if max_slippage_bps > BPS {
        return Err(invalid(format!("a slippage of {max_slippage_bps} bps: at most {BPS}")));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(invalid("a swap needs a reason, for people".to_owned()));
    }
    if reason.len() > REASON_BYTES {
        let message = format!("a reason of {} bytes: at most {REASON_BYTES}", reason.len());
        return Err(Refusal::call(Code::TooLong, message));
    }
    Ok(SwapIntent { in_mint, out_mint, amount, max_slippage_bps, reason: reason.to_owned() })
}

fn pair(in_mint: &str, out_mint: &str, amount: u64) -> Result<(Mint, Mint), Refusal> {
    let mint = |text: &str| {
        let shown: String = text.chars().take(50).collect();
        Mint::parse(text).ok_or_else(|| invalid(format!("`{shown}` is no mint: base58 of 32 bytes")))
    };
    let (gives, takes) = (mint(in_mint)?, mint(out_mint)?);
    if gives == takes {
        return Err(invalid("both mints are the same".to_owned()));
    }
    if amount == 0 {
        return Err(invalid("an amount of 0".to_owned()));
    }
    Ok((gives, takes))
}

fn invalid(message: String) -> Refusal {
    Refusal::call(Code::InvalidInput, message)
}

impl From<TokenBalance> for guest::Balance {
    fn from(balance: TokenBalance) -> Self {
        let TokenBalance { mint, symbol, amount, decimals } = balance;
        Self { mint: mint.to_string(), symbol, amount, decimals }
    }
}

impl From<SwapQuote> for guest::SwapQuote {
    fn from(quote: SwapQuote) -> Self {
        Self {
            in_mint: quote.in_mint.to_string(),
            out_mint: quote.out_mint.to_string(),
            in_amount: quote.in_amount,
            out_amount: quote.out_amount,
            price_impact_bps: quote.price_impact_bps,
            fee_lamports: quote.fee_lamports,
            at: u64::try_from(quote.at.as_millis()).unwrap_or(0),
        }
    }
}
