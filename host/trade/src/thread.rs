//! The desk's thread: opens it, takes one question after the other, and opens it anew in place where another version of the
//! strategy is to run. What is stored is all that goes from the one to the other, as after a crash; but the exchange and the
//! wallet are as they were, and whoever waits goes on waiting.

use std::sync::Arc;

use puppet_backtest::{Outside, Strategies};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::again::Begins;
use crate::batch::closes_of;
use crate::desk::{Answer, Ask};
use crate::idle::Idle;
use crate::open;
use crate::version::{Trial, Tried};
use crate::wish::Wishes;
use crate::work::{Room, Work, end};
use crate::{DeskError, DeskPlan, DeskStrategy, Told};

/// Beside what the strategy needs: JSON and the books.
const STACK_BESIDE: usize = 2 << 20;

/// Asks something of a strategy apart from any desk, on a thread with the stack that it needs.
///
/// # Errors
/// [`DeskError::Strategy`]: there is no such thread, or it ended.
pub async fn apart<T: Send + 'static>(
    of: &DeskStrategy,
    ask: impl FnOnce(&dyn Strategies) -> T + Send + 'static,
) -> Result<T, DeskError> {
    let (tell, told) = oneshot::channel();
    let strategies = Arc::clone(&of.strategies);
    let thread = std::thread::Builder::new().name(format!("apart {}", of.id.pack));
    let asking = thread.stack_size(strategies.stack_bytes() + STACK_BESIDE).spawn(move || {
        // Whoever does not wait any more has no use for it.
        let _ = tell.send(ask(&*strategies));
    });
    asking.map_err(|error| DeskError::Strategy(format!("no thread can be started for it: {error}")))?;
    told.await.map_err(|_| DeskError::Strategy("its thread ended".to_owned()))
}

/// What follows a question.
pub(crate) enum Turn {
    /// The next one.
    Next,
    /// None any more.
    End,
    /// Another version's place.
    Leave(Leave),
}

/// Why a desk is opened anew in place.
pub(crate) enum Leave {
    /// For another version. This one has saved itself.
    For { next: Box<DeskStrategy>, trial: Option<Trial>, answer: Answer<()> },
    /// Back to the version before: what is not stored has not been.
    Back { before: Box<DeskStrategy>, reason: String, then: Then },
}

/// What is done when the version before is back.
pub(crate) enum Then {
    /// The question on which the other failed is asked of it, or what is left of it where a part is stored.
    Ask(Box<Ask>),
    /// Whoever wanted it is answered.
    Answer(Answer<bool>),
    Nothing,
}

/// How a desk comes to be open.
enum How {
    First(oneshot::Sender<Result<u32, DeskError>>),
    Swapped { as_before: Box<DeskPlan>, trial: Option<Trial>, answer: Answer<()> },
    Back { reason: String, then: Then },
    AsBefore,
}

/// Begins, and answers how many batches of history the strategy wants when it stands.
pub(crate) async fn start(plan: DeskPlan, room: Room, questions: mpsc::Receiver<Ask>) -> Result<u32, DeskError> {
    let (ready, is_ready) = oneshot::channel();
    let stack = plan.strategy.as_ref().map_or(0, |strategy| strategy.strategies.stack_bytes());
    std::thread::Builder::new()
        .name(format!("desk {}", plan.purse))
        .stack_size(stack + STACK_BESIDE)
        .spawn(move || {
            run(plan, &room, questions, ready);
            // Whoever waits for the end of a trial is not to wait for ever.
            room.shared.trial(false);
        })
        .map_err(|error| DeskError::Plan(format!("no thread can be started: {error}")))?;
    is_ready.await.map_err(|_| DeskError::Stopped("its thread ended".to_owned()))?
}

fn run(
    mut plan: DeskPlan,
    room: &Room,
    mut questions: mpsc::Receiver<Ask>,
    ready: oneshot::Sender<Result<u32, DeskError>>,
) {
    let (mut how, mut stays) = (How::First(ready), Stays::default());
    loop {
        (plan, how) = match stand(&plan, how, room, (&mut questions, &mut stays)) {
            After::End => return,
            After::AsBefore(before) => (*before, How::AsBefore),
            After::Leave(Leave::For { next, trial, answer }) => {
                let next = DeskPlan { strategy: Some(*next), ..plan.clone() };
                (next, How::Swapped { as_before: Box::new(plan), trial, answer })
            }
            After::Leave(Leave::Back { before, reason, then }) => {
                (DeskPlan { strategy: Some(*before), ..plan }, How::Back { reason, then })
            }
        };
    }
}

/// What goes from one opening to the next and is not stored.
#[derive(Default)]
struct Stays {
    /// Whoever waits for a swap.
    wishes: Wishes,
    /// What others say of the markets; none before the first opening.
    outside: Option<Outside>,
    /// What the version that gave way would have gone back to: it goes on where the other cannot begin.
    spare: Option<DeskStrategy>,
}

/// What follows a desk.
enum After {
    End,
    /// Another version could not begin: the one that ran goes on.
    AsBefore(Box<DeskPlan>),
    Leave(Leave),
}

/// A desk from its opening until it ends or is opened anew.
fn stand(plan: &DeskPlan, how: How, room: &Room, (questions, stays): (&mut mpsc::Receiver<Ask>, &mut Stays)) -> After {
    let idle = Idle;
    if let How::Back { reason, .. } = &how {
        // Before the head says that no trial goes on: whoever waits for its end hears how it ended.
        room.shared.tried.send_replace(Tried::WentBack(reason.clone()));
    }
    let opened = match &how {
        How::First(_) => open::open(plan, room, &idle),
        How::Swapped { trial, .. } => {
            open::again_in_place(plan, room, &idle, trial.map_or(Begins::Wanted, Begins::OnTrial))
        }
        How::Back { .. } | How::AsBefore => open::again_in_place(plan, room, &idle, Begins::Wanted),
    };
    let mut first = None;
    let mut work = match (opened, how) {
        (Ok(work), How::First(ready)) => {
            let _ = ready.send(Ok(work.warm_up));
            work
        }
        (Ok(mut work), How::Swapped { as_before, answer, .. }) => {
            work.spare = as_before.strategy.filter(|_| work.notes.before.is_some());
            let _ = answer.send(Ok(()));
            work
        }
        (Ok(work), How::Back { reason, then }) => {
            first = came_back(&work, &reason, then);
            work
        }
        (Ok(mut work), How::AsBefore) => {
            work.spare = stays.spare.take();
            work
        }
        (Err(error), How::First(ready)) => {
            let _ = ready.send(Err(error));
            return After::End;
        }
        (Err(error @ (DeskError::Strategy(_) | DeskError::Plan(_))), How::Swapped { as_before, answer, .. }) => {
            let _ = answer.send(Err(error));
            return After::AsBefore(as_before);
        }
        (Err(error), _) => {
            end(room, &mut stays.wishes, &error);
            return After::End;
        }
    };
    work.wishes = std::mem::take(&mut stays.wishes);
    if let Some(outside) = stays.outside.take() {
        work.trader.see_outside(outside);
    }
    let after = attend(&mut work, questions, first).map_or(After::End, After::Leave);
    let outside = Some(work.trader.outside().clone());
    *stays = Stays { wishes: std::mem::take(&mut work.wishes), outside, spare: work.spare.take() };
    after
}

/// Answers the question that is asked once more.
fn came_back(work: &Work<'_>, reason: &str, then: Then) -> Option<Ask> {
    work.room.tell(Told::Note(format!("the version before is back: {reason}")));
    match then {
        Then::Ask(ask) => Some(match *ask {
            // The batch was stored before the other failed: what is left of it is what is due at its closes.
            Ask::Bars(at, bars, answer) if work.is_known(at) => Ask::Prices(at, closes_of(&bars), answer),
            ask => ask,
        }),
        Then::Answer(answer) => {
            let _ = answer.send(Ok(true));
            None
        }
        Then::Nothing => None,
    }
}

/// Takes questions until the desk ends, or is opened anew.
fn attend(work: &mut Work<'_>, questions: &mut mpsc::Receiver<Ask>, mut first: Option<Ask>) -> Option<Leave> {
    loop {
        let again = work.again.as_ref().map(|again| again.at);
        let next = match first.take() {
            Some(ask) => Next::Ask(ask),
            None => work.room.runtime.block_on(next(questions, again)),
        };
        let turn = match next {
            Next::Ask(ask) => work.answer(ask),
            Next::Again => {
                let done = work.ask_again();
                work.went(done)
            }
            Next::Gone => Turn::End,
        };
        match turn {
            Turn::Next => {}
            Turn::End => return None,
            Turn::Leave(leave) => return Some(leave),
        }
    }
}

enum Next {
    Ask(Ask),
    /// It is time to ask the exchange again.
    Again,
    /// The handle was dropped.
    Gone,
}

async fn next(questions: &mut mpsc::Receiver<Ask>, again: Option<Instant>) -> Next {
    let asked = match again {
        Some(at) => match tokio::time::timeout_at(at, questions.recv()).await {
            Ok(asked) => asked,
            Err(_) => return Next::Again,
        },
        None => questions.recv().await,
    };
    asked.map_or(Next::Gone, Next::Ask)
}
