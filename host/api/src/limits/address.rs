//! From where somebody asks, and which addresses are one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;

/// Addresses that are counted together: one of IPv4, 64 bits of IPv6, which one customer has whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// One address.
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    /// Of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or(0)),
        }
    }
}

/// Who asks, where `peer` may be a proxy that says for whom it does: the last address that it added counts. What the client
/// itself put before it is anybody's word.
pub fn client(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    if !behind_proxy || !is_near(peer) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let told = last.and_then(|value| value.rsplit(',').next()).and_then(|text| text.trim().parse::<IpAddr>().ok());
    told.map_or(peer, |address| address.to_canonical())
}

/// Whether a request came to the proxy encrypted.
pub fn is_tls(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> bool {
    let told = headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
    behind_proxy && is_near(peer) && told
}

/// On this machine or in a private network.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || is_private(address),
    }
}

/// Unique local (RFC 4193) and link local.
fn is_private(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_proxy_near_by_is_believed_for_what_it_added_and_nobody_else_is() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let told = |text: &str| {
            HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_str(text).unwrap())])
        };
        let forged = told("1.2.3.4, 203.0.113.9");
        assert_eq!(client(ip("10.0.0.2"), &forged, true), ip("203.0.113.9"));
        assert_eq!(client(ip("10.0.0.2"), &forged, false), ip("10.0.0.2"));
        assert_eq!(client(ip("198.51.100.1"), &forged, true), ip("198.51.100.1"));
        assert_eq!(client(ip("127.0.0.1"), &told("nonsense"), true), ip("127.0.0.1"));
    }

    #[test]
    fn neighbours_in_ipv6_are_one() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:1.2.3.4"), network("1.2.3.4"));
    }
}
