//! puppet-schedule.
