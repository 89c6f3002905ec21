//! Opening a desk: from nothing, or from the head and the log that an earlier one left. Whatever was under way then is asked
//! for again before anything else ([`recover`](crate::recover)).

use puppet_backtest::{Account, Begin, Book, Setup, Strategies, Trader, TraderState, Waiting, fits, parameters};
use puppet_store::PurseEntry;
use puppet_wallet::Risk;
use serde_json::json;

use crate::idle::Idle;
use crate::keep::{Head, Keep, Notes, Papers, Terms};
use crate::recover::{balances, mints_of};
use crate::work::{Room, Work, stopped};
use crate::{DeskError, DeskPlan, DeskVenue, Happened, Told};

fn plan_error(error: impl std::fmt::Display) -> DeskError {
    DeskError::Plan(error.to_string())
}
fn strategy_error(error: impl std::fmt::Display) -> DeskError {
    DeskError::Strategy(error.to_string())
}

/// What a strategy was found to be, and the terms that follow.
struct Asked {
    terms: Terms,
    setup: Setup,
    warm_up: u32,
}

/// See the head of this file.
pub(crate) fn open<'s>(plan: &'s DeskPlan, room: &'s Room, idle: &'s Idle) -> Result<Work<'s>, DeskError> {
    let strategies: &dyn Strategies = match &plan.strategy {
        Some(strategy) => &*strategy.strategies,
        None => idle,
    };
    let asked = ask(plan, strategies)?;
    let (keep, head) = Keep::read(room.store.clone(), room.runtime.clone(), &plan.purse)?;
    let papers = Papers::default();
    let mut work = match head {
        Some(head) => again(plan, room, strategies, asked, keep, papers, head)?,
        None => afresh(plan, room, strategies, asked, keep, papers)?,
    };
    work.ask_switch();
    work.store()?;
    for result in work.notes.untold.clone() {
        room.tell(Told::Swapped(Box::new(result)));
    }
    work.tell_strategy()?;
    work.recover()?;
    Ok(work)
}

/// Asks the strategy what it is, and the plan whether that can be.
fn ask(plan: &DeskPlan, strategies: &dyn Strategies) -> Result<Asked, DeskError> {
    let description = strategies.fresh().and_then(|mut fresh| fresh.describe()).map_err(strategy_error)?;
    let parameters = parameters::settle(&description, &plan.parameters).map_err(plan_error)?;
    let models = match &plan.venue {
        DeskVenue::Paper { models, .. } => Some(models),
        DeskVenue::Live { .. } => None,
    };
    fits(&description, &plan.markets, plan.bar_seconds, models, &plan.rules).map_err(plan_error)?;
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
    Ok(Asked { terms, setup, warm_up: description.warm_up })
}

/// What a trader begins with, but for what it owns.
fn begin<'s>(
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

/// A purse that an earlier desk left.
fn again<'s>(
    plan: &'s DeskPlan,
    room: &'s Room,
    strategies: &'s dyn Strategies,
    mut asked: Asked,
    keep: Keep,
    papers: Papers,
    head: Head,
) -> Result<Work<'s>, DeskError> {
    let Head { terms: before, books, mut trader, mut notes } = head;
    let wrong = |why: String| DeskError::Purse { purse: plan.purse.clone(), why };
    if (before.mode, &before.network) != (asked.terms.mode, &asked.terms.network) {
        return Err(wrong(format!("it was traded on as {:?} on {}", before.mode, before.network)));
    }
    if before.start_balance.is_some_and(|began| Some(began) != asked.terms.start_balance) {
        let told = "its purse is there already and began with another balance: it goes on with what it has; another name begins anew";
        room.tell(Told::Note(told.to_owned()));
    }
    asked.terms.start_balance = before.start_balance;
    let risk =
        Risk::restore(plan.rules.clone(), plan.markets.clone(), books, []).map_err(|why| wrong(why.to_string()))?;
    let goes_on = goes_on(&before, &asked.terms, plan.take_over);
    let (saved, since) = if goes_on { keep.memory(&notes)? } else { (None, Vec::new()) };
    if !goes_on {
        if before.markets != asked.terms.markets {
            adopt(&mut trader, &mut notes, &before, &asked.terms);
        }
        trader.begin_again();
    }
    let account = Account::new(0, plan.markets.len());
    let begin = begin(plan, strategies, asked.setup, (risk, account), &papers, saved)?;
    let trader = Trader::resume(begin, trader, &since).map_err(strategy_error)?;
    let mut work = work(plan, room, trader, keep, papers, asked.terms, notes, asked.warm_up);
    if !goes_on {
        work.trader.cancel_all().map_err(stopped)?;
        work.begins()?;
    }
    Ok(work)
}

/// Whether the strategy is the one before, or may go on from it.
fn goes_on(before: &Terms, now: &Terms, take_over: bool) -> bool {
    let is_same = (&before.strategy, &before.parameters, before.seed) == (&now.strategy, &now.parameters, now.seed);
    let is_there = (&before.markets, before.bar_seconds) == (&now.markets, now.bar_seconds);
    is_there && (is_same || (take_over && before.strategy.is_some() && now.strategy.is_some()))
}

/// Markets have other numbers: everything that is kept by number moves along.
fn adopt(trader: &mut TraderState, notes: &mut Notes, before: &Terms, now: &Terms) {
    trader.adopt(&before.markets, &now.markets);
    let price = |market: &puppet_types::trade::Market| {
        let place = before.markets.iter().position(|other| other.id == market.id)?;
        notes.prices.get(place).copied().flatten()
    };
    notes.prices = now.markets.iter().map(price).collect();
}

#[allow(clippy::too_many_arguments, reason = "the parts of a desk, put together in one place")]
fn work<'s>(
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
        results: Vec::new(),
        happened: Happened::default(),
        mode,
    }
}

impl Work<'_> {
    /// A strategy begins: what the log has from here on is its own.
    fn begins(&mut self) -> Result<(), DeskError> {
        self.notes.since = self.keep.next();
        self.notes.has_save = false;
        self.keep.add(PurseEntry::Word, self.now, &json!({ "word": "begins", "terms": self.terms }))?;
        Ok(())
    }
}
