//! What a call costs in memory while nothing changes what may be done: nothing. Allocations of this thread are counted
//! by the allocator of this binary.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::Duration,
};

use puppet_grants::{
    Amount, CallBounds, Charge, Elapsed, Gate, Ledger, Period, Request, Requests, Rights, UnbookedReads,
};
use puppet_types::{AgentId, Capability, Decision, PackId, PostRef, Timestamp};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code, reason = "an allocator that counts what it hands on to the system's")]
// SAFETY: every call is the system allocator's, with the arguments as they come.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTED: Counting = Counting;

fn gate() -> Gate {
    let amounts = [((Amount::Likes, Period::Hour), 60)].into_iter().collect();
    let requests = Requests::from_iter([(Capability::Tweet, Request { amounts, ..Request::default() })]);
    let (pack, agent) = (PackId::new("pack"), AgentId::new("ann"));
    let rights = Arc::new(Rights::from_requests(&requests, &pack, &agent, &Arc::new(Ledger::default())));
    let elapsed = Elapsed::Modelled(Duration::ZERO);
    let bounds = Arc::new(CallBounds::default());
    Gate::new("inv_1".into(), pack, Timestamp::from_millis(0), rights, bounds, Arc::new(UnbookedReads), elapsed)
}

fn like(gate: &mut Gate) {
    let charge = [Charge { amount: Amount::Likes, quantity: 1 }];
    gate.decide("like", &charge, Decision::Like { of: PostRef::Decision(0) }).unwrap();
}

/// The list of decisions grows by doubling: between two growths a call that is granted, reserved and recorded
/// allocates nothing.
#[test]
fn a_decision_is_admitted_without_an_allocation() {
    let mut gate = gate();
    (0..34).for_each(|_| like(&mut gate));
    let before = ALLOCATIONS.get();
    (34..60).for_each(|_| like(&mut gate));
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(before > 0, "nothing is counted: this test shows nothing");
    let proceedings = gate.finish(true);
    assert_eq!((proceedings.decisions.len(), proceedings.spends.rows().len()), (60, 60));
}
