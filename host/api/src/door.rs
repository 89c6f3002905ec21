//! Where every request comes in. In this order: from where it is, how often, who asks, whether the route's policy lets them,
//! whether it is well formed; then the route; then the audit log and what every answer carries.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRequestParts as _, MatchedPath, Query, RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response,
};
use hyper::body::Body as _;
use puppet_types::AgentId;

use crate::{
    app::App,
    audit,
    auth::{Principal, asking, masked},
    body::bounded,
    cors, etag,
    extract::PathId as _,
    fault::{Fault, Kind, Result},
    headers, idempotency,
    limits::{self, Network, Stands},
    metrics,
    policy::{self, Least, Policy},
    refusals::Asked,
    router::DESCRIPTION,
    server::Peer,
};

/// When to come again where too many events wait.
const AGAIN: Duration = Duration::from_secs(5);

/// From where a request is, as far as a proxy may tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Whose address counts.
    pub address: IpAddr,
    /// Whether it came encrypted.
    pub is_tls: bool,
    /// Whether it is of no page, or of one of ours: cookies count for nobody else.
    pub is_ours: bool,
}

/// Puts the door before all routes.
pub(crate) fn before(router: Router<Arc<App>>, app: Arc<App>) -> Router {
    let router = router.method_not_allowed_fallback(no_method).fallback(no_route);
    let router = router.layer(middleware::from_fn_with_state(Arc::clone(&app), pass));
    router.layer(middleware::from_fn_with_state(Arc::clone(&app), metrics::count_each)).with_state(app)
}

async fn no_route() -> Fault {
    Fault::not_found("no-route", "there is no such route", "`GET /api/v1/openapi.json` lists them")
}

async fn no_method() -> Fault {
    let remedy = "`GET /api/v1/openapi.json` says what the route takes";
    Fault::new(Kind::Method, "no-method", "the route does not take this method", remedy)
}

async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // The routes of the original.
    let is_old = path.starts_with("/api/") && !path.starts_with("/api/v1/");
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.unwrap_or(Peer { address: Ipv4Addr::LOCALHOST.into(), is_tls: false });
    let behind_proxy = app.settings.behind_proxy;
    let from = cors::From::of(request.headers(), &app.settings, is_old && app.settings.legacy_open);
    let client = Client {
        is_ours: from == cors::From::Here,
        address: limits::client(peer.address, request.headers(), behind_proxy),
        is_tls: peer.is_tls || limits::is_tls(peer.address, request.headers(), behind_proxy),
    };
    let asked = Asked::of(request.method().as_str(), path);
    let is_api = path.starts_with("/api/");
    let mut stands = None;
    let answered = match from.asked_before(request.method(), request.headers()) {
        Some(response) => Ok(response),
        None => answer(&app, (client, &from, is_old), &mut stands, request, next).await,
    };
    let mut response = answered.unwrap_or_else(|fault| if is_old { fault.of_old() } else { fault.problem() });
    if let Some(fault) = response.extensions().get::<Arc<Fault>>() {
        app.refusals.tell(client.address, &asked, fault);
    }
    from.put(&mut response);
    headers::put(&mut response, client.is_tls);
    if let Some(stands) = stands {
        headers::put_limit(&mut response, stands);
    }
    // What says no holds for now, and for whoever asked.
    if is_api || response.status().is_client_error() || response.status().is_server_error() {
        let private = HeaderValue::from_static("no-store, private");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(private);
    }
    response
}

async fn answer(
    app: &Arc<App>,
    (client, from, is_old): (Client, &cors::From, bool),
    stands: &mut Option<Stands>,
    request: Request,
    next: Next,
) -> Result<Response> {
    cors::known_host(request.headers(), &app.settings)?;
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let policy = matched.as_deref().and_then(|path| policy::of(request.method(), path));
    let cost = policy.map_or(1, |policy| policy.cost);
    limited(stands, app.by_address.take(Network::of(client.address), cost))?;
    let Some(policy) = policy else {
        // The fallbacks say so: the router knows whether it is the path or the method. A route without a policy is not served.
        let is_route = matched.is_some_and(|path| policy::knows(&path));
        return if is_route { Err(no_method().await) } else { Err(no_route().await) };
    };
    let mut request = request;
    request.extensions_mut().insert(client);
    let (mut head, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut head, &()).await.map_err(|_| bad_path())?;
    let agent = params.iter().find(|(name, _)| *name == AgentId::NAME).map(|(_, agent)| AgentId::new(agent));
    let request = Request::from_parts(head, body);
    if policy.writes {
        from.may_write()?;
    }
    let principal = match policy.least {
        Least::Anyone => None,
        Least::Role(_) if metrics::is_open(app, policy) => None,
        Least::Role(least) => {
            let principal = asking::who(app, client, is_old, request.headers()).await?;
            limited(stands, app.by_key.take(principal.id.clone(), cost))?;
            if let Err(fault) = asking::allowed(policy, least, &principal, agent.as_ref()) {
                let (asked, status) = (of_audit(policy, &request, (agent, client)), fault.kind.status().as_u16());
                audit::note(app, asked, &principal, (audit::Audited::default(), status)).await;
                return Err(fault);
            }
            Some(principal)
        }
    };
    if policy.writes {
        asking::not_forged(app, principal.as_ref(), request.headers())?;
        has_room(app, policy)?;
    }
    known_query(policy, &request)?;
    let mut request = within_bounds(policy.body.bytes(&app.settings), request)?;
    if let Some(principal) = &principal {
        request.extensions_mut().insert(principal.clone());
    }
    if policy.writes {
        return write(app, policy, (principal, agent, client), request, next).await;
    }
    if policy.method == "GET" {
        // `HEAD` is answered as `GET` is; the connection leaves the body out.
        *request.method_mut() = Method::GET;
    }
    let asked = policy.is_tagged().then(|| request.headers().clone());
    let response = next.run(request).await;
    Ok(match asked {
        Some(asked) => etag::tagged(&asked, response).await,
        None => response,
    })
}

/// What changes something is done to its end, also where whoever asked has gone, and stands in the audit log.
async fn write(
    app: &Arc<App>,
    policy: &'static Policy,
    (principal, agent, client): (Option<Principal>, Option<AgentId>, Client),
    request: Request,
    next: Next,
) -> Result<Response> {
    let asked = of_audit(policy, &request, (agent, client));
    let key = idempotency::key(&request)?;
    let app = Arc::clone(app);
    let done = tokio::spawn(async move {
        let _turn = match policy.method {
            "PATCH" | "PUT" | "DELETE" => Some(app.turns.of(request.uri().path()).lock().await),
            _ => None,
        };
        let response = match (key, &principal) {
            (Some(key), Some(principal)) => idempotency::once(&app, key, principal, request, next).await?,
            _ => next.run(request).await,
        };
        app.roster.touch();
        // Who began a session says who that is.
        let principal = response.extensions().get::<Principal>().cloned().or(principal);
        if let (true, Some(principal)) = (is_noted(&response), &principal) {
            let audited = response.extensions().get::<audit::Audited>().cloned().unwrap_or_default();
            let status = response.status().as_u16();
            // It made events and nothing else.
            let is_event = policy.by_key && audited.before.is_none() && audited.after.is_none();
            let said = (audited, status);
            match is_event {
                true => app.following.note(&app, asked, principal.clone(), said).await,
                false => audit::note(&app, asked, principal, said).await,
            }
        }
        // As it is now: whoever changes it again can say which version that was.
        let is_now = policy.is_tagged_change() && !response.headers().contains_key("idempotent-replayed");
        Ok(if is_now { etag::tagged(&HeaderMap::new(), response).await } else { response })
    });
    done.await.map_err(Fault::internal)?
}

/// Whether an answer says that something was changed, or that whoever asked may not change it. A repeat says what was noted.
fn is_noted(response: &Response) -> bool {
    let extensions = response.extensions();
    let is_change = |fault: &Arc<Fault>| fault.is_change || fault.kind == Kind::Forbidden;
    let is_said = extensions.get::<audit::Audited>().is_some() || extensions.get::<Arc<Fault>>().is_some_and(is_change);
    (response.status().is_success() || is_said) && !response.headers().contains_key("idempotent-replayed")
}

/// A change that somebody asks for, as the audit log has it.
fn of_audit(policy: &Policy, request: &Request, (agent, client): (Option<AgentId>, Client)) -> audit::Asked {
    audit::Asked {
        method: policy.method.to_owned(),
        path: masked(request.uri().path()).into_owned(),
        what: policy.what,
        agent,
        address: client.address,
    }
}

fn bad_path() -> Fault {
    Fault::input("bad-id", "the path does not read", "encode it as UTF-8")
}

/// Keeps how the nearer limit stands, and refuses what is over one.
fn limited(stands: &mut Option<Stands>, now: Stands) -> Result<()> {
    if stands.is_none_or(|before| now.refused.is_some() || now.remaining < before.remaining) {
        *stands = Some(now);
    }
    match now.refused {
        None => Ok(()),
        Some(wait) => {
            let remedy = "wait as long as `Retry-After` says";
            Err(Fault::new(Kind::TooMany, "too-many-requests", "that was too often", remedy).after(wait))
        }
    }
}

/// Whether more events may come.
fn has_room(app: &App, policy: &Policy) -> Result<()> {
    if !policy.mails || app.host.mail() < app.settings.backlog {
        return Ok(());
    }
    let remedy = "wait until agents have handled some, or raise `backlog` of [api]";
    Err(Fault::unavailable("too-many-events", "too many events wait", remedy).after(AGAIN))
}

/// What says of itself that it is too long is not read at all.
fn within_bounds(most: usize, request: Request) -> Result<Request> {
    if request.body().size_hint().lower() > most as u64 {
        return Err(Fault::new(Kind::TooLarge, "too-large", "the body is too long", format!("{most} bytes at most")));
    }
    Ok(request.map(|body| bounded(body, most)))
}

/// Names of the query's parameters, by method and path, as the description has them.
static PARAMETERS: LazyLock<HashMap<(String, String), BTreeSet<String>>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for (path, item) in DESCRIPTION["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let of_query = parameters.filter(|parameter| parameter["in"] == "query");
            let names = of_query.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect();
            known.insert((method.to_uppercase(), path.clone()), names);
        }
    }
    known
});

/// Refuses a parameter that the description of the route does not have. The original ignored what it did not know.
fn known_query(policy: &Policy, request: &Request) -> Result<()> {
    if !policy.path.starts_with("/api/v1/") || request.uri().query().is_none() {
        return Ok(());
    }
    let Ok(Query(asked)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) else {
        return Err(Fault::input("bad-query", "the query does not read", "encode it as a form"));
    };
    let known = PARAMETERS.get(&(policy.method.to_owned(), policy.path.to_owned()));
    match asked.into_iter().find(|(name, _)| known.is_none_or(|known| !known.contains(name))) {
        None => Ok(()),
        Some((name, _)) => {
            let remedy = "`GET /api/v1/openapi.json` says what this route takes";
            Err(Fault::input("bad-query", format!("`{name}` is not a parameter of this route"), remedy).of_field(name))
        }
    }
}
