//! The server of a host: its port, its first key, and what it is made of.

use std::{borrow::Cow, io, sync::Arc, time::Instant};

use puppet_api::{App, Fault, Keys, Kind, Listener, Server, Tls};
use tokio::sync::watch;

use super::Door;
use crate::{
    commands::run::kept_secret,
    control::{Inside, Parts},
    output::Output,
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// The port of the configuration, taken before anything is begun; none where there is to be no server.
///
/// # Errors
/// `api-address`: somebody else has it. `api-open`: it may not be that one. `api-tls`: the files cannot be used.
pub async fn bind(setup: &Setup, out: Output) -> Result<Option<Listener>> {
    let api = &setup.config.api;
    setup.config.check_api()?;
    if !api.enabled {
        return Ok(None);
    }
    let address = api.settings.listen;
    let tls = api.tls.as_ref().map(|files| {
        Tls::read(&files.certificate, &files.key).map_err(|fault| {
            let remedy = "certificate and key are files in PEM, of each other";
            Trouble::input("api-tls", fault.to_string(), remedy).of_field("api.tls")
        })
    });
    let listener = Listener::bind(address, tls.transpose()?).await.map_err(|error| {
        let message = match error.kind() {
            io::ErrorKind::AddrInUse => format!("somebody listens on {address} already"),
            _ => format!("cannot listen on {address}: {error}"),
        };
        let remedy = "set another port (ENGINE_PORT, or `listen` of [api]; 0 takes a free one), or `enabled = false`";
        Trouble::unreachable("api-address", message, remedy).of_field("api.listen")
    })?;
    if api.settings.legacy_open {
        out.note(
            "warning: the routes of the original are open: every program of this machine, and every page that its browser shows, can command the agents",
        );
    }
    Ok(Some(listener))
}

/// Answers on that port. What has to end with the host is in `ready` and `stop`.
///
/// # Errors
/// The first key cannot be made.
pub async fn serve(
    listener: Listener,
    setup: &Setup,
    (parts, rows): (&Arc<Parts>, &Rows),
    ready: watch::Receiver<bool>,
    out: Output,
) -> Result<Server> {
    let keys = Arc::clone(&parts.keys);
    let secret = kept_secret(&setup.data)?.ok_or_else(|| Trouble::internal("the host has no secret"))?;
    if let Some(key) = keys.first(parts.host.now()).await? {
        // Not through the log, and not through `note`, which would be the place to mask it.
        out.note_to_open("admin key (shown once):", key.expose());
    }
    let began = parts.host.now();
    let inside = Inside { parts: Arc::clone(parts), rows: rows.clone() };
    let door = Door::new(Arc::new(setup.within(inside)), began);
    let parts = puppet_api::Parts {
        host: Arc::clone(&parts.host),
        operations: Arc::new(door),
        store: rows.shared(),
        keys,
        local: parts.local.clone(),
        settings: setup.config.api.settings.clone(),
        secret,
        started: Instant::now(),
        ready,
        stop: parts.stop.clone(),
    };
    Ok(Server::start(listener, Arc::new(App::new(parts)?)))
}

/// The keys of these rows.
///
/// # Errors
/// They cannot be read.
pub async fn keys(rows: &Rows) -> Result<Arc<Keys>> {
    Ok(Arc::new(Keys::open(rows.shared()).await?))
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        let (message, remedy, field) = (fault.message, fault.remedy, fault.field);
        let code = match fault.code {
            Cow::Borrowed(code) => code,
            Cow::Owned(_) => "refused",
        };
        let trouble = match fault.kind {
            Kind::Internal => Self::internal(message),
            Kind::Unavailable => Self::unreachable("store-failing", message, remedy),
            Kind::NotFound => Self::input(code, message, remedy).missing(),
            Kind::Conflict => Self::refused(code, message, remedy),
            Kind::Input => Self::input(code, message, remedy),
            _ => Self::input("bad-value", message, remedy),
        };
        match field {
            Some(field) => trouble.of_field(field),
            None => trouble,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Exit;

    #[test]
    fn what_is_wrong_with_a_key_is_called_the_same_by_commands() {
        let told = |fault: Fault| {
            let Trouble { exit, code, .. } = fault.into();
            (exit, code)
        };
        assert_eq!(told(Fault::conflict("key-exists", "", "")), (Exit::Refused, "key-exists"));
        assert_eq!(told(Fault::conflict("too-many-keys", "", "")), (Exit::Refused, "too-many-keys"));
        assert_eq!(told(Fault::not_found("unknown-key-id", "", "")), (Exit::Input, "unknown-key-id"));
        assert_eq!(told(Fault::input("bad-value", "", "")), (Exit::Input, "bad-value"));
        assert_eq!(told(Fault::unavailable("stopping", "", "")), (Exit::Unreachable, "store-failing"));
    }
}
