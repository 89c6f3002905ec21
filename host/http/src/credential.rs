//! A key that the host adds to requests, for its own hosts alone.

use std::fmt;

use puppet_grants::HostPattern;
use puppet_types::Secret;
use reqwest::header::{HeaderName, HeaderValue};

use crate::asked::Place;

/// See the head of this file.
#[derive(Clone)]
pub struct Credential {
    /// Where it may go.
    pub hosts: Vec<HostPattern>,
    /// The header that it goes into.
    pub header: String,
    /// What stands before it there: `Bearer ` or nothing.
    pub prefix: String,
    /// The key.
    pub key: Secret,
}

impl Credential {
    /// Whether it may go there: to one of its hosts, and in clear only where the operator lets private places be asked.
    pub(crate) fn is_for(&self, place: &Place, private: bool) -> bool {
        let held = self.hosts.iter().any(|host| host.holds(&place.scheme, &place.host, place.port));
        held && (place.scheme == "https" || private)
    }

    /// As it is sent; none where it cannot be.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let mut value = HeaderValue::from_str(&format!("{}{}", self.prefix, self.key.expose())).ok()?;
        value.set_sensitive(true);
        Some((self.header.parse().ok()?, value))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("hosts", &self.hosts).field("header", &self.header).finish_non_exhaustive()
    }
}
