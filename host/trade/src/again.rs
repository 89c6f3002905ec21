//! A purse that an earlier desk left: the strategy goes on from what is stored of it, where it is the same or another version
//! of it, and begins afresh where it is another one. What is owned stays.

use puppet_backtest::{Account, Strategies, Trader, TraderState};
use puppet_store::PurseEntry;
use puppet_wallet::Risk;
use serde_json::json;

use crate::keep::{Head, Keep, Kept, Notes, Papers, Terms};
use crate::open::{Asked, begin, strategy_error, work};
use crate::version::{Before, Trial};
use crate::work::{Room, Work, stopped};
use crate::{DeskError, DeskMode, DeskPlan, Told};

/// See the head of this file.
pub(crate) fn again<'s>(
    plan: &'s DeskPlan,
    room: &'s Room,
    strategies: &'s dyn Strategies,
    mut asked: Asked,
    (keep, papers): (Keep, Papers),
    head: Head,
    begins: Begins,
) -> Result<Work<'s>, DeskError> {
    let wrong = |why: String| DeskError::Purse { purse: plan.purse.clone(), why };
    let before = &head.terms;
    if (before.mode, &before.network) != (asked.terms.mode, &asked.terms.network) {
        let (was, is) = (kind_of(before), kind_of(&asked.terms));
        return Err(wrong(format!("it is a purse of {was}, and this desk trades with {is}")));
    }
    if before.start_balance.is_some_and(|began| Some(began) != asked.terms.start_balance) {
        let told = "its purse is there already and began with another balance: it goes on with what it has; another name begins anew";
        room.tell(Told::Note(told.to_owned()));
    }
    asked.terms.start_balance = before.start_balance;
    let way = Way::of(&head, &asked.terms);
    let risk = || {
        let books = head.books.clone();
        Risk::restore(plan.rules.clone(), plan.markets.clone(), books, []).map_err(|why| wrong(why.to_string()))
    };
    let begin = |saved| {
        let account = Account::new(0, plan.markets.len());
        begin(plan, strategies, asked.setup.clone(), (risk()?, account), &papers, saved)
    };
    let gone_on = match way {
        Way::Afresh => None,
        way => {
            let (trader, (saved, since)) = way.memory(&keep, &head)?;
            match Trader::resume(begin(saved)?, trader, &since).map_err(strategy_error) {
                Ok(trader) => Some(trader),
                Err(error) if way == Way::Same || matches!(begins, Begins::OnTrial(_)) => return Err(error),
                Err(error) => {
                    room.tell(Told::Note(format!("it cannot go on from what was saved, and begins afresh: {error}")));
                    None
                }
            }
        }
    };
    if let Some(trader) = gone_on {
        let notes = way.notes(&head, begins);
        let from = head.terms.strategy.clone();
        let mut work = work(plan, room, trader, keep, papers, asked.terms, notes, asked.warm_up);
        if way != Way::Same {
            let word = json!({ "word": "version", "from": from, "to": work.terms.strategy });
            work.keep.add(PurseEntry::Word, work.now, &word)?;
        }
        if way == Way::Back {
            // What it was told of the other's time is in the save: it is not told again.
            work.trader.save(work.now).map_err(stopped)?;
        }
        return Ok(work);
    }
    // Where none traded there was nothing to remember.
    if way == Way::Afresh && before.strategy.is_some() {
        room.tell(Told::Note(afresh(before, &asked.terms)));
    }
    let begin = begin(None)?;
    let Head { terms: before, mut trader, mut notes, .. } = head;
    if before.markets != asked.terms.markets {
        adopt(&mut trader, &mut notes, &before, &asked.terms);
    }
    trader.begin_again();
    notes.before = None;
    let trader = Trader::resume(begin, trader, &[]).map_err(strategy_error)?;
    let mut work = work(plan, room, trader, keep, papers, asked.terms, notes, asked.warm_up);
    work.trader.cancel_all().map_err(stopped)?;
    work.begins()?;
    Ok(work)
}

/// What a purse is for, in words.
fn kind_of(terms: &Terms) -> String {
    let what = if terms.mode == DeskMode::Paper { "paper" } else { "money" };
    format!("{what} on {}", terms.network)
}

/// That the strategy remembers nothing of before, and what is another now.
fn afresh(before: &Terms, now: &Terms) -> String {
    let name = |terms: &Terms| terms.strategy.as_ref().map_or_else(|| "none".to_owned(), |id| id.pack.clone());
    let markets = |terms: &Terms| terms.markets.iter().map(|market| market.id.as_str()).collect::<Vec<_>>().join(", ");
    let said = |terms: &Terms| {
        let bars = format!("{} s", terms.bar_seconds);
        [("strategy", name(terms)), ("markets", markets(terms)), ("bars of", bars), ("seed", terms.seed.to_string())]
    };
    let mut words: Vec<(&str, String, String)> =
        said(before).into_iter().zip(said(now)).map(|((what, was), (_, is))| (what, was, is)).collect();
    // Those of another strategy mean something else.
    if name(before) == name(now) {
        let was = |name: &String| {
            before.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string())
        };
        words.extend(now.parameters.iter().filter_map(|(name, is)| Some((name.as_str(), was(name)?, is.to_string()))));
    }
    let words = words.iter().filter(|(_, was, is)| was != is);
    let words: Vec<String> = words.map(|(what, was, is)| format!("{what} {was} before, {is} now")).collect();
    let words =
        if words.is_empty() { "the tokens of its markets are told otherwise".to_owned() } else { words.join("; ") };
    format!(
        "its strategy begins afresh and remembers nothing ({words}); what is owned stays, and open orders are taken back"
    )
}

/// How another version comes to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// It is there when the desk is opened. Where it cannot go on from the save it begins afresh.
    WithTheDesk,
    /// In place of the one that runs, which stays where this one cannot go on from the save.
    OnTrial(Trial),
    /// In its place as an operator wants it, whatever it can go on from.
    Wanted,
}

/// How a strategy goes on from what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is the one before.
    Same,
    /// It is another version, and goes on from the save of the one before.
    Version,
    /// It is the version before the one that is on trial, and goes on from its own save.
    Back,
    /// It is another strategy, or on other markets.
    Afresh,
}

impl Way {
    fn of(head: &Head, now: &Terms) -> Self {
        let Head { terms: before, notes, .. } = head;
        let is_there = (&before.markets, before.bar_seconds, before.seed) == (&now.markets, now.bar_seconds, now.seed);
        match (&before.strategy, &now.strategy) {
            _ if !is_there => Self::Afresh,
            (old, new) if old == new => {
                if before.parameters == now.parameters {
                    Self::Same
                } else {
                    Self::Afresh
                }
            }
            (Some(old), Some(new)) if old.pack == new.pack => {
                let is_back = notes.before.as_ref().is_some_and(|before| before.strategy == *new);
                if is_back { Self::Back } else { Self::Version }
            }
            _ => Self::Afresh,
        }
    }

    /// The trader, the save that the strategy begins from, and what it is told again.
    fn memory(self, keep: &Keep, head: &Head) -> Result<(TraderState, Kept), DeskError> {
        let (mut trader, notes) = (head.trader.clone(), &head.notes);
        if let (Self::Back, Some(before)) = (self, &notes.before) {
            trader.went_back(before.batches, before.faults);
            let (saved, mut since) = keep.memory(before.since, before.has_save)?;
            // On these the other failed.
            let of_other = since.iter_mut().filter(|record| record.seq > before.batches);
            of_other.for_each(|record| record.fault = None);
            return Ok((trader, (saved, since)));
        }
        if self == Self::Version {
            trader.another_version();
        }
        Ok((trader, keep.memory(notes.since, notes.has_save)?))
    }

    /// What is kept from then on.
    fn notes(self, head: &Head, begins: Begins) -> Notes {
        let mut notes = head.notes.clone();
        match self {
            Self::Version => {
                let counts = (head.trader.batches(), head.trader.faults());
                let trial = match begins {
                    // Where there is one, the host says more of the trial, and brings the version before.
                    Begins::WithTheDesk => Some(Trial::default()),
                    Begins::OnTrial(trial) => Some(trial),
                    Begins::Wanted => None,
                };
                notes.before = trial.and_then(|trial| Before::of(&head.terms, &notes, counts, trial));
            }
            Self::Back => {
                if let Some(before) = notes.before.take() {
                    (notes.since, notes.has_save) = (before.since, before.has_save);
                }
            }
            Self::Same | Self::Afresh => {}
        }
        notes
    }
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
