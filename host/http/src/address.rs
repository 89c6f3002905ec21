//! Which addresses are asked: public ones. A name is looked up once, and the connection goes to exactly the addresses that were
//! looked at: what it stands for a moment later does not matter.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is anybody's on the internet: not this machine, not its network, not one that is kept for something else
/// (the registries of special addresses of IANA), and not one of IPv6 that hides one of those.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, private ones, shared ones of providers, this machine.
        (0 | 10 | 127, ..) | (100, 64..=127, _) => true,
        // Link-local, where clouds have what they tell their machines.
        (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Protocols, documentation, relays to IPv6, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Multicast, and what nobody has.
        (224.., ..) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // All that is anybody's begins with 2 or 3. Mapped, translated and private ones do not.
    let global = (0x2000..=0x3fff).contains(&a);
    // Teredo, ORCHID and other protocols; documentation; 6to4, which holds an address of IPv4.
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    global && !special
}

/// Looks a name up.
pub type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// Its addresses.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// As the machine does.
pub(crate) fn of_the_machine() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// All addresses of the name are of the machine or its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is at a private address")]
pub(crate) struct IsPrivate;

/// Finds public addresses alone.
pub(crate) struct Public(pub(crate) Lookup);

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Public")
    }
}

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.0);
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            Ok(public(found)?)
        })
    }
}

fn public(found: Vec<IpAddr>) -> Result<Addrs, IsPrivate> {
    let some = !found.is_empty();
    let public: Vec<SocketAddr> =
        found.into_iter().filter(|address| is_public(*address)).map(|address| SocketAddr::new(address, 0)).collect();
    if public.is_empty() && some { Err(IsPrivate) } else { Ok(Box::new(public.into_iter())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_anybodys_is_not_public_in_whatever_disguise() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip(private)), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(is_public(ip(public)), "{public}");
        }
    }

    #[test]
    fn of_several_addresses_the_public_ones_are_asked_and_no_others() {
        let found = |texts: &[&str]| public(texts.iter().map(|text| ip(text)).collect());
        let kept: Vec<SocketAddr> = found(&["127.0.0.1", "8.8.8.8", "::1"]).unwrap().collect();
        assert_eq!(kept, [SocketAddr::new(ip("8.8.8.8"), 0)]);
        assert_eq!(found(&["10.0.0.1", "fe80::1"]).err(), Some(IsPrivate));
        assert_eq!(found(&[]).unwrap().count(), 0);
    }
}
