//! Versions of packs on their way into a running host: from the folder or the archive to the last look after the switch.

pub mod compile;
