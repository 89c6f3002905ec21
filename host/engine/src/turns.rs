//! Who has the processors of a live host. A guest yields, so nobody holds a worker for good; but a hundred guests that
//! spin stand before everybody else in the runtime's queue, once for every step of every event. So calls are of two
//! sorts. A short one runs as it comes. A long one, which has had a processor for `LONG`, waits for a turn each time that
//! it goes on, behind the other long ones. A quarter of the processors is theirs whatever else there is to do; while no
//! other event waits to begin they have all but one. A turn ends with the next yield, so whoever comes then waits no
//! longer than for that. Long ones also have places of their own, as many as the others, and whoever shows itself to be
//! long leaves its place: else as many spinning agents as there are places would shut everybody out.
//!
//! A plugin version is taken for what its last call was. One that was never called waits for turns like a long one, or
//! newcomers would be short all at once, but in a place like anybody's; when another call of it was short meanwhile, it is.
//!
//! Of the live driver alone. In virtual time nobody waits by the wall, and the order of events is not made here.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// A call that has computed for so long is a long one. An event of a plugin in Rust takes a hundredth of it, one in
/// Python half.
const LONG: Duration = Duration::from_millis(3);

/// What the next call of a plugin version is taken for.
#[derive(Debug, Default)]
pub struct Pace {
    /// What its last call was, [`SHORT`] or [`KNOWN_LONG`]; 0 where there was none.
    last: AtomicU8,
    /// Told when that becomes short.
    shown: Notify,
}

const SHORT: u8 = 1;
const KNOWN_LONG: u8 = 2;

impl Pace {
    fn last(&self) -> u8 {
        self.last.load(Ordering::Relaxed)
    }

    fn is_short(&self) -> bool {
        self.last() == SHORT
    }

    /// A call computed for so long.
    fn was(&self, used: Duration) {
        let is = if used < LONG { SHORT } else { KNOWN_LONG };
        if self.last.swap(is, Ordering::Relaxed) != is && is == SHORT {
            self.shown.notify_waiters();
        }
    }

    /// Returns when a call has shown the version to be short.
    async fn shown_short(&self) {
        loop {
            let shown = self.shown.notified();
            if self.is_short() {
                return;
            }
            shown.await;
        }
    }
}

/// The turns of long calls.
pub struct Turns {
    /// Theirs whatever else there is to do.
    kept: Semaphore,
    /// Theirs while nobody waits to begin.
    spare: Semaphore,
    /// Calls that are taken for long and under way. One that shows itself to be long goes on without.
    places: Semaphore,
    /// Calls that have not begun, and are not known to be long.
    arrived: AtomicUsize,
}

/// An event on its way to its call.
pub struct Arrived(Arc<Turns>);

impl Drop for Arrived {
    fn drop(&mut self) {
        self.0.arrived.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    /// On so many processors, with so many long calls under way.
    pub fn on(processors: usize, places: usize) -> Self {
        let kept = (processors / 4).max(1);
        let [kept, spare, places] = [kept, processors.saturating_sub(kept + 1), places].map(Semaphore::new);
        Self { kept, spare, places, arrived: AtomicUsize::new(0) }
    }

    /// On the processors of this machine.
    pub fn of_this_machine(places: usize) -> Self {
        Self::on(std::thread::available_parallelism().map_or(1, usize::from), places)
    }

    /// An event is taken from its mailbox.
    pub fn arrive(self: &Arc<Self>) -> Arrived {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        Arrived(Arc::clone(self))
    }

    /// A turn of a long call. None only where the semaphores are closed, which nobody does. Who ends a turn and goes on
    /// at once finds a spare one, if nobody came meanwhile: nobody has to be woken for that.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        if self.arrived.load(Ordering::Relaxed) == 0
            && let Ok(spare) = self.spare.try_acquire()
        {
            return Some(spare);
        }
        self.kept.acquire().await.ok()
    }

    /// Runs a call. Its place is free as soon as it is known to be long.
    pub async fn take<T>(&self, pace: &Pace, entry: (Arrived, impl Sized), call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let mut used = Duration::ZERO;
        let last = pace.last();
        let mut is_long = last != SHORT;
        let (arrived, place) = entry;
        let (mut arrived, mut place) = (Some(arrived).filter(|_| !is_long), Some(place));
        let _long = if last == KNOWN_LONG {
            place = None;
            self.places.acquire().await.ok()
        } else {
            None
        };
        loop {
            let turn = match is_long {
                true if used.is_zero() => tokio::select! {
                    biased;
                    () = pace.shown_short() => None,
                    turn = self.turn() => turn,
                },
                true => self.turn().await,
                false => None,
            };
            is_long = turn.is_some();
            let since = Instant::now();
            let polled = futures::poll!(call.as_mut());
            used += since.elapsed();
            drop(turn);
            // It has begun.
            drop(arrived.take());
            if let Poll::Ready(answer) = polled {
                pace.was(used);
                drop(place);
                return answer;
            }
            if used >= LONG {
                is_long = true;
                place = None;
            }
            // Until it is woken.
            futures::pending!();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;

    /// Computes for as long as makes a call long, `steps` times, and yields in between.
    async fn spins(steps: u32, done: &Cell<u32>) {
        for _ in 0..steps {
            let since = Instant::now();
            while since.elapsed() < LONG {
                std::hint::spin_loop();
            }
            done.set(done.get() + 1);
            tokio::task::yield_now().await;
        }
    }

    fn short() -> Pace {
        Pace { last: AtomicU8::new(SHORT), ..Pace::default() }
    }

    /// A place, and whether it is taken.
    fn place() -> (Rc<()>, impl Fn() -> bool) {
        let place = Rc::new(());
        let left = Rc::downgrade(&place);
        (place, move || left.upgrade().is_some())
    }

    #[tokio::test]
    async fn a_long_call_goes_on_in_its_turn_and_leaves_its_place() {
        let (turns, pace, done) = (Arc::new(Turns::on(1, 9)), short(), Cell::new(0));
        let others = turns.kept.acquire().await.unwrap();
        let (place, is_taken) = place();
        let mut long = pin!(turns.take(&pace, (turns.arrive(), place), spins(3, &done)));
        assert!(futures::poll!(long.as_mut()).is_pending());
        assert_eq!((done.get(), is_taken()), (1, false), "it began as a short one");
        for _ in 0..5 {
            assert!(futures::poll!(long.as_mut()).is_pending());
        }
        assert_eq!(done.get(), 1, "the turn is another's");

        turns.take(&short(), (turns.arrive(), ()), async {}).await;
        drop(others);
        long.await;
        assert_eq!(done.get(), 3);
        assert!(!pace.is_short());
    }

    #[tokio::test]
    async fn a_version_is_taken_for_what_its_last_call_was() {
        let (turns, pace, done) = (Arc::new(Turns::on(8, 9)), Pace::default(), Cell::new(0));
        let waits = turns.arrive();
        let others = turns.kept.acquire_many(2).await.unwrap();
        let (place, is_taken) = place();
        let mut first = pin!(turns.take(&pace, (turns.arrive(), place), async { done.set(1) }));
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert_eq!((done.get(), is_taken()), (0, true), "nobody has seen it yet");
        let mut second = pin!(turns.take(&pace, (turns.arrive(), ()), async { done.set(done.get() + 10) }));
        assert!(futures::poll!(second.as_mut()).is_pending());
        pace.was(Duration::ZERO);
        first.await;
        second.await;
        assert_eq!(done.get(), 11, "another call has shown what they are, and they need no turn");
        drop(others);

        let others = turns.kept.acquire_many(2).await.unwrap();
        turns.take(&pace, (turns.arrive(), ()), async { done.set(2) }).await;
        assert_eq!(done.get(), 2, "its last call was short");
        drop(others);
        turns.take(&pace, (turns.arrive(), ()), spins(1, &done)).await;
        let _others = turns.kept.acquire_many(2).await.unwrap();
        let mut next = pin!(turns.take(&pace, (turns.arrive(), ()), async {}));
        assert!(futures::poll!(next.as_mut()).is_pending(), "its last call was long");
        drop(waits);
    }

    #[tokio::test]
    async fn long_calls_have_so_many_places_and_short_ones_do_not_wait_for_them() {
        let long = || Pace { last: AtomicU8::new(KNOWN_LONG), ..Pace::default() };
        let (turns, pace, other) = (Arc::new(Turns::on(8, 1)), long(), long());
        let (place, is_taken) = place();
        let mut first = pin!(turns.take(&pace, (turns.arrive(), place), std::future::pending::<()>()));
        assert!(futures::poll!(first.as_mut()).is_pending() && !is_taken());
        let begun = Cell::new(false);
        let mut second = pin!(turns.take(&other, (turns.arrive(), ()), async { begun.set(true) }));
        assert!(futures::poll!(second.as_mut()).is_pending() && !begun.get(), "there is one place");
        turns.take(&short(), (turns.arrive(), ()), async {}).await;
        turns.take(&Pace::default(), (turns.arrive(), ()), async {}).await;
    }

    #[tokio::test]
    async fn long_calls_have_all_processors_but_one_until_somebody_waits_to_begin() {
        let turns = Arc::new(Turns::on(8, 9));
        let mut taken = Vec::new();
        for _ in 0..7 {
            taken.push(futures::poll!(pin!(turns.turn())));
        }
        assert!(taken.iter().all(Poll::is_ready));
        assert!(futures::poll!(pin!(turns.turn())).is_pending(), "one is left");
        drop(taken);

        let waits = turns.arrive();
        let kept = [turns.turn().await, turns.turn().await];
        assert!(futures::poll!(pin!(turns.turn())).is_pending(), "a quarter");
        drop(waits);
        assert!(futures::poll!(pin!(turns.turn())).is_ready());
        drop(kept);

        // What is taken for long, or has begun, waits no more.
        let pace = Pace::default();
        let mut long = pin!(turns.take(&pace, (turns.arrive(), ()), std::future::pending::<()>()));
        assert!(futures::poll!(long.as_mut()).is_pending());
        let begun = short();
        let mut begun = pin!(turns.take(&begun, (turns.arrive(), ()), std::future::pending::<()>()));
        assert_eq!(turns.arrived.load(Ordering::Relaxed), 1);
        assert!(futures::poll!(begun.as_mut()).is_pending());
        assert_eq!(turns.arrived.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_call_that_waits_for_an_answer_is_not_long_and_holds_no_turn() {
        let (turns, pace) = (Arc::new(Turns::on(1, 9)), Pace::default());
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        let mut waits = pin!(turns.take(&pace, (turns.arrive(), ()), answered));
        assert!(futures::poll!(waits.as_mut()).is_pending());
        assert_eq!(turns.kept.available_permits(), 1);
        answer.send(()).unwrap();
        waits.await.unwrap();
        assert!(pace.is_short());
    }
}
