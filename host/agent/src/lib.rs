//! puppet-agent.
