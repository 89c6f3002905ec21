//! The dashboard's own files, and what codes of errors mean. They are no secret: what they show is asked of the API. A page is some forty of them, all in
//! memory: they count for nothing, so that somebody who reloads is not taken for somebody who floods.

use super::Policy;

/// Rows of `pages/mod.rs` and `errors.rs`.
pub const ROWS: &[Policy] = &[
    Policy::open("/"),
    Policy::open("/api/v1/docs"),
    Policy::open("/errors/{code}"),
    Policy::open("/assets/{file}").cost(0),
    Policy::open("/assets/{folder}/{file}").cost(0),
    Policy::open("/assets/{folder}/{part}/{file}").cost(0),
];
