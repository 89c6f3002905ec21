//! What an earlier desk left under way, and what happened to a wallet while no desk was open on it.

use puppet_store::PurseEntry;
use puppet_types::Timestamp;
use puppet_types::trade::Mint;
use puppet_wallet::Flow;
use serde_json::json;

use crate::work::{Room, Work};
use crate::{DeskError, DeskPlan, DeskVenue, Told};

/// The tokens of the markets, and what fees are paid in.
pub(crate) fn mints_of(plan: &DeskPlan) -> Vec<Mint> {
    let mut mints: Vec<Mint> =
        plan.markets.iter().flat_map(|market| [market.quote.mint.clone(), market.base.mint.clone()]).collect();
    mints.extend(Mint::parse(Mint::SOL));
    mints.sort();
    mints.dedup();
    mints
}

/// What is in the wallet.
pub(crate) fn balances(plan: &DeskPlan, room: &Room, mints: &[Mint]) -> Result<Vec<u64>, DeskError> {
    let DeskVenue::Live { exchange, .. } = &plan.venue else { return Ok(Vec::new()) };
    let amounts =
        room.runtime.block_on(exchange.balances(mints)).map_err(|why| DeskError::Exchange(why.to_string()))?;
    match amounts.len() == mints.len() {
        true => Ok(amounts),
        false => Err(DeskError::Exchange("it answers for other tokens than were asked for".to_owned())),
    }
}

impl Work<'_> {
    /// What was under way when an earlier desk ended is asked for first; then the wallet is compared with the books, and what
    /// was due at the last prices is carried out, if they are not too old by now.
    pub(crate) fn recover(&mut self) -> Result<(), DeskError> {
        let DeskVenue::Live { now, .. } = &self.plan.venue else { return Ok(()) };
        self.resolve()?;
        if self.notes.under_way.is_some() {
            let why = "a swap is not over: the wallet is compared with the books at the next start";
            self.room.tell(Told::Note(why.to_owned()));
            return Ok(());
        }
        let (mints, at) = (mints_of(self.plan), now());
        let amounts = balances(self.plan, self.room, &mints)?;
        for (mint, there) in mints.iter().zip(amounts) {
            self.compare(at, mint, there)?;
        }
        self.store()?;
        self.carry_due(&self.last_prices())
    }

    /// An amount of a token of the markets in whole ones; of any other, and of SOL where no market has it, the smallest unit.
    fn said(&self, mint: &Mint, amount: u64) -> String {
        let mut tokens = self.plan.markets.iter().flat_map(|market| [&market.base, &market.quote]);
        match tokens.find(|token| token.mint == *mint) {
            Some(token) => token.said(amount),
            None if *mint == Mint::sol() => format!("{amount} lamports"),
            None => format!("{amount} of {mint}"),
        }
    }

    /// What came and went while no desk was open is booked.
    fn compare(&mut self, at: Timestamp, mint: &Mint, there: u64) -> Result<(), DeskError> {
        let balances = self.trader.risk().portfolio().balances;
        let booked = balances.iter().find(|balance| balance.mint == *mint).map_or(0, |balance| balance.amount);
        let (amount, flow) = match there.checked_sub(booked) {
            Some(0) => return Ok(()),
            Some(more) => (more, Flow::In),
            None => (booked - there, Flow::Out),
        };
        let word = json!({ "word": "balance", "mint": mint, "booked": booked, "there": there });
        self.keep.add(PurseEntry::Word, at, &word)?;
        let (there, booked) = (self.said(mint, there), self.said(mint, booked));
        self.room.tell(Told::Note(format!("the wallet has {there}, and the books had {booked}")));
        if let Err(why) = self.trader.moved(at, mint, amount, flow) {
            // What open orders hold is not there: nobody may trade on such books.
            let why = format!("the books cannot be made to agree with the wallet: {why}");
            self.halt(&why);
            self.room.tell(Told::Note(why));
        }
        Ok(())
    }
}
