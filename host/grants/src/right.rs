//! What a pack asks for, and the right that comes of it: request ∩ grant, bound to the counters it draws on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AccountId, AgentId, CallError, Capability, Code, PackId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Amount, BudgetKey, BudgetLine, Charge, Counter, Ledger, Level, Owner, Period, Reservation, TextMarks, Web,
    ceiling::ceiling,
};

/// What happens to effects; the later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They leave.
    #[default]
    Live,
    /// Each waits until the operator approves it.
    Approve,
    /// They are journaled and shown; nothing leaves.
    DryRun,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Live, Self::Approve, Self::DryRun];
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Approve => "approve",
            Self::DryRun => "dry-run",
        }
    }
}

/// What a pack asks for of one capability.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Names of functions; empty = all of them.
    pub operations: BTreeSet<String>,
    /// How much per period; what is not named takes the ceiling.
    pub amounts: BTreeMap<(Amount, Period), u64>,
    /// Event kinds it may emit besides those under its own id.
    pub kinds: BTreeSet<String>,
    /// What it may reach of the web: `http` alone.
    pub web: Web,
    /// What becomes of links and names in its texts. No pack asks for it: the operator's grant says it.
    pub marks: TextMarks,
    /// In plain words.
    pub reason: String,
    /// The plugin copes without.
    pub optional: bool,
}

impl Request {
    /// Cuts it to what somebody else allows of the same capability: named operations (none: all of them), and the most
    /// of each amount. Nothing is ever added. Answers whether anything is left of it.
    pub fn cut(
        &mut self,
        capability: Capability,
        operations: Option<&BTreeSet<String>>,
        amounts: &BTreeMap<(Amount, Period), u64>,
    ) -> bool {
        if let Some(allowed) = operations {
            if self.operations.is_empty() {
                let all = ceiling(capability).into_iter().flat_map(|most| most.operations);
                self.operations = all.map(|name| (*name).to_owned()).collect();
            }
            self.operations.retain(|name| allowed.contains(name));
        }
        for (key, most) in amounts {
            self.amounts.entry(*key).and_modify(|asked| *asked = (*asked).min(*most)).or_insert(*most);
        }
        // An empty set would mean all of them.
        operations.is_none() || !self.operations.is_empty()
    }
}

/// Everything a pack asks for.
pub type Requests = BTreeMap<Capability, Request>;

/// How much of each amount, per capability.
pub type Limits = BTreeMap<Capability, BTreeMap<(Amount, Period), u64>>;

/// Budgets that several agents draw on beside their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// Of the account that an agent acts as; none for those that act as none.
    pub account: Option<(AccountId, Limits)>,
    /// Of the whole host.
    pub host: Limits,
}

impl Shared {
    /// What all that post as an account have together where nobody said anything: as much as one of them could have.
    pub fn of_account(account: AccountId) -> Self {
        let amounts = ceiling(Capability::Tweet).into_iter().flat_map(|most| most.amounts);
        let amounts = amounts.map(|(amount, period, limit)| ((*amount, *period), *limit)).collect();
        Self { account: Some((account, [(Capability::Tweet, amounts)].into())), host: Limits::new() }
    }
}

/// Whose rights they are, and where their counters stand.
#[derive(Debug)]
struct Holder {
    agent: AgentId,
    pack: PackId,
    account: Option<AccountId>,
    ledger: Arc<Ledger>,
    terms: Terms,
}

/// What the operator said about a whole pack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// What happens to effects.
    pub mode: Mode,
    /// Nothing is granted from here on.
    pub expires: Option<Timestamp>,
}

impl Terms {
    /// What holds where both are said: the stricter mode, the sooner end.
    pub fn both(&self, other: &Self) -> Self {
        let ends = [self.expires, other.expires].into_iter().flatten();
        Self { mode: self.mode.max(other.mode), expires: ends.min() }
    }
}

/// Whose a budget is; the names are the holder's.
#[derive(Debug, Clone, Copy)]
enum Of {
    Agent,
    Account,
    Host,
}

/// A limit, and its counter as soon as something is drawn on it: most agents touch few of theirs.
#[derive(Debug)]
struct Budget {
    of: Of,
    amount: Amount,
    period: Period,
    limit: u64,
    counter: OnceLock<Arc<Counter>>,
}

/// The right to one capability.
#[derive(Debug)]
pub struct Right {
    holder: Arc<Holder>,
    capability: Capability,
    operations: Vec<&'static str>,
    budgets: Vec<Budget>,
    kinds: BTreeSet<String>,
    web: Web,
    marks: TextMarks,
    /// Of the packs that the right comes from: off once the operator takes back what this right was made of.
    switches: Vec<Arc<AtomicBool>>,
}

impl Right {
    /// Whether a function may be called now.
    pub fn allows(&self, operation: &str) -> bool {
        !self.is_revoked() && self.operations.contains(&operation)
    }
    fn is_revoked(&self) -> bool {
        self.switches.iter().any(|off| off.load(Ordering::Acquire))
    }
    /// Why it is no right any more; none where it is.
    pub(crate) fn has_ended(&self, at: Timestamp) -> Option<String> {
        let Holder { pack, terms, .. } = &*self.holder;
        if self.is_revoked() {
            return Some(format!(
                "the operator took `{}` back from `{pack}`, or changed how much of it",
                self.capability
            ));
        }
        let expired = terms.expires.filter(|expires| *expires <= at);
        expired.map(|expires| format!("what `{pack}` was granted ended at {expires}"))
    }
    /// Why it does not allow an operation at a time; none where it does.
    pub(crate) fn refusal(&self, operation: &str, at: Timestamp) -> Option<String> {
        let (pack, capability) = (&self.holder.pack, self.capability);
        if let Some(why) = self.has_ended(at) {
            return Some(why);
        }
        let granted = self.operations.contains(&operation);
        (!granted).then(|| format!("`{pack}` was not granted `{capability}.{operation}`"))
    }
    fn key(&self, budget: &Budget) -> BudgetKey {
        let Holder { agent, pack, account, .. } = &*self.holder;
        let owner = match (budget.of, account) {
            (Of::Account, Some(account)) => Owner::Account(account.clone()),
            (Of::Host, _) => Owner::Host,
            _ => Owner::Agent { agent: agent.clone(), pack: pack.clone() },
        };
        BudgetKey { owner, capability: self.capability, amount: budget.amount, period: budget.period }
    }
    /// The counters of an amount: of the agent, and of those it shares.
    fn counters(&self, amount: Amount) -> impl Iterator<Item = &Arc<Counter>> {
        let counted = |budget: &&Budget| budget.period != Period::AtOnce;
        let of_amount = self.budgets.iter().filter(move |budget| budget.amount == amount).filter(counted);
        of_amount
            .map(|budget| budget.counter.get_or_init(|| self.holder.ledger.counter(self.key(budget), budget.limit)))
    }
    /// The most of an amount that may be there at once.
    pub fn at_once(&self, amount: Amount) -> Option<u64> {
        let bounds = self.budgets.iter().filter(|budget| (budget.amount, budget.period) == (amount, Period::AtOnce));
        bounds.map(|budget| budget.limit).min()
    }
    /// Whether there may be so much at once.
    pub(crate) fn has_room(&self, levels: &[Level]) -> Result<(), CallError> {
        for Level { amount, reached } in levels {
            let is_of = |budget: &&Budget| (budget.amount, budget.period) == (*amount, Period::AtOnce);
            for budget in self.budgets.iter().filter(is_of) {
                // How many an event is sent to, or what one swap gives, is nothing that fills up.
                if !matches!(amount, Amount::Targets | Amount::Lamports) {
                    self.holder.ledger.reached(self.key(budget), budget.limit, *reached);
                }
                if *reached > budget.limit {
                    let (name, capability, limit) = (amount.name(), self.capability, budget.limit);
                    let message = format!("{name} of `{capability}`: {limit} at once, this would make {reached}");
                    return Err(CallError::new(Code::BudgetExhausted, message));
                }
                self.holder.ledger.stood_at(|| self.key(budget), *reached);
            }
        }
        Ok(())
    }
    /// Holds so much of every budget that counts it, or nothing: then the error says when there may be enough.
    pub(crate) fn reserve(&self, charges: &[Charge], at: Timestamp) -> Result<Vec<(Reservation, Amount)>, CallError> {
        let mut reserved = Vec::new();
        self.hold(charges, at, &mut reserved)?;
        Ok(reserved)
    }
    /// The same, added to a list that is there: nothing is allocated where the list has room.
    pub(crate) fn hold(
        &self,
        charges: &[Charge],
        at: Timestamp,
        held: &mut Vec<(Reservation, Amount)>,
    ) -> Result<(), CallError> {
        let before = held.len();
        for charge in charges {
            for counter in self.counters(charge.amount) {
                match counter.reserve(charge.quantity, at) {
                    Ok(reservation) => held.push((reservation, charge.amount)),
                    Err(error) => {
                        // What was reserved so far is given back when it is dropped.
                        held.truncate(before);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }
    /// The least that is left of the budgets of an amount; none where nothing counts it.
    pub(crate) fn left(&self, amount: Amount, at: Timestamp) -> Option<u64> {
        let of_amount = self.budgets.iter().filter(|budget| budget.amount == amount && budget.period != Period::AtOnce);
        of_amount.map(|budget| self.holder.ledger.line(self.key(budget), budget.limit, at).left).min()
    }
    /// Functions that it allows.
    pub fn operations(&self) -> &[&'static str] {
        &self.operations
    }
    /// The limit of each budget that it draws on.
    pub fn limits(&self) -> impl Iterator<Item = (Amount, Period, u64)> {
        self.budgets.iter().map(|budget| (budget.amount, budget.period, budget.limit))
    }
    /// Event kinds beyond the pack's own.
    pub fn kinds(&self) -> &BTreeSet<String> {
        &self.kinds
    }
    /// What it may reach of the web.
    pub fn web(&self) -> &Web {
        &self.web
    }
    /// What becomes of links and names in its texts.
    pub fn marks(&self) -> TextMarks {
        self.marks
    }
}

/// All rights of one pack for one agent.
#[derive(Debug, Default)]
pub struct Rights {
    by_capability: BTreeMap<Capability, Right>,
    /// What happens to its effects.
    pub mode: Mode,
}

impl Rights {
    /// Request ∩ ceiling, drawing on the ledger's counters for this agent.
    pub fn from_requests(requests: &Requests, pack: &PackId, agent: &AgentId, ledger: &Arc<Ledger>) -> Self {
        Self::on_terms(requests, (pack, &[]), agent, ledger, Terms::default(), Shared::default())
    }

    /// The same on an operator's terms. `others` are packs beside `pack` whose grants these requests went through:
    /// what is taken back from any of them ends the right. `shared` are budgets that other agents draw on as well.
    pub fn on_terms(
        requests: &Requests,
        (pack, others): (&PackId, &[PackId]),
        agent: &AgentId,
        ledger: &Arc<Ledger>,
        terms: Terms,
        shared: Shared,
    ) -> Self {
        let mode = terms.mode;
        let Shared { account, host } = shared;
        let (account, of_account) = account.unzip();
        let (agent, ledger_of) = (agent.clone(), Arc::clone(ledger));
        let holder = Arc::new(Holder { agent, pack: pack.clone(), account, ledger: ledger_of, terms });
        let mut by_capability = BTreeMap::new();
        for (capability, request) in requests {
            let Some(most) = ceiling(*capability) else { continue };
            let operations = most
                .operations
                .iter()
                .filter(|operation| request.operations.is_empty() || request.operations.contains(**operation))
                .copied()
                .collect();
            let mut limits: BTreeMap<(Amount, Period), u64> = BTreeMap::new();
            for (amount, period, limit) in most.amounts {
                let asked = request.amounts.get(&(*amount, *period)).copied().unwrap_or(*limit);
                limits.insert((*amount, *period), asked.min(*limit));
            }
            for (key, asked) in &request.amounts {
                limits.entry(*key).or_insert(*asked);
            }
            let budget = |of, ((amount, period), limit)| Budget { of, amount, period, limit, counter: OnceLock::new() };
            let common = |of, limits: Option<&Limits>| {
                let limits = limits.and_then(|limits| limits.get(capability));
                let limits = limits.into_iter().flatten().map(|(key, limit)| (*key, *limit));
                limits.map(move |limit| budget(of, limit)).collect::<Vec<_>>()
            };
            let own = limits.into_iter().map(|limit| budget(Of::Agent, limit));
            let right = Right {
                holder: Arc::clone(&holder),
                capability: *capability,
                operations,
                budgets: own
                    .chain(common(Of::Account, of_account.as_ref()))
                    .chain(common(Of::Host, Some(&host)))
                    .collect(),
                kinds: request.kinds.clone(),
                web: request.web.clone(),
                marks: request.marks,
                switches: others
                    .iter()
                    .chain(std::iter::once(pack))
                    .map(|pack| ledger.switch(pack, *capability))
                    .collect(),
            };
            by_capability.insert(*capability, right);
        }
        Self { by_capability, mode }
    }

    /// The right to one capability, where it allows an operation at a time.
    ///
    /// # Errors
    /// `denied`, with the reason.
    pub(crate) fn granted(
        &self,
        capability: Capability,
        operation: &str,
        pack: &PackId,
        at: Timestamp,
    ) -> Result<&Right, CallError> {
        let ungranted = || format!("`{pack}` was not granted `{capability}.{operation}`");
        let right = self.get(capability).ok_or_else(|| CallError::new(Code::Denied, ungranted()))?;
        match right.refusal(operation, at) {
            Some(why) => Err(CallError::new(Code::Denied, why)),
            None => {
                right.holder.ledger.used(&right.holder.agent, capability, operation);
                Ok(right)
            }
        }
    }
    /// The right to one capability.
    pub fn get(&self, capability: Capability) -> Option<&Right> {
        self.by_capability.get(&capability)
    }
    /// What becomes of links and names in what it posts.
    pub fn marks(&self) -> TextMarks {
        self.get(Capability::Tweet).map(Right::marks).unwrap_or_default()
    }
    /// How every budget stands, by key; what nobody has drawn on is whole. Of what bounds what is there at once only the
    /// limit is known here ([`BudgetLine::at_once`]).
    pub fn lines(&self, at: Timestamp) -> Vec<BudgetLine> {
        // Nothing is drawn on what bounds what is there at once: it has no counter, and stands as whole.
        let line = |right: &Right, budget: &Budget| right.holder.ledger.line(right.key(budget), budget.limit, at);
        let all = self.by_capability.values().flat_map(|right| right.budgets.iter().map(move |budget| (right, budget)));
        let told = |(right, budget): (&Right, &Budget)| {
            let mode = if matches!(budget.of, Of::Agent) { self.mode } else { Mode::Live };
            BudgetLine { mode, ..line(right, budget) }
        };
        all.map(told).collect()
    }
    /// Which capabilities are granted.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability> {
        self.by_capability.keys().copied()
    }
}

#[cfg(test)]
#[path = "right_tests.rs"]
mod tests;
