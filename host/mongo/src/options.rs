//! How a database is opened, and how its address is told to people: without what is secret in it.

use std::time::Duration;

use crate::Presence;

/// Bounds of a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a server is looked for when the store is opened.
    pub connect: Duration,
    /// How long an answer is waited for, and how long is gone on trying while the server cannot be reached or has no
    /// primary.
    pub patience: Duration,
    /// Largest commit document in bytes. What is more goes into documents that it refers to. A server takes 16 MiB, so at
    /// most 15 MiB is used.
    pub commit_bytes: usize,
    /// Most bytes of read answers that are kept of one invocation. The record of one that had more says that it cannot be
    /// run again; a paid read beyond it is refused.
    pub answer_bytes: usize,
    /// How this host is seen by others, and what it does where one is there; `None`: it is not, and takes over.
    pub presence: Option<Presence>,
    /// Where tests break the work off.
    #[cfg(test)]
    pub(crate) hook: Option<crate::fault::Hook>,
}

/// Largest commit document: with what is round about its rows it stays below a server's 16 MiB.
const COMMIT_BYTES: usize = 15 << 20;

impl Options {
    /// As it is used.
    pub(crate) fn bounded(self) -> Self {
        Self { commit_bytes: self.commit_bytes.min(COMMIT_BYTES), ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            patience: Duration::from_secs(30),
            commit_bytes: 12 << 20,
            answer_bytes: 64 << 20,
            presence: None,
            #[cfg(test)]
            hook: None,
        }
    }
}

/// The address without the password, and without parameters, some of which are secrets too.
pub fn told(url: &str) -> String {
    let url = url.split('?').next().unwrap_or(url);
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:***{}", &url[..scheme + 3], &url[at..])
        }
        (None, Some(at)) => format!("***{}", &url[at..]),
        _ => url.to_owned(),
    }
}

/// What the driver says of an address, without any part of the address that may be secret.
pub(crate) fn without_secrets(url: &str, message: &str) -> String {
    let mut secrets = Vec::new();
    if let (Some(scheme), Some(at)) = (url.find("://"), url.rfind('@'))
        && scheme + 3 <= at
        && let Some((_, password)) = url[scheme + 3..at].split_once(':')
    {
        secrets.push(password);
    }
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let values = parameters.split('&').filter_map(|parameter| parameter.split_once('=')).map(|(_, value)| value);
    secrets.extend(values.filter(|value| value.len() > 5));
    secrets.retain(|secret| !secret.is_empty());
    secrets.iter().fold(message.replace(url, &told(url)), |message, secret| message.replace(secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_told() {
        for (url, expected) in [
            ("mongodb://localhost:27017/puppet", "mongodb://localhost:27017/puppet"),
            ("mongodb://ann:pw@db.example/puppet?tls=true", "mongodb://ann:***@db.example/puppet"),
            ("mongodb://ann:p@w:x@a,b/puppet", "mongodb://ann:***@a,b/puppet"),
            ("mongodb+srv://ann@db.example", "mongodb+srv://ann:***@db.example"),
            ("ann:pw@db", "***@db"),
            ("mongodb://db/?tlsCertificateKeyFilePassword=secret", "mongodb://db/"),
        ] {
            assert_eq!(told(url), expected);
        }
        let url = "mongodb://ann:p%zz@db/x?authMechanismProperties=TOKEN:abcdef";
        let message = without_secrets(url, &format!("bad p%zz in {url}, TOKEN:abcdef"));
        assert!(!message.contains("p%zz") && !message.contains("abcdef"), "{message}");
    }
}
