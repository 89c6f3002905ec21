//! `[api]`: where the server listens, and what it takes. Port `ENGINE_PORT` wins over that of the file.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use puppet_api::Settings;
use serde::Serialize;

use super::{
    Config, Origin,
    load::{LENGTH, length, small},
    overlay::Lookup,
    read::Section,
    settings::known,
};
use crate::trouble::{Result, Trouble};

/// `[api]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Api {
    /// Whether there is a server.
    pub enabled: bool,
    /// The rest of it.
    #[serde(skip)]
    pub settings: Settings,
    /// How long a request may wait, as it is written.
    pub wait: String,
    /// Certificate and key, in PEM.
    pub tls: Option<TlsFiles>,
}

/// `[api.tls]`: files in PEM, relative to the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsFiles {
    /// The certificate, with those above it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Default for Api {
    fn default() -> Self {
        Self { enabled: true, settings: Settings::default(), wait: "2m".to_owned(), tls: None }
    }
}

/// A number of `[api]`: its name, its bounds, and how it is put.
type Number = (&'static str, u64, u64, fn(&mut Settings, u64), fn(&Settings) -> u64);

/// Within what a machine has.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

const NUMBERS: &[Number] = &[
    ("rate_per_minute", 1, 1_000_000, |to, n| to.rate_per_minute = narrow(n), |of| of.rate_per_minute.into()),
    (
        "rate_per_minute_per_address",
        1,
        1_000_000,
        |to, n| to.rate_per_minute_per_address = narrow(n),
        |of| of.rate_per_minute_per_address.into(),
    ),
    ("burst", 1, 100_000, |to, n| to.burst = narrow(n), |of| of.burst.into()),
    ("max_body", 1 << 10, 64 << 20, |to, n| to.max_body = narrow(n) as usize, |of| of.max_body as u64),
    ("max_upload", 1 << 10, 1 << 30, |to, n| to.max_upload = narrow(n) as usize, |of| of.max_upload as u64),
    ("connections", 16, 100_000, |to, n| to.connections = narrow(n) as usize, |of| of.connections as u64),
    ("live_readers", 1, 100_000, |to, n| to.live_readers = narrow(n) as usize, |of| of.live_readers as u64),
    ("backlog", 1, 100_000_000, |to, n| to.backlog = narrow(n) as usize, |of| of.backlog as u64),
];

impl Api {
    /// Reads the section of a file.
    pub(super) fn read(section: &Section<'_>, file: &Path) -> Result<Self> {
        let mut api = Self::default();
        let settings = &mut api.settings;
        for (key, to) in [
            ("enabled", &mut api.enabled),
            ("legacy_open", &mut settings.legacy_open),
            ("behind_proxy", &mut settings.behind_proxy),
            ("open_metrics", &mut settings.open_metrics),
        ] {
            if let Some(found) = section.boolean(key)? {
                *to = found.value;
            }
        }
        let address = "an address and a port, for example \"127.0.0.1:3000\" or \"[::1]:3000\"";
        if let Some(listen) = section.parsed("listen", address, |text| text.parse::<SocketAddr>().ok())? {
            settings.listen = listen.value;
        }
        if let Some(wait) = section.parsed("wait", LENGTH, length)? {
            (settings.wait_ms, api.wait) = wait.value;
        }
        if let Some(origins) = section.texts("cors_origins")? {
            if let Some(wrong) = origins.value.iter().position(|text| !is_origin(text)) {
                let message = format!("the origin number {} is none", wrong + 1);
                let remedy = "write scheme, host and port alone, as a browser does: \"https://example.org\"";
                return Err(section.wrong("cors_origins", origins.line, message, remedy));
            }
            settings.cors_origins = origins.value;
        }
        for (key, least, most, put, _) in NUMBERS {
            if let Some(number) = section.integer(key, *least..=*most)? {
                put(settings, small(number)?);
            }
        }
        if let Some(tls) = section.section("tls", &known("api.tls"))? {
            let beside = file.parent().unwrap_or(Path::new(""));
            let path = |key: &str| {
                let read = |text: &str| (!text.trim().is_empty()).then(|| beside.join(text));
                let found = tls.value.parsed(key, "the path of a file in PEM", read)?;
                found.map(|found| found.value).ok_or_else(|| {
                    section.wrong("tls", tls.line, format!("`{key}` is missing"), "name both `certificate` and `key`")
                })
            };
            api.tls = Some(TlsFiles { certificate: path("certificate")?, key: path("key")? });
        }
        Ok(api)
    }

    /// Its rows of the configuration in effect, without those that are not set.
    pub(super) fn shown(&self) -> Vec<(&'static str, String)> {
        let settings = &self.settings;
        let mut rows = vec![
            ("enabled", self.enabled.to_string()),
            ("listen", settings.listen.to_string()),
            ("legacy_open", settings.legacy_open.to_string()),
            ("wait", self.wait.clone()),
            ("cors_origins", format!("{:?}", settings.cors_origins)),
            ("behind_proxy", settings.behind_proxy.to_string()),
            ("open_metrics", settings.open_metrics.to_string()),
        ];
        rows.extend(NUMBERS.iter().map(|(key, .., of)| (*key, of(settings).to_string())));
        if let Some(tls) = &self.tls {
            rows.push(("tls.certificate", tls.certificate.display().to_string()));
            rows.push(("tls.key", tls.key.display().to_string()));
        }
        rows
    }
}

/// Whether a text is an origin as browsers write it.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        !rest.is_empty() && rest.bytes().all(plain)
    })
}

/// What the environment says.
pub(super) fn port(config: &mut Config, lookup: &Lookup<'_>) -> Result<()> {
    if let Some((port, origin)) = lookup.parsed("ENGINE_PORT", "a port, 0 to 65535", |text| text.parse().ok())? {
        config.api.settings.listen.set_port(port);
        // Where everybody reaches it, the address is what counts, and that is the file's.
        if config.api.settings.listen.ip().is_loopback() {
            config.origins.insert("api.listen".to_owned(), origin);
        }
    }
    Ok(())
}

impl Config {
    /// Whether the server may listen where it is told to.
    ///
    /// # Errors
    /// `api-open`: others could listen to keys on their way, or anybody could command the agents.
    pub fn check_api(&self) -> Result<()> {
        let (api, settings) = (&self.api, &self.api.settings);
        if !api.enabled {
            return Ok(());
        }
        let refused = |field: &str, message: String, remedy: &str| {
            let mut trouble = Trouble::refused("api-open", message, remedy);
            trouble.place = self.origins.get(field).unwrap_or(&Origin::Default).place(field);
            Err(trouble)
        };
        // Who comes through a proxy comes from anywhere.
        if settings.legacy_open && settings.behind_proxy {
            let message =
                "the routes of the original without a key, for everybody whom the proxy lets through".to_owned();
            return refused("api.legacy_open", message, "leave one of `legacy_open` and `behind_proxy` out");
        }
        if settings.listen.ip().is_loopback() {
            return Ok(());
        }
        if settings.legacy_open {
            let message = "the routes of the original without a key, for everybody who reaches this address".to_owned();
            return refused("api.legacy_open", message, "listen on 127.0.0.1, or leave `legacy_open` out");
        }
        if api.tls.is_none() && !settings.behind_proxy {
            let message = format!("{} is not loopback, and nothing is encrypted: keys could be read", settings.listen);
            let remedy = "set [api.tls], or `behind_proxy = true` where a proxy in front of it encrypts";
            return refused("api.listen", message, remedy);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::of_file;

    fn read(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("puppet.toml");
        std::fs::write(&file, text).unwrap();
        of_file(&file)
    }

    #[test]
    fn loopback_needs_nothing_and_another_address_encryption() {
        let check = |text: &str| read(text).unwrap().check_api().map_err(|trouble| trouble.to_string());
        check("[api]\nlegacy_open = true\n").unwrap();
        let open = check("[api]\nlegacy_open = true\nbehind_proxy = true\n").unwrap_err();
        assert!(open.contains("everybody whom the proxy lets through"), "{open}");
        check("[api]\nlisten = \"[::1]:0\"\n").unwrap();
        check("[api]\nlisten = \"0.0.0.0:80\"\nbehind_proxy = true\n").unwrap();
        check("[api]\nlisten = \"0.0.0.0:80\"\nenabled = false\n").unwrap();
        check("[api]\nlisten = \"0.0.0.0:80\"\n[api.tls]\ncertificate = \"a.pem\"\nkey = \"b.pem\"\n").unwrap();
        let open = check("[api]\nlisten = \"0.0.0.0:80\"\n").unwrap_err();
        assert!(open.contains("api-open") && open.contains("puppet.toml:2"), "{open}");
        let legacy = check("[api]\nlisten = \"0.0.0.0:80\"\nbehind_proxy = true\nlegacy_open = true\n").unwrap_err();
        assert!(legacy.contains("api-open") && legacy.contains("puppet.toml:4"), "{legacy}");
    }

    #[test]
    fn what_does_not_read_is_refused_where_it_stands() {
        for (text, said) in [
            ("[api]\nlisten = \"localhost\"\n", "api.listen"),
            ("[api]\ncors_origins = [\"https://a.org/\"]\n", "api.cors_origins"),
            ("[api]\nconnections = 1\n", "api.connections"),
            ("[api.tls]\nkey = \"x\"\n", "api.tls"),
            ("[api]\nwait = \"soon\"\n", "api.wait"),
            ("[api]\nport = 1\n", "api.port"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(said), "{text}: {told}");
        }
        let config = read("[api]\nburst = 7\ncors_origins = [\"https://a.org:8443\"]\nmax_body = 2048\n").unwrap();
        let settings = config.api.settings;
        assert_eq!((settings.burst, settings.max_body, settings.cors_origins.len()), (7, 2_048, 1));
    }
}
