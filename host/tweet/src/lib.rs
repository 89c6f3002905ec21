//! puppet-tweet.
