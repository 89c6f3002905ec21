//! An exchange that does what a test says: a wallet with balances, and swaps by id, each done once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use puppet_trade::{Exchange, ExchangeError, Halt, Swapped, Want};
use puppet_types::trade::Mint;

/// What it says to one question, before it does what was asked.
#[derive(Debug, Clone)]
pub enum Says {
    /// It did not hear.
    Deaf,
    /// It does the swap, and nobody hears that it did.
    Mute,
    /// It refuses by this code.
    No(&'static str),
    /// It does something else.
    Error(ExchangeError),
    /// So much comes of it.
    Gives(u64),
    /// It lets something else happen first.
    Surprise(&'static str),
}

#[derive(Default)]
struct Kept {
    wallet: BTreeMap<Mint, u64>,
    done: BTreeMap<String, (Want, Swapped)>,
    asked: Vec<(String, Want)>,
    says: VecDeque<Says>,
    lamports: u64,
    is_mute: bool,
}

#[derive(Default)]
pub struct Scripted(Mutex<Kept>);

impl Scripted {
    pub fn with(balances: &[(&str, u64)]) -> Self {
        let wallet = balances.iter().map(|(mint, amount)| (Mint::parse(mint).unwrap(), *amount)).collect();
        Self(Mutex::new(Kept { wallet, ..Kept::default() }))
    }
    pub fn say(&self, says: impl IntoIterator<Item = Says>) {
        self.0.lock().unwrap().says.extend(says);
    }
    /// It does every swap, and says so only when it is asked again.
    pub fn be_mute(&self) {
        self.0.lock().unwrap().is_mute = true;
    }
    /// What every swap costs.
    pub fn fee(&self, lamports: u64) {
        self.0.lock().unwrap().lamports = lamports;
    }
    pub fn change(&self, mint: &str, amount: u64) {
        self.0.lock().unwrap().wallet.insert(Mint::parse(mint).unwrap(), amount);
    }
    pub fn has(&self, mint: &str) -> u64 {
        self.0.lock().unwrap().wallet[&Mint::parse(mint).unwrap()]
    }
    /// Every swap that was carried out.
    pub fn done(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let is_done = |swapped: &Swapped| matches!(swapped, Swapped::Done { .. });
        kept.done.iter().filter(|(_, (_, swapped))| is_done(swapped)).map(|(id, _)| id.clone()).collect()
    }
    pub fn asked(&self) -> Vec<(String, Want)> {
        self.0.lock().unwrap().asked.clone()
    }
}

#[async_trait]
impl Exchange for Scripted {
    async fn balances(&self, mints: &[Mint]) -> Result<Vec<u64>, ExchangeError> {
        let kept = self.0.lock().unwrap();
        Ok(mints.iter().map(|mint| kept.wallet.get(mint).copied().unwrap_or(0)).collect())
    }

    async fn swap(&self, id: &str, want: &Want, halted: &Halt<'_>) -> Result<Swapped, ExchangeError> {
        let mut kept = self.0.lock().unwrap();
        kept.asked.push((id.to_owned(), want.clone()));
        if let Some((before, swapped)) = kept.done.get(id) {
            assert_eq!(before, want, "one id, one swap");
            return Ok(swapped.clone());
        }
        let no = |code: &str, reason: String| Swapped::NotDone {
            code: code.to_owned(),
            reason,
            lamports: 0,
            signature: None,
        };
        if let Some(reason) = halted() {
            let swapped = no("kill-switch", format!("trading is halted: {reason}"));
            kept.done.insert(id.to_owned(), (want.clone(), swapped.clone()));
            return Ok(swapped);
        }
        let says = kept.says.pop_front();
        let deaf = || ExchangeError::Unreachable("nobody answers".to_owned());
        let took = match &says {
            Some(Says::Deaf) => return Err(deaf()),
            Some(Says::Error(error)) => return Err(error.clone()),
            Some(Says::No(code)) => {
                let swapped = no(code, format!("told to say {code}"));
                kept.done.insert(id.to_owned(), (want.clone(), swapped.clone()));
                return Ok(swapped);
            }
            Some(Says::Gives(took)) => *took,
            // A little more than the least.
            _ => want.least_out + want.least_out / 300,
        };
        let lamports = kept.lamports;
        let gives = kept.wallet.get_mut(&want.gives).unwrap();
        // The books know what there is.
        *gives = gives.checked_sub(want.amount).unwrap();
        *kept.wallet.entry(want.takes.clone()).or_default() += took;
        if lamports > 0 {
            *kept.wallet.get_mut(&Mint::parse(Mint::SOL).unwrap()).unwrap() -= lamports;
        }
        let surprise = match &says {
            Some(Says::Surprise(what)) => Some((*what).to_owned()),
            _ => None,
        };
        let signature = format!("signature of {id}");
        let swapped = Swapped::Done { gave: want.amount, took, lamports, signature, surprise };
        kept.done.insert(id.to_owned(), (want.clone(), swapped.clone()));
        if kept.is_mute || matches!(says, Some(Says::Mute)) { Err(deaf()) } else { Ok(swapped) }
    }
}
