//! How others are reached over HTTP: what every client of this program has to know of addresses, of TLS, of connections that
//! do not come about and of answers that ask to wait. Which requests there are, and what is tried again, is each client's own.

mod connection;
mod wait;

use std::{net::IpAddr, sync::Once};

use reqwest::{ClientBuilder, Url};

pub use connection::NoConnection;
pub use wait::{date, retry_after};

/// Whether an address is this machine's own: what goes there in clear passes nobody.
pub fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// An address as it may be shown: without a name, a password and what follows the host.
pub fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Makes TLS ready in this process. Whoever did so before has the same right to it.
pub fn ready() {
    static RING: Once = Once::new();
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A client of an address, which is still to be told how long it may take. It follows no redirect: what it sends is for nobody
/// else. To this machine it goes through no proxy, which would read it, and would ask its own machine.
pub fn client(url: &Url) -> ClientBuilder {
    ready();
    let builder = reqwest::Client::builder();
    let builder = if is_this_machine(url) { builder.no_proxy() } else { builder };
    builder.redirect(reqwest::redirect::Policy::none()).user_agent(concat!("puppet-engine/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses_alone() {
        for (url, is_here) in [
            ("http://127.0.0.1:8080/v1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://localhost", true),
            ("http://localhost.example", false),
            ("http://localhost@x.example", false),
            ("http://127.0.0.1.example", false),
            ("http://192.168.0.1", false),
            ("http://[::2]", false),
        ] {
            assert_eq!(is_this_machine(&Url::parse(url).unwrap()), is_here, "{url}");
        }
    }

    #[test]
    fn what_is_shown_of_an_address_is_nobodys_secret() {
        let url = Url::parse("https://name:canary@x.example:8443/canary?key=canary").unwrap();
        assert_eq!(shown(&url), "https://x.example:8443");
    }
}
