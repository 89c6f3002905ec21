//! puppet-llm.
