//! Bounds of strategies alone, beside the [`Limits`](crate::Limits) that hold for every guest. They are parts of the
//! contract, not of the configuration: a strategy that runs here runs everywhere.

use puppet_types::{Breach, Limit};

use crate::Limits;

/// Instructions of one call. Nobody can interrupt it: this many take some milliseconds.
const CALL_FUEL: u64 = 10_000_000;
/// Calls of the host in one call: what they cost is not counted as fuel, and cannot be interrupted either.
const CALL_HOST_CALLS: u64 = 1_000;
/// Bytes that the host copies for one of them, and of what a function answers.
const CALL_HOST_BYTES: u64 = 512 << 10;
/// Orders that one batch may be answered with.
pub(super) const BATCH_ORDERS: usize = 64;
/// Orders of one run: how many client ids are known again.
pub(super) const RUN_ORDERS: usize = 1_000_000;
/// Bytes of what `save` gives.
pub(super) const SAVE_BYTES: usize = 256 << 10;
/// Bytes of a client id.
pub(super) const CLIENT_ID_BYTES: usize = 64;
/// Bytes of an order's reason.
pub(super) const REASON_BYTES: usize = 256;
/// Parameters that a strategy may have.
pub(super) const PARAMETERS: usize = 64;
/// Bars of history that a strategy may ask for.
pub(super) const WARM_UP_BARS: u32 = 10_000;

/// The limits of every guest, lowered to what a call may take that nobody can interrupt.
pub(super) fn lowered(limits: &Limits) -> Limits {
    Limits {
        fuel: limits.fuel.min(CALL_FUEL),
        wasi_calls: limits.wasi_calls.min(CALL_HOST_CALLS),
        host_bytes_per_call: limits.host_bytes_per_call.min(CALL_HOST_BYTES),
        ..limits.clone()
    }
}

const fn fixed(
    name: &'static str,
    value: u64,
    unit: &'static str,
    breach: Option<Breach>,
    hostile_guest: &'static str,
    about: &'static str,
) -> Limit {
    Limit { name, value, least: value, most: value, unit, config_key: "", breach, hostile_guest, about }
}

/// The table.
pub const STRATEGY_LIMITS: &[Limit] = &[
    fixed(
        "call_fuel",
        CALL_FUEL,
        "instructions",
        Some(Breach::OutOfFuel),
        "a_strategy_that_spins_runs_out_of_fuel",
        "Instructions of one call. `sandbox.limits.fuel` holds too where it is less.",
    ),
    fixed(
        "call_host_calls",
        CALL_HOST_CALLS,
        "calls",
        Some(Breach::TooManyHostCalls),
        "calls_of_the_portfolio_and_of_the_log_are_counted_per_call",
        "Calls of the portfolio, the log and WASI in one call. `sandbox.limits.wasi_calls` holds too where it is less.",
    ),
    fixed(
        "call_host_bytes",
        CALL_HOST_BYTES,
        "bytes",
        Some(Breach::TooManyHostBytes),
        "more_bytes_of_orders_than_the_host_copies_are_a_breach",
        "Bytes handed to the host at a time. `sandbox.limits.host_bytes_per_call` holds too where it is less.",
    ),
    fixed(
        "save_bytes",
        SAVE_BYTES as u64,
        "bytes",
        Some(Breach::TooManyHostBytes),
        "a_save_that_is_too_big_is_a_breach",
        "What `save` may give.",
    ),
    fixed(
        "batch_orders",
        BATCH_ORDERS as u64,
        "orders",
        None,
        "orders_beyond_a_batch_are_refused_and_counted",
        "Orders that one batch may be answered with. The rest is refused in one denial.",
    ),
    fixed(
        "run_orders",
        RUN_ORDERS as u64,
        "orders",
        None,
        "a_client_id_is_used_once_and_ids_end",
        "Orders of one run.",
    ),
    fixed(
        "client_id_bytes",
        CLIENT_ID_BYTES as u64,
        "bytes",
        None,
        "every_wrong_order_is_refused_with_its_reason",
        "Length of a client id.",
    ),
    fixed(
        "reason_bytes",
        REASON_BYTES as u64,
        "bytes",
        None,
        "every_wrong_order_is_refused_with_its_reason",
        "Length of an order's reason.",
    ),
    fixed(
        "parameters",
        PARAMETERS as u64,
        "parameters",
        None,
        "a_description_that_makes_no_sense_is_refused",
        "Parameters that a strategy may have.",
    ),
    fixed(
        "warm_up_bars",
        WARM_UP_BARS as u64,
        "bars",
        None,
        "a_description_that_makes_no_sense_is_refused",
        "Bars of history per market that a strategy may ask for.",
    ),
];
