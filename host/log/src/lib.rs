//! puppet-log.
