//! Tests of the whole capability.
