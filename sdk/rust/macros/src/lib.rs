//! puppet-sdk-macros.
