//! puppet-sandbox.
