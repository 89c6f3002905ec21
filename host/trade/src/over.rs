//! How an order ended that was under way: what that does to the books, and who is told of it, in that order.

use puppet_backtest::{Carried, Due};
use puppet_types::trade::Mint;
use puppet_wallet::{Flow, Rule};

use crate::work::{Work, stopped};
use crate::{DeskError, SwapResult, Swapped, Told};

impl Work<'_> {
    /// The exchange says how it ended.
    pub(crate) fn swapped(&mut self, swapped: Swapped) -> Result<(), DeskError> {
        let Some(due) = self.trader.under_way() else { return Ok(()) };
        self.again = None;
        match swapped {
            Swapped::Done { gave, took, lamports, signature, surprise } => {
                let result =
                    self.result_of(&due, Some((gave, took)), Some(signature), (String::new(), String::new()))?;
                let over = self.over(&due, Carried::Filled { gave, took }, result, lamports);
                // Whatever the strategy did about it.
                surprise.into_iter().for_each(|surprise| self.room.tell(Told::Note(surprise)));
                over
            }
            Swapped::NotDone { code, reason, lamports, signature } => {
                let rule = Rule::parse(&code).unwrap_or(Rule::Failed);
                let result = self.result_of(&due, None, signature, (code, reason.clone()))?;
                self.over(&due, Carried::Not { rule, detail: reason }, result, lamports)
            }
        }
    }

    /// An order that is under way ends without having been sent.
    pub(crate) fn end(&mut self, due: &Due, rule: Rule, detail: String) -> Result<(), DeskError> {
        let result = self.result_of(due, None, None, (rule.code().to_owned(), detail.clone()))?;
        self.over(due, Carried::Not { rule, detail }, result, 0)
    }

    /// It is known how it ended: booked and stored, and only then told, since what happened stays so whatever a strategy does
    /// when it hears of it.
    pub(crate) fn over(
        &mut self,
        due: &Due,
        carried: Carried,
        result: SwapResult,
        lamports: u64,
    ) -> Result<(), DeskError> {
        self.trader.carried(due.number, self.now, carried).map_err(stopped)?;
        self.pay_network(lamports)?;
        let under_way = self.notes.under_way.take();
        if let Some(intent) = under_way.and_then(|under_way| under_way.intent) {
            self.notes.remember(result.clone());
            self.results.push(result.clone());
            self.store()?;
            self.wishes.answer(&intent.id, &result);
        } else {
            self.results.push(result);
            self.store()?;
        }
        self.tell_strategy()
    }

    /// Tells the strategy what is booked and it has not heard of, and stores that it has, also where it was one fault too many.
    pub(crate) fn tell_strategy(&mut self) -> Result<(), DeskError> {
        if !self.trader.has_unheard() {
            return Ok(());
        }
        let told = self.trader.tell_carried(self.now);
        self.store()?;
        told.map_err(stopped)
    }

    /// What the network took, as far as the books have it free.
    fn pay_network(&mut self, lamports: u64) -> Result<(), DeskError> {
        let (Some(sol), true) = (Mint::parse(Mint::SOL), lamports > 0) else { return Ok(()) };
        let balances = self.trader.risk().portfolio().balances;
        let free = balances.iter().find(|of| of.mint == sol).map_or(0, |of| of.amount - of.held.min(of.amount));
        let paid = lamports.min(free);
        if paid < lamports {
            let missing = lamports - paid;
            self.room
                .tell(Told::Note(format!("{missing} lamports of a fee are not in the books: compare the balances")));
        }
        match paid {
            0 => Ok(()),
            _ => self
                .trader
                .moved(self.now, &sol, paid, Flow::NetworkFee)
                .map_err(|why| DeskError::Stopped(why.to_string())),
        }
    }
}
