//! Who has the processors of a live host. A guest yields, so nobody holds a worker for good; but a hundred guests that
//! spin stand before everybody else in the runtime's queue, once for every step of every event. So calls are of two
//! sorts. A short one runs as it comes. A long one, which has had a processor for `LONG`, waits for a turn each
//! time that it goes on, behind the other long ones; at most half of the processors are theirs at once, and the rest is
//! never behind more than what it brings itself. A long one also leaves its place to another: else as many spinning
//! agents as there are places would shut everybody out.
//!
//! A plugin version is taken for what its last call was. One that was never called is taken for long, or newcomers would
//! be short all at once. The price: what needs a processor for long gets half of them, also where nobody else is there.
//!
//! Of the live driver alone. In virtual time nobody waits by the wall, and the order of events is not made here.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

/// A call that has computed for so long is a long one. An event of a plugin in Rust takes a hundredth of it, one in
/// Python half.
const LONG: Duration = Duration::from_millis(3);

/// What the next call of a plugin version is taken for.
#[derive(Debug, Default)]
pub struct Pace {
    is_short: AtomicBool,
}

/// The turns of long calls.
pub struct Turns(Semaphore);

impl Turns {
    /// On so many processors.
    pub fn on(processors: usize) -> Self {
        Self(Semaphore::new((processors / 2).max(1)))
    }

    /// On those of this machine.
    pub fn of_this_machine() -> Self {
        Self::on(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Runs a call. Its place is free as soon as it has shown itself to be long.
    pub async fn take<T>(&self, pace: &Pace, place: impl Sized, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let mut place = Some(place);
        let mut used = Duration::ZERO;
        let mut is_long = !pace.is_short.load(Ordering::Relaxed);
        loop {
            // Never closed.
            let turn = if is_long { self.0.acquire().await.ok() } else { None };
            let since = Instant::now();
            let polled = futures::poll!(call.as_mut());
            used += since.elapsed();
            drop(turn);
            if let Poll::Ready(answer) = polled {
                pace.is_short.store(used < LONG, Ordering::Relaxed);
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
        Pace { is_short: AtomicBool::new(true) }
    }

    /// A place, and whether it is taken.
    fn place() -> (Rc<()>, impl Fn() -> bool) {
        let place = Rc::new(());
        let left = Rc::downgrade(&place);
        (place, move || left.upgrade().is_some())
    }

    #[tokio::test]
    async fn a_long_call_goes_on_in_its_turn_and_leaves_its_place() {
        let (turns, pace, done) = (Turns::on(1), short(), Cell::new(0));
        let others = turns.0.acquire().await.unwrap();
        let (place, is_taken) = place();
        let mut long = pin!(turns.take(&pace, place, spins(3, &done)));
        assert!(futures::poll!(long.as_mut()).is_pending());
        assert_eq!((done.get(), is_taken()), (1, false), "it began as a short one");
        for _ in 0..5 {
            assert!(futures::poll!(long.as_mut()).is_pending());
        }
        assert_eq!(done.get(), 1, "the turn is another's");

        turns.take(&short(), (), async {}).await;
        drop(others);
        long.await;
        assert_eq!(done.get(), 3);
        assert!(!pace.is_short.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_version_is_taken_for_what_its_last_call_was() {
        let (turns, pace, done) = (Turns::on(8), Pace::default(), Cell::new(0));
        let others = turns.0.acquire_many(4).await.unwrap();
        let (place, is_taken) = place();
        let mut first = pin!(turns.take(&pace, place, async { done.set(1) }));
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert_eq!((done.get(), is_taken()), (0, true), "nobody has seen it yet");
        drop(others);
        first.await;

        let others = turns.0.acquire_many(4).await.unwrap();
        turns.take(&pace, (), async { done.set(2) }).await;
        assert_eq!(done.get(), 2, "its last call was short");
        drop(others);
        turns.take(&pace, (), spins(1, &done)).await;
        let _others = turns.0.acquire_many(4).await.unwrap();
        let mut next = pin!(turns.take(&pace, (), async {}));
        assert!(futures::poll!(next.as_mut()).is_pending(), "its last call was long");
    }

    #[tokio::test]
    async fn a_call_that_waits_for_an_answer_is_not_long_and_holds_no_turn() {
        let (turns, pace) = (Turns::on(1), Pace::default());
        let (answer, answered) = tokio::sync::oneshot::channel::<()>();
        let mut waits = pin!(turns.take(&pace, (), answered));
        assert!(futures::poll!(waits.as_mut()).is_pending());
        assert_eq!(turns.0.available_permits(), 1);
        answer.send(()).unwrap();
        waits.await.unwrap();
        assert!(pace.is_short.load(Ordering::Relaxed));
    }
}
