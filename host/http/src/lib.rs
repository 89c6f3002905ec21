//! `puppet:http`: pages of the web, for packs that were granted their hosts. The interface ([`View`]) looks at what is asked
//! and passes the gate; behind it [`Fetcher`] asks, and reaches public addresses alone.
//!
//! What a plugin cannot do, whatever it is granted: see a key, reach this machine or its network, follow a redirect to where it
//! was not granted, or have more of an answer than its bounds.

mod address;
mod asked;
mod cache;
mod capability;
mod credential;
mod fetcher;
mod headers;
mod pace;
mod page;
mod rules;
#[cfg(test)]
mod tests;

pub use address::{Lookup, is_public};
pub use asked::Ask;
pub use capability::{Carries, View, fuzz, link};
pub use credential::Credential;
pub use fetcher::{Fetcher, Unusable};
pub use page::{Fetch, NoPages, Page, Pages};
pub use rules::{Bounds, Private, Rules};
