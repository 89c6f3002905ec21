//! mood-swings.
