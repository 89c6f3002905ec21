//! Sessions: a page is logged in with a key, and has a cookie from then on.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{Opened, Principal, asking, cookie},
    door::Client,
    extract::Json,
    fault::{Fault, Kind, Result},
    idempotency::NotKept,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(begin, show, end)).routes(routes!(renew))
}

/// A key to log in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    /// `pk_…`
    key: String,
}

/// `session.json`.
#[derive(Serialize)]
struct Session<'a> {
    schema: &'static str,
    principal: &'a str,
    name: &'a str,
    role: &'static str,
    agents: Option<Vec<&'a str>>,
    expires_at: Option<Timestamp>,
    csrf: Option<String>,
}

impl<'a> Session<'a> {
    fn of(principal: &'a Principal, expires_at: Option<Timestamp>, csrf: Option<String>) -> Self {
        let agents = principal.agents.as_ref().map(|agents| agents.iter().map(|agent| agent.as_str()).collect());
        let (role, name) = (principal.role.name(), principal.name.as_str());
        Self { schema: "puppet.session/1", principal: &principal.id, name, role, agents, expires_at, csrf }
    }
}

/// The cookies of a session, and who that is.
fn told(opened: &Opened, is_tls: bool) -> Response {
    let body = Session::of(&opened.principal, Some(opened.expires_at), Some(opened.csrf.clone()));
    let mut response = Json(body).into_response();
    let (access, refresh) = (crate::auth::ACCESS_S, crate::auth::REFRESH_S);
    for cookie in cookie::both((&opened.access, access), (&opened.refresh, refresh), is_tls).into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response.extensions_mut().insert(opened.principal.clone());
    response.extensions_mut().insert(NotKept);
    response
}

/// Refuses a page of another origin, also of one that may ask with a key: cookies are for our own.
fn ours(client: Client) -> Result<()> {
    if client.is_ours {
        return Ok(());
    }
    let remedy = "ask with a key: `Authorization: Bearer pk_…`";
    Err(Fault::new(Kind::Forbidden, "cross-origin", "a session is for pages of this server", remedy).of_field("Origin"))
}

/// Log in with a key.
///
/// The cookies hold for ten minutes and fourteen days; `csrf` goes into the header `X-CSRF-Token` of every change.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LogIn, responses(
    (status = 200, description = "Logged in.", body = ref("#/components/schemas/session")),
))]
async fn begin(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    Json(LogIn { key }): Json<LogIn>,
) -> Result<Response> {
    ours(client)?;
    let principal = asking::checked(&app, client, &key).await?;
    let opened = app.sessions.begin(principal, app.host.now()).await?;
    Ok(told(&opened, client.is_tls))
}

/// Renew the session. What renewed it once renews nothing more: a second time ends the session.
#[utoipa::path(post, path = "/api/v1/session/refresh", tag = "session", responses(
    (status = 200, description = "Renewed.", body = ref("#/components/schemas/session")),
))]
async fn renew(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response> {
    ours(client)?;
    let token = cookie::of(&headers, cookie::REFRESH)
        .ok_or_else(|| Fault::new(Kind::Unauthorised, "session-over", "there is nothing to renew", "log in"))?;
    let opened = app.sessions.renew(token, app.host.now()).await?;
    Ok(told(&opened, client.is_tls))
}

/// Who asks.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, description = "The key or the session; `csrf` of a session alone.", body = ref("#/components/schemas/session")),
))]
async fn show(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    principal: Principal,
) -> Response {
    let csrf = principal.session.as_ref().map(|session| app.sessions.csrf(session));
    let token = cookie::session(&headers, client.is_tls).filter(|_| csrf.is_some());
    let expires_at = token.and_then(|token| app.sessions.end_of(token, app.host.now()));
    Json(Session::of(&principal, expires_at, csrf)).into_response()
}

/// Log out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204, description = "There is no session any more."),
))]
async fn end(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    principal: Principal,
) -> Result<Response> {
    let Some(session) = &principal.session else {
        return Err(Fault::conflict(
            "no-session",
            "a key asks, and no session",
            "`DELETE /api/v1/keys/{key}` takes a key back",
        ));
    };
    app.sessions.end(session, app.host.now()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    for cookie in cookie::both(("", 0), ("", 0), client.is_tls).into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
