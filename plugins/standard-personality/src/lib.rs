//! standard-personality.
