//! puppet.
