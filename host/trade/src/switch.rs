//! Halts: who may stop a desk, and what that does to it.

use puppet_wallet::{Cause, Mode, State};
use serde_json::{Value, json};

use crate::keep::SwitchedOff;
use crate::work::Work;
use crate::{Told, view};

/// What an operator says of a purse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PurseWord {
    /// Nothing is admitted, for this reason.
    Halt(String),
    /// Exits only, for this reason.
    Reduce(String),
    /// Active again.
    Resume,
}

impl PurseWord {
    /// As the log has it.
    pub(crate) fn row(&self) -> Value {
        match self {
            Self::Halt(reason) => json!({ "word": "halt", "reason": reason }),
            Self::Reduce(reason) => json!({ "word": "reduce", "reason": reason }),
            Self::Resume => json!({ "word": "resume" }),
        }
    }
}

impl Work<'_> {
    /// Asks the kill switch of everything. On, nothing is admitted; off again, it stands as it did before.
    pub(crate) fn ask_switch(&mut self) {
        let (now, risk) = (self.now, self.trader.risk_mut());
        match ((self.room.halted)(), self.notes.switched_off.take()) {
            (Some(reason), None) => {
                let before = risk.state().cloned();
                risk.set_halt(now, &reason);
                self.notes.switched_off = Some(SwitchedOff { reason, before });
            }
            (Some(_), off) => self.notes.switched_off = off,
            (None, Some(off)) => {
                if risk.state().is_some_and(|state| off.is_it(state)) {
                    risk.lift(now, off.before);
                }
            }
            (None, None) => {}
        }
    }

    /// Nothing is admitted on this purse. Said while the kill switch of everything is on, it stands once that is off again.
    pub(crate) fn halt(&mut self, reason: &str) {
        self.stands_after(Mode::Halted, reason);
        self.trader.risk_mut().set_halt(self.now, reason);
    }

    /// Exits only, likewise.
    pub(crate) fn reduce(&mut self, reason: &str) {
        self.stands_after(Mode::Reducing, reason);
        self.trader.risk_mut().set_reducing(self.now, reason);
    }

    /// Active again; where the kill switch of everything is on, as soon as it is off. After a drawdown it is counted anew,
    /// since it would stop again at once; after anything else it goes on being counted.
    pub(crate) fn resume(&mut self) {
        let (now, risk) = (self.now, self.trader.risk_mut());
        let before = self.notes.switched_off.as_mut().and_then(|off| off.before.take());
        let of_before = before.is_some_and(|before| before.cause == Cause::Drawdown);
        match of_before || risk.has_drawn_down() {
            true => risk.resume(now),
            false => risk.lift(now, None),
        }
        if let Some(off) = &self.notes.switched_off {
            risk.set_halt(now, &off.reason);
        }
    }

    fn stands_after(&mut self, mode: Mode, reason: &str) {
        let since = self.now;
        if let Some(off) = &mut self.notes.switched_off
            && off.before.as_ref().is_none_or(|before| before.mode < mode)
        {
            off.before = Some(State { mode, since, cause: Cause::Operator, reason: reason.to_owned() });
        }
    }

    /// Why nothing may be sent now.
    pub(crate) fn halt_reason(&self) -> Option<String> {
        self.room.halt_reason().or_else(|| self.books_halt())
    }

    /// Why the risk engine admits nothing.
    pub(crate) fn books_halt(&self) -> Option<String> {
        let state = self.trader.risk().state().filter(|state| state.mode == Mode::Halted);
        state.map(|state| state.reason.clone())
    }

    /// Tells when less is admitted than before.
    pub(crate) fn tell_mode(&mut self) {
        let (mode, before) = (self.trader.risk().mode(), self.mode);
        self.mode = mode;
        if let (true, Some(state)) = (mode > before, self.trader.risk().state()) {
            let what = if mode == Mode::Halted { "nothing is admitted" } else { "only exits are admitted" };
            self.room.tell(Told::Halted(format!("{what}: {}", state.reason)));
        }
    }

    /// How it stands, for people.
    pub(crate) fn view(&self) -> view::DeskView {
        let (plan, trader) = (self.plan, &self.trader);
        let waits = self.again.as_ref().map(|again| again.waits.clone());
        let open = |(number, order, remaining, is_under_way): (u64, &puppet_types::trade::Order, u64, bool)| {
            let waits = waits.clone().filter(|_| is_under_way);
            view::OpenOrder { number, order: order.clone(), remaining, is_under_way, waits }
        };
        view::DeskView {
            purse: plan.purse.clone(),
            mode: plan.venue.mode(),
            network: plan.network.clone(),
            agent: plan.agent.clone(),
            strategy: self.terms.strategy.clone(),
            parameters: self.terms.parameters.clone(),
            markets: self.terms.markets.clone(),
            bar_seconds: self.terms.bar_seconds,
            admits: trader.risk().mode(),
            state: trader.risk().state().cloned(),
            own_state: self.notes.own_state(trader.risk().state()),
            portfolio: trader.risk().portfolio(),
            open_orders: trader.open_orders().map(open).collect(),
            prices: self.notes.prices.clone(),
            last_bars: self.notes.last_bars,
            batches: trader.batches(),
            history_left: u64::from(self.warm_up).saturating_sub(trader.batches()),
            faults: trader.faults(),
            fuel: trader.fuel(),
            stopped: None,
        }
    }
}
