//! puppet-events.
