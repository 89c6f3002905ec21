//! Where something is, for people: the host of an address and no more of it. Path, query, name and password may hold a key.

use reqwest::Url;

/// So long a part of a name that has digits, too, may be a key: some providers give each customer a name of its own.
const LONG: usize = 16;

/// `api.jup.ag`, `127.0.0.1:8899`; a part of the name that could be a key is `…`.
pub fn host_of(url: &Url) -> String {
    let is_key = |part: &str| part.len() >= LONG && part.bytes().any(|byte| byte.is_ascii_digit());
    let host = url.host_str().unwrap_or_default();
    let shown = |part| if is_key(part) && !host.starts_with('[') { "…" } else { part };
    let mut host = host.split('.').map(shown).collect::<Vec<_>>().join(".");
    if let Some(port) = url.port() {
        host.push_str(&format!(":{port}"));
    }
    host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_is_told_and_nothing_that_may_be_a_key() {
        for (address, host) in [
            ("https://api.jup.ag/swap/v2", "api.jup.ag"),
            ("https://api.mainnet-beta.solana.com", "api.mainnet-beta.solana.com"),
            ("http://127.0.0.1:8899/secret?api-key=secret", "127.0.0.1:8899"),
            ("http://[::1]:41235", "[::1]:41235"),
            ("https://name:secret@rpc.example.org/secret#secret", "rpc.example.org"),
            ("https://9f8e7d6c5b4a39281706f5e4.rpc.example.org/", "….rpc.example.org"),
            ("https://solana-mainnet.g.example.com/v2/secret", "solana-mainnet.g.example.com"),
        ] {
            assert_eq!(host_of(&address.parse().unwrap()), host, "{address}");
        }
    }
}
