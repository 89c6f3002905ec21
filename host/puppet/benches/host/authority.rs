//! What the gate takes of a call while nothing changes what may be done: a decision that is granted, reserved and
//! recorded. The allocator of this binary counts; mimalloc is beneath it, as in the program.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_grants::{
    Amount, CallBounds, Charge, Elapsed, Gate, Ledger, Period, Request, Requests, Rights, UnbookedReads,
};
use puppet_types::{AgentId, Capability, Decision, PackId, PostRef, Timestamp};

use crate::{
    Effort, median,
    table::{Limit, Row},
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what this thread allocates.
pub struct Counting(pub mimalloc::MiMalloc);

#[allow(unsafe_code, reason = "an allocator that counts what it hands on")]
// SAFETY: every call is mimalloc's, with the arguments as they come.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { self.0.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { self.0.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { self.0.realloc(at, layout, size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { self.0.dealloc(at, layout) }
    }
}

/// Between two growths of the list of decisions, and within an hour's likes.
const CALLS: std::ops::Range<u32> = 34..60;

/// Time and allocations of the calls of one invocation.
fn invocation() -> (Duration, u64) {
    let amounts = [((Amount::Likes, Period::Hour), 60)].into_iter().collect();
    let requests = Requests::from_iter([(Capability::Tweet, Request { amounts, ..Request::default() })]);
    let (pack, agent) = (PackId::new("bench"), AgentId::new("coby"));
    let rights = Arc::new(Rights::from_requests(&requests, &pack, &agent, &Arc::new(Ledger::default())));
    let (bounds, elapsed) = (Arc::new(CallBounds::default()), Elapsed::Modelled(Duration::ZERO));
    let at = Timestamp::from_millis(0);
    let mut gate = Gate::new("inv_1".into(), pack, at, rights, bounds, Arc::new(UnbookedReads), elapsed);
    let charge = [Charge { amount: Amount::Likes, quantity: 1 }];
    let mut like = |_| {
        gate.decide("like", &charge, Decision::Like { of: PostRef::Decision(0) }).unwrap();
    };
    (0..CALLS.start).for_each(&mut like);
    let (since, before) = (Instant::now(), ALLOCATIONS.get());
    CALLS.for_each(&mut like);
    (since.elapsed(), ALLOCATIONS.get() - before)
}

/// Its time against a microsecond, its allocations against none.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let (mut times, mut allocations) = (Vec::new(), 0);
    let until = Instant::now() + effort.length;
    while times.is_empty() || Instant::now() < until {
        let (time, allocated) = invocation();
        times.push(time.as_secs_f64() * 1e6 / CALLS.len() as f64);
        allocations += allocated;
    }
    let calls = (times.len() * CALLS.len()) as f64;
    vec![
        Row {
            name: "gate, authority unchanged".to_owned(),
            value: median(times),
            unit: "us",
            peer: 1.0,
            against: "a microsecond",
            limit: Limit::AtMost(1.0),
        },
        Row {
            name: "gate, allocations of a call".to_owned(),
            value: allocations as f64 / calls,
            unit: "",
            peer: 1.0,
            against: "one: there is to be none",
            limit: Limit::AtMost(0.0),
        },
    ]
}
