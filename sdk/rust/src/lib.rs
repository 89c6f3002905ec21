//! puppet-sdk.
