//! What part of the web a pack may reach: hosts by name, methods, and credentials that the host adds.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// The most hosts that one pack may name.
pub const MOST_HOSTS: usize = 32;
/// What may be asked.
pub const METHODS: [&str; 2] = ["GET", "POST"];
/// Longest name of a credential in bytes.
const NAME_BYTES: usize = 64;

/// A host as it stands in manifests and grants: `example.org`, `*.example.org` (every host below it, not itself),
/// `example.org:8443`, and `http://example.org` for one that is asked in clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern(String);

/// See the head of [`HostPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host: expected a name like `api.example.org` or `*.example.org`, with a port where it is not the usual one; \
     no address in numbers, no path"
)]
pub struct NoHost(String);

/// Scheme, whether it is below the name, name, port.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Parts<'a> {
    clear: bool,
    below: bool,
    name: &'a str,
    port: u16,
}

impl HostPattern {
    /// Reads one.
    ///
    /// # Errors
    /// It is none, or an address in numbers.
    pub fn parse(text: &str) -> Result<Self, NoHost> {
        let odd = || NoHost(text.chars().take(80).collect());
        let parts = parts(text).ok_or_else(odd)?;
        let digits_only = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit()) || label.starts_with("0x");
        let fine = parts.name.len() <= 253
            && parts.name.split('.').all(is_label)
            // What ends in a number is an address (WHATWG URL §3.5).
            && !parts.name.rsplit('.').next().is_none_or(digits_only)
            // Every host of a country is no host.
            && (!parts.below || parts.name.contains('.'));
        if fine { Ok(Self(text.to_owned())) } else { Err(odd()) }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is asked in clear.
    pub fn is_clear(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Whether a host is one of these: `scheme` is `https` or `http`, `name` in lower case.
    pub fn holds(&self, scheme: &str, name: &str, port: u16) -> bool {
        let Some(parts) = parts(&self.0) else { return false };
        let named = match parts.below {
            false => parts.name == name,
            true => name.strip_suffix(parts.name).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        };
        named && parts.port == port && scheme == if parts.clear { "http" } else { "https" }
    }

    /// Whether all that another one holds is held by this one.
    pub fn covers(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (parts(&self.0), parts(&other.0)) else { return false };
        let same = own.clear == others.clear && own.port == others.port;
        let below = || others.name.strip_suffix(own.name).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        same && match (own.below, others.below) {
            (false, true) => false,
            (false, false) => own.name == others.name,
            (true, true) => own.name == others.name || below(),
            (true, false) => below(),
        }
    }
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (clear, rest) = match text.strip_prefix("http://") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (below, rest) = match rest.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (name, port) = match rest.split_once(':') {
        Some((name, port)) => {
            let plain = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
            (name, plain.then(|| port.parse().ok()).flatten()?)
        }
        None => (rest, if clear { 80 } else { 443 }),
    };
    Some(Parts { clear, below, name, port })
}

fn is_label(label: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(fine) && !label.starts_with('-') && !label.ends_with('-')
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = NoHost;
    fn try_from(text: String) -> Result<Self, NoHost> {
        Self::parse(&text)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.0
    }
}

/// Whether a text can be the name of a credential.
pub fn is_credential(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(fine)
}

/// See the head of this file. Nothing of it is left out to mean all of it: what is not here is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Web {
    /// Hosts.
    pub hosts: BTreeSet<HostPattern>,
    /// `GET`, `POST`.
    pub methods: BTreeSet<String>,
    /// Names of the operator's credentials.
    pub credentials: BTreeSet<String>,
}

impl Web {
    /// Whether there is nothing of it.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Whether a host may be asked; see [`HostPattern::holds`].
    pub fn reaches(&self, scheme: &str, name: &str, port: u16) -> bool {
        self.hosts.iter().any(|host| host.holds(scheme, name, port))
    }

    /// What is in both.
    pub fn both(&self, other: &Self) -> Self {
        let within = |some: &BTreeSet<HostPattern>, all: &BTreeSet<HostPattern>| -> BTreeSet<HostPattern> {
            some.iter().filter(|host| all.iter().any(|by| by.covers(host))).cloned().collect()
        };
        let mut hosts = within(&self.hosts, &other.hosts);
        hosts.extend(within(&other.hosts, &self.hosts));
        let shared = |one: &BTreeSet<String>, two: &BTreeSet<String>| one.intersection(two).cloned().collect();
        Self {
            hosts,
            methods: shared(&self.methods, &other.methods),
            credentials: shared(&self.credentials, &other.credentials),
        }
    }

    /// What is here and not in another one: hosts, methods, credentials, as they are written.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let hosts = self.hosts.iter().filter(|host| !other.hosts.iter().any(|by| by.covers(host)));
        let methods = self.methods.difference(&other.methods);
        let credentials = self.credentials.difference(&other.credentials);
        hosts
            .map(ToString::to_string)
            .chain(methods.cloned())
            .chain(credentials.map(|name| format!("credential {name}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_host_is_a_name_and_nothing_else() {
        for fine in [
            "example.org",
            "*.example.org",
            "api-2.example.org:8443",
            "http://feeds.example.org",
            "localhost",
            "http://localhost:8080",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(host(fine).as_str(), fine);
        }
        for bad in [
            "",
            "*",
            "*.org",
            "*.*.org",
            "a.*.org",
            "https://example.org",
            "example.org/",
            "Example.org",
            "example.org.",
            ".example.org",
            "exa mple.org",
            "user@example.org",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "10.0.0.0x1",
            "[::1]",
            "::1",
            "example.org:",
            "example.org:0",
            "example.org:99999",
            "example.org:+80",
            "example..org",
            "-a.org",
            "bücher.example",
        ] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_holds_its_own_hosts_and_no_others() {
        let table = [
            ("example.org", "https", "example.org", 443, true),
            ("example.org", "http", "example.org", 80, false),
            ("example.org", "https", "example.org", 8443, false),
            ("example.org", "https", "a.example.org", 443, false),
            ("example.org", "https", "badexample.org", 443, false),
            ("*.example.org", "https", "a.example.org", 443, true),
            ("*.example.org", "https", "b.a.example.org", 443, true),
            ("*.example.org", "https", "example.org", 443, false),
            ("*.example.org", "https", ".example.org", 443, false),
            ("*.example.org", "https", "badexample.org", 443, false),
            ("http://example.org", "http", "example.org", 80, true),
            ("http://example.org", "https", "example.org", 443, false),
            ("http://localhost:8080", "http", "localhost", 8080, true),
        ];
        for (pattern, scheme, name, port, held) in table {
            assert_eq!(host(pattern).holds(scheme, name, port), held, "{pattern} {scheme}://{name}:{port}");
        }
    }

    #[test]
    fn two_webs_share_what_both_hold_and_one_tells_what_is_beyond() {
        let web = |hosts: &[&str], methods: &[&str]| Web {
            hosts: hosts.iter().map(|text| host(text)).collect(),
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            credentials: ["key".to_owned()].into(),
        };
        let asked = web(&["*.example.org", "a.test", "b.test"], &["GET", "POST"]);
        let granted = web(&["api.example.org", "*.www.example.org", "c.test"], &["GET"]);
        let both = asked.both(&granted);
        assert_eq!(both, granted.both(&asked));
        let hosts: Vec<&str> = both.hosts.iter().map(HostPattern::as_str).collect();
        assert_eq!(hosts, ["*.www.example.org", "api.example.org"]);
        assert_eq!(both.methods, ["GET".to_owned()].into());
        assert_eq!(asked.beyond(&granted), ["*.example.org", "a.test", "b.test", "POST"]);
        assert!(granted.beyond(&granted).is_empty());
    }
}
