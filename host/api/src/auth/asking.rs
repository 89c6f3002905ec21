//! Who asks, and whether they may: the key or the session of a request, and what the policy of its route wants of them.

use axum::http::{HeaderMap, header};
use puppet_types::{AgentId, Timestamp};

use super::{KeyFault, Principal, PrincipalKind, Role, cookie};
use crate::{
    app::App,
    door::Client,
    fault::{Fault, Kind, Result},
    limits::Network,
    policy::{Policy, Scope},
};

/// Who asks.
pub(crate) async fn who(app: &App, client: Client, is_old: bool, headers: &HeaderMap) -> Result<Principal> {
    let at = app.host.now();
    if let Some(key) = shown(headers)? {
        return checked(app, client, key).await;
    }
    // Of no page, or of one of ours: other ports of this machine are the same site, and a browser sends them our cookie.
    let token = cookie::session(headers, client.is_tls).filter(|_| client.is_ours);
    if let Some(token) = token {
        return app.sessions.principal(token, at).ok_or_else(|| {
            let remedy = "renew the session, or log in again";
            Fault::new(Kind::Unauthorised, "session-over", "the session is over", remedy)
        });
    }
    if is_old && app.settings.legacy_open {
        // Each address for itself: what one of them sent is no answer to another.
        let (id, name) = (format!("legacy:{}", client.address), "client of the original".to_owned());
        let (kind, role) = (PrincipalKind::Legacy, Role::Admin);
        return Ok(Principal { id, kind, name, role, agents: None, session: None });
    }
    let remedy = "send a key: `Authorization: Bearer pk_…` (`puppet api key create` makes one)";
    Err(Fault::new(Kind::Unauthorised, "no-key", "nobody is known to ask", remedy))
}

/// The key that a request shows; empty where it shows something that is none.
fn shown(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut bearers = headers.get_all(header::AUTHORIZATION).iter();
    let mut keys = headers.get_all("x-api-key").iter();
    let (bearer, key) = (bearers.next(), keys.next());
    if bearers.next().or(keys.next()).is_some() {
        let remedy = "send one `Authorization` or one `X-API-Key`";
        return Err(Fault::input("bad-value", "there is more than one key", remedy).of_field("Authorization"));
    }
    let of_bearer = bearer.map(|value| match value.to_str().unwrap_or_default().split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
        _ => None,
    });
    // Another scheme is a word to somebody before us: a proxy that asks for a password.
    let of_key = key.map(|value| value.to_str().unwrap_or_default());
    Ok(of_bearer.flatten().or(of_key).or(bearer.map(|_| "")))
}

/// As whom a key asks. Finding out that one is wrong costs an effort, so an address gets to ask for it a few times only: of
/// one key, and of all. Nobody is locked out of a key by tries of another.
pub(crate) async fn checked(app: &App, client: Client, key: &str) -> Result<Principal> {
    let (at, from) = (app.host.now(), Network::of(client.address));
    let found = match app.keys.quick(key, at) {
        Some(found) => found,
        None => {
            let _turn = app.tries.turn(from, key).lock().await;
            match app.keys.quick(key, at) {
                Some(found) => found,
                None => slowly(app, from, key, at).await?,
            }
        }
    };
    found.map_err(|fault| {
        let (code, message) = match fault {
            KeyFault::Unknown | KeyFault::Wrong => ("bad-key", "the key is not one of this host"),
            KeyFault::Expired => ("key-expired", "the time of the key is over"),
            KeyFault::Revoked => ("key-revoked", "the key was taken back"),
        };
        Fault::new(Kind::Unauthorised, code, message, "ask an admin for a key")
    })
}

/// The same of one that nobody has shown yet, or that is wrong.
async fn slowly(
    app: &App,
    from: Network,
    key: &str,
    at: Timestamp,
) -> Result<std::result::Result<Principal, KeyFault>> {
    let tries = app.tries.begin(from, key)?;
    let found = app.keys.check(key, at).await;
    if !matches!(found, Err(KeyFault::Unknown | KeyFault::Wrong)) {
        app.tries.was_right(tries);
    }
    Ok(found)
}

/// Whether a role, and whom it is bound to, reaches for this.
pub(crate) fn allowed(policy: &Policy, least: Role, principal: &Principal, agent: Option<&AgentId>) -> Result<()> {
    if principal.role < least {
        let message = format!(
            "this takes a key of the role {}, and this one is of the role {}",
            least.name(),
            principal.role.name()
        );
        return Err(Fault::new(Kind::Forbidden, "role", message, "ask an admin for a key that may"));
    }
    match (policy.scope, agent) {
        (Scope::Agent, Some(agent)) => principal.must_see(agent),
        (Scope::Host, _) if principal.is_scoped() => {
            let message = "the key is bound to agents, and this is about the whole host";
            Err(Fault::new(Kind::Forbidden, "scoped-key", message, "take a key that is not"))
        }
        _ => Ok(()),
    }
}

/// A write with a cookie carries what only a page of ours can know.
pub(crate) fn not_forged(app: &App, principal: Option<&Principal>, headers: &HeaderMap) -> Result<()> {
    let Some(session) = principal.and_then(|principal| principal.session.as_ref()) else { return Ok(()) };
    let token = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    if token.is_some_and(|token| app.sessions.is_csrf(session, token)) {
        return Ok(());
    }
    let remedy = "send the `csrf` of `GET /api/v1/session` with it";
    Err(Fault::new(Kind::Forbidden, "csrf", "a page must show that it is ours", remedy).of_field("X-CSRF-Token"))
}
