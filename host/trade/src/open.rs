//! Opening a desk: from nothing, or from the head and the log that an earlier one left. Whatever was under way then is asked
//! for again before anything else ([`recover`](crate::recover)).

use puppet_backtest::{Account, Begin, Book, Models, Setup, Strategies, Trader, Waiting, parameters};
use puppet_store::PurseEntry;
use puppet_types::trade::Market;
use puppet_wallet::{Risk, Rules};
use serde_json::json;

use crate::again::{Begins, again};
use crate::idle::Idle;
use crate::keep::{Keep, Notes, Papers, Terms};
use crate::recover::{balances, mints_of};
use crate::work::{Again, Room, Work};
use crate::{DeskError, DeskPlan, DeskVenue, Happened, Told};

fn plan_error(error: impl std::fmt::Display) -> DeskError {
    DeskError::Plan(error.to_string())
}
pub(crate) fn strategy_error(error: impl std::fmt::Display) -> DeskError {
    DeskError::Strategy(error.to_string())
}

/// What a strategy was found to be, and the terms that follow.
pub(crate) struct Asked {
    pub terms: Terms,
    pub setup: Setup,
    pub warm_up: u32,
}

/// See the head of this file.
pub(crate) fn open<'s>(plan: &'s DeskPlan, room: &'s Room, idle: &'s Idle) -> Result<Work<'s>, DeskError> {
    let mut work = stored(plan, room, idle, Begins::WithTheDesk)?;
    for result in work.notes.untold.clone() {
        room.tell(Told::Swapped(Box::new(result)));
    }
    work.recover()?;
    Ok(work)
}

/// The same in a desk that trades, for another version of its strategy: nobody is told anything twice, and the wallet is not
/// compared.
pub(crate) fn again_in_place<'s>(
    plan: &'s DeskPlan,
    room: &'s Room,
    idle: &'s Idle,
    begins: Begins,
) -> Result<Work<'s>, DeskError> {
    let mut work = stored(plan, room, idle, begins)?;
    work.again = work.notes.under_way.is_some().then(Again::now);
    Ok(work)
}

/// What is stored at work again, and stored as it is then.
fn stored<'s>(plan: &'s DeskPlan, room: &'s Room, idle: &'s Idle, begins: Begins) -> Result<Work<'s>, DeskError> {
    let strategies: &dyn Strategies = match &plan.strategy {
        Some(strategy) => &*strategy.strategies,
        None => idle,
    };
    let asked = ask(plan, strategies)?;
    let (keep, head) = Keep::read(room.store.clone(), room.runtime.clone(), &plan.purse)?;
    let papers = Papers::default();
    let mut work = match head {
        Some(head) => again(plan, room, strategies, asked, (keep, papers), head, begins)?,
        None => afresh(plan, room, strategies, asked, keep, papers)?,
    };
    work.ask_switch();
    work.store()?;
    work.tell_strategy()?;
    Ok(work)
}

/// What a strategy would be told at its beginning on this desk.
pub(crate) fn setup(plan: &DeskPlan, strategies: &dyn Strategies) -> Result<Setup, DeskError> {
    ask(plan, strategies).map(|asked| asked.setup)
}

/// Whether a strategy can trade on these markets and bars, with what was asked for of its parameters, by these rules and at this
/// model's fee. Found out before a desk is opened; every opening looks again. Answers how much history it wants, and every
/// parameter.
///
/// # Errors
/// It cannot, or does not say what it is.
pub fn fits(
    strategies: &dyn Strategies,
    (markets, bar_seconds): (&[Market], u32),
    parameters: &[(String, i64)],
    (models, rules): (Option<&Models>, &Rules),
) -> Result<(u32, Vec<(String, i64)>), DeskError> {
    let description = strategies.fresh().and_then(|mut fresh| fresh.describe()).map_err(strategy_error)?;
    let parameters = parameters::settle(&description, parameters).map_err(plan_error)?;
    puppet_backtest::fits(&description, markets, bar_seconds, models, rules).map_err(plan_error)?;
    Ok((description.warm_up, parameters))
}

/// Whether a strategy begins where it is told so: it may refuse parameters that are each within their range. Found out before
/// a desk is opened; an opening finds out by itself.
///
/// # Errors
/// [`DeskError::Strategy`]: it does not, and why.
pub fn begins(strategies: &dyn Strategies, setup: &Setup) -> Result<(), DeskError> {
    strategies.fresh().and_then(|mut fresh| fresh.init(setup, None)).map_err(strategy_error)
}

/// Asks the strategy what it is, and the plan whether that can be.
fn ask(plan: &DeskPlan, strategies: &dyn Strategies) -> Result<Asked, DeskError> {
    let models = match &plan.venue {
        DeskVenue::Paper { models, .. } => Some(models),
        DeskVenue::Live { .. } => None,
    };
    let on = (plan.markets.as_slice(), plan.bar_seconds);
    let (warm_up, parameters) = fits(strategies, on, &plan.parameters, (models, &plan.rules))?;
    let setup = Setup {
        parameters: parameters.clone(),
        markets: plan.markets.clone(),
        bar_seconds: plan.bar_seconds,
        seed: plan.seed,
    };
    let terms = Terms {
        mode: plan.venue.mode(),
        network: plan.network.clone(),
        strategy: plan.strategy.as_ref().map(|strategy| strategy.id.clone()),
        parameters,
        markets: plan.markets.clone(),
        bar_seconds: plan.bar_seconds,
        seed: plan.seed,
        start_balance: match plan.venue {
            DeskVenue::Paper { start_balance, .. } => Some(start_balance),
            DeskVenue::Live { .. } => None,
        },
    };
    Ok(Asked { terms, setup, warm_up })
}

/// What a trader begins with, but for what it owns.
pub(crate) fn begin<'s>(
    plan: &DeskPlan,
    strategies: &'s dyn Strategies,
    setup: Setup,
    (risk, account): (Risk, Account),
    papers: &Papers,
    saved: Option<Vec<u8>>,
) -> Result<Begin<'s>, DeskError> {
    let venue = match &plan.venue {
        DeskVenue::Paper { models, .. } => Book::new(plan.markets.clone(), *models, plan.seed).into(),
        DeskVenue::Live { .. } => puppet_backtest::Venue::Desk(Waiting::new()),
    };
    Ok(Begin {
        strategies,
        fresh: strategies.fresh().map_err(strategy_error)?,
        setup,
        saved,
        risk,
        venue,
        account,
        max_faults: plan.max_faults,
        journal: Some(Box::new(papers.clone())),
    })
}

/// A purse that was never traded on.
fn afresh<'s>(
    plan: &'s DeskPlan,
    room: &'s Room,
    strategies: &'s dyn Strategies,
    asked: Asked,
    keep: Keep,
    papers: Papers,
) -> Result<Work<'s>, DeskError> {
    let quote = plan.markets.first().map(|market| market.quote.mint.clone());
    let quote = quote.ok_or_else(|| DeskError::Plan("there is no market".to_owned()))?;
    let balances = match &plan.venue {
        DeskVenue::Paper { start_balance, .. } => vec![(quote.clone(), *start_balance)],
        DeskVenue::Live { .. } => {
            let mints = mints_of(plan);
            let amounts = balances(plan, room, &mints)?;
            mints.into_iter().zip(amounts).collect()
        }
    };
    let cash = balances.iter().find(|(mint, _)| *mint == quote).map_or(0, |(_, amount)| *amount);
    let mut risk = Risk::new(plan.rules.clone(), plan.markets.clone(), &balances).map_err(plan_error)?;
    risk.keep_steps(true);
    let account = Account::new(cash, plan.markets.len());
    let begin = begin(plan, strategies, asked.setup, (risk, account), &papers, None)?;
    let trader = Trader::begin(begin).map_err(strategy_error)?;
    let notes = Notes { prices: vec![None; plan.markets.len()], ..Notes::default() };
    let mut work = work(plan, room, trader, keep, papers, asked.terms, notes, asked.warm_up);
    work.begins()?;
    Ok(work)
}

#[allow(clippy::too_many_arguments, reason = "the parts of a desk, put together in one place")]
pub(crate) fn work<'s>(
    plan: &'s DeskPlan,
    room: &'s Room,
    trader: Trader<'s>,
    keep: Keep,
    papers: Papers,
    terms: Terms,
    notes: Notes,
    warm_up: u32,
) -> Work<'s> {
    let known = notes.prices.iter().flatten().map(|(_, at)| *at).chain(notes.last_bars).max();
    // Not the clock's: what is decided next is decided on prices of then.
    let now = known.unwrap_or_default();
    let mode = trader.risk().mode();
    Work {
        plan,
        room,
        trader,
        keep,
        papers,
        terms,
        notes,
        warm_up,
        now,
        again: None,
        wishes: Default::default(),
        spare: None,
        results: Vec::new(),
        happened: Happened::default(),
        mode,
    }
}

impl Work<'_> {
    /// A strategy begins: what the log has from here on is its own.
    pub(crate) fn begins(&mut self) -> Result<(), DeskError> {
        self.notes.since = self.keep.next();
        self.notes.has_save = false;
        self.keep.add(PurseEntry::Word, self.now, &json!({ "word": "begins", "terms": self.terms }))?;
        Ok(())
    }
}
