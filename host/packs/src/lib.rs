//! puppet-packs.
