//! puppet-memory.
