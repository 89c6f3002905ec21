//! Who may do what, and how much of it: requests, ceilings, rights, budgets, and the gate through which
//! every capability call passes (docs/architecture.md). No provider is reached by any other way.

mod amount;
mod budget;
mod ceiling;
mod due;
mod errand;
mod failure;
mod gate;
mod granted;
mod held;
mod marks;
mod right;
mod web;

pub use amount::{Amount, Charge, Level, Period, UnknownAmount};
pub use budget::{
    Booking, Bookings, BudgetKey, BudgetLine, BudgetState, Counter, Ledger, Owner, Reservation, Scope, Spend, Usage,
};
pub use ceiling::{CEILINGS, Ceiling, ceiling};
pub use due::Due;
pub use errand::Errand;
pub use failure::{Failure, Used};
pub use gate::{Answer, Asked, BOUNDS, Books, Boxed, CallBounds, Elapsed, Gate, Passed, Proceedings, UnbookedReads};
pub use granted::Granted;
pub use held::Held;
pub use marks::{Marks, TextMarks};
pub use right::{Limits, Mode, Request, Requests, Right, Rights, Shared, Terms};
pub use web::{HostPattern, METHODS, MOST_HOSTS, NoHost, Web, is_credential};
