//! `doctor`: the server. Where it answers or could, who may ask, whether what encrypts holds, and what is open that need not be.

use std::{io, net::TcpListener, time::Duration};

use puppet_api::Tls;
use puppet_store::{ApiKey, HostLock, Store, StoreError};
use puppet_types::{Timestamp, counted};

use super::{Check, check, of_trouble};
use crate::{
    commands::run::url_of_host,
    config::{Api, TlsFiles},
    setup::Setup,
};

/// So long before it is over something is said.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// All of it. `store` is there where something has lived in the folder.
pub(super) async fn api(setup: &Setup, store: Option<&dyn Store>) -> Vec<Check> {
    let api = &setup.config.api;
    if !api.enabled {
        let detail = "there is none: `enabled = false` of [api]";
        return vec![check("api", "skipped", detail, "")];
    }
    if let Err(trouble) = setup.config.check_api() {
        return vec![of_trouble("api", "fail", &trouble)];
    }
    let now = Timestamp::from_system();
    let mut checks = vec![address(setup)];
    checks.extend(api.tls.as_ref().map(|files| certificate(files, now)));
    checks.extend(match store {
        Some(store) => match store.api_keys().await {
            Ok(keys) => Some(of_keys(&keys, now)),
            Err(error) => Some(of_trouble("api keys", "fail", &error.into())),
        },
        None => None,
    });
    checks.extend(open(api));
    checks
}

/// Whether the host that runs here answers, or one that starts could.
fn address(setup: &Setup) -> Check {
    let listen = setup.config.api.settings.listen;
    let held = setup.data.exists().then(|| HostLock::take(&setup.data));
    if let Some(Err(StoreError::Locked { pid, .. })) = held {
        return match url_of_host(&setup.data, pid) {
            Some(url) => check("api", "ok", format!("the host that runs here answers at {url}/"), ""),
            None => check(
                "api",
                "warn",
                format!("the host that runs here (pid {pid}) does not say where it answers"),
                "it is starting, or was started without a server: ask again, or start it anew",
            ),
        };
    }
    if listen.port() == 0 {
        return check("api", "ok", format!("a host would take a free port of {}", listen.ip()), "");
    }
    match TcpListener::bind(listen) {
        Ok(_) => check("api", "ok", format!("{listen} is free for a host"), ""),
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::AddrInUse => format!("somebody else listens on {listen}: no host starts with it"),
                _ => format!("a host cannot listen on {listen}: {error}"),
            };
            let remedy = "set another port (ENGINE_PORT, or `listen` of [api]; 0 takes a free one), or end who has it";
            check("api", "fail", why, remedy)
        }
    }
}

fn certificate(files: &TlsFiles, now: Timestamp) -> Check {
    const NAME: &str = "api certificate";
    let tls = match Tls::read(&files.certificate, &files.key) {
        Ok(tls) => tls,
        Err(fault) => {
            return check(NAME, "fail", fault.to_string(), "[api.tls] names certificate and key in PEM, of each other");
        }
    };
    let at = files.certificate.display();
    let remedy = "put a renewed one in its place: a running host takes it up within ten seconds";
    match tls.holds() {
        None => check(NAME, "warn", format!("{at} does not say until when it holds"), remedy),
        Some((_, until)) if until <= now => check(NAME, "fail", format!("{at} is over since {until}"), remedy),
        Some((from, _)) if from > now => {
            check(NAME, "fail", format!("{at} holds from {from} on, and not yet"), "look at this machine's clock")
        }
        Some((_, until)) if is_soon(until, now) => check(NAME, "warn", format!("{at} is over on {until}"), remedy),
        Some((_, until)) => check(NAME, "ok", format!("{at} holds until {until}, and its key fits"), ""),
    }
}

fn is_soon(end: Timestamp, now: Timestamp) -> bool {
    end <= now.plus_millis(u64::try_from(SOON.as_millis()).unwrap_or(u64::MAX))
}

/// Whether somebody can still do everything.
fn of_keys(keys: &[ApiKey], now: Timestamp) -> Check {
    const NAME: &str = "api keys";
    const ANOTHER: &str = "`puppet api key create --name NAME --role admin` makes one";
    if keys.is_empty() {
        return check(NAME, "ok", "none yet: the next start of a host makes one, and shows it once", "");
    }
    let worth: Vec<&ApiKey> =
        keys.iter().filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now)).collect();
    let admins: Vec<&&ApiKey> = worth.iter().filter(|key| key.role == "admin" && key.agents.is_none()).collect();
    let last = admins.iter().map(|key| key.expires_at).max_by_key(|end| end.map_or(i64::MAX, Timestamp::as_millis));
    let all = counted(worth.len(), "key", "keys");
    match last {
        None => check(NAME, "warn", format!("{all} can be used, and none of an admin of all agents"), ANOTHER),
        Some(Some(end)) if is_soon(end, now) => {
            check(NAME, "warn", format!("the last key of an admin is over on {end}"), ANOTHER)
        }
        Some(_) => {
            let admins = counted(admins.len(), "admin's", "admins'");
            check(NAME, "ok", format!("{all} can be used, of them {admins}"), "")
        }
    }
}

/// What is open that need not be.
fn open(api: &Api) -> Vec<Check> {
    let settings = &api.settings;
    let warn = |detail: &str, remedy: &str| check("api", "warn", detail, remedy);
    let mut checks = Vec::new();
    if settings.legacy_open {
        checks.push(warn(
            "`legacy_open`: every program of this machine, and every page that its browser shows, can command the agents",
            "give the client a key (`puppet api key create`), and leave `legacy_open` out",
        ));
    }
    if settings.behind_proxy && settings.listen.ip().is_unspecified() && api.tls.is_none() {
        checks.push(warn(
            "`behind_proxy` on every address of this machine: who reaches the port past the proxy sends keys in the clear",
            "let `listen` be the address that the proxy uses, or close the port to others",
        ));
    }
    let is_plain = |origin: &&String| {
        origin.strip_prefix("http://").is_some_and(|host| !host.starts_with("localhost") && !host.starts_with("127."))
    };
    if let Some(origin) = settings.cors_origins.iter().find(is_plain) {
        checks.push(warn(
            &format!(
                "`cors_origins` names {origin}: who sits between changes such a page, and has the key that it holds"
            ),
            "serve that page over https, and name it so",
        ));
    }
    if settings.open_metrics && !settings.listen.ip().is_loopback() {
        checks.push(warn(
            "`open_metrics`: names of agents, packs and accounts are told to whoever reaches the port",
            "give Prometheus a viewer's key, and leave `open_metrics` out",
        ));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(checks: &[Check]) -> Vec<&'static str> {
        checks.iter().map(|check| check.status).collect()
    }

    #[test]
    fn somebody_must_be_able_to_do_everything_and_for_a_while() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        let days = |days: i64| Some(Timestamp::from_millis(now.as_millis() + days * 86_400_000));
        let key = |role: &str, expires_at, revoked_at, agents: Option<&str>| ApiKey {
            id: "0".to_owned(),
            name: "k".to_owned(),
            hash: String::new(),
            role: role.to_owned(),
            agents: agents.map(|agent| vec![agent.into()]),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at,
        };
        let admin = |expires_at| key("admin", expires_at, None, None);
        for (keys, status, says) in [
            (vec![], "ok", "none yet"),
            (vec![admin(None), key("viewer", None, None, None)], "ok", "2 keys can be used, of them 1 admin's"),
            (vec![admin(days(30)), admin(days(2))], "ok", "2 admins'"),
            (vec![admin(days(3))], "warn", "is over on 2001-09-12"),
            (vec![admin(days(0))], "warn", "0 keys"),
            (vec![key("admin", None, Some(now), None)], "warn", "0 keys"),
            (vec![key("admin", None, None, Some("ann"))], "warn", "1 key can be used, and none of an admin"),
            (vec![key("operator", None, None, None)], "warn", "none of an admin"),
        ] {
            let found = of_keys(&keys, now);
            assert!(found.status == status && found.detail.contains(says), "{}: {}", found.status, found.detail);
            assert_eq!(found.remedy.is_empty(), status == "ok");
        }
    }

    #[test]
    fn a_certificate_that_is_over_or_is_not_the_keys_fails() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let files = |certificate: &str, key: &str| TlsFiles { certificate: file(certificate), key: file(key) };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(file("a.pem"), made.cert.pem()).unwrap();
        std::fs::write(file("a.key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(file("b.key"), other.signing_key.serialize_pem()).unwrap();
        let (from, until) = Tls::read(&file("a.pem"), &file("a.key")).unwrap().holds().unwrap();
        let at = |millis: i64| Timestamp::from_millis(millis);
        for (key, now, status, says) in [
            ("a.key", at(from.as_millis() + 1), "ok", "its key fits"),
            ("a.key", at(until.as_millis() - 86_400_000), "warn", "is over on"),
            ("a.key", until, "fail", "is over since"),
            ("a.key", at(from.as_millis() - 1), "fail", "not yet"),
            ("b.key", at(from.as_millis() + 1), "fail", "cannot be used"),
            ("none.key", at(from.as_millis() + 1), "fail", "cannot be read"),
        ] {
            let found = certificate(&files("a.pem", key), now);
            assert!(found.status == status && found.detail.contains(says), "{}: {}", found.status, found.detail);
            assert_eq!(found.remedy.is_empty(), status == "ok");
        }
    }

    #[test]
    fn what_is_open_is_told_with_what_to_do() {
        let mut api = Api::default();
        assert!(open(&api).is_empty());
        api.settings.legacy_open = true;
        api.settings.cors_origins = vec!["http://localhost:5173".to_owned(), "https://a.org".to_owned()];
        assert_eq!(told(&open(&api)), ["warn"]);
        api = Api::default();
        api.settings.listen = "0.0.0.0:3000".parse().unwrap();
        api.settings.behind_proxy = true;
        api.settings.open_metrics = true;
        api.settings.cors_origins = vec!["http://a.org".to_owned()];
        let all = open(&api);
        assert_eq!(told(&all), ["warn", "warn", "warn"]);
        assert!(all.iter().all(|check| !check.remedy.is_empty()));
    }
}
