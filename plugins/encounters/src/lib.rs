//! encounters.
