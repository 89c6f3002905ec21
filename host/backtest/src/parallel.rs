//! The same work for many numbers on several threads, answered in their order: the number of threads changes nothing
//! but the time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many threads the machine runs at once.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Calls `work` with every number below `count`. `done` hears on this thread how many are ready.
pub(crate) fn map<R: Send>(
    threads: NonZeroUsize,
    stack_bytes: usize,
    count: usize,
    work: &(dyn Fn(usize) -> R + Sync),
    done: &mut dyn FnMut(usize),
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut answers: Vec<Option<R>> = (0..count).map(|_| None).collect();
    thread::scope(|scope| {
        let (answered, answer) = mpsc::channel();
        let mut started = 0;
        for _ in 0..threads.get().min(count) {
            let (answered, next) = (answered.clone(), &next);
            let run = move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || answered.send((number, work(number))).is_err() {
                        break;
                    }
                }
            };
            // Where the system gives no more threads, those that there are do all of it.
            started += usize::from(thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, run).is_ok());
        }
        drop(answered);
        if started == 0 {
            for (number, place) in answers.iter_mut().enumerate() {
                *place = Some(work(number));
                done(number + 1);
            }
        }
        for (ready, (number, one)) in (1..).zip(answer) {
            if let Some(place) = answers.get_mut(number) {
                *place = Some(one);
            }
            done(ready);
        }
    });
    answers.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_whatever_the_number_of_threads() {
        for threads in [1, 3, 64] {
            let mut heard = Vec::new();
            let threads = NonZeroUsize::new(threads).unwrap();
            let squares = map(threads, 1 << 20, 20, &|number| number * number, &mut |ready| heard.push(ready));
            assert_eq!(squares, (0..20).map(|number| number * number).collect::<Vec<_>>());
            assert_eq!(heard, (1..=20).collect::<Vec<_>>());
        }
        assert!(map(NonZeroUsize::MIN, 1 << 20, 0, &|number| number, &mut |_| {}).is_empty());
    }
}
