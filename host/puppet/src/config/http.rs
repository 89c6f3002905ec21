//! `[http]`: what bounds the requests of all packs to the web, and the keys that the host adds to them.

use std::{collections::BTreeMap, time::Duration};

use puppet_grants::{HostPattern, is_credential};
use puppet_http::{Private, Rules};

use super::{
    Config, KeySource, Secret,
    effective::Rows,
    key_source,
    load::small,
    origin::{Level, Warning},
    overlay::Lookup,
    read::{Found, Section},
    settings::known,
};
use crate::trouble::Result;

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Http {
    /// Bounds.
    pub rules: Rules,
    /// By name.
    pub credentials: BTreeMap<String, HttpCredential>,
}

/// `[http.credentials.<name>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCredential {
    /// Where it may go.
    pub hosts: Vec<HostPattern>,
    /// The header that it goes into.
    pub header: String,
    /// What stands before it there.
    pub prefix: String,
    /// Where it is.
    pub key_source: KeySource,
    /// It, where it came from the environment.
    pub key: Option<Secret>,
}

/// What is expected of a header's name.
const HEADER: &str = "the name of a header, for example \"x-api-key\"";
/// The header of a key where nothing is said, and what stands before the key there.
const USUAL: (&str, &str) = ("authorization", "Bearer ");

impl Http {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut rules = Rules::default();
        if let Some(found) = section.integer("timeout_ms", 100..=120_000)? {
            rules.timeout = Duration::from_millis(found.value);
        }
        // No more than one answer of the host may be: the sandbox's `host_bytes_per_call` is 2 MiB.
        if let Some(found) = section.integer("response_bytes", 1..=1 << 21)? {
            rules.bounds.response_bytes = found.value;
        }
        if let Some(found) = section.integer("request_bytes", 0..=1 << 20)? {
            rules.bounds.request_bytes = found.value;
        }
        if let Some(found) = section.integer("redirects", 0..=10)? {
            rules.redirects = small(found)?;
        }
        if let Some(found) = section.integer("per_host_per_minute", 1..=10_000)? {
            rules.per_host_per_minute = small(found)?;
        }
        if let Some(found) = section.integer("cache_bytes", 0..=1 << 32)? {
            rules.cache_bytes = found.value;
        }
        if let Some(Found { value, line }) = section.texts("content_types")? {
            if let Some(odd) = value.iter().find(|text| !Rules::is_content_type(text)) {
                let message = format!("`{odd}` is no type of a body");
                let remedy = "for example \"text/*\", \"application/json\" or \"application/*+xml\"";
                return Err(section.wrong("content_types", line, message, remedy));
            }
            rules.content_types = value;
        }
        if let Some(Found { value, line }) = section.texts("allow_private")? {
            let place = |text: &String| {
                let message = format!("`{text}` is no host with a port");
                let remedy = "name both, for example \"feeds.lan:8080\"";
                Private::parse(text).ok_or_else(|| section.wrong("allow_private", line, message, remedy))
            };
            rules.allow_private = value.iter().map(place).collect::<Result<_>>()?;
        }
        Ok(Self { rules, credentials: credentials(section)? })
    }

    /// Takes keys out of the environment.
    pub(super) fn finish(config: &mut Config, lookup: &Lookup<'_>, warnings: &mut Vec<Warning>) {
        let Config { http, origins, .. } = config;
        for (name, credential) in &mut http.credentials {
            let KeySource::Environment(variable) = &credential.key_source else { continue };
            let key = format!("http.credentials.{name}.key");
            let named = format!("{key}_env");
            match lookup.get(variable) {
                Some((value, origin)) => {
                    origins.insert(key, origin);
                    credential.key = Some(Secret::new(value.trim()));
                }
                None => warnings.push(Warning {
                    level: Level::Warning,
                    code: "key-not-set",
                    message: format!(
                        "the variable {variable} is not set: requests with the credential `{name}` are denied"
                    ),
                    place: origins.get(&named).cloned().unwrap_or_default().place(&named),
                    remedy: format!("set {variable} in the environment or in `.env`"),
                }),
            }
        }
    }
}

fn credentials(section: &Section<'_>) -> Result<BTreeMap<String, HttpCredential>> {
    let mut all = BTreeMap::new();
    let Some((table, entries)) = section.named("credentials")? else { return Ok(all) };
    for entry in entries {
        let name = entry.name.as_str();
        if !is_credential(name) {
            let message = "expected a name of small letters, digits, `-` and `_`";
            return Err(table.wrong(name, entry.line, message, "packs name it in [requests.http]"));
        }
        let Some(found) = table.section(name, &known("http.credentials.<name>"))? else { continue };
        let of = &found.value;
        let missing = |what: &str, remedy: &str| table.wrong(name, entry.line, what, remedy);
        let Some(Found { value: hosts, line }) = of.texts("hosts")?.filter(|found| !found.value.is_empty()) else {
            return Err(missing("names no host that the key may go to", "set hosts = [\"api.example.org\"]"));
        };
        let host = |text: &String| {
            HostPattern::parse(text)
                .map_err(|error| of.wrong("hosts", line, error.to_string(), "write it as `api.example.org`"))
        };
        let hosts = hosts.iter().map(host).collect::<Result<_>>()?;
        let Some(key_source) = key_source::read(of, "key")? else {
            return Err(missing("does not say where the key is", "set key_env, key_secret or key_credential"));
        };
        let (header, prefix) = (of.parsed("header", HEADER, header)?, of.parsed("prefix", PREFIX, prefix)?);
        let prefix = match (&header, prefix) {
            (_, Some(found)) => found.value,
            (Some(_), None) => String::new(),
            (None, None) => USUAL.1.to_owned(),
        };
        let header = header.map_or_else(|| USUAL.0.to_owned(), |found| found.value);
        all.insert(entry.name, HttpCredential { hosts, header, prefix, key_source, key: None });
    }
    Ok(all)
}

/// What is expected of what stands before a key.
const PREFIX: &str = "at most 40 visible ASCII characters and spaces, for example \"Bearer \"";

fn prefix(text: &str) -> Option<String> {
    (text.len() <= 40 && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// In lower case; none that says how long a request is, or to whom it goes.
fn header(text: &str) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let name = text.trim().to_ascii_lowercase();
    let reserved = ["host", "content-length", "transfer-encoding", "connection", "content-type", "accept"];
    let fine = !name.is_empty() && name.len() <= 64 && name.bytes().all(token) && !reserved.contains(&name.as_str());
    fine.then_some(name)
}

impl Rows<'_> {
    pub(super) fn http(&mut self, http: &Http) {
        let Http { rules, credentials } = http;
        self.add("http.timeout_ms", rules.timeout.as_millis().to_string());
        self.add("http.response_bytes", rules.bounds.response_bytes.to_string());
        self.add("http.request_bytes", rules.bounds.request_bytes.to_string());
        self.add("http.redirects", rules.redirects.to_string());
        self.add("http.per_host_per_minute", rules.per_host_per_minute.to_string());
        self.add("http.cache_bytes", rules.cache_bytes.to_string());
        self.add("http.content_types", format!("{:?}", rules.content_types));
        let private = rules.allow_private.iter().map(|Private { host, port }| format!("{host}:{port}"));
        self.add("http.allow_private", format!("{:?}", private.collect::<Vec<_>>()));
        for (name, credential) in credentials {
            let at = format!("http.credentials.{name}");
            let hosts: Vec<&str> = credential.hosts.iter().map(HostPattern::as_str).collect();
            self.add(&format!("{at}.hosts"), format!("{hosts:?}"));
            self.add(&format!("{at}.header"), credential.header.clone());
            self.add(&format!("{at}.prefix"), credential.prefix.clone());
            self.source(&at, "key", &credential.key_source, credential.key.is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::of_file;

    fn read(text: &str) -> Result<Http> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        std::fs::write(&file, text).unwrap();
        of_file(&file).map(|config| config.http)
    }

    #[test]
    fn credentials_are_read_with_what_is_usual() {
        let http = read(
            "[http]\ntimeout_ms = 500\nallow_private = [\"localhost:8080\"]\n\
             [http.credentials.weather]\nhosts = [\"api.example.org\"]\nkey_env = \"WEATHER_KEY\"\n\
             [http.credentials.feeds]\nhosts = [\"*.example.org\"]\nheader = \"X-Api-Key\"\nkey_secret = \"http/feeds\"\n",
        )
        .unwrap();
        assert_eq!(http.rules.timeout, Duration::from_millis(500));
        assert_eq!(http.rules.allow_private, [Private { host: "localhost".to_owned(), port: 8080 }]);
        let of = |name: &str| (http.credentials[name].header.as_str(), http.credentials[name].prefix.as_str());
        assert_eq!((of("weather"), of("feeds")), (("authorization", "Bearer "), ("x-api-key", "")));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("[http]\ntimeout = 1\n", ":2: http.timeout: `timeout` is not a key\n  help: did you mean `timeout_ms`?"),
            ("[http]\nresponse_bytes = 4194304\n", ":2: http.response_bytes"),
            ("[http]\ncontent_types = [\"*/*\"]\n", ":2: http.content_types: `*/*` is no type of a body"),
            ("[http]\nallow_private = [\"localhost\"]\n", ":2: http.allow_private: `localhost` is no host with a port"),
            ("[http.credentials.a]\nkey_env = \"A\"\n", ":1: http.credentials.a: names no host"),
            ("[http.credentials.a]\nhosts = [\"a.test\"]\n", ":1: http.credentials.a: does not say where the key is"),
            (
                "[http.credentials.a]\nhosts = [\"1.2.3.4\"]\nkey_env = \"A\"\n",
                ":2: http.credentials.a.hosts: `1.2.3.4` is no host",
            ),
            (
                "[http.credentials.a]\nhosts = [\"a.test\"]\nkey_env = \"A\"\nheader = \"host\"\n",
                ":4: http.credentials.a.header: expected the name of a header",
            ),
            (
                "[http.credentials.a]\nhosts = [\"a.test\"]\nkey = \"sk-1234567\"\n",
                ":3: http.credentials.a.key: `key` is not a key",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
